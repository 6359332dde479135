/*
 * Sessions over a socketpair, with a backend that remembers: what the units
 * smtp_session.c, smtp_limits.c and smtp_tls.c share.
 */
#ifndef UNIT_SMTP_FAKE_H
#define UNIT_SMTP_FAKE_H

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

#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/smtp/mail.h"
#include "mailnode/smtp/session.h"
#include "tests/unit/tls_self.h"

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
	struct smtp_known known;
	unsigned int	 stored, begun, aborted, asked;
	size_t		 max_chunk;
	struct buf	 head, body, chunks;
	char		 sender[SPOOL_ADDR_MAX];
	char		 rcpts[4096];	/* blank between */
	char		 peer[SPOOL_TEXT_MAX];
	char		 trace[SPOOL_TRACE_MAX];
	struct buf	 events;
	bool		 full, keep_chunks, catchall;
	bool		 knows;		/* of senders */
	unsigned int	 knew;		/* how often it was asked of them */
	uint16_t	 history_status;
	uint16_t	 rcpt_status, begin_status, commit_status;
	int		 data_errno;
	int		 stop;		/* descriptor to read before a stop */
	struct tls_self	 tls;		/* server NULL: none */
};

static uint16_t
fake_rcpt(void *arg, const char *addr, struct rcpt *out)
{
	struct fake *f = arg;
	const char *at = strrchr(addr, '@');

	memset(out, 0, sizeof *out);
	out->knows = f->knows;
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
	else if (strncmp(addr, "SRS0=", 5) == 0) {
		out->class = RCPT_SRS;
		out->fans = true;
	} else if (strncmp(addr, "board@", 6) == 0) {
		out->class = RCPT_ALIAS;
		out->fans = true;
	} else if (strncmp(addr, "burned@", 7) == 0)
		out->class = RCPT_BURNED;
	else
		out->class = f->catchall ? RCPT_CATCHALL : RCPT_UNKNOWN;
	return STORE_OK;
}

static enum crypto_err
fake_srs(void *arg, const char *addr)
{
	(void)arg;
	return strncmp(addr, "SRS0=good", 9) == 0 ? CRYPTO_OK :
	    strncmp(addr, "SRS0=lock", 9) == 0 ? CRYPTO_LOCKED :
	    strncmp(addr, "SRS0=late", 9) == 0 ? CRYPTO_EXPIRED : CRYPTO_PEER;
}

static inline bool
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

static inline int
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

static inline void
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

static inline void
fake_event(void *arg, const char *trace, const char *addr, const char *kind,
    const char *text)
{
	struct fake *f = arg;

	buf_addf(&f->events, "%s %s <%s> %s\n", kind, trace, addr, text);
}

static inline bool
fake_has_tls(void *arg)
{
	return ((struct fake *)arg)->tls.server != NULL;
}

static inline struct tls *
fake_tls(void *arg, int fd)
{
	struct fake *f = arg;

	return tls_accept(f->tls.server, fd, tls_self_sign, &f->tls);
}

static inline bool
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

static inline void *
serve(void *arg)
{
	struct run *r = arg;

	session_run(&r->start);
	close(r->fd[1]);
	return NULL;
}

static inline void
run_init(struct run *r)
{
	struct fake *f = &r->fake;

	memset(r, 0, sizeof *r);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->fd), 0);
	assert_int_equal(pipe(r->wake), 0);
	f->be = (struct smtp_backend){ .arg = f, .dns = -1,
	    .known = &f->known,
	    .rcpt = fake_rcpt, .srs = fake_srs, .refusing = fake_refusing,
	    .begin = fake_begin, .data = fake_data, .abort = fake_abort,
	    .commit = fake_commit, .event = fake_event,
	    .has_tls = fake_has_tls, .tls = fake_tls, .woken = fake_woken };
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

static inline void
run_start(struct run *r)
{
	assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static inline void
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
static inline bool
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
static inline bool
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
static inline char *
finish(struct run *r)
{
	shutdown(r->fd[0], SHUT_WR);
	assert_true(hear(r, WAIT_MS));
	assert_int_equal(pthread_join(r->thread, NULL), 0);
	return buf_str(&r->out);
}

static inline char *
talk_n(struct run *r, const char *in, size_t n)
{
	run_start(r);
	(void)say(r, in, n);
	return finish(r);
}

static inline char *
talk(struct run *r, const char *in)
{
	return talk_n(r, in, strlen(in));
}

/* The codes of complete replies, blank between; each 4xx and 5xx must end
 * with a trace id, and each line be one. */
static inline void
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

static inline void
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

static inline int
fake_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
	log_init(name, LOG_ERROR);
	(void)signal(SIGPIPE, SIG_IGN);
	if (crypto_init() == -1)
		return 1;
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

#endif
