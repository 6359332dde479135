/*
 * Learning from what the owner does with a message, in whatever program:
 * words for the junk filter, and where it came from for the history of
 * senders.  Keeper parses nothing: a parser reads each file, 0x0408.
 */
#ifndef FILTER_TEACH_H
#define FILTER_TEACH_H

#include <stddef.h>

#include "mailnode/base/op.h"
#include "mailnode/filter/learner.h"
#include "store/store.h"

enum teach_op {
	TEACH_TOKENS = 0x0408	/* key, fd → origin, hashes; of a parser */
};

enum {
	TEACH_QUEUE = 10000,	/* messages that wait; more are passed over */
	TEACH_PAUSE_MS = 50,	/* until a file has moved, a parser come */
	TEACH_TRIES = 200
};

struct teach {
	struct store	*st;		/* borrowed */
	struct learner	*l;		/* borrowed */
	struct store_judged *queue;	/* owned, a ring of `cap` */
	size_t		 cap, first, n;
	unsigned int	 tries;		/* of the first */
	bool		 asked;		/* a parser is at it */
	struct loop_timer timer;
};

/* Caller's memory, for the whole run. */
void	teach_init(struct teach *t, struct store *st, struct learner *l);
void	teach_clear(struct teach *t);

/* store.judged */
void	teach_judged(struct teach *t, const struct store_judged *j);

/* The parser's side; no state. */
extern const struct op teach_ops[];

#endif
