/*
 * What the domains of a message want done with it, and whether somebody the
 * owner knows explains why they are not satisfied.  One function; the
 * session asks it now, the filter's ladder later.
 */
#ifndef AUTH_JUDGE_H
#define AUTH_JUDGE_H

#include "mailnode/auth/arc.h"
#include "mailnode/auth/dkim.h"
#include "mailnode/auth/dmarc.h"
#include "mailnode/auth/iprev.h"
#include "mailnode/auth/spf.h"

enum { AUTH_WHY_MAX = 320 };	/* octets, NUL included */

/* All that is known of one message. */
struct auth_verdict {
	const char	*ip;		/* borrowed; NULL: not known */
	struct iprev	 iprev;		/* if ip is known */
	bool		 has_spf, has_helo;
	struct spf_verdict spf;		/* MAIL FROM; of <> the HELO name */
	struct spf_verdict helo;	/* the HELO name, when it is a name */
	const struct dkim_signature *const *dkim;	/* borrowed */
	size_t		 ndkim;
	bool		 header_over;	/* too large: From may be missing */
	size_t		 from_fields;
	struct from	 from;
	struct dmarc_verdict dmarc;
	struct arc_verdict arc;
	const struct arc_verify *chain;		/* borrowed */
};

/* Whom the owner believes; borrowed. */
struct auth_trust {
	/* Domains and networks that pass on mail, and may change it. */
	const char	*const *forwarders;
	size_t		 nforwarders;
	/* Domains whose seals are believed. */
	const char	*const *sealers;
	size_t		 nsealers;
	/* The caller knows the list it came by (from history). */
	bool		 known_list;
};

enum auth_action {
	AUTH_TAKE,
	AUTH_MARK,	/* should have been refused, or junk; is explained */
	AUTH_JUNK,	/* p=quarantine, or no single author */
	AUTH_REFUSE	/* p=reject: 550 5.7.26 */
};

/*
 * why: in words, "" for AUTH_TAKE.  Temporary errors never refuse: what is
 * not known is taken.
 */
enum auth_action auth_judge(const struct auth_verdict *v,
		    const struct auth_trust *t, char why[AUTH_WHY_MAX]);

/* "take", "mark", "junk", "refuse" */
const char	*auth_action_text(enum auth_action a);

#endif
