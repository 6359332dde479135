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
