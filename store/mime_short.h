/* BODY out of BODYSTRUCTURE (mime_imap.h): the same without extension data,
 * RFC 9051 section 7.5.2. */
#ifndef STORE_MIME_SHORT_H
#define STORE_MIME_SHORT_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum { MIME_SHORT_DEPTH = 200 };	/* the parser's answer is checked */

/* Appends; "NIL" for what is no structure. */
void	mime_short(struct buf *out, const uint8_t *p, size_t n);

#endif
