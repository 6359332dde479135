/* The letter in hand, between editor and queue. */
#ifndef TUI_COMPOSE_VIEW_H
#define TUI_COMPOSE_VIEW_H

#include "tui/app.h"
#include "tui/journal.h"
#include "tui/letter.h"

struct compose_from {
	uint64_t	draft;		/* row that this letter replaces, or 0 */
	uint64_t	answers;	/* row that is answered then, or 0 */
	uint64_t	forwards;	/* likewise */
};

/*
 * Opens the view on a letter's file, in $EDITOR first if `edit`.  Takes what
 * *l owns.  path is copied.
 */
void	compose_open(struct tui *t, const char *path, struct letter *l,
	    const struct compose_from *from, bool edit);

#endif
