#define _DEFAULT_SOURCE	/* reallocarray, strncasecmp */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tui/doc.h"
#include "tui/text.h"

void
doc_init(struct doc *d)
{
	memset(d, 0, sizeof *d);
	d->body_paint = PAINT_TEXT;
	buf_init(&d->text, DOC_MAX);
}

void
doc_clear(struct doc *d)
{
	size_t i;

	for (i = 0; i < d->nlinks; i++)
		free(d->link[i].url);
	free(d->link);
	free(d->line);
	free(d->row);
	buf_clear(&d->text);
	doc_init(d);
}

static struct doc_line *
new_line(struct doc *d)
{
	size_t cap = d->cap > 0 ? 2 * d->cap : 128;
	struct doc_line *p;

	if (d->n == d->cap) {
		p = reallocarray(d->line, cap, sizeof *p);
		if (p == NULL)
			abort();
		d->line = p;
		d->cap = cap;
	}
	p = &d->line[d->n++];
	memset(p, 0, sizeof *p);
	p->at = d->text.len;
	return p;
}

static void
add_line(struct doc *d, enum conf_paint paint, unsigned int quote,
    const char *s, size_t n)
{
	struct doc_line *l = new_line(d);

	if (n > 0 && s[n - 1] == '\r')
		n--;
	if (memchr(s, '\t', n) != NULL)
		text_untab(&d->text, s, n, 0);
	else
		buf_add(&d->text, s, n);
	l->n = d->text.len - l->at;
	l->paint = (uint8_t)paint;
	l->quote = (uint8_t)quote;
}

/* Octets up to and without the LF; *next behind it. */
static size_t
line_len(const char *s, const char *end, const char **next)
{
	const char *lf = memchr(s, '\n', (size_t)(end - s));

	*next = lf != NULL ? lf + 1 : end;
	return (size_t)((lf != NULL ? lf : end) - s);
}

void
doc_add(struct doc *d, enum conf_paint paint, const char *s, size_t n)
{
	const char *end = s + n, *next;

	for (; s < end; s = next) {
		n = line_len(s, end, &next);
		add_line(d, paint, 0, s, n);
	}
}

void
doc_adds(struct doc *d, enum conf_paint paint, const char *s)
{
	if (*s == '\0')
		add_line(d, paint, 0, s, 0);
	else
		doc_add(d, paint, s, strlen(s));
}

void
doc_addf(struct doc *d, enum conf_paint paint, const char *fmt, ...)
{
	char line[2000];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	doc_adds(d, paint, line);
}

void
doc_header(struct doc *d, const char *name, const char *value,
    enum conf_paint paint)
{
	struct doc_line *l = new_line(d);

	buf_addf(&d->text, "%s: ", name);
	l->lead = (uint16_t)(d->text.len - l->at);
	buf_adds(&d->text, value);
	l->n = d->text.len - l->at;
	l->paint = (uint8_t)paint;
}

/* ---- the text of a letter ---- */

static unsigned int
quote_depth(const char *s, size_t n)
{
	unsigned int depth = 0;
	size_t i;

	for (i = 0; i < n && depth < 250; i++)
		if (s[i] == '>')
			depth++;
		else if (s[i] != ' ')
			break;
	return depth > 0 && (s[0] == '>' || (n > 1 && s[1] == '>')) ? depth : 0;
}

void
doc_body(struct doc *d, const char *s, size_t n, bool numbers)
{
	static const enum conf_paint quotes[] = { PAINT_QUOTE1, PAINT_QUOTE2,
	    PAINT_QUOTE3 };
	const char *end = s + n, *next;
	enum conf_paint look;
	unsigned int depth;
	struct buf b;

	buf_init(&b, DOC_MAX);
	for (; s < end; s = next) {
		n = line_len(s, end, &next);
		depth = quote_depth(s, n);
		if (depth == 0 && n == 3 && memcmp(s, "-- ", 3) == 0)
			d->body_paint = PAINT_SIGNATURE;
		look = depth > 0 ? quotes[(depth - 1) % 3] : d->body_paint;
		doc_links(d, s, n, numbers, &b);
		if (numbers && b.err == 0)
			add_line(d, look, depth, (const char *)b.data, b.len);
		else
			add_line(d, look, depth, s, n);
	}
	buf_clear(&b);
}

/* ---- rows ---- */

static struct doc_row *
new_row(struct doc *d)
{
	size_t cap = d->cap_rows > 0 ? 2 * d->cap_rows : 256;
	struct doc_row *p;

	if (d->nrows == d->cap_rows) {
		p = reallocarray(d->row, cap, sizeof *p);
		if (p == NULL)
			abort();
		d->row = p;
		d->cap_rows = cap;
	}
	p = &d->row[d->nrows++];
	memset(p, 0, sizeof *p);
	return p;
}

static void
wrap_line(struct doc *d, size_t i)
{
	const struct doc_line *l = &d->line[i];
	const char *text = (const char *)d->text.data;
	size_t at = l->at, end = l->at + l->n, n, skip = 0;
	struct doc_row *r;

	do {
		n = end - at;
		/* No character has more columns than octets. */
		if (n > d->cols)
			n = text_wrap(text + at, n, d->cols, &skip);
		r = new_row(d);
		r->line = (uint32_t)i;
		r->at = at;
		r->n = (uint32_t)n;
		at += n + skip;
		skip = 0;
	} while (at < end);
}

/* Hidden lines are one row, which grows as more of them come in. */
static void
fold_line(struct doc *d, size_t i)
{
	struct doc_row *r = d->nrows > 0 ? &d->row[d->nrows - 1] : NULL;

	if (r == NULL || !r->folded || r->line + r->n != i) {
		r = new_row(d);
		r->line = (uint32_t)i;
		r->at = d->line[i].at;
		r->folded = true;
	}
	r->n++;
}

bool
doc_layout_to(struct doc *d, size_t cols, size_t rows, size_t at)
{
	if (cols != d->cols && cols > 0) {
		d->cols = cols;
		d->nrows = d->laid = 0;
	}
	for (; d->cols > 0 && d->laid < d->n && (d->nrows <= rows ||
	    d->line[d->laid].at <= at); d->laid++) {
		if (d->hide_quoted && d->line[d->laid].quote > 0)
			fold_line(d, d->laid);
		else
			wrap_line(d, d->laid);
	}
	return d->laid == d->n;
}

void
doc_layout(struct doc *d, size_t cols)
{
	(void)doc_layout_to(d, cols, SIZE_MAX, SIZE_MAX);
}

void
doc_hide_quoted(struct doc *d, bool hide)
{
	size_t cols = d->cols;

	d->hide_quoted = hide;
	d->cols = 0;
	doc_layout(d, cols);
}

size_t
doc_row_at(const struct doc *d, size_t at)
{
	size_t i;

	for (i = d->nrows; i > 0; i--)
		if (d->row[i - 1].at <= at)
			return i - 1;
	return 0;
}

/* ---- searching ---- */

size_t
doc_match(const char *p, size_t n, const char *s)
{
	size_t len = strlen(s), i;

	if (len == 0 || len > n)
		return SIZE_MAX;
	for (i = 0; i + len <= n; i++)
		if (strncasecmp(p + i, s, len) == 0)
			return i;
	return SIZE_MAX;
}

size_t
doc_find(const struct doc *d, const char *s, size_t from, bool back)
{
	const char *text = (const char *)d->text.data;
	const struct doc_line *l;
	size_t i = from;

	while (back ? i-- > 0 : ++i < d->nrows) {
		if (d->row[i].folded)
			continue;
		l = &d->line[d->row[i].line];
		/* A match may reach over the wrap into the next row. */
		if (doc_match(text + d->row[i].at, l->at + l->n - d->row[i].at,
		    s) < d->row[i].n)
			return i;
	}
	return SIZE_MAX;
}

size_t
doc_skip_quoted(const struct doc *d, size_t from)
{
	bool quoted = false;
	size_t i;

	for (i = from; i < d->nrows; i++) {
		if (d->row[i].folded || d->line[d->row[i].line].quote > 0)
			quoted = true;
		else if (quoted)
			return i;
	}
	return from;
}
