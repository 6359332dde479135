/*
 * mailnode send, and the name sendmail: what programs hand in.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "mailnode/node/here.h"
#include "mailnode/queue/prepare.h"
#include "mailnode/queue/route.h"
#include "store/err.h"
#include "store/op_rcpt.h"
#include "store/op_submit.h"

enum { READ_STEP = 64 * 1024 };	/* octets */

struct send {
	const char	*as;		/* our name in messages */
	bool		 from_header;	/* -t */
	bool		 dots;		/* a line of one dot ends the input */
	bool		 verbose;
	char		 mode;		/* of -b; 'q': -q */
	const char	*from, *name;	/* -f, -F */
	const char	*envid;
	uint32_t	 notify;
	int		 ch;		/* keeper */
	struct node	*node;
	bool		 local;		/* by the door of other users */
	struct prepare	 p;
	char		 login[64];
	char		 sender[PATH_SIZE];
	char		 unique[40];
};

static int
fail(const struct send *s, int status, const char *what, const char *why)
{
	fprintf(stderr, "mailnode: %s: %s: %s\n", s->as, what, why);
	return status;
}

static int
status_of(uint16_t rc)
{
	switch (rc) {
	case QUEUE_E_IDENTITY:
	case OP_DENIED:
	case STORE_DENIED:
		return EX_NOPERM;
	case QUEUE_E_RCPT:
		return EX_NOUSER;
	case STORE_TOOBIG:
		return EX_DATAERR;
	case OP_GONE:
	case STORE_NOSPACE:
	case STORE_BUSY:
	case STORE_NOMEM:
		return EX_TEMPFAIL;
	default:
		return EX_OSERR;
	}
}

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
set_value(struct send *s, char option, const char *v)
{
	switch (option) {
	case 'f':
	case 'r':
		s->from = v;
		return 0;
	case 'F':
		s->name = v;
		return 0;
	case 'V':
		s->envid = v;
		return 0;
	case 'N':
		return set_notify(s, v);
	case 'o':
		if (v[0] == 'i')
			s->dots = false;
		return 0;
	case 'b':
		s->mode = v[0];
		return 0;
	case 'q':
		s->mode = 'q';
		return 0;
	default:
		return 0;	/* harmless here: -odq, -B8BITMIME, -L … */
	}
}

static int
set_flag(struct send *s, char option)
{
	switch (option) {
	case 't':
		s->from_header = true;
		return 0;
	case 'i':
		s->dots = false;
		return 0;
	case 'v':
		s->verbose = true;
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
one_option(struct send *s, int argc, char **argv, int *i)
{
	const char *a = argv[*i] + 1, *v;

	for (; *a != '\0'; a++) {
		if (strchr(with_value, *a) == NULL) {
			if (set_flag(s, *a) == -1)
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
		return set_value(s, *a, v);
	}
	return 0;
}

/* The index of the first recipient, or -1. */
static int
options(struct send *s, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (one_option(s, argc, argv, &i) == -1)
			return -1;
	}
	return i;
}

/* ---- who we are ---- */

/*
 * Another user of this machine comes by conf.local_socket, the owner by the
 * node itself.  Whose node it is shows in whose socket it is.
 */
static bool
by_local_door(void)
{
	struct stat st;

	if (conf.local_socket == NULL || getenv("MAILNODE_HOME") != NULL)
		return false;
	return stat(conf.local_socket, &st) == 0 && st.st_uid != geteuid();
}

static int
join(struct send *s)
{
	s->local = by_local_door();
	if (s->local) {
		s->ch = node_link_local();
		/* The daemon closes the door without a word. */
		if (s->ch == -1 && !conf_may_submit(getuid()))
			return fail(s, EX_NOPERM, conf.local_socket, "this "
			    "user is not in local_uids[] of config.h");
		return s->ch == -1 ? fail(s, errno == EACCES ? EX_NOPERM :
		    EX_TEMPFAIL, conf.local_socket, strerror(errno)) : 0;
	}
	s->node = node_connect(false);
	if (s->node == NULL)
		return fail(s, EX_TEMPFAIL, "node", node_why(errno));
	s->ch = node_link(s->node, ROLE_KEEPER);
	return s->ch == -1 ? fail(s, EX_TEMPFAIL, "keeper",
	    strerror(errno)) : 0;
}

/* Mail to this machine's users is the owner's, as they are: cron writes to
 * "root".  But what the node has by that name goes first. */
static bool
is_login(void *arg, const char *name)
{
	const struct send *s = arg;
	char addr[PATH_SIZE];
	struct op_reply r;
	struct rcpt who;
	bool ours = false;

	if (strcmp(name, conf.user) == 0 || getpwnam(name) == NULL)
		return false;
	if (!s->local && (size_t)snprintf(addr, sizeof addr, "%s@%s", name,
	    conf.domains[0]) < sizeof addr) {
		op_reply_init(&r);
		ours = rcpt_check(s->ch, &r, addr, &who) == STORE_OK &&
		    rcpt_ok(who.class);
		op_reply_clear(&r);
	}
	return !ours;
}

static bool
is_here(void *arg, const char *domain)
{
	char addr[PATH_SIZE];

	(void)arg;
	(void)snprintf(addr, sizeof addr, "x@%s", domain);
	return !route_is_ours(addr) && here_is(domain);
}

static void
find_names(struct send *s)
{
	struct passwd *pw = getpwuid(getuid());
	uint8_t r[12];
	size_t i;

	snprintf(s->login, sizeof s->login, "%s",
	    pw != NULL ? pw->pw_name : "unknown");
	if (s->name == NULL && !s->local)
		s->name = conf.realname;
	random_bytes(r, sizeof r);
	for (i = 0; i < sizeof r; i++)
		snprintf(s->unique + 2 * i, sizeof s->unique - 2 * i, "%02x",
		    r[i]);
}

/* The owner's own login, as cron writes it, is the owner. */
static void
own_address(struct send *s, char *dst, size_t size)
{
	snprintf(dst, size, "%s@%s", conf.user, conf.domains[0]);
	(void)s;
}

/* A name without a domain: our login, or an address of ours. */
static int
bare_sender(struct send *s, const char *name)
{
	if (strcmp(name, s->login) == 0)
		own_address(s, s->sender, sizeof s->sender);
	else
		snprintf(s->sender, sizeof s->sender, "%s@%s", name,
		    conf.domains[0]);
	return 0;
}

/* -f: an address of ours, "" or "<>" for the null sender, our login. */
static int
read_sender(struct send *s)
{
	const char *f = s->from, *end;
	struct path a;

	if (f == NULL)
		return bare_sender(s, s->login);
	if (*f == '\0' || strcmp(f, "<>") == 0)
		return 0;
	end = f + strlen(f);
	if (*f == '<' && end[-1] == '>') {
		f++;
		end--;
	}
	if (path_mailbox(f, end, PATH_UTF8, &a) == PATH_OK) {
		if (!a.literal && is_here(s, a.domain))
			return bare_sender(s, a.local);
		snprintf(s->sender, sizeof s->sender, "%s", a.address);
		return 0;
	}
	if (strpbrk(f, "@ <>\"") != NULL)
		return fail(s, EX_NOPERM, s->from, "not an address");
	return bare_sender(s, f);
}

/* Ours, and somebody who would get the answer. */
static int
check_identity(const struct send *s, const char *addr)
{
	struct op_reply r;
	struct rcpt who;
	uint16_t rc;

	if (s->local)
		return 0;	/* the service writes it */
	op_reply_init(&r);
	rc = rcpt_check(s->ch, &r, addr, &who);
	op_reply_clear(&r);
	if (rc != STORE_OK)
		return fail(s, status_of(rc), addr, submit_text(rc));
	if (!rcpt_ok(who.class))
		return fail(s, EX_NOPERM, addr, "not an address of this "
		    "node");
	return 0;
}

/* Of who wrote it and of who sent it. */
static int
check_identities(const struct send *s)
{
	const char *addr = (const char *)s->p.senders.data;
	size_t i;
	int rc = 0;

	if (s->p.author[0] != '\0')
		rc = check_identity(s, s->p.author);
	for (i = 0; i < s->p.nsenders && rc == 0; i++) {
		rc = check_identity(s, addr);
		addr += strlen(addr) + 1;
	}
	return rc;
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
read_input(const struct send *s, struct buf *in)
{
	ssize_t n;

	for (;;) {
		if (buf_reserve(in, READ_STEP) == -1)
			return in->err == EMSGSIZE ? fail(s, EX_DATAERR,
			    "input", "the message is too large") :
			    fail(s, EX_TEMPFAIL, "input", strerror(ENOMEM));
		n = read(STDIN_FILENO, in->data + in->len, READ_STEP);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail(s, EX_IOERR, "input", strerror(errno));
		if (n == 0)
			break;
		in->len += (size_t)n;
	}
	if (s->dots && in->len > 0)
		in->len = find_dot(in->data, in->len);
	return 0;
}

static int
prepare(struct send *s, char **rcpt)
{
	enum prepare_err e = PREPARE_OK;
	struct buf in;
	int rc;

	for (; *rcpt != NULL && e == PREPARE_OK; rcpt++)
		e = prepare_rcpt(&s->p, *rcpt, strlen(*rcpt));
	if (e == PREPARE_RCPT)
		return fail(s, EX_NOUSER, s->p.bad, prepare_err_text(e));
	buf_init(&in, (size_t)conf.message_max + READ_STEP);
	rc = read_input(s, &in);
	if (rc == 0) {
		e = prepare_letter(&s->p, in.data, in.len);
		if (e != PREPARE_OK)
			rc = fail(s, e == PREPARE_NOMEM ? EX_TEMPFAIL :
			    EX_DATAERR, e == PREPARE_RCPT ? s->p.bad :
			    "message", prepare_err_text(e));
	}
	buf_clear(&in);
	return rc;
}

/* ---- handing in ---- */

static struct queue_to *
make_rcpts(const struct send *s)
{
	struct queue_to *to = calloc(s->p.nrcpts, sizeof *to);
	const char *a = (const char *)s->p.rcpts.data;
	size_t i;

	for (i = 0; to != NULL && i < s->p.nrcpts; i++, a += strlen(a) + 1)
		to[i] = (struct queue_to){ a, "", s->notify };
	return to;
}

static int
submit(struct send *s)
{
	struct queue_envelope e = { .from = s->sender, .msgid = s->p.msgid,
	    .subject = s->p.subject, .envid = s->envid != NULL ? s->envid :
	    "", .nto = s->p.nrcpts };
	char id[QUEUE_ID_MAX];
	struct queue_to *to;
	uint16_t rc;

	if (s->p.nrcpts == 0)
		return fail(s, EX_NOUSER, "message", "no recipient");
	to = make_rcpts(s);
	if (to == NULL)
		return fail(s, EX_TEMPFAIL, "message", strerror(ENOMEM));
	e.to = to;
	e.flags = (s->p.eightbit ? QUEUE_8BIT : 0) |
	    (s->p.utf8 ? QUEUE_UTF8 : 0) | (s->local ? 0 : QUEUE_COPY);
	if (!s->local && conf.undo_s > 0)
		e.due_s = clock_wall_s() + conf.undo_s;
	rc = queue_submit(s->ch, &e, s->p.text.data, s->p.text.len, id);
	free(to);
	if (rc != STORE_OK)
		return fail(s, status_of(rc), rc == QUEUE_E_IDENTITY ?
		    s->sender : "queue", submit_text(rc));
	if (s->verbose)
		printf("%s\n", id);
	return EX_OK;
}

static int
run(struct send *s, char **rcpt)
{
	char own[PATH_SIZE];
	int rc;

	rc = join(s);
	if (rc != 0)
		return rc;
	find_names(s);
	rc = read_sender(s);
	if (rc != 0)
		return rc;
	own_address(s, own, sizeof own);
	s->p.local = s->local;
	s->p.rcpts_wanted = s->from_header;
	s->p.from = s->sender[0] != '\0' && route_is_ours(s->sender) ?
	    s->sender : own;
	s->p.name = s->name;
	s->p.domain = conf.domains[0];
	s->p.is_login = is_login;
	s->p.is_here = is_here;
	s->p.arg = s;
	s->p.now = clock_wall_s();
	s->p.unique = s->unique;
	rc = prepare(s, rcpt);
	/* The From of the letter says whose it is, unless -f does. */
	if (rc == 0 && s->from == NULL && s->p.author[0] != '\0')
		snprintf(s->sender, sizeof s->sender, "%s", s->p.author);
	if (rc == 0)
		rc = check_identities(s);
	return rc == 0 ? submit(s) : rc;
}

/* What the name does beside taking mail.  -1: that. */
static int
other_mode(const struct send *s)
{
	static char queue[] = "queue", list[] = "list", retry[] = "retry";
	static char *show[] = { queue, list, NULL };
	static char *again[] = { queue, retry, NULL };
	char option[] = { '-', 'b', s->mode, '\0' };

	switch (s->mode) {
	case 'm':
		return -1;
	case 'p':
		return cmd_queue(2, show);
	case 'q':
		return cmd_queue(2, again);
	case 'i':		/* aliases need no making */
		return EX_OK;
	default:
		return fail(s, EX_USAGE, option, "only mail is taken here, "
		    "on standard input");
	}
}

int
cmd_send(int argc, char **argv)
{
	struct send s = { .as = argv[0], .dots = true, .mode = 'm',
	    .ch = -1 };
	int first, rc;

	if (argc == 2 && (strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "--help") == 0))
		return cmd_usage("send", 1);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("mailnode %s\n", VERSION) < 0;
	first = options(&s, argc, argv);
	if (first == -1)
		return usage();
	rc = other_mode(&s);
	if (rc != -1)
		return rc;
	if (crypto_init() == -1)
		return fail(&s, EX_OSERR, "start", "no source of randomness");
	prepare_init(&s.p, conf.message_max);
	rc = run(&s, argv + first);
	prepare_clear(&s.p);
	if (s.ch != -1)
		close(s.ch);
	node_close(s.node);
	return rc;
}
