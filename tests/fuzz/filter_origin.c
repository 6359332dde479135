/* Where a stored message came from, and its way to keeper and back. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/origin.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct origin o, back;
	struct chan_in in;
	struct buf b;

	if (origin_read(p, n, "mail.node.test", &o) == -1)
		return 0;
	if (o.aligned && (o.author[0] == '\0' || strchr(o.author, '@') ==
	    NULL))
		abort();
	buf_init(&b, CHAN_DATA_MAX);
	origin_put(&b, &o);
	chan_in_init(&in, b.data, b.len);
	origin_get(&in, &back);
	if (!chan_end(&in) || strcmp(o.author, back.author) != 0 ||
	    strcmp(o.ip, back.ip) != 0 || o.nids != back.nids)
		abort();
	/* Whatever comes instead. */
	chan_in_init(&in, p, n);
	origin_get(&in, &back);
	if (back.nids > HISTORY_IDS_MAX)
		abort();
	buf_clear(&b);
	return 0;
}
