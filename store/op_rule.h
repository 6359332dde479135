/*
 * The owner's rules, 0x0184: the indexer, which has the index, asks which
 * messages wait for them and tells which rules match.
 */
#ifndef STORE_OP_RULE_H
#define STORE_OP_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/op.h"

enum rule_op {
	RULE_TODO = 0x0184,	/* what waits, and is in the index */
	RULE_DONE = 0x0185	/* which rules match those */
};

enum {
	RULES_MAX = 256,	/* lines of the table */
	RULE_QUERY_MAX = 4096,	/* octets of a query, NUL included */
	RULE_HITS_MAX = 32,	/* rules for one message; more are left out */
	RULE_BATCH = 50,	/* messages in one RULE_TODO */
	RULE_LOOK = 1000,	/* those looked at for it */
	RULE_WAIT_MS = 60000
};

struct rule_item {
	uint64_t	 id;		/* of its row of rules */
	const char	*path;		/* below the maildir */
	const char	*msgid;
	size_t		 nhits;
	uint16_t	 hit[RULE_HITS_MAX];
};

struct rule_work {
	struct rule_item *item;
	size_t		 n;
	bool		 soon;		/* more, in a moment */
	char		*text;		/* private */
};

uint16_t rule_ask_todo(int ch, struct op_reply *r, struct rule_work *out);
void	 rule_work_clear(struct rule_work *w);
/* Answered when what is to do for them is durable. */
uint16_t rule_tell_done(int ch, struct op_reply *r,
	    const struct rule_work *w);

extern const struct op rule_ops[];	/* service: struct store */

#endif
