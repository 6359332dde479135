#define _DEFAULT_SOURCE	/* strcasecmp */
/* An address as it comes to RCPT: what is rewritten comes back as it was,
 * and no other address does. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/srs.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const uint8_t key[SRS_KEY] = "a key that nobody else has, 32 o";
static const int64_t now = 1790000000;

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char addr[SRS_ADDR_MAX * 2], there[SRS_ADDR_MAX], back[SRS_ADDR_MAX];

	if (n >= sizeof addr || memchr(p, '\0', n) != NULL)
		return 0;
	memcpy(addr, p, n);
	addr[n] = '\0';
	if (srs_reverse(key, addr, now, back) != CRYPTO_OK && back[0] != '\0')
		abort();
	if (srs_inner(addr, back) && (!srs_is(addr) ||
	    strchr(back, '@') == NULL))
		abort();
	if (srs_forward(key, addr, "our.test", now, there) != CRYPTO_OK) {
		if (there[0] != '\0')
			abort();
		return 0;
	}
	if (strlen(there) > SRS_PATH_MAX)
		abort();
	/* Of a chain the first comes back, which is not what went in; an
	 * SRS0 that holds nothing is one all the same. */
	if (srs_reverse(key, there, now, back) != CRYPTO_OK)
		abort();
	if (!(srs_is(addr) && addr[3] == '1') && strcasecmp(back, addr) != 0)
		abort();
	return 0;
}
