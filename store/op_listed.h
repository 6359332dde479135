/* The owner's lists of whom to let in and keep out, 0x01e8: for the owner. */
#ifndef STORE_OP_LISTED_H
#define STORE_OP_LISTED_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "store/listed.h"

enum listed_op {
	LISTED_NEXT = 0x01e8,
	LISTED_ADD = 0x01e9,	/* → listed_was */
	LISTED_REMOVE = 0x01ea
};

enum { LISTED_WAIT_MS = 30000 };

/* What the name was before it was added, for whoever takes that back. */
struct listed_was {
	bool	 listed, allow;
	char	 note[LISTED_NOTE_MAX];
};

/* The answer to LISTED_ADD; false: malformed. */
bool	 listed_was_get(struct chan_in *in, struct listed_was *was);

/* name in any case, domains as A-labels: STORE_NAME.  What was on the other
 * list moves to this one.  STORE_TOOBIG: over LISTED_MAX. */
uint16_t listed_ask_add(int ch, struct op_reply *r, bool allow,
	    const char *name, const char *note);
/* STORE_NOTFOUND: not on this list. */
uint16_t listed_ask_remove(int ch, struct op_reply *r, bool allow,
	    const char *name);
/* The first behind `after` ("": of all); STORE_NOTFOUND at the end. */
uint16_t listed_ask_next(int ch, struct op_reply *r, bool allow,
	    const char *after, struct listed *l);

extern const struct op listed_ops[];	/* service: struct store */

#endif
