/*
 * Encoded words of header fields (RFC 2047), as senders write them: also
 * without padding, with blanks inside or next to other text, a character
 * in two of them, in quoted strings.
 */
#ifndef STORE_MWORD_H
#define STORE_MWORD_H

#include <stddef.h>

#include "mailnode/base/buf.h"

enum { MWORD_NEXT_MAX = 1000 };	/* octets of one word; RFC 2047 has 75 */

/*
 * Appends [p, p + n), a field's value, folded or not, as UTF-8 with its
 * words decoded.  What is none stays; a break or another control character
 * is a blank.  0, or -1: out->err.
 */
int	mword_text(struct buf *out, const char *p, size_t n);

/*
 * The same of a field of addresses: what a word says is no syntax.  A name
 * with commas or angle brackets in it comes as a quoted string, so that the
 * result has the mailboxes that the field has (RFC 2047 section 5).
 */
int	mword_addresses(struct buf *out, const char *p, size_t n);

/* One of both, by the field's name. */
int	mword_field(struct buf *out, const char *name, const char *p,
	    size_t n);

#endif
