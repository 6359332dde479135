/*
 * What the owner says of a message by what becomes of it: moved into Junk or
 * out of it, marked as junk or not, archived, answered.  Kept by content in
 * node.db; whoever learns from it is told (store.judged).
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
	JUDGED_ANSWERED,
	JUDGED_NOT_JUNK,	/* that it is junk was taken back */
	JUDGED_NOT_GOOD
};

enum {
	JUDGED_MAX = 10000,		/* kept; the oldest go */
	JUDGED_UNDO_S = 600,	/* the way back within this is an undo */
	JUDGED_ACT_S = 60		/* keyword and move are one act */
};

/*
 * A message goes from one mailbox to another: notes it if that says
 * something.  What goes to Trash, or comes from there, says nothing; the way
 * back soon after takes back what was said.  The same twice says no more
 * than once.  In the turn's transaction.
 */
enum store_err	judged_note(struct store *st, const struct box *from,
		    const struct box *to, const struct row_at *at);

/*
 * The message at `at`, in mailbox b, gets these tags: a program marked it as
 * junk, or took that back ($Junk, $NotJunk and their older names).  That it
 * is none says something only of one that is: programs write it on all they
 * look at.  Trash, Sent and Drafts say nothing.
 */
enum store_err	judged_keywords(struct store *st, const struct box *b,
		    const struct row_at *at, const char *now);

/* The owner answered the message of that id, wherever it stands. */
enum store_err	judged_answered(struct store *st, const char *msgid);

/* A file with that content, in that mailbox or another, to be read; -1: not
 * (yet). */
int		judged_open(struct store *st, uint64_t mbox,
		    const uint8_t hash[32]);

#endif
