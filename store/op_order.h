/*
 * SORT and THREAD in one mailbox, by the reader: VIEW_ORDER.  What is sorted
 * is what a program of op_find.h finds.  RFC 5256, RFC 5957.
 */
#ifndef STORE_OP_ORDER_H
#define STORE_OP_ORDER_H

#include "store/op_find.h"

enum order_how {
	ORDER_SORT, ORDER_REFERENCES, ORDER_SUBJECT	/* ORDEREDSUBJECT */
};

enum order_key {
	ORDER_ARRIVAL, ORDER_DATE, ORDER_SIZE,
	ORDER_CC, ORDER_FROM, ORDER_TO,		/* mailbox of the first */
	ORDER_SUBJECT_BASE, ORDER_DISPLAY_FROM, ORDER_DISPLAY_TO,
	ORDER_KEYS,
	ORDER_REVERSE = 0x80	/* with one of them */
};

enum {
	ORDER_KEYS_MAX = 16,			/* keys of one SORT */
	ORDER_MEM_MAX = 64 * 1024 * 1024,	/* octets of their texts */
	ORDER_NODES_MAX = 1500000		/* of THREAD, not here too */
};

struct order_ask {
	uint64_t	 mbox;
	uint32_t	 below;		/* UIDs below that */
	enum order_how	 how;
	uint8_t		 key[ORDER_KEYS_MAX];
	size_t		 nkey;
	const struct find_prog *prog;		/* op_find.h */
};

/*
 * One message.  Of threads: before it that many parentheses close, and one
 * opens, or not: then it answers the one before.  UID 0: a parenthesis that
 * holds threads that belong together, with no message above them.
 */
struct order_row {
	uint32_t	 uid, closes;
	bool		 opens;
};

/* fn gets them in order; false stops.  STORE_TOOBIG: over a limit. */
uint16_t view_order(int ch, struct op_reply *r, const struct order_ask *ask,
	    bool (*fn)(void *, const struct order_row *), void *arg,
	    struct find_done *done);

extern const struct op order_ops[];	/* service: struct reader */

#endif
