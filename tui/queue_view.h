/* Letters on their way, and what became of each recipient. */
#ifndef TUI_QUEUE_VIEW_H
#define TUI_QUEUE_VIEW_H

#include "tui/app.h"

void	queue_open_view(struct tui *t);
/* Tries every letter that waits, now. */
void	queue_run_all(struct tui *t);
/* One letter: by queue id, or by Message-ID. */
void	queue_open_letter(struct tui *t, const char *id);
void	queue_open_fate(struct tui *t, const char *msgid);

/* The story of a trace id, address or <message-id>. */
void	why_open(struct tui *t, const char *key);
/* Health of the node. */
void	status_open(struct tui *t);

#endif
