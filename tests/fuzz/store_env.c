/* store/env: whatever stands in a row, nothing behind its end is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/env.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n + 1);	/* the sanitizer knows its end */
	const char *end, *p;
	unsigned int f;
	struct buf b;

	if (copy == NULL)
		return 0;
	copy = realloc(copy, n != 0 ? n : 1);
	memcpy(copy, data, n);
	end = copy + n;
	buf_init(&b, 4096);
	for (f = ENV_DATE; f <= ENV_MSGID; f++) {
		p = env_nth(copy, end, f);
		if (p != NULL && (p < copy || p >= end))
			abort();
		(void)env_string(p, end, &b);
		buf_reset(&b);
		(void)env_address(copy, end, f, ENV_HOST, &b);
		buf_reset(&b);
	}
	buf_clear(&b);
	free(copy);
	return 0;
}
