/*
 * The local copy of a message that came to aliases which only send on: it
 * stays until every letter of it was taken by its next hop, then it goes to
 * Trash.
 *
 *	fan_copy_letter   with each letter's row, in its commit: one more to
 *	                  wait for
 *	fan_copy_settled  the letter has its fate: sent, one less; anything
 *	                  else, the copy stays for good, and the owner has his
 *	                  notice beside it
 *	the timer         none is left: to Trash, and the row goes, in one
 *	                  commit.  Not before the spool forgot the message, and
 *	                  not when its owner moved or flagged it meanwhile
 *
 * A crash before a commit does that once more.
 */
#ifndef STORE_FAN_COPY_H
#define STORE_FAN_COPY_H

#include <stdint.h>

#include "store/fan.h"

extern const char fan_copy_schema[];	/* a part of node.db */

enum store_err	 fan_copy_letter(struct store *st, const struct fan *f,
		    uint64_t letter);
/* Joins the turn. */
void		 fan_copy_settled(struct store *st, uint64_t letter);

enum store_err	 fan_copy_open(struct store *st);
void		 fan_copy_close(struct store *st);

#endif
