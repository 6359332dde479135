/*
 * The resolver's engine: which server is asked, what becomes of an answer,
 * who waits for it.  How a question travels is the role's affair.
 *
 * A question goes to the first server that is up; a server that is silent
 * is followed by the next, and so is one that says SERVFAIL or REFUSED
 * (which is an answer, and no sign of ill health).  Health of a server:
 *
 *	up ──RESOLVE_FAILS silences in a row──> probing (still asked)
 *	probing ──an answer──> up			server_alive
 *	probing ──silence──> down			server_down
 *	down ──an answer to a later probe──> up		server_alive
 *
 * The probe asks for the root's NS, which every resolver knows, so that a
 * domain whose own servers are slow never takes a resolver down.  When all
 * are down the breaker is open: every question is answered at once.
 *
 * A resolver that answers may still resolve nothing, as when the line behind
 * it is gone.  So when most of the last questions failed, a name that nobody
 * can have asked before, below a domain of the owner's, is asked of all
 * servers: if none of them finds out whether it exists, the breaker opens
 * too, until one does.  Strangers whose names fail cannot open it, as long as
 * the owner's own name resolves.
 *
 *	closed --RESOLVE_BROAD of the last failed, canary dead--> open, broad
 *	open, broad --a canary lives--> closed			canary_landed
 */
#ifndef NODE_RESOLVE_H
#define NODE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/loop.h"
#include "mailnode/node/ask_dns.h"

enum {
	RESOLVE_SERVERS = 8,	/* conf.c asserts as much */
	RESOLVE_TRY_MS = 1500,	/* a server has to answer a question */
	RESOLVE_SHOTS = 5,	/* tries of one question, over all servers */
	RESOLVE_FAILS = 2,	/* silences until a probe */
	RESOLVE_COOL_MS = 2000,	/* down until a probe, doubled each time */
	RESOLVE_COOL_MAX_MS = 10000,
	RESOLVE_LAST = 16,	/* questions that are looked back at … */
	RESOLVE_LAST_MS = 10000,	/* … no further than this */
	RESOLVE_BROAD = 12,	/* of these failed: ask the canary */
	RESOLVE_SERVFAIL_S = 5,	/* kept; RFC 2308 section 7.1: at most 300 */
	RESOLVE_FLYING = 2048,	/* questions under way */
	RESOLVE_WAITING = 16384,	/* requests waiting for them */
	RESOLVE_SHARE = 128	/* of these, one peer's; the sender has more */
};

struct resolve;
struct shot;

struct resolve_way {
	/*
	 * Asks that server.  0: resolve_landed is called once, perhaps
	 * before this returns; -1: it cannot be asked that, and is not.
	 */
	int	(*send)(void *arg, size_t server, const char *name,
		    enum dns_type type, struct shot *shot);
	/* No server answers any more, or one does again. */
	void	(*breaker)(void *arg, bool open);
	void	*arg;
};

/* Returns owned, or NULL. */
struct resolve	*resolve_new(struct loop *l, const struct resolve_way *way);
/*
 * resolve_end, then let all shots land (close their channels), then free:
 * what lands in between is not asked again.  Questions that wait are
 * answered: their peers must still be there, op_server_clear comes after.
 */
void		 resolve_end(struct resolve *r);
void		 resolve_free(struct resolve *r);

/* Adds a server, by its number from 0 on; borrows the address. */
void		 resolve_server(struct resolve *r, const char *address,
		    bool trust_ad);
/* The owner's domain (borrowed), below which canaries are asked for; without
 * it silence alone opens the breaker. */
void		 resolve_canary(struct resolve *r, const char *domain);
/* One that can never be asked: no address, no channel. */
void		 resolve_unusable(struct resolve *r, size_t server);
/* All are added. */
void		 resolve_ready(struct resolve *r);

/* What came for a shot; p is NULL when nothing did.  True if the answer
 * showed EDNS, or there was none. */
bool		 resolve_landed(struct shot *shot, const uint8_t *p,
		    size_t n);

/* The service for ask_dns_ops, and its gone(). */
struct ask_dns_service *resolve_service(struct resolve *r);
void		 resolve_gone(struct resolve *r, struct op_peer *p);

bool		 resolve_open(const struct resolve *r);

#endif
