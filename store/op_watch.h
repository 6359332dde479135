/*
 * What changed, 0x0170: a peer that subscribed is told (records with id 0)
 * after the commit of each turn that changed anything it wants to know.
 */
#ifndef STORE_OP_WATCH_H
#define STORE_OP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"

struct store;

enum watch_op {
	WATCH_SUBSCRIBE = 0x0170,
	WATCH_CHANGE = 0x0171	/* told, never asked */
};

enum watch_what {
	WATCH_MAIL = 1,		/* rows of a mailbox: id, its MODSEQ */
	WATCH_BOXES = 2,	/* mailboxes: names, subscriptions */
	WATCH_QUEUE = 4,	/* id: the letter; 0: several */
	WATCH_INDEX = 8,	/* the index has work */
	WATCH_ALIAS = 16,
	WATCH_INCOMING = 32	/* mail came, or was refused: no id */
};

/* mask: WATCH_*; 0 ends it.  The answer is OP_OK. */
uint16_t watch_subscribe(int ch, struct op_reply *r, uint32_t mask);
void	 watch_subscribe_put(struct buf *b, uint32_t mask);

/* The payload of WATCH_CHANGE is a row of these, until it is read up. */
struct watch_change {
	uint32_t	what;		/* WATCH_* */
	uint64_t	id, modseq;	/* 0: several, look at all */
};
bool	 watch_get(struct chan_in *in, struct watch_change *c);

/* Inside keeper: note it; told once after the commit. */
void	 watch_note(struct store *st, enum watch_what what, uint64_t id,
	    uint64_t modseq);

extern const struct op watch_ops[];	/* service: struct store */

#endif
