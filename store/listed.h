/*
 * Whom the owner lets in or keeps out by name: addresses, domains with all
 * below them, networks.  In node.db.
 */
#ifndef STORE_LISTED_H
#define STORE_LISTED_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	LISTED_NAME_MAX = 320,	/* octets, NUL included */
	LISTED_NOTE_MAX = 256,
	LISTED_MAX = 10000	/* entries: STORE_TOOBIG beyond */
};

enum listed_kind { LISTED_ADDRESS, LISTED_DOMAIN, LISTED_NETWORK,
	LISTED_KINDS };

struct listed {
	char		 name[LISTED_NAME_MAX];
	enum listed_kind kind;
	bool		 allow;			/* else: block */
	char		 note[LISTED_NOTE_MAX];
	int64_t		 created;		/* wall, s */
};

extern const char listed_schema[];	/* a part of node.db */

/*
 * "ada@x.example", "x.example", "192.0.2.0/24", "2001:db8::1" as entries
 * are kept: lower case, bits behind a network's length cleared.  Domains are
 * A-labels.  STORE_NAME: none of these.
 */
enum store_err	listed_name(const char *text, struct listed *out);

/* Of a name in that form: allow or block it, whatever it was before. */
enum store_err	listed_add(struct store *st, const struct listed *l);
enum store_err	listed_remove(struct store *st, const char *name,
		    bool allow);
/* The first behind `after`, by name; STORE_NOTFOUND. */
enum store_err	listed_next(struct store *st, const char *after, bool allow,
		    struct listed *l);

bool		listed_any(struct store *st);
/* That entry itself; STORE_NOTFOUND. */
enum store_err	listed_get(struct store *st, enum listed_kind kind,
		    const char *name, struct listed *l);
/* That address; that domain, or the nearest above it; the smallest network
 * that has that address.  STORE_NOTFOUND. */
enum store_err	listed_address(struct store *st, const char *address,
		    struct listed *l);
enum store_err	listed_domain(struct store *st, const char *domain,
		    struct listed *l);
enum store_err	listed_network(struct store *st, const char *ip,
		    struct listed *l);

#endif
