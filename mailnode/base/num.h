/* Numbers out of text: the whole range must be digits, within min and max. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdint.h>

/*
 * Reads the decimal number that fills [p, end).  Returns 0 with *v set, or
 * -1 with *v = 0: empty, a sign, a blank, another octet, or out of range.
 */
int	num_u32(const char *p, const char *end, uint32_t min, uint32_t max,
	    uint32_t *v);
int	num_u64(const char *p, const char *end, uint64_t min, uint64_t max,
	    uint64_t *v);

#endif
