/*
 * Names of mailboxes: UTF-8 inside, modified UTF-7 (RFC 3501 section 5.1.3)
 * to a client that has not enabled UTF-8, and the patterns of LIST.
 */
#ifndef IMAP_NAME_H
#define IMAP_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"
#include "store/op_box.h"

enum {
	NAME_SEPARATOR = '/',
	NAME_PATTERN_MAX = 1000		/* octets, NUL included */
};

/*
 * What a client called a mailbox; `utf8`: it may use UTF-8.  INBOX in any
 * case is "INBOX", also above others.  False: nonsense, a control in it, or
 * too long.  Says nothing about whether the name is one that may exist.
 */
bool	 name_in(const char *p, size_t n, bool utf8, char *dst, size_t size);

/* Appends the name as a quoted string.  0, or -1 with b->err. */
int	 name_out(struct buf *b, const char *name, bool utf8);

/* "*": any octets; "%": any but the separator; INBOX in any case. */
bool	 name_match(const char *pattern, const char *name);

#endif
