#include <string.h>

#include "mailnode/auth/canon.h"

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

/* A run without CR and LF (and, relaxed, without blanks). */
static void
put_run(struct canon_body *c, const uint8_t *p, size_t n)
{
	if (c->ends > 0 || c->wsp)
		release(c);
	c->total += n;
	if (n > sizeof c->out - c->fill) {
		flush(c);
		if (n > sizeof c->out) {
			c->sink(c->arg, p, n);
			return;
		}
	}
	memcpy(c->out + c->fill, p, n);
	c->fill += n;
}

static const uint8_t *
line_run(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *cr, *lf;

	lf = memchr(p, '\n', (size_t)(end - p));
	if (lf != NULL)
		end = lf;
	cr = memchr(p, '\r', (size_t)(end - p));
	return cr != NULL ? cr : end;
}

/*
 * Octets up to the next CR, LF or blank.  Every octet above a blank is
 * content; words are short, so a plain loop wins over memchr.
 */
static const uint8_t *
word_run(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p > ' ' ||
	    (*p != ' ' && *p != '\t' && *p != '\r' && *p != '\n')))
		p++;
	return p;
}

/* Words straight into the chunk: most of a text's octets go this way. */
static const uint8_t *
words(struct canon_body *c, const uint8_t *p, const uint8_t *end)
{
	uint8_t *start, *o, *stop;

	if (c->ends > 0 || c->wsp)
		release(c);
	if (c->fill == sizeof c->out)
		flush(c);
	start = o = c->out + c->fill;
	stop = c->out + sizeof c->out;
	while (p < end && o < stop) {
		if (*p > ' ')
			*o++ = *p++;
		else if (*p == ' ' && p + 1 < end && p[1] > ' ')
			*o++ = *p++;
		else
			break;
	}
	c->fill += (size_t)(o - start);
	c->total += (size_t)(o - start);
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
		if (c->how == CANON_RELAXED && *p > ' ') {
			p = words(c, p, end);
			continue;
		}
		run = c->how == CANON_RELAXED ? word_run(p, end) :
		    line_run(p, end);
		if (run > p)
			put_run(c, p, (size_t)(run - p));
		p = run;
		if (p < end)
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

static bool
is_fold(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
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

	while (end > p && is_fold(end[-1]))
		end--;
	while (p < end && is_fold(*p))
		p++;
	while (p < end) {
		for (word = p; p < end && !is_fold(*p); )
			p++;
		sink(arg, word, (size_t)(p - word));
		if (p == end)
			break;
		sink(arg, " ", 1);
		while (p < end && is_fold(*p))
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
