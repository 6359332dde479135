#include <stdint.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/utf7.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789+,";

/* One UTF-16 unit more; false: a surrogate without its other half, or what
 * has a plainer form. */
static bool
unit(struct buf *b, uint32_t u, uint32_t *high)
{
	if (*high != 0) {
		if (u < 0xdc00 || u > 0xdfff)
			return false;
		u = 0x10000 + ((*high - 0xd800) << 10) + (u - 0xdc00);
		*high = 0;
	} else if (u >= 0xd800 && u <= 0xdbff) {
		*high = u;
		return true;
	} else if ((u >= 0xdc00 && u <= 0xdfff) || u <= 0x7f)
		return false;
	return codec_utf8_put(b, u) == 0;
}

/* From behind "&"; NULL: malformed. */
static const char *
shifted(struct buf *b, const char *p, const char *end)
{
	uint32_t bits = 0, high = 0;
	const char *from = p, *l;
	unsigned int have = 0;

	for (; p < end && *p != '-'; p++) {
		l = *p != '\0' ? strchr(letters, *p) : NULL;
		if (l == NULL)
			return NULL;
		bits = (bits << 6 | (uint32_t)(l - letters)) & 0xffffff;
		have += 6;
		if (have < 16)
			continue;
		have -= 16;
		if (!unit(b, bits >> have & 0xffff, &high))
			return NULL;
	}
	if (p == end || high != 0 || have >= 6 ||
	    (bits & ((1U << have) - 1)) != 0)
		return NULL;
	if (p == from && buf_addc(b, '&') == -1)
		return NULL;
	return p + 1;
}

bool
utf7_get(struct buf *b, const char *p, size_t n)
{
	const char *end = p + n;
	bool behind = false;		/* a shifted run just ended */

	while (p != NULL && p < end) {
		if (*p != '&') {
			if (*p < ' ' || *p >= 0x7f || buf_addc(b, *p) == -1)
				return false;
			p++;
			behind = false;
			continue;
		}
		if (behind && p + 1 < end && p[1] != '-')
			return false;	/* two runs in a row: one would do */
		behind = p + 1 < end && p[1] != '-';
		p = shifted(b, p + 1, end);
	}
	return p != NULL;
}

struct base64 {
	struct buf	*b;
	uint32_t	 bits;
	unsigned int	 have;
};

static void
put_unit(struct base64 *e, uint32_t u)
{
	e->bits = (e->bits << 16 | u) & 0xffffff;
	for (e->have += 16; e->have >= 6; ) {
		e->have -= 6;
		(void)buf_addc(e->b, letters[e->bits >> e->have & 63]);
	}
}

static const uint8_t *
put_shifted(struct buf *b, const uint8_t *p, const uint8_t *end)
{
	struct base64 e = { .b = b };
	uint32_t c;

	(void)buf_addc(b, '&');
	while (p < end && *p >= 0x80) {
		c = codec_utf8_next(&p, end);
		if (c >= 0x10000) {
			put_unit(&e, 0xd800 + ((c - 0x10000) >> 10));
			put_unit(&e, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else
			put_unit(&e, c);
	}
	if (e.have > 0)
		(void)buf_addc(b, letters[e.bits << (6 - e.have) & 63]);
	(void)buf_addc(b, '-');
	return p;
}

int
utf7_put(struct buf *b, const char *s)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);

	while (p < end) {
		if (*p >= 0x80) {
			p = put_shifted(b, p, end);
			continue;
		}
		(void)buf_addc(b, *p);
		if (*p++ == '&')
			(void)buf_addc(b, '-');
	}
	return b->err != 0 ? -1 : 0;
}
