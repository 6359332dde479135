#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/table_file.h"
#include "mailnode/filter/token.h"

enum {
	SHORT_BITS = 15,	/* upper ones of a tag, which a sample has */
	AHEAD = 32		/* tokens that the memory is asked for */
};

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

/* Of the slots of a bucket, those whose tag is this but for its lower bits.
 * All are looked at: which one it is cannot be foretold, and a wrong guess
 * costs more than the rest of them. */
static inline unsigned int
slots_of(const struct table_bucket *b, uint32_t tag, unsigned int lower)
{
	const struct table_slot *s = b->slot;

	_Static_assert(TABLE_SLOTS == 5, "each is named here");
	return (unsigned int)(s[0].tag >> lower == tag) |
	    (unsigned int)(s[1].tag >> lower == tag) << 1 |
	    (unsigned int)(s[2].tag >> lower == tag) << 2 |
	    (unsigned int)(s[3].tag >> lower == tag) << 3 |
	    (unsigned int)(s[4].tag >> lower == tag) << 4;
}

static inline struct table_slot *
slot_of(const struct table *t, uint64_t hash)
{
	struct table_bucket *b = bucket_of(t, hash);
	unsigned int found = slots_of(b, tag_of(hash), 0);

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

/* The bucket is whole behind it. */
static inline void
put(struct table_slot *s, const struct table_slot *now)
{
	size_t at = (uintptr_t)s % sizeof(struct table_bucket);
	struct table_bucket *b = (struct table_bucket *)((uint8_t *)s - at);

	b->check += table_slot_check(now, at) - table_slot_check(s, at);
	*s = *now;
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
	put(s, &now);
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
	put(s, now);
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

/* By the part of the tag that a sample has: of 3,000 full buckets
 * one has two that are the same. */
static inline struct table_slot *
slot_by(struct table_bucket *b, uint32_t want)
{
	unsigned int found = slots_of(b, want, TABLE_TAG_BITS - SHORT_BITS);

	while (found != 0 && b->slot[__builtin_ctz(found)].tag == 0)
		found &= found - 1;
	return found != 0 ? &b->slot[__builtin_ctz(found)] : NULL;
}

void
table_sample_slots(struct table *t, const struct table_sample *s,
    struct table_slot **slot)
{
	uint32_t i, n = s->n;

	for (i = 0; i < n && i < AHEAD; i++)
		__builtin_prefetch(table_bucket_at(t,
		    s->token[i] >> SHORT_BITS));
	for (i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(table_bucket_at(t,
			    s->token[i + AHEAD] >> SHORT_BITS));
		slot[i] = slot_by(table_bucket_at(t, s->token[i] >> SHORT_BITS),
		    s->token[i] & ((1U << SHORT_BITS) - 1));
	}
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

bool
table_find_sample(const struct table *t, uint64_t id, unsigned int *kind,
    uint32_t *i)
{
	const uint64_t *at = table_ids(t);
	uint32_t k;

	id = id != 0 ? id : 1;
	/* Of a new message all are looked at: some in one turn. */
	for (k = 0; k < 2 * TABLE_SAMPLES; k += 4)
		if (at[k] == id || at[k + 1] == id || at[k + 2] == id ||
		    at[k + 3] == id)
			break;
	while (k < 2 * TABLE_SAMPLES && at[k] != id)
		k++;
	*kind = k / TABLE_SAMPLES;
	*i = k % TABLE_SAMPLES;
	return k < 2 * TABLE_SAMPLES;
}
