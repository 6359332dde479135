#include <math.h>
#include <string.h>

#include "mailnode/filter/bayes.h"
#include "mailnode/filter/odds.h"

/* The sum at which as much speaks for as against.  In the same runs one good
 * message in 5,000 lay beyond: mail to come is less like what was learnt
 * than one fifth of it is like the rest.  It is the probability of one half. */
#define BORDER		2.1
#define STEEP		2.0

/* What most messages have for and against, together. */
#define USUAL		16.0f

enum { AT_ONCE = 256 };		/* tokens looked for */

static inline float
share(const struct odds *o, const struct table_slot *s, unsigned int place)
{
	return odds_bounded((ODDS_PRIOR + s->weight) *
	    odds_of(o, s->good, s->bad) * o->norm[place],
	    (float)BAYES_SHARE_MAX);
}

static unsigned int
place_of(uint64_t hash)
{
	return hash & TOKEN_OF_HEAD ? ODDS_HEAD : ODDS_BODY;
}

static void
odds_for(struct odds *o, const struct tokens *k)
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

/* What all tokens have in the sum, and without its sign; by, if not NULL, is
 * each. */
struct shares {
	float	sum, all;
};

static struct shares
add_shares(const struct table *t, const struct odds *o,
    const struct tokens *k, double *by)
{
	const struct table_slot *slot[AT_ONCE];
	float one, sum = 0, all = 0;
	size_t at, i, n;

	for (at = 0; at < k->n; at += n) {
		n = k->n - at < AT_ONCE ? k->n - at : AT_ONCE;
		table_slots(t, k->hash + at, n, slot);
		for (i = 0; i < n; i++) {
			if (slot[i] == NULL)
				continue;
			one = share(o, slot[i], place_of(k->hash[at + i]));
			sum += one;
			all += fabsf(one);
			if (by != NULL)
				by[at + i] = one;
		}
	}
	return (struct shares){ sum, all };
}

/* A sum out of much for and much against is worth less than the same out of
 * little: where chance gives each its sign it grows as this root does.  And 1,
 * or a word or two would be as much as a message. */
static float
in_proportion(const struct shares *s, float bias)
{
	return (s->sum + bias) * sqrtf(USUAL / (1 + s->all));
}

void
bayes_score(const struct table *t, const struct tokens *k,
    struct bayes_score *out)
{
	struct shares s;
	struct odds o;

	memset(out, 0, sizeof *out);
	out->junk = 0.5;
	if (t->map == NULL || !table_head(t, &o.h))
		return;
	out->good = o.h.good;
	out->bad = o.h.bad;
	out->enough = enough(&o.h);
	odds_for(&o, k);
	s = add_shares(t, &o, k, NULL);
	out->sum = odds_bounded(in_proportion(&s, odds_bounded(o.h.bias,
	    ODDS_SUM_MAX)), ODDS_SUM_MAX);
	out->junk = 1.0 / (1.0 + exp(-STEEP * (out->sum - BORDER)));
}

void
bayes_shares(const struct table *t, const struct tokens *k, double *by)
{
	struct odds o;

	memset(by, 0, k->n * sizeof *by);
	if (t->map == NULL || !table_head(t, &o.h))
		return;
	odds_for(&o, k);
	(void)add_shares(t, &o, k, by);
}

/* ---- learning ---- */

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
