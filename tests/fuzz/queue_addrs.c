/* queue/addrs: each step moves on, and what is complained of lies inside. */
#include <stdint.h>
#include <stdlib.h>

#include "mailnode/queue/addrs.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *at, *was;
	enum addrs_found found;
	struct path path;
	size_t n;

	for (;;) {
		was = p;
		at = NULL;
		n = 0;
		found = addrs_next(&p, end, &path, &at, &n);
		if (p < was || p > end)
			abort();
		if (found == ADDRS_END)
			return 0;
		if (p == was)
			abort();
		if (found == ADDRS_BAD && (at < was || at > end ||
		    n > (size_t)(end - at)))
			abort();
	}
}
