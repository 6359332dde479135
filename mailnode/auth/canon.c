#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "mailnode/auth/canon.h"

enum { DIRECT = 1024 };		/* octets of a run that is not copied */

void
canon_body_init(struct canon_body *c, enum canon how, canon_sink *sink,
    void *arg)
{
	memset(c, 0, offsetof(struct canon_body, out));
	c->how = how;
	c->sink = sink;
	c->arg = arg;
}

static void
flush(struct canon_body *c)
{
	if (c->fill > 0)
		c->sink(c->arg, c->out, c->fill);
	c->fill = 0;
}

static void
put(struct canon_body *c, uint8_t octet)
{
	if (c->fill == sizeof c->out)
		flush(c);
	c->out[c->fill++] = octet;
	c->total++;
}

static void
put_line_end(struct canon_body *c)
{
	put(c, '\r');
	put(c, '\n');
}

/* Content follows: the line ends and the blank before it were not last. */
static void
release(struct canon_body *c)
{
	for (; c->ends > 0; c->ends--)
		put_line_end(c);
	if (c->wsp) {
		c->wsp = false;
		put(c, ' ');
	}
}

/* Octets that stay as they are, the first of them content. */
static void
put_run(struct canon_body *c, const uint8_t *p, size_t n)
{
	if (c->ends > 0 || c->wsp)
		release(c);
	c->total += n;
	if (n >= DIRECT || n > sizeof c->out - c->fill) {
		flush(c);
		if (n >= DIRECT) {
			c->sink(c->arg, p, n);
			return;
		}
	}
	memcpy(c->out + c->fill, p, n);
	c->fill += n;
}

/* Up to a line end that may be the last, or is none of CRLF. */
static const uint8_t *
simple_run(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *lf, *start = p;

	for (;;) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			return end[-1] == '\r' ? end - 1 : end;
		if (lf == start || lf[-1] != '\r')
			return lf;
		if (lf + 1 == end || lf[1] == '\r' || lf[1] == '\n')
			return lf - 1;
		p = lf + 1;
	}
}

/* Past octets above a blank, and single blanks before one of those. */
static const uint8_t *
words(const uint8_t *p, const uint8_t *end)
{
#if defined(__SSE2__)
	const __m128i blank = _mm_set1_epi8(' ');
	unsigned int low, sp, stop;
	__m128i x;

	for (; end - p > 16; p += 16) {
		x = _mm_loadu_si128((const __m128i *)(const void *)p);
		low = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(x,
		    _mm_min_epu8(x, blank)));
		sp = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(x, blank));
		low |= (unsigned int)(p[16] <= ' ') << 16;
		stop = (low & ~sp & 0xffff) | (sp & low >> 1);
		if (stop != 0)
			return p + __builtin_ctz(stop);
	}
#endif
	while (p < end && (*p > ' ' ||
	    (*p == ' ' && end - p > 1 && p[1] > ' ')))
		p++;
	return p;
}

static bool
blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const uint8_t *
relaxed_run(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *start = p;

	/* A blank may be one of several, and a line end take it away. */
	if (blank(*p))
		return p;
	for (;;) {
		p = words(p, end);
		if (end - p < 3 || p[0] != '\r' || p[1] != '\n' ||
		    p[2] <= ' ')
			break;
		p += 2;
	}
	/* Controls are content, and rare. */
	while (p == start && p < end && !blank(*p))
		start = ++p;
	return p;
}

static void
special(struct canon_body *c, uint8_t octet)
{
	if (octet == '\n') {
		c->wsp = false;
		c->ends++;
	} else if (octet == '\r')
		c->cr = true;
	else
		c->wsp = true;
}

void
canon_body_feed(struct canon_body *c, const void *data, size_t n)
{
	const uint8_t *p = data, *end = p + n, *run;
	static const uint8_t bare = '\r';

	while (p < end) {
		if (c->cr) {
			c->cr = false;
			if (*p != '\n')
				put_run(c, &bare, 1);
		}
		run = c->how == CANON_RELAXED ? relaxed_run(p, end) :
		    simple_run(p, end);
		if (run > p)
			put_run(c, p, (size_t)(run - p));
		p = run;
		if (p < end && blank(*p))
			special(c, *p++);
	}
}

/*
 * RFC 6376 section 3.4.3: an empty simple body is one CRLF; 3.4.4: an
 * empty relaxed one is nothing; both: content ends with exactly one CRLF.
 */
void
canon_body_end(struct canon_body *c)
{
	static const uint8_t bare = '\r';

	if (c->cr) {
		c->cr = false;
		put_run(c, &bare, 1);
	}
	if (c->how == CANON_SIMPLE || c->total > 0)
		put_line_end(c);
	c->ends = 0;
	c->wsp = false;
	flush(c);
}

static void
relaxed_name(const uint8_t *p, size_t n, canon_sink *sink, void *arg)
{
	uint8_t low[64];
	size_t i, fill = 0;

	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	for (i = 0; i < n; i++) {
		low[fill++] = p[i] >= 'A' && p[i] <= 'Z' ?
		    (uint8_t)(p[i] | 0x20) : p[i];
		if (fill == sizeof low || i + 1 == n) {
			sink(arg, low, fill);
			fill = 0;
		}
	}
}

static void
relaxed_value(const uint8_t *p, const uint8_t *end, canon_sink *sink,
    void *arg)
{
	const uint8_t *word;

	while (end > p && blank(end[-1]))
		end--;
	while (p < end && blank(*p))
		p++;
	while (p < end) {
		for (word = p; p < end && !blank(*p); )
			p++;
		sink(arg, word, (size_t)(p - word));
		if (p == end)
			break;
		sink(arg, " ", 1);
		while (p < end && blank(*p))
			p++;
	}
}

void
canon_field(enum canon how, const uint8_t *p, size_t n, size_t name,
    canon_sink *sink, void *arg)
{
	if (n >= 2 && p[n - 2] == '\r' && p[n - 1] == '\n')
		n -= 2;
	if (how == CANON_SIMPLE) {
		sink(arg, p, n);
		return;
	}
	relaxed_name(p, name, sink, arg);
	sink(arg, ":", 1);
	if (name < n)
		relaxed_value(p + name + 1, p + n, sink, arg);
}
