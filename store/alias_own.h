/*
 * To whom an alias was given, and whether it leaked: a row of node.db for
 * each alias of which something is known.  Its own are the domains that the
 * owner names; else the first that write to it, which are learnt from mail
 * that is no junk.
 */
#ifndef STORE_ALIAS_OWN_H
#define STORE_ALIAS_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "store/alias.h"

extern const char alias_own_schema[];	/* a part of node.db */

enum {
	ALIAS_OWN_DOMAINS = 4,		/* learnt at most, */
	ALIAS_LEARN_S = 7 * 86400,	/* in this time from the first */
	ALIAS_LEAKERS = 4		/* others that are remembered */
};

/* What the owner said it is for: domains, blank between.  Joins the turn. */
enum store_err	alias_own_set(struct store *st, const char *address,
		    const char *domains);
enum store_err	alias_own_remove(struct store *st, const char *address);

/*
 * Mail came from a domain to an alias: true when that is none of its own,
 * which is counted.  learn: it may become one.  Joins the turn.
 */
bool		alias_own_check(struct store *st, const char *address,
		    const char *domain, bool learn, int64_t now);

/*
 * Are they of one owner, as far as names tell?  The last two labels are the
 * same; three where the second is short and the last a country's (co.uk).
 */
bool		alias_own_same(const char *a, const char *b);

#endif
