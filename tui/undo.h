/*
 * Every change is a list of requests to keeper and the list of those that
 * take it back.  The change is sent at once and remembered; undo and redo
 * send one list or the other.
 */
#ifndef TUI_UNDO_H
#define TUI_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

struct tui;
struct undo;

enum { UNDO_KEEP = 200 };	/* changes remembered */

struct change;

/* Returns owned, or NULL; text says what it does: "3 to Trash". */
struct change	*change_new(const char *text);
/* One request that does it, or that takes it back; copies args. */
void	 change_forth(struct change *c, uint16_t type, const struct buf *args);
void	 change_back(struct change *c, uint16_t type, const struct buf *args);
/* It moves so many messages, either way: is told when some are gone. */
void	 change_moves(struct change *c, size_t n);
/*
 * For what no request takes back alone: called instead of the requests;
 * true: done.  `arg` is freed with the change.
 */
void	 change_special(struct change *c,
	    bool (*fn)(struct tui *t, const void *arg), void *arg);

/* One that was given to none of the below; accepts NULL. */
void		 change_free(struct change *c);

struct undo	*undo_new(struct tui *t);
void		 undo_free(struct undo *u);

/* Sends it and remembers it; takes c.  `remember` false: cannot be undone. */
void	 undo_do(struct undo *u, struct change *c, bool remember);
/* Done already by other means: remembered alone; takes c. */
void	 undo_done(struct undo *u, struct change *c);
void	 undo_undo(struct undo *u);
void	 undo_redo(struct undo *u);
/* For a copy: what takes it back is known with its answer. */
void	 undo_copy(struct undo *u, struct change *c);

#endif
