/*
 * The file, in the machine's own byte order, which `order` tells:
 *
 *	0	4096	two struct table_head, at 0 and 2048
 *	4096	32 KiB	ids of the samples, so that they are found
 *	36 KiB	8 MiB	TABLE_BUCKETS buckets of 64 octets: five slots (tag,
 *			good, bad, weight) and the check of the sixty octets
 *	…	16 MiB	2 x TABLE_SAMPLES samples of 4096 octets: good, bad
 *
 * A hash is cut to its upper 48 bits: 17 name the bucket, 31 are the tag.  Of
 * that a sample has the upper 15: it looks for what was counted with it.
 *
 * The writer changes the file in place and never syncs it: what a power cut
 * takes are the last messages learnt.  A bucket does not cross a sector, so
 * each is old or new; a writer killed within one leaves a check that does
 * not fit, and the next writer empties that bucket and says so.  Of the two
 * heads one is always whole.  All octets are allocated when it is made, so
 * that a full disk cannot take the map away.
 */
#ifndef FILTER_TABLE_FILE_H
#define FILTER_TABLE_FILE_H

#include <string.h>

#include "mailnode/filter/table.h"

enum {
	TABLE_HEADS = 4096,
	TABLE_TAG_BITS = 31,
	TABLE_SHORT_BITS = 15	/* upper ones of a tag, which a sample has */
};

struct table_bucket {
	struct table_slot	slot[TABLE_SLOTS];
	uint32_t		check;
};

#define TABLE_BUCKETS_AT (TABLE_HEADS + 2 * TABLE_SAMPLES * sizeof(uint64_t))
#define TABLE_SAMPLES_AT (TABLE_BUCKETS_AT + \
			    TABLE_BUCKETS * sizeof(struct table_bucket))
#define TABLE_SIZE	 (TABLE_SAMPLES_AT + 2 * TABLE_SAMPLES * \
			    sizeof(struct table_sample))

_Static_assert(sizeof(struct table_bucket) == 64, "a bucket is a cache line");
_Static_assert(sizeof(struct table_sample) == 4096, "a sample is a page");
_Static_assert(TABLE_BUCKETS_AT % sizeof(struct table_bucket) == 0,
    "and begins as one");
_Static_assert((TABLE_BUCKETS & (TABLE_BUCKETS - 1)) == 0, "power of two");

static inline struct table_bucket *
table_bucket_at(const struct table *t, size_t i)
{
	return (struct table_bucket *)(t->map + TABLE_BUCKETS_AT) + i;
}

static inline struct table_sample *
table_sample_at(const struct table *t, unsigned int kind, uint32_t i)
{
	return (struct table_sample *)(t->map + TABLE_SAMPLES_AT) +
	    kind * TABLE_SAMPLES + i;
}

static inline uint64_t *
table_ids(const struct table *t)
{
	return (uint64_t *)(t->map + TABLE_HEADS);
}

/* Of a slot, by its place in the bucket; 0 for an empty one.  A change is
 * put into the check of its bucket as the difference of two of these: the
 * rest of the bucket is not read again with each count. */
static inline uint32_t
table_slot_check(const struct table_slot *s, size_t at)
{
	uint64_t h = s->tag | (uint64_t)s->good << 32 |
	    (uint64_t)s->bad << 48;
	uint32_t weight;

	memcpy(&weight, &s->weight, sizeof weight);
	h += weight * UINT64_C(0x632be59bd9b4e019);
	h ^= h >> 32;
	h *= UINT64_C(0x9e3779b97f4a7c15) + 2 * at;
	return (uint32_t)(h >> 32);
}

/* The slot becomes this, and the bucket is whole behind it. */
static inline void
table_slot_put(struct table_slot *s, const struct table_slot *now)
{
	size_t at = (uintptr_t)s % sizeof(struct table_bucket);
	struct table_bucket *b = (struct table_bucket *)((uint8_t *)s - at);

	b->check += table_slot_check(now, at) - table_slot_check(s, at);
	*s = *now;
}

static inline void
table_slot_weigh(struct table_slot *s, float more)
{
	struct table_slot now = *s;

	now.weight += more;
	table_slot_put(s, &now);
}

/* Bits of the slots of a bucket whose tag is this but for its lower bits.
 * All are looked at: which one it is cannot be foretold, and a wrong guess
 * costs more than the rest of them. */
static inline unsigned int
table_bucket_slots(const struct table_bucket *b, uint32_t tag,
    unsigned int lower)
{
	const struct table_slot *s = b->slot;

	_Static_assert(TABLE_SLOTS == 5, "each is named here");
	return (unsigned int)(s[0].tag >> lower == tag) |
	    (unsigned int)(s[1].tag >> lower == tag) << 1 |
	    (unsigned int)(s[2].tag >> lower == tag) << 2 |
	    (unsigned int)(s[3].tag >> lower == tag) << 3 |
	    (unsigned int)(s[4].tag >> lower == tag) << 4;
}

/* ---- tokens of a sample ---- */

static inline struct table_bucket *
table_sample_bucket(const struct table *t, uint32_t token)
{
	return table_bucket_at(t, token >> TABLE_SHORT_BITS);
}

/* Each slot has a number of its own, below TABLE_PLACES, those of one bucket
 * follow each other: the first of them. */
#define TABLE_ROW	8U
#define TABLE_PLACES	(TABLE_ROW * TABLE_BUCKETS)
_Static_assert(TABLE_SLOTS <= TABLE_ROW, "a bucket has room in a row");

static inline uint32_t
table_sample_place(uint32_t token)
{
	return (token >> TABLE_SHORT_BITS) * TABLE_ROW;
}

/* Writer: its slot and the place of that, or NULL.  By the part of the tag
 * that a sample has: of 3,000 full buckets one has two that are the same. */
static inline struct table_slot *
table_sample_slot(const struct table *t, uint32_t token, uint32_t *place)
{
	struct table_bucket *b = table_sample_bucket(t, token);
	unsigned int found = table_bucket_slots(b,
	    token & ((1U << TABLE_SHORT_BITS) - 1),
	    TABLE_TAG_BITS - TABLE_SHORT_BITS), i;

	while (found != 0 && b->slot[__builtin_ctz(found)].tag == 0)
		found &= found - 1;
	*place = 0;
	if (found == 0)
		return NULL;
	i = (unsigned int)__builtin_ctz(found);
	*place = table_sample_place(token) + i;
	return &b->slot[i];
}

/* An empty bucket of a new file has the check 0. */
uint32_t	table_bucket_check(const struct table_bucket *b);
uint32_t	table_sample_check(const struct table_sample *s);

#endif
