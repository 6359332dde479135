/* The sidebar: mailboxes and saved queries with their counts. */
#ifndef TUI_SIDE_H
#define TUI_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/op_list.h"
#include "tui/app.h"

struct side;

/* A mailbox (query "") or a saved query (id 0). */
struct side_row {
	uint64_t	 id;
	char		*name, *query;
	uint32_t	 total, unread;		/* LIST_UNKNOWN */
};

/* Returns owned; `ready` is called when the first list is there. */
struct side	*side_new(struct tui *t, void (*ready)(struct tui *t));
void		 side_free(struct side *s);

/* Asks anew, unless that is under way. */
void		 side_load(struct side *s);
void		 side_changed(struct side *s, const struct watch_change *c);

void		 side_draw(struct side *s, const struct area *a);
int		 side_width(const struct side *s, int cols);

/* NULL when there is none of that name; borrows until the next load. */
const struct side_row *side_find(const struct side *s, const char *name);
const struct side_row *side_row(const struct side *s, size_t i);
/* The i-th saved query, from 1. */
const struct side_row *side_saved(const struct side *s, size_t i);
/* The row `step` away from the one that is shown. */
const struct side_row *side_step(const struct side *s, int step);
/* Which is shown. */
void		 side_here(struct side *s, const char *name);

#endif
