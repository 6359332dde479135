/* HTML through a browser that can reach nothing, while the client goes on. */
#ifndef TUI_HTML_H
#define TUI_HTML_H

#include <stdint.h>

#include "mailnode/base/buf.h"
#include "tui/app.h"

struct html_run;

/*
 * Borrows fd, a file of `size` octets.  done gets the text, which it takes
 * by copying *text, or NULL: then there is no browser, or it failed; called
 * later, and html_stop must not be called after that.  NULL: not started.
 */
struct html_run	*html_start(struct tui *t, int fd, uint64_t size,
		    unsigned int columns,
		    void (*done)(void *arg, struct buf *text), void *arg);
/* Ends it; done is not called.  Accepts NULL. */
void		 html_stop(struct html_run *r);

#endif
