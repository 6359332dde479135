/* Reading one message, and what can be done with one that is named by id. */
#ifndef TUI_MESSAGE_H
#define TUI_MESSAGE_H

#include "tui/app.h"
#include "tui/rows.h"

/*
 * Opens what stands at a place of the list: that message, or of a thread
 * the first unread, else the newest.  `id` if that is known already, or 0.
 */
void	 message_open(struct view *list, const struct rows_at *at,
	    uint64_t id);

/* Source, parts, pipe, replies, delivery … of one message. */
void	 message_act(struct tui *t, enum conf_action act, uint64_t id,
	    const char *arg);

#endif
