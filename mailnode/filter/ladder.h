/*
 * What becomes of a message: one ordered ladder, and the first rung that
 * decides wins.  A pure function over facts; what is costly to know is asked
 * for when its rung is reached:
 *
 *	while (ladder_decide(&facts, &d) == LADDER_ASK)
 *		ladder_words(), …: make the facts of d.rung known
 */
#ifndef FILTER_LADDER_H
#define FILTER_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "mailnode/auth/judge.h"
#include "store/op_history.h"

enum ladder_rung {
	LADDER_NONE,		/* nobody had anything to say */
	LADDER_LET_IN,		/* the owner's word, this once */
	LADDER_ALLOW,		/* the owner's lists */
	LADDER_BLOCK,
	LADDER_RESOLVER,	/* the DNS is unavailable */
	LADDER_AUTHOR,		/* what the author's domain wants */
	LADDER_CORRESPONDENT,	/* the owner wrote to the author */
	LADDER_SENDER,		/* history of the author's address */
	LADDER_DOMAIN,		/* … of its domain */
	LADDER_SIGNER,		/* … of the domain that vouched */
	LADDER_NETWORK,		/* … of the client's network */
	LADDER_DNSBL,		/* lists of others, of addresses or domains */
	LADDER_GREYLIST,
	LADDER_BAYES,
	LADDER_RUNGS
};

enum ladder_out {
	LADDER_ACCEPT,
	LADDER_JUNK,
	LADDER_DEFER,		/* 451 4.7.1, of LADDER_RESOLVER 4.4.3 */
	LADDER_REFUSE,		/* 550 5.7.1, of LADDER_AUTHOR 5.7.26 */
	LADDER_ASK,		/* facts of d.rung are wanted */
	LADDER_ON		/* private: this rung does not decide */
};

/* How much history decides.  Who is known by address needs little; the more
 * share a name, the more is wanted, and one word against it is enough. */
enum {
	LADDER_SENDER_GOOD = 1, LADDER_SENDER_JUNK = 1,
	LADDER_SENDER_RATIO = 4,	/* good for each junk */
	LADDER_DOMAIN_GOOD = 3, LADDER_DOMAIN_JUNK = 3,
	LADDER_SIGNER_GOOD = 5, LADDER_SIGNER_JUNK = 5,
	LADDER_NETWORK_GOOD = 10, LADDER_NETWORK_JUNK = 10,
	LADDER_LIST_GOOD = 3	/* of a signer that may break DMARC */
};

enum { LADDER_WHY_MAX = 400 };	/* octets, NUL included */

/* What a rung that costs something found.  ASK: not looked at yet. */
enum ladder_found {
	LADDER_NOT_ASKED,
	LADDER_NOTHING,		/* it says nothing */
	LADDER_GOOD,		/* it speaks for the message */
	LADDER_BAD		/* … against it */
};

struct ladder_facts {
	const char	*author;	/* borrowed; "" if there is not one */
	bool		 aligned;	/* SPF or DKIM vouch for the author */
	enum auth_action auth;
	const char	*auth_why;	/* borrowed; "" for AUTH_TAKE */
	bool		 asked;		/* keeper said what is known */
	bool		 lookalike;	/* seems somebody else: no history */
	bool		 dns_broken;	/* the breaker is open: nothing can be
					   proved at present */
	struct history_facts known;	/* keeper's; empty if not asked */
	/* Lists of others; `refuse`: they want it refused, not in Junk. */
	enum ladder_found dnsbl;
	bool		 dnsbl_refuse;
	const char	*dnsbl_why;	/* borrowed: "zen.example" */
	/* BAD: to come back later. */
	enum ladder_found grey;
	const char	*grey_why;	/* borrowed */
	enum ladder_found words;	/* Bayes */
};

struct ladder {
	enum ladder_out	 out;
	enum ladder_rung rung;
	char		 why[LADDER_WHY_MAX];	/* "ada@x.example"; may be "" */
};

enum ladder_out	ladder_decide(const struct ladder_facts *f,
		    struct ladder *d);

/* An entry that would let it in, were its author proved; NULL: none. */
const char	*ladder_unproved(const struct ladder_facts *f);

/* "correspondent" */
const char	*ladder_rung_text(enum ladder_rung r);

#endif
