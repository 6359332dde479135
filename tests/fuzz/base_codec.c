/* base/codec: what decodes must encode to something that decodes to it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/codec.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 1 << 20 };

static void
same(const struct buf *a, const struct buf *b)
{
	if (a->len != b->len ||
	    (a->len > 0 && memcmp(a->data, b->data, a->len) != 0))
		abort();
}

static void
round_trip(int (*get)(struct buf *, const char *, size_t),
    int (*put)(struct buf *, const void *, size_t), const char *p, size_t n)
{
	struct buf plain, text, again;

	buf_init(&plain, MAX);
	buf_init(&text, MAX);
	buf_init(&again, MAX);
	if (get(&plain, p, n) == 0) {
		if (put(&text, plain.data, plain.len) != 0 ||
		    get(&again, (const char *)text.data, text.len) != 0)
			abort();
		same(&plain, &again);
	} else if (plain.len != 0)
		abort();	/* a failed get leaves the buf as it was */
	buf_clear(&plain);
	buf_clear(&text);
	buf_clear(&again);
}

static int
base64_get(struct buf *b, const char *p, size_t n)
{
	return codec_base64_get(b, p, n, false);
}

static int
base64_get_fws(struct buf *b, const char *p, size_t n)
{
	return codec_base64_get(b, p, n, true);
}

static void
utf8(const uint8_t *p, size_t n)
{
	const uint8_t *at = p, *end = p + n;
	struct buf b;
	uint32_t c;

	buf_init(&b, MAX);
	while (at < end) {
		const uint8_t *was = at;

		c = codec_utf8_next(&at, end);
		if (at <= was || at > end || codec_utf8_put(&b, c) != 0)
			abort();
	}
	if (!codec_utf8_ok(b.data, b.len))
		abort();
	/* Valid text comes back octet for octet. */
	if (codec_utf8_ok(p, n) &&
	    (b.len != n || (n > 0 && memcmp(b.data, p, n) != 0)))
		abort();
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;

	if (n > MAX / 8)
		return 0;
	round_trip(base64_get, codec_base64_put, p, n);
	round_trip(base64_get_fws, codec_base64_put, p, n);
	round_trip(codec_hex_get, codec_hex_put, p, n);
	utf8(data, n);
	return 0;
}
