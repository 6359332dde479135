/*
 * Messages put off, 0x0190: each moves to the mailbox Snoozed, and when it
 * is due back to where it was, unread.  What is due stands in node.db by the
 * hash of the content, so that neither a restart nor a rebuild forgets it;
 * one that is no longer in Snoozed by then was taken out by hand, and stays
 * where it is.
 */
#ifndef STORE_OP_SNOOZE_H
#define STORE_OP_SNOOZE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/op_mail.h"
#include "store/store.h"

enum snooze_op {
	SNOOZE_PUT = 0x0190,	/* until `due`, or back at once */
	SNOOZE_WHEN = 0x0191	/* rows → when each is due */
};

enum {
	SNOOZE_SET_MAX = 1000,		/* messages in one request */
	SNOOZE_WHEN_MAX = 100,		/* the same of SNOOZE_WHEN */
	SNOOZE_YEARS_MAX = 10
};

extern const char snooze_box[];		/* "Snoozed"; must be there */

/*
 * due: wall clock, s; 0: back now, with the flags they have.  Messages that
 * are not there are passed over.  STORE_NOTFOUND: no mailbox Snoozed.
 * Answered without a payload.
 */
uint16_t	 snooze_put(int ch, struct op_reply *r,
		    const struct mail_set *set, int64_t due);
void		 snooze_put_put(struct buf *b, const struct mail_set *set,
		    int64_t due);

/* n rows, at most SNOOZE_WHEN_MAX; due: of each, wall clock, s; 0: it is not
 * in Snoozed, or for good.  False: another number of them. */
void		 snooze_when_put(struct buf *b, const uint64_t *id, size_t n);
bool		 snooze_when_get(struct chan_in *in, int64_t *due, size_t n);

extern const char snooze_schema[];	/* of node.db */
extern const struct op snooze_ops[];	/* service: struct store */

/* Keeper's own: wakes what is due, from now on. */
enum store_err	 snooze_open(struct store *st);
void		 snooze_close(struct store *st);

#endif
