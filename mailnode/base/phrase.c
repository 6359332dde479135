#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/alike.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/phrase.h"
#include "mailnode/base/quote.h"

enum { WHOLE_MAX = 16 * 1024 };	/* octets that are decoded, of which what
				   can be seen is kept */

/* Single-octet charsets as ranges: octets from `first` on are code points
 * from `to` on. */
static const struct charset {
	const char	*name;
	uint8_t		 first;
	uint16_t	 to;
} charsets[] = {
	{ "iso-8859-1",		0xa0, 0x00a0 },
	{ "iso-8859-15",	0xa0, 0x00a0 },
	{ "windows-1252",	0xa0, 0x00a0 },
	{ "windows-1251",	0xc0, 0x0410 },
	{ "iso-8859-5",		0xa1, 0x0401 },
	{ "iso-8859-7",		0xb4, 0x0384 },
	{ "windows-1253",	0xb8, 0x0388 },
};

/* KOI8-R has its small letters in the order of the Latin ones. */
static const uint8_t koi8[32] = {
	0x4e, 0x30, 0x31, 0x46, 0x34, 0x35, 0x44, 0x33, 0x45, 0x38, 0x39,
	0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x4f, 0x40, 0x41, 0x42, 0x43,
	0x36, 0x32, 0x4c, 0x4b, 0x37, 0x48, 0x4d, 0x49, 0x47, 0x4a
};

static uint32_t
koi8_char(uint8_t c)
{
	if (c < 0xc0)
		return 0xfffd;
	return 0x0400U + koi8[c & 0x1f] - (c >= 0xe0 ? 0x20U : 0);
}

static uint32_t
charset_char(const char *name, size_t n, uint8_t c)
{
	size_t i;

	if (c < 0x80)
		return c;
	if (n >= 6 && strncasecmp(name, "koi8-", 5) == 0)
		return koi8_char(c);
	for (i = 0; i < sizeof charsets / sizeof charsets[0]; i++)
		if (strlen(charsets[i].name) == n &&
		    strncasecmp(name, charsets[i].name, n) == 0)
			return c >= charsets[i].first ? (uint32_t)
			    charsets[i].to + c - charsets[i].first : 0xfffd;
	return 0xfffd;
}

/* ---- encoded words ---- */

struct word {
	const char	*charset, *text;
	size_t		 ncharset, ntext;
	char		 how;		/* 'b' or 'q' */
};

/* =?charset*lang?b?text?= ; the octets it has, or 0: it is none. */
static size_t
word_read(const char *p, const char *end, struct word *w)
{
	const char *q, *r;

	if (end - p < 8 || p[0] != '=' || p[1] != '?' ||
	    (q = memchr(p + 2, '?', (size_t)(end - p - 2))) == NULL ||
	    end - q < 3 || q[2] != '?')
		return 0;
	w->charset = p + 2;
	w->ncharset = (size_t)(q - p - 2);
	r = memchr(w->charset, '*', w->ncharset);
	if (r != NULL)
		w->ncharset = (size_t)(r - w->charset);
	w->how = (char)(q[1] | 0x20);
	w->text = q + 3;
	r = memchr(w->text, '?', (size_t)(end - w->text));
	if (r == NULL || end - r < 2 || r[1] != '=' || (w->how != 'b' &&
	    w->how != 'q'))
		return 0;
	w->ntext = (size_t)(r - w->text);
	return (size_t)(r + 2 - p);
}

/* RFC 2047 section 4.2. */
static void
quoted_octets(const struct word *w, struct buf *octets)
{
	size_t i;
	int c;

	for (i = 0; i < w->ntext; i++) {
		c = w->text[i] == '=' && i + 2 < w->ntext ?
		    codec_hex_octet(w->text + i + 1) : -1;
		if (c != -1)
			i += 2;
		else
			c = w->text[i] == '_' ? ' ' : w->text[i];
		buf_addc(octets, c);
	}
}

static void
base64_octets(const struct word *w, struct buf *octets)
{
	struct codec_loose d = { 0, 0 };
	size_t i;
	int c;

	for (i = 0; i < w->ntext; i++)
		if ((c = codec_base64_next(&d, w->text[i])) != -1)
			(void)buf_addc(octets, c);
}

/* A NUL would end it. */
static void
put_char(struct buf *out, uint32_t c)
{
	if (c != 0)
		(void)codec_utf8_put(out, c);
}

static bool
is_utf16(const struct word *w)
{
	return w->ncharset >= 6 && strncasecmp(w->charset, "utf-16", 6) == 0;
}

/* RFC 2781 section 4: the other end first where its name or the mark says
 * so. */
static void
put_utf16(const struct word *w, const struct buf *octets, struct buf *out)
{
	const uint8_t *p = octets->data;
	bool le = w->ncharset == 8 && (w->charset[6] | 0x20) == 'l';
	uint32_t c, high = 0;
	size_t i;

	for (i = 0; i + 1 < octets->len; i += 2) {
		c = le ? p[i] | (uint32_t)p[i + 1] << 8 :
		    p[i + 1] | (uint32_t)p[i] << 8;
		if (i == 0 && c == 0xfffe)
			le = !le;
		if (i == 0 && (c == 0xfffe || c == 0xfeff))
			continue;
		if (c >= 0xd800 && c < 0xdc00) {
			high = c;
			continue;
		}
		if (c >= 0xdc00 && c < 0xe000)
			c = high == 0 ? 0xfffd : 0x10000 +
			    ((high - 0xd800) << 10) + (c - 0xdc00);
		high = 0;
		put_char(out, c);
	}
}

static void
put_octets(const struct word *w, const struct buf *octets, struct buf *out)
{
	bool utf8 = w->ncharset == 5 && strncasecmp(w->charset, "utf-8", 5) ==
	    0;
	const uint8_t *p = octets->data, *end;

	if (octets->len == 0)
		return;
	if (is_utf16(w)) {
		put_utf16(w, octets, out);
		return;
	}
	end = p + octets->len;
	while (p < end)
		put_char(out, utf8 ? codec_utf8_next(&p, end) :
		    charset_char(w->charset, w->ncharset, *p++));
}

static void
word_put(const struct word *w, struct buf *out)
{
	struct buf octets;

	buf_init(&octets, WHOLE_MAX);
	if (w->how == 'q')
		quoted_octets(w, &octets);
	else
		base64_octets(w, &octets);
	put_octets(w, &octets, out);
	buf_clear(&octets);
}

/* ---- a phrase ---- */

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks between two encoded words are not there (section 6.2). */
static const char *
next_word(const char *p, const char *end)
{
	struct word w;
	const char *q = p;

	while (q < end && blank(*q))
		q++;
	return word_read(q, end, &w) > 0 ? q : p;
}

static void
keep(char *dst, size_t size, const struct buf *b)
{
	size_t n = b->len, at = 0;

	while (at < n && blank((char)b->data[at]))
		at++;
	while (n > at && blank((char)b->data[n - 1]))
		n--;
	n -= at;
	if (n >= size)
		n = size - 1;
	if (n > 0)
		memcpy(dst, b->data + at, n);
	dst[n] = '\0';
}

/* Unfolded; phrase: quotes and backslashes are its syntax. */
static void
undo(struct buf *out, const char *p, const char *end, bool phrase)
{
	const uint8_t *u, *uend = (const uint8_t *)end;
	struct word w;
	size_t used;

	while (p < end && out->err == 0) {
		used = word_read(p, end, &w);
		if (used > 0) {
			word_put(&w, out);
			p = next_word(p + used, end);
		} else if (*p == '\0' || *p == '\r' || *p == '\n' ||
		    (phrase && *p == '"')) {
			p++;
		} else if (*p == '\t') {
			(void)buf_addc(out, ' ');
			p++;
		} else {
			if (phrase && *p == '\\' && end - p > 1)
				p++;
			u = (const uint8_t *)p;
			(void)codec_utf8_put(out, codec_utf8_next(&u, uend));
			p = (const char *)u;
		}
	}
}

/* Of what nobody sees, one blank is left: much of it before a name, or in it,
 * would push that out. */
static void
squeeze(struct buf *b)
{
	const uint8_t *p = b->data, *end = p + b->len;
	struct buf seen;
	bool was = false;
	uint32_t c;

	buf_init(&seen, WHOLE_MAX);
	while (p < end) {
		c = codec_utf8_next(&p, end);
		if (!alike_unseen(c))
			(void)codec_utf8_put(&seen, c);
		else if (!was)
			(void)buf_addc(&seen, ' ');
		was = alike_unseen(c);
	}
	buf_clear(b);
	*b = seen;
}

void
phrase_text(struct buf *out, const char *p, size_t n)
{
	undo(out, p, p + n, false);
}

void
phrase_decode(const char *p, size_t n, char out[PHRASE_MAX])
{
	struct buf b;

	buf_init(&b, WHOLE_MAX);
	undo(&b, p, p + n, true);
	if (b.len >= PHRASE_MAX)
		squeeze(&b);
	keep(out, PHRASE_MAX, &b);
	buf_clear(&b);
}

/* ---- mailboxes of a decoded field ---- */

/* Where the mailbox ends, a comma or the end; *angle: its "<", or NULL. */
static const char *
box_end(const char *p, const char *end, const char **angle)
{
	size_t n;

	*angle = NULL;
	while (p < end && ((*p != ',' && *p != ';') || *angle != NULL)) {
		if (*p == '"' && *angle == NULL &&
		    (n = quote_octets(p, end)) > 0) {
			p += n;
			continue;
		}
		if (*p == '<' && *angle == NULL)
			*angle = p;
		else if (*p == '>' && *angle != NULL)
			return p;
		p++;
	}
	return p;
}

static void
trim_copy(char *dst, const char *p, const char *end)
{
	size_t n;

	while (p < end && blank(*p))
		p++;
	while (end > p && blank(end[-1]))
		end--;
	n = (size_t)(end - p);
	if (n >= PHRASE_MAX)
		n = 0;	/* a part of an address is another one */
	memcpy(dst, p, n);
	dst[n] = '\0';
}

bool
phrase_next(const char **p, const char *end, struct phrase_box *out)
{
	const char *angle, *stop;

	memset(out, 0, sizeof *out);
	while (*p < end && (blank(**p) || **p == ',' || **p == ';' ||
	    **p == '>'))
		(*p)++;
	if (*p >= end)
		return false;
	stop = box_end(*p, end, &angle);
	if (angle != NULL) {
		phrase_decode(*p, (size_t)(angle - *p), out->name);
		trim_copy(out->address, angle + 1, stop);
	} else
		trim_copy(out->address, *p, stop);
	*p = stop;
	return true;
}
