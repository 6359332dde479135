#include <math.h>
#include <string.h>

#include "mailnode/filter/bayes.h"

/* Found by five-fold runs over training mail; flat around these. */
#define RATE		6.0f	/* of learning */
#define RATE_BIAS	0.12f
#define SMOOTH		0.05f	/* a message for what was never seen */
#define ODDS_MAX	6.0f	/* of one token, natural logarithm */
#define ERROR_MIN	0.05f	/* nearer than that it is known already */
#define SUM_MAX		30.0f

/* The sum at which as much speaks for as against, by the same runs: one good
 * message in a thousand lies beyond.  It is the probability of one half. */
#define BORDER		2.0
#define STEEP		2.0

enum { LOGS = 1024, AHEAD = 8 };

struct odds {
	struct table_head	h;
	float			shift;
	float			norm;	/* of a message's length */
};

/* log(n + SMOOTH); the small ones are nearly all. */
static float
log_of(uint32_t n)
{
	static float known[LOGS];
	uint32_t i;

	if (known[1] == 0.0f)
		for (i = 0; i < LOGS; i++)
			known[i] = logf((float)i + SMOOTH);
	return n < LOGS ? known[n] : logf((float)n + SMOOTH);
}

static void
odds_init(struct odds *o, size_t n)
{
	o->shift = logf((float)o->h.good + 2 * SMOOTH) -
	    logf((float)o->h.bad + 2 * SMOOTH);
	o->norm = 1.0f / sqrtf((float)(n > 0 ? n : 1));
}

/* How much a token says, for either side. */
static float
strength(const struct odds *o, const struct table_slot *s)
{
	float r = fabsf(log_of(s->bad) - log_of(s->good) + o->shift);

	return r < ODDS_MAX ? r : ODDS_MAX;
}

static float
share(const struct odds *o, const struct table_slot *s)
{
	float v = s->weight * strength(o, s) * o->norm;

	return v > -SUM_MAX && v < SUM_MAX ? v : 0.0f;	/* and NaN */
}

static float
bounded(float sum)
{
	return sum > SUM_MAX ? SUM_MAX : sum > -SUM_MAX ? sum : -SUM_MAX;
}

void
bayes_score(const struct table *t, const struct tokens *k,
    struct bayes_score *out)
{
	const struct table_slot *s;
	struct odds o;
	float sum;
	size_t i;

	memset(out, 0, sizeof *out);
	out->junk = 0.5;
	if (t->map == NULL || !table_head(t, &o.h))
		return;
	out->good = o.h.good;
	out->bad = o.h.bad;
	out->enough = o.h.good >= BAYES_GOOD_MIN &&
	    o.h.bad >= BAYES_JUNK_MIN;
	odds_init(&o, k->n);
	sum = bounded(o.h.bias);
	for (i = 0; i < k->n && i < AHEAD; i++)
		table_prefetch(t, k->token[i].hash);
	for (i = 0; i < k->n; i++) {
		if (i + AHEAD < k->n)
			table_prefetch(t, k->token[i + AHEAD].hash);
		s = table_find(t, k->token[i].hash);
		if (s != NULL)
			sum += share(&o, s);
	}
	out->sum = bounded(sum);
	out->junk = 1.0 / (1.0 + exp(-STEEP * (out->sum - BORDER)));
}

double
bayes_share(const struct table *t, const struct tokens *k, size_t i)
{
	const struct table_slot *s;
	struct odds o;

	if (t->map == NULL || !table_head(t, &o.h))
		return 0;
	odds_init(&o, k->n);
	s = table_find(t, k->token[i].hash);
	return s != NULL ? share(&o, s) : 0;
}

/* ---- learning ---- */

/* Moves the weights of a message's tokens, in the same measure for each
 * as it counts in its sum. */
static void
move(struct table *t, const struct odds *o, float by, size_t n,
    struct table_slot *const *slot)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (slot[i] == NULL)
			continue;
		slot[i]->weight += by * strength(o, slot[i]);
		table_seal(t, slot[i]);
	}
}

/* One step towards what a message is said to be; returns its size. */
static float
step(struct table *t, struct odds *o, bool junk, size_t n,
    struct table_slot *const *slot)
{
	float sum = o->h.bias, error, by;
	size_t i;

	odds_init(o, n);
	for (i = 0; i < n; i++)
		if (slot[i] != NULL)
			sum += share(o, slot[i]);
	error = (junk ? 1.0f : 0.0f) - 1.0f / (1.0f + expf(-bounded(sum)));
	if (fabsf(error) < ERROR_MIN)
		return 0;
	by = RATE * error * o->norm;
	move(t, o, by, n, slot);
	o->h.bias += RATE_BIAS * error;
	return by;
}

static void
replay(struct table *t, struct odds *o, unsigned int kind, uint32_t at)
{
	struct table_slot *slot[TABLE_SAMPLE_TOKENS];
	const struct table_sample *s = table_sample(t, kind, at);
	uint32_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		table_prefetch(t, table_sample_hash(s, i));
	for (i = 0; i < s->n; i++)
		slot[i] = table_get(t, table_sample_hash(s, i));
	(void)step(t, o, kind == 1, s->n, slot);
}

static uint32_t
in_use(const struct table_head *h, unsigned int kind)
{
	return h->next[kind] < TABLE_SAMPLES ? h->next[kind] : TABLE_SAMPLES;
}

/* Any place that is in use; which one does not matter to anybody. */
static uint32_t
any(const struct table_head *h, unsigned int kind, uint64_t salt)
{
	uint32_t used = in_use(h, kind);

	return used > 0 ? (uint32_t)(token_join(h->seq, salt) % used) : 0;
}

uint32_t
bayes_rehearse(struct table *t, uint32_t *at, uint32_t n)
{
	struct odds o;
	uint32_t i, used[2];

	if (!table_head(t, &o.h))
		return 0;
	used[0] = in_use(&o.h, 0);
	used[1] = in_use(&o.h, 1);
	if (used[0] == 0 || used[1] == 0)
		return 0;
	for (i = 0; i < n; i++, ++*at)
		replay(t, &o, *at % 2, (uint32_t)((uint64_t)(*at / 2) * 1021 %
		    used[*at % 2]));
	table_set_head(t, &o.h);
	return 2 * (used[0] > used[1] ? used[0] : used[1]);
}

static void
count(struct table *t, const uint64_t *hash, size_t n, bool junk)
{
	struct table_slot *s;
	size_t i;

	for (i = 0; i < n && i < AHEAD; i++)
		table_prefetch(t, hash[i]);
	for (i = 0; i < n; i++) {
		if (i + AHEAD < n)
			table_prefetch(t, hash[i + AHEAD]);
		s = table_make(t, hash[i]);
		if (junk && s->bad < UINT16_MAX)
			s->bad++;
		else if (!junk && s->good < UINT16_MAX)
			s->good++;
		table_seal(t, s);
	}
}

/* The newest, then some older ones of either side, so that it does not
 * matter in which order mail is learnt. */
static void
steps(struct table *t, struct odds *o, unsigned int kind, uint32_t at,
    const uint64_t *hash, size_t n)
{
	struct table_slot *slot[TABLE_SAMPLE_TOKENS];
	unsigned int k, other;
	size_t i;

	n = n < TABLE_SAMPLE_TOKENS ? n : TABLE_SAMPLE_TOKENS;
	for (i = 0; i < n; i++)
		slot[i] = table_get(t, hash[i]);
	table_sample_by(t, kind, at, step(t, o, kind == 1, n, slot));
	for (k = 0; k < BAYES_REPLAY; k++) {
		other = (kind + k + 1) % 2;
		replay(t, o, other, any(&o->h, other, k));
	}
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
	count(t, hash, n, junk);
	o.h.good += !junk;
	o.h.bad += junk;
	o.h.learnt++;
	at = o.h.next[kind];
	table_put_sample(t, kind, at, id, hash, n);
	/* Beyond the first round only the place in it matters. */
	if (++o.h.next[kind] == 2 * TABLE_SAMPLES)
		o.h.next[kind] = TABLE_SAMPLES;
	if (o.h.next[0] > 0 && o.h.next[1] > 0)
		steps(t, &o, kind, at, hash, n);
	if (o.h.good + o.h.bad > TABLE_AGE) {
		table_halve(t);
		o.h.good /= 2;
		o.h.bad /= 2;
	}
	table_set_head(t, &o.h);
}

/* The step it made, taken back while its counts are still there. */
static void
step_back(struct table *t, struct odds *o, const struct table_sample *s)
{
	struct table_slot *slot[TABLE_SAMPLE_TOKENS];
	uint32_t i;

	for (i = 0; i < s->n; i++)
		slot[i] = table_get(t, table_sample_hash(s, i));
	odds_init(o, s->n);
	move(t, o, -s->by, s->n, slot);
	o->h.bias -= s->by / (RATE * o->norm) * RATE_BIAS;
}

static void
uncount(struct table *t, const uint64_t *hash, size_t n, bool junk)
{
	struct table_slot *s;
	size_t i;

	for (i = 0; i < n; i++) {
		s = table_get(t, hash[i]);
		if (s == NULL)
			continue;
		if (junk && s->bad > 0)
			s->bad--;
		else if (!junk && s->good > 0)
			s->good--;
		if (s->good + s->bad == 0)
			memset(s, 0, sizeof *s);
		table_seal(t, s);
	}
}

bool
bayes_forget(struct table *t, uint64_t id, const uint64_t *hash, size_t n)
{
	const struct table_sample *s;
	unsigned int kind;
	struct odds o;
	uint32_t at;

	if (!table_find_sample(t, id, &kind, &at) || !table_head(t, &o.h))
		return false;
	s = table_sample(t, kind, at);
	if (s == NULL)
		return false;
	step_back(t, &o, s);
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
