#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/line_parts.h"

enum { LINE_RAW = 16 * 1024 };	/* octets received at a time, to be decoded */

static const char *const texts[] = {
	[LINE_OK] = "ok",
	[LINE_END] = "the peer closed the connection",
	[LINE_TIMEOUT] = "timed out",
	[LINE_SLOW] = "below the minimum rate",
	[LINE_WAKE] = "interrupted",
	[LINE_LONG] = "line too long",
	[LINE_FLOOD] = "a line without an end",
	[LINE_BARE] = "bare CR or LF",
	[LINE_NUL] = "NUL in a line",
	[LINE_IO] = "input or output error",
	[LINE_CODED] = "what came cannot be decoded",
	[LINE_TLS] = "TLS error",
	[LINE_NOMEM] = "out of memory",
};

const char *
line_err_text(enum line_err e)
{
	if ((size_t)e >= sizeof texts / sizeof texts[0])
		return "unknown error";
	return texts[e];
}

struct line *
line_new(int fd, size_t in_max)
{
	struct line *l = calloc(1, sizeof *l);
	int flags = fcntl(fd, F_GETFL), one = 1;

	BUG_ON(in_max < LINE_IN_MIN);
	if (l == NULL)
		return NULL;
	l->fd = fd;
	l->wake = -1;
	l->max = in_max;
	l->timeout_ms = -1;
	buf_init(&l->out, LINE_OUT_MAX);
	l->in = malloc(in_max + 1);
	if (l->in == NULL || flags == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		line_free(l);
		return NULL;
	}
	/* Else TLS 1.3 and each short answer wait 40 ms for an ACK. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return l;
}

void
line_free(struct line *l)
{
	if (l == NULL)
		return;
	tls_free(l->tls);
	buf_clear(&l->out);
	buf_clear(&l->raw);
	buf_clear(&l->coded);
	free(l->in);
	free(l);
}

void
line_timeout(struct line *l, int64_t timeout_ms)
{
	l->timeout_ms = timeout_ms;
}

void
line_rate(struct line *l, uint32_t octets_per_s, int64_t grace_ms)
{
	l->rate = octets_per_s;
	l->grace_ms = grace_ms;
	l->waited_ms = 0;
	l->rated = 0;
}

void
line_alive(const struct line *l)
{
	enum { IDLE_S = 120, EVERY_S = 30, PROBES = 4 };
	const struct { int level, name, value; } opts[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, EVERY_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, PROBES } };
	size_t i;

	for (i = 0; i < sizeof opts / sizeof opts[0]; i++)
		(void)setsockopt(l->fd, opts[i].level, opts[i].name,
		    &opts[i].value, sizeof opts[i].value);
}

void
line_wake(struct line *l, int fd)
{
	l->wake = fd;
}

struct tls *
line_tls_of(const struct line *l)
{
	return l->tls;
}

size_t
line_buffered(const struct line *l)
{
	return l->end - l->at;
}

uint64_t
line_received(const struct line *l)
{
	return l->received;
}

/* ---- waiting ---- */

int64_t
line_until(const struct line *l)
{
	return l->timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + l->timeout_ms;
}

int
line_poll_time(int64_t left_ms)
{
	return left_ms > INT32_MAX ? -1 : left_ms > 0 ? (int)left_ms : 0;
}

enum line_err
line_wait_socket(struct line *l, short events, int64_t until_ms)
{
	struct pollfd p = { .fd = l->fd, .events = events };
	int64_t left;
	int n;

	do {
		left = until_ms == INT64_MAX ? until_ms :
		    until_ms - clock_mono_ms();
		if (left <= 0)
			return LINE_TIMEOUT;
		n = poll(&p, 1, line_poll_time(left));
	} while (n == 0 || (n == -1 && errno == EINTR));
	return n == -1 ? LINE_IO : LINE_OK;
}

/* How long the peer may keep us waiting before its mean is too low. */
static int64_t
patience(const struct line *l)
{
	int64_t earned;

	if (l->rate == 0)
		return INT64_MAX;
	earned = (int64_t)(l->rated * 1000 / l->rate);
	if (earned < l->grace_ms)
		earned = l->grace_ms;
	return earned > l->waited_ms ? earned - l->waited_ms : 0;
}

/* Waits for input, or whatever `events` TLS wants in its place. */
static enum line_err
wait_input(struct line *l, short events, int64_t until_ms)
{
	struct pollfd p[2] = { { .fd = l->fd, .events = events },
	    { .fd = l->wake, .events = POLLIN } };
	int64_t now = clock_mono_ms(), patient = patience(l), left, start;
	int n;

	start = now;
	for (;;) {
		left = until_ms == INT64_MAX ? until_ms : until_ms - now;
		if (patient <= 0)
			return LINE_SLOW;
		if (left <= 0)
			return LINE_TIMEOUT;
		n = poll(p, 2, line_poll_time(left < patient ? left : patient));
		now = clock_mono_ms();
		l->waited_ms += now - start;
		start = now;
		patient = patience(l);
		if (n > 0)
			break;
		if (n == -1 && errno != EINTR)
			return LINE_IO;
	}
	return p[0].revents != 0 ? LINE_OK : LINE_WAKE;
}

/* ---- input ---- */

static void
squeeze(struct line *l)
{
	memmove(l->in, l->in + l->at, l->end - l->at);
	l->end -= l->at;
	l->at = 0;
}

/* One attempt.  Octets, 0 with *want, or -1 with *err. */
static ssize_t
recv_octets(struct line *l, uint8_t *p, size_t room, short *want,
    enum line_err *err)
{
	ssize_t got;

	*want = POLLIN;
	if (l->tls == NULL) {
		got = recv(l->fd, p, room, 0);
		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return 0;
		*err = got == 0 || (got == -1 && errno == ECONNRESET) ?
		    LINE_END : LINE_IO;
		return got > 0 ? got : -1;
	}
	got = tls_read(l->tls, p, room);
	if (got == TLS_WANT_WRITE)
		*want = POLLOUT;
	if (got == TLS_WANT_READ || got == TLS_WANT_WRITE)
		return 0;
	*err = got == 0 ? LINE_END : LINE_TLS;
	return got > 0 ? got : -1;
}

/* The same, decoded. */
static ssize_t
recv_some(struct line *l, short *want, enum line_err *err)
{
	const struct line_codec *c = l->codec;
	size_t n, room;
	ssize_t got;

	if (c == NULL)
		return recv_octets(l, l->in + l->end, l->max - l->end, want,
		    err);
	for (;;) {
		n = l->raw.len - l->raw_at;
		room = l->max - l->end;
		if (c->decode(c->arg, l->raw.data + l->raw_at, &n,
		    l->in + l->end, &room) == -1) {
			*err = LINE_CODED;
			return -1;
		}
		l->raw_at += n;
		if (room > 0)
			return (ssize_t)room;
		if (l->raw_at < l->raw.len && n > 0)
			continue;
		got = recv_octets(l, l->raw.data, l->raw.cap, want, err);
		if (got <= 0)
			return got;
		l->raw.len = (size_t)got;
		l->raw_at = 0;
	}
}

/*
 * What comes in pieces is acknowledged now: with Nagle's algorithm the peer
 * sends the next only then, and the kernel, which hopes for an answer to carry
 * it, would take 40 ms.
 */
static void
acknowledge(const struct line *l)
{
	int one = 1;

	(void)setsockopt(l->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

/* More input behind what is there; room for it must be. */
static enum line_err
more(struct line *l, int64_t until_ms)
{
	bool asked = l->out.len > 0;
	enum line_err err = LINE_OK;
	short want = POLLIN;
	ssize_t got;

	if (l->at == l->end)
		l->at = l->end = 0;
	else if (l->end == l->max)
		squeeze(l);
	BUG_ON(l->end == l->max);
	if (asked || l->broken != LINE_OK)
		err = line_flush(l);
	/* The answer to what was just sent is not here yet. */
	if (err == LINE_OK && asked && l->tls == NULL)
		err = wait_input(l, want, until_ms);
	if (err != LINE_OK)
		return err;
	while ((got = recv_some(l, &want, &err)) == 0) {
		if (!asked)
			acknowledge(l);
		err = wait_input(l, want, until_ms);
		if (err != LINE_OK)
			return err;
	}
	if (got == -1)
		return err;
	l->end += (size_t)got;
	l->received += (uint64_t)got;
	l->rated += (uint64_t)got;
	return LINE_OK;
}

enum line_err
line_code(struct line *l, const struct line_codec *c)
{
	enum line_err err = line_flush(l);

	if (err != LINE_OK)
		return err;
	buf_init(&l->raw, l->max);
	buf_init(&l->coded, LINE_OUT_MAX * 2);
	if (buf_reserve(&l->raw, LINE_RAW) == -1 ||
	    buf_add(&l->raw, l->in + l->at, l->end - l->at) == -1)
		return LINE_NOMEM;
	l->raw_at = 0;
	l->at = l->end = l->seen = 0;
	l->codec = c;
	return LINE_OK;
}

void
line_drop(struct line *l, size_t n)
{
	BUG_ON(n > l->end - l->at);
	l->at += n;
	l->seen = 0;
	if (l->at == l->end)
		l->at = l->end = 0;
}

enum line_err
line_peek(struct line *l, const uint8_t **p, size_t *n)
{
	enum line_err err;

	*p = NULL;
	*n = 0;
	if (l->at == l->end) {
		err = more(l, line_until(l));
		if (err != LINE_OK)
			return err;
	}
	*p = l->in + l->at;
	*n = l->end - l->at;
	return LINE_OK;
}

enum line_err
line_read(struct line *l, void *p, size_t n)
{
	const uint8_t *from;
	uint8_t *to = p;
	size_t have;
	enum line_err err;

	while (n > 0) {
		err = line_peek(l, &from, &have);
		if (err != LINE_OK)
			return err;
		if (have > n)
			have = n;
		memcpy(to, from, have);
		line_drop(l, have);
		to += have;
		n -= have;
	}
	return LINE_OK;
}

/*
 * Every CR of [p, p+n) stands before an LF, and the other way round; a CR
 * that is last may still get its LF.
 */
static bool
pairs(const uint8_t *p, size_t n)
{
	const uint8_t *cr, *end = p + n;
	const uint8_t *lf = memchr(p, '\n', n);

	if (lf != NULL && (lf == p || lf[-1] != '\r'))
		return false;
	cr = memchr(p, '\r', n);
	return cr == NULL || cr + 1 == end || cr[1] == '\n';
}

static void
keep_head(struct line *l, const uint8_t *p, size_t n)
{
	if (n > LINE_HEAD_MAX)
		n = LINE_HEAD_MAX;
	memcpy(l->head, p, n);
	l->nhead = n;
}

/*
 * The end of the first line, waiting for it: *n octets stand before its
 * CRLF.  Of an over-long line the octets beyond max are not kept, *n then
 * counts what came; its last octet stays, as it may be a CR.
 */
static enum line_err
find_end(struct line *l, size_t max, size_t *n)
{
	int64_t deadline = line_until(l);
	uint8_t *p, *lf;
	size_t have;
	enum line_err err;

	for (;;) {
		p = l->in + l->at;
		have = l->end - l->at;
		lf = memchr(p + l->seen, '\n', have - l->seen);
		if (!pairs(p, lf != NULL ? (size_t)(lf - p) + 1 : have))
			return LINE_BARE;
		if (lf != NULL) {
			*n = l->passed + (size_t)(lf - p) - 1;
			l->seen = (size_t)(lf - p) + 1;
			l->passed = 0;
			return LINE_OK;
		}
		l->seen = have;
		if (have > max + 1) {
			if (l->passed == 0)
				keep_head(l, p, have - 1);
			l->passed += have - 1;
			l->at += have - 1;
			l->seen = 1;
		}
		if (l->passed > LINE_SKIP_MAX)
			return LINE_FLOOD;
		err = more(l, deadline);
		if (err != LINE_OK)
			return err;
	}
}

enum line_err
line_get(struct line *l, size_t max, char **text, size_t *len)
{
	static char none[1];
	enum line_err err;
	size_t n, used;
	uint8_t *p;

	BUG_ON(max + 2 > l->max);
	none[0] = '\0';
	*text = none;
	*len = 0;
	err = find_end(l, max, &n);
	if (err != LINE_OK)
		return err;
	p = l->in + l->at;
	used = l->seen;
	/* Kept in place: only the position moves, the octets stay. */
	l->at += used;
	l->seen = 0;
	err = n > max ? LINE_LONG : memchr(p, '\0', n) != NULL ? LINE_NUL :
	    LINE_OK;
	if (err != LINE_OK && n + 2 == used)
		keep_head(l, p, n);
	if (err != LINE_OK)
		return err;
	p[n] = '\0';
	*text = (char *)p;
	*len = n;
	return LINE_OK;
}

const char *
line_head(const struct line *l, size_t *n)
{
	*n = l->nhead;
	return l->head;
}

/* ---- TLS ---- */

enum line_err
line_tls(struct line *l, struct tls *t)
{
	enum line_err err;
	int64_t deadline;

	err = line_flush(l);
	l->at = l->end = l->seen = l->passed = 0;
	l->tls = t;
	if (err != LINE_OK)
		return err;
	deadline = line_until(l);
	if (tls_handshake_until(t, deadline) == 0)
		return LINE_OK;
	l->broken = LINE_TLS;
	return LINE_TLS;
}
