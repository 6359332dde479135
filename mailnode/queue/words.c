#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/queue/words.h"

enum {
	WORD_MAX = 1000,	/* octets read; RFC 2047 section 2 has 75 */
	WORD_PUT = 42		/* octets of UTF-8 in one of 75 */
};

enum charset { CS_UTF8, CS_LATIN1, CS_OTHER };

struct word {
	enum charset	 charset;
	char		 encoding;	/* B or Q */
	const char	*text, *text_end;
};

static enum charset
charset(const char *p, const char *end)
{
	static const struct { const char *name; enum charset is; } known[] = {
		{ "utf-8", CS_UTF8 }, { "utf8", CS_UTF8 },
		{ "us-ascii", CS_UTF8 }, { "iso-8859-1", CS_LATIN1 },
	};
	const char *star = memchr(p, '*', (size_t)(end - p));
	size_t i, n;

	/* RFC 2231 section 5: a language may follow. */
	n = (size_t)((star != NULL ? star : end) - p);
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strlen(known[i].name) == n &&
		    strncasecmp(known[i].name, p, n) == 0)
			return known[i].is;
	return CS_OTHER;
}

/* Behind the word that begins at p, or NULL: none does. */
static const char *
read_word(const char *p, const char *end, struct word *w)
{
	const char *q;

	if (end - p > WORD_MAX)
		end = p + WORD_MAX;
	if (end - p < 8 || p[0] != '=' || p[1] != '?')
		return NULL;
	p += 2;
	q = memchr(p, '?', (size_t)(end - p));
	if (q == NULL || end - q < 3 || q[2] != '?')
		return NULL;
	w->charset = charset(p, q);
	w->encoding = (char)(q[1] & ~0x20);
	w->text = q + 3;
	for (q = w->text; q < end && *q != '?' && *q != ' '; )
		q++;
	if (end - q < 2 || q[0] != '?' || q[1] != '=' ||
	    w->charset == CS_OTHER ||
	    (w->encoding != 'B' && w->encoding != 'Q'))
		return NULL;
	w->text_end = q;
	return q + 2;
}

static void
put_q(struct buf *out, const char *p, const char *end)
{
	size_t was;

	for (; p < end; p++) {
		was = out->len;
		if (*p == '=' && end - p >= 3 &&
		    codec_hex_get(out, p + 1, 2) == 0 && out->len > was)
			p += 2;
		else
			buf_addc(out, *p == '_' ? ' ' : *p);
	}
}

/* Octets as they are: a character may go on in the next word. */
static void
put_word(struct buf *out, const struct word *w)
{
	struct buf b;
	size_t i;

	buf_init(&b, WORD_MAX);
	if (w->encoding == 'Q')
		put_q(&b, w->text, w->text_end);
	else if (codec_base64_get(&b, w->text,
	    (size_t)(w->text_end - w->text), false) == -1)
		buf_adds(&b, "\xef\xbf\xbd");
	if (w->charset == CS_UTF8)
		buf_add(out, b.data, b.len);
	for (i = 0; i < b.len && w->charset == CS_LATIN1; i++)
		codec_utf8_put(out, b.data[i]);
	buf_clear(&b);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What separates two words is not shown (RFC 2047 section 6.2). */
static void
join(struct buf *out, const char *p, const char *end)
{
	const char *at = p, *next;
	struct word w;
	bool was = false;

	while (p < end) {
		next = read_word(p, end, &w);
		if (next == NULL) {
			was = was && blank(*p);
			p++;
			continue;
		}
		if (!was)
			buf_add(out, at, (size_t)(p - at));
		put_word(out, &w);
		at = p = next;
		was = true;
	}
	buf_add(out, at, (size_t)(end - at));
}

int
words_decode(struct buf *out, const char *p, const char *end)
{
	const uint8_t *q, *qend;
	struct buf b;

	buf_init(&b, 3 * (size_t)(end - p) + 1);
	join(&b, p, end);
	for (q = b.data, qend = q + b.len; b.len > 0 && q < qend; )
		if (codec_utf8_put(out, codec_utf8_next(&q, qend)) == -1)
			break;
	buf_clear(&b);
	return out->err != 0 ? -1 : 0;
}

/* The first `most` octets of p, or fewer: no character is cut. */
static size_t
whole(const char *p, size_t n, size_t most)
{
	if (n <= most)
		return n;
	while (most > 0 && ((unsigned char)p[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static bool
ascii(const char *p, size_t n)
{
	for (; n > 0; p++, n--)
		if ((unsigned char)*p > 126)
			return false;
	return true;
}

int
words_encode(struct buf *out, const char *text, size_t most)
{
	size_t n = whole(text, strlen(text), most), k;
	bool first = true;

	if (ascii(text, n))
		return buf_add(out, text, n);
	for (; n > 0; text += k, n -= k) {
		k = whole(text, n, WORD_PUT);
		if (k == 0)
			k = n < WORD_PUT ? n : WORD_PUT;	/* no UTF-8 */
		buf_adds(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
		codec_base64_put(out, text, k);
		buf_adds(out, "?=");
		first = false;
	}
	return out->err != 0 ? -1 : 0;
}
