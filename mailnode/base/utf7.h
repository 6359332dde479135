/* Modified UTF-7, RFC 3501 section 5.1.3: names of mailboxes to clients that
 * know no UTF-8. */
#ifndef BASE_UTF7_H
#define BASE_UTF7_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

/* Appends the UTF-8 of [p, p+n).  False: malformed, or not the one form that
 * a name has; or b->err. */
bool	 utf7_get(struct buf *b, const char *p, size_t n);

/* Appends the UTF-7 form of UTF-8.  0, or -1 with b->err. */
int	 utf7_put(struct buf *b, const char *s);

#endif
