#include "mailnode/base/num.h"

int
num_u64(const char *p, const char *end, uint64_t min, uint64_t max,
    uint64_t *v)
{
	uint64_t n = 0;

	*v = 0;
	if (p >= end)
		return -1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return -1;
	}
	if (n < min || n > max)
		return -1;
	*v = n;
	return 0;
}

int
num_u32(const char *p, const char *end, uint32_t min, uint32_t max,
    uint32_t *v)
{
	uint64_t n;
	int rc;

	rc = num_u64(p, end, min, max, &n);
	*v = (uint32_t)n;
	return rc;
}
