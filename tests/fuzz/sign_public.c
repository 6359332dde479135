/* Public keys as the DNS brings them, and a signature that is none. */
#include <stdint.h>
#include <stdlib.h>

#include "crypto/sign.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t digest[SHA256_OCTETS] = { 1, 2, 3 };
	static const enum sign_alg algs[] = { SIGN_RSA, SIGN_ED25519,
	    SIGN_P256 };
	uint8_t sig[SIGN_SIG_MAX] = { 0 };
	struct sign_key *k;
	size_t i;

	if (crypto_init() == -1)
		return 0;
	for (i = 0; i < sizeof algs / sizeof algs[0]; i++) {
		if (sign_public(algs[i], p, n, &k) != CRYPTO_OK)
			continue;
		if (algs[i] == SIGN_RSA &&
		    (sign_key_bits(k) < SIGN_RSA_MIN_BITS ||
		    sign_key_bits(k) > SIGN_RSA_MAX_BITS))
			abort();
		sig[sizeof sig - 1] = 2;
		(void)sign_verify(k, digest, sig + sizeof sig -
		    sign_key_bits(k) / 8, sign_key_bits(k) / 8);
		(void)sign_verify(k, digest, p, n);
		sign_key_free(k);
	}
	return 0;
}
