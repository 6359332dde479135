/* store/card: what comes of an event or a person are whole lines, and of the
 * cleaned text nothing behind its end is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/card.h"
#include "store/mtext.h"

enum { OUT_MAX = 4 * 1024 * 1024 };

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
whole_lines(struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		abort();
	buf_reset(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf out, clean;
	char *s;

	buf_init(&clean, n * 4 + 1);
	(void)mtext_clean(&clean, (const char *)data, n);
	s = malloc(clean.len > 0 ? clean.len : 1);
	if (s == NULL)
		return 0;
	if (clean.len > 0)
		memcpy(s, clean.data, clean.len);
	buf_init(&out, OUT_MAX);
	card_event(&out, s, clean.len, false);
	whole_lines(&out);
	card_event(&out, s, clean.len, true);
	whole_lines(&out);
	card_person(&out, s, clean.len);
	whole_lines(&out);
	buf_clear(&out);
	buf_clear(&clean);
	free(s);
	return 0;
}
