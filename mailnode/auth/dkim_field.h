/* One DKIM-Signature field (RFC 6376 section 3.5), read and checked. */
#ifndef AUTH_DKIM_FIELD_H
#define AUTH_DKIM_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "mailnode/auth/canon.h"
#include "mailnode/auth/dkim.h"
#include "mailnode/auth/tags.h"

enum { DKIM_H_MAX = 256 };	/* names in h=: a bound on the work */

enum dkim_kind {
	DKIM_KIND_DKIM,
	DKIM_KIND_ARC		/* ARC-Message-Signature, RFC 8617 4.1.2 */
};

struct dkim_field {
	enum sign_alg	 alg;
	enum canon	 header, body;
	uint64_t	 limit;		/* l=; UINT64_MAX: absent */
	bool		 below;		/* i= is in a domain below d= */
	uint8_t		 bh[SHA256_OCTETS];
	size_t		 siglen;
	uint8_t		 sig[SIGN_SIG_MAX];
	struct tag	 h;		/* borrows from the field's text */
	struct tag	 b;		/* likewise */
};

/*
 * Reads the value [p, p+n) behind the colon.  Fills f and the public face
 * of the signature as far as it could be read; s->result stays DKIM_NONE
 * when the signature is worth checking, else says why not.
 */
void	dkim_field_parse(struct dkim_field *f, struct dkim_signature *s,
	    enum dkim_kind kind, const char *p, size_t n, int64_t now_s);

/*
 * d=, s= and a= of any list that has them: A-labels (RFC 8616 section 5),
 * lower case.  NULL, or why not.
 */
const char *dkim_field_names(struct dkim_signature *s, const struct tags *t);
const char *dkim_field_algorithm(struct dkim_signature *s,
	    enum sign_alg *alg, const struct tags *t);

/* Sets result and reason (printf); for all who judge a signature. */
void	dkim_decide(struct dkim_signature *s, enum dkim_result result,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
