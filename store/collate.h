/*
 * The collation i;unicode-casemap, RFC 5051: titles of letters, then
 * decomposed; what is alike so is alike.  Letters of Latin, Greek, Cyrillic
 * and Vietnamese; the others compare as they are.
 */
#ifndef STORE_COLLATE_H
#define STORE_COLLATE_H

#include <stddef.h>

#include "mailnode/base/buf.h"

/* Appends the octets that strings compare by; s is UTF-8, NULL if n is 0.
 * 0, or -1. */
int	collate_key(const char *s, size_t n, struct buf *out);

#endif
