/* Mail from outside as it comes, or is put off, or refused; and what lies in
 * Rejects.  From both a sender can be let in. */
#ifndef TUI_INCOMING_H
#define TUI_INCOMING_H

#include "tui/app.h"

/* What came within the last hour, kept fresh. */
void	incoming_open(struct tui *t);
/* What was refused or put off in two weeks. */
void	rejects_open(struct tui *t);

#endif
