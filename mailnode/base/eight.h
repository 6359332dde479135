/*
 * Eight octets of text at once, in a number of which the first is the lowest
 * octet.  A mask has 0x80 in each octet that is meant.
 */
#ifndef BASE_EIGHT_H
#define BASE_EIGHT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EIGHT_EACH	UINT64_C(0x0101010101010101)
#define EIGHT_HIGH	(0x80 * EIGHT_EACH)

static inline uint64_t
eight_at(const void *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

static inline void
eight_put(void *p, uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	memcpy(p, &w, sizeof w);
}

/* From lo to hi, both ASCII; octets above 0x7f are taken without their
 * highest bit. */
static inline uint64_t
eight_from_to(uint64_t w, uint8_t lo, uint8_t hi)
{
	uint64_t x = w & ~EIGHT_HIGH;

	return (x + (0x80U - lo) * EIGHT_EACH) &
	    ~(x + (0x7fU - hi) * EIGHT_EACH) & EIGHT_HIGH;
}

/* c, which is ASCII. */
static inline uint64_t
eight_is(uint64_t w, uint8_t c)
{
	uint64_t x = w ^ c * EIGHT_EACH;

	return ~(((x & ~EIGHT_HIGH) + ~EIGHT_HIGH) | x) & EIGHT_HIGH;
}

/* Where the first one of a mask is; 8: it is empty. */
static inline size_t
eight_first(uint64_t mask)
{
	return mask != 0 ? (size_t)__builtin_ctzll(mask) / 8 : 8;
}

#endif
