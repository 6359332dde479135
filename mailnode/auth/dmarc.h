/*
 * DMARC (RFC 9989): is the domain that the reader sees one that SPF or DKIM
 * vouch for, and what does its owner want done if not?  Policies and
 * organizational domains are found by walking the DNS tree.
 */
#ifndef AUTH_DMARC_H
#define AUTH_DMARC_H

#include "mailnode/auth/dmarc_record.h"
#include "mailnode/auth/from.h"
#include "mailnode/auth/lookup.h"

enum {
	DMARC_LABELS_MAX = 8,	/* section 4.10: no more queries of one walk */
	DMARC_WALKS_MAX = 10,	/* organizational domains sought besides */
	DMARC_REASON_MAX = 96	/* octets, NUL included */
};

enum dmarc_result {		/* section 9.2 */
	DMARC_NONE, DMARC_PASS, DMARC_FAIL, DMARC_TEMPERROR, DMARC_PERMERROR
};

/* What has passed: A-labels, lower case, no last dot. */
struct dmarc_id {
	const char	*domain;
	bool		 dkim;		/* else of SPF */
	bool		 unknown;	/* might have passed: the DNS failed */
};

struct dmarc_verdict {
	enum dmarc_result result;
	char		 domain[DNS_NAME_MAX];	/* author domain */
	char		 record[DNS_NAME_MAX];	/* where its policy stood; "" */
	char		 org[DNS_NAME_MAX];	/* organizational domain; "" */
	char		 dkim[DNS_NAME_MAX];	/* the first that aligned */
	char		 spf[DNS_NAME_MAX];	/* likewise; "" for none */
	struct dmarc_record tags;
	enum dmarc_policy policy;	/* what is wanted of this message */
	char		 reason[DMARC_REASON_MAX];
};

/* domain: of the author.  Temporary errors of the DNS never fail. */
void	dmarc_check(const char *domain, const struct dmarc_id *ids, size_t n,
	    struct lookup *l, struct dmarc_verdict *v);

/*
 * Of all author domains of a message.  With more than one, section 5.3.1
 * lets us go on, lest a second address be a way around the first's policy
 * (section 11.5): the verdict is the worst of them.
 */
void	dmarc_check_from(const struct from *f, const struct dmarc_id *ids,
	    size_t n, struct lookup *l, struct dmarc_verdict *v);

const char *dmarc_result_text(enum dmarc_result r);

#endif
