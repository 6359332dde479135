/* The indexer's part of rules: which of them match what came. */
#ifndef FILTER_RULES_MATCH_H
#define FILTER_RULES_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "store/index.h"
#include "store/op_rule.h"
#include "store/rule.h"

struct rules_match {
	const struct rule *rule;	/* of config.h */
	size_t		 n;
	bool		 bad[RULES_MAX];	/* alarmed for its query */
	bool		 tried;		/* all of them, at the start */
	void		(*alarm)(void *arg, const char *text, bool over);
	void		*arg;
};

void	rules_match_init(struct rules_match *m, void (*alarm)(void *arg,
	    const char *text, bool over), void *arg);

/*
 * Asks keeper what waits for the rules, at most RULE_BATCH messages, and
 * tells it which match: a query for each rule.  A rule that the index does
 * not understand matches nothing and is alarmed.
 */
enum rules_step {
	RULES_NONE,	/* nothing waits */
	RULES_MORE,	/* done; there may be more */
	RULES_SOON,	/* what waits is not struck from the spool yet */
	RULES_AGAIN	/* not now */
};
enum rules_step rules_match_step(struct rules_match *m, struct index *x,
	    int keeper, struct op_reply *r);

#endif
