/*
 * What the index gets of a message that it cannot take as it is, 0x0186.
 * The indexer says which items it begins (INDEX_TRY).  It dying over the same
 * one, and no other, twice: that one is given out by its header alone; once
 * more: not at all.  So one message costs a few deaths, and what is behind it
 * goes on.  Told in its story and counted in `mailnode status`.
 *
 * store.db	index_less(msg, level)	until the row goes or the index is new
 *		index_try(first, …)	struct index_blame; survives a node that
 *			the kernel ended whole.  A clean end takes what was
 *			begun for ended, too: the indexer is killed there when
 *			it is slow.
 */
#ifndef STORE_OP_INDEX_TRY_H
#define STORE_OP_INDEX_TRY_H

#include "store/op_index.h"
#include "store/store.h"

enum index_try_op {
	INDEX_TRY = 0x0186,	/* from one item to another, both begun */
	INDEX_LESS = 0x0187	/* not all of an item was taken */
};

enum {
	INDEX_DEATHS_HEAD = 2,	/* one may be an accident, or another's end */
	INDEX_DEATHS_NOT = 3
};

/* Answered when keeper will not forget it. */
uint16_t	 index_try(int ch, struct op_reply *r, uint64_t first,
		    uint64_t last);
/* INDEX_CUT: it is large; INDEX_NOT: its mailbox's name is too long, or it is
 * no mail to the index; tried again when it moves. */
uint16_t	 index_less(int ch, struct op_reply *r, uint64_t seq,
		    enum index_level level);

extern const char index_try_schema[];		/* a part of store.db */
extern const struct op index_try_ops[];	/* service: struct store */

/* ---- keeper's own ---- */

enum store_err	 index_try_open(struct store *st);
/* While the last turn can still be written. */
void		 index_try_end(struct store *st);
void		 index_try_close(struct store *st);
void		 index_try_gone(struct store *st, const struct op_peer *p);

/* Before work is given out: what follows when the last indexer died. */
enum store_err	 index_try_settle(struct store *st);
/* Is the item to be given out alone? */
bool		 index_try_careful(const struct store *st, uint64_t seq);
/* All up to seq is learnt. */
enum store_err	 index_try_done(struct store *st, uint64_t seq);
/* The index is new: all is tried again. */
enum store_err	 index_try_anew(struct store *st);

#endif
