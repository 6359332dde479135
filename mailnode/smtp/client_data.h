/*
 * A letter as it goes behind DATA: dots doubled, line ends CRLF.  RFC 5321
 * section 4.5.2.  The only place of the client that looks at dots.
 */
#ifndef SMTP_CLIENT_DATA_H
#define SMTP_CLIENT_DATA_H

#include <stddef.h>

#include "mailnode/base/buf.h"

struct stuff {
	enum { STUFF_BOL, STUFF_TEXT, STUFF_CR } at;
};

void	stuff_init(struct stuff *s);

/*
 * Appends [p, p+n), cut anywhere, to out.  A bare LF becomes CRLF, as the
 * signature over the letter took it.  0, or -1: a bare CR or a NUL, which
 * no server may be sent (or out->err).
 */
int	stuff_put(struct stuff *s, const void *p, size_t n, struct buf *out);

/* Ends the last line if it was not; without the final dot.  0 or -1. */
int	stuff_end(struct stuff *s, struct buf *out);

#endif
