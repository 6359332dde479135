/*
 * What the indexer asks of keeper, 0x0180.  WATCH_INDEX (op_watch.h) tells
 * that there is work.
 */
#ifndef STORE_OP_INDEX_H
#define STORE_OP_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"

enum index_op {
	INDEX_TODO = 0x0180,	/* what is to be learnt, oldest first */
	INDEX_DONE = 0x0181,	/* it is, up to here; and a word to keep */
	INDEX_FIND = 0x0182,	/* rows of a Message-ID */
	INDEX_ALL = 0x0183	/* the index is new: everything is to do */
};

enum {
	INDEX_BATCH_MAX = 500,
	INDEX_STATE_MAX = 100,	/* octets of the word, NUL included */
	INDEX_ALL_STEP = 2000,	/* rows of one INDEX_ALL */
	INDEX_WAIT_MS = 60000
};

/* What the index gets of a message; op_index_try.h. */
enum index_level {
	INDEX_WHOLE = 0,
	INDEX_CUT = 1,		/* its text has more than INDEX_TEXT_MAX */
	INDEX_HEAD = 2,		/* no text */
	INDEX_NOT = 3
};

/* Paths below the maildir; "" for none.  Flags and tags are those of all
 * files with that Message-ID together, as they are now. */
struct index_item {
	uint64_t	 seq;
	const char	*was, *now;
	uint32_t	 flags;
	const char	*tags;
	enum index_level level;		/* what it may get */
};

struct index_work {
	struct index_item *item;
	size_t		 n;
	bool		 more;
	char		 state[INDEX_STATE_MAX];	/* of the last DONE */
	char		*text;		/* private */
};
uint16_t index_todo(int ch, struct op_reply *r, uint32_t most,
	    struct index_work *out);
void	 index_work_clear(struct index_work *w);

/* Strikes out all up to seq. */
uint16_t index_done(int ch, struct op_reply *r, uint64_t seq,
	    const char *state);

struct index_row {
	uint64_t	id;
	uint32_t	flags;
	const char	*tags;
	bool		pending;	/* we changed it, not learnt yet */
};
struct index_rows {
	struct index_row *row;
	size_t		 n;
	char		*text;		/* private */
};
uint16_t index_find(int ch, struct op_reply *r, const char *msgid,
	    struct index_rows *out);
void	 index_rows_clear(struct index_rows *w);

/* From row id *from on (0: the first, and what was to do is forgotten);
 * *from is where the next call goes on, 0 when all is noted. */
uint16_t index_all(int ch, struct op_reply *r, uint64_t *from);

extern const struct op index_ops[];	/* service: struct store */

#endif
