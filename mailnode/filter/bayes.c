#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/bayes.h"

/* Found by five-fold runs over training mail; flat around these. */
#define PRIOR		0.5f	/* what a weight is before it is corrected */
#define RATE		3.0f	/* of learning */
#define GOOD_MORE	6.0f	/* times that, for good mail: rather junk that
				   comes through than mail that does not */
#define RATE_BIAS	0.12f
#define SMOOTH		0.05f	/* a message for what was never seen */
#define RARE		1.5f	/* messages; a token seen in as many counts
				   half of what its odds say */
#define ODDS_MAX	6.0f	/* of one token, natural logarithm */
#define ERROR_MIN	0.05f	/* nearer than that it is known already */
#define ERROR_KNOWN	0.001f	/* and nearer than that it is not asked again:
				   half of the work, and no junk the less */
#define SUM_MAX		30.0f
#define LOG_2		0.69314718f

/* The sum at which as much speaks for as against.  In the same runs one good
 * message in 5,000 lay beyond: mail to come is less like what was learnt
 * than one fifth of it is like the rest.  It is the probability of one half. */
#define BORDER		2.0
#define STEEP		2.0

enum { LOGS = 1024, AT_ONCE = 256 };	/* tokens looked for */

/* Header and body each by the root of their own number of tokens: a long
 * text does not drown who sent it. */
enum { BODY, HEAD, PLACES };

struct odds {
	struct table_head	h;
	float			shift;
	float			norm[PLACES];
};

static struct {
	bool	made;
	float	log[LOGS];	/* of n + SMOOTH */
	float	known[LOGS];	/* n / (n + RARE) */
} numbers;

static void
numbers_make(void)
{
	uint32_t i;

	for (i = 0; i < LOGS; i++) {
		numbers.log[i] = logf((float)i + SMOOTH);
		numbers.known[i] = (float)i / ((float)i + RARE);
	}
	numbers.made = true;
}

/* Of many, near enough. */
static inline float
log_of(uint32_t n)
{
	float more = 0;

	for (; n >= LOGS; n >>= 1)
		more += LOG_2;
	return numbers.log[n] + more;
}

static void
odds_init(struct odds *o, size_t n, size_t head)
{
	if (!numbers.made)
		numbers_make();
	o->shift = logf((float)o->h.good + 2 * SMOOTH) -
	    logf((float)o->h.bad + 2 * SMOOTH);
	o->norm[HEAD] = 1.0f / sqrtf((float)(head > 0 ? head : 1));
	o->norm[BODY] = 1.0f / sqrtf((float)(n > head ? n - head : 1));
}

/* What is no number counts as low.  In this order it takes no branch. */
static inline float
bounded(float v, float max)
{
	v = v > -max ? v : -max;
	return v < max ? v : max;
}

/* What a token says by its counts alone: above 0 for junk. */
static inline float
odds(const struct odds *o, uint32_t good, uint32_t bad)
{
	uint32_t n = good + bad;
	float r = log_of(bad) - log_of(good) + o->shift;

	if (n < LOGS)
		r *= numbers.known[n];
	return bounded(r, ODDS_MAX);
}

static inline float
share(const struct odds *o, const struct table_slot *s, unsigned int place)
{
	return bounded((PRIOR + s->weight) * odds(o, s->good, s->bad) *
	    o->norm[place], (float)BAYES_SHARE_MAX);
}

static unsigned int
place_of(uint64_t hash)
{
	return hash & TOKEN_OF_HEAD ? HEAD : BODY;
}

static void
odds_of(struct odds *o, const struct tokens *k)
{
	size_t i, head = 0;

	for (i = 0; i < k->n; i++)
		head += k->hash[i] & TOKEN_OF_HEAD;
	odds_init(o, k->n, head);
}

static bool
enough(const struct table_head *h)
{
	return h->good >= BAYES_GOOD_MIN && h->bad >= BAYES_JUNK_MIN;
}

bool
bayes_enough(const struct table *t)
{
	struct table_head h;

	return t->map != NULL && table_head(t, &h) && enough(&h);
}

/* What each token has in the sum, added to it; by, if not NULL, is each. */
static float
add_shares(const struct table *t, const struct odds *o,
    const struct tokens *k, float sum, double *by)
{
	const struct table_slot *slot[AT_ONCE];
	size_t at, i, n;
	float one;

	for (at = 0; at < k->n; at += n) {
		n = k->n - at < AT_ONCE ? k->n - at : AT_ONCE;
		table_slots(t, k->hash + at, n, slot);
		for (i = 0; i < n; i++) {
			if (slot[i] == NULL)
				continue;
			one = share(o, slot[i], place_of(k->hash[at + i]));
			sum += one;
			if (by != NULL)
				by[at + i] = one;
		}
	}
	return sum;
}

void
bayes_score(const struct table *t, const struct tokens *k,
    struct bayes_score *out)
{
	struct odds o;
	float sum;

	memset(out, 0, sizeof *out);
	out->junk = 0.5;
	if (t->map == NULL || !table_head(t, &o.h))
		return;
	out->good = o.h.good;
	out->bad = o.h.bad;
	out->enough = enough(&o.h);
	odds_of(&o, k);
	sum = add_shares(t, &o, k, bounded(o.h.bias, SUM_MAX), NULL);
	out->sum = bounded(sum, SUM_MAX);
	out->junk = 1.0 / (1.0 + exp(-STEEP * (out->sum - BORDER)));
}

void
bayes_shares(const struct table *t, const struct tokens *k, double *by)
{
	struct odds o;

	memset(by, 0, k->n * sizeof *by);
	if (t->map == NULL || !table_head(t, &o.h))
		return;
	odds_of(&o, k);
	(void)add_shares(t, &o, k, 0, by);
}

/* ---- learning ---- */

/*
 * Where a course ends depends on what came first in it.  So there are two at
 * once, the second some of a round behind, and what is kept is their mean: the
 * table has the mean of both weights at any time, and the course how far
 * apart they are.
 */
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

/* A message that was learnt, its tokens looked up. */
struct lesson {
	bool			 junk;
	size_t			 n, head;	/* the header's come first */
	struct table_slot	*slot[TABLE_SAMPLE_TOKENS];
	float			 pull[TABLE_SAMPLE_TOKENS];	/* of a weight
							   on the sum */
	float			 sum[BAYES_COURSES];	/* without the bias */
};

/* Of no slot, too, a place that may be asked for. */
static inline float *
apart_of(const struct bayes_course *c, const struct table *t,
    const struct table_slot *s)
{
	return &c->apart[table_place(t, s)];
}

/* As it would be had it not been learnt: without its own counts, or words
 * seen once would seem to know everything. */
static inline float
pull(const struct lesson *l, const struct odds *o, size_t i)
{
	uint32_t good = l->slot[i]->good, bad = l->slot[i]->bad;

	if (l->junk)
		bad -= bad > 0;
	else
		good -= good > 0;
	return odds(o, good, bad) * o->norm[i < l->head ? HEAD : BODY];
}

static void
lesson_open(struct lesson *l, struct table *t, struct odds *o,
    const struct bayes_course *c, const struct table_sample *s)
{
	float sum[BAYES_COURSES] = { 0, 0 }, by, weight, apart = 0;
	size_t i;

	l->n = s->n;
	l->head = s->head < s->n ? s->head : s->n;
	table_sample_slots(t, s, l->slot);
	odds_init(o, l->n, l->head);
	for (i = 0; i < l->n; i++) {
		l->pull[i] = 0;
		if (i + AHEAD < l->n && c->apart != NULL)
			__builtin_prefetch(apart_of(c, t,
			    l->slot[i + AHEAD]));
		if (l->slot[i] == NULL)
			continue;
		l->pull[i] = by = pull(l, o, i);
		if (c->apart != NULL)
			apart = *apart_of(c, t, l->slot[i]);
		weight = PRIOR + l->slot[i]->weight;
		sum[FIRST] += bounded((weight + apart) * by,
		    (float)BAYES_SHARE_MAX);
		sum[SECOND] += bounded((weight - apart) * by,
		    (float)BAYES_SHARE_MAX);
	}
	l->sum[FIRST] = sum[FIRST];
	l->sum[SECOND] = sum[SECOND];
}

/* How far what a course says of it is from what it is said to be. */
static float
error_of(const struct lesson *l, float sum)
{
	return (l->junk ? 1.0f : 0.0f) -
	    1.0f / (1.0f + expf(-bounded(sum, SUM_MAX)));
}

/* One step of each towards what a message is said to be: moves the weights of
 * its tokens, in the same measure for each as it counts in its sum. */
static void
step(struct table *t, struct odds *o, struct bayes_course *c,
    const struct lesson *l, const float *error)
{
	float more = l->junk ? 0.5f : 0.5f * GOOD_MORE;
	float mean = more * (error[FIRST] + error[SECOND]);
	float apart = more * (error[FIRST] - error[SECOND]);
	struct table_slot now;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->pull[i] == 0)
			continue;
		now = *l->slot[i];
		now.weight += RATE * mean * l->pull[i];
		table_put(l->slot[i], &now);
		if (c->apart != NULL)
			*apart_of(c, t, l->slot[i]) += RATE * apart *
			    l->pull[i];
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
under_way(const struct bayes_course *c, unsigned int which, uint32_t round)
{
	uint32_t begin = which == SECOND ? round / LATER : 0;

	return c->at >= begin && c->at - begin < ROUNDS * round &&
	    (which == FIRST || c->apart != NULL);
}

static void
replay(struct table *t, struct odds *o, struct bayes_course *c,
    const struct plan *p)
{
	unsigned int kind = c->at % 2, k;
	uint32_t at = (uint32_t)((uint64_t)(c->at / 2) * p->stride[kind] %
	    p->in_use[kind]);
	uint8_t bit = (uint8_t)(1 << at % 8), *known;
	const struct table_sample *s = NULL;
	struct lesson l;	/* not all zeros: it is large */
	float error[BAYES_COURSES] = { 0, 0 }, bias;

	for (k = 0; k < BAYES_COURSES; k++) {
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
		step(t, o, c, &l, error);
}

uint32_t
bayes_rehearse(struct table *t, struct bayes_course *c, uint32_t n)
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
bayes_course_clear(struct bayes_course *c)
{
	free(c->apart);
	memset(c, 0, sizeof *c);
}

static void
learn(struct table *t, uint64_t id, bool junk, const uint64_t *hash,
    size_t n)
{
	unsigned int kind = junk ? 1 : 0;
	struct odds o;
	uint32_t at;

	if (!table_head(t, &o.h))
		return;
	table_count(t, hash, n, junk);
	o.h.good += !junk;
	o.h.bad += junk;
	o.h.learnt++;
	at = o.h.next[kind];
	table_put_sample(t, kind, at, id, hash, n);
	/* Beyond the first round only the place in it matters. */
	if (++o.h.next[kind] == 2 * TABLE_SAMPLES)
		o.h.next[kind] = TABLE_SAMPLES;
	if (o.h.good + o.h.bad > TABLE_AGE) {
		table_halve(t);
		o.h.good /= 2;
		o.h.bad /= 2;
	}
	table_set_head(t, &o.h);
}

static void
uncount(struct table *t, const uint64_t *hash, size_t n, bool junk)
{
	struct table_slot *s, now;
	size_t i;

	for (i = 0; i < n; i++) {
		s = table_get(t, hash[i]);
		if (s == NULL)
			continue;
		now = *s;
		if (junk && now.bad > 0)
			now.bad--;
		else if (!junk && now.good > 0)
			now.good--;
		if (now.good + now.bad == 0)
			memset(&now, 0, sizeof now);
		table_put(s, &now);
	}
}

bool
bayes_forget(struct table *t, uint64_t id, const uint64_t *hash, size_t n)
{
	unsigned int kind;
	struct odds o;
	uint32_t at;

	if (!table_find_sample(t, id, &kind, &at) || !table_head(t, &o.h))
		return false;
	if (table_sample(t, kind, at) == NULL)
		return false;
	uncount(t, hash, n, kind == 1);
	o.h.good -= kind == 0 && o.h.good > 0;
	o.h.bad -= kind == 1 && o.h.bad > 0;
	table_drop_sample(t, kind, at);
	table_set_head(t, &o.h);
	return true;
}

enum bayes_learn
bayes_learn(struct table *t, uint64_t id, bool junk, const uint64_t *hash,
    size_t n)
{
	unsigned int kind;
	uint32_t at;
	bool other = false;

	if (table_find_sample(t, id, &kind, &at)) {
		if (kind == (junk ? 1U : 0U))
			return BAYES_HAD;
		other = bayes_forget(t, id, hash, n);
	}
	learn(t, id, junk, hash, n);
	return other ? BAYES_CHANGED : BAYES_LEARNT;
}
