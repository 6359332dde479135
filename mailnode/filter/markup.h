/*
 * HTML as a junk filter reads it: what is shown, what is hidden, where its
 * links lead and what it is made of.  One pass, no tree, memory of one size.
 */
#ifndef FILTER_MARKUP_H
#define FILTER_MARKUP_H

#include <stddef.h>

#include "mailnode/filter/token.h"

/* Any octets. */
void	markup_tokens(struct tokens *t, const char *p, size_t n);

#endif
