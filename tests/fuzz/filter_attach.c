/* attach_push(): any octets, in any pieces, and the same is found. */
#include <stdint.h>
#include <stdlib.h>

#include "mailnode/base/bug.h"
#include "mailnode/filter/attach.h"
#include "mailnode/node/conf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct conf_attachment table[] = {
	{ ".exe", CONF_REFUSE }, { ".js", CONF_JUNK },
	{ "application/x-msdownload", CONF_REFUSE }, { "video/*", CONF_JUNK },
	{ NULL, CONF_REFUSE },
};

static const struct conf_attachment *
found(const uint8_t *p, size_t n, size_t piece)
{
	struct attach *a = attach_new(table, 5);
	const struct conf_attachment *c;
	size_t k;

	BUG_ON(a == NULL);
	for (; n > 0; p += k, n -= k) {
		k = n < piece ? n : piece;
		attach_push(a, p, k);
	}
	c = attach_found(a);
	attach_free(a);
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct conf_attachment *c = found(p, n, SIZE_MAX);

	BUG_ON(c != found(p, n, 1) || c != found(p, n, 7));
	BUG_ON(c != NULL && c->what == NULL);
	return 0;
}
