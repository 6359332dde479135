#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/imap/name.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789+,";

/* ---- from modified UTF-7 ---- */

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

static bool
from_utf7(const char *p, size_t n, struct buf *b)
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

static void
inbox(char *name)
{
	static const char capital[] = "INBOX";
	size_t n = sizeof capital - 1;

	if (strncasecmp(name, capital, n) == 0 &&
	    (name[n] == '\0' || name[n] == NAME_SEPARATOR))
		memcpy(name, capital, n);
}

/* No mailbox has a control in its name (box_name_ok). */
static bool
controls(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if (b->data[i] < ' ' || b->data[i] == 0x7f)
			return true;
	return false;
}

bool
name_in(const char *p, size_t n, bool utf8, char *dst, size_t size)
{
	struct buf b;
	bool ok;

	dst[0] = '\0';
	buf_init(&b, size);
	/* In UTF-8, "&" is nothing special; but those who enabled it may
	 * still send the old form of what they saw before. */
	ok = utf8 ? codec_utf8_ok(p, n) && buf_add(&b, p, n) == 0 :
	    from_utf7(p, n, &b);
	ok = ok && b.len < size && !controls(&b);
	if (ok && b.len > 0)
		memcpy(dst, b.data, b.len);
	if (ok)
		dst[b.len] = '\0';
	buf_clear(&b);
	if (ok)
		inbox(dst);
	return ok;
}

/* ---- to modified UTF-7 ---- */

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
name_out(struct buf *b, const char *name, bool utf8)
{
	const uint8_t *p = (const uint8_t *)name, *end = p + strlen(name);

	(void)buf_addc(b, '"');
	while (p < end) {
		if (*p >= 0x80 && !utf8) {
			p = put_shifted(b, p, end);
			continue;
		}
		if (*p == '"' || *p == '\\')
			(void)buf_addc(b, '\\');
		(void)buf_addc(b, *p);
		if (*p == '&' && !utf8)
			(void)buf_addc(b, '-');
		p++;
	}
	return buf_addc(b, '"');
}

/* ---- patterns ---- */

/*
 * at[i]: the pattern so far can end before name[i].  One pass over the name
 * for each octet of the pattern, so that no pattern takes long.
 */
bool
name_match(const char *pattern, const char *name)
{
	bool at[NAME_PATTERN_MAX] = { true };
	size_t i, n = strlen(name);
	bool was, next;

	if (n >= sizeof at)
		return false;
	for (; *pattern != '\0'; pattern++) {
		was = false;
		for (i = 0; i <= n; i++) {
			next = at[i];
			if (*pattern == '*')
				at[i] = at[i] || (i > 0 && at[i - 1]);
			else if (*pattern == '%')
				at[i] = at[i] || (i > 0 && at[i - 1] &&
				    name[i - 1] != NAME_SEPARATOR);
			else
				at[i] = i > 0 && was &&
				    name[i - 1] == *pattern;
			was = next;
		}
	}
	return at[n];
}
