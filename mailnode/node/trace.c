#include <stdio.h>
#include <string.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/trace.h"

enum {
	TIME_BITS = 40,		/* milliseconds of 34 years */
	COUNTER_BITS = 10,
	DIGIT_BITS = 5
};

/* 2026-01-01: the first year that can have such an id. */
static const int64_t epoch_s = 1767225600;

/* No i, l, o, u: none is taken for another, and none spells a word. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

void
trace_new(char out[TRACE_SIZE], uint32_t counter)
{
	uint64_t ms = (uint64_t)(clock_wall_us() / 1000 - epoch_s * 1000);
	uint64_t v;
	int i;

	v = (ms & ((UINT64_C(1) << TIME_BITS) - 1)) << COUNTER_BITS;
	v |= counter & ((1U << COUNTER_BITS) - 1);
	for (i = TRACE_ID - 1; i >= 0; i--) {
		out[i] = digits[v & ((1U << DIGIT_BITS) - 1)];
		v >>= DIGIT_BITS;
	}
	out[TRACE_ID] = '\0';
}

void
trace_part(char out[TRACE_SIZE], const char *id, uint32_t n)
{
	BUG_ON(snprintf(out, TRACE_SIZE, "%s.%u", id, n) >= TRACE_SIZE);
}
