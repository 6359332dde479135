/*
 * How far into a message GMime may read: its time grows with nesting,
 * parts and header fields, of which no honest message has this many.
 * RFC 2046 section 5.1.1 gives the delimiter lines.
 */
#ifndef STORE_MIME_CAP_H
#define STORE_MIME_CAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MIME_DEPTH_MAX = 60,		/* containers within containers */
	MIME_PARTS_MAX = 4000,
	MIME_FIELDS_MAX = 10000,	/* header fields, all parts */
	MIME_HEAD_MAX = 4 * 1024 * 1024	/* octets of header, all parts */
};

/* Octets that stay within the limits: n when all of them do. */
size_t	mime_cap(const uint8_t *p, size_t n);

/* What stands behind a boundary in its line (up to `end`): nothing but "--"
 * and blanks?  One boundary may begin like another. */
bool	mime_cap_delimits(const uint8_t *p, const uint8_t *end);

#endif
