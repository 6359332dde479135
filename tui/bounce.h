#ifndef TUI_BOUNCE_H
#define TUI_BOUNCE_H

#include "tui/app.h"

/* Sends the message on, unchanged but for Resent- fields; borrows `to`. */
void	 bounce_msg(struct tui *t, uint64_t id, const char *to);

#endif
