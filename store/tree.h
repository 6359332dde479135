/*
 * All names of mailboxes as one list: the mailboxes, the levels above them,
 * and names that are subscribed to without there being one.  The client's
 * side of op_view.h and op_set.h put together.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/op_box.h"
#include "store/op_view.h"

struct tree_entry {
	char		 name[BOX_NAME_MAX];
	const struct view_box *box;	/* NULL: there is none */
	bool		 subscribed;
};

/* All zero: empty. */
struct tree {
	struct tree_entry *entry;	/* by name, no name twice */
	size_t		 n;
	struct view_boxes boxes;
	size_t		 cap;		/* private */
};

/* Fills an empty one; want: VIEW_SIZE and the like.  A status; tree_clear()
 * in any case. */
uint16_t tree_get(struct tree *t, int reader, struct op_reply *of_reader,
	    uint32_t want, int keeper, struct op_reply *of_keeper);
void	 tree_clear(struct tree *t);

/* NULL: there is none. */
const struct tree_entry *tree_find(const struct tree *t, const char *name);
/* The same mailbox, whatever it is called there. */
const struct tree_entry *tree_same(const struct tree *t,
	    const struct view_box *b);
/* Each name that is in one of them, or in both, in order: as it was, and as it
 * is.  What there is not has no box, and nobody subscribed to it. */
void	 tree_diff(const struct tree *was, const struct tree *is,
	    void (*fn)(void *arg, const struct tree_entry *was,
	    const struct tree_entry *is), void *arg);
/* Is it a level above that name?  What stands behind it, from the "/" on;
 * NULL: no. */
const char *tree_below(const char *level, const char *name);

#endif
