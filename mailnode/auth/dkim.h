/*
 * DKIM verification (RFC 6376, 8301, 8463, 8616) of a message that streams
 * by (message.h): its header says which hashes of the body are wanted, the
 * names to look up come out at its end, the answers go in, and there is one
 * result for each DKIM-Signature field, in the order of the message.
 *
 *	v = dkim_verify_new(now, NULL);
 *	dkim_verify_begin(v, &m->header, &m->bodies);	from message's begin
 *	dkim_verify_end(v, &m->bodies);			after message_end
 *	for (i = 0; (name = dkim_verify_ask(v, i)) != NULL; i++)
 *		ask for TXT of name; dkim_verify_answer(v, i, &answer);
 *	for (i = 0; (sig = dkim_verify_result(v, i)) != NULL; i++) ...
 *	dkim_verify_free(v);
 */
#ifndef AUTH_DKIM_H
#define AUTH_DKIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/auth/message.h"
#include "mailnode/node/ask_dns.h"

enum {
	DKIM_SIGNATURES_MAX = 16,	/* looked at; later ones: policy */
	DKIM_FIELD_MAX = 64 * 1024,	/* octets of a DKIM-Signature */
	DKIM_SELECTOR_MAX = 254,	/* octets, NUL included */
	DKIM_I_MAX = 512,		/* octets of i=, NUL included */
	DKIM_REASON_MAX = 96		/* octets, NUL included */
};

/* RFC 8601 section 2.7.1. */
enum dkim_result {
	DKIM_NONE,
	DKIM_PASS,
	DKIM_FAIL,
	DKIM_POLICY,
	DKIM_NEUTRAL,
	DKIM_TEMPERROR,
	DKIM_PERMERROR
};

struct dkim_signature {
	enum dkim_result result;
	char		 reason[DKIM_REASON_MAX]; /* "" for a clean pass */
	char		 domain[DNS_NAME_MAX];	/* d=, lower case; or "" */
	char		 selector[DKIM_SELECTOR_MAX];	/* s=, or "" */
	char		 identity[DKIM_I_MAX];	/* i=, or "@" d= */
	char		 algorithm[16];		/* a=, or "" */
	char		 b[9];			/* RFC 6008: first 8 of b= */
	int64_t		 signed_s, expires_s;	/* t= and x=; -1: absent */
	unsigned int	 key_bits;		/* 0: not known */
	bool		 partial;	/* l= leaves octets of the body open:
					   never enough for DMARC or trust */
	bool		 testing;	/* t=y in the key record */
};

struct dkim_verify;

/* now_s: wall time for x= and t=; trace may be NULL.  Owned, or NULL. */
struct dkim_verify *dkim_verify_new(int64_t now_s, struct trace *trace);
void	 dkim_verify_free(struct dkim_verify *v);

/* The header is complete.  0, or -1 when memory is out. */
int	 dkim_verify_begin(struct dkim_verify *v, const struct header *h,
	    struct bodies *b);
/* So is the body: the bodies have ended. */
void	 dkim_verify_end(struct dkim_verify *v, const struct bodies *b);

/*
 * The i-th name whose TXT records are needed, or NULL after the last.
 * Borrowed, valid until the verifier is freed.  Each name comes once.
 */
const char *dkim_verify_ask(const struct dkim_verify *v, size_t i);
void	 dkim_verify_answer(struct dkim_verify *v, size_t i,
	    const struct dns_answer *a);

/*
 * The i-th signature in message order, or NULL after the last; those whose
 * name was not answered are DKIM_TEMPERROR.  Borrowed as above.
 */
const struct dkim_signature *dkim_verify_result(struct dkim_verify *v,
	    size_t i);

/* "none", "pass", … as RFC 8601 writes them. */
const char *dkim_result_text(enum dkim_result r);

#endif
