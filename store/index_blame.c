#include "store/index_blame.h"

void
blame_begin(struct index_blame *b, uint64_t first, uint64_t last)
{
	b->first = first;
	b->last = last;
	b->held = true;
}

void
blame_done(struct index_blame *b, uint64_t seq)
{
	b->first = b->last = 0;
	if (seq >= b->until)
		b->until = 0;
	if (seq >= b->alone)
		b->alone = b->deaths = 0;
}

unsigned int
blame_died(struct index_blame *b)
{
	uint64_t first = b->first;

	if (first == 0 || b->held)
		return 0;
	if (b->until < b->last)
		b->until = b->last;
	b->first = 0;
	if (first != b->last)
		return 0;
	if (b->alone != first) {
		b->alone = first;
		b->deaths = 0;
	}
	return ++b->deaths;
}

bool
blame_careful(const struct index_blame *b, uint64_t seq)
{
	return seq <= b->until;
}
