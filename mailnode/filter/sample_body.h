/*
 * The body of a message as tokens: what it says, what is attached.
 */
#ifndef FILTER_SAMPLE_BODY_H
#define FILTER_SAMPLE_BODY_H

#include <stddef.h>

#include "mailnode/base/buf.h"
#include "mailnode/filter/token.h"

/* mime: the fields of its header that are of MIME, as they are; empty: none.
 * 0, or -1: no memory. */
int	sample_body(struct tokens *t, const struct buf *mime, const char *p,
	    size_t n);

#endif
