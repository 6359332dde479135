/* base/set: what a partial range names lies inside what there is. */
#include <stdint.h>
#include <stdlib.h>

#include "mailnode/base/set.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct set all = { 0 }, some = { 0 };
	struct set_part p;
	uint32_t have;
	size_t i;

	if (set_part_parse(&p, (const char *)data, n)) {
		(void)set_add(&all, 3, 9);
		(void)set_add(&all, 20, 20);
		(void)set_add(&all, 30, 4000);
		have = set_count(&all);
		if (!set_part(&p, &all, &some) || set_count(&some) !=
		    (p.lo > have ? 0 : (p.hi < have ? p.hi :
		    have) - p.lo + 1))
			abort();
		for (i = 0; i < some.n; i++)
			if (!set_has(&all, some.range[i].lo) ||
			    !set_has(&all, some.range[i].hi))
				abort();
	}
	set_clear(&some);
	set_clear(&all);
	return 0;
}
