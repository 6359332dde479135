/* When the messages return whose rows are on the screen, in Snoozed. */
#ifndef TUI_WAKING_H
#define TUI_WAKING_H

#include <stdint.h>

struct list_view;
struct waking;

struct waking	*waking_new(struct list_view *lv);
void		 waking_free(struct waking *w);

/* Asks for the rows shown, unless it knows them. */
void		 waking_fill(struct waking *w);
/* Something was put off, or came back. */
void		 waking_changed(struct waking *w);
/* Wall clock, s; 0: not known. */
int64_t		 waking_at(const struct waking *w, uint64_t msg);

#endif
