/* smtp/mailbox: what is taken is an address that is taken again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/smtp/mailbox.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct path out, again;

	if (mailbox_lex(p, p + n, PATH_UTF8, &out) != PATH_OK) {
		if (out.address[0] != '\0')
			abort();
		return 0;
	}
	if (mailbox_lex(out.address, out.address + strlen(out.address),
	    PATH_UTF8, &again) != PATH_OK ||
	    strcmp(out.address, again.address) != 0)
		abort();
	return 0;
}
