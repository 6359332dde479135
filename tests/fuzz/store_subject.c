/* store/subject, store/collate: a base lies inside its subject, and what
 * compares as something compares as that again, but for digraphs, whose title
 * has a small letter. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/collate.h"
#include "store/subject.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = (const char *)data;
	struct buf key, again;
	size_t len = n;

	(void)subject_base(&s, &len);
	if (s < (const char *)data || s + len > (const char *)data + n)
		abort();
	buf_init(&key, n * 27 + 1);
	buf_init(&again, n * 27 + 1);
	if (collate_key(s, len, &again) == -1 ||
	    collate_key((const char *)again.data, again.len, &key) == -1)
		abort();
	buf_reset(&again);
	if (collate_key((const char *)key.data, key.len, &again) == -1)
		abort();
	if (key.len != again.len ||
	    (key.len > 0 && memcmp(key.data, again.data, key.len) != 0))
		abort();
	buf_clear(&key);
	buf_clear(&again);
	return 0;
}
