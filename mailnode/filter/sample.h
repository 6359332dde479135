/*
 * A message as tokens: the words of its fields and of its parts, where its
 * links lead, what acts in its HTML, names of what is attached.
 */
#ifndef FILTER_SAMPLE_H
#define FILTER_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/filter/token.h"

enum {
	SAMPLE_MAX = 256 * 1024,	/* octets of a message looked at */
	SAMPLE_TEXT_MAX = 64 * 1024,	/* of text of each part */
	SAMPLE_PARTS_MAX = 100,		/* leaves looked at */
	SAMPLE_FIELD_MAX = 4096		/* octets of a field's value */
};

/* Loads what decoding needs, before a sandbox.  0, or -1: dyn_error(). */
int	sample_init(void);

/*
 * Adds the tokens of a message of n octets, any line ends, with or without
 * an mbox "From " line.  0, or -1: no memory.
 */
int	sample_tokens(struct tokens *t, const uint8_t *p, size_t n);

#endif
