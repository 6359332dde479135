/* DNS messages (RFC 1035 section 4) into answers. */
#ifndef NODE_DNS_MSG_H
#define NODE_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/node/ask_dns.h"

enum {
	DNS_TTL_MAX = 24 * 3600,	/* seconds anything is believed */
	DNS_NEGATIVE_MAX = 15 * 60	/* seconds of NXDOMAIN and NODATA */
};

struct dns_msg {
	unsigned int	 rcode;
	bool		 ad, tc;
	bool		 edns;		/* it has an OPT record */
};

/*
 * Reads the reply [p, p+n) to a question for name and type.  a: the class
 * with its records and TTL (0: must not be kept), or DNS_TEMPFAIL and why.
 * a->ad is what the message says, for the caller to believe or not.  0; -1
 * if it is no reply to that question or is malformed (a: DNS_TEMPFAIL).
 */
int	dns_msg_parse(struct dns_msg *m, struct dns_answer *a,
	    const uint8_t *p, size_t n, enum dns_type type,
	    const char *name);

#endif
