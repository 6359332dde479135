#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/bayes.h"
#include "mailnode/filter/course.h"
#include "mailnode/filter/odds.h"
#include "mailnode/filter/table_file.h"

/* Found by five-fold runs over training mail; flat around these. */
#define RATE		3.0f	/* of learning */
#define GOOD_MORE	6.0f	/* times that, for good mail: rather junk that
				   comes through than mail that does not */
#define RATE_BIAS	0.12f
#define ERROR_MIN	0.05f	/* nearer than that it is known already */
#define ERROR_KNOWN	0.001f	/* and nearer than that it is not asked again:
				   half of the work, and no junk the less */

enum {
	ROUNDS = 2, FIRST = 0, SECOND = 1,
	LATER = 4,		/* part of a round that the second is behind */
	AHEAD = 32		/* tokens that the memory is asked for */
};

/* In which order samples are gone over. */
struct plan {
	uint32_t	in_use[2], stride[2];	/* of good and junk */
	uint32_t	round;			/* steps */
};

/* A token of a lesson.  All of it side by side: numbers in a row of their own,
 * as far apart as those of the sample, may each be put where, modulo a page,
 * the next of those is read, and the processor then waits. */
struct part {
	struct table_slot	*slot;		/* NULL: not there any more */
	uint32_t		 place;
	float			 pull;		/* of its weight on the sum */
};

/* A message that was learnt, its tokens looked up. */
struct lesson {
	bool		 junk;
	size_t		 n, head;	/* the header's come first */
	struct part	 part[TABLE_SAMPLE_TOKENS];
	float		 sum[COURSES];	/* without the bias */
};

/* As it would be had it not been learnt: without its own counts, or words
 * seen once would seem to know everything. */
static inline float
pull(const struct lesson *l, const struct odds *o, size_t i)
{
	uint32_t good = l->part[i].slot->good, bad = l->part[i].slot->bad;

	if (l->junk)
		bad -= bad > 0;
	else
		good -= good > 0;
	return odds_of(o, good, bad) *
	    o->norm[i < l->head ? ODDS_HEAD : ODDS_BODY];
}

/* Most of the time goes into waiting for these two.  Inlined by all means: a
 * call that only does this is one without effect to the compiler. */
static inline __attribute__((always_inline)) void
prefetch(const struct table *t, const float *apart, uint32_t token)
{
	__builtin_prefetch(table_sample_bucket(t, token));
	if (apart != NULL)
		__builtin_prefetch(&apart[table_sample_place(token)]);
}

/* Adds what it says to the sums of both; by, to be kept in registers. */
static inline void
add_part(struct lesson *l, const struct odds *o, const float *apart,
    size_t i, float *first, float *second)
{
	struct part *p = &l->part[i];
	float weight = ODDS_PRIOR + p->slot->weight, by = pull(l, o, i);
	float more = apart != NULL ? apart[p->place] : 0;

	p->pull = by;
	*first += odds_bounded((weight + more) * by, (float)BAYES_SHARE_MAX);
	*second += odds_bounded((weight - more) * by, (float)BAYES_SHARE_MAX);
}

static void
lesson_open(struct lesson *l, const struct table *t, struct odds *o,
    const struct course *c, const struct table_sample *s)
{
	const float *apart = c->apart;
	float first = 0, second = 0;
	size_t i;

	l->n = s->n;
	l->head = s->head < s->n ? s->head : s->n;
	odds_init(o, l->n, l->head);
	for (i = 0; i < l->n && i < AHEAD; i++)
		prefetch(t, apart, s->token[i]);
	for (i = 0; i < l->n; i++) {
		if (i + AHEAD < l->n)
			prefetch(t, apart, s->token[i + AHEAD]);
		l->part[i].pull = 0;
		l->part[i].slot = table_sample_slot(t, s->token[i],
		    &l->part[i].place);
		if (l->part[i].slot != NULL)
			add_part(l, o, apart, i, &first, &second);
	}
	l->sum[FIRST] = first;
	l->sum[SECOND] = second;
}

/* How far what a course says of it is from what it is said to be. */
static float
error_of(const struct lesson *l, float sum)
{
	return (l->junk ? 1.0f : 0.0f) -
	    1.0f / (1.0f + expf(-odds_bounded(sum, ODDS_SUM_MAX)));
}

/* One step of each towards what a message is said to be: moves the weights of
 * its tokens, in the same measure for each as it counts in its sum. */
static void
step(struct odds *o, struct course *c, const struct lesson *l,
    const float *error)
{
	float more = l->junk ? 0.5f : 0.5f * GOOD_MORE;
	float mean = more * (error[FIRST] + error[SECOND]);
	float apart = more * (error[FIRST] - error[SECOND]);
	const struct part *p;

	for (p = l->part; p < l->part + l->n; p++) {
		if (p->pull == 0)
			continue;
		table_slot_weigh(p->slot, RATE * mean * p->pull);
		if (c->apart != NULL)
			c->apart[p->place] += RATE * apart * p->pull;
	}
	o->h.bias += RATE_BIAS * mean;
	c->bias_apart += RATE_BIAS * apart;
}

static uint32_t
in_use(const struct table_head *h, unsigned int kind)
{
	return h->next[kind] < TABLE_SAMPLES ? h->next[kind] : TABLE_SAMPLES;
}

/* A prime that does not divide n: each comes to be seen. */
static uint32_t
stride_of(uint32_t n)
{
	return n % 1021 != 0 ? 1021 : 1019;
}

static bool
plan_make(struct plan *p, const struct table_head *h)
{
	unsigned int kind;

	for (kind = 0; kind < 2; kind++) {
		p->in_use[kind] = in_use(h, kind);
		if (p->in_use[kind] == 0)
			return false;
		p->stride[kind] = stride_of(p->in_use[kind]);
	}
	p->round = 2 * (p->in_use[0] > p->in_use[1] ? p->in_use[0] :
	    p->in_use[1]);
	return true;
}

/* Without memory for two both go the way of the first. */
static bool
under_way(const struct course *c, unsigned int which, uint32_t round)
{
	uint32_t begin = which == SECOND ? round / LATER : 0;

	return c->at >= begin && c->at - begin < ROUNDS * round &&
	    (which == FIRST || c->apart != NULL);
}

static void
replay(struct table *t, struct odds *o, struct course *c,
    const struct plan *p)
{
	unsigned int kind = c->at % 2, k;
	uint32_t at = (uint32_t)((uint64_t)(c->at / 2) * p->stride[kind] %
	    p->in_use[kind]);
	uint8_t bit = (uint8_t)(1 << at % 8), *known;
	const struct table_sample *s = NULL;
	struct lesson l;	/* not all zeros: it is large */
	float error[COURSES] = { 0, 0 }, bias;

	for (k = 0; k < COURSES; k++) {
		known = &c->known[k][kind][at / 8];
		if (*known & bit || !under_way(c, k, p->round))
			continue;
		if (s == NULL) {
			s = table_sample(t, kind, at);
			if (s == NULL)
				return;
			l.junk = kind == 1;
			lesson_open(&l, t, o, c, s);
		}
		bias = o->h.bias + (k == FIRST ? 1 : -1) * c->bias_apart;
		error[k] = error_of(&l, l.sum[k] + bias);
		if (fabsf(error[k]) < ERROR_KNOWN)
			*known |= bit;
		if (fabsf(error[k]) < ERROR_MIN)
			error[k] = 0;
	}
	if (c->apart == NULL)
		error[SECOND] = error[FIRST];
	if (error[FIRST] != 0 || error[SECOND] != 0)
		step(o, c, &l, error);
}

uint32_t
course_go(struct table *t, struct course *c, uint32_t n)
{
	struct plan p;
	struct odds o;
	uint32_t i;

	if (!table_head(t, &o.h) || !plan_make(&p, &o.h))
		return 0;
	if (c->at == 0 && c->apart == NULL)
		c->apart = calloc(TABLE_PLACES, sizeof *c->apart);
	for (i = 0; i < n; i++, c->at++)
		replay(t, &o, c, &p);
	table_set_head(t, &o.h);
	return ROUNDS * p.round + p.round / LATER;
}

void
course_clear(struct course *c)
{
	free(c->apart);
	memset(c, 0, sizeof *c);
}
