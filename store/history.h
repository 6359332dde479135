/*
 * What the owner's own acts say about senders: counts of good and junk by
 * author, author's domain, domain that vouched (DKIM, SPF) and network, and
 * to whom the owner wrote.  In node.db, bounded: the oldest leave.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	HISTORY_NAME_MAX = 320,		/* octets, NUL included */
	HISTORY_MAX = 20000,		/* names of each kind */
	HISTORY_WROTE_MAX = 50,		/* recipients of one letter */
	HISTORY_NET_MAX = 48		/* octets of a network, NUL included */
};

enum history_kind {
	HISTORY_SENDER,		/* author's address */
	HISTORY_DOMAIN,		/* author's domain */
	HISTORY_SIGNER,		/* domain of a DKIM signature, or of SPF */
	HISTORY_NETWORK,	/* the client's */
	HISTORY_COUNTED,	/* kinds up to here have counts */
	HISTORY_WROTE = HISTORY_COUNTED,	/* address the owner wrote
						   to; good: how often */
	HISTORY_MET,		/* address that wrote to the owner, once */
	HISTORY_KINDS
};

struct history_count { uint32_t good, junk; };

extern const char history_schema[];	/* a part of node.db */

/* Nothing known is all zero; so is what cannot be read. */
void		history_get(struct store *st, enum history_kind kind,
		    const char *name, struct history_count *out);
bool		history_any(struct store *st);

/* Adds to what is known, down to zero.  Joins the turn. */
enum store_err	history_add(struct store *st, enum history_kind kind,
		    const char *name, int good, int junk);

/* The owner wrote to that address, as it stood in the envelope.  Joins the
 * turn; addresses of ours are passed over. */
enum store_err	history_wrote(struct store *st, const char *address);

/* The /24 or /48 of an address: "192.0.2.0/24"; "" for what is none. */
void		history_network(const char *ip, char out[HISTORY_NET_MAX]);

#endif
