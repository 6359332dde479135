/* filter/parts: any bytes as a header and a body; what is found lies within
 * the body, each leaf behind the one before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/parts.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
within(const struct parts_text *t, const char *p, const char *end)
{
	if (t->n > 0 && (t->p < p || (size_t)(end - t->p) < t->n))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct parts parts;
	const char *p = (const char *)data, *body, *at;
	const struct parts_leaf *l;
	size_t i;

	body = n > 0 ? memchr(p, 0, n) : NULL;
	if (body == NULL || !parts_find(&parts, p, (size_t)(body - p),
	    body + 1, n - 1 - (size_t)(body - p)))
		return 0;
	if (parts.n == 0 || parts.n > PARTS_MAX)
		abort();
	at = body + 1;
	for (i = 0; i < parts.n; i++) {
		l = &parts.leaf[i];
		within(&l->body, at, p + n);
		at = l->body.n > 0 ? l->body.p + l->body.n : at;
		within(&l->charset, p, p + n);
		within(&l->file, p, p + n);
		if (l->type.n == 0 || l->subtype.n == 0)
			abort();
	}
	return 0;
}
