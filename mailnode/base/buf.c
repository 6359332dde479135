#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/buf.h"

enum { BUF_FIRST = 256 };	/* octets of a first allocation */

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof *b);
	b->max = max;
}

void
buf_clear(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = 0;
}

static int
fail(struct buf *b, int err)
{
	b->err = err;
	return -1;
}

/* One octet more than asked is always kept for the NUL of buf_str. */
int
buf_reserve(struct buf *b, size_t more)
{
	size_t cap, need;
	uint8_t *p;

	if (b->err)
		return -1;
	if (more > b->max - b->len)
		return fail(b, EMSGSIZE);
	need = b->len + more + 1;
	if (need <= b->cap)
		return 0;
	cap = b->cap ? b->cap : BUF_FIRST;
	while (cap < need)
		cap = cap > b->max / 2 ? b->max + 1 : cap * 2;
	p = realloc(b->data, cap);
	if (p == NULL)
		return fail(b, ENOMEM);
	b->data = p;
	b->cap = cap;
	return 0;
}

int
buf_add(struct buf *b, const void *p, size_t n)
{
	if (buf_reserve(b, n) == -1)
		return -1;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	return 0;
}

int
buf_addc(struct buf *b, int c)
{
	uint8_t octet = (uint8_t)c;

	return buf_add(b, &octet, 1);
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addu(struct buf *b, uint64_t v)
{
	char text[24], *end = text + sizeof text, *p = end;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	return buf_add(b, p, (size_t)(end - p));
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	BUG_ON(n < 0);
	if (buf_reserve(b, (size_t)n) == -1)
		return -1;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

void
buf_drop(struct buf *b, size_t n)
{
	BUG_ON(n > b->len);
	b->len -= n;
	if (n > 0 && b->len > 0)
		memmove(b->data, b->data + n, b->len);
}

char *
buf_str(struct buf *b)
{
	if (buf_reserve(b, 0) == -1)
		return NULL;
	b->data[b->len] = '\0';
	return (char *)b->data;
}

char *
buf_take(struct buf *b, size_t *len)
{
	char *s = buf_str(b);

	if (s == NULL)
		return NULL;
	if (len != NULL)
		*len = b->len;
	buf_init(b, b->max);
	return s;
}
