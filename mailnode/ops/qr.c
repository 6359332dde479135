#include <errno.h>
#include <qrencode.h>
#include <string.h>

#include "mailnode/ops/qr.h"

enum { QUIET = 4, OWN_VERSION = 0 };	/* modules; 0: the least that fits */

/* Is there light at that module?  Around the code, too. */
static bool
light(const QRcode *c, int x, int y)
{
	if (x < 0 || y < 0 || x >= c->width || y >= c->width)
		return true;
	return !(c->data[y * c->width + x] & 1);
}

/* Upper and lower half: nothing, upper, lower, both. */
static const char *const blocks[2][2] = { { " ", "\u2584" },
    { "\u2580", "\u2588" } };

static void
put_line(struct buf *out, const QRcode *c, int y, bool inverse)
{
	int x;

	for (x = -QUIET; x < c->width + QUIET; x++)
		buf_adds(out, blocks[light(c, x, y) == inverse]
		    [light(c, x, y + 1) == inverse]);
	buf_addc(out, '\n');
}

int
qr_put(struct buf *out, const char *text, bool inverse)
{
	QRcode *c;
	int y;

	if (strlen(text) > QR_TEXT_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	c = QRcode_encodeString8bit(text, OWN_VERSION, QR_ECLEVEL_L);
	if (c == NULL)
		return -1;
	for (y = -QUIET; y < c->width + QUIET; y += 2)
		put_line(out, c, y, inverse);
	QRcode_free(c);
	if (out->err == 0)
		return 0;
	errno = out->err;
	return -1;
}
