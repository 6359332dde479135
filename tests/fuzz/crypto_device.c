/* crypto: a device's public part, and secrets and words as they are typed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/device.h"
#include "crypto/vault_parts.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
typed(const uint8_t *data, size_t n)
{
	struct secret *s = NULL, *again = NULL, *words = NULL;

	if (device_secret_read(data, n, &s) == CRYPTO_OK &&
	    (device_secret_read(s->data, s->len, &again) != CRYPTO_OK ||
	    !mem_equal(again->data, again->len, s->data, s->len)))
		abort();
	secret_free(s);
	secret_free(again);
	if ((s = secret_copy(data, n)) == NULL)
		return;
	(void)vault_words(s, &words);
	secret_free(words);
	secret_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct device d;
	struct buf b;

	if (crypto_init() == -1)
		return 0;
	memset(&d, 0, sizeof d);
	if (device_get(data, n, &d) == CRYPTO_OK) {
		buf_init(&b, n + 1);
		device_put(&b, &d);
		if (b.len != n || memcmp(b.data, data, n) != 0)
			abort();
		buf_clear(&b);
	}
	typed(data, n);
	return 0;
}
