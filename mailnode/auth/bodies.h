/*
 * Hashes of a body as it streams by, in each canonical form and up to each
 * length that the signatures of a message name.  A form is hashed once,
 * however many lengths are wanted: at each of them the running digest is
 * copied.
 */
#ifndef AUTH_BODIES_H
#define AUTH_BODIES_H

#include "crypto/sign.h"
#include "mailnode/auth/canon.h"
#include "mailnode/auth/trace.h"

enum {
	BODIES_CANONS = 2,	/* simple, relaxed */
	BODIES_MAX = 17		/* of DKIM_SIGNATURES_MAX, and one of ARC */
};

/* No l=: all of it. */
#define BODIES_ALL	UINT64_MAX

struct body_hash {
	enum canon	 how;
	uint64_t	 limit;		/* canonical octets */
	bool		 done;
	uint8_t		 digest[SHA256_OCTETS];
};

struct bodies {
	size_t		 n;
	struct body_hash hash[BODIES_MAX];
	bool		 used[BODIES_CANONS];
	struct canon_body body[BODIES_CANONS];
	struct sha256	 sha[BODIES_CANONS];
	uint64_t	 count[BODIES_CANONS];
	struct trace	*trace;		/* borrowed, or NULL */
	struct buf	 shown[BODIES_CANONS];	/* for it */
};

/* Caller's memory; must not move while it is fed. */
void	bodies_init(struct bodies *b, struct trace *trace);
void	bodies_clear(struct bodies *b);

/* Before the first octet.  An index, or -1: BODIES_MAX are wanted. */
int	bodies_want(struct bodies *b, enum canon how, uint64_t limit);

void	bodies_feed(struct bodies *b, const void *p, size_t n);
void	bodies_end(struct bodies *b);

/* After the end: of what was hashed, and what there was in all. */
static inline const uint8_t *
bodies_digest(const struct bodies *b, size_t i)
{
	return b->hash[i].digest;
}

static inline uint64_t
bodies_total(const struct bodies *b, size_t i)
{
	return b->body[b->hash[i].how].total;
}

#endif
