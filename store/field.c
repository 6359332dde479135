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
