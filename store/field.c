#include <string.h>
#include <strings.h>

#include "store/field.h"

const char *
field_line(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	return lf != NULL ? lf + 1 : end;
}

bool
field_next(const char **p, const char *end, struct field *f)
{
	const char *at = *p, *colon;

	memset(f, 0, sizeof *f);
	if (at == end || *at == '\n' ||
	    (*at == '\r' && (at + 1 == end || at[1] == '\n')))
		return false;
	f->p = f->name = f->value = at;
	at = field_line(at, end);
	colon = memchr(f->p, ':', (size_t)(at - f->p));
	if (colon != NULL) {
		f->value = colon + 1;
		while (colon > f->p && (colon[-1] == ' ' || colon[-1] == '\t'))
			colon--;
		f->nname = (size_t)(colon - f->p);
	}
	while (at < end && (*at == ' ' || *at == '\t'))
		at = field_line(at, end);
	f->end = *p = at;
	return true;
}

bool
field_is(const struct field *f, const char *name)
{
	return f->nname > 0 && strlen(name) == f->nname &&
	    strncasecmp(f->name, name, f->nname) == 0;
}

static bool
among(const struct field_name *names, size_t n, const struct field *f)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (names[i].n == f->nname && f->nname > 0 &&
		    strncasecmp(names[i].p, f->name, f->nname) == 0)
			return true;
	return false;
}

static void
put_crlf(struct buf *out, const char *p, const char *end)
{
	const char *next;
	size_t n;

	for (; p < end; p = next) {
		next = field_line(p, end);
		n = (size_t)(next - p);
		if (p[n - 1] == '\n')
			n--;
		if (n > 0 && p[n - 1] == '\r' && p + n < next)
			n--;
		(void)buf_add(out, p, n);
		(void)buf_adds(out, "\r\n");
	}
}

int
field_pick(const struct field_name *names, size_t n, bool not, const char *p,
    const char *end, struct buf *out)
{
	struct field f;

	while (field_next(&p, end, &f))
		if (among(names, n, &f) != not)
			put_crlf(out, f.p, f.end);
	return buf_adds(out, "\r\n");
}

/* ---- names as a set: 0 first, then two octets for each ---- */

/* FNV-1a of small letters, folded; never 0. */
static uint16_t
hash_of(const char *name, size_t n)
{
	uint32_t h = 2166136261U, c;
	size_t i;

	for (i = 0; i < n; i++) {
		c = (unsigned char)name[i];
		h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32U : c)) * 16777619U;
	}
	h = (h >> 16 ^ h) & 0xffff;
	return (uint16_t)(h != 0 ? h : 1);
}

static bool
has(const uint8_t *names, size_t n, uint16_t h)
{
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		if (names[i] == h >> 8 && names[i + 1] == (h & 255))
			return true;
	return false;
}

void
field_names_put(struct buf *out, const char *p, const char *end)
{
	uint8_t set[FIELD_NAMES_OCTETS] = { 0 };
	struct field f;
	size_t n = 2;
	uint16_t h;

	while (field_next(&p, end, &f)) {
		h = hash_of(f.name, f.nname);
		if (f.nname == 0 || has(set, n, h))
			continue;
		if (n == sizeof set)
			return;
		set[n++] = (uint8_t)(h >> 8);
		set[n++] = (uint8_t)h;
	}
	(void)buf_add(out, set, n);
}

bool
field_names_may(const uint8_t *names, size_t n, const char *name)
{
	return n == 0 || has(names, n, hash_of(name, strlen(name)));
}
