#include <math.h>
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

/* A message that was learnt, its tokens looked up. */
struct lesson {
	bool			 junk;
	size_t			 n, head;	/* the header's come first */
	struct table_slot	*slot[TABLE_SAMPLE_TOKENS];
	float			 pull[TABLE_SAMPLE_TOKENS];	/* of a weight
							   on the sum */
};

static void
lesson_open(struct lesson *l, struct table *t, bool junk,
    const struct table_sample *s)
{
	l->junk = junk;
	l->n = s->n;
	l->head = s->head < s->n ? s->head : s->n;
	table_sample_slots(t, s, l->slot);
}

/* What it would score had it not been learnt: without its own counts, or
 * words seen once would seem to know everything. */
static float
lesson_sum(struct lesson *l, struct odds *o)
{
	const struct table_slot *s;
	float sum = o->h.bias;
	uint32_t good, bad;
	size_t i;

	odds_init(o, l->n, l->head);
	for (i = 0; i < l->n; i++) {
		s = l->slot[i];
		l->pull[i] = 0;
		if (s == NULL)
			continue;
		good = s->good;
		bad = s->bad;
		if (l->junk)
			bad -= bad > 0;
		else
			good -= good > 0;
		l->pull[i] = odds(o, good, bad) *
		    o->norm[i < l->head ? HEAD : BODY];
		sum += bounded((PRIOR + s->weight) * l->pull[i],
		    (float)BAYES_SHARE_MAX);
	}
	return bounded(sum, SUM_MAX);
}

/* One step towards what a message is said to be: moves the weights of its
 * tokens, in the same measure for each as it counts in its sum.  True: it is
 * far from anything else. */
static bool
step(struct odds *o, struct lesson *l)
{
	float sum = lesson_sum(l, o), error;
	struct table_slot now;
	size_t i;

	error = (l->junk ? 1.0f : 0.0f) - 1.0f / (1.0f + expf(-sum));
	if (fabsf(error) < ERROR_MIN)
		return fabsf(error) < ERROR_KNOWN;
	if (!l->junk)
		error *= GOOD_MORE;
	for (i = 0; i < l->n; i++) {
		if (l->pull[i] == 0)
			continue;
		now = *l->slot[i];
		now.weight += RATE * error * l->pull[i];
		table_put(l->slot[i], &now);
	}
	o->h.bias += RATE_BIAS * error;
	return false;
}

static uint32_t
in_use(const struct table_head *h, unsigned int kind)
{
	return h->next[kind] < TABLE_SAMPLES ? h->next[kind] : TABLE_SAMPLES;
}

static void
replay(struct table *t, struct odds *o, struct bayes_course *c)
{
	unsigned int kind = c->at % 2;
	uint32_t at = (uint32_t)((uint64_t)(c->at / 2) * 1021 %
	    in_use(&o->h, kind));
	uint8_t *known = &c->known[kind][at / 8], bit = (uint8_t)(1 << at % 8);
	const struct table_sample *s;
	struct lesson l;

	if (*known & bit)
		return;
	s = table_sample(t, kind, at);
	if (s == NULL)
		return;
	lesson_open(&l, t, kind == 1, s);
	if (step(o, &l))
		*known |= bit;
}

uint32_t
bayes_rehearse(struct table *t, struct bayes_course *c, uint32_t n)
{
	uint32_t i, good, bad;
	struct odds o;

	if (!table_head(t, &o.h))
		return 0;
	good = in_use(&o.h, 0);
	bad = in_use(&o.h, 1);
	if (good == 0 || bad == 0)
		return 0;
	for (i = 0; i < n; i++, c->at++)
		replay(t, &o, c);
	table_set_head(t, &o.h);
	return 2 * (good > bad ? good : bad);
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
