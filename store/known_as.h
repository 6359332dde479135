/*
 * How those look whom the owner writes to: their display names and domains,
 * reduced to what the eye takes from them.  In node.db, bounded: the oldest
 * leave.
 */
#ifndef STORE_KNOWN_AS_H
#define STORE_KNOWN_AS_H

#include <stdbool.h>

#include "store/history.h"

enum { KNOWN_AS_MAX = 20000 };	/* rows of each kind */

enum known_as { KNOWN_AS_NAME, KNOWN_AS_DOMAIN };

extern const char known_as_schema[];	/* a part of node.db */

/*
 * Who looks like that: name as it is shown (names that many bear say
 * nothing), domain with U-labels.  Joins the turn.
 */
enum store_err	known_as_name(struct store *st, const char *name,
		    const char *address);
enum store_err	known_as_domain(struct store *st, const char *domain);

/*
 * Is that somebody else than he seems?  address: the author's; name: shown
 * with it, or ""; domain: of the address, with U-labels: one that looks like
 * a known one, or has one within it.  whom: the one that is imitated.
 * Where no one address is the author's, address is "" and name all of the
 * field: each of its mailboxes is looked at.
 */
bool		known_as_other(struct store *st, const char *address,
		    const char *name, const char *domain,
		    char whom[HISTORY_NAME_MAX]);

#endif
