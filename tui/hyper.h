/* Links that the terminal itself opens: the escape OSC 8. */
#ifndef TUI_HYPER_H
#define TUI_HYPER_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum { HYPER_URL_MAX = 2083 };	/* octets; terminals drop longer ones */

/*
 * Does this terminal take them?  There is no way to ask, so by the names
 * that those which do leave in the environment; others may print them.
 */
bool	 hyper_known(void);

/*
 * Appends what opens a link.  What is no printable ASCII becomes %XX, so
 * that nothing of the URL ends the escape.  False: too long, nothing added.
 */
bool	 hyper_open(struct buf *b, const char *url, size_t n);
void	 hyper_close(struct buf *b);

#endif
