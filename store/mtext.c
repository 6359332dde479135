#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/eight.h"
#include "store/mtext.h"

enum { CHUNK = 4096, CHARSET_MAX = 40 };

/* Names that mail uses and glibc does not know. */
static const struct {
	const char	*is, *means;
} alias[] = {
	{ "ascii", "utf-8" },
	{ "us-ascii", "utf-8" },
	{ "utf8", "utf-8" },
	{ "x-unknown", "utf-8" },
	{ "unknown-8bit", "utf-8" },
	{ "iso-8859-1", "windows-1252" },	/* as browsers and mail do */
	{ "latin1", "windows-1252" },
	{ "iso8859-1", "windows-1252" },
	{ "gb2312", "gb18030" },
	{ "gbk", "gb18030" },
	{ "x-gbk", "gb18030" },
	{ "hz-gb-2312", "gb18030" },
	{ "ks_c_5601-1987", "cp949" },
	{ "ks_c_5601", "cp949" },
	{ "euc-kr", "cp949" },
	{ "x-sjis", "cp932" },
	{ "shift_jis", "cp932" },
	{ "shift-jis", "cp932" },
	{ "x-euc-jp", "euc-jp" },
	{ "iso-8859-8-i", "iso-8859-8" },
	{ "iso-8859-8-e", "iso-8859-8" },
	{ "iso-8859-6-i", "iso-8859-6" },
	{ "iso-8859-11", "tis-620" },
	{ "windows-874", "cp874" },
	{ "x-mac-roman", "macintosh" },
	{ "macroman", "macintosh" },
	{ "unicode-1-1-utf-7", "utf-7" },
	{ "utf-8-sig", "utf-8" },
	{ "utf_8", "utf-8" },
	{ "utf8mb4", "utf-8" },
	{ "unicode-1-1-utf-8", "utf-8" },
	{ "unicode-2-0-utf-8", "utf-8" },
	{ "x-unicode-2-0-utf-7", "utf-7" },
	{ "iso-10646-ucs-2", "ucs-2be" },
	{ "iso_8859-1", "windows-1252" },
	{ "iso8859_1", "windows-1252" },
	{ "latin-1", "windows-1252" },
	{ "8859-1", "windows-1252" },
	{ "x-gb2312", "gb18030" },
	{ "gb_2312-80", "gb18030" },
	{ "gb2312-80", "gb18030" },
	{ "chinese", "gb18030" },
	{ "x-big5", "big5" },
	{ "korean", "cp949" },
	{ "windows-949", "cp949" },
	{ "x-windows-949", "cp949" },
	{ "ks_c_5601-1989", "cp949" },
	{ "iso-ir-149", "cp949" },
	{ "cp50220", "iso-2022-jp" },
	{ "cp50221", "iso-2022-jp" },
	{ "iso-2022-jp-ms", "iso-2022-jp" },
	{ "x-euc-tw", "euc-tw" },
	{ "x-cp1250", "windows-1250" },
	{ "x-cp1251", "windows-1251" },
	{ "cp-1251", "windows-1251" },
	{ "win-1251", "windows-1251" },
	{ "x-mac-cyrillic", "mac-cyrillic" },
	{ "mac-iceland", "mac-is" },
};

static const char *const known[] = {
	"iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5",
	"iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9",
	"iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15",
	"iso-8859-16", "iso-8859-1", "windows-1250", "windows-1251",
	"windows-1252", "windows-1253", "windows-1254", "windows-1255",
	"windows-1256", "windows-1257", "windows-1258", "koi8-r", "koi8-u",
	"utf-7", "utf-16", "utf-32", "gb18030", "gbk", "gb2312", "big5",
	"big5-hkscs", "euc-jp", "cp932", "shift_jis", "iso-2022-jp",
	"iso-2022-jp-2", "iso-2022-kr", "cp949", "euc-kr", "tis-620",
	"cp874", "cp437", "cp850", "cp852", "cp866", "macintosh", "tcvn",
};

enum { KNOWN = sizeof known / sizeof known[0] };

/* Open for good: closed, their tables would be unloaded. */
static iconv_t kept[KNOWN];

static bool
keep(size_t i)
{
	if (kept[i] == NULL)
		kept[i] = iconv_open("utf-8", known[i]);
	return kept[i] != (iconv_t)-1;
}

size_t
mtext_init(void)
{
	size_t i, n = 0;

	for (i = 0; i < KNOWN; i++)
		n += keep(i);
	return n;
}

/* To be closed; with one of its kind open for the next text in it. */
static iconv_t
converter(const char *charset)
{
	size_t i;

	for (i = 0; i < KNOWN; i++)
		if (strcasecmp(charset, known[i]) == 0)
			(void)keep(i);
	return iconv_open("utf-8", charset);
}

static const char *
name(const char *charset)
{
	size_t i;

	for (i = 0; i < sizeof alias / sizeof alias[0]; i++)
		if (strcasecmp(charset, alias[i].is) == 0)
			return alias[i].means;
	return charset;
}

/* A name for iconv holds nothing that could be its options. */
static bool
sane(const char *charset)
{
	size_t n = strlen(charset);

	return n > 0 && n < CHARSET_MAX && strspn(charset,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_.:+()") == n;
}

static int
replace(struct buf *out)
{
	return codec_utf8_put(out, 0xfffd);
}

static int
convert(struct buf *out, iconv_t cd, const char *p, size_t n)
{
	char to[CHUNK], *at, *in = (char *)(uintptr_t)p;
	size_t left;
	size_t rc;

	while (n > 0) {
		at = to;
		left = sizeof to;
		rc = iconv(cd, &in, &n, &at, &left);
		if (buf_add(out, to, sizeof to - left) == -1)
			return -1;
		if (rc != (size_t)-1 || errno == E2BIG)
			continue;
		if (replace(out) == -1)
			return -1;
		if (errno == EINVAL || n == 0)
			break;
		in++;
		n--;
	}
	at = to;
	left = sizeof to;
	(void)iconv(cd, NULL, NULL, &at, &left);
	return buf_add(out, to, sizeof to - left);
}

/* 0x80 to 0x9f of windows-1252; 0: no character.  Text in it, and what
 * claims to be ISO 8859-1, is most of what is not UTF-8: it needs no
 * converter. */
static const uint16_t c1[32] = {
	0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
	0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178
};

static int
western(struct buf *out, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *run = p;
	uint32_t c;

	(void)buf_reserve(out, n);
	while (p < end) {
		if (end - p >= 8 && (eight_at(p) & EIGHT_HIGH) == 0) {
			p += 8;
			continue;
		}
		if (*p++ < 0x80)
			continue;
		buf_add(out, run, (size_t)(p - 1 - run));
		c = p[-1] < 0xa0 ? c1[p[-1] - 0x80] : p[-1];
		(void)codec_utf8_put(out, c != 0 ? c : 0xfffd);
		run = p;
	}
	return buf_add(out, run, (size_t)(end - run));
}

static int
repair(struct buf *out, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;

	while (p < end)
		if (codec_utf8_put(out, codec_utf8_next(&p, end)) == -1)
			return -1;
	return 0;
}

/* Mostly UTF-8 with a few bad octets, or another charset altogether? */
static bool
looks_utf8(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *was;
	size_t good = 0, bad = 0;

	while (p < end) {
		was = p;
		if (*p < 0x80)
			p++;
		else if (codec_utf8_next(&p, end) == 0xfffd && p == was + 1)
			bad++;
		else
			good++;
	}
	return bad == 0 || good > bad * 2;
}

/* Of UCS-4 and others glibc makes what is no UTF-8: RFC 3629 section 3. */
static int
converted(struct buf *out, iconv_t cd, const void *p, size_t n)
{
	struct buf b;
	int rc;

	buf_init(&b, out->max);
	rc = convert(&b, cd, p, n);
	if (b.len > 0)
		rc = codec_utf8_ok(b.data, b.len) ?
		    buf_add(out, b.data, b.len) : repair(out, b.data, b.len);
	if (b.err != 0)
		rc = -1;
	buf_clear(&b);
	return rc;
}

int
mtext_utf8(struct buf *out, const char *charset, const void *p, size_t n)
{
	const char *cs = name(charset != NULL ? charset : "utf-8");
	iconv_t cd;
	int rc;

	if (n == 0)
		return out->err ? -1 : 0;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		return mtext_utf8(out, "utf-8", (const uint8_t *)p + 3, n - 3);
	if (strcasecmp(cs, "utf-8") == 0 || !sane(cs)) {
		if (codec_utf8_ok(p, n))
			return buf_add(out, p, n);
		if (looks_utf8(p, n))
			return repair(out, p, n);
		cs = "windows-1252";
	}
	if (strcasecmp(cs, "windows-1252") == 0)
		return western(out, p, n);
	cd = converter(cs);
	if (cd == (iconv_t)-1) {
		if (looks_utf8(p, n))
			return repair(out, p, n);
		return western(out, p, n);
	}
	rc = converted(out, cd, p, n);
	iconv_close(cd);
	return rc;
}

/* Invisible, or turns what follows round: no part of plain text. */
static bool
hidden(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff ||
	    (c >= 0xe0000 && c <= 0xe007f) || (c >= 0xfff9 && c <= 0xfffb);
}

/* Behind what stays as it is; eight octets at once where all are from ' ' to
 * '~': none then borrows, carries, or has its highest bit. */
static const uint8_t *
plain_end(const uint8_t *p, const uint8_t *end)
{
	const uint64_t each = UINT64_MAX / UINT8_MAX;
	uint64_t x;

	for (;;) {
		while ((size_t)(end - p) >= sizeof x) {
			memcpy(&x, p, sizeof x);
			if ((((x - each * ' ') | (x + each) | x) &
			    each * 0x80) != 0)
				break;
			p += sizeof x;
		}
		if (p == end || ((*p < ' ' || *p >= 127) && *p != '\n' &&
		    *p != '\t'))
			return p;
		p++;
	}
}

int
mtext_clean(struct buf *out, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s, *end, *run;
	uint32_t c;

	if (n == 0)
		return out->err ? -1 : 0;
	end = p + n;
	while (p < end) {
		run = p;
		p = plain_end(p, end);
		if (buf_add(out, run, (size_t)(p - run)) == -1)
			return -1;
		if (p == end)
			break;
		c = codec_utf8_next(&p, end);
		if (c == '\r' || c == 0x85) {
			if (c == 0x85 || p == end || *p != '\n')
				buf_addc(out, '\n');
		} else if (c >= 0xa0 && !hidden(c))
			codec_utf8_put(out, c);
	}
	return out->err ? -1 : 0;
}

static bool
is_blank(uint32_t c)
{
	return c <= ' ' || c == 0x85 || c == 0xa0 || c == 0x2028 ||
	    c == 0x2029;
}

int
mtext_line(struct buf *out, const char *s, size_t n, size_t max)
{
	const uint8_t *p = (const uint8_t *)s, *end;
	size_t start = out->len, before;
	bool gap = false;
	uint32_t c;

	if (n == 0)
		return out->err ? -1 : 0;
	end = p + n;
	while (p < end) {
		c = codec_utf8_next(&p, end);
		if (is_blank(c)) {
			gap = out->len > start;
			continue;
		}
		if (c == 127 || (c >= 0x80 && c < 0xa0) || hidden(c))
			continue;
		before = out->len;
		if (gap)
			buf_addc(out, ' ');
		gap = false;
		codec_utf8_put(out, c);
		if (out->len - start > max) {
			out->len = before;
			break;
		}
	}
	return out->err ? -1 : 0;
}

struct line {
	const char	*at;
	size_t		 n;	/* without its LF */
	size_t		 depth;	/* of quoting */
	bool		 flows;
};

static const char *
take_line(struct line *l, const char *p, const char *end, bool delsp)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	if (nl == NULL)
		nl = end;
	for (l->depth = 0; p < nl && *p == '>'; p++)
		l->depth++;
	if (p < nl && *p == ' ')
		p++;		/* space-stuffing */
	l->at = p;
	l->n = (size_t)(nl - p);
	l->flows = l->n > 0 && p[l->n - 1] == ' ' &&
	    !(l->n == 3 && memcmp(p, "-- ", 3) == 0);
	if (l->flows && delsp)
		l->n--;
	return nl < end ? nl + 1 : end;
}

int
mtext_unflow(struct buf *out, const char *p, size_t n, bool delsp)
{
	const char *end;
	struct line l;
	size_t depth = 0, i;
	bool open = false;

	if (n == 0)
		return out->err ? -1 : 0;
	end = p + n;
	while (p < end) {
		p = take_line(&l, p, end, delsp);
		if (open && l.depth != depth) {
			buf_addc(out, '\n');
			open = false;
		}
		for (i = 0; !open && i < l.depth; i++)
			buf_addc(out, '>');
		if (!open && l.depth > 0)
			buf_addc(out, ' ');
		buf_add(out, l.at, l.n);
		depth = l.depth;
		open = l.flows;
		if (!open)
			buf_addc(out, '\n');
	}
	if (open)
		buf_addc(out, '\n');
	return out->err ? -1 : 0;
}
