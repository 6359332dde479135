/* An envelope as a peer submits it; nothing it says is believed. */
#ifndef STORE_QUEUE_ENVELOPE_H
#define STORE_QUEUE_ENVELOPE_H

#include <stdbool.h>

#include "mailnode/base/chan.h"
#include "store/queue.h"

/* Has both halves, and nothing that would break a line of the queue file,
 * of the log or of the dialogue with the next hop. */
bool		queue_address_ok(const char *s);

/*
 * Into h->text and h->to, owned by h.  STORE_CORRUPT: no envelope;
 * STORE_NORCPT: a recipient is missing or none; STORE_TOOBIG, STORE_NOMEM.
 */
enum store_err	queue_envelope_take(struct queue_head *h,
		    struct chan_in *in);

enum { QUEUE_ENVID_MAX = 33 };	/* octets, NUL included */

/*
 * A letter whose submitter named no envelope id gets one of ours, by which a
 * report that comes back is known (RFC 3461 section 4.4); borrows dst.  Not
 * one that nobody is told of.
 */
void		queue_envid(struct queue_envelope *e,
		    char dst[QUEUE_ENVID_MAX]);

#endif
