/* Both messages of a SCRAM client, a line each, and PLAIN, to the server's
 * side; no vault answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/smtp/sasl_parts.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_first(const char *p, size_t n)
{
	struct scram_client_first f;

	if (!scram_lex_first(p, n, &f))
		return;
	if (f.ngs2 > n || f.user[0] == '\0' || f.nnonce == 0 ||
	    f.nonce < p || f.nonce + f.nnonce > p + n ||
	    strchr("nyp", f.flag) == NULL || (f.flag == 'p') != (f.ncb > 0))
		abort();
}

static void
check_final(const char *p, size_t n)
{
	struct scram_client_final f;

	if (!scram_lex_final(p, n, &f))
		return;
	if (f.nwithout >= n || f.cbind < p || f.nonce < f.cbind ||
	    f.nonce + f.nnonce > p + f.nwithout)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const mechs[] = { "PLAIN", "LOGIN",
	    "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" };
	static const int none = -1;
	struct sasl_binding b = { .end_point = -1 };
	const char *p = n > 0 ? (const char *)data : "";
	const char *nl = n > 0 ? memchr(p, '\n', n) : NULL;
	size_t first = nl != NULL ? (size_t)(nl - p) : n, i;
	struct sasl *s = sasl_new(&none, &b);
	struct buf out;

	if (s == NULL)
		return 0;
	check_first(p, first);
	check_final(nl != NULL ? nl + 1 : p, nl != NULL ? n - first - 1 : n);
	buf_init(&out, 2 * SASL_MESSAGE_MAX);
	for (i = 0; i < 4; i++) {
		if (sasl_start(s, mechs[i], p, first, &out) == SASL_DONE)
			abort();
		if (sasl_step(s, p, n, &out) == SASL_DONE)
			abort();
	}
	buf_clear(&out);
	sasl_free(s);
	return 0;
}
