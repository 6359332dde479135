/* One DKIM-Signature field (RFC 6376 section 3.5), read and checked. */
#ifndef AUTH_DKIM_FIELD_H
#define AUTH_DKIM_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "mailnode/auth/canon.h"
#include "mailnode/auth/dkim.h"
#include "mailnode/auth/tags.h"

enum { DKIM_H_MAX = 256 };	/* names in h=: a bound on the work */

struct dkim_field {
	enum sign_alg	 alg;
	enum canon	 header, body;
	uint64_t	 limit;		/* l=; UINT64_MAX: absent */
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
	    const char *p, size_t n, int64_t now_s);

/* Sets result and reason (printf); for all who judge a signature. */
void	dkim_decide(struct dkim_signature *s, enum dkim_result result,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
