/* BODY out of BODYSTRUCTURE: the same without extension data. */
#ifndef IMAP_STRUCTURE_H
#define IMAP_STRUCTURE_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum { STRUCTURE_DEPTH_MAX = 200 };	/* the parser's answer is checked */

/* Appends; "NIL" for what is no structure. */
void	structure_short(struct buf *out, const uint8_t *p, size_t n);

#endif
