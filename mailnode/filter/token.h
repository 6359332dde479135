/*
 * The distinct tokens of one message, as keyed hashes: nobody outside can
 * make a word that counts as another.  With names, for `score`, they cost
 * memory and time; without, a message is an array of numbers.
 */
#ifndef FILTER_TOKEN_H
#define FILTER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mailnode/base/buf.h"

#define TOKEN_OF_HEAD	UINT64_C(1)

enum {
	TOKEN_MAX = 12 * 1024,		/* of one message; more are dropped */
	TOKEN_SLOTS = 32 * 1024,	/* power of two, over 2 * TOKEN_MAX */
	TOKEN_NAME_MAX = 100,		/* octets of one name */
	TOKEN_NAMES_MAX = TOKEN_MAX * TOKEN_NAME_MAX
};

/* What a word is said about; the text is what people see before it. */
enum token_field {
	TOKEN_BODY, TOKEN_SUBJECT, TOKEN_FROM, TOKEN_TO, TOKEN_REPLY,
	TOKEN_HEAD, TOKEN_URL, TOKEN_HTML, TOKEN_FILE, TOKEN_HIDDEN,
	TOKEN_VIA, TOKEN_FIELDS
};
const char *token_field_name(enum token_field f);

struct tokens {
	uint64_t	 key;
	uint64_t	 begin[TOKEN_FIELDS];	/* private: of the key and the
						   field */
	uint64_t	*hash;		/* n of them, as they came; bit 0: of
					   the header */
	size_t		 n;
	bool		 head;		/* for the caller to say: what comes
					   is of the header */
	bool		 named;
	uint32_t	*name;		/* of each, where in names; with names
					   only */
	struct buf	 names;		/* each ended by NUL */
	uint64_t	*slot;		/* private: hashes again, 0 is none */
	size_t		 mask;		/* private: of slots in use, minus 1 */
	size_t		 room;		/* private: of hashes, so many slots */
};

/* 0, or -1: no memory.  tokens_clear() frees, tokens_reset() empties. */
int	 tokens_init(struct tokens *t, uint64_t key, bool named);
void	 tokens_clear(struct tokens *t);
void	 tokens_reset(struct tokens *t);

/* Adds it unless it is there.  name may be NULL. */
void	 tokens_add(struct tokens *t, uint64_t hash, const char *name,
	    size_t n);
/* Private: more slots, for every second one is taken.  False: no more hashes
 * either. */
bool	 tokens_grow(struct tokens *t);
/* The same without a name: true if it was not there.  New or not cannot be
 * foretold: nothing branches on it but a slot that another has.  One that is
 * 0, of 2^63, would be new each time it comes. */
static inline bool
tokens_new(struct tokens *t, uint64_t hash)
{
	size_t n = t->n, mask = t->mask, at = (size_t)(hash >> 20) & mask;
	uint64_t *slot = t->slot, was = slot[at];

	if (n == t->room)
		return tokens_grow(t) && tokens_new(t, hash);
	hash = (hash & ~TOKEN_OF_HEAD) | t->head;
	while (((was ^ hash) & -(uint64_t)(was != 0)) != 0) {
		at = (at + 1) & mask;
		was = slot[at];
	}
	t->hash[n] = hash;
	slot[at] = hash;
	t->n = n + (was == 0);
	return was == 0;
}

/* A string as one token of that field: "field:text". */
void	 tokens_put(struct tokens *t, enum token_field f, const char *text,
	    size_t n);
void	 tokens_puts(struct tokens *t, enum token_field f, const char *text);

/* "name" of token i, "" without names; borrowed. */
const char *tokens_name(const struct tokens *t, size_t i);

/* ---- the hash; also for words.c ---- */

/* Fewer than eight octets as a number: two loads that may overlap. */
static inline uint64_t
token_tail(const char *p, size_t n)
{
	uint32_t a, b;
	uint16_t c, d;

	if (n >= sizeof a) {
		memcpy(&a, p, sizeof a);
		memcpy(&b, p + n - sizeof b, sizeof b);
		return a | (uint64_t)b << 8 * (n - sizeof b);
	}
	if (n >= sizeof c) {
		memcpy(&c, p, sizeof c);
		memcpy(&d, p + n - sizeof d, sizeof d);
		return c | (uint64_t)d << 8 * (n - sizeof d);
	}
	return n > 0 ? (uint8_t)*p : 0;
}

/* The same where eight octets can be read, whatever stands behind the n. */
static inline uint64_t
token_tail_of_eight(const char *p, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return w & ((UINT64_C(1) << 8 * n) - 1);
#else
	return token_tail(p, n);
#endif
}

/* Eight octets at a time.  room: there are eight more octets to be read. */
static inline uint64_t
token_text(uint64_t h, const char *p, size_t n, bool room)
{
	uint64_t w;

	h ^= (uint64_t)n << 32;
	for (; n >= sizeof w; n -= sizeof w, p += sizeof w) {
		memcpy(&w, p, sizeof w);
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	w = room ? token_tail_of_eight(p, n) : token_tail(p, n);
	h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static inline uint64_t
token_step(uint64_t h, uint32_t c)
{
	h = (h ^ c) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static inline uint64_t
token_join(uint64_t a, uint64_t b)
{
	a = (a ^ b >> 17 ^ b << 21) * UINT64_C(0xbf58476d1ce4e5b9);
	a ^= a >> 31;
	a = (a + b) * UINT64_C(0x94d049bb133111eb);
	return a ^ a >> 30;
}

static inline uint64_t
token_begin(const struct tokens *t, enum token_field f)
{
	return t->begin[f];
}

/* As tokens_put(), of a text behind which eight more octets can be read. */
static inline void
tokens_put_room(struct tokens *t, enum token_field f, const char *text,
    size_t n)
{
	if (t->named)
		tokens_put(t, f, text, n);
	else
		(void)tokens_new(t, token_join(token_text(token_begin(t, f),
		    text, n, true), t->key));
}

#endif
