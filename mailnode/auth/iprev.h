/* iprev (RFC 8601 section 3): does the client's address lead to a name, and
 * the name back to the address? */
#ifndef AUTH_IPREV_H
#define AUTH_IPREV_H

#include "mailnode/auth/lookup.h"

enum { IPREV_NAMES_MAX = 10 };	/* names of one address that are tried */

enum iprev_result { IPREV_PASS, IPREV_FAIL, IPREV_TEMPERROR, IPREV_PERMERROR };

struct iprev {
	enum iprev_result result;
	char		 name[DNS_NAME_MAX];	/* that leads back; or "" */
};

/* ip: numeric. */
void	iprev_check(const char *ip, struct lookup *l, struct iprev *out);

const char *iprev_result_text(enum iprev_result r);

#endif
