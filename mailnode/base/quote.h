/*
 * Quoted strings and comments of a header field (RFC 5322 sections 3.2.1,
 * 3.2.2 and 3.2.4): where they end; and strings of IMAP.
 */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stddef.h>

#include "mailnode/base/buf.h"

/* Octets of the quoted string, or comment, that begins at p, its last quote
 * or parenthesis included; 0: it has no end before `end`. */
size_t	quote_octets(const char *p, const char *end);
size_t	comment_octets(const char *p, const char *end);

/* Between quotes; a line's end in it is a "?". */
void	quote_put(struct buf *b, const char *p, size_t n);
/* The same, or what cannot be quoted as a literal; RFC 9051 section 9. */
void	quote_or_literal(struct buf *b, const char *p, size_t n);

#endif
