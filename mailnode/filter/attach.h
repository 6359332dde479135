/*
 * What is attached, by its name or type, as a message streams by: the fields
 * Content-Type and Content-Disposition of each part (RFC 2045, 2183) with
 * names as RFC 2231 and RFC 2047 write them, and as programs do.  Bodies are
 * looked at for boundaries alone, and no archive is opened; of messages
 * within it those that are encoded are decoded.
 */
#ifndef FILTER_ATTACH_H
#define FILTER_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_attachment;

enum {
	ATTACH_LINE_MAX = 64 * 1024,	/* octets of a line looked at, as many
					   as DATA_LINE_MAX has */
	ATTACH_FIELD_MAX = 8192,	/* octets of a field, unfolded, that
					   are looked at at once, … */
	ATTACH_FIELD_KEPT = 2048,	/* … of which so many go before more */
	ATTACH_BOUNDARIES = 512,	/* of a message; when there are more,
					   any line with two hyphens is one */
	ATTACH_BOUNDARY_MAX = 512,	/* RFC 2046: 70; what is longer is
					   known by its beginning; NUL */
	ATTACH_DEPTH = 3,		/* messages encoded within another */
	ATTACH_WHY_MAX = 128
};

struct attach;

/* Returns owned, or NULL; borrows the table, which ends at what == NULL. */
struct attach	*attach_new(const struct conf_attachment *table, size_t n);
void		 attach_free(struct attach *a);
/* CRLF or LF. */
void		 attach_push(struct attach *a, const uint8_t *p, size_t n);
/* What was met so far, the worst of it; NULL: nothing.  Ends a header that
 * has no end yet. */
const struct conf_attachment *attach_found(struct attach *a);

/* Line i of the configured table, from 0.  False: it is wrong. */
bool		 attach_check(size_t i, char *why, size_t size);

#endif
