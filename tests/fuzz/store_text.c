/* store: HTML, charsets and flowed text; what comes out is clean UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "store/html.h"
#include "store/mtext.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct buf *b, int one_line)
{
	size_t i;

	if (b->len > 0 && !codec_utf8_ok(b->data, b->len))
		abort();
	for (i = 0; i < b->len; i++)
		if ((b->data[i] < ' ' && (one_line ||
		    (b->data[i] != '\n' && b->data[i] != '\t'))) ||
		    b->data[i] == 127)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const charset[] = { NULL, "utf-8", "koi8-r",
	    "iso-2022-jp", "gb18030", "utf-7", "utf-16", "big5", "x" };
	struct buf utf8, html, clean;
	size_t k;

	if (n == 0)
		return 0;
	k = data[0] % (sizeof charset / sizeof charset[0]);
	buf_init(&utf8, 1 << 26);
	buf_init(&html, 1 << 26);
	buf_init(&clean, 1 << 26);
	(void)mtext_utf8(&utf8, charset[k], data + 1, n - 1);
	if (utf8.data != NULL) {
		(void)html_shown(&html, (char *)utf8.data, utf8.len);
		if (html.len > utf8.len)
			abort();
		buf_reset(&html);
		(void)html_plain(&html, (char *)utf8.data, utf8.len);
		(void)mtext_clean(&clean, (char *)utf8.data, utf8.len);
		check(&clean, 0);
		buf_reset(&utf8);
		if (clean.data != NULL)
			(void)mtext_unflow(&utf8, (char *)clean.data,
			    clean.len, data[0] & 1);
		check(&utf8, 0);
	}
	buf_reset(&clean);
	if (html.data != NULL) {
		(void)mtext_clean(&clean, (char *)html.data, html.len);
		check(&clean, 0);
	}
	buf_reset(&clean);
	(void)mtext_line(&clean, (const char *)data, n, data[0]);
	check(&clean, 1);
	if (clean.len > data[0])
		abort();
	buf_clear(&utf8);
	buf_clear(&html);
	buf_clear(&clean);
	return 0;
}
