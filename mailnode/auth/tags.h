/* Tag lists (RFC 6376 section 3.2): "v=1; a=rsa-sha256; …". */
#ifndef AUTH_TAGS_H
#define AUTH_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAGS_MAX = 40 };		/* tags of one list */

struct tag {
	const char	*name;
	size_t		 nlen;
	const char	*value;		/* without the FWS around it */
	size_t		 vlen;
	const char	*raw, *raw_end;	/* from behind "=" up to ";" */
};

struct tags {
	size_t		n;
	struct tag	tag[TAGS_MAX];
};

/*
 * Splits [p, p+n); tags borrow it.  0, or -1 with t->n == 0: no tag list,
 * a tag twice (section 3.2 forbids it), or more than TAGS_MAX.
 */
int	tags_parse(struct tags *t, const char *p, size_t n);

/* The tag of that name (case matters), or NULL. */
const struct tag *tags_find(const struct tags *t, const char *name);

/*
 * Copies a value without FWS inside it into dst, terminated.  0; -1 if it
 * does not fit or holds a control, with dst "".
 */
int	tag_copy(const struct tag *t, char *dst, size_t size);

/* True if the value, without FWS, is s (any case if `fold`). */
bool	tag_is(const struct tag *t, const char *s, bool fold);

/*
 * Walks the colon-separated items of a value: set *pos to NULL first.
 * false after the last.  Items come without FWS around them, may be empty.
 */
bool	tag_item(const struct tag *t, const char **pos, const char **item,
	    size_t *len);

/* True if some item of the value is s, in any case. */
bool	tag_has(const struct tag *t, const char *s);

/*
 * Base64 with FWS between its characters, as RFC 6376 section 2.10 has it:
 * the padding may be left out.  At most max octets into dst.  0; -1: no
 * base64, nothing, or (*over) too much.
 */
int	tag_base64(const struct tag *t, uint8_t *dst, size_t max,
	    size_t *len, bool *over);

/* A decimal number that fills the value.  0 or -1. */
int	tag_number(const struct tag *t, uint64_t max, uint64_t *v);

#endif
