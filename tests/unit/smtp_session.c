/* Sessions over a socketpair, with a backend that remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/smtp/mail.h"
#include "mailnode/smtp/session.h"

enum {
	IN_MAX = 8 * 1024 * 1024,
	OUT_MAX = 4 * 1024 * 1024,
	WAIT_MS = 20000
};

#define HI	"EHLO client.test\r\n"
#define ENV	"MAIL FROM:<a@b.test>\r\nRCPT TO:<me@example.org>\r\n"
#define TEXT	"From: a\r\n\r\nhello\r\n"
#define DATA	"DATA\r\n" TEXT ".\r\n"
#define BYE	"QUIT\r\n"

/* ---- the backend ---- */

struct fake {
	struct smtp_backend be;
	unsigned int	 stored, begun, aborted, asked;
	size_t		 max_chunk;
	struct buf	 head, body, chunks;
	char		 sender[SPOOL_ADDR_MAX];
	char		 rcpts[4096];	/* blank between */
	char		 peer[SPOOL_TEXT_MAX];
	char		 trace[SPOOL_TRACE_MAX];
	struct buf	 events;
	bool		 full, keep_chunks, catchall;
	uint16_t	 rcpt_status, begin_status, commit_status;
	int		 data_errno;
	int		 stop;		/* descriptor to read before a stop */
	struct tls_server *tls;
	struct sign_key	*key;
};

static uint16_t
fake_rcpt(void *arg, const char *addr, struct rcpt *out)
{
	struct fake *f = arg;
	const char *at = strrchr(addr, '@');

	memset(out, 0, sizeof *out);
	f->asked++;
	if (f->rcpt_status != 0)
		return f->rcpt_status;
	if (strcasecmp(addr, "postmaster") == 0 ||
	    strcasecmp(addr, "postmaster@example.org") == 0)
		out->class = RCPT_SYSTEM;
	else if (at == NULL || strcasecmp(at, "@example.org") != 0)
		out->class = RCPT_FOREIGN;
	else if (strncmp(addr, "me@", 3) == 0 || strncmp(addr, "me+", 3) == 0)
		out->class = RCPT_USER;
	else if (strncmp(addr, "shop@", 5) == 0)
		out->class = RCPT_ALIAS;
	else if (strncmp(addr, "burned@", 7) == 0)
		out->class = RCPT_BURNED;
	else
		out->class = f->catchall ? RCPT_CATCHALL : RCPT_UNKNOWN;
	return STORE_OK;
}

static bool
fake_refusing(void *arg)
{
	return ((struct fake *)arg)->full;
}

static uint16_t
fake_begin(void *arg, uint64_t *id)
{
	struct fake *f = arg;

	if (f->begin_status != 0)
		return f->begin_status;
	*id = 42;
	f->begun++;
	buf_reset(&f->chunks);
	return STORE_OK;
}

static int
fake_data(void *arg, uint64_t id, const void *p, size_t n)
{
	struct fake *f = arg;

	assert_int_equal(id, 42);
	assert_true(n > 0 && n <= SPOOL_CHUNK);
	if (f->data_errno != 0) {
		errno = f->data_errno;
		return -1;
	}
	if (n > f->max_chunk)
		f->max_chunk = n;
	if (f->keep_chunks)
		return buf_add(&f->chunks, p, n);
	return 0;
}

static void
fake_abort(void *arg, uint64_t id)
{
	struct fake *f = arg;

	assert_int_equal(id, 42);
	f->aborted++;
}

static uint16_t
fake_commit(void *arg, uint64_t id, const struct spool_msg *m,
    const struct buf *head, const struct buf *body, uint64_t n)
{
	struct fake *f = arg;
	size_t i;

	if (f->commit_status != 0)
		return f->commit_status;
	f->stored++;
	buf_reset(&f->head);
	buf_reset(&f->body);
	buf_add(&f->head, head->data, head->len);
	if (id != 0)
		assert_null(body);
	if (id == 0) {
		assert_true(body->len <= SPOOL_INLINE);
		assert_int_equal(body->len, n);
		buf_add(&f->body, body->data, body->len);
	} else if (f->keep_chunks) {
		assert_int_equal(f->chunks.len, n);
		buf_add(&f->body, f->chunks.data, f->chunks.len);
	}
	snprintf(f->sender, sizeof f->sender, "%s", m->sender);
	snprintf(f->trace, sizeof f->trace, "%s", m->trace);
	snprintf(f->peer, sizeof f->peer, "%s", m->peer);
	f->rcpts[0] = '\0';
	for (i = 0; i < m->nrcpt; i++)
		snprintf(f->rcpts + strlen(f->rcpts), sizeof f->rcpts -
		    strlen(f->rcpts), "%s%s", i > 0 ? " " : "", m->rcpt[i]);
	return STORE_OK;
}

static void
fake_event(void *arg, const char *trace, const char *addr, const char *kind,
    const char *text)
{
	struct fake *f = arg;

	buf_addf(&f->events, "%s %s <%s> %s\n", kind, trace, addr, text);
}

static bool
fake_has_tls(void *arg)
{
	return ((struct fake *)arg)->tls != NULL;
}

static enum crypto_err
local_sign(void *arg, enum tls_sign how, const uint8_t *in, size_t n,
    struct buf *sig)
{
	struct fake *f = arg;

	return sign_tls(f->key, how, in, n, sig);
}

static struct tls *
fake_tls(void *arg, int fd)
{
	struct fake *f = arg;

	return tls_accept(f->tls, fd, local_sign, f);
}

static bool
fake_woken(void *arg)
{
	struct fake *f = arg;
	char c = 0;

	/* "n": only news; "s": stop */
	return read(f->stop, &c, 1) == 1 && c == 's';
}

/* ---- the driver ---- */

struct run {
	struct fake		 fake;
	struct session_start	 start;
	int			 fd[2];
	int			 wake[2];
	pthread_t		 thread;
	struct buf		 out;
};

static void *
serve(void *arg)
{
	struct run *r = arg;

	session_run(&r->start);
	close(r->fd[1]);
	return NULL;
}

static void
run_init(struct run *r)
{
	struct fake *f = &r->fake;

	memset(r, 0, sizeof *r);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->fd), 0);
	assert_int_equal(pipe(r->wake), 0);
	f->be = (struct smtp_backend){ f, -1, fake_rcpt, fake_refusing,
	    fake_begin, fake_data, fake_abort, fake_commit, fake_event,
	    fake_has_tls, fake_tls, fake_woken };
	f->stop = r->wake[0];
	buf_init(&f->head, IN_MAX);
	buf_init(&f->body, IN_MAX);
	buf_init(&f->chunks, IN_MAX);
	buf_init(&f->events, IN_MAX);
	buf_init(&r->out, OUT_MAX);
	f->keep_chunks = true;
	r->start.fd = r->fd[1];
	r->start.wake = r->wake[0];
	r->start.peer = "192.0.2.7";
	r->start.peer_port = 4321;
	r->start.number = 5;
	r->start.backend = &f->be;
	session_limits(&r->start.limits);
	r->start.limits.pause_ms = 1;
}

static void
run_start(struct run *r)
{
	assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static void
run_clear(struct run *r)
{
	struct fake *f = &r->fake;

	close(r->fd[0]);
	close(r->wake[0]);
	close(r->wake[1]);
	buf_clear(&f->head);
	buf_clear(&f->body);
	buf_clear(&f->chunks);
	buf_clear(&f->events);
	buf_clear(&r->out);
}

/* Reads what comes until a turn brings nothing for `quiet` ms, or the end:
 * true. */
static bool
hear(struct run *r, int quiet)
{
	struct pollfd p = { .fd = r->fd[0], .events = POLLIN };
	char part[4096];
	ssize_t n;

	while (poll(&p, 1, quiet) == 1) {
		n = recv(r->fd[0], part, sizeof part, 0);
		if (n <= 0)
			return true;
		buf_add(&r->out, part, (size_t)n);
	}
	return false;
}

/* Says all of [in, in+n) while listening; false: the server is gone. */
static bool
say(struct run *r, const char *in, size_t n)
{
	struct pollfd p = { .fd = r->fd[0] };
	char part[4096];
	ssize_t got;

	while (n > 0) {
		p.events = POLLIN | POLLOUT;
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		if (p.revents & POLLIN) {
			got = recv(r->fd[0], part, sizeof part, 0);
			if (got > 0)
				buf_add(&r->out, part, (size_t)got);
		}
		if (!(p.revents & POLLOUT))
			continue;
		got = send(r->fd[0], in, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (got == -1 && errno == EPIPE)
			return false;
		if (got > 0) {
			in += got;
			n -= (size_t)got;
		}
	}
	return true;
}

/* The end of input, then all that the server still has to say. */
static char *
finish(struct run *r)
{
	shutdown(r->fd[0], SHUT_WR);
	assert_true(hear(r, WAIT_MS));
	assert_int_equal(pthread_join(r->thread, NULL), 0);
	return buf_str(&r->out);
}

static char *
talk_n(struct run *r, const char *in, size_t n)
{
	run_start(r);
	(void)say(r, in, n);
	return finish(r);
}

static char *
talk(struct run *r, const char *in)
{
	return talk_n(r, in, strlen(in));
}

/* The codes of complete replies, blank between; each 4xx and 5xx must end
 * with a trace id, and each line be one. */
static void
codes(const char *out, char *list, size_t size)
{
	const char *end;
	size_t n = 0;

	list[0] = '\0';
	for (; *out != '\0'; out = end + 2) {
		end = strstr(out, "\r\n");
		assert_non_null(end);
		assert_true(end - out >= 4 && end - out < 510);
		if (out[0] >= '4' && (end[-1] != ']' || out[3] != ' '))
			fail_msg("no trace id: %.*s", (int)(end - out), out);
		if (out[3] != ' ')
			continue;
		n += (size_t)snprintf(list + n, size - n, "%s%.3s",
		    n > 0 ? " " : "", out);
	}
}

static void
expect(const char *name, const char *in, size_t len, const char *want,
    unsigned int stored)
{
	struct run r;
	char got[4096];

	run_init(&r);
	codes(talk_n(&r, in, len), got, sizeof got);
	if (strcmp(got, want) != 0 || r.fake.stored != stored)
		fail_msg("%s: %s, %u stored; want %s, %u", name, got,
		    r.fake.stored, want, stored);
	run_clear(&r);
}

/* ---- dialogues ---- */

static const struct {
	const char	*name, *in, *codes;
	unsigned int	 stored;
} dialogues[] = {
	{ "nothing", "", "220", 0 },
	{ "quit", BYE, "220 221", 0 },
	{ "one", HI ENV DATA BYE, "220 250 250 250 354 250 221", 1 },
	{ "HELO", "HELO x\r\n" ENV DATA BYE, "220 250 250 250 354 250 221",
	    1 },
	{ "two in a session", HI ENV DATA ENV DATA BYE,
	    "220 250 250 250 354 250 250 250 354 250 221", 2 },
	{ "small letters", "ehlo x\r\nmail from:<>\r\n"
	    "rcpt to:<ME@example.org>\r\nrcpt to:<me@EXAMPLE.org>\r\n"
	    "data\r\n.\r\nquit\r\n", "220 250 250 550 250 354 250 221", 1 },
	{ "order", "MAIL FROM:<a@b>\r\nRCPT TO:<me@example.org>\r\nDATA\r\n"
	    "STARTTLS\r\n" HI "RCPT TO:<me@example.org>\r\nDATA\r\n"
	    "MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nQUIT\r\n",
	    "220 503 503 503 503 250 503 503 250 503 503 221", 0 },
	{ "any time", "NOOP\r\nRSET\r\nVRFY me\r\nHELP\r\nEXPN x\r\n"
	    "AUTH PLAIN\r\nFOO\r\n\r\n" BYE,
	    "220 250 250 252 214 502 503 500 500 221", 0 },
	{ "arguments", HI "DATA x\r\nRSET x\r\nNOOP x\r\nVRFY\r\n"
	    "QUIT x\r\n" ENV "DATA x\r\n" BYE,
	    "220 250 503 501 250 501 501 250 250 501 221", 0 },
	{ "greetings", "EHLO\r\nHELO\r\nEHLO a b\r\nEHLO <x>\r\n"
	    "MAIL FROM:<a@b>\r\nEHLO [192.0.2.1]\r\n" BYE,
	    "220 501 501 501 501 503 250 221", 0 },
	{ "RSET forgets", HI ENV "RSET\r\nDATA\r\n" BYE,
	    "220 250 250 250 250 503 221", 0 },
	{ "EHLO forgets", HI ENV HI "DATA\r\n" BYE,
	    "220 250 250 250 250 503 221", 0 },
	{ "RSET before a greeting", "RSET\r\nMAIL FROM:<a@b>\r\n" BYE,
	    "220 250 503 221", 0 },
	{ "no such protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	    "220 502", 0 },
	{ "POST", "POST / HTTP/1.1\r\n" HI ENV DATA, "220 502", 0 },
	/* MAIL */
	{ "senders", HI "MAIL FROM:<>\r\nRSET\r\nMAIL FROM: <a@b>\r\nRSET\r\n"
	    "MAIL FROM:a@b\r\nMAIL FROM:<a>\r\nMAIL FROM:\r\nMAIL\r\n"
	    "MAIL FROM:<a@b>x\r\n" BYE,
	    "220 250 250 250 250 250 501 501 501 501 501 221", 0 },
	{ "parameters", HI "MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME "
	    "SMTPUTF8 RET=HDRS ENVID=x\r\nRSET\r\nMAIL FROM:<a@b> FOO=1\r\n"
	    "MAIL FROM:<a@b> BODY=X\r\nMAIL FROM:<a@b> SIZE=52428800\r\n"
	    "RSET\r\nMAIL FROM:<a@b> SIZE=52428801\r\n" BYE,
	    "220 250 250 250 555 501 250 250 552 221", 0 },
	{ "none after HELO", "HELO x\r\nMAIL FROM:<a@b> SIZE=1\r\n" BYE,
	    "220 250 555 221", 0 },
	{ "UTF-8 asks for SMTPUTF8", HI "MAIL FROM:<\xc3\xb6@b>\r\n"
	    "MAIL FROM:<\xc3\xb6@b> SMTPUTF8\r\n"
	    "RCPT TO:<me+\xc3\xb6@example.org>\r\nRSET\r\nMAIL FROM:<>\r\n"
	    "RCPT TO:<me+\xc3\xb6@example.org>\r\n" BYE,
	    "220 250 553 250 250 250 250 553 221", 0 },
	/* RCPT */
	{ "ours", HI "MAIL FROM:<a@b>\r\nRCPT TO:<me@example.org>\r\n"
	    "RCPT TO:<me+x@example.org>\r\nRCPT TO:<\"me\"@example.org>\r\n"
	    "RCPT TO:<postmaster@example.org>\r\nRCPT TO:<postmaster>\r\n"
	    "RCPT TO:<POSTMASTER>\r\nRCPT TO:<shop@example.org>\r\n"
	    "RCPT TO:<@x.test,@y.test:me@example.org>\r\n"
	    "RCPT TO:<me@example.org> NOTIFY=NEVER ORCPT=rfc822;x@y\r\n" BYE,
	    "220 250 250 250 250 250 250 250 250 250 250 250 221", 0 },
	{ "nobody", HI "MAIL FROM:<a@b>\r\nRCPT TO:<you@example.org>\r\n"
	    "RCPT TO:<burned@example.org>\r\nDATA\r\n" BYE,
	    "220 250 250 550 550 503 221", 0 },
	{ "recipients' syntax", HI "MAIL FROM:<a@b>\r\nRCPT TO:<>\r\n"
	    "RCPT TO:<me>\r\nRCPT TO:me@example.org\r\n"
	    "RCPT TO:<me@example.org> SIZE=1\r\nRCPT\r\n" BYE,
	    "220 250 250 501 501 501 555 501 221", 0 },
	{ "one of two", HI "MAIL FROM:<a@b>\r\nRCPT TO:<you@example.org>\r\n"
	    "RCPT TO:<me@example.org>\r\n" DATA BYE,
	    "220 250 250 550 250 354 250 221", 1 },
	/* BDAT */
	{ "BDAT", HI ENV "BDAT 11 LAST\r\nA: b\r\n\r\nhi\nx" BYE,
	    "220 250 250 250 521", 0 },
	{ "BDAT in one", HI ENV "BDAT 10 LAST\r\nA: b\r\n\r\nhi" BYE,
	    "220 250 250 250 250 221", 1 },
	{ "BDAT in three", HI ENV "BDAT 4\r\nA: bBDAT 4\r\n\r\n\r\n"
	    "BDAT 2 LAST\r\nhi" BYE, "220 250 250 250 250 250 250 221", 1 },
	{ "BDAT 0 LAST", HI ENV "BDAT 8\r\nA: b\r\n\r\nBDAT 0 LAST\r\n" BYE,
	    "220 250 250 250 250 250 221", 1 },
	{ "BDAT with dots", HI ENV "BDAT 14 LAST\r\n\r\n.\r\n..\r\nQUI\r\n"
	    BYE, "220 250 250 250 250 221", 1 },
	{ "BDAT unwanted is read over", "BDAT 6\r\nQUIT\r\n" HI
	    "BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@b>\r\n"
	    "BDAT 6 LAST\r\nQUIT\r\n" BYE, "220 503 250 503 250 503 221", 0 },
	{ "BDAT then DATA", HI ENV "BDAT 2\r\nA:DATA\r\nRCPT TO:<me>\r\n"
	    "MAIL FROM:<a@b>\r\nRSET\r\nDATA\r\n" BYE,
	    "220 250 250 250 250 503 503 503 250 503 221", 0 },
	{ "BDAT that says no size", HI ENV "BDAT x\r\n" BYE,
	    "220 250 250 250 501", 0 },
	{ "BDAT and CR at its end", HI ENV "BDAT 6 LAST\r\nA: b\r\r" BYE,
	    "220 250 250 250 521", 0 },
	{ "BDAT with a CR across chunks", HI ENV "BDAT 5\r\nA: b\r"
	    "BDAT 1 LAST\r\n\n" BYE, "220 250 250 250 250 250 221", 1 },
	/* every bare CR and LF ends it */
	{ "LF in a command", HI "NOOP\nNOOP\r\n" BYE, "220 250 521", 0 },
	{ "CR in a command", HI "NOOP\rNOOP\r\n" BYE, "220 250 521", 0 },
	{ "LF alone", "\n", "220 521", 0 },
	{ "LF ends no command", "EHLO x\n", "220 521", 0 },
	{ "CR LF LF", "NOOP\r\n\nNOOP\r\n", "220 250 521", 0 },
	{ "CR CR LF", "NOOP\r\r\n" BYE, "220 521", 0 },
};

static void
dialogue(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++)
		expect(dialogues[i].name, dialogues[i].in,
		    strlen(dialogues[i].in), dialogues[i].codes,
		    dialogues[i].stored);
}

/* Each must end the session with nothing kept, of what stood before or of
 * the message smuggled behind it. */
static void
smuggling(void **state)
{
	static const char *const ends[] = {
		"\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r",
		"\r\n.\r\r\n", "\r\n\n.\r\n", "\n\n.\r\n", "\r\r\n.\r\n",
		"x\n", "\rx", "\n", ".\n.\r\n",
	};
	char in[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		snprintf(in, sizeof in, HI ENV "DATA\r\n" TEXT "x%s"
		    "MAIL FROM:<evil@b>\r\nRCPT TO:<me@example.org>\r\n"
		    "DATA\r\nevil\r\n.\r\n" BYE, ends[i]);
		expect(ends[i], in, strlen(in), "220 250 250 250 354 521", 0);
	}
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		snprintf(in, sizeof in, HI ENV "BDAT %zu LAST\r\nA: b\r\nx%s"
		    BYE, 7 + strlen(ends[i]), ends[i]);
		expect(ends[i], in, strlen(in), "220 250 250 250 521", 0);
	}
}

/* However the octets are cut into packets, and wherever they stop. */
static void
cuts(void **state)
{
	static const char in[] = HI ENV "DATA\r\n" TEXT ".\r\n";
	size_t len = sizeof in - 1, i;
	struct run r;

	(void)state;
	for (i = 0; i <= len; i++) {
		run_init(&r);
		(void)talk_n(&r, in, i);
		assert_int_equal(r.fake.stored, i == len);
		run_clear(&r);
	}
	run_init(&r);
	run_start(&r);
	for (i = 0; i < len; i++)
		assert_true(say(&r, in + i, 1));
	(void)finish(&r);
	assert_int_equal(r.fake.stored, 1);
	run_clear(&r);
}

static void
cuts_bdat(void **state)
{
	static const char in[] = HI ENV "BDAT 8\r\nA: b\r\n\r\nBDAT 4 LAST\r\n"
	    "hi\r\n";
	size_t len = sizeof in - 1, i;
	struct run r;

	(void)state;
	for (i = 0; i <= len; i++) {
		run_init(&r);
		(void)talk_n(&r, in, i);
		assert_int_equal(r.fake.stored, i == len);
		run_clear(&r);
	}
}

/* ---- what is kept ---- */

static void
kept(void **state)
{
	struct run r;
	const char *head, *p;

	(void)state;
	run_init(&r);
	(void)talk(&r, HI ENV "DATA\r\nA: b\r\n\r\n..dot\r\n.x\r\n.\r\n" BYE);
	assert_string_equal(buf_str(&r.fake.body), "A: b\r\n\r\n.dot\r\nx\r\n");
	head = buf_str(&r.fake.head);
	assert_memory_equal(head, "Return-Path: <a@b.test>\r\nReceived: from "
	    "client.test ([192.0.2.7])\r\n\tby mail.example.org with ESMTP"
	    "\r\n\tid ", 102);
	p = strstr(head, "\tid ") + 4;
	assert_memory_equal(p, r.fake.trace, strlen(r.fake.trace));
	assert_non_null(strstr(head, "\r\n\tfor <me@example.org>; "));
	assert_non_null(strstr(head, " +0000\r\n"));
	assert_non_null(strstr(head, "\r\nAuthentication-Results: "
	    "mail.example.org;"));
	assert_string_equal(r.fake.sender, "a@b.test");
	assert_string_equal(r.fake.rcpts, "me@example.org");
	assert_non_null(strstr(r.fake.peer, "[192.0.2.7]:4321 "
	    "helo=client.test"));
	/* The trace id is in the answer; keeper tells `why` the rest. */
	assert_non_null(strstr(buf_str(&r.out), r.fake.trace));
	run_clear(&r);
}

static void
kept_envelope(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	(void)talk(&r, HI "MAIL FROM:<> RET=FULL ENVID=e+2B1\r\n"
	    "RCPT TO:<me+a@example.org>\r\n"
	    "RCPT TO:<shop@example.org> NOTIFY=SUCCESS,DELAY "
	    "ORCPT=rfc822;o@x\r\nRCPT TO:<me+a@example.org>\r\n" DATA BYE);
	assert_string_equal(r.fake.sender, "");
	assert_string_equal(r.fake.rcpts,
	    "me+a@example.org shop@example.org");
	assert_memory_equal(buf_str(&r.fake.head), "Return-Path: <>\r\n", 17);
	/* Who else got it is nobody's business. */
	assert_null(strstr(buf_str(&r.fake.head), "for <"));
	assert_non_null(strstr(r.fake.peer, "ret=full envid=e+2B1 "
	    "rcpt=shop@example.org notify=SD orcpt=rfc822;o@x"));
	run_clear(&r);
	run_init(&r);
	(void)talk(&r, "EHLO 2001:db8::1\r\nMAIL FROM:<\xc3\xb6@b> SMTPUTF8"
	    "\r\nRCPT TO:<me@example.org>\r\n" DATA BYE);
	assert_non_null(strstr(buf_str(&r.fake.head), "Received: from "
	    "[192.0.2.7] (greeting 2001:db8::1)\r\n"));
	assert_non_null(strstr(buf_str(&r.fake.head), " with UTF8SMTP\r\n"));
	run_clear(&r);
}

/* The same recipient is not asked about again and again, a refused one is. */
static void
asked_once(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	(void)talk(&r, HI ENV DATA ENV DATA ENV DATA BYE);
	assert_int_equal(r.fake.stored, 3);
	assert_int_equal(r.fake.asked, 1);
	run_clear(&r);
	run_init(&r);
	(void)talk(&r, HI "MAIL FROM:<>\r\nRCPT TO:<you@example.org>\r\n"
	    "RCPT TO:<you@example.org>\r\nRCPT TO:<me@example.org>\r\n"
	    "RCPT TO:<you@example.org>\r\nRCPT TO:<me@example.org>\r\n" BYE);
	assert_int_equal(r.fake.asked, 5);
	run_clear(&r);
}

static void
forged(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	(void)talk(&r, HI ENV "DATA\r\nReturn-Path: <x@y>\r\n"
	    "Authentication-Results: MAIL.example.org;\r\n dkim=pass\r\n"
	    "Authentication-Results: other.test; dkim=pass\r\n"
	    "Subject: x\r\n\r\nAuthentication-Results: mail.example.org\r\n"
	    ".\r\n" BYE);
	assert_string_equal(buf_str(&r.fake.body), "Authentication-Results: "
	    "other.test; dkim=pass\r\nSubject: x\r\n\r\n"
	    "Authentication-Results: mail.example.org\r\n");
	run_clear(&r);
}

static void
offers(void **state)
{
	struct run r;
	const char *out;

	(void)state;
	run_init(&r);
	out = talk(&r, HI BYE);
	assert_memory_equal(out, "220 mail.example.org ESMTP", 26);
	assert_non_null(strstr(out, "250-mail.example.org\r\n"
	    "250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n"
	    "250-DSN\r\n250-LIMITS RCPTMAX=100\r\n250 HELP\r\n"));
	run_clear(&r);
}

/* ---- relaying: promise 10 ---- */

static void
no_relay(void **state)
{
	static const char *const foreign[] = {
		"you@there.test", "\"you@there.test\"@example.org",
		"you%there.test@example.org", "there.test!you@example.org",
		"\"there.test!you\"@example.org",
		"@example.org:you@there.test",
		"@example.org,@there.test:you@there.test",
		"you@[192.0.2.1]", "you@[IPv6:2001:db8::1]",
		"me@[127.0.0.1]", "\"you%there.test\"@example.org",
		"\"@there.test:you\"@example.org",
		"you%there.test@there.test", "postmaster@there.test",
		"me@example.org.there.test", "me@sub.example.org",
	};
	struct run r;
	char in[1024];
	const char *out;
	size_t i;
	int all;

	(void)state;
	for (i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
		for (all = 0; all < 2; all++) {
			run_init(&r);
			r.fake.catchall = all;
			snprintf(in, sizeof in, HI "MAIL FROM:<me@example.org"
			    ">\r\nRCPT TO:<%s>\r\nDATA\r\n" BYE, foreign[i]);
			out = talk(&r, in);
			if (strstr(out, "\r\n550 5.7.1 ") == NULL ||
			    strstr(out, "\r\n503 ") == NULL)
				fail_msg("%s: %s", foreign[i], out);
			run_clear(&r);
		}
}

/* ---- limits: at each, and one past it ---- */

static void
line_limit(void **state)
{
	char in[CMD_LINE_MAX + 64];

	(void)state;
	memset(in, 'x', sizeof in);
	memcpy(in, "NOOP ", 5);
	memcpy(in + CMD_LINE_MAX, "\r\n" BYE, 8);
	expect("at the limit", in, CMD_LINE_MAX + 8, "220 250 221", 0);
	in[CMD_LINE_MAX] = 'x';
	memcpy(in + CMD_LINE_MAX + 1, "\r\n" BYE, 8);
	expect("past the limit", in, CMD_LINE_MAX + 9, "220 500 221", 0);
}

static void
line_flood(void **state)
{
	static char in[100000 + 64], flood[2 * 1024 * 1024];

	(void)state;
	memset(in, 'x', sizeof in);
	memcpy(in + 100000, "\r\n" BYE, 8);
	expect("100000", in, 100008, "220 500 221", 0);
	memset(flood, 'x', sizeof flood);
	expect("no end", flood, sizeof flood, "220 500", 0);
}

static void
octets(void **state)
{
	static const char nul[] = "NOOP \0x\r\n" BYE;
	static const char body[] = HI ENV "DATA\r\nA: b\r\n\r\nx\0y\r\n"
	    ".\r\n" BYE;
	static const char high[] = HI ENV "DATA\r\nA: \xff\r\n\r\n\xfe\r\n"
	    ".\r\n" BYE;

	(void)state;
	expect("NUL", nul, sizeof nul - 1, "220 500 221", 0);
	expect("NUL in a body", body, sizeof body - 1,
	    "220 250 250 250 354 554 221", 0);
	expect("8 bits", "\xff\xfe\x80\r\n\x1b[2J\r\n" BYE, 17,
	    "220 500 500 221", 0);
	expect("8 bits in a body", high, sizeof high - 1,
	    "220 250 250 250 354 250 221", 1);
}

/* A message whose octets on the wire are `lines` lines of `len` octets. */
static size_t
compose(char *in, size_t lines, size_t len)
{
	size_t n = (size_t)sprintf(in, HI ENV "DATA\r\n\r\n"), i;

	for (i = 0; i < lines; i++) {
		memset(in + n, 'x', len);
		memcpy(in + n + len, "\r\n", 2);
		n += len + 2;
	}
	return n + (size_t)sprintf(in + n, ".\r\n" BYE);
}

static void
text_lines(void **state)
{
	static char in[256 * 1024];

	(void)state;
	expect("998", in, compose(in, 2, 998), "220 250 250 250 354 250 221",
	    1);
	expect("999", in, compose(in, 2, 999), "220 250 250 250 354 250 221",
	    1);
	expect("limit", in, compose(in, 2, DATA_LINE_MAX),
	    "220 250 250 250 354 250 221", 1);
	expect("past", in, compose(in, 2, DATA_LINE_MAX + 1),
	    "220 250 250 250 354 554 221", 0);
	expect("100000", in, compose(in, 1, 100000),
	    "220 250 250 250 354 554 221", 0);
}

/* The answer to a message of n octets where max are allowed. */
static void
sized(size_t n, uint64_t max, bool bdat, const char *want)
{
	static char in[IN_MAX];
	struct run r;
	char got[200];
	size_t at;

	run_init(&r);
	r.start.limits.message = max;
	at = (size_t)sprintf(in, HI ENV);
	at += (size_t)(bdat ? sprintf(in + at, "BDAT %zu LAST\r\n", n) :
	    sprintf(in + at, "DATA\r\n"));
	memset(in + at, 'x', n);
	memcpy(in + at, "A: ", 3);
	memcpy(in + at + 70, "\r\n\r\n", 4);
	memcpy(in + at + n - 2, "\r\n", 2);
	at += n;
	at += (size_t)sprintf(in + at, "%s" BYE, bdat ? "" : ".\r\n");
	codes(talk_n(&r, in, at), got, sizeof got);
	if (strcmp(got, want) != 0)
		fail_msg("%zu of %llu: %s, want %s", n,
		    (unsigned long long)max, got, want);
	assert_int_equal(r.fake.stored, strstr(want, "552") == NULL);
	/* What was handed on is either kept or forgotten. */
	assert_int_equal(r.fake.begun, r.fake.aborted +
	    (r.fake.begun > 0 ? r.fake.stored : 0));
	if (r.fake.stored > 0)
		assert_int_equal(r.fake.body.len, n);
	run_clear(&r);
}

static void
sizes(void **state)
{
	static const char data[] = "220 250 250 250 354 250 221";
	static const char data_big[] = "220 250 250 250 354 552 221";
	static const char bdat[] = "220 250 250 250 250 221";
	static const char bdat_big[] = "220 250 250 250 552 221";
	size_t n;

	(void)state;
	sized(1000, 1000, false, data);
	sized(1001, 1000, false, data_big);
	sized(1000, 1000, true, bdat);
	sized(1001, 1000, true, bdat_big);
	/* around what one record holds, and what is handed on in chunks */
	for (n = SPOOL_INLINE - 1; n <= SPOOL_INLINE + 1; n++)
		sized(n, IN_MAX, true, bdat);
	sized(DATA_LINE_MAX - 100, IN_MAX, false, data);
	sized(3999, 1000, true, bdat_big);
	sized(5000, 1000, true, "220 250 250 250 552");
	sized(8000, 1000, false, "220 250 250 250 354 552");
}

static void
large(void **state)
{
	static char in[IN_MAX];
	struct run r;
	size_t n;
	char *out;

	(void)state;
	run_init(&r);
	n = compose(in, 60000, 70);
	out = talk_n(&r, in, n);
	assert_non_null(strstr(out, "250 2.0.0 accepted"));
	assert_int_equal(r.fake.stored, 1);
	assert_int_equal(r.fake.body.len, 2 + 60000 * 72);
	assert_int_equal(r.fake.max_chunk, SPOOL_CHUNK);
	run_clear(&r);
}

/* The pages of the code itself are not what is counted. */
static void
warm_up(void)
{
	struct run r;

	run_init(&r);
	assert_true(send(r.fd[0], HI ENV DATA BYE, strlen(HI ENV DATA BYE),
	    0) > 0);
	session_run(&r.start);
	run_clear(&r);
}

/* 50 MiB, in a process whose memory is counted. */
static void
memory(void **state)
{
	static char in[64 * 1024];
	struct rusage before, after;
	struct run r;
	pid_t pid;
	long grown;
	int status, i;

	(void)state;
	memset(in, 'x', sizeof in);
	for (i = 70; i < (int)sizeof in; i += 72)
		memcpy(in + i, "\r\n", 2);
	memcpy(in + sizeof in - 3, "x\r\n", 3);
	run_init(&r);
	pid = fork();
	if (pid == 0) {
		warm_up();
		r.fake.keep_chunks = false;
		getrusage(RUSAGE_SELF, &before);
		session_run(&r.start);
		getrusage(RUSAGE_SELF, &after);
		grown = after.ru_maxrss - before.ru_maxrss;	/* KiB */
		if (grown > 1024)
			print_error("%ld KiB more\n", grown);
		_exit(r.fake.stored != 1 ? 1 : grown > 1024 ? 2 : 0);
	}
	close(r.fd[1]);
	assert_true(say(&r, HI ENV "DATA\r\nA: b\r\n\r\n",
	    strlen(HI ENV) + 14));
	for (i = 0; i < 799; i++)
		assert_true(say(&r, in, sizeof in));
	assert_true(say(&r, "\r\n.\r\n" BYE, 11));
	assert_true(hear(&r, WAIT_MS));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	run_clear(&r);
}

static size_t
put_rcpts(char *in, unsigned int n, const char *fmt)
{
	size_t at = (size_t)sprintf(in, HI "MAIL FROM:<a@b>\r\n");
	unsigned int i;

	for (i = 0; i < n; i++)
		at += (size_t)sprintf(in + at, fmt, i);
	return at + (size_t)sprintf(in + at, DATA BYE);
}

static unsigned int
count(const char *s, const char *what)
{
	unsigned int n = 0;

	for (s = strstr(s, what); s != NULL; s = strstr(s + 1, what))
		n++;
	return n;
}

static void
recipients(void **state)
{
	static char in[1024 * 1024];
	struct run r;
	const char *out;

	(void)state;
	run_init(&r);
	out = talk_n(&r, in, put_rcpts(in, 100,
	    "RCPT TO:<me+%u@example.org>\r\n"));
	assert_int_equal(count(out, "250 2.1.5"), 100);
	assert_int_equal(count(out, "452"), 0);
	run_clear(&r);
	/* The rest of ten thousand gets 452 and comes again. */
	run_init(&r);
	out = talk_n(&r, in, put_rcpts(in, 10000,
	    "RCPT TO:<me+%u@example.org>\r\n"));
	assert_int_equal(count(out, "250 2.1.5"), 100);
	assert_int_equal(count(out, "452 4.5.3"), 9900);
	assert_int_equal(r.fake.stored, 1);
	assert_true(count(buf_str(&r.fake.events), "refuse") <= 50);
	run_clear(&r);
	/* Guessing names ends soon. */
	run_init(&r);
	out = talk_n(&r, in, put_rcpts(in, 10000,
	    "RCPT TO:<guess%u@example.org>\r\n"));
	assert_int_equal(count(out, "550 5.1.1"), 20);
	assert_int_equal(count(out, "421 4.7.0"), 1);
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
}

static size_t
put_hops(char *in, unsigned int n)
{
	size_t at = (size_t)sprintf(in, HI ENV "DATA\r\n");
	unsigned int i;

	for (i = 0; i < n; i++)
		at += (size_t)sprintf(in + at, "Received: from %u\r\n", i);
	return at + (size_t)sprintf(in + at, "\r\n.\r\n" BYE);
}

static void
hops(void **state)
{
	static char in[65536];

	(void)state;
	expect("50 hops", in, put_hops(in, MAIL_HOPS_MAX),
	    "220 250 250 250 354 250 221", 1);
	expect("51 hops", in, put_hops(in, MAIL_HOPS_MAX + 1),
	    "220 250 250 250 354 554 221", 0);
}

static void
big_header(void **state)
{
	static char in[IN_MAX];
	size_t at = (size_t)sprintf(in, HI ENV "DATA\r\n");
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		at += (size_t)sprintf(in + at, "X-Header-%05d: %040d\r\n", i,
		    0);
	at += (size_t)sprintf(in + at, "\r\n.\r\n" BYE);
	expect("5.7 MB of header", in, at, "220 250 250 250 354 552 221", 0);
}

static void
errors(void **state)
{
	char in[1024] = "", want[1024] = "220";
	int i;

	(void)state;
	for (i = 0; i < 30; i++)
		strcat(in, "FOO\r\n");
	for (i = 0; i < 20; i++)
		strcat(want, " 500");
	strcat(want, " 421");
	expect("hard", in, strlen(in), want, 0);
}

static void
errors_soft(void **state)
{
	struct run r;
	int64_t start;

	(void)state;
	run_init(&r);
	r.start.limits.pause_ms = 100;
	start = clock_mono_ms();
	(void)talk(&r, "FOO\r\nFOO\r\nFOO\r\nFOO\r\nFOO\r\nNOOP\r\nFOO\r\n");
	assert_in_range(clock_mono_ms() - start, 200, 1500);
	run_clear(&r);
}

static void
junk(void **state)
{
	static char in[4096], want[4096];
	int i;

	(void)state;
	strcpy(want, "220");
	for (i = 0; i < 120; i++)
		strcat(in, "NOOP\r\n");
	for (i = 0; i < 100; i++)
		strcat(want, " 250");
	strcat(want, " 421");
	expect("junk", in, strlen(in), want, 0);
}

/* ---- time ---- */

/* Says `in`, then nothing more; what the server says in the end. */
static void
silent(const char *in, void (*set)(struct session_limits *),
    const char *want)
{
	struct run r;
	char got[200];

	run_init(&r);
	set(&r.start.limits);
	run_start(&r);
	assert_true(say(&r, in, strlen(in)));
	assert_true(hear(&r, WAIT_MS));
	codes(finish(&r), got, sizeof got);
	assert_string_equal(got, want);
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
}

static void
fast_command(struct session_limits *l)
{
	l->command_ms = 50;
}

static void
fast_data(struct session_limits *l)
{
	l->data_ms = 50;
}

static void
fast_rate(struct session_limits *l)
{
	l->rate = 1000;
	l->rate_grace_ms = 50;
}

static void
timeouts(void **state)
{
	(void)state;
	silent("", fast_command, "220 421");
	silent(HI "MAIL", fast_command, "220 250 421");
	silent(HI ENV, fast_command, "220 250 250 250 421");
	silent(HI ENV "DATA\r\nx", fast_data, "220 250 250 250 354 421");
	silent(HI ENV "BDAT 5\r\nx", fast_data, "220 250 250 250 421");
	silent(HI ENV "DATA\r\nx", fast_rate, "220 250 250 250 354 421");
}

/* An octet each 20 ms never times out, but the mean is too low; and a
 * command must be whole within its time. */
static void
trickle(void **state)
{
	struct run r;
	const char *out;
	int i;

	(void)state;
	run_init(&r);
	fast_rate(&r.start.limits);
	r.start.limits.command_ms = 200;
	run_start(&r);
	assert_true(say(&r, HI ENV "DATA\r\n", strlen(HI ENV) + 6));
	for (i = 0; i < 50 && !hear(&r, 20); i++)
		if (!say(&r, "x", 1))
			break;
	out = finish(&r);
	assert_non_null(strstr(out, "421 4.4.2 too slow"));
	run_clear(&r);
	run_init(&r);
	r.start.limits.command_ms = 200;
	run_start(&r);
	for (i = 0; i < 50 && !hear(&r, 20); i++)
		if (!say(&r, "x", 1))
			break;
	assert_true(i < 20);
	assert_non_null(strstr(finish(&r), "421 4.4.2 timed out"));
	run_clear(&r);
}

static void
idle(void **state)
{
	struct run r;
	int i;

	(void)state;
	run_init(&r);
	r.start.limits.idle_ms = 100;
	run_start(&r);
	for (i = 0; i < 100 && !hear(&r, 20); i++)
		if (!say(&r, "NOOP\r\n", 6))
			break;
	assert_true(i < 30);
	assert_non_null(strstr(finish(&r), "421 4.4.2 no mail"));
	run_clear(&r);
}

static void
stop(void **state)
{
	struct run r;
	char got[200];

	(void)state;
	run_init(&r);
	run_start(&r);
	assert_true(say(&r, HI, strlen(HI)));
	(void)hear(&r, 50);
	/* News from the parent changes nothing … */
	assert_int_equal(write(r.wake[1], "n", 1), 1);
	(void)hear(&r, 50);
	assert_true(say(&r, "NOOP\r\n", 6));
	(void)hear(&r, 50);
	/* … a stop does. */
	assert_int_equal(write(r.wake[1], "s", 1), 1);
	assert_true(hear(&r, WAIT_MS));
	codes(finish(&r), got, sizeof got);
	assert_string_equal(got, "220 250 250 421");
	assert_non_null(strstr(buf_str(&r.out), "421 4.3.2 "));
	run_clear(&r);
	run_init(&r);
	run_start(&r);
	assert_true(say(&r, HI ENV "DATA\r\nx", strlen(HI ENV) + 7));
	(void)hear(&r, 50);
	assert_int_equal(write(r.wake[1], "s", 1), 1);
	assert_true(hear(&r, WAIT_MS));
	codes(finish(&r), got, sizeof got);
	assert_string_equal(got, "220 250 250 250 354 421");
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
}

/* ---- trouble behind us ---- */

static void
store_says(void **state)
{
	static const struct {
		uint16_t	 status;
		const char	*code;
	} t[] = {
		{ STORE_NOSPACE, "452 4.3.1" }, { STORE_BUSY, "452 4.3.1" },
		{ STORE_IO, "451 4.3.0" }, { STORE_READONLY, "451 4.3.0" },
		{ STORE_TOOBIG, "552 5.3.4" }, { STORE_NORCPT, "550 5.1.1" },
		{ STORE_NOMEM, "451 4.3.0" }, { OP_GONE, "451 4.3.0" },
		{ OP_DENIED, "451 4.3.0" }, { OP_BAD, "451 4.3.0" },
	};
	struct run r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		run_init(&r);
		r.fake.commit_status = t[i].status;
		assert_non_null(strstr(talk(&r, HI ENV DATA BYE), t[i].code));
		run_clear(&r);
		if (t[i].code[0] == '5')
			continue;
		run_init(&r);
		r.fake.rcpt_status = t[i].status;
		assert_non_null(strstr(talk(&r, HI ENV DATA BYE), t[i].code));
		assert_int_equal(r.fake.stored, 0);
		run_clear(&r);
	}
}

static void
store_says_early(void **state)
{
	static char in[IN_MAX];
	struct run r;
	size_t n = compose(in, 10000, 70);

	(void)state;
	run_init(&r);
	r.fake.full = true;
	assert_non_null(strstr(talk(&r, HI "MAIL FROM:<a@b> SIZE=70000\r\n"
	    BYE), "\r\n452 4.3.1"));
	run_clear(&r);
	run_init(&r);
	r.fake.begin_status = STORE_NOSPACE;
	assert_non_null(strstr(talk_n(&r, in, n), "452 4.3.1"));
	assert_int_equal(r.fake.aborted, 0);
	run_clear(&r);
	run_init(&r);
	r.fake.data_errno = EPIPE;
	assert_non_null(strstr(talk_n(&r, in, n), "451 4.3.0"));
	assert_int_equal(r.fake.aborted, 1);
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
	/* Cut off in the middle of what was handed on. */
	run_init(&r);
	(void)talk_n(&r, in, n - 100);
	assert_int_equal(r.fake.begun, 1);
	assert_int_equal(r.fake.aborted, 1);
	run_clear(&r);
}

/* ---- TLS ---- */

static void
tls_on(struct fake *f)
{
	static const char *const names[] = { "mail.example.org" };
	struct cert_subject subject = { NULL, 0, names, 1 };
	struct secret *sec;
	struct buf spki, pem;

	buf_init(&spki, SIGN_PUB_MAX);
	buf_init(&pem, TLS_PEM_MAX);
	assert_int_equal(sign_generate(SIGN_P256, &sec), CRYPTO_OK);
	assert_int_equal(sign_private(SIGN_P256, sec, &f->key), CRYPTO_OK);
	secret_free(sec);
	assert_int_equal(sign_key_public(f->key, &spki), CRYPTO_OK);
	subject.spki = spki.data;
	subject.spki_len = spki.len;
	assert_int_equal(cert_self_signed(&subject, 30, local_sign, f, &pem),
	    CRYPTO_OK);
	assert_int_equal(tls_server_new(pem.data, pem.len, &f->tls),
	    CRYPTO_OK);
	buf_clear(&spki);
	buf_clear(&pem);
}

static void
tls_off(struct fake *f)
{
	tls_server_free(f->tls);
	sign_key_free(f->key);
}

/* Reads over t until `what` has come. */
static void
hear_tls(struct run *r, struct tls *t, const char *what)
{
	struct pollfd p = { .fd = r->fd[0], .events = POLLIN };
	char part[4096];
	ssize_t n;

	while (strstr(buf_str(&r->out), what) == NULL) {
		n = tls_read(t, part, sizeof part);
		if (n > 0)
			buf_add(&r->out, part, (size_t)n);
		else if (n == TLS_WANT_READ)
			assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		else
			fail_msg("TLS ended before %s", what);
	}
}

static void
hear_plain(struct run *r, const char *what)
{
	while (strstr(buf_str(&r->out), what) == NULL)
		assert_false(hear(r, 10));
}

static void
starttls(void **state)
{
	struct tls_trust none = { .how = TLS_VERIFY_NONE };
	struct tls_client *client;
	struct tls *t;
	struct run r;

	(void)state;
	run_init(&r);
	tls_on(&r.fake);
	assert_int_equal(tls_client_new(&none, &client), CRYPTO_OK);
	run_start(&r);
	assert_true(say(&r, HI ENV, strlen(HI ENV)));
	hear_plain(&r, "2.1.5");
	assert_non_null(strstr(buf_str(&r.out), "250-STARTTLS\r\n"));
	/* Whatever follows STARTTLS in the clear is forgotten, and so is the
	 * transaction. */
	assert_true(say(&r, "RSET\r\nSTARTTLS\r\nNOOP\r\nVRFY injected\r\n",
	    37));
	hear_plain(&r, "220 2.0.0");
	t = tls_connect(client, r.fd[0], "mail.example.org");
	assert_int_equal(tls_handshake_until(t, clock_mono_ms() + WAIT_MS), 0);
	buf_reset(&r.out);
	assert_true(tls_write(t, "MAIL FROM:<a@b>\r\n", 17) == 17);
	hear_tls(&r, t, "\r\n");
	assert_memory_equal(buf_str(&r.out), "503 5.5.1 say EHLO", 18);
	buf_reset(&r.out);
	assert_true(tls_write(t, HI "STARTTLS\r\n" ENV DATA BYE,
	    strlen(HI ENV DATA BYE) + 10) > 0);
	hear_tls(&r, t, "221 ");
	assert_null(strstr(buf_str(&r.out), "250-STARTTLS"));
	assert_null(strstr(buf_str(&r.out), "252 "));
	assert_non_null(strstr(buf_str(&r.out), "\r\n503 5.5.1 TLS is on"));
	tls_close(t);
	(void)finish(&r);
	assert_int_equal(r.fake.stored, 1);
	assert_non_null(strstr(buf_str(&r.fake.head), "with ESMTPS\r\n"
	    "\t(TLSv1.3 TLS_"));
	assert_non_null(strstr(r.fake.peer, "tls=TLSv1.3,TLS_"));
	tls_free(t);
	tls_client_free(client);
	tls_off(&r.fake);
	run_clear(&r);
}

static void
starttls_fails(void **state)
{
	struct run r;
	const char *out;

	(void)state;
	/* none to be had */
	run_init(&r);
	out = talk(&r, HI "STARTTLS\r\nSTARTTLS x\r\n" BYE);
	assert_non_null(strstr(out, "\r\n454 4.7.0"));
	assert_non_null(strstr(out, "\r\n501 5.5.4"));
	assert_non_null(strstr(out, "\r\n221"));
	run_clear(&r);
	/* no TLS comes: the plain words behind it are not obeyed */
	run_init(&r);
	tls_on(&r.fake);
	out = talk(&r, HI "STARTTLS\r\n" HI ENV DATA BYE);
	assert_int_equal(r.fake.stored, 0);
	tls_off(&r.fake);
	run_clear(&r);
	run_init(&r);
	tls_on(&r.fake);
	run_start(&r);
	assert_true(say(&r, HI "STARTTLS\r\n", strlen(HI) + 10));
	hear_plain(&r, "220 2.0.0");
	assert_true(say(&r, ENV DATA BYE, strlen(ENV DATA BYE)));
	(void)finish(&r);
	assert_int_equal(r.fake.stored, 0);
	assert_null(strstr(buf_str(&r.out), "250 2.1.0"));
	tls_off(&r.fake);
	run_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(dialogue),
		cmocka_unit_test(smuggling),
		cmocka_unit_test(cuts),
		cmocka_unit_test(cuts_bdat),
		cmocka_unit_test(kept),
		cmocka_unit_test(kept_envelope),
		cmocka_unit_test(asked_once),
		cmocka_unit_test(forged),
		cmocka_unit_test(offers),
		cmocka_unit_test(no_relay),
		cmocka_unit_test(line_limit),
		cmocka_unit_test(line_flood),
		cmocka_unit_test(octets),
		cmocka_unit_test(text_lines),
		cmocka_unit_test(sizes),
		cmocka_unit_test(large),
		cmocka_unit_test(recipients),
		cmocka_unit_test(hops),
		cmocka_unit_test(big_header),
		cmocka_unit_test(errors),
		cmocka_unit_test(errors_soft),
		cmocka_unit_test(junk),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(trickle),
		cmocka_unit_test(idle),
		cmocka_unit_test(stop),
		cmocka_unit_test(store_says),
		cmocka_unit_test(store_says_early),
		cmocka_unit_test(starttls),
		cmocka_unit_test(starttls_fails),
	};

	log_init("test", LOG_ERROR);
	signal(SIGPIPE, SIG_IGN);
	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
