/*
 * What DKIM and ARC share of a signature: the hash over header fields, and
 * the check of it with the keys that a name's records hold.
 */
#ifndef AUTH_SIGNED_H
#define AUTH_SIGNED_H

#include "mailnode/auth/canon.h"
#include "mailnode/auth/header.h"
#include "mailnode/auth/tags.h"
#include "mailnode/auth/trace.h"
#include "crypto/sign.h"
#include "mailnode/node/ask_dns.h"

enum {
	SIGNED_KEYS_MAX = 4,	/* records of one name that are tried */
	SIGNED_QUERY_MAX = DNS_NAME_MAX	/* octets, NUL included */
};

/* A digest as it grows, and with a trace the octets that went in. */
struct signed_hash {
	struct sha256	 sha;
	struct trace	*trace;
	struct buf	 shown;
};

void	signed_hash_init(struct signed_hash *s, struct trace *trace);

/* One field; with b, its value is cut from it (RFC 6376 section 3.5).
 * crlf: a line end follows it.  0, or -1: no memory. */
int	signed_hash_field(struct signed_hash *s, const struct header *h,
	    size_t field, enum canon how, const struct tag *b, bool crlf);

/* Ends, with a line "step" in the trace, and frees. */
void	signed_hash_end(struct signed_hash *s, const char *step,
	    const char *domain, uint8_t out[SHA256_OCTETS]);

/*
 * The fields that h= names, each name from the bottom up (section 5.4.2),
 * then the signature's own, field `self` with its b= cut.  0 or -1.
 */
int	signed_header(struct signed_hash *s, const struct header *h,
	    size_t self, enum canon how, const struct tag *names,
	    const struct tag *b);

/* "SELECTOR._domainkey.DOMAIN" into dst; -1: too long for a name. */
int	signed_query(char dst[SIGNED_QUERY_MAX], const char *selector,
	    const char *domain);

enum signed_result {
	SIGNED_PASS,
	SIGNED_FAIL,		/* a key fits, the signature does not */
	SIGNED_NOKEY,		/* no record that may be used */
	SIGNED_TEMPERROR
};

struct signed_check {
	enum sign_alg	 alg;
	bool		 below;		/* i= is below d=: t=s forbids it */
	const uint8_t	*digest;	/* SHA256_OCTETS */
	const uint8_t	*sig;
	size_t		 siglen;
	/* out */
	const char	*why;		/* of what is no pass; static text */
	char		 dns[DNS_WHY_MAX];	/* of SIGNED_TEMPERROR */
	unsigned int	 key_bits;	/* 0: not known */
	bool		 testing;	/* t=y */
};

/* Tries the records of the answer, at most SIGNED_KEYS_MAX. */
enum signed_result	signed_verify(struct signed_check *c,
			    const struct dns_answer *a);

#endif
