#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/quote.h"
#include "store/mime_head.h"
#include "store/mime_mend.h"

enum { VALUE_MAX = 4096 /* octets of a Content-Type that are looked at */ };

static void
change(struct mime_mend *m, uint8_t *data, uint8_t *at, uint8_t to)
{
	struct mime_mended *v;

	if (*at == to || m->n == MIME_MENDS_MAX)
		return;
	if (m->n == m->cap) {
		v = reallocarray(m->v, m->cap + 64, sizeof *v);
		if (v == NULL)
			return;
		m->v = v;
		m->cap += 64;
	}
	m->v[m->n].at = (size_t)(at - data);
	m->v[m->n++].was = *at;
	*at = to;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint8_t *
blanks_end(uint8_t *p, const uint8_t *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* Behind a quoted string or a comment at p, or p. */
static uint8_t *
skip(uint8_t *p, const uint8_t *end)
{
	const char *q = (const char *)p, *stop = (const char *)end;

	if (p < end && *p == '"')
		return p + quote_octets(q, stop);
	return p < end && *p == '(' ? p + comment_octets(q, stop) : p;
}

/* The blanks before the parameter at p are to have a semicolon. */
static void
separate(struct mime_mend *m, uint8_t *data, const uint8_t *from, uint8_t *p)
{
	uint8_t *first = p, *q;

	while (first > from && is_blank(first[-1]))
		first--;
	if (first == p || first == from || first[-1] == ';')
		return;
	for (q = first; q < p; q++)
		if (*q == '\r' || *q == '\n')
			change(m, data, q, ' ');
	change(m, data, first, ';');
}

/* What follows an unquoted boundary that begins at p. */
static void
uncomment(struct mime_mend *m, uint8_t *data, uint8_t *p, const uint8_t *end)
{
	uint8_t *q, *close;

	if (p < end && *p == '"')
		return;
	for (q = p; q < end && !is_blank(*q) && *q != ';' && *q != '('; )
		q++;
	if (q == p)
		return;
	q = blanks_end(q, end);
	if (q == end || *q != '(')
		return;
	for (close = skip(q, end); q < close; q++)
		change(m, data, q, is_blank(*q) ? *q : ' ');
}

/* The value [p, end) of a Content-Type. */
static void
value(struct mime_mend *m, uint8_t *data, uint8_t *p, const uint8_t *end)
{
	uint8_t *from = blanks_end(p, end), *next, *is;

	if (end - from < 10 ||
	    strncasecmp((const char *)from, "multipart/", 10) != 0)
		return;
	for (p = from + 10; end - p > 8; p = next > p ? next : p + 1) {
		next = skip(p, end);
		if (next > p || strncasecmp((const char *)p, "boundary", 8) !=
		    0 || !(is_blank(p[-1]) || p[-1] == ';'))
			continue;
		is = blanks_end(p + 8, end);
		if (is == end || *is != '=')
			continue;
		separate(m, data, from, p);
		uncomment(m, data, blanks_end(is + 1, end), end);
		return;
	}
}

static bool
is_field(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *q = p;

	while (q < end && *q > ' ' && *q < 127 && *q != ':')
		q++;
	return q > p && q < end && *q == ':';
}

/* A line of blanks before the header (so Gmail shows the original), or a
 * first field with blanks before it: as a field, it hides no other. */
static void
first_line(struct mime_mend *m, uint8_t *data, const uint8_t *end)
{
	const uint8_t *lf = memchr(data, '\n', (size_t)(end - data));
	uint8_t *p = data, *text;

	if (lf == NULL || lf - data < 2 || (*p != ' ' && *p != '\t') ||
	    !is_field(lf + 1, end))
		return;
	text = blanks_end(p, lf);
	if (text == lf) {
		text = p + 1;
		change(m, data, text, ':');
	}
	for (; p < text; p++)
		change(m, data, p, 'X');
}

/* Of the message's own header. */
static void
last_line(struct mime_mend *m, uint8_t *data, const uint8_t *end)
{
	uint8_t *p, *lf;

	for (p = data; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL || lf == p || (lf == p + 1 && *p == '\r'))
			return;
		if (mime_head_ends(p, lf, end)) {
			change(m, data, p, '\n');
			return;
		}
	}
}

void
mime_mend(struct mime_mend *m, uint8_t *data, size_t n)
{
	uint8_t *end = data + n, *p, *lf, *stop;

	memset(m, 0, sizeof *m);
	if (n > 0)
		first_line(m, data, end);
	last_line(m, data, end);
	for (p = data; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		if (lf - p < 14 || (*p | 0x20) != 'c' ||
		    strncasecmp((const char *)p, "content-type:", 13) != 0)
			continue;
		for (stop = lf; stop < end && end - stop > 1 &&
		    (stop[1] == ' ' || stop[1] == '\t'); ) {
			stop = memchr(stop + 1, '\n', (size_t)(end - stop - 1));
			if (stop == NULL)
				stop = end;
		}
		value(m, data, p + 13, stop - p > VALUE_MAX ? p + VALUE_MAX :
		    stop);
		lf = stop;
		if (lf == end)
			break;
	}
}

void
mime_mend_undo(struct mime_mend *m, uint8_t *data)
{
	size_t i;

	for (i = m->n; i > 0; i--)
		data[m->v[i - 1].at] = m->v[i - 1].was;
	free(m->v);
	memset(m, 0, sizeof *m);
}
