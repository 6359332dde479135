/*
 * What IMAP answers of a message, computed once and kept in its row.
 *
 * env	the ENVELOPE, RFC 9051 section 7.5.2, as it goes out: "(date subject
 *	((name NIL mailbox host)…) …)".  Strings are quoted, or literals
 *	{n}CRLF… where they hold what a quoted string may not.  Encoded words
 *	stay encoded.
 * body	the BODYSTRUCTURE with extension data, likewise.  Octets and lines
 *	are those of the message with CRLF everywhere.
 * parts a table, for sections and partial FETCH (mime_place.h reads it);
 *	numbers in host order:
 *	u32 version (1), u32 n, then n times 64 octets:
 *	u8 kind (enum mime_kind)  u8[3] 0  u32 parent (index)
 *	u32 nth (among the parent's children, from 1)  u32 nchild
 *	u64 head  u64 nhead  u64 body  u64 nbody	in the file
 *	u32 lf_head  u32 lf_body	line feeds without a CR there: so
 *			many octets more it is with CRLF
 *	u32 lines	of the body  u32 depth
 *	Parents stand before children; the first is the whole message, whose
 *	header is [head, head + nhead) and text [body, body + nbody).
 */
#ifndef STORE_MIME_IMAP_H
#define STORE_MIME_IMAP_H

#include "mailnode/base/buf.h"
#include "store/mime.h"

enum { MIME_PARTS_VERSION = 1, MIME_PART_OCTETS = 64 };

/* Each appends; 0, or -1 with out->err. */
int	mime_envelope(const struct mime *m, struct buf *out);
int	mime_bodystructure(const struct mime *m, struct buf *out);
int	mime_parts(const struct mime *m, struct buf *out);

/* Line feeds in p, and in *bare those without a CR before them. */
uint32_t mime_lines(const uint8_t *p, size_t n, uint32_t *bare);

#endif
