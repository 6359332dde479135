/*
 * A mailbox as people and header fields write it (RFC 5322 section 3.4): a
 * display name and comments around the address that SMTP carries.  No I/O
 * and no state.
 */
#ifndef SMTP_MAILBOX_H
#define SMTP_MAILBOX_H

#include "mailnode/smtp/path.h"

/*
 * All of [p, end) must be one mailbox; its address goes to *out, which is
 * empty unless PATH_OK.  Flags as for path_lex, PATH_UTF8 alone makes sense.
 */
enum path_err	mailbox_lex(const char *p, const char *end,
		    unsigned int flags, struct path *out);

#endif
