/* Object identifiers as text, RFC 8474. */
#ifndef IMAP_OBJECTID_H
#define IMAP_OBJECTID_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/base/buf.h"
#include "mailnode/imap/lex.h"

enum { OBJECTID_EMAIL = 'M', OBJECTID_THREAD = 'T' };

/* "(F1234)" and the like. */
void	put_mailboxid(struct buf *b, uint32_t uidvalidity);
void	put_objectid(struct buf *b, char kind, const uint8_t *p, size_t n);

/* What any server's may look like; and one of ours of that kind, whose n
 * octets go to dst. */
bool	objectid_ok(const struct lex_str *s);
bool	objectid_parse(const struct lex_str *s, char kind, uint8_t *dst,
	    size_t n);

#endif
