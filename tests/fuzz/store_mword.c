/* store/mword: any octets are UTF-8 without controls, and not many more. */
#include <stdint.h>
#include <stdlib.h>

#include "mailnode/base/codec.h"
#include "store/mtext.h"
#include "store/mword.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(struct buf *b)
{
	size_t i;

	if (b->err != 0 || !codec_utf8_ok(b->data, b->len))
		abort();
	for (i = 0; i < b->len; i++)
		if (b->data[i] < ' ' || b->data[i] == 127)
			abort();
	buf_reset(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct buf b;

	(void)mtext_init();
	buf_init(&b, 16 * n + 64);
	(void)mword_text(&b, p, n);
	check(&b);
	(void)mword_addresses(&b, p, n);
	check(&b);
	buf_clear(&b);
	return 0;
}
