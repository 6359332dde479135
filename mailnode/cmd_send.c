/*
 * mailnode send, and the name sendmail: what programs hand in.
 */
#define _DEFAULT_SOURCE	/* strncasecmp */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_send.h"
#include "mailnode/node/conf.h"

enum { READ_STEP = 64 * 1024 };	/* octets */

struct call {
	struct send	 s;
	const char	*as;		/* our name in messages */
	bool		 dots;		/* a line of one dot ends the input */
	bool		 verbose;
	char		 mode;		/* of -b; 'q': -q */
};

/* ---- arguments, as sendmail(8) has them ---- */

/* Options with a value, which may follow directly. */
static const char with_value[] = "fFrBNRVhoCLpOXAbdq";

static int
usage(void)
{
	(void)cmd_usage("send", 0);
	return EX_USAGE;
}

/* -N never, or a list of success, failure, delay. */
static int
set_notify(struct send *s, const char *v)
{
	static const char *const word[] = { "never", "success", "failure",
	    "delay" };
	size_t n, i;

	for (; *v != '\0'; v += n + (v[n] == ',')) {
		n = strcspn(v, ",");
		for (i = 0; i < 4; i++)
			if (strlen(word[i]) == n &&
			    strncasecmp(v, word[i], n) == 0)
				break;
		if (i == 4)
			return -1;
		s->notify |= 1U << i;
	}
	return (s->notify & 1) && s->notify != 1 ? -1 : 0;
}

static int
set_value(struct call *c, char option, const char *v)
{
	switch (option) {
	case 'f':
	case 'r':
		c->s.from = v;
		return 0;
	case 'F':
		c->s.name = v;
		return 0;
	case 'V':
		c->s.envid = v;
		return 0;
	case 'N':
		return set_notify(&c->s, v);
	case 'o':
		if (v[0] == 'i')
			c->dots = false;
		return 0;
	case 'b':
		c->mode = v[0];
		return 0;
	case 'q':
		c->mode = 'q';
		return 0;
	default:
		return 0;	/* harmless here: -odq, -B8BITMIME, -L … */
	}
}

static int
set_flag(struct call *c, char option)
{
	switch (option) {
	case 't':
		c->s.from_header = true;
		return 0;
	case 'i':
		c->dots = false;
		return 0;
	case 'v':
		c->verbose = true;
		return 0;
	case 'n':
	case 'm':
	case 's':
	case 'U':
	case 'G':
	case 'e':
		return 0;
	default:
		return -1;
	}
}

/* One argument that begins with "-"; *i moves on when its value is the
 * next one.  0, or -1: usage. */
static int
one_option(struct call *c, int argc, char **argv, int *i)
{
	const char *a = argv[*i] + 1, *v;

	for (; *a != '\0'; a++) {
		if (strchr(with_value, *a) == NULL) {
			if (set_flag(c, *a) == -1)
				return -1;
			continue;
		}
		v = a + 1;
		/* -q and -d take a value only if it is attached. */
		if (*v == '\0' && *a != 'q' && *a != 'd') {
			if (++*i >= argc)
				return -1;
			v = argv[*i];
		}
		return set_value(c, *a, v);
	}
	return 0;
}

/* The index of the first recipient, or -1. */
static int
options(struct call *c, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (one_option(c, argc, argv, &i) == -1)
			return -1;
	}
	return i;
}

/* ---- input ---- */

/* Where a line of one dot stands, or n. */
static size_t
find_dot(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *q = p;

	while (q < end) {
		if (*q == '.' && (q + 1 == end || q[1] == '\n' ||
		    (q[1] == '\r' && q + 2 < end && q[2] == '\n')))
			return (size_t)(q - p);
		q = memchr(q, '\n', (size_t)(end - q));
		if (q == NULL)
			break;
		q++;
	}
	return n;
}

static int
read_input(struct call *c, struct buf *in)
{
	ssize_t n;

	for (;;) {
		if (buf_reserve(in, READ_STEP) == -1)
			return in->err == EMSGSIZE ? send_fail(&c->s,
			    EX_DATAERR, "input", "the message is too "
			    "large") : send_fail(&c->s, EX_TEMPFAIL,
			    "input", strerror(ENOMEM));
		n = read(STDIN_FILENO, in->data + in->len, READ_STEP);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return send_fail(&c->s, EX_IOERR, "input",
			    strerror(errno));
		if (n == 0)
			break;
		in->len += (size_t)n;
	}
	if (c->dots && in->len > 0)
		in->len = find_dot(in->data, in->len);
	return 0;
}

static int
run(struct call *c, char **rcpt)
{
	struct send *s = &c->s;
	int rc = send_begin(s);
	struct buf in;

	for (; rc == 0 && *rcpt != NULL; rcpt++)
		rc = send_rcpt(s, *rcpt, strlen(*rcpt));
	buf_init(&in, (size_t)conf.message_max + READ_STEP);
	if (rc == 0)
		rc = read_input(c, &in);
	if (rc == 0)
		rc = send_message(s, in.data, in.len);
	buf_clear(&in);
	send_end(s);
	return rc;
}

static int
say_why(const struct call *c, int rc)
{
	fprintf(stderr, "mailnode: %s: %s\n", c->as, c->s.why);
	return rc;
}

static int
deliver(struct call *c, char **rcpt)
{
	int rc = run(c, rcpt);

	if (rc != 0)
		return say_why(c, rc);
	if (c->verbose)
		printf("%s\n", c->s.id);
	return EX_OK;
}

/* -bp, -q: what the queue command does. */
static int
on_queue(struct call *c, char *what)
{
	static char queue[] = "queue";
	char *argv[] = { queue, what, NULL };

	if (send_is_local())
		return say_why(c, send_fail(&c->s, EX_NOPERM, queue,
		    "it is for the owner of the node alone"));
	return cmd_queue(2, argv);
}

/* What the name does beside taking one message: -b and -q. */
static int
do_mode(struct call *c, char **rcpt)
{
	static char list[] = "list", retry[] = "retry";
	char option[] = { '-', 'b', c->mode, '\0' };

	switch (c->mode) {
	case 'm':
		return deliver(c, rcpt);
	case 's':
		return send_talk(&c->s);
	case 'p':
		return on_queue(c, list);
	case 'q':
		return on_queue(c, retry);
	case 'i':		/* aliases need no making */
		return EX_OK;
	default:
		return say_why(c, send_fail(&c->s, EX_USAGE, option,
		    "only mail is taken here, on standard input"));
	}
}

int
cmd_send(int argc, char **argv)
{
	struct call c = { .as = argv[0], .dots = true, .mode = 'm' };
	int first;

	if (argc == 2 && (strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "--help") == 0))
		return cmd_usage("send", 1);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("mailnode %s\n", VERSION) < 0;
	first = options(&c, argc, argv);
	if (first == -1)
		return usage();
	if (crypto_init() == -1)
		return say_why(&c, send_fail(&c.s, EX_OSERR, "start",
		    "no source of randomness"));
	return do_mode(&c, argv + first);
}
