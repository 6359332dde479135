/*
 * auth/canon: the streaming forms say the same as RFC 6376 section 3.4 read
 * line by line, wherever the body is cut.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/canon.h"
#include "mailnode/base/buf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 1 << 22 };

static void
sink(void *arg, const void *p, size_t n)
{
	if (buf_add(arg, p, n) == -1)
		abort();
}

static void
one_line(struct buf *b, const uint8_t *p, size_t n, enum canon how)
{
	size_t i;

	if (how == CANON_SIMPLE) {
		buf_add(b, p, n);
		return;
	}
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	for (i = 0; i < n; i++)
		if (p[i] != ' ' && p[i] != '\t')
			buf_addc(b, p[i]);
		else if (i == 0 || (p[i - 1] != ' ' && p[i - 1] != '\t'))
			buf_addc(b, ' ');
}

static void
slowly(struct buf *b, const uint8_t *p, size_t n, enum canon how)
{
	const uint8_t *end = p + n, *lf, *stop;
	size_t keep = 0;

	for (; p < end; p = lf != NULL ? lf + 1 : end) {
		lf = memchr(p, '\n', (size_t)(end - p));
		stop = lf != NULL ? lf : end;
		if (lf != NULL && lf > p && lf[-1] == '\r')
			stop--;
		n = b->len;
		one_line(b, p, (size_t)(stop - p), how);
		if (b->len > n)
			keep = b->len + 2;
		buf_adds(b, "\r\n");
	}
	b->len = keep;
	if (keep == 0 && how == CANON_SIMPLE)
		buf_adds(b, "\r\n");
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct canon_body c;
	struct buf got, want;
	enum canon how;
	size_t i, step;

	if (n == 0)
		return 0;
	step = 1 + p[0] / 2;
	p++;
	n--;
	buf_init(&got, MAX);
	buf_init(&want, MAX);
	for (how = CANON_SIMPLE; how <= CANON_RELAXED; how++) {
		buf_reset(&got);
		buf_reset(&want);
		canon_body_init(&c, how, sink, &got);
		for (i = 0; i < n; i += step)
			canon_body_feed(&c, p + i,
			    step < n - i ? step : n - i);
		canon_body_end(&c);
		slowly(&want, p, n, how);
		if (got.len != want.len || c.total != got.len ||
		    (got.len > 0 && memcmp(got.data, want.data, got.len)))
			abort();
	}
	buf_clear(&got);
	buf_clear(&want);
	return 0;
}
