/* store/mparam: any octets; names and values are UTF-8, and bounded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "store/mparam.h"
#include "store/mtext.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mparams m;
	size_t i;

	(void)mtext_init();
	if (mparams_read(&m, (const char *)data, n) == -1)
		abort();
	for (i = 0; i < m.n; i++)
		if (strlen(m.v[i].name) >= MPARAM_NAME_MAX ||
		    !codec_utf8_ok(m.v[i].value, strlen(m.v[i].value)) ||
		    mparams_get(&m, m.v[i].name) != m.v[i].value)
			abort();
	mparams_clear(&m);
	return 0;
}
