#define _DEFAULT_SOURCE	/* strcasecmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/filter/rules.h"
#include "mailnode/node/ask_hook.h"
#include "mailnode/node/conf.h"
#include "store/op_alias.h"
#include "store/op_box.h"
#include "store/tag.h"

/* Brackets and quotes that close: else more than ours would be asked. */
static bool
balanced(const char *q)
{
	bool quoted = false;
	int depth = 0;

	for (; *q != '\0' && depth >= 0; q++) {
		if (*q == '"')
			quoted = !quoted;
		else if (!quoted && *q == '(')
			depth++;
		else if (!quoted && *q == ')')
			depth--;
	}
	return depth == 0 && !quoted;
}

static const char *
query_wrong(const char *q)
{
	if (q[strspn(q, " \t")] == '\0')
		return "an empty query: * matches all";
	if (strlen(q) >= RULE_QUERY_MAX)
		return "its query is too long";
	return balanced(q) ? NULL : "a bracket or quote of its query has no "
	    "other";
}

/* Elsewhere: what came back to us would come to the rule again. */
static const char *
address_wrong(const char *a)
{
	const char *at = strrchr(a, '@');
	size_t i;

	if (at == NULL || at == a || at[1] == '\0' || at[1] == '.' ||
	    strlen(a) >= ALIAS_ADDR_MAX ||
	    strpbrk(a, " <>\",()[]:;\\\t\r\n") != NULL)
		return "forward is not an address";
	for (i = 0; i < conf.ndomains; i++)
		if (strcasecmp(at + 1, conf.domains[i]) == 0)
			return "forward is an address of ours";
	return strcasecmp(at + 1, conf.hostname) == 0 ?
	    "forward is an address of ours" : NULL;
}

bool
rules_tags_ok(const char *tags)
{
	struct tag_change *c = malloc(sizeof *c);
	bool ok = c != NULL && tag_change_parse(tags, c) &&
	    (c->tags || (c->add | c->del) != 0);

	free(c);
	return ok;
}

static const char *
wrong(const struct conf_rule *r)
{
	const char *why = query_wrong(r->query);

	if (why == NULL && r->tags != NULL && !rules_tags_ok(r->tags))
		why = "its tags are not like \"+bill -inbox\"";
	if (why == NULL && r->folder != NULL && !box_name_ok(r->folder))
		why = "its folder is no name of a mailbox";
	if (why == NULL && r->forward != NULL)
		why = address_wrong(r->forward);
	if (why == NULL && r->hook != NULL && (strlen(r->hook) >=
	    HOOK_EVENT_MAX || !hook_wanted(r->hook)))
		why = "hooks[] has no program for its hook";
	if (why == NULL && (r->flags & CONF_RULE_NOTIFY) != 0 &&
	    !hook_wanted(RULE_EVENT))
		why = "hooks[] has no program for " RULE_EVENT;
	if (why == NULL && (r->flags & ~(unsigned int)(CONF_RULE_NOTIFY |
	    CONF_RULE_STOP)) != 0)
		why = "its flags are none of a rule";
	if (why == NULL && r->tags == NULL && r->folder == NULL &&
	    r->hook == NULL && r->forward == NULL && r->flags == 0)
		why = "it does nothing";
	return why;
}

bool
rules_check(size_t i, char *why, size_t size)
{
	const char *p = wrong(&conf.rules[i]);

	snprintf(why, size, "%s", p != NULL ? p : "");
	return p == NULL;
}

const struct rule *
rules_table(size_t *n)
{
	static struct rule table[RULES_MAX];
	static size_t have;
	const struct conf_rule *c;
	struct rule *r;

	for (; have < conf.nrules && have < RULES_MAX &&
	    conf.rules[have].query != NULL; have++) {
		c = &conf.rules[have];
		r = &table[have];
		*r = (struct rule){ .query = c->query, .tags = c->tags,
		    .folder = c->folder, .hook = c->hook,
		    .forward = c->forward,
		    .notify = (c->flags & CONF_RULE_NOTIFY) != 0,
		    .stop = (c->flags & CONF_RULE_STOP) != 0,
		    .off = wrong(c) != NULL };
	}
	*n = have;
	return table;
}
