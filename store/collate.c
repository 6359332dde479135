#include "mailnode/base/codec.h"
#include "store/collate.h"
#include "store/collate_table.h"

static const uint16_t *
entry(uint32_t c)
{
	size_t lo = 0, mid,
	    hi = sizeof collate_table / sizeof collate_table[0];

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (collate_table[mid][0] < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < sizeof collate_table / sizeof collate_table[0] &&
	    collate_table[lo][0] == c ? collate_table[lo] : NULL;
}

int
collate_key(const char *s, size_t n, struct buf *out)
{
	const uint8_t *p = (const uint8_t *)s;
	const uint8_t *end = n > 0 ? p + n : p;		/* s may be NULL */
	const uint16_t *e;
	uint32_t c;
	size_t i;

	while (p < end) {
		if (*p < 0x80) {
			c = *p++;
			(void)buf_addc(out, c >= 'a' && c <= 'z' ?
			    (int)c - 32 : (int)c);
			continue;
		}
		c = codec_utf8_next(&p, end);
		e = entry(c);
		if (e == NULL)
			(void)codec_utf8_put(out, c);
		for (i = 1; e != NULL && i < 4 && e[i] != 0; i++)
			(void)codec_utf8_put(out, e[i]);
	}
	return out->err == 0 ? 0 : -1;
}
