/*
 * Where links and addresses lead, as tokens.
 */
#ifndef FILTER_WORDS_URL_H
#define FILTER_WORDS_URL_H

#include <stddef.h>

#include "mailnode/filter/token.h"

enum { WORD_URL_MAX = 2000 };	/* octets of a URL looked at */

/* A URL: its host, the domains above it, the words of its path.  Returns
 * the octets that belong to it. */
size_t	words_url(struct tokens *t, const char *p, size_t n);

/* An address or host: all, and each domain above.  f is FROM, URL … */
void	words_host(struct tokens *t, enum token_field f, const char *p,
	    size_t n);

#endif
