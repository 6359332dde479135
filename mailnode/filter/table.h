/*
 * What was learnt, in a file of one size: $MAILNODE_HOME/tokens.  Sessions
 * map it read-only and see at once what keeper, the only writer, changes.
 *
 * It holds of each token how many good and junk messages had it, and a
 * weight; and of the last messages learnt, which tokens they had.  Nothing
 * in it can be turned back into words without its key and a guess.
 */
#ifndef FILTER_TABLE_H
#define FILTER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TABLE_VERSION = 5,
	TABLE_BUCKETS = 128 * 1024,	/* power of two, see table_file.h */
	TABLE_SLOTS = 5,		/* of a bucket */
	TABLE_SAMPLES = 2048,		/* kept of each kind */
	TABLE_SAMPLE_TOKENS = 1020,	/* kept of each */
	TABLE_AGE = 32 * 1024	/* messages; then all counts are halved */
};

enum table_err {
	TABLE_OK,
	TABLE_NONE,		/* nothing was learnt yet: there is no file */
	TABLE_SYSTEM,		/* errno */
	TABLE_NEWER,		/* a newer version wrote it: left alone */
	TABLE_OLDER,		/* an older one did: nothing is known; its
				   writer sets it aside and begins anew */
	TABLE_RESET,		/* damaged: set aside, begun anew */
	TABLE_TORN		/* opened; parts were damaged and are empty */
};
const char *table_err_text(enum table_err e);

struct table_slot {
	uint32_t	tag;		/* 0: free */
	uint16_t	good, bad;	/* messages */
	float		weight;
};

/* In the file; the valid one with the higher seq holds. */
struct table_head {
	uint8_t		magic[8];
	uint32_t	version;
	uint32_t	order;		/* of octets, and sizes of this build */
	uint64_t	seq;
	uint64_t	key;		/* of the tokens' hashes */
	uint32_t	good, bad;	/* messages that the counts are of */
	uint64_t	learnt;		/* messages ever */
	float		bias;
	uint32_t	next[2];	/* sample to be written, good and bad */
	uint32_t	spare;
	uint64_t	check;
};

struct table {
	uint8_t		*map;		/* NULL: none */
	bool		 writes;
};

/* Maps an existing one to be read.  OK, NONE, SYSTEM, NEWER, or OLDER, TORN:
 * not mapped, its writer will mend it. */
enum table_err	table_open(struct table *t, const char *path);
/* To be written: makes it, mends it.  OK, OLDER, RESET, TORN: usable.  torn:
 * how many buckets and samples were lost. */
enum table_err	table_open_write(struct table *t, const char *path,
		    size_t *torn);
void		table_close(struct table *t);
/* All of it was gone through: its pages are the kernel's again, and come back
 * one by one as they are asked for.  Nothing is lost. */
void		table_rest(const struct table *t);

/* A copy of the head as it is now; false: not valid at this moment. */
bool		table_head(const struct table *t, struct table_head *h);
/* Writer: becomes the head. */
void		table_set_head(struct table *t, struct table_head *h);

/* The token, or NULL; borrowed from the map. */
const struct table_slot *table_find(const struct table *t, uint64_t hash);
/* The same of n tokens, which asks the memory for many at a time. */
void		table_slots(const struct table *t, const uint64_t *hash,
		    size_t n, const struct table_slot **slot);
/* Writer: the same, to be changed by table_put(). */
struct table_slot *table_get(struct table *t, uint64_t hash);
/* Writer: counts one message with these tokens.  Where there is no room for
 * one, what counts least in its bucket makes it. */
void		table_count(struct table *t, const uint64_t *hash, size_t n,
		    bool junk);
/* Writer: the slot becomes this; its bucket is whole behind it. */
void		table_put(struct table_slot *s, const struct table_slot *now);

/* Writer: halves all counts. */
void		table_halve(struct table *t);

/* ---- samples: 0 good, 1 bad ---- */

struct table_sample {
	uint64_t	id;		/* of the content; 0: none */
	uint16_t	n, head;	/* tokens; of those, the header's */
	uint32_t	check;
	uint32_t	token[TABLE_SAMPLE_TOKENS];	/* upper 32 bits */
};

/* Place i of a kind, NULL if empty or torn. */
const struct table_sample *table_sample(const struct table *t,
		    unsigned int kind, uint32_t i);
/* Writer: replaces place i. */
void		table_put_sample(struct table *t, unsigned int kind,
		    uint32_t i, uint64_t id, const uint64_t *hash, size_t n);
void		table_drop_sample(struct table *t, unsigned int kind,
		    uint32_t i);
/* Where a message stands: its kind and place; false: nowhere. */
bool		table_find_sample(const struct table *t, uint64_t id,
		    unsigned int *kind, uint32_t *i);

#endif
