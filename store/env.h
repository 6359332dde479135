/* Reading the ENVELOPE that a row keeps: see mime_imap.h. */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum env_field {
	ENV_DATE, ENV_SUBJECT, ENV_FROM, ENV_SENDER, ENV_REPLY_TO, ENV_TO,
	ENV_CC, ENV_BCC, ENV_IRT, ENV_MSGID
};
enum env_part { ENV_NAME, ENV_ROUTE, ENV_MAILBOX, ENV_HOST };

/* Where the nth element of the list at p begins; NULL: there is none, or p is
 * no list. */
const char	*env_nth(const char *p, const char *end, unsigned int n);
/* Appends the octets of the string at p.  False: it is NIL, or malformed. */
bool		 env_string(const char *p, const char *end, struct buf *out);
/* A part of the first address of a field. */
bool		 env_address(const char *p, const char *end,
		    enum env_field field, enum env_part part,
		    struct buf *out);

#endif
