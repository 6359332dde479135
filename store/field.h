/* Fields of a header as they stand in a message, by lines; RFC 5322 section
 * 2.2.  No I/O. */
#ifndef STORE_FIELD_H
#define STORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

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

/*
 * Appends those fields of the header [p, end) whose names are among n (not:
 * all others), with CRLF everywhere, and the blank line.  0, or -1: out->err.
 */
struct field_name {
	const char	*p;		/* borrows */
	size_t		 n;
};
int	 field_pick(const struct field_name *names, size_t n, bool not,
	    const char *p, const char *end, struct buf *out);

/*
 * The names of a header's fields as a set of hashes, so that who looks for a
 * field that a message lacks need not read it.  Nothing is appended when there
 * are more than FIELD_NAMES_MAX: then nothing is known.
 */
enum {
	FIELD_NAMES_MAX = 200,
	FIELD_NAMES_OCTETS = 2 * FIELD_NAMES_MAX + 2
};
void	 field_names_put(struct buf *out, const char *p, const char *end);
/* False: it has no such field. */
bool	 field_names_may(const uint8_t *names, size_t n, const char *name);

/* Behind the line at p, its line feed included. */
const char *field_line(const char *p, const char *end);

#endif
