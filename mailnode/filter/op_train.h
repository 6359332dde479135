/*
 * Learning from mail that the owner names, 0x01d0.  The command that reads
 * the mail makes tokens of it; keeper, which parses nothing, learns them.
 */
#ifndef FILTER_OP_TRAIN_H
#define FILTER_OP_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "mailnode/filter/learner.h"
#include "mailnode/filter/token.h"

enum train_op {
	TRAIN_BEGIN = 0x01d0,	/* → the key for tokens */
	TRAIN_LEARN = 0x01d1,	/* some messages; no answer is waited for */
	TRAIN_END = 0x01d2	/* all before it is counted → train_state */
};

enum { TRAIN_WAIT_MS = 60000 };

struct train_state {
	uint64_t	key;
	uint32_t	good, bad;	/* what is known now */
	bool		busy;		/* still going over it */
	struct learner_totals totals;
};

uint16_t train_begin(int ch, struct op_reply *r, struct train_state *out);
/* Waits until keeper is no longer busy with it. */
uint16_t train_end(int ch, struct op_reply *r, struct train_state *out);
/*
 * Some messages go to keeper in one record, of which args, of
 * CHAN_DATA_MAX, is the one that is being filled: train_flush() sends it,
 * and so must be called before train_end().  0, or -1 with errno.
 */
int	 train_tell(int ch, struct buf *args, enum learn_as as, uint64_t id,
	    const struct tokens *t);
int	 train_flush(int ch, struct buf *args);

/* Service: struct store, whose `filter` is the struct learner. */
extern const struct op train_ops[];

#endif
