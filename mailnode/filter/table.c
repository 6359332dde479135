#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/table_file.h"
#include "mailnode/filter/token.h"

enum { AHEAD = 32 };		/* tokens that the memory is asked for */

/* ---- tokens ---- */

static struct table_bucket *
bucket_of(const struct table *t, uint64_t hash)
{
	return table_bucket_at(t, (size_t)(hash >> (16 + TABLE_TAG_BITS)) &
	    (TABLE_BUCKETS - 1));
}

static uint32_t
tag_of(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 16) & INT32_MAX;

	return tag != 0 ? tag : 1;
}

static inline void
prefetch(const struct table *t, uint64_t hash)
{
	__builtin_prefetch(bucket_of(t, hash));
}

static inline struct table_slot *
slot_of(const struct table *t, uint64_t hash)
{
	struct table_bucket *b = bucket_of(t, hash);
	unsigned int found = table_bucket_slots(b, tag_of(hash), 0);

	return found != 0 ? &b->slot[__builtin_ctz(found)] : NULL;
}

struct table_slot *
table_get(struct table *t, uint64_t hash)
{
	return slot_of(t, hash);
}

const struct table_slot *
table_find(const struct table *t, uint64_t hash)
{
	return slot_of(t, hash);
}

/* The buckets of the first ones, before they are looked for. */
static void
prefetch_first(const struct table *t, const uint64_t *hash, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < AHEAD; i++)
		prefetch(t, hash[i]);
}

void
table_slots(const struct table *t, const uint64_t *hash, size_t n,
    const struct table_slot **slot)
{
	size_t i;

	prefetch_first(t, hash, n);
	for (i = 0; i < n; i++) {
		if (i + AHEAD < n)
			prefetch(t, hash[i + AHEAD]);
		slot[i] = slot_of(t, hash[i]);
	}
}

/* Where a token may be put that is not there: what counts least makes room. */
static struct table_slot *
least_of(struct table_bucket *b)
{
	struct table_slot *s, *least = &b->slot[0];
	size_t i;

	for (i = 1; i < TABLE_SLOTS; i++) {
		s = &b->slot[i];
		if (s->good + s->bad < least->good + least->bad)
			least = s;
	}
	return least;
}

static inline void
count(struct table *t, uint64_t hash, bool junk)
{
	struct table_slot *s = slot_of(t, hash), now;

	if (s != NULL)
		now = *s;
	else {
		s = least_of(bucket_of(t, hash));
		now = (struct table_slot){ .tag = tag_of(hash) };
	}
	if (junk && now.bad < UINT16_MAX)
		now.bad++;
	else if (!junk && now.good < UINT16_MAX)
		now.good++;
	table_slot_put(s, &now);
}

void
table_count(struct table *t, const uint64_t *hash, size_t n, bool junk)
{
	size_t i;

	prefetch_first(t, hash, n);
	for (i = 0; i < n; i++) {
		if (i + AHEAD < n)
			prefetch(t, hash[i + AHEAD]);
		count(t, hash[i], junk);
	}
}

void
table_put(struct table_slot *s, const struct table_slot *now)
{
	table_slot_put(s, now);
}

void
table_halve(struct table *t)
{
	struct table_bucket *b;
	size_t i, k;

	for (i = 0; i < TABLE_BUCKETS; i++) {
		b = table_bucket_at(t, i);
		if (b->check == 0)
			continue;
		for (k = 0; k < TABLE_SLOTS; k++) {
			b->slot[k].good /= 2;
			b->slot[k].bad /= 2;
			if (b->slot[k].good + b->slot[k].bad == 0)
				memset(&b->slot[k], 0, sizeof b->slot[k]);
		}
		b->check = table_bucket_check(b);
	}
}

/* ---- samples ---- */

const struct table_sample *
table_sample(const struct table *t, unsigned int kind, uint32_t i)
{
	const struct table_sample *s = table_sample_at(t, kind,
	    i % TABLE_SAMPLES);

	return s->id != 0 && s->n <= TABLE_SAMPLE_TOKENS ? s : NULL;
}

void
table_put_sample(struct table *t, unsigned int kind, uint32_t i,
    uint64_t id, const uint64_t *hash, size_t n)
{
	struct table_sample *s = table_sample_at(t, kind, i % TABLE_SAMPLES);
	size_t k;

	s->head = 0;
	s->id = id != 0 ? id : 1;
	s->n = (uint16_t)(n < TABLE_SAMPLE_TOKENS ? n : TABLE_SAMPLE_TOKENS);
	for (k = 0; k < s->n; k++) {
		s->head += hash[k] & TOKEN_OF_HEAD;
		s->token[k] = (uint32_t)(hash[k] >> 32);
	}
	s->check = table_sample_check(s);
	table_ids(t)[kind * TABLE_SAMPLES + i % TABLE_SAMPLES] = s->id;
}

void
table_drop_sample(struct table *t, unsigned int kind, uint32_t i)
{
	memset(table_sample_at(t, kind, i % TABLE_SAMPLES), 0,
	    sizeof(struct table_sample));
	table_ids(t)[kind * TABLE_SAMPLES + i % TABLE_SAMPLES] = 0;
}

/* May it be there?  All are looked at, for most that are learnt are new: of a
 * loop that has but one way out, and of halves, four are done at once. */
static bool
may_have(const uint64_t *at, uint64_t id)
{
	uint32_t found = 0, half = (uint32_t)id, k;

	for (k = 0; k < 2 * TABLE_SAMPLES; k++)
		found |= (uint32_t)at[k] == half;
	return found != 0;
}

bool
table_find_sample(const struct table *t, uint64_t id, unsigned int *kind,
    uint32_t *i)
{
	const uint64_t *at = table_ids(t);
	uint32_t k;

	id = id != 0 ? id : 1;
	k = may_have(at, id) ? 0 : 2 * TABLE_SAMPLES;
	while (k < 2 * TABLE_SAMPLES && at[k] != id)
		k++;
	*kind = k / TABLE_SAMPLES;
	*i = k % TABLE_SAMPLES;
	return k < 2 * TABLE_SAMPLES;
}
