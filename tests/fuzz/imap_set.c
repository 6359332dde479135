/* imap/set: ascending, apart, and within what was asked. */
#include <stdint.h>
#include <stdlib.h>

#include "mailnode/imap/seqmap.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct set s, uids;
	struct seqmap m;
	size_t i;

	set_init(&s);
	set_init(&uids);
	seqmap_init(&m);
	if (set_parse(&s, (const char *)data, n, 40))
		for (i = 0; i < s.n; i++)
			if (s.range[i].lo == 0 ||
			    s.range[i].hi < s.range[i].lo ||
			    (i > 0 && s.range[i].lo <=
			    s.range[i - 1].hi + 1) ||
			    !set_has(&s, s.range[i].lo))
				abort();
	(void)seqmap_add(&m, 3, 20);
	(void)seqmap_add(&m, 30, 51);
	if (seqmap_uids(&m, &s, &uids) && set_count(&uids) != set_count(&s))
		abort();
	set_clear(&s);
	set_clear(&uids);
	seqmap_clear(&m);
	return 0;
}
