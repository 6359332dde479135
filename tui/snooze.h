/* Putting messages off. */
#ifndef TUI_SNOOZE_H
#define TUI_SNOOZE_H

#include "tui/pick.h"

/* Until a time as when_read takes it; false and a note if it is none. */
bool	 snooze_until(struct tui *t, const struct pick *p, const char *text);

#endif
