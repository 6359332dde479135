/* Names as they are shown, and what the eye takes from them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/alike.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/phrase.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Nothing changes when it is reduced once more, but for letters that come
 * to stand side by side. */
static void
reduce(const char *name)
{
	char once[ALIKE_MAX];

	alike_name(name, once);
	if (!codec_utf8_ok(once, strlen(once)) && strlen(once) <
	    ALIKE_MAX - 4)
		abort();
	if (strpbrk(once, " 01ABC|-") != NULL)
		abort();
	alike_domain(name, once);
	if (strpbrk(once, " 01ABC|-") != NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *q = (const char *)p, *end = q + n, *before;
	char name[PHRASE_MAX];
	struct phrase_box m;

	phrase_decode(q, n, name);
	reduce(name);
	while (before = q, phrase_next(&q, end, &m)) {
		if (q <= before || q > end)
			abort();
		reduce(m.name);
		reduce(m.address);
	}
	return 0;
}
