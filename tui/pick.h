/*
 * The messages that an action is about: those of marked threads, of a
 * closed thread, or one; asked for where a row does not say enough.
 */
#ifndef TUI_PICK_H
#define TUI_PICK_H

#include "store/op_list.h"
#include "tui/app.h"
#include "tui/rows.h"

struct pick_msg {
	uint64_t	 id, thread, mbox;
	uint32_t	 flags;
	int64_t		 date;
	char		*folder, *tags, *subject;
};

struct pick {
	struct pick_msg	*m;
	size_t		 n;
};

void	 pick_clear(struct pick *p);
void	 pick_msg_clear(struct pick_msg *m);
/* Copies; false when memory is short. */
bool	 pick_add(struct pick *p, const struct list_msg *m);

/*
 * Collects the messages of the places given, in `mbox` only unless 0, then
 * calls fn once; fn takes what *p owns.  Where one cannot be read fn is given
 * none, and that is told.  Copies at.
 */
void	 pick_start(struct tui *t, const struct rows_at *at, size_t n,
	    uint64_t mbox, void (*fn)(void *arg, struct pick *p), void *arg);

#endif
