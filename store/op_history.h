/*
 * All that keeper knows of who sends a message, in one question: 0x01d8,
 * asked by a session at the end of the message, for the filter's ladder.
 */
#ifndef STORE_OP_HISTORY_H
#define STORE_OP_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"
#include "mailnode/base/phrase.h"
#include "store/history.h"
#include "store/listed.h"

enum history_op { HISTORY_ASK = 0x01d8 };

enum {
	HISTORY_IDS_MAX = 8,		/* domains that vouch, looked at */
	HISTORY_SHOWN_MAX = 1024,	/* octets of a domain with U-labels */
	/* An address that so many good messages came from, and no junk, may
	 * write in others' names: what tells of bugs, say. */
	HISTORY_MANY_NAMES = 5,
	HISTORY_WAIT_MS = 30000
};

/* Addresses in lower case with A-labels; "" for what is not known. */
struct history_ask {
	const char	*author;
	const char	*written;	/* author with U-labels, or "" */
	const char	*name;		/* shown with the author, decoded; without
					   one the field as it stands */
	const char	*domain;	/* the author's, with U-labels */
	const char	*sender;	/* of the envelope */
	const char	*ip;		/* the client's */
	const char	*key;		/* of the message: letin.h; or "" */
	bool		 aligned;	/* the author is proved */
	const char	*const *ids;	/* domains with a DKIM or SPF pass */
	size_t		 nids;
};

/* An entry of the owner's lists that fits, and what it fits. */
enum history_by {
	HISTORY_BY_NONE,
	HISTORY_BY_AUTHOR,	/* as the message claims */
	HISTORY_BY_SENDER,	/* as the envelope claims */
	HISTORY_BY_ID,		/* a domain that vouched */
	HISTORY_BY_IP,
	HISTORY_BYS
};

struct history_list {
	enum history_by	 by;
	bool		 allow;
	char		 name[LISTED_NAME_MAX];
};

struct history_facts {
	struct history_list list[LISTED_KINDS];
	bool		 let_in;	/* by the owner, this once */
	bool		 came;		/* from there before, proved: came.h */
	bool		 wrote;		/* the owner, to the author */
	bool		 met;		/* he wrote before */
	char		 like[HISTORY_NAME_MAX]; /* whom he imitates, or "" */
	struct history_count count[HISTORY_COUNTED];
	/* Which of the ids count[HISTORY_SIGNER] is of, and the network. */
	char		 signer[HISTORY_NAME_MAX];
	char		 network[HISTORY_NET_MAX];
};

/* out is empty unless OP_OK. */
uint16_t history_ask(int ch, struct op_reply *r, const struct history_ask *q,
	    struct history_facts *out);

/* Is there anything it could say? */
bool	 history_knows(struct store *st);

extern const struct op history_ops[];	/* service: struct store */

#endif
