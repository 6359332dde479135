/* QR codes for a terminal. */
#ifndef OPS_QR_H
#define OPS_QR_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum { QR_TEXT_MAX = 1200 };	/* octets: what phones read off a screen */

/*
 * Appends the code of the text as lines of half-block characters (UTF-8),
 * two rows of modules a line, with the quiet zone of four.  inverse: light
 * on dark as in most terminals, where the characters are what shines; else
 * dark on light.  0, or -1 with errno: EMSGSIZE.
 */
int	qr_put(struct buf *out, const char *text, bool inverse);

#endif
