/*
 * From a route to a dialogue: the servers of the next hop, one after the
 * other, until one lets us in as the configuration demands.
 */
#ifndef QUEUE_REACH_H
#define QUEUE_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/queue/job.h"
#include "mailnode/smtp/client.h"

enum { REACH_TRUSTS_MAX = 64 };	/* relays; those beyond have no TLS */

/* Which certificates count. */
struct reach_trust {
	struct tls_client *each[REACH_TRUSTS_MAX];	/* of a relay; NULL */
	struct tls_client *any;		/* encrypts, verifies nothing */
	struct tls_client *system;	/* for tls_required */
};

/* Before the sandbox; what cannot be loaded is logged. */
void	reach_trust_load(struct reach_trust *t);

struct reach {
	/* set by the caller, borrowed */
	const struct reach_trust *trust;
	uint32_t	 route;		/* index in conf.relays */
	const char	*domain;	/* "mx": the next domain */
	int		 vault, dns;	/* channels */
	int		 wake;		/* readable: give up */
	bool		 may_clear;	/* without TLS where that is broken,
					   and no policy demands it */
	/* found */
	struct client	 client;	/* in dialogue: letters may follow */
	char		 peer[JOB_TEXT_MAX], tls[JOB_TEXT_MAX];
	char		 clear_why[JOB_TEXT_MAX];	/* "", or why it is
							   without TLS */
	enum client_fate fate;		/* or why there is none */
	bool		 tried;		/* it counts as an attempt */
	bool		 no_dns;	/* the breaker is open: none was made */
	char		 why[JOB_TEXT_MAX];
};

/* False: fate, tried and why. */
bool	reach_hop(struct reach *x);

#endif
