#define _DEFAULT_SOURCE	/* reallocarray */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/header.h"

enum { FIELDS_FIRST = 32 };

void
header_init(struct header *h, size_t max)
{
	memset(h, 0, sizeof *h);
	buf_init(&h->text, max);
}

void
header_clear(struct header *h)
{
	buf_clear(&h->text);
	free(h->fields);
	h->fields = NULL;
	h->nfields = h->cap = 0;
}

static bool
blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct header_field *
new_field(struct header *h)
{
	struct header_field *p;
	size_t cap;

	if (h->nfields == HEADER_FIELDS_MAX) {
		h->over = true;
		return NULL;
	}
	if (h->nfields == h->cap) {
		cap = h->cap > 0 ? h->cap * 2 : FIELDS_FIRST;
		p = reallocarray(h->fields, cap, sizeof *p);
		if (p == NULL) {
			h->nomem = true;
			return NULL;
		}
		h->fields = p;
		h->cap = cap;
	}
	return &h->fields[h->nfields++];
}

/* A line [h->line, text.len) is complete: a field, or more of the last. */
static void
keep_line(struct header *h)
{
	const uint8_t *p = h->text.data + h->line, *colon;
	size_t len = h->text.len - h->line;
	struct header_field *f;

	if (blank(*p) && h->nfields > 0) {
		h->fields[h->nfields - 1].len += (uint32_t)len;
	} else if ((f = new_field(h)) != NULL) {
		colon = memchr(p, ':', len);
		f->off = (uint32_t)h->line;
		f->len = (uint32_t)len;
		f->name = colon != NULL ? (uint32_t)(colon - p) : 0;
	}
	h->line = h->text.len;
}

/* Octets of a line; once too much, only whether there were any counts. */
static void
part(struct header *h, const void *p, size_t n)
{
	if (n == 0)
		return;
	h->content = true;
	if (h->over || h->nomem || buf_add(&h->text, p, n) == 0)
		return;
	if (h->text.err == EMSGSIZE)
		h->over = true;
	else
		h->nomem = true;
}

static void
end_line(struct header *h)
{
	if (!h->content) {
		h->done = true;
		return;
	}
	part(h, "\r\n", 2);
	h->content = false;
	if (!h->over && !h->nomem)
		keep_line(h);
}

size_t
header_feed(struct header *h, const void *data, size_t n)
{
	const uint8_t *p = data, *end = p + n, *lf, *stop;

	while (p < end && !h->done) {
		if (h->cr && *p != '\n')
			part(h, "\r", 1);
		h->cr = false;
		lf = memchr(p, '\n', (size_t)(end - p));
		stop = lf != NULL ? lf : end;
		if (stop > p && stop[-1] == '\r') {
			stop--;
			h->cr = lf == NULL;
		}
		part(h, p, (size_t)(stop - p));
		p = lf != NULL ? lf + 1 : end;
		if (lf != NULL)
			end_line(h);
	}
	return (size_t)(p - (const uint8_t *)data);
}

void
header_end(struct header *h)
{
	if (h->done)
		return;
	if (h->content)
		end_line(h);
	h->done = true;
}

bool
header_is(const struct header *h, size_t i, const char *name, size_t len)
{
	const uint8_t *p = header_text(h, i);
	size_t n = h->fields[i].name;

	while (n > 0 && blank(p[n - 1]))
		n--;
	return n == len && n > 0 &&
	    strncasecmp((const char *)p, name, len) == 0;
}

size_t
header_count(const struct header *h, const char *name)
{
	size_t i, n = 0, len = strlen(name);

	for (i = 0; i < h->nfields; i++)
		n += header_is(h, i, name, len);
	return n;
}
