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
	bool		 aligned;	/* and is vouched for */
	const char	*id[HISTORY_IDS_MAX];	/* what passed */
	size_t		 nids;
};

/* All that it holds is borrowed from v. */
void	proof_of(const struct auth_verdict *v, struct proof *p);

/* An address as history keeps it: lower case, A-labels; "" if it does not
 * fit or is none. */
void	proof_address(const char *address, char out[HISTORY_NAME_MAX]);

#endif
