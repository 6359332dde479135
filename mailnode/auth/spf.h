/* SPF (RFC 7208): may this address send for that domain? */
#ifndef AUTH_SPF_H
#define AUTH_SPF_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/auth/lookup.h"

enum {
	SPF_LOOKUPS_MAX = 10,	/* section 4.6.4 */
	SPF_VOIDS_MAX = 2,	/* section 4.6.4 */
	SPF_MX_MAX = 10,	/* addresses of an mx: section 4.6.4 */
	SPF_PTR_MAX = 10,	/* names of a ptr: section 4.6.4 */
	SPF_REASON_MAX = 96,	/* octets, NUL included */
	SPF_EXPLAIN_MAX = 512	/* octets, NUL included */
};

enum spf_result {
	SPF_NONE, SPF_NEUTRAL, SPF_PASS, SPF_FAIL, SPF_SOFTFAIL,
	SPF_TEMPERROR, SPF_PERMERROR
};

struct spf_ask {
	const char	*ip;		/* numeric */
	const char	*helo;
	const char	*mail_from;	/* "" for <>: postmaster@ helo */
	const char	*receiver;	/* our name, for explanations */
	int64_t		 now_s;
};

struct spf_verdict {
	enum spf_result	 result;
	char		 domain[DNS_NAME_MAX];	/* that was checked */
	char		 reason[SPF_REASON_MAX];  /* mechanism, or what is
						     wrong; "" */
	char		 explanation[SPF_EXPLAIN_MAX];	/* the domain's own,
						     on a fail; or "" */
	unsigned int	 lookups, voids;
};

/*
 * Of MAIL FROM; of the HELO name alone if mail_from is NULL.  U-labels are
 * taken as A-labels (RFC 8616 section 4).
 */
void	spf_check(const struct spf_ask *ask, struct lookup *l,
	    struct spf_verdict *v);

const char *spf_result_text(enum spf_result r);

#endif
