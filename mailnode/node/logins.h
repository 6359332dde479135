/*
 * What the parent hears from the vault of logins: sessions that became a
 * device, those whose device was revoked, and addresses where logins fail.
 */
#ifndef NODE_LOGINS_H
#define NODE_LOGINS_H

#include "mailnode/base/loop.h"
#include "mailnode/node/child.h"
#include "mailnode/node/faults.h"

enum { LOGINS_OVER_MS = 500 };	/* to end by itself when revoked */

struct logins {
	struct nursery		*n;
	struct faults		*faults;	/* borrowed */
	struct loop_timer	 over;
};

/* Caller's memory, for the whole run. */
void	logins_init(struct logins *l, struct nursery *n, struct faults *f);
void	logins_tell(struct logins *l, const struct proc_login *p);

#endif
