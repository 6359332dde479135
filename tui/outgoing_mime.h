/* The body of a letter that goes out, behind its header; for outgoing.c. */
#ifndef TUI_OUTGOING_MIME_H
#define TUI_OUTGOING_MIME_H

#include "tui/outgoing.h"

bool	 outgoing_is_ascii(const char *s, size_t n);

/* Writes all of b and empties it.  0, or -1. */
int	 outgoing_write(int fd, struct buf *b);

/* Its fields, text and attachments, to b and as that fills to o->fd. */
enum outgoing_err outgoing_parts(struct outgoing *o, struct buf *b,
		    const struct letter *l);

#endif
