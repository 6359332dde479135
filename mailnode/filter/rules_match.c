#include <stdio.h>
#include <string.h>

#include "mailnode/filter/rules.h"
#include "mailnode/filter/rules_match.h"

enum { TRIES = 3 };	/* a query fails so often before it is nonsense */

/* A batch, and the index as it is now. */
struct batch {
	struct index		*x;
	struct rule_work	*w;
	struct index_match	*at;
	bool			 stopped[RULE_BATCH];
};

static void
bad_rule(struct rules_match *m, size_t i, bool bad)
{
	char text[128];

	if (m->bad[i] == bad)
		return;
	m->bad[i] = bad;
	(void)snprintf(text, sizeof text, "rule %zu does nothing: the index "
	    "does not understand its query", i + 1);
	m->alarm(m->arg, text, !bad);
}

/* Nonsense, or a writer in the way?  Asked of the index as it is now. */
static enum store_err
match_again(struct batch *b, const char *query, bool *hit)
{
	enum store_err e = STORE_QUERY;
	int tries;

	for (tries = 0; tries < TRIES && e == STORE_QUERY; tries++) {
		index_match_close(b->at);
		e = index_match_open(b->x, b->w, &b->at);
		if (e == STORE_OK)
			e = index_match_query(b->at, query, hit);
	}
	if (e == STORE_QUERY && index_match_query(b->at, "*", hit) !=
	    STORE_OK)
		e = STORE_BUSY;
	return e;
}

/* A rule for all of them.  False: not now. */
static bool
match_rule(struct rules_match *m, struct batch *b, size_t i)
{
	const struct rule *r = &m->rule[i];
	bool hit[RULE_BATCH];
	struct rule_item *it;
	enum store_err e;
	size_t k;

	e = index_match_query(b->at, r->query, hit);
	if (e == STORE_QUERY)
		e = match_again(b, r->query, hit);
	if (e != STORE_OK && e != STORE_QUERY)
		return false;
	bad_rule(m, i, e == STORE_QUERY);
	for (k = 0; k < b->w->n && e == STORE_OK; k++) {
		it = &b->w->item[k];
		if (!hit[k] || b->stopped[k] || it->nhits == RULE_HITS_MAX)
			continue;
		it->hit[it->nhits++] = (uint16_t)i;
		b->stopped[k] = r->stop;
	}
	return true;
}

static bool
match_all(struct rules_match *m, struct index *x, struct rule_work *w)
{
	struct batch b = { .x = x, .w = w };
	bool ok = true;
	size_t i;

	if (w->n > RULE_BATCH || index_match_open(x, w, &b.at) != STORE_OK)
		return false;
	for (i = 0; i < m->n && ok; i++)
		if (!m->rule[i].off)
			ok = match_rule(m, &b, i);
	index_match_close(b.at);
	return ok;
}

void
rules_match_init(struct rules_match *m, void (*alarm)(void *, const char *,
    bool), void *arg)
{
	memset(m, 0, sizeof *m);
	m->rule = rules_table(&m->n);
	m->alarm = alarm;
	m->arg = arg;
}

enum rules_step
rules_match_step(struct rules_match *m, struct index *x, int keeper,
    struct op_reply *r)
{
	struct rule_work w = { .n = 0 };
	bool ok;

	if (m->n == 0)
		return RULES_NONE;
	/* A query that is nonsense is found before mail comes. */
	if (!m->tried)
		m->tried = match_all(m, x, &w);
	if (rule_ask_todo(keeper, r, &w) != OP_OK)
		return RULES_AGAIN;
	if (w.n == 0) {
		ok = w.soon;
		rule_work_clear(&w);
		return ok ? RULES_SOON : RULES_NONE;
	}
	ok = match_all(m, x, &w) && rule_tell_done(keeper, r, &w) == OP_OK;
	rule_work_clear(&w);
	return ok ? RULES_MORE : RULES_AGAIN;
}
