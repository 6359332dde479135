/* Writing: from a new letter or an answer to the queue. */
#ifndef TUI_COMPOSE_H
#define TUI_COMPOSE_H

#include "tui/app.h"
#include "tui/fetch.h"
#include "tui/reply.h"

/* A new letter; to may be "". */
void	 compose_new(struct tui *t, const char *to, const char *subject,
	    const char *body);
/* Borrow the message. */
void	 compose_reply(struct tui *t, const struct fetched *f,
	    enum reply_kind kind);
void	 compose_forward(struct tui *t, struct fetched *f);

/* Takes up a draft; of several the owner chooses. */
void	 compose_recall(struct tui *t, uint64_t id);
/* That row of a draft is this one now. */
void	 compose_replaced(struct tui *t, uint64_t was, uint64_t now);
void	 compose_recall_any(struct tui *t);
/* A letter's file again: after an undone sending, a crash. */
void	 compose_file(struct tui *t, const char *path);

/* Letters that a crash left over; tells the owner, and cleans up. */
void	 compose_look_for_left(struct tui *t);

#endif
