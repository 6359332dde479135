/* The owner's lists of whom to let in and keep out, with one key. */
#ifndef TUI_ALLOW_KEY_H
#define TUI_ALLOW_KEY_H

#include "tui/app.h"

/*
 * Asks for a name, proposing the address in `who` ("Name <address>"), and
 * puts it on that list: DO_ALLOW or DO_BLOCK.  `arg` is typed already; or
 * NULL.
 */
void	 allow_propose(struct tui *t, enum conf_action act, const char *who,
	    const char *arg);

/* From views where no message is meant. */
view_act allow_nobody, block_nobody;

#endif
