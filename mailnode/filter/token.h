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

struct token {
	uint64_t	hash;		/* bit 0: of the header */
	uint32_t	name;		/* where in names; with names only */
};

struct tokens {
	uint64_t	 key;
	struct token	*token;		/* owned; n of them, as they came */
	size_t		 n;
	bool		 head;		/* for the caller to say: what comes
					   is of the header */
	bool		 named;
	struct buf	 names;		/* each ended by NUL */
	uint16_t	*slot;		/* private: index + 1 by hash */
	size_t		 mask;		/* private: of slots in use, minus 1 */
};

/* 0, or -1: no memory.  tokens_clear() frees, tokens_reset() empties. */
int	 tokens_init(struct tokens *t, uint64_t key, bool named);
void	 tokens_clear(struct tokens *t);
void	 tokens_reset(struct tokens *t);

/* Adds it unless it is there.  name may be NULL. */
void	 tokens_add(struct tokens *t, uint64_t hash, const char *name,
	    size_t n);

/* What a word is said about; the text is what people see before it. */
enum token_field {
	TOKEN_BODY, TOKEN_SUBJECT, TOKEN_FROM, TOKEN_TO, TOKEN_REPLY,
	TOKEN_HEAD, TOKEN_URL, TOKEN_HTML, TOKEN_FILE, TOKEN_HIDDEN,
	TOKEN_VIA, TOKEN_FIELDS
};
const char *token_field_name(enum token_field f);

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

/* Eight octets at a time. */
static inline uint64_t
token_text(uint64_t h, const char *p, size_t n)
{
	uint64_t w;

	h ^= (uint64_t)n << 32;
	for (; n >= sizeof w; n -= sizeof w, p += sizeof w) {
		memcpy(&w, p, sizeof w);
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	h = (h ^ token_tail(p, n)) * UINT64_C(0x9e3779b97f4a7c15);
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
	return token_join(t->key, (uint64_t)f + 1);
}

#endif
