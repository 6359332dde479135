#include <stddef.h>

#include "mailnode/filter/fold.h"

/* U+00C0 to U+017F without case and diacritics; 0: left as it is. */
static const char latin[] =
    "aaaaaaaceeeeiiii" "dnooooo\0ouuuuyts" "aaaaaaaceeeeiiii"
    "dnooooo\0ouuuuyty" "aaaaaaccccccccdd" "ddeeeeeeeeeegggg"
    "gggghhhhiiiiiiii" "iiiijjkkklllllll" "lllnnnnnnnnnoooo"
    "oooorrrrrrssssss" "ssttttttuuuuuuuu" "uuuuwwyyyzzzzzzs";

enum {
	LATIN_FIRST = 0xc0,
	LATIN_LAST = 0x17f,
	MATH_FIRST = 0x1d400,	/* Mathematical Alphanumeric Symbols */
	MATH_LETTERS = 0x1d6a3,
	MATH_DIGITS = 0x1d7ce,
	MATH_LAST = 0x1d7ff,
	FULL_FIRST = 0xff01,	/* fullwidth ASCII */
	FULL_LAST = 0xff5e
};

/* Of letters, digits, ' - . _ @ , and ! $ % ? * */
#define G	FOLD_GAP
#define W	FOLD_WORD
#define I	FOLD_INNER
#define M	FOLD_MARK
#define X8	FOLD_WIDE, FOLD_WIDE, FOLD_WIDE, FOLD_WIDE, \
		FOLD_WIDE, FOLD_WIDE, FOLD_WIDE, FOLD_WIDE
const uint8_t fold_ascii[256] = {
	G, G, G, G, G, G, G, G, G, G, G, G, G, G, G, G,
	G, G, G, G, G, G, G, G, G, G, G, G, G, G, G, G,
	G, M, G, G, M, M, G, I, G, G, M, G, I, I, I, G,
	W, W, W, W, W, W, W, W, W, W, G, G, G, G, G, M,
	I, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, G, G, G, G, I,
	G, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, G, G, G, G, G,
	X8, X8, X8, X8, X8, X8, X8, X8, X8, X8, X8, X8, X8, X8, X8, X8
};
#undef G
#undef W
#undef I
#undef M
#undef X8

static enum fold_kind
ascii(uint32_t c, uint32_t *to)
{
	*to = c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
	return fold_ascii[c];
}

struct span {
	uint32_t	first, last;
	enum fold_kind	kind;
};

/* In order; what is not named is a letter. */
static const struct span spans[] = {
	{ 0x80, 0xa1, FOLD_GAP }, { 0xa2, 0xa5, FOLD_MARK },
	{ 0xa6, 0xa9, FOLD_GAP }, { 0xab, 0xac, FOLD_GAP },
	{ 0xad, 0xad, FOLD_UNSEEN }, { 0xae, 0xb1, FOLD_GAP },
	{ 0xb4, 0xb4, FOLD_GAP }, { 0xb6, 0xb9, FOLD_GAP },
	{ 0xbb, 0xbf, FOLD_GAP },
	{ 0x300, 0x34e, FOLD_NONE }, { 0x34f, 0x34f, FOLD_UNSEEN },
	{ 0x350, 0x36f, FOLD_NONE }, { 0x591, 0x5bd, FOLD_NONE },
	{ 0x5be, 0x5be, FOLD_GAP }, { 0x5bf, 0x5bf, FOLD_NONE },
	{ 0x5c0, 0x5c0, FOLD_GAP }, { 0x5c1, 0x5c2, FOLD_NONE },
	{ 0x5c3, 0x5c3, FOLD_GAP }, { 0x5c4, 0x5c7, FOLD_NONE },
	{ 0x60c, 0x60d, FOLD_GAP }, { 0x610, 0x61a, FOLD_NONE },
	{ 0x61b, 0x61b, FOLD_GAP }, { 0x61c, 0x61c, FOLD_UNSEEN },
	{ 0x61d, 0x61f, FOLD_GAP }, { 0x640, 0x640, FOLD_NONE },
	{ 0x64b, 0x65f, FOLD_NONE }, { 0x66a, 0x66d, FOLD_GAP },
	{ 0x670, 0x670, FOLD_NONE }, { 0x6d4, 0x6d4, FOLD_GAP },
	{ 0x6d6, 0x6dc, FOLD_NONE }, { 0x6df, 0x6e4, FOLD_NONE },
	{ 0x6e7, 0x6e8, FOLD_NONE }, { 0x6ea, 0x6ed, FOLD_NONE },
	{ 0x964, 0x965, FOLD_GAP }, { 0xe00, 0xeff, FOLD_DENSE },
	{ 0x1000, 0x109f, FOLD_DENSE }, { 0x1100, 0x11ff, FOLD_DENSE },
	{ 0x1780, 0x17ff, FOLD_DENSE }, { 0x180b, 0x180e, FOLD_UNSEEN },
	{ 0x1ab0, 0x1aff, FOLD_NONE }, { 0x1dc0, 0x1dff, FOLD_NONE },
	{ 0x2000, 0x200a, FOLD_GAP }, { 0x200b, 0x200f, FOLD_UNSEEN },
	{ 0x2010, 0x2015, FOLD_INNER }, { 0x2016, 0x2018, FOLD_GAP },
	{ 0x2019, 0x2019, FOLD_INNER }, { 0x201a, 0x2029, FOLD_GAP },
	{ 0x202a, 0x202e, FOLD_UNSEEN }, { 0x202f, 0x205f, FOLD_GAP },
	{ 0x2060, 0x206f, FOLD_UNSEEN }, { 0x20a0, 0x20cf, FOLD_MARK },
	{ 0x20d0, 0x20ff, FOLD_NONE }, { 0x2190, 0x245f, FOLD_GAP },
	{ 0x2500, 0x25ff, FOLD_GAP }, { 0x2600, 0x27bf, FOLD_SIGN },
	{ 0x27c0, 0x2aff, FOLD_GAP }, { 0x2b00, 0x2bff, FOLD_SIGN },
	{ 0x2e00, 0x2e7f, FOLD_GAP }, { 0x2e80, 0x2fff, FOLD_DENSE },
	{ 0x3000, 0x3004, FOLD_GAP }, { 0x3005, 0x3007, FOLD_DENSE },
	{ 0x3008, 0x3020, FOLD_GAP }, { 0x3021, 0x312f, FOLD_DENSE },
	{ 0x3130, 0x318f, FOLD_DENSE }, { 0x3190, 0x33ff, FOLD_DENSE },
	{ 0x3400, 0x4dbf, FOLD_DENSE }, { 0x4e00, 0x9fff, FOLD_DENSE },
	{ 0xa960, 0xa97f, FOLD_DENSE }, { 0xac00, 0xd7ff, FOLD_DENSE },
	{ 0xe000, 0xf8ff, FOLD_GAP }, { 0xf900, 0xfaff, FOLD_DENSE },
	{ 0xfe00, 0xfe0f, FOLD_NONE }, { 0xfe10, 0xfe1f, FOLD_GAP },
	{ 0xfe20, 0xfe2f, FOLD_NONE }, { 0xfe30, 0xfe6f, FOLD_GAP },
	{ 0xfeff, 0xfeff, FOLD_UNSEEN }, { 0xff5f, 0xff65, FOLD_GAP },
	{ 0xff66, 0xffdf, FOLD_DENSE }, { 0xffe0, 0xffff, FOLD_GAP },
	{ 0x1f000, 0x1f3fa, FOLD_SIGN }, { 0x1f3fb, 0x1f3ff, FOLD_NONE },
	{ 0x1f400, 0x1faff, FOLD_SIGN }, { 0x20000, 0x3ffff, FOLD_DENSE },
	{ 0xe0000, 0xe007f, FOLD_UNSEEN }, { 0xe0100, 0xe01ef, FOLD_NONE },
	{ 0xf0000, 0x10ffff, FOLD_GAP },
};

static enum fold_kind
by_span(uint32_t c)
{
	size_t lo = 0, hi = sizeof spans / sizeof spans[0], mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (c > spans[mid].last)
			lo = mid + 1;
		else if (c < spans[mid].first)
			hi = mid;
		else
			return spans[mid].kind;
	}
	return FOLD_WORD;
}

/* Letters that are written in more than one way, and digits. */
static uint32_t
arabic(uint32_t c)
{
	if (c >= 0x660 && c <= 0x669)
		return c - 0x660 + '0';
	if (c >= 0x6f0 && c <= 0x6f9)
		return c - 0x6f0 + '0';
	if (c == 0x622 || c == 0x623 || c == 0x625)
		return 0x627;			/* alef */
	if (c == 0x649)
		return 0x64a;			/* yeh */
	return c == 0x629 ? 0x647 : c;		/* teh marbuta */
}

/* Letters with an accent, which capitals often lack. */
static uint32_t
greek(uint32_t c)
{
	static const struct {
		uint16_t	with[2], without;
	} accents[] = {
		{ { 0x386, 0x3ac }, 0x3b1 }, { { 0x388, 0x3ad }, 0x3b5 },
		{ { 0x389, 0x3ae }, 0x3b7 }, { { 0x38a, 0x3af }, 0x3b9 },
		{ { 0x38c, 0x3cc }, 0x3bf }, { { 0x38e, 0x3cd }, 0x3c5 },
		{ { 0x38f, 0x3ce }, 0x3c9 },
	};
	size_t i;

	for (i = 0; i < sizeof accents / sizeof accents[0]; i++)
		if (c == accents[i].with[0] || c == accents[i].with[1])
			return accents[i].without;
	if (c >= 0x391 && c <= 0x3a9)
		return c + 32;
	return c == 0x3c2 ? 0x3c3 : c;		/* final sigma */
}

/* Letters of scripts with case, and those of other widths and looks. */
static uint32_t
lower(uint32_t c)
{
	if (c >= 0x386 && c <= 0x3ce)
		return greek(c);
	if (c >= 0x410 && c <= 0x42f)
		return c + 32;
	if (c == 0x401 || c == 0x451)
		return 0x435;		/* io, which most write as ie */
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	if ((c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) ||
	    (c >= 0x4d0 && c <= 0x52f) || (c >= 0x1e00 && c <= 0x1eff))
		return c | 1;
	if (c >= 0x531 && c <= 0x556)
		return c + 48;
	if (c >= 0x24b6 && c <= 0x24e9)
		return 'a' + (c - 0x24b6) % 26;		/* circled */
	return c >= 0x620 && c <= 0x6ff ? arabic(c) : c;
}

enum fold_kind
fold_char(uint32_t c, uint32_t *to)
{
	*to = c;
	if (c < 0x80)
		return ascii(c, to);
	if (c >= FULL_FIRST && c <= FULL_LAST) {
		*to = c - FULL_FIRST + '!';
		return ascii(*to, to);
	}
	if (c >= MATH_FIRST && c <= MATH_LETTERS)
		*to = 'a' + (c - MATH_FIRST) % 26;
	else if (c >= MATH_DIGITS && c <= MATH_LAST)
		*to = '0' + (c - MATH_DIGITS) % 10;
	else if (c >= LATIN_FIRST && c <= LATIN_LAST) {
		if (latin[c - LATIN_FIRST] == '\0')
			return FOLD_GAP;
		*to = (uint32_t)latin[c - LATIN_FIRST];
	} else if (c == 0x2019)
		*to = '\'';
	else if (c >= 0x2010 && c <= 0x2015)
		*to = '-';
	else
		*to = lower(c);
	return by_span(c);
}

enum fold_script
fold_script(uint32_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= LATIN_FIRST && c <= 0x24f))
		return FOLD_LATIN;
	if (c >= 0x370 && c <= 0x3ff)
		return FOLD_GREEK;
	if (c >= 0x400 && c <= 0x52f)
		return FOLD_CYRILLIC;
	return FOLD_COMMON;
}
