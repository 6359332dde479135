/* The client side of the dialogue against a server that plays a script. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/smtp/client.h"
#include "mailnode/smtp/client_data.h"

/* "C:PREFIX" awaits a line, "S:TEXT" says one, "D" reads a letter. */
struct play {
	int	fd;
	pid_t	pid;
};

static int
get_line(FILE *f, char *line, size_t size)
{
	if (fgets(line, (int)size, f) == NULL)
		return -1;
	return 0;
}

_Noreturn static void
server(int fd, const char *const *script)
{
	FILE *in = fdopen(fd, "r");
	char line[8192];

	for (; *script != NULL; script++) {
		const char *s = *script;

		if (s[0] == 'C') {
			if (get_line(in, line, sizeof line) == -1 ||
			    strncmp(line, s + 2, strlen(s + 2)) != 0) {
				fprintf(stderr, "# want %s, got %s", s + 2,
				    line);
				_exit(1);
			}
		} else if (s[0] == 'D') {
			do
				if (get_line(in, line, sizeof line) == -1)
					_exit(2);
			while (strcmp(line, ".\r\n") != 0);
		} else
			dprintf(fd, "%s\r\n", s + 2);
	}
	_exit(0);
}

static struct play
play(const char *const *script)
{
	struct play p;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	p.pid = fork();
	assert_int_not_equal(p.pid, -1);
	if (p.pid == 0) {
		close(fds[0]);
		server(fds[1], script);
	}
	close(fds[1]);
	p.fd = fds[0];
	return p;
}

static int
end(struct play *p)
{
	int status;

	close(p->fd);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int marks;

static int
mark(void *arg)
{
	marks++;
	return *(int *)arg;
}

static const char letter[] = "From: <a@x.test>\r\n\r\n.one\r\ntwo\r\n";

static int
letter_fd(void)
{
	FILE *f = tmpfile();
	int fd = dup(fileno(f));

	fwrite(letter, 1, sizeof letter - 1, f);
	fclose(f);
	return fd;
}

static void
open_client(struct client *c, int fd)
{
	struct client_conf conf_of = { .fd = fd, .hostname = "me.test",
	    .server = "you.test", .tls = CONF_PLAIN, .vault = -1,
	    .wake = -1 };

	client_init(c, &conf_of);
}

/* One letter to n recipients against the script; their fates. */
static int
run(const char *const *script, struct client_rcpt *rcpt, size_t n, int marked)
{
	struct client_letter l = { .from = "a@x.test", .envid = "",
	    .rcpt = rcpt, .nrcpt = n, .head = "", .mark = mark,
	    .arg = &marked, .size = sizeof letter - 1, .fd = letter_fd() };
	struct play p = play(script);
	struct client c;
	int rc;

	marks = 0;
	open_client(&c, p.fd);
	assert_int_equal(client_open(&c), CLIENT_TAKEN);
	client_letter(&c, &l);
	client_close(&c);
	close(l.fd);
	rc = end(&p);
	return rc;
}

#define HELLO	"S:220 hi", "C:EHLO me.test", "S:250-you.test"

static void
one_by_one_without_pipelining(void **state)
{
	static const char *const script[] = { HELLO, "S:250 SIZE 1000",
	    "C:MAIL FROM:<a@x.test> SIZE=31\r\n", "S:250 ok",
	    "C:RCPT TO:<b@y.test>\r\n", "S:250 ok",
	    "C:RCPT TO:<c@y.test>\r\n", "S:450 4.2.1 later",
	    "C:DATA\r\n", "S:354 go on", "D", "S:250 2.0.0 taken",
	    "C:QUIT", "S:221 bye", NULL };
	struct client_rcpt r[2] = { { .addr = "b@y.test", .orcpt = "" },
	    { .addr = "c@y.test", .orcpt = "" } };

	(void)state;
	assert_int_equal(run(script, r, 2, 0), 0);
	assert_int_equal(r[0].fate, CLIENT_TAKEN);
	assert_string_equal(r[0].text, "250 2.0.0 taken");
	assert_int_equal(r[1].fate, CLIENT_DEFERRED);
	assert_string_equal(r[1].text, "450 4.2.1 later");
	assert_int_equal(marks, 1);
}

/* Each line comes in time, the reply does not. */
static void
a_reply_has_one_deadline(void **state)
{
	enum { LINES = 100, PAUSE_MS = 50, WAIT_MS = 400 };
	struct client c;
	int fds[2], i;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fds[0]);
		for (i = 0; i < LINES && send(fds[1], "250-on\r\n", 8,
		    MSG_NOSIGNAL) == 8; i++)
			(void)poll(NULL, 0, PAUSE_MS);
		(void)send(fds[1], "250 end\r\n", 9, MSG_NOSIGNAL);
		_exit(0);
	}
	close(fds[1]);
	open_client(&c, fds[0]);
	assert_int_equal(client_ask(&c, WAIT_MS, "NOOP", NULL), -1);
	assert_true(c.broken);
	assert_string_equal(c.error, "timed out");
	client_close(&c);
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* RFC 3461 sections 4.2 and 5.2.1: what stood in RCPT, as xtext. */
static void
the_original_recipient_is_named(void **state)
{
	static const char *const script[] = { HELLO, "S:250 DSN",
	    "C:MAIL FROM:<a@x.test> RET=HDRS\r\n", "S:250 ok",
	    "C:RCPT TO:<b+c=d@y.test> ORCPT=rfc822;b+2Bc+3Dd@y.test\r\n",
	    "S:250 ok", "C:RCPT TO:<c@y.test> NOTIFY=DELAY "
	    "ORCPT=rfc822;C@z.test\r\n", "S:250 ok",
	    "C:DATA\r\n", "S:354 go on", "D", "S:250 2.0.0 taken",
	    "C:QUIT", "S:221 bye", NULL };
	struct client_rcpt r[2] = { { .addr = "b+c=d@y.test" },
	    { .addr = "c@y.test", .orcpt = "rfc822;C@z.test",
	    .notify = 8 } };

	(void)state;
	assert_int_equal(run(script, r, 2, 0), 0);
}

static void
pipelined_answers_belong_to_their_commands(void **state)
{
	static const char *const script[] = { HELLO, "S:250 PIPELINING",
	    "C:MAIL", "C:RCPT", "C:RCPT", "C:RCPT",
	    "S:250 ok", "S:550-5.1.1 nobody", "S:550 5.1.1 of that name",
	    "S:250 ok", "S:452 4.5.3 too many",
	    "C:DATA", "S:354 go on", "D", "S:554 5.6.0 spam",
	    "C:QUIT", "S:221 bye", NULL };
	struct client_rcpt r[3] = { { .addr = "a@y.test" },
	    { .addr = "b@y.test" }, { .addr = "c@y.test" } };

	(void)state;
	assert_int_equal(run(script, r, 3, 0), 0);
	assert_int_equal(r[0].fate, CLIENT_REFUSED);
	assert_string_equal(r[0].text, "550 5.1.1 nobody 5.1.1 of that name");
	assert_int_equal(r[1].fate, CLIENT_REFUSED);
	assert_string_equal(r[1].text, "554 5.6.0 spam");
	assert_int_equal(r[2].fate, CLIENT_DEFERRED);
}

static void
a_refused_mail_is_for_all_and_no_data_follows(void **state)
{
	static const char *const script[] = { HELLO, "S:250 PIPELINING",
	    "C:MAIL", "C:RCPT", "C:RCPT", "S:550 5.7.1 not you", "S:503 no",
	    "S:503 no", "C:RSET", "S:250 ok", "C:QUIT", "S:221 bye", NULL };
	struct client_rcpt r[2] = { { .addr = "a@y.test" },
	    { .addr = "b@y.test" } };

	(void)state;
	assert_int_equal(run(script, r, 2, 0), 0);
	assert_int_equal(r[0].fate, CLIENT_REFUSED);
	assert_int_equal(r[1].fate, CLIENT_REFUSED);
	assert_string_equal(r[1].text, "550 5.7.1 not you");
	assert_int_equal(marks, 0);
}

/* What became of the second of two letters to one recipient each. */
static enum client_fate
second(const char *const *script)
{
	struct client_rcpt r[2] = { { .addr = "a@y.test" },
	    { .addr = "b@y.test" } };
	int marked = 0;
	struct client_letter l = { .from = "a@x.test", .envid = "",
	    .rcpt = r, .nrcpt = 2, .head = "", .mark = mark,
	    .arg = &marked, .size = sizeof letter - 1, .fd = letter_fd() };
	struct play p = play(script);
	struct client c;

	open_client(&c, p.fd);
	assert_int_equal(client_open(&c), CLIENT_TAKEN);
	client_letter(&c, &l);
	assert_int_equal(r[0].fate, CLIENT_REFUSED);
	assert_int_equal(r[1].fate, CLIENT_REFUSED);
	assert_false(c.broken);
	l.nrcpt = 1;
	client_letter(&c, &l);
	client_close(&c);
	close(l.fd);
	assert_int_equal(end(&p), 0);
	return r[0].fate;
}

/* Nothing of the first is left, neither an answer nor its transaction. */
static void
after_a_refused_letter_another_goes(void **state)
{
#define ANOTHER	"C:RSET", "S:250 forgotten", "C:MAIL", "C:RCPT", \
	"S:250 ok", "S:250 ok", "C:DATA", "S:354 go on", "D", \
	"S:250 taken", "C:QUIT", "S:221 bye", NULL
	static const char *const mail[] = { HELLO, "S:250 PIPELINING",
	    "C:MAIL", "C:RCPT", "C:RCPT", "S:550 5.7.1 not you",
	    "S:503 no", "S:503 no", ANOTHER };
	static const char *const data[] = { HELLO, "S:250 PIPELINING",
	    "C:MAIL", "C:RCPT", "C:RCPT", "S:250 ok", "S:250 ok",
	    "S:250 ok", "C:DATA", "S:554 5.7.1 not that", ANOTHER };
#undef ANOTHER

	(void)state;
	assert_int_equal(second(mail), CLIENT_TAKEN);
	assert_int_equal(second(data), CLIENT_TAKEN);
}

static void
no_dot_without_a_mark(void **state)
{
	/* The server must see no line of one dot, only the end. */
	static const char *const script[] = { HELLO, "S:250 SIZE",
	    "C:MAIL", "S:250 ok", "C:RCPT", "S:250 ok", "C:DATA", "S:354 go",
	    "D", NULL };
	struct client_rcpt r[1] = { { .addr = "a@y.test" } };

	(void)state;
	assert_int_equal(run(script, r, 1, -1), 2);
	assert_int_equal(r[0].fate, CLIENT_DEFERRED);
	assert_int_equal(marks, 1);
}

static void
cut_behind_the_dot_is_unknown(void **state)
{
	static const char *const script[] = { HELLO, "S:250 SIZE",
	    "C:MAIL", "S:250 ok", "C:RCPT", "S:250 ok", "C:DATA", "S:354 go",
	    "D", NULL };
	struct client_rcpt r[1] = { { .addr = "a@y.test" } };

	(void)state;
	assert_int_equal(run(script, r, 1, 0), 0);
	assert_int_equal(r[0].fate, CLIENT_UNKNOWN);
}

static void
cut_anywhere_before_is_deferred(void **state)
{
	static const char *const whole[] = { HELLO, "S:250 PIPELINING",
	    "C:MAIL", "C:RCPT", "S:250 ok", "S:250 ok", "C:DATA", "S:354 go",
	    NULL };
	const char *script[16];
	struct client_rcpt r[1];
	size_t n;

	(void)state;
	for (n = 4; n < 9; n++) {
		memcpy(script, whole, n * sizeof *whole);
		script[n] = NULL;
		r[0] = (struct client_rcpt){ .addr = "a@y.test" };
		(void)run(script, r, 1, 0);
		/* A closed socket may take the dot and never answer. */
		assert_true(r[0].fate == CLIENT_DEFERRED ||
		    (n == 8 && marks == 1 && r[0].fate == CLIENT_UNKNOWN));
		assert_true(r[0].text[0] != '\0');
	}
}

static void
what_the_server_cannot_take_is_not_tried(void **state)
{
	static const char *const script[] = { HELLO, "S:250 SIZE 20",
	    "C:QUIT", "S:221 bye", NULL };
	static const char *const no_utf8[] = { HELLO, "S:250 SIZE",
	    "C:QUIT", "S:221 bye", NULL };
	struct client_rcpt big[1] = { { .addr = "a@y.test" } };
	struct client_rcpt utf8[1] = { { .addr = "\303\274@y.test" } };
	struct client_rcpt bad[1] = { { .addr = "a@y.test>\r\nDATA" } };

	(void)state;
	assert_int_equal(run(script, big, 1, 0), 0);
	assert_int_equal(big[0].fate, CLIENT_REFUSED);
	assert_non_null(strstr(big[0].text, "5.3.4"));
	assert_int_equal(run(no_utf8, utf8, 1, 0), 0);
	assert_int_equal(utf8[0].fate, CLIENT_REFUSED);
	assert_non_null(strstr(utf8[0].text, "5.6.7"));
	assert_int_equal(run(no_utf8, bad, 1, 0), 0);
	assert_int_equal(bad[0].fate, CLIENT_REFUSED);
	assert_non_null(strstr(bad[0].text, "5.1.3"));
}

/* RFC 6531 sections 3.2, 3.6. */
static void
who_is_unfit_alone_fails(void **state)
{
	static const char *const script[] = { HELLO, "S:250 PIPELINING",
	    "C:MAIL FROM:<a@x.test>\r\n", "C:RCPT TO:<b@y.test>\r\n",
	    "C:RCPT TO:<c@y.test>\r\n", "S:250 ok", "S:250 ok",
	    "S:550 5.1.1 nobody", "C:DATA\r\n", "S:354 go on", "D",
	    "S:250 2.0.0 taken", "C:QUIT", "S:221 bye", NULL };
	struct client_rcpt r[4] = { { .addr = "\303\274@y.test" },
	    { .addr = "b@y.test" }, { .addr = "x>@y.test\r\n" },
	    { .addr = "c@y.test" } };

	(void)state;
	assert_int_equal(run(script, r, 4, 0), 0);
	assert_int_equal(r[0].fate, CLIENT_REFUSED);
	assert_non_null(strstr(r[0].text, "5.6.7"));
	assert_int_equal(r[1].fate, CLIENT_TAKEN);
	assert_string_equal(r[1].text, "250 2.0.0 taken");
	assert_int_equal(r[2].fate, CLIENT_REFUSED);
	assert_non_null(strstr(r[2].text, "5.1.3"));
	assert_int_equal(r[3].fate, CLIENT_REFUSED);
	assert_non_null(strstr(r[3].text, "5.1.1"));
	assert_int_equal(marks, 1);
}

static void
greetings(void **state)
{
	static const struct {
		const char		*line;
		enum client_fate	 want;
	} c[] = {
		{ "S:220 hi", CLIENT_DEFERRED },	/* then it closes */
		{ "S:421 later", CLIENT_DEFERRED },
		{ "S:554 no", CLIENT_REFUSED },
		{ "S:99 what", CLIENT_DEFERRED },
		{ "S:2200 what", CLIENT_DEFERRED },
		{ "S:hello", CLIENT_DEFERRED },
		{ "S:", CLIENT_DEFERRED },
	};
	const char *script[2] = { NULL, NULL };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		struct client cl;
		struct play p;

		script[0] = c[i].line;
		p = play(script);
		open_client(&cl, p.fd);
		assert_int_equal(client_open(&cl), c[i].want);
		assert_true(cl.why[0] != '\0');
		client_close(&cl);
		(void)end(&p);
	}
}

static void
a_password_needs_verified_tls(void **state)
{
	static const char *const script[] = { HELLO, "S:250 AUTH PLAIN",
	    NULL };
	struct client_conf conf_of = { .hostname = "me.test",
	    .server = "you.test", .tls = CONF_PLAIN, .vault = 0,
	    .wake = -1 };
	struct play p = play(script);
	struct client c;

	(void)state;
	conf_of.fd = p.fd;
	client_init(&c, &conf_of);
	assert_int_equal(client_open(&c), CLIENT_DEFERRED);
	assert_non_null(strstr(c.why, "no password"));
	assert_true(c.broken);
	client_close(&c);
	assert_int_equal(end(&p), 0);
}

/* ---- replies and offers ---- */

static void
reply_lines(void **state)
{
	static const struct { const char *line; int want; } c[] = {
		{ "250 ok", 0 }, { "250", 0 }, { "250-", 0 }, { "599 x", 0 },
		{ "199 x", -1 }, { "600 x", -1 }, { "25 x", -1 },
		{ "2500", -1 }, { "250_x", -1 }, { " 250", -1 },
		{ "", -1 }, { "+25 x", -1 },
	};
	struct reply r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		reply_init(&r);
		assert_int_equal(reply_line(&r, c[i].line,
		    strlen(c[i].line)), c[i].want);
	}
	reply_init(&r);
	assert_int_equal(reply_line(&r, "250-a", 5), 0);
	assert_false(r.done);
	assert_int_equal(reply_line(&r, "550 b", 5), -1);
}

static void
reply_limits(void **state)
{
	struct reply r;
	unsigned int i;
	char line[REPLY_TEXT_MAX + 100];

	(void)state;
	reply_init(&r);
	for (i = 0; i < REPLY_LINES_MAX; i++)
		assert_int_equal(reply_line(&r, "250-x", 5), 0);
	assert_int_equal(reply_line(&r, "250 x", 5), -1);
	reply_init(&r);
	memset(line, 'x', sizeof line);
	memcpy(line, "550 ", 4);
	line[10] = '\033';
	assert_int_equal(reply_line(&r, line, sizeof line), 0);
	assert_int_equal(strlen(r.text), REPLY_TEXT_MAX - 1);
	assert_int_equal(r.text[10], '?');
}

static void
enhanced_status(void **state)
{
	static const struct { const char *line, *want; } c[] = {
		{ "550 5.1.1 no", "5.1.1" }, { "550 5.1.1", "5.1.1" },
		{ "550 4.1.1 no", "5.0.0" }, { "550 no", "5.0.0" },
		{ "450 4.22.333 x", "4.22.333" }, { "450 4.2222.1 x", "4.0.0" },
		{ "250 2.0.0x", "2.0.0" }, { "250", "2.0.0" },
	};
	struct reply r;
	char status[12];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		reply_init(&r);
		(void)reply_line(&r, c[i].line, strlen(c[i].line));
		reply_status(&r, status, sizeof status);
		assert_string_equal(status, c[i].want);
	}
}

static void
offers(void **state)
{
	static const char *const lines[] = { "pipelining", "SIZE 1000",
	    "AUTH PLAIN SCRAM-SHA-256-PLUS XOAUTH2", "AUTH=LOGIN",
	    "LIMITS MAILMAX=3 RCPTMAX=50 RCPTMAX=x", "STARTTLSX", "" };
	struct offer o = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++)
		offer_line(&o, lines[i], strlen(lines[i]));
	assert_int_equal(o.bits, OFFER_PIPELINING | OFFER_SIZE | OFFER_PLAIN |
	    OFFER_SCRAM_PLUS | OFFER_LOGIN);
	assert_int_equal(o.size, 1000);
	assert_int_equal(o.rcpt_max, 50);
	offer_line(&o, "SIZE 99999999999999999999999", 28);
	assert_int_equal(o.size, 0);
}

/* ---- dots ---- */

static void
stuffing(void **state)
{
	static const struct { const char *in, *want; int rc; } c[] = {
		{ "", "", 0 }, { "a", "a\r\n", 0 }, { "a\r\n", "a\r\n", 0 },
		{ ".", "..\r\n", 0 }, { "..\r\n", "...\r\n", 0 },
		{ "a\r\n.\r\nb", "a\r\n..\r\nb\r\n", 0 },
		{ "a\n.b\n", "a\r\n..b\r\n", 0 }, { "a.b\r\n", "a.b\r\n", 0 },
		{ "a\rb", NULL, -1 }, { "a\r", NULL, -1 },
		{ "a\r\r\n", NULL, -1 },
	};
	size_t i, cut, n;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		n = strlen(c[i].in);
		for (cut = 0; cut <= n; cut++) {
			struct stuff s;
			struct buf b;
			int rc;

			buf_init(&b, 1000);
			stuff_init(&s);
			rc = stuff_put(&s, c[i].in, cut, &b);
			if (rc == 0)
				rc = stuff_put(&s, c[i].in + cut, n - cut, &b);
			if (rc == 0)
				rc = stuff_end(&s, &b);
			assert_int_equal(rc, c[i].rc);
			if (rc == 0)
				assert_string_equal(buf_str(&b), c[i].want);
			buf_clear(&b);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one_without_pipelining),
		cmocka_unit_test(a_reply_has_one_deadline),
		cmocka_unit_test(the_original_recipient_is_named),
		cmocka_unit_test(pipelined_answers_belong_to_their_commands),
		cmocka_unit_test(a_refused_mail_is_for_all_and_no_data_follows),
		cmocka_unit_test(after_a_refused_letter_another_goes),
		cmocka_unit_test(no_dot_without_a_mark),
		cmocka_unit_test(cut_behind_the_dot_is_unknown),
		cmocka_unit_test(cut_anywhere_before_is_deferred),
		cmocka_unit_test(what_the_server_cannot_take_is_not_tried),
		cmocka_unit_test(who_is_unfit_alone_fails),
		cmocka_unit_test(greetings),
		cmocka_unit_test(a_password_needs_verified_tls),
		cmocka_unit_test(reply_lines),
		cmocka_unit_test(reply_limits),
		cmocka_unit_test(enhanced_status),
		cmocka_unit_test(offers),
		cmocka_unit_test(stuffing),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
