/*
 * Display names as a reader sees them: quoted strings (RFC 5322 section
 * 3.2.4) and encoded words (RFC 2047) undone.  For comparing names, where
 * no library may be loaded: charsets beyond UTF-8, the Latin, Cyrillic and
 * Greek ones become U+FFFD.
 */
#ifndef BASE_PHRASE_H
#define BASE_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum { PHRASE_MAX = 512 };	/* octets of a decoded name, with NUL */

/* n octets as they stand before "<", blanks there or not.  What does not
 * fit is cut, what cannot be decoded stays; the result is UTF-8. */
void	phrase_decode(const char *p, size_t n, char out[PHRASE_MAX]);

/* Any field, unfolded, a blank for a tab, only its encoded words undone, is
 * appended.  out->err: not all of it fits. */
void	phrase_text(struct buf *out, const char *p, size_t n);

/*
 * The next mailbox of [*p, end), a field that is decoded already: its
 * display name ("" for none) and address, cut to their sizes.  *p moves
 * behind it.  False: none is left.
 */
struct phrase_box {
	char	name[PHRASE_MAX];
	char	address[PHRASE_MAX];
};
bool	phrase_next(const char **p, const char *end, struct phrase_box *out);

#endif
