/* imap/search_tell: what PARTIAL names lies inside what there is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/search.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lex_literal lit;
	struct set all = { 0 }, some = { 0 };
	struct partial p;
	struct lex_at at;
	struct lex l;
	uint32_t have;
	size_t i;

	lex_init(&l);
	at = (struct lex_at){ &l, 0 };
	if (lex_line(&l, (const char *)data, n, &lit) == LEX_END &&
	    partial_parse(&at, &p)) {
		(void)set_add(&all, 3, 9);
		(void)set_add(&all, 20, 20);
		(void)set_add(&all, 30, 4000);
		have = set_count(&all);
		if (!partial_of(&p, &all, &some) || set_count(&some) !=
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
	lex_clear(&l);
	return 0;
}
