/* Who a message is from, as far as SPF and DKIM prove it. */
#ifndef FILTER_PROOF_H
#define FILTER_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/auth/judge.h"
#include "store/op_history.h"

struct proof {
	const char	*author;	/* the only one, or "" */
	const char	*written;	/* with U-labels, or "" */
	const char	*name;		/* shown, as it stands, or ""; without an
					   author all of From */
	bool		 aligned;	/* and is vouched for */
	const char	*id[HISTORY_IDS_MAX];	/* what passed */
	size_t		 nids;
};

/* All that it holds is borrowed from v. */
void	proof_of(const struct auth_verdict *v, struct proof *p);

/*
 * Do these domains, which passed, vouch for an author of that domain?  Where
 * DMARC has a policy its word counts.  Without one a domain vouches for
 * itself and all below it; not for what stands above, which may be somebody
 * else's.
 */
bool	proof_aligned(enum dmarc_result dmarc, const char *domain,
	    const char *const *id, size_t nids);

/* An address as history keeps it: lower case, A-labels; "" if it does not
 * fit or is none. */
void	proof_address(const char *address, char out[HISTORY_NAME_MAX]);

/* What the owner typed as a name for the lists: domains become A-labels;
 * networks, and what is nothing, stay as they are, cut to size. */
void	proof_listed(const char *text, char out[HISTORY_NAME_MAX]);

#endif
