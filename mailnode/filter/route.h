/*
 * By which hosts and programs a message came: the words of its Received
 * fields (RFC 5321 section 4.4).  No days, numbers or queue ids: these say
 * when it was, not who it was.  The one address in "for" is the recipient's,
 * which a message to a list or to a stolen address does not name elsewhere.
 */
#ifndef FILTER_ROUTE_H
#define FILTER_ROUTE_H

#include <stddef.h>

#include "mailnode/filter/token.h"

enum {
	ROUTE_HOPS_MAX = 20,	/* fields looked at; the newest come first */
	ROUTE_FIELD_MAX = 1000,	/* octets of each */
	ROUTE_WORD_MIN = 3,	/* letters; in names of hosts, fewer tell
				   little */
	ROUTE_WORD_MAX = 40	/* letters; the rest is cut off */
};

/* The value of one Received. */
void	route_field(struct tokens *t, const char *p, size_t n);

#endif
