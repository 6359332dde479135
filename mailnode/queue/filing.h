/*
 * What the sender puts into the owner's own mailboxes, through the spool:
 * the copy in Sent, letters to ourselves, notices.  Each is durable when the
 * call returns STORE_OK.
 */
#ifndef QUEUE_FILING_H
#define QUEUE_FILING_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "mailnode/queue/dsn.h"
#include "store/op_sender.h"

/* keeper: channel; r is used for the calls. */
uint16_t filing_sent(int keeper, struct op_reply *r,
	    const struct sender_letter *l);

/* Recipients by index in l->rcpt, all of them ours. */
uint16_t filing_local(int keeper, struct op_reply *r,
	    const struct sender_letter *l, const size_t *at, size_t n);

/* Fills in what comes from the letter: to, subject, header … */
uint16_t filing_notice(int keeper, struct op_reply *r,
	    const struct sender_letter *l, enum dsn_kind kind,
	    const struct dsn_rcpt *rcpt, size_t n, int64_t expires);

#endif
