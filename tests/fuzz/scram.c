/* A line of server-first and the rest as server-final, to a SCRAM client. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/scram.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char known[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfux"
	    "FIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	const uint8_t *nl = n > 0 ? memchr(p, '\n', n) : NULL;
	size_t first = nl != NULL ? (size_t)(nl - p) : n;
	size_t rest = nl != NULL ? n - first - 1 : 0;
	struct secret *pw;
	struct scram *s;
	struct buf b;

	if (crypto_init() == -1)
		return 0;
	pw = secret_copy("pencil", 6);
	s = scram_new("user", SCRAM_N, NULL, 0, "rOprNGfwEbeRWgbNEkqO");
	buf_init(&b, SCRAM_MESSAGE_MAX);
	/* proof for anything but the seed would be a forgery */
	if (s != NULL && pw != NULL && scram_first(s, &b) == CRYPTO_OK &&
	    scram_final(s, pw, p, first, &b) == CRYPTO_OK &&
	    scram_verify(s, nl != NULL ? nl + 1 : p, rest) == CRYPTO_OK &&
	    (first != sizeof known - 1 || memcmp(p, known, first) != 0))
		abort();
	buf_clear(&b);
	scram_free(s);
	secret_free(pw);
	return 0;
}
