/* Between rule_act.c and rule_tell.c; nobody else includes this. */
#ifndef STORE_RULE_PARTS_H
#define STORE_RULE_PARTS_H

#include "mailnode/base/loop.h"
#include "store/maildir.h"
#include "store/rule.h"

enum { RULE_SOON_MS = 20 };	/* a mailbox has no UID to give, a file moves */

struct rules {
	struct loop_timer timer;
	struct telling	*telling;
	unsigned int	 ntelling;
	uint64_t	 after;		/* those up to here had their turn */
	bool		 homeless[RULES_MAX];	/* alarm: no such mailbox */
};

/* A message of this moment, for letters and programs. */
struct ruled {
	const struct rule_row *r;
	struct row_at	 at;
	char		 folder[BOX_NAME_MAX];
	char		 rel[MAILDIR_REL_MAX];
	char		 from[SPOOL_ADDR_MAX * 2], subject[SPOOL_TEXT_MAX];
	int		 fd;
};

/* Hit i of a message; borrows from the configuration. */
const struct rule *rule_at(const struct store *st, const struct rule_row *r,
		    size_t i);
/* x->fd is the caller's.  STORE_NOTFOUND: deleted; STORE_BUSY: its file
 * follows in a moment. */
enum store_err	 ruled_open(struct store *st, const struct rule_row *r,
		    struct ruled *x);

/* ---- rule_tell.c: STORE_STATE: the answers go on with it ---- */

enum store_err	 rule_tell(struct store *st, struct rule_row *r);
enum store_err	 rule_deliver(struct store *st, struct rule_row *r);
/* What the programs said; Quarantine is Junk, with the reason in its story. */
enum store_err	 rule_settle(struct store *st, struct rule_row *r);
void		 rule_tell_close(struct store *st);

#endif
