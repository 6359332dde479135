/* wcwidth is in XSI only; see text.h for the contract. */
#define _XOPEN_SOURCE 700
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#include "mailnode/base/codec.h"
#include "tui/text.h"

enum {
	TAB_COLS = 8,
	REPLACEMENT = 0xfffd
};

static bool utf8;

/* Characters that people write with and that ASCII has something for. */
static const struct { uint32_t c; char ascii; } folds[] = {
	{ 0x00a0, ' ' }, { 0x00ab, '"' }, { 0x00b7, '.' }, { 0x00bb, '"' },
	{ 0x2010, '-' }, { 0x2011, '-' }, { 0x2012, '-' }, { 0x2013, '-' },
	{ 0x2014, '-' }, { 0x2018, '\'' }, { 0x2019, '\'' },
	{ 0x201a, ',' }, { 0x201c, '"' }, { 0x201d, '"' }, { 0x201e, '"' },
	{ 0x2022, '*' }, { 0x2026, '.' }, { 0x2190, '<' }, { 0x2192, '>' },
	{ 0x21a9, '<' }, { 0x2212, '-' }, { 0x2500, '-' }, { 0x2502, '|' },
	{ 0x2514, '`' }, { 0x251c, '|' }, { 0x2713, '+' }, { 0x2717, 'x' },
	{ 0x29d7, '~' }, { 0x3000, ' ' },
};

/* What never reaches the terminal: inclusive ranges, ascending. */
static const struct { uint32_t from, to; } left_out[] = {
	{ 0x00ad, 0x00ad },	/* soft hyphen: terminals disagree */
	{ 0x034f, 0x034f },	/* joins nothing that is seen */
	{ 0x061c, 0x061c },	/* Arabic letter mark */
	{ 0x115f, 0x1160 },	/* Hangul fillers */
	{ 0x180e, 0x180e },
	{ 0x200b, 0x200f },	/* zero width, joiners, direction */
	{ 0x202a, 0x202e },	/* direction */
	{ 0x2060, 0x206f },	/* word joiner, invisible, isolates */
	{ 0xfe00, 0xfe0f },	/* variation selectors */
	{ 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb },	/* interlinear */
	{ 0x1f3fb, 0x1f3ff },	/* skin tones */
	{ 0xe0000, 0xe0fff },	/* tags, more selectors */
};

/* What the user asked for, whether this machine has it or not. */
static bool
asks_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *s = NULL;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((s = getenv(names[i])) != NULL && *s != '\0')
			break;
	if (s == NULL || (s = strchr(s, '.')) == NULL)
		return false;
	return strncasecmp(s, ".UTF-8", 6) == 0 ||
	    strncasecmp(s, ".UTF8", 5) == 0;
}

void
text_locale(void)
{
	if (setlocale(LC_CTYPE, "") == NULL)
		(void)setlocale(LC_CTYPE, asks_utf8() ? "C.UTF-8" : "C");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	text_init();
}

void
text_init(void)
{
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool
is_left_out(uint32_t c)
{
	size_t i;

	if (c < 0xad)
		return false;
	for (i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
		if (c >= left_out[i].from && c <= left_out[i].to)
			return true;
	return false;
}

/* The terminal takes ASCII alone. */
static uint32_t
fold_ascii(uint32_t c)
{
	size_t i;

	if (c < 0x7f)
		return c;
	for (i = 0; i < sizeof folds / sizeof folds[0]; i++)
		if (folds[i].c == c)
			return (uint32_t)folds[i].ascii;
	return '?';
}

/* No control, no separator, nothing undefined. */
static uint32_t
harmless(uint32_t c)
{
	if (c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029 ||
	    c == 0x85)
		return ' ';
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return REPLACEMENT;
	if (c >= 0x1f1e6 && c <= 0x1f1ff)	/* half a flag */
		return 'A' + (c - 0x1f1e6);
	return c;
}

static int
columns(uint32_t c)
{
	if (c < 0x7f)
		return 1;
	return wcwidth((wchar_t)c);
}

bool
text_next(const char **p, const char *end, struct text_cell *c)
{
	const uint8_t *at = (const uint8_t *)*p, *stop = (const uint8_t *)end;
	const uint8_t *before;
	uint32_t ch;
	int w;

	c->n = 0;
	c->width = 1;
	while (at < stop) {
		before = at;
		ch = *at < 0x80 ? *at++ : codec_utf8_next(&at, stop);
		if (is_left_out(ch))
			continue;
		ch = harmless(ch);
		w = utf8 ? columns(ch) : 1;
		if (w == 0 && c->n > 0) {
			if (c->n < sizeof c->ch / sizeof c->ch[0])
				c->ch[c->n++] = ch;
			continue;
		}
		if (c->n > 0) {
			at = before;
			break;
		}
		if (w == 0) {		/* a mark with nothing to sit on */
			c->ch[c->n++] = ' ';
			c->ch[c->n++] = ch;
			continue;
		}
		if (w < 0 || (!utf8 && ch == REPLACEMENT)) {
			ch = REPLACEMENT;
			w = 1;
		}
		c->ch[c->n++] = utf8 ? ch : fold_ascii(ch);
		c->width = (unsigned int)w;
	}
	*p = (const char *)at;
	return c->n > 0;
}

size_t
text_width(const char *s, size_t n)
{
	const char *end = s + n;
	struct text_cell c;
	size_t cols = 0;

	while (text_next(&s, end, &c))
		cols += c.width;
	return cols;
}

/* Octets that are one column each, as most are; the last of them is left to
 * text_next(), as a mark may follow it. */
static size_t
plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= ' ' && s[i] < 0x7f)
		i++;
	return i > 0 ? i - 1 : 0;
}

size_t
text_fit(const char *s, size_t n, size_t cols)
{
	const char *p, *end = s + n, *last;
	struct text_cell c;
	size_t used = plain_run(s, n < cols ? n : cols);

	p = last = s + used;
	while (text_next(&p, end, &c)) {
		used += c.width;
		if (used > cols)
			break;
		last = p;
	}
	return (size_t)(last - s);
}

size_t
text_wrap(const char *s, size_t n, size_t cols, size_t *skip)
{
	const char *end = s + n, *fit = s + text_fit(s, n, cols), *p;
	struct text_cell c;

	*skip = 0;
	if (fit == end)
		return n;
	for (p = fit; p < end && *p == ' '; p++)
		;
	if (p == fit)
		for (; p > s && p[-1] != ' '; p--)
			;
	/* Leading blanks alone are no place to break at. */
	if (p > s + strspn(s, " ")) {
		for (fit = p; fit > s && fit[-1] == ' '; fit--)
			;
		*skip = (size_t)(p - fit);
		return (size_t)(fit - s);
	}
	if (fit == s) {
		p = s;
		(void)text_next(&p, end, &c);
		return (size_t)(p - s);
	}
	return (size_t)(fit - s);
}

void
text_untab(struct buf *b, const char *s, size_t n, size_t col)
{
	const char *end = s + n, *tab;

	while (s < end) {
		tab = memchr(s, '\t', (size_t)(end - s));
		if (tab == NULL)
			tab = end;
		buf_add(b, s, (size_t)(tab - s));
		col += text_width(s, (size_t)(tab - s));
		if (tab == end)
			return;
		do
			buf_addc(b, ' ');
		while (++col % TAB_COLS != 0);
		s = tab + 1;
	}
}

void
text_size(char *dst, size_t size, uint64_t octets)
{
	static const char unit[] = "kMGT";
	size_t i = 0;
	uint64_t tenths;
	int n;

	if (octets < 1024) {
		n = snprintf(dst, size, "%" PRIu64, octets);
	} else {
		for (; octets >= UINT64_C(1024) * 1024 && unit[i + 1] != '\0'; i++)
			octets /= 1024;
		tenths = octets * 10 / 1024;
		n = tenths < 100 ?
		    snprintf(dst, size, "%" PRIu64 ".%" PRIu64 "%c",
		    tenths / 10, tenths % 10, unit[i]) :
		    snprintf(dst, size, "%" PRIu64 "%c", tenths / 10, unit[i]);
	}
	if (n < 0 || (size_t)n >= size)
		dst[0] = '\0';
}
