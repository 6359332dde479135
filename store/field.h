/* Fields of a header as they stand in a message, by lines; RFC 5322 section
 * 2.2.  No I/O. */
#ifndef STORE_FIELD_H
#define STORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>

struct field {
	const char	*name;		/* borrows; trailing blanks cut */
	size_t		 nname;
	const char	*p, *end;	/* all of it, continued lines too */
	const char	*value;		/* what stands behind the colon */
};

/* The next field of [*p, end); false at the blank line or the end.  What has
 * no colon is a field without a name. */
bool	 field_next(const char **p, const char *end, struct field *f);
bool	 field_is(const struct field *f, const char *name);

/* Behind the line at p, its line feed included. */
const char *field_line(const char *p, const char *end);

#endif
