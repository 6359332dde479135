/*
 * What the owner says of a message by what becomes of it: moved into Junk or
 * out of it, archived, answered.  Kept by content in node.db; whoever learns
 * from it is told (store.judged).
 */
#ifndef STORE_JUDGED_H
#define STORE_JUDGED_H

#include <stdint.h>

#include "store/box.h"
#include "store/row.h"
#include "store/store.h"

/* node.db knows them by these numbers. */
enum judged_word {
	JUDGED_GOOD,		/* out of Junk */
	JUDGED_JUNK,		/* into Junk */
	JUDGED_KEPT,		/* archived */
	JUDGED_ANSWERED
};

enum {
	JUDGED_MAX = 10000,		/* kept; the oldest go */
	JUDGED_UNDO_S = 600		/* the way back within this is an undo */
};

/*
 * A message goes from one mailbox to another: notes it if that says
 * something.  What goes to Trash, or comes from there, says nothing; the way
 * back soon after takes back what was said.  The same twice says no more
 * than once.  In the turn's transaction.
 */
enum store_err	judged_note(struct store *st, const struct box *from,
		    const struct box *to, const struct row_at *at);

/* The owner answered the message of that id, wherever it stands. */
enum store_err	judged_answered(struct store *st, const char *msgid);

/* A file in that mailbox, or in Trash, with that content, to be read; -1:
 * not (yet). */
int		judged_open(struct store *st, uint64_t mbox,
		    const uint8_t hash[32]);

#endif
