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
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/filter/table.h"
#include "mailnode/filter/token.h"

enum {
	HEADS = 4096,
	HEAD_SECOND = 2048,
	TAG_BITS = 31,
	SHORT_BITS = 15,	/* its upper ones, which a sample has */
	PATH_ROOM = 4096
};

struct bucket {
	struct table_slot	slot[TABLE_SLOTS];
	uint32_t		check;
};

static const uint8_t magic[8] = "mntokens";

#define BUCKETS_AT	(HEADS + 2 * TABLE_SAMPLES * sizeof(uint64_t))
#define SAMPLES_AT	(BUCKETS_AT + TABLE_BUCKETS * sizeof(struct bucket))
#define TABLE_SIZE	(SAMPLES_AT + 2 * TABLE_SAMPLES * \
			    sizeof(struct table_sample))
#define ORDER		UINT32_C(0x01020344)

_Static_assert(sizeof(struct bucket) == 64, "a bucket is a cache line");
_Static_assert(sizeof(struct table_sample) == 4096, "a sample is a page");
_Static_assert(BUCKETS_AT % sizeof(struct bucket) == 0, "and begins as one");
_Static_assert((TABLE_BUCKETS & (TABLE_BUCKETS - 1)) == 0, "power of two");

const char *
table_err_text(enum table_err e)
{
	switch (e) {
	case TABLE_OK:
		return "ok";
	case TABLE_NONE:
		return "nothing was learnt yet";
	case TABLE_SYSTEM:
		return strerror(errno);
	case TABLE_NEWER:
		return "written by a newer version";
	case TABLE_RESET:
		return "was damaged and is begun anew";
	case TABLE_OLDER:
		return "written by an older version: train again";
	case TABLE_TORN:
		return "was damaged in part";
	}
	return "unknown";
}

/* ---- checks ---- */

static uint64_t
sum(const void *p, size_t n, uint64_t h)
{
	const uint8_t *s = p;
	uint64_t w;
	size_t k;

	for (; n > 0; n -= k, s += k) {
		k = n < sizeof w ? n : sizeof w;
		w = 0;
		memcpy(&w, s, k);
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

/* Of a slot, by its place in the bucket; 0 for an empty one.  A change is
 * put into the check of its bucket as the difference of two of these: the
 * rest of the bucket is not read again with each count. */
static inline uint32_t
slot_check(const struct table_slot *s, size_t at)
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

/* An empty bucket of a new file has the check 0. */
static uint32_t
bucket_check(const struct bucket *b)
{
	uint32_t check = 0;
	size_t i;

	for (i = 0; i < TABLE_SLOTS; i++)
		check += slot_check(&b->slot[i], i * sizeof b->slot[i]);
	return check;
}

static uint32_t
sample_check(const struct table_sample *s)
{
	uint64_t h = sum(s, offsetof(struct table_sample, check), 2);

	return (uint32_t)(sum(s->token, s->n * sizeof s->token[0], h) >> 20) |
	    1;
}

static bool
head_ok(const struct table_head *h)
{
	return memcmp(h->magic, magic, sizeof magic) == 0 &&
	    h->order == ORDER && h->check == sum(h,
	    offsetof(struct table_head, check), 3);
}

bool
table_head(const struct table *t, struct table_head *h)
{
	struct table_head other;

	memcpy(h, t->map, sizeof *h);
	memcpy(&other, t->map + HEAD_SECOND, sizeof other);
	if (!head_ok(h) || (head_ok(&other) && other.seq > h->seq))
		*h = other;
	return head_ok(h);
}

void
table_set_head(struct table *t, struct table_head *h)
{
	h->seq++;
	h->check = sum(h, offsetof(struct table_head, check), 3);
	memcpy(t->map + (h->seq % 2 ? HEAD_SECOND : 0), h, sizeof *h);
}

/* ---- opening ---- */

static enum table_err
map(struct table *t, int fd, bool writes)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) == -1)
		return TABLE_SYSTEM;
	if (st.st_size != (off_t)TABLE_SIZE)
		return TABLE_TORN;
	p = mmap(NULL, TABLE_SIZE, writes ? PROT_READ | PROT_WRITE :
	    PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return TABLE_SYSTEM;
	t->map = p;
	t->writes = writes;
	return TABLE_OK;
}

/* What another version wrote has this at its head, whatever follows. */
static enum table_err
version_of(int fd)
{
	struct table_head h;

	if (pread(fd, &h, sizeof h, 0) != (ssize_t)sizeof h ||
	    memcmp(h.magic, magic, sizeof magic) != 0 || h.order != ORDER)
		return TABLE_OK;	/* the whole of it will tell */
	return h.version > TABLE_VERSION ? TABLE_NEWER :
	    h.version < TABLE_VERSION ? TABLE_OLDER : TABLE_OK;
}

static enum table_err
open_as(struct table *t, const char *path, bool writes)
{
	struct table_head h;
	enum table_err rc;
	int fd;

	memset(t, 0, sizeof *t);
	fd = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC |
	    O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? TABLE_NONE : TABLE_SYSTEM;
	rc = version_of(fd);
	if (rc == TABLE_OK)
		rc = map(t, fd, writes);
	if (rc == TABLE_OK && !table_head(t, &h)) {
		table_close(t);
		rc = TABLE_TORN;
	}
	close(fd);
	return rc;
}

enum table_err
table_open(struct table *t, const char *path)
{
	return open_as(t, path, false);
}

/* Both heads, so that either may be the next to be written. */
static int
write_heads(int fd)
{
	struct table_head h = { .version = TABLE_VERSION, .order = ORDER };

	memcpy(h.magic, magic, sizeof magic);
	if (getrandom(&h.key, sizeof h.key, 0) != (ssize_t)sizeof h.key)
		return -1;
	h.check = sum(&h, offsetof(struct table_head, check), 3);
	if (pwrite(fd, &h, sizeof h, 0) != (ssize_t)sizeof h ||
	    pwrite(fd, &h, sizeof h, HEAD_SECOND) != (ssize_t)sizeof h)
		return -1;
	return fsync(fd);
}

static enum table_err
make(const char *path)
{
	char new[PATH_ROOM];
	int fd, e, rc = -1;

	if (snprintf(new, sizeof new, "%s.new", path) >= (int)sizeof new) {
		errno = ENAMETOOLONG;
		return TABLE_SYSTEM;
	}
	(void)unlink(new);
	fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return TABLE_SYSTEM;
	e = posix_fallocate(fd, 0, (off_t)TABLE_SIZE);
	errno = e;
	if (e == 0 && write_heads(fd) == 0 && rename(new, path) == 0)
		rc = 0;
	e = errno;
	if (rc == -1)
		(void)unlink(new);
	close(fd);
	errno = e;
	return rc == 0 ? TABLE_OK : TABLE_SYSTEM;
}

static struct bucket *
bucket_at(const struct table *t, size_t i)
{
	return (struct bucket *)(t->map + BUCKETS_AT) + i;
}

static struct table_sample *
sample_at(const struct table *t, unsigned int kind, uint32_t i)
{
	return (struct table_sample *)(t->map + SAMPLES_AT) +
	    kind * TABLE_SAMPLES + i;
}

static uint64_t *
ids(const struct table *t)
{
	return (uint64_t *)(t->map + HEADS);
}

/* Empties what does not fit its check. */
static size_t
mend(struct table *t)
{
	struct table_sample *s;
	struct bucket *b;
	size_t i, torn = 0;

	for (i = 0; i < TABLE_BUCKETS; i++) {
		b = bucket_at(t, i);
		if (b->check == bucket_check(b))
			continue;
		memset(b, 0, sizeof *b);
		torn++;
	}
	for (i = 0; i < 2 * TABLE_SAMPLES; i++) {
		s = sample_at(t, 0, (uint32_t)i);
		if (ids(t)[i] == s->id && (s->id == 0 ||
		    (s->n <= TABLE_SAMPLE_TOKENS &&
		    s->check == sample_check(s))))
			continue;
		memset(s, 0, sizeof *s);
		ids(t)[i] = 0;
		torn++;
	}
	return torn;
}

enum table_err
table_open_write(struct table *t, const char *path, size_t *torn)
{
	enum table_err rc = open_as(t, path, true), made;
	char aside[PATH_ROOM];

	*torn = 0;
	if (rc == TABLE_OK) {
		*torn = mend(t);
		return *torn > 0 ? TABLE_TORN : TABLE_OK;
	}
	if (rc != TABLE_NONE && rc != TABLE_TORN && rc != TABLE_OLDER)
		return rc;
	if (rc != TABLE_NONE) {
		(void)snprintf(aside, sizeof aside, "%.4000s.%s", path,
		    rc == TABLE_OLDER ? "old" : "damaged");
		if (rename(path, aside) == -1)
			return TABLE_SYSTEM;
		rc = rc == TABLE_OLDER ? rc : TABLE_RESET;
	}
	made = make(path);
	if (made == TABLE_OK)
		made = open_as(t, path, true);
	if (made != TABLE_OK)
		return made;
	return rc != TABLE_NONE ? rc : TABLE_OK;
}

void
table_close(struct table *t)
{
	if (t->map != NULL)
		(void)munmap(t->map, TABLE_SIZE);
	t->map = NULL;
}

/* ---- tokens ---- */

static struct bucket *
bucket_of(const struct table *t, uint64_t hash)
{
	return bucket_at(t, (size_t)(hash >> (16 + TAG_BITS)) &
	    (TABLE_BUCKETS - 1));
}

static uint32_t
tag_of(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 16) & INT32_MAX;

	return tag != 0 ? tag : 1;
}

void
table_prefetch(const struct table *t, uint64_t hash)
{
	__builtin_prefetch(bucket_of(t, hash));
}

struct table_slot *
table_get(struct table *t, uint64_t hash)
{
	struct bucket *b = bucket_of(t, hash);
	uint32_t tag = tag_of(hash);
	size_t i;

	for (i = 0; i < TABLE_SLOTS; i++)
		if (b->slot[i].tag == tag)
			return &b->slot[i];
	return NULL;
}

const struct table_slot *
table_find(const struct table *t, uint64_t hash)
{
	struct table reads = *t;

	return table_get(&reads, hash);
}

struct table_slot *
table_make(struct table *t, uint64_t hash, struct table_slot *now)
{
	struct bucket *b = bucket_of(t, hash);
	struct table_slot *s, *least = &b->slot[0];
	uint32_t tag = tag_of(hash);
	size_t i;

	for (i = 0; i < TABLE_SLOTS; i++) {
		s = &b->slot[i];
		if (s->tag == tag) {
			*now = *s;
			return s;
		}
		if (s->good + s->bad < least->good + least->bad)
			least = s;
	}
	*now = (struct table_slot){ .tag = tag };
	return least;
}

void
table_put(struct table_slot *s, const struct table_slot *now)
{
	size_t at = (uintptr_t)s % sizeof(struct bucket);
	struct bucket *b = (struct bucket *)((uint8_t *)s - at);

	b->check += slot_check(now, at) - slot_check(s, at);
	*s = *now;
}

void
table_halve(struct table *t)
{
	struct bucket *b;
	size_t i, k;

	for (i = 0; i < TABLE_BUCKETS; i++) {
		b = bucket_at(t, i);
		if (b->check == 0)
			continue;
		for (k = 0; k < TABLE_SLOTS; k++) {
			b->slot[k].good /= 2;
			b->slot[k].bad /= 2;
			if (b->slot[k].good + b->slot[k].bad == 0)
				memset(&b->slot[k], 0, sizeof b->slot[k]);
		}
		b->check = bucket_check(b);
	}
}

/* ---- samples ---- */

const struct table_sample *
table_sample(const struct table *t, unsigned int kind, uint32_t i)
{
	const struct table_sample *s = sample_at(t, kind, i % TABLE_SAMPLES);

	return s->id != 0 && s->n <= TABLE_SAMPLE_TOKENS ? s : NULL;
}

void
table_sample_prefetch(const struct table *t, const struct table_sample *s)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		__builtin_prefetch(bucket_at(t, s->token[i] >> SHORT_BITS));
}

/* By the part of the tag that a sample has: of 3,000 full buckets
 * one has two that are the same. */
struct table_slot *
table_sample_slot(struct table *t, const struct table_sample *s, uint32_t i)
{
	struct bucket *b = bucket_at(t, s->token[i] >> SHORT_BITS);
	uint32_t k, want = s->token[i] & ((1U << SHORT_BITS) - 1);

	for (k = 0; k < TABLE_SLOTS; k++)
		if (b->slot[k].tag >> (TAG_BITS - SHORT_BITS) == want &&
		    b->slot[k].tag != 0)
			return &b->slot[k];
	return NULL;
}

void
table_put_sample(struct table *t, unsigned int kind, uint32_t i,
    uint64_t id, const uint64_t *hash, size_t n)
{
	struct table_sample *s = sample_at(t, kind, i % TABLE_SAMPLES);
	size_t k;

	s->head = 0;
	s->id = id != 0 ? id : 1;
	s->n = (uint16_t)(n < TABLE_SAMPLE_TOKENS ? n : TABLE_SAMPLE_TOKENS);
	for (k = 0; k < s->n; k++) {
		s->head += hash[k] & TOKEN_OF_HEAD;
		s->token[k] = (uint32_t)(hash[k] >> 32);
	}
	s->check = sample_check(s);
	ids(t)[kind * TABLE_SAMPLES + i % TABLE_SAMPLES] = s->id;
}

void
table_drop_sample(struct table *t, unsigned int kind, uint32_t i)
{
	memset(sample_at(t, kind, i % TABLE_SAMPLES), 0,
	    sizeof(struct table_sample));
	ids(t)[kind * TABLE_SAMPLES + i % TABLE_SAMPLES] = 0;
}

bool
table_find_sample(const struct table *t, uint64_t id, unsigned int *kind,
    uint32_t *i)
{
	const uint64_t *at = ids(t);
	uint32_t k;

	id = id != 0 ? id : 1;
	for (k = 0; k < 2 * TABLE_SAMPLES; k++)
		if (at[k] == id)
			break;
	*kind = k / TABLE_SAMPLES;
	*i = k % TABLE_SAMPLES;
	return k < 2 * TABLE_SAMPLES;
}
