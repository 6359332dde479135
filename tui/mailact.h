/*
 * Archive, delete, tag and so on, from any view: asks what has to be asked
 * at once, then for the messages, then does it.
 */
#ifndef TUI_MAILACT_H
#define TUI_MAILACT_H

#include "tui/app.h"
#include "tui/rows.h"

struct mailact_on {
	const struct rows_at *at;	/* places; msg 0: the whole thread */
	size_t		 n;
	uint64_t	 mbox;		/* of a thread only what is there; 0: all */
	const char	*folder;	/* that mailbox, or "" */
	const char	*tags;		/* of the first, to be edited */
};

/* Copies all of it.  arg as in keys[], or NULL. */
void	 mailact(struct tui *t, enum conf_action act, const char *arg,
	    const struct mailact_on *on);

/* True when the action moves messages out of a folder. */
bool	 mailact_moves(enum conf_action act);

#endif
