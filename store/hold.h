/*
 * When more was accepted than can be filed for the moment, answers wait:
 * the message is on disk, but who sent it goes on only when there is room,
 * or after HOLD_MS.  So a burst is slowed down long before it is refused.
 */
#ifndef STORE_HOLD_H
#define STORE_HOLD_H

#include <stdint.h>

#include "store/store.h"

enum {
	HOLD_OCTETS = 24 * 1024 * 1024,	/* in the spool; see SPOOL_OCTETS_MAX */
	HOLD_MS = 3000
};

enum store_err	 hold_open(struct store *st);
void		 hold_close(struct store *st);

/* As store_later() on the spool. */
uint16_t	 hold_later(struct store *st, struct op_call *c);
/* There may be room. */
void		 hold_release(struct store *st);
void		 hold_gone(struct store *st, struct op_peer *p);

#endif
