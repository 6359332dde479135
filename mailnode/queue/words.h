/*
 * RFC 2047 encoded words, for the one line of a letter that lists of the queue
 * show.  Only charsets that need no table are known: UTF-8, US-ASCII and
 * ISO-8859-1; a word in another stays as it is written.
 */
#ifndef QUEUE_WORDS_H
#define QUEUE_WORDS_H

#include "mailnode/base/buf.h"

/* Appends the unfolded text [p, end) with its words decoded, as UTF-8; what
 * is no character becomes U+FFFD.  0, or -1: out->err. */
int	words_decode(struct buf *out, const char *p, const char *end);

/* Appends UTF-8 text as a field may have it: as it is when it is ASCII, else
 * in words of one line each.  `most` octets of it, cut between characters.
 * 0, or -1: out->err. */
int	words_encode(struct buf *out, const char *text, size_t most);

#endif
