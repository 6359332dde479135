/* Encoded words of a Subject that we queue. */
#include <stdint.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/codec.h"
#include "mailnode/queue/words.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b;

	if (size == 0)
		return 0;
	buf_init(&b, 9 * size + 3);
	BUG_ON(words_decode(&b, (const char *)data,
	    (const char *)data + size) == -1);
	BUG_ON(b.len > 0 && !codec_utf8_ok(b.data, b.len));
	buf_clear(&b);
	return 0;
}
