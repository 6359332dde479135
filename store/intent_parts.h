/* What intent.c, intent_flags.c and intent_put.c share, and nobody else. */
#ifndef STORE_INTENT_PARTS_H
#define STORE_INTENT_PARTS_H

#include "store/ask.h"
#include "store/intent.h"

enum { INTENT_RETRY_MS = 2000 };

/* What a turn adds; the next begins while the answers of one go out. */
struct intent_turn {
	struct store	*st;
	bool		 open;		/* added, not yet committed */
	uint64_t	 last;
};

struct intents {
	uint64_t		last, committed;
	uint64_t		old;		/* of an earlier run, up to */
	uint64_t		twice;		/* perhaps sent before, up to */
	uint64_t		cursor;		/* sent up to here */
	unsigned int		under_way;
	struct sent		*sent;		/* those */
	bool			vain;		/* some were tried, and told of */
	struct intent_turn	turn[2];
	struct loop_timer	retry, strike;
	uint64_t		stands[INTENT_PUTS_MAX];	/* new files */
	size_t			nstands, striking;	/* in this turn */
};

/* Joins the turn.  Nothing is struck out before what was done earlier: done
 * once more, a new file that moved since would be there twice. */
enum store_err	 intent_begin(struct store *st);
enum store_err	 intent_strike(struct store *st, const struct intent *in);

/* Flags: a slice; true: that was all. */
bool		 intent_slice(struct store *st, const struct intent *in);

/* A new file.  Sending, 1: its octets are lost, as in a damaged database;
 * -1: not now. */
int		 intent_put_send(struct store *st, const struct intent *in,
		    ask_fn fn, void *arg);
/* Filer knows no place for it: only when its mailbox is known to be gone are
 * its octets given up. */
bool		 intent_homeless(struct store *st, const struct intent *in);

#endif
