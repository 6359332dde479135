#include <string.h>

#include "mailnode/base/codec.h"

static const char b64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hexdigits[] = "0123456789abcdef";

enum { REPLACEMENT = 0xfffd, UNICODE_MAX = 0x10ffff };

int
codec_base64_put(struct buf *b, const void *data, size_t n)
{
	const uint8_t *p = data;
	char q[4];
	uint32_t w;
	size_t i, left;

	if (n > (SIZE_MAX - 2) / 4 || buf_reserve(b, (n + 2) / 3 * 4) == -1)
		return -1;
	for (i = 0; i < n; i += 3) {
		left = n - i;
		w = (uint32_t)p[i] << 16;
		w |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
		w |= left > 2 ? (uint32_t)p[i + 2] : 0;
		q[0] = b64[w >> 18];
		q[1] = b64[w >> 12 & 63];
		q[2] = left > 1 ? b64[w >> 6 & 63] : '=';
		q[3] = left > 2 ? b64[w & 63] : '=';
		buf_add(b, q, sizeof q);
	}
	return 0;
}

int
codec_base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool
is_fws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int
codec_base64_next(struct codec_loose *d, char c)
{
	int x = codec_base64_value(c);

	if (x < 0)
		return -1;
	d->v = (d->v << 6 | (unsigned int)x) & 0xffff;
	d->bits += 6;
	if (d->bits < 8)
		return -1;
	d->bits -= 8;
	return (int)(d->v >> d->bits & 0xff);
}

/* Bits of the last group that stand for no octet must be zero: one text for
 * each value, so that a token cannot be respelled. */
int
codec_base64_get(struct buf *b, const char *p, size_t n, bool fws)
{
	size_t start = b->len, i, digits = 0, pads = 0;
	uint32_t w = 0;
	int v;

	for (i = 0; i < n; i++) {
		if (fws && is_fws(p[i]))
			continue;
		if (p[i] == '=') {
			pads++;
			continue;
		}
		if (pads > 0 || (v = codec_base64_value(p[i])) == -1)
			goto bad;
		w = w << 6 | (uint32_t)v;
		if (++digits % 4 == 0) {
			buf_addc(b, (int)(w >> 16 & 255));
			buf_addc(b, (int)(w >> 8 & 255));
			buf_addc(b, (int)(w & 255));
		}
	}
	if ((digits + pads) % 4 != 0 || pads > 2)
		goto bad;
	if (pads == 1) {
		if (w & 3)
			goto bad;
		buf_addc(b, (int)(w >> 10 & 255));
		buf_addc(b, (int)(w >> 2 & 255));
	} else if (pads == 2) {
		if (w & 15)
			goto bad;
		buf_addc(b, (int)(w >> 4 & 255));
	}
	return b->err ? -1 : 0;
bad:
	b->len = start;
	return -1;
}

int
codec_hex_put(struct buf *b, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < n; i++) {
		buf_addc(b, hexdigits[p[i] >> 4]);
		buf_addc(b, hexdigits[p[i] & 15]);
	}
	return b->err ? -1 : 0;
}

int
codec_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
codec_hex_octet(const char *p)
{
	int hi = codec_hex_value(p[0]), lo;

	if (hi == -1)
		return -1;
	lo = codec_hex_value(p[1]);
	return lo == -1 ? -1 : hi << 4 | lo;
}

int
codec_hex_get(struct buf *b, const char *p, size_t n)
{
	size_t start = b->len, i;
	int c;

	if (n % 2 != 0)
		return -1;
	for (i = 0; i < n; i += 2) {
		c = codec_hex_octet(p + i);
		if (c == -1) {
			b->len = start;
			return -1;
		}
		buf_addc(b, c);
	}
	return b->err ? -1 : 0;
}

/* Octets of the sequence that starts at p with its value, 0 if malformed. */
static size_t
utf8_one(const uint8_t *p, size_t n, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;
	uint32_t v;

	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 && p[0] < 0xf8 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] >= 0xf8 || len > n)
		return 0;
	v = p[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < least[len] || v > UNICODE_MAX || (v >= 0xd800 && v < 0xe000))
		return 0;
	*c = v;
	return len;
}

/* How many octets of ASCII p begins with, at least; a multiple of eight. */
static size_t
ascii_run(const uint8_t *p, size_t n)
{
	uint64_t w;
	size_t i;

	for (i = 0; i + sizeof w <= n; i += sizeof w) {
		memcpy(&w, p + i, sizeof w);
		if ((w & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	return i;
}

bool
codec_utf8_ok(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t c;
	size_t i, len;

	for (i = 0; i < n; i += len) {
		i += ascii_run(p + i, n - i);
		if (i == n)
			break;
		len = utf8_one(p + i, n - i, &c);
		if (len == 0)
			return false;
	}
	return true;
}

uint32_t
codec_utf8_next(const uint8_t **p, const uint8_t *end)
{
	uint32_t c;
	size_t len;

	len = utf8_one(*p, (size_t)(end - *p), &c);
	if (len == 0) {
		(*p)++;
		return REPLACEMENT;
	}
	*p += len;
	return c;
}

int
codec_utf8_put(struct buf *b, uint32_t c)
{
	if (c > UNICODE_MAX || (c >= 0xd800 && c < 0xe000))
		c = REPLACEMENT;
	if (c < 0x80)
		return buf_addc(b, (int)c);
	if (c < 0x800)
		buf_addc(b, (int)(0xc0 | c >> 6));
	else if (c < 0x10000)
		buf_addc(b, (int)(0xe0 | c >> 12));
	else {
		buf_addc(b, (int)(0xf0 | c >> 18));
		buf_addc(b, (int)(0x80 | (c >> 12 & 0x3f)));
	}
	if (c >= 0x800)
		buf_addc(b, (int)(0x80 | (c >> 6 & 0x3f)));
	return buf_addc(b, (int)(0x80 | (c & 0x3f)));
}

int
codec_plain(struct buf *b, const char *s)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
	uint32_t c;

	while (p < end) {
		c = codec_utf8_next(&p, end);
		codec_utf8_put(b, c < 0x20 || (c >= 0x7f && c < 0xa0) ?
		    '?' : c);
	}
	return b->err != 0 ? -1 : 0;
}
