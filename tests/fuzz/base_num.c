/* base/num against the C library, on digits that fit. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/num.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	unsigned long long want = 0;
	uint64_t wide;
	uint32_t v;
	char text[64];
	size_t digits = 0;
	int ok;

	if (n >= sizeof text)
		return 0;
	memcpy(text, p, n);
	text[n] = '\0';
	while (digits < n && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	errno = 0;
	ok = n > 0 && digits == n;
	if (ok) {
		want = strtoull(text, NULL, 10);
		ok = errno == 0;
	}
	if ((num_u64(p, p + n, 0, UINT64_MAX, &wide) == 0) != ok ||
	    wide != (ok ? want : 0))
		abort();
	ok = ok && want >= 5 && want <= UINT32_MAX;
	if ((num_u32(p, p + n, 5, UINT32_MAX, &v) == 0) != ok ||
	    v != (ok ? want : 0))
		abort();
	return 0;
}
