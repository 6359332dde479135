/* Output: collected, and sent before anything is waited for. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/line_parts.h"

/* One attempt.  Octets taken, or 0 with *want what to wait for, or -1. */
static ssize_t
send_some(struct line *l, const uint8_t *p, size_t n, short *want)
{
	ssize_t put;

	*want = POLLOUT;
	if (l->tls == NULL) {
		put = send(l->fd, p, n, MSG_NOSIGNAL);
		if (put == -1 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (put == -1)
			l->broken = errno == EPIPE || errno == ECONNRESET ?
			    LINE_END : LINE_IO;
		return put;
	}
	put = tls_write(l->tls, p, n);
	if (put == TLS_WANT_READ)
		*want = POLLIN;
	if (put == TLS_WANT_READ || put == TLS_WANT_WRITE)
		return 0;
	if (put == TLS_ERROR)
		l->broken = LINE_TLS;
	return put;
}

/* What was collected, as it goes out. */
static const struct buf *
coded(struct line *l)
{
	if (l->codec == NULL || l->out.len == 0)
		return &l->out;
	buf_reset(&l->coded);
	if (l->codec->encode(l->codec->arg, l->out.data, l->out.len,
	    &l->coded) == -1)
		l->broken = LINE_NOMEM;
	return &l->coded;
}

enum line_err
line_flush(struct line *l)
{
	int64_t deadline = line_until(l);
	const struct buf *out;
	size_t done = 0;
	ssize_t put;
	short want;

	if (l->out.err != 0 && l->broken == LINE_OK)
		l->broken = LINE_NOMEM;
	out = coded(l);
	while (l->broken == LINE_OK && done < out->len) {
		put = send_some(l, out->data + done, out->len - done, &want);
		if (put > 0)
			done += (size_t)put;
		else if (put == 0)
			l->broken = line_wait_socket(l, want, deadline);
	}
	buf_reset(&l->out);
	return l->broken;
}

void
line_put(struct line *l, const void *p, size_t n)
{
	const uint8_t *from = p;
	size_t part;

	for (; n > 0 && l->broken == LINE_OK; from += part, n -= part) {
		part = n > LINE_OUT_SEND ? LINE_OUT_SEND : n;
		(void)buf_add(&l->out, from, part);
		if (l->out.len >= LINE_OUT_SEND || l->out.err != 0)
			(void)line_flush(l);
	}
}

void
line_puts(struct line *l, const char *s)
{
	line_put(l, s, strlen(s));
}

void
line_putf(struct line *l, const char *fmt, ...)
{
	struct buf b;
	va_list ap;
	char *text;
	int n;

	buf_init(&b, LINE_OUT_MAX);
	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	BUG_ON(n < 0);
	if (buf_reserve(&b, (size_t)n) == 0) {
		text = (char *)b.data;
		va_start(ap, fmt);
		vsnprintf(text, (size_t)n + 1, fmt, ap);
		va_end(ap);
		line_put(l, text, (size_t)n);
	} else if (l->broken == LINE_OK)
		l->broken = LINE_NOMEM;
	buf_clear(&b);
}

enum line_err
line_pause(struct line *l, int64_t ms)
{
	struct pollfd p = { .fd = l->wake, .events = POLLIN };
	int64_t end = clock_mono_ms() + ms;
	int n;

	do {
		n = poll(&p, 1, line_poll_time(end - clock_mono_ms()));
		if (n == 1)
			return LINE_WAKE;
	} while (clock_mono_ms() < end);
	return LINE_OK;
}

void
line_bye(struct line *l)
{
	if (line_flush(l) == LINE_OK && l->tls != NULL)
		tls_close(l->tls);
}

void
line_linger(struct line *l)
{
	int64_t end = clock_mono_ms() + LINE_LINGER_MS;
	uint8_t waste[4096];

	if (shutdown(l->fd, SHUT_WR) == -1)
		return;
	while (line_wait_socket(l, POLLIN, end) == LINE_OK)
		if (recv(l->fd, waste, sizeof waste, 0) <= 0)
			break;
}
