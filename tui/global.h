/* Actions that hold in every view that has none of its own for them. */
#ifndef TUI_GLOBAL_H
#define TUI_GLOBAL_H

#include "tui/app.h"

extern view_act *const global_acts[DO_MAX];

/* Shows a mailbox, a saved query or any query in the list at the bottom. */
void	 global_go(struct tui *t, const char *name);

/* Runs what was typed behind ":". */
void	 command_run(struct tui *t, const char *line);
size_t	 command_complete(void *tui, const char *text, size_t n,
	    struct buf *out);

/* Opens the list of keys of a view. */
void	 help_open(struct tui *t, const struct view_ops *ops);

#endif
