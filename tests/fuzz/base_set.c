/* base/set: ascending, apart, and within what was asked. */
#include <stdint.h>
#include <stdlib.h>

#include "mailnode/base/set.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct set s = { 0 }, here = { 0 }, in = { 0 }, out = { 0 };
	size_t i;

	if (set_parse(&s, (const char *)data, n, 40))
		for (i = 0; i < s.n; i++)
			if (s.range[i].lo == 0 ||
			    s.range[i].hi < s.range[i].lo ||
			    (i > 0 && s.range[i].lo <=
			    s.range[i - 1].hi + 1) ||
			    !set_has(&s, s.range[i].lo))
				abort();
	(void)set_add(&here, 3, 20);
	(void)set_add(&here, 30, 51);
	if (!set_both(&s, &here, &in) || !set_less(&s, &here, &out) ||
	    set_count(&in) + set_count(&out) != set_count(&s))
		abort();
	set_clear(&s);
	set_clear(&here);
	set_clear(&in);
	set_clear(&out);
	return 0;
}
