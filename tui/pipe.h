/*
 * Messages for a program of the owner's: one as its file has it, several as
 * an mbox, in the order in which git am wants them; printed ones as text.
 */
#ifndef TUI_PIPE_H
#define TUI_PIPE_H

#include <stdbool.h>

#include "tui/app.h"
#include "tui/rows.h"

/* DO_PIPE or DO_PRINT of places as mailact.h has them; arg: the command,
 * NULL: it is asked for. */
void	 pipe_places(struct tui *t, enum conf_action act,
	    const struct rows_at *at, size_t n, uint64_t mbox,
	    const char *arg);
void	 pipe_msg(struct tui *t, enum conf_action act, uint64_t id,
	    const char *arg);

/* "[PATCH v2 3/12] x" is 2 and 3; false: no patch, or an answer to one. */
bool	 pipe_patch(const char *subject, unsigned int *version,
	    unsigned int *number);

#endif
