/* One message that was refused or put off, to be read, and let in. */
#ifndef TUI_REJECT_PAGE_H
#define TUI_REJECT_PAGE_H

#include "tui/app.h"

/* what: a line about it, above the message. */
void	reject_page_open(struct tui *t, uint64_t id, const char *what);
void	reject_let_in(struct tui *t, uint64_t id);

#endif
