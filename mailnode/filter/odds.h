/*
 * What a token says by its counts alone; private to bayes.c and course.c.
 * Each of a thousand tokens of a message asks for it, and neither how often
 * one was seen nor which way it points can be foretold: nothing here
 * branches on it.
 */
#ifndef FILTER_ODDS_H
#define FILTER_ODDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/filter/table.h"

/* Found by five-fold runs over training mail; flat around these. */
#define ODDS_PRIOR	0.5f	/* what a weight is before it is corrected */
#define ODDS_MAX	6.0f	/* of one token, natural logarithm */
#define ODDS_SUM_MAX	30.0f

enum {
	ODDS_LOGS = 1024,	/* larger numbers are halved */
	ODDS_HALVES = 22	/* times at most, of 32 bits */
};

/* Header and body each by the root of their own number of tokens: a long
 * text does not drown who sent it. */
enum { ODDS_BODY, ODDS_HEAD, ODDS_PLACES };

struct odds_numbers {
	float	log[ODDS_LOGS];		/* of n, smoothed */
	float	more[ODDS_HALVES + 1];	/* for each time it was halved */
	float	known[ODDS_LOGS + 1];	/* how much of the odds of n messages
					   is believed; the last: of more */
};

struct odds {
	struct table_head		h;
	const struct odds_numbers	*numbers;
	float				shift;
	float				norm[ODDS_PLACES];
};

/* o->h is that of the table; of n tokens, `head` are of the header. */
void	odds_init(struct odds *o, size_t n, size_t head);

/* What is no number counts as low.  In this order it takes no branch. */
static inline float
odds_bounded(float v, float max)
{
	v = v > -max ? v : -max;
	return v < max ? v : max;
}

/* Of many, near enough. */
static inline float
odds_log(const struct odds_numbers *x, uint32_t n)
{
	unsigned int k = (unsigned int)(ODDS_HALVES -
	    __builtin_clz(n | (ODDS_LOGS - 1)));

	return x->log[n >> k] + x->more[k];
}

/* Above 0 for junk. */
static inline float
odds_of(const struct odds *o, uint32_t good, uint32_t bad)
{
	uint32_t n = good + bad < ODDS_LOGS ? good + bad : ODDS_LOGS;
	float r = odds_log(o->numbers, bad) - odds_log(o->numbers, good) +
	    o->shift;

	return odds_bounded(r * o->numbers->known[n], ODDS_MAX);
}

#endif
