/* filter: any bytes as a message; names must not change what is found. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/markup.h"
#include "mailnode/filter/sample.h"
#include "mailnode/filter/words.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct tokens named, bare;

static void
same(void)
{
	size_t i;

	if (named.n != bare.n || named.n > TOKEN_MAX)
		abort();
	for (i = 0; i < named.n; i++)
		if (named.hash[i] != bare.hash[i] ||
		    strlen(tokens_name(&named, i)) >= TOKEN_NAME_MAX)
			abort();
}

static void
begin(void)
{
	tokens_reset(&named);
	tokens_reset(&bare);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t none;
	const uint8_t *p = n > 0 ? data : &none;

	if (named.hash == NULL && (sample_init() == -1 ||
	    tokens_init(&named, 1, true) == -1 ||
	    tokens_init(&bare, 1, false) == -1))
		abort();
	begin();
	if (sample_tokens(&named, p, n) == -1 ||
	    sample_tokens(&bare, p, n) == -1)
		abort();
	same();
	begin();
	markup_tokens(&named, (const char *)p, n);
	markup_tokens(&bare, (const char *)p, n);
	same();
	begin();
	words_text(&named, TOKEN_BODY, (const char *)p, n);
	words_text(&bare, TOKEN_BODY, (const char *)p, n);
	same();
	return 0;
}
