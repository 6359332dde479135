#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mailnode/base/alike.h"
#include "mailnode/base/codec.h"

/* U+00C0 to U+017F without their marks; blank: stays what it is. */
static const char latin[] =
    "aaaaaaaceeeeiiiidnooooo ouuuuy saaaaaaaceeeeiiiidnooooo ouuuuy y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiilljjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* U+0430 to U+045F, small Cyrillic letters. */
static const char cyrillic[] =
    "a br e e  k mhonpcty x      b   eehr siij  hk y ";

/* U+03B1 to U+03C9, small Greek letters; capitals have other shapes. */
static const char greek[] = "aby e n ik uv o pcotu x w";
static const char greek_capital[] = "ab  ezh ik mn o p  ty x  ";

/* Others, one by one. */
static const struct { uint16_t c; char to; } single[] = {
	{ 0x0131, 'i' }, { 0x0180, 'b' }, { 0x01c0, 'l' }, { 0x0251, 'a' },
	{ 0x0261, 'g' }, { 0x0269, 'i' }, { 0x028b, 'u' }, { 0x04bb, 'h' },
	{ 0x04cf, 'l' }, { 0x0501, 'd' }, { 0x051b, 'q' }, { 0x051d, 'w' },
	{ 0x0570, 'h' }, { 0x0578, 'n' }, { 0x057d, 'u' }, { 0x0581, 'g' },
	{ 0x0585, 'o' }, { 0x2113, 'l' }, { 0x2170, 'i' }, { 0x217c, 'l' },
};

bool
alike_unseen(uint32_t c)
{
	return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0xad ||
	    (c >= 0x0300 && c <= 0x036f) || c == 0x061c || c == 0x180e ||
	    (c >= 0x2000 && c <= 0x206f) || c == 0x3000 ||
	    (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

static uint32_t
from_table(const char *table, uint32_t at, uint32_t c)
{
	return table[at] != ' ' ? (uint32_t)table[at] : c;
}

/* Widths and the letters of mathematics as ASCII. */
static uint32_t
compat(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e)
		return c - 0xfee0;
	if (c >= 0x1d7ce && c <= 0x1d7ff)
		return '0' + (c - 0x1d7ce) % 10;
	if (c >= 0x1d400 && c <= 0x1d6a3) {
		c = (c - 0x1d400) % 52;
		return c < 26 ? 'a' + c : 'a' + c - 26;
	}
	return c;
}

static uint32_t
latin_shape(uint32_t c)
{
	size_t i;

	if (c >= 0x00c0 && c <= 0x017f && c != 0x0131)
		return from_table(latin, c - 0x00c0, c);
	if (c >= 0x0391 && c <= 0x03a9)
		return from_table(greek_capital, c - 0x0391, c);
	if (c >= 0x03b1 && c <= 0x03c9)
		return from_table(greek, c - 0x03b1, c);
	if (c >= 0x0400 && c <= 0x040f)
		c += 0x50;
	else if (c >= 0x0410 && c <= 0x042f)
		c += 0x20;
	else if (c == 0x04ba || c == 0x0500 || c == 0x051a || c == 0x051c)
		c++;
	if (c >= 0x0430 && c <= 0x045f)
		return from_table(cyrillic, c - 0x0430, c);
	for (i = 0; i < sizeof single / sizeof single[0]; i++)
		if (single[i].c == c)
			return (uint32_t)single[i].to;
	return c;
}

/* Letters that stand for one another within ASCII. */
static uint32_t
shape(uint32_t c)
{
	static const char from[] = "013458i|", to[] = "oleasbll";
	const char *at;

	c = latin_shape(c);
	if (c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	at = c > 0 && c < 0x80 ? strchr(from, (int)c) : NULL;
	return at != NULL ? (uint32_t)to[at - from] : c;
}

/* "rn" looks like m, "vv" like w. */
static bool
joined(struct buf *b, uint32_t c)
{
	uint8_t *last = b->len > 0 ? &b->data[b->len - 1] : NULL;

	if (last != NULL && *last == 'r' && c == 'n')
		*last = 'm';
	else if (last != NULL && *last == 'v' && c == 'v')
		*last = 'w';
	else
		return false;
	return true;
}

static void
reduce(const char *s, bool dots, char out[ALIKE_MAX])
{
	const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
	struct buf b;
	uint32_t c;

	buf_init(&b, ALIKE_MAX - 1);
	while (p < end && b.err == 0) {
		c = compat(codec_utf8_next(&p, end));
		if (alike_unseen(c) || strchr("-_'\"`()\\,", c < 0x80 ? (int)c :
		    'a') != NULL || (c == '.' && !dots))
			continue;
		c = shape(c);
		if (!joined(&b, c))
			(void)codec_utf8_put(&b, c);
	}
	if (b.len > 0)
		memcpy(out, b.data, b.len);
	out[b.len] = '\0';
	buf_clear(&b);
}

void
alike_name(const char *s, char out[ALIKE_MAX])
{
	reduce(s, false, out);
}

void
alike_domain(const char *s, char out[ALIKE_MAX])
{
	reduce(s, true, out);
}
