/* FNV-1a, 64 bits: for what is compared within this machine, and trusted by
 * nobody. */
#ifndef BASE_FNV_H
#define BASE_FNV_H

#include <stdint.h>

#define FNV_BEGIN	UINT64_C(0xcbf29ce484222325)

static inline uint64_t
fnv_octet(uint64_t h, uint8_t octet)
{
	return (h ^ octet) * UINT64_C(0x100000001b3);
}

static inline uint64_t
fnv_u64(uint64_t h, uint64_t v)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8)
		h = fnv_octet(h, (uint8_t)(v >> i));
	return h;
}

static inline uint64_t
fnv_str(uint64_t h, const char *s)
{
	for (; *s != '\0'; s++)
		h = fnv_octet(h, (uint8_t)*s);
	return h;
}

#endif
