/*
 * What the sender role asks of the queue.  Types 0x0168.
 *
 *	sender_due		subscribes; every active letter is told, then
 *				each as its time changes
 *	sender_claim		the letter is under way: the owner can no
 *				longer hold or drop it
 *	sender_mark		durable, before a final dot
 *	sender_result		what became of recipients, durable
 *	sender_release		the claim ends
 */
#ifndef STORE_OP_SENDER_H
#define STORE_OP_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/op_queue.h"

enum sender_op {
	SENDER_DUE = 0x0168,
	SENDER_CLAIM = 0x0169,
	SENDER_MARK = 0x016a,
	SENDER_RESULT = 0x016b,
	SENDER_COPIED = 0x016c,
	SENDER_RELEASE = 0x016d,
	SENDER_PUSH = 0x016f	/* told: u64 id, i64 due (0: forget it) */
};

enum { SENDER_WAIT_MS = 60000 };

/*
 * Subscribes this peer; r->told hears SENDER_PUSH from then on.  What was
 * noted by a clock that is set back meanwhile follows ours.  afresh: nothing
 * is under way; else what this peer has claimed stays so.
 */
uint16_t sender_due(int ch, struct op_reply *r, bool afresh);
bool	 sender_push_get(struct chan_in *in, uint64_t *id, int64_t *due);

struct sender_rcpt {
	uint32_t	 n;		/* number in the letter, from 1 */
	const char	*addr, *orcpt;
	const char	*route;		/* the last one: an unknown fate is
					   tried on no other */
	const char	*forced;	/* by the owner, or "" */
	uint32_t	 notify, attempts;
	enum queue_fate	 fate;		/* WAITING or UNKNOWN */
	int64_t		 due;
};

struct sender_letter {
	uint64_t	 id;
	const char	*from, *msgid, *envid, *subject;
	uint32_t	 flags;		/* QUEUE_* */
	int64_t		 created;
	uint32_t	 offset;
	uint64_t	 size;
	bool		 copied;	/* in Sent already */
	bool		 told;		/* of the delay */
	int		 fd;		/* the letter; owned */
	struct sender_rcpt *rcpt;	/* those without a final fate */
	size_t		 nrcpt;
	char		*text;		/* private */
};

/*
 * STORE_STATE: not active (any more), or claimed; STORE_CORRUPT: its file
 * cannot be used, it was set aside.  sender_letter_clear() closes fd.
 */
uint16_t sender_claim(int ch, struct op_reply *r, uint64_t id,
	    struct sender_letter *out);
void	 sender_letter_clear(struct sender_letter *l);

/*
 * The dot is about to go out for these recipients on that route: until a
 * result comes, their fate is unknown.
 */
uint16_t sender_mark(int ch, struct op_reply *r, uint64_t id,
	    const char *route, const uint32_t *n, size_t count);

struct sender_fate {
	uint32_t	 n;
	enum queue_fate	 fate;
	bool		 counts;	/* as an attempt */
	int64_t		 due;		/* WAITING, UNKNOWN: next try */
	const char	*route, *reply;
};

struct sender_result {
	uint64_t	 id;
	const char	*why;		/* it waits; shown in listings */
	bool		 told;		/* the delay notice went out */
	bool		 known;		/* who took it knows the envid */
	/* the attempt; route "" when there was none to speak of */
	const char	*route, *peer, *tls, *reply;
	const struct sender_fate *fate;
	size_t		 nfate;
};

uint16_t sender_result(int ch, struct op_reply *r,
	    const struct sender_result *x);

/* The copy is in Sent, durably. */
uint16_t sender_copied(int ch, struct op_reply *r, uint64_t id);

/* Ends the claim.  *due: when to come back; 0: never by itself. */
uint16_t sender_release(int ch, struct op_reply *r, uint64_t id,
	    int64_t *due);

/* Inside keeper: tells the sender. */
void	 sender_push(struct op_peer *p, uint64_t id, int64_t due);

extern const struct op sender_ops[], result_ops[]; /* service: store */

#endif
