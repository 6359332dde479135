#include <math.h>

#include "mailnode/filter/odds.h"

#define SMOOTH		0.05f	/* a message for what was never seen */
#define RARE		1.5f	/* messages; a token seen in as many counts
				   half of what its odds say */
#define LOG_2		0.69314718f

_Static_assert(ODDS_LOGS == 1U << (32 - ODDS_HALVES), "halved so often");

static const struct odds_numbers *
numbers(void)
{
	static struct odds_numbers x;
	uint32_t i;

	if (x.known[ODDS_LOGS] != 0)
		return &x;
	for (i = 0; i < ODDS_LOGS; i++) {
		x.log[i] = logf((float)i + SMOOTH);
		x.known[i] = (float)i / ((float)i + RARE);
	}
	for (i = 0; i < ODDS_HALVES; i++)
		x.more[i + 1] = x.more[i] + LOG_2;
	x.known[ODDS_LOGS] = 1;
	return &x;
}

void
odds_init(struct odds *o, size_t n, size_t head)
{
	o->numbers = numbers();
	o->shift = logf((float)o->h.good + 2 * SMOOTH) -
	    logf((float)o->h.bad + 2 * SMOOTH);
	o->norm[ODDS_HEAD] = 1.0f / sqrtf((float)(head > 0 ? head : 1));
	o->norm[ODDS_BODY] = 1.0f / sqrtf((float)(n > head ? n - head : 1));
}
