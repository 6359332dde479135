/*
 * The author domains of a From field (RFC 5322 section 3.6.2, RFC 6854
 * groups, RFC 6532 UTF-8), for DMARC.  Lenient like those who show mail:
 * what cannot be read is passed over, and every address that might be
 * taken for the author's counts.
 */
#ifndef AUTH_FROM_H
#define AUTH_FROM_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/node/ask_dns.h"

enum {
	FROM_DOMAINS_MAX = 4,	/* different ones that are kept */
	FROM_ADDRESS_MAX = 320,	/* octets of one that is kept, with NUL */
	FROM_NAME_MAX = 2048	/* likewise, of its display name */
};

struct from {
	size_t		 addresses;	/* how many were seen */
	size_t		 ndomains;
	char		 domain[FROM_DOMAINS_MAX][DNS_NAME_MAX];  /* A-labels */
	/* The first: local part as written, in lower case, A-labels; "" if
	 * it does not fit.  written: the domain as it stands, when it is no
	 * A-label; else "". */
	char		 address[FROM_ADDRESS_MAX];
	char		 written[FROM_ADDRESS_MAX];
	/* Its display name, or its group's, or the comment behind it, as it stands, without
	 * other comments, and without blanks
	 * outside quotes; "" if it has none.  What does not fit is cut, behind
	 * an encoded word if there is one: much that cannot be seen may follow
	 * a name. */
	char		 name[FROM_NAME_MAX];
	/* All that was added, unfolded, with ", " between; cut to size. */
	char		 shown[FROM_NAME_MAX];
	bool		 more;		/* further domains than those */
	bool		 bad;		/* an address without a domain name, or
					   what some take for an address */
};

/* Caller's memory, "no address". */
void	from_init(struct from *f);

/*
 * Adds the addresses of n octets of a field's value (folding as it came).
 * Time is linear in n.
 */
void	from_add(struct from *f, const char *p, size_t n);

#endif
