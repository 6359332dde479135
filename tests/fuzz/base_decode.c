/* base/decode: in pieces or at once, the same comes out, and not too much. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/decode.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
take(void *arg, const char *p, size_t n)
{
	(void)buf_add(arg, p, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct buf whole, parts;
	struct decoder d;
	enum cte cte;
	size_t i;

	(void)decode_named(p, n);
	for (cte = CTE_IDENTITY; cte < CTE_UNKNOWN; cte++) {
		buf_init(&whole, 2 * n + 16);
		buf_init(&parts, 2 * n + 16);
		decode_init(&d, cte, take, &whole);
		decode_put(&d, p, n);
		decode_end(&d);
		decode_init(&d, cte, take, &parts);
		for (i = 0; i < n; i++)
			decode_put(&d, p + i, 1);
		decode_end(&d);
		if (whole.err != 0 || whole.len != parts.len ||
		    (whole.len > 0 && memcmp(whole.data, parts.data,
		    whole.len) != 0))
			abort();
		buf_clear(&whole);
		buf_clear(&parts);
	}
	return 0;
}
