/* mailnode rule: the owner's rules, and what they would have done; check. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_search.h"
#include "mailnode/filter/attach.h"
#include "mailnode/filter/rules.h"
#include "mailnode/node/conf.h"
#include "mailnode/smtp/path.h"
#include "store/err.h"

enum {
	ACTION_MAX = 8 * 1024,		/* octets of a rule in words */
	MESSAGE_LEAST = 64 * 1024,	/* RFC 5321 section 4.5.3.1.7 */
	GREYLIST_MOST_S = 3600
};

/* ---- check ---- */

static int
wrong_number(const char *name, uint64_t v, uint64_t least, uint64_t most)
{
	char why[96];

	if (v >= least && v <= most)
		return 0;
	snprintf(why, sizeof why, "%llu is not within %llu..%llu",
	    (unsigned long long)v, (unsigned long long)least,
	    (unsigned long long)most);
	return cmd_fail(name, why);
}

/* The units and ranges of config.def.h. */
static int
wrong_numbers(void)
{
	int rc = 0;

	rc |= wrong_number("message_max", conf.message_max, MESSAGE_LEAST,
	    UINT32_MAX);
	rc |= wrong_number("sessions_max", conf.sessions_max, 1, UINT32_MAX);
	rc |= wrong_number("sessions_per_address", conf.sessions_per_address,
	    1, UINT32_MAX);
	rc |= wrong_number("recipients_max", conf.recipients_max, 1,
	    UINT32_MAX);
	rc |= wrong_number("greylist_s", conf.greylist_s, 0, GREYLIST_MOST_S);
	return rc;
}

static int
wrong_domain(const char *name, const char *domain)
{
	char why[320];

	if (path_domain_ok(domain, domain + strlen(domain), true))
		return 0;
	snprintf(why, sizeof why, "\"%s\" is not a domain name", domain);
	return cmd_fail(name, why);
}

int
cmd_check(int argc, char **argv)
{
	char why[RULES_WHY_MAX], what[32];
	size_t i, n;
	int rc;

	if (argc != 1)
		return cmd_usage("check", argc == 2 &&
		    strcmp(argv[1], "-h") == 0);
	rc = wrong_numbers() | wrong_domain("hostname", conf.hostname);
	for (i = 0; i < conf.ndomains; i++)
		rc |= wrong_domain("domains", conf.domains[i]);
	for (i = 0; i < conf.nattachments && conf.attachments[i].what !=
	    NULL; i++)
		if (!attach_check(i, why, sizeof why))
			rc = cmd_fail("attachments_refused", why);
	(void)rules_table(&n);
	for (i = 0; i < n; i++) {
		snprintf(what, sizeof what, "rule %zu", i + 1);
		if (!rules_check(i, why, sizeof why))
			rc = cmd_fail(what, why);
	}
	return rc;
}

/* ---- list ---- */

static void
put_actions(struct buf *b, const struct rule *r)
{
	if (r->tags != NULL)
		buf_addf(b, " %s", r->tags);
	if (r->folder != NULL)
		buf_addf(b, " to %s", r->folder);
	if (r->forward != NULL)
		buf_addf(b, " forward %s", r->forward);
	if (r->hook != NULL)
		buf_addf(b, " hook %s", r->hook);
	if (r->notify)
		buf_adds(b, " notify");
	if (r->stop)
		buf_adds(b, " stop");
}

static void
json_of(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, ",\"%s\":", name);
	json_string(b, value != NULL ? value : "");
}

static void
put_json(struct buf *b, size_t i, const struct rule *r, const char *why)
{
	buf_addf(b, "{\"rule\":%zu", i + 1);
	json_of(b, "query", r->query);
	json_of(b, "tags", r->tags);
	json_of(b, "folder", r->folder);
	json_of(b, "hook", r->hook);
	json_of(b, "forward", r->forward);
	buf_addf(b, ",\"notify\":%s,\"stop\":%s", r->notify ? "true" :
	    "false", r->stop ? "true" : "false");
	json_of(b, "wrong", why);
	buf_adds(b, "}\n");
}

static int
list(bool json)
{
	char why[RULES_WHY_MAX];
	const struct rule *r;
	struct buf b;
	size_t i, n;

	r = rules_table(&n);
	buf_init(&b, ACTION_MAX);
	for (i = 0; i < n; i++) {
		buf_reset(&b);
		(void)rules_check(i, why, sizeof why);
		if (json)
			put_json(&b, i, &r[i], why);
		else {
			buf_addf(&b, "%zu  %s ->", i + 1, r[i].query);
			put_actions(&b, &r[i]);
			buf_addf(&b, "%s%s\n", why[0] != '\0' ?
			    "  WRONG, off: " : "", why);
		}
		if (b.err == 0)
			fwrite(b.data, 1, b.len, stdout);
	}
	buf_clear(&b);
	return 0;
}

/* ---- test ---- */

struct trial {
	const struct rule *rule;	/* NULL: a query alone */
	bool		 json;
	uint32_t	 left;
	struct buf	 line;
};

/* Rules never see what is junk, or was written here. */
static bool
seen_by_rules(const char *folder)
{
	static const char *const none[] = { "Junk", "Rejects", "Sent",
	    "Drafts" };
	size_t i;

	for (i = 0; i < sizeof none / sizeof none[0]; i++)
		if (strcmp(folder, none[i]) == 0)
			return false;
	return true;
}

static bool
try_message(void *arg, const struct list_msg *m)
{
	struct trial *t = arg;

	if (!seen_by_rules(m->folder))
		return true;
	buf_reset(&t->line);
	if (t->json)
		search_msg_json(&t->line, m);
	else
		search_msg_line(&t->line, m);
	if (t->rule != NULL && !t->json) {
		buf_adds(&t->line, " ->");
		put_actions(&t->line, t->rule);
	}
	buf_addc(&t->line, '\n');
	if (t->line.err == 0)
		fwrite(t->line.data, 1, t->line.len, stdout);
	return --t->left > 0;
}

static int
test_query(struct trial *t, const char *query)
{
	struct node *n = NULL;
	int ch = cmd_link("rule", &n, ROLE_READER);
	uint16_t rc;

	if (ch == -1) {
		node_close(n);
		return 1;
	}
	buf_init(&t->line, SEARCH_LINE_MAX);
	rc = search_each_match(ch, query, try_message, t);
	buf_clear(&t->line);
	close(ch);
	node_close(n);
	if (rc == STORE_NOTFOUND)
		return cmd_fail("rule", "there is no index yet");
	return rc == OP_OK ? 0 : cmd_fail("rule", store_status_text(rc));
}

/* The rule of that number; false: it is none. */
static bool
by_number(const char *s, struct trial *t)
{
	const struct rule *r;
	uint32_t v;
	size_t n;

	r = rules_table(&n);
	if (num_u32(s, s + strlen(s), 1, (uint32_t)n, &v) == -1)
		return false;
	t->rule = &r[v - 1];
	return true;
}

static int
test(int argc, char **argv)
{
	struct trial t = { .left = UINT32_MAX };
	struct buf query;
	int c, rc;

	optind = 1;
	while ((c = cmd_option("rule", argc, argv, "+jn:", NULL)) != -1) {
		if (c == 'j')
			t.json = true;
		else if (c != 'n' || num_u32(optarg, optarg + strlen(optarg),
		    1, UINT32_MAX, &t.left) == -1)
			return cmd_usage("rule", 0);
	}
	if (optind == argc)
		return cmd_usage("rule", 0);
	if (optind + 1 == argc && argv[optind][strspn(argv[optind],
	    "0123456789")] == '\0')
		return by_number(argv[optind], &t) ? test_query(&t,
		    t.rule->query) : cmd_fail(argv[optind], "no such rule");
	if (search_query_of(argc, argv, optind, &query) == NULL)
		rc = cmd_fail("rule", "the query is too long");
	else
		rc = test_query(&t, buf_str(&query));
	buf_clear(&query);
	return rc;
}

int
cmd_rule(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[argc - 1], "-j") == 0;

	if (argc > 1 && strcmp(argv[1], "test") == 0)
		return test(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[argc - 1], "-h") == 0)
		return cmd_usage("rule", 1);
	if (argc - json == 1 || (argc - json == 2 &&
	    strcmp(argv[1], "list") == 0))
		return list(json);
	return cmd_usage("rule", 0);
}
