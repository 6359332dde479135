/* What spf.c (records) and spf_mech.c (mechanisms) share, and nobody else. */
#ifndef AUTH_SPF_PARTS_H
#define AUTH_SPF_PARTS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>

#include "mailnode/auth/spf.h"
#include "mailnode/auth/spf_macro.h"
#include "mailnode/auth/spf_record.h"

enum { SPF_TEXT_MAX = 4096 };	/* octets of an expanded macro-string */

struct spf_check {
	const struct spf_ask	*ask;
	struct lookup		*look;
	struct spf_verdict	*v;
	struct spf_names	 names;		/* domain changes as we go */
	uint8_t			 ip[16];	/* v4: the first four */
	bool			 six;
	char			 readable[INET6_ADDRSTRLEN];
	char			 dotted[72];
	char			 domain[DNS_NAME_MAX];	/* of the sender */
	char			 helo[DNS_NAME_MAX];
	char			 sender[DNS_NAME_MAX + 320];
	char			 local[320];
	bool			 client_known;	/* asked for: section 5.5 */
	bool			 client_void;	/* it has no PTR */
	bool			 void_counted;	/* for this term */
	size_t			 nclient;
	char			 client[SPF_PTR_MAX][DNS_NAME_MAX];
};

/* r, with its reason in the verdict. */
enum spf_result	spf_end(struct spf_check *c, enum spf_result r,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
void		spf_dns(struct spf_check *c, enum dns_type type,
		    const char *name, struct dns_answer *a);

/* check_host() of section 4; top: not in an include. */
enum spf_result	spf_host(struct spf_check *c, const char *domain, bool top);

/* Section 5.  SPF_NONE: *match says; else that ends the check. */
enum spf_result	spf_match(struct spf_check *c, const struct spf_term *t,
		    bool *match);

/*
 * The name a term asks about.  Too long ones lose labels on the left
 * (section 7.3).  False when it can be no name: then nothing matches.
 */
bool		spf_target(struct spf_check *c, struct spf_text spec,
		    char out[DNS_NAME_MAX]);

/* %{p} for struct spf_names; arg is the check. */
const char	*spf_macro_p(void *arg);

#endif
