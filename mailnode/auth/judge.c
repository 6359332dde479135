#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/judge.h"
#include "mailnode/auth/results.h"
#include "mailnode/node/idna.h"
#include "mailnode/node/net.h"

/* Is the name that domain, or below it?  Both in A-labels. */
static bool
within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return d > 0 && n >= d && strcasecmp(name + n - d, domain) == 0 &&
	    (n == d || name[n - d - 1] == '.');
}

/* ---- forwarders ---- */

/* A domain of the table is only believed when something vouches for it. */
static bool
vouched(const struct auth_verdict *v, const char *domain)
{
	size_t i;

	if ((v->has_spf && v->spf.result == SPF_PASS &&
	    within(v->spf.domain, domain)) ||
	    (v->has_helo && v->helo.result == SPF_PASS &&
	    within(v->helo.domain, domain)) ||
	    (v->ip != NULL && v->iprev.result == IPREV_PASS &&
	    within(v->iprev.name, domain)))
		return true;
	for (i = 0; i < v->ndkim; i++)
		if (v->dkim[i]->result == DKIM_PASS && !v->dkim[i]->partial &&
		    within(v->dkim[i]->domain, domain))
			return true;
	return false;
}

static const char *
forwarder(const struct auth_verdict *v, const struct auth_trust *t)
{
	char domain[DNS_NAME_MAX];
	const char *f;
	size_t i;

	for (i = 0; i < t->nforwarders; i++) {
		f = t->forwarders[i];
		if (f == NULL)
			continue;
		if (v->ip != NULL && net_match(v->ip, f))
			return f;
		if (idna_ascii(f, strlen(f), domain) == 0 &&
		    vouched(v, domain))
			return f;
	}
	return NULL;
}

/* ---- ARC ---- */

static bool
trusted_sealer(const struct auth_trust *t, const char *sealer)
{
	size_t i;

	for (i = 0; i < t->nsealers; i++)
		if (t->sealers[i] != NULL && idna_same(t->sealers[i], sealer))
			return true;
	return false;
}

/* What the sealer saw: DMARC passed, for the author we see. */
static bool
saw_pass(const struct auth_verdict *v, const char *text)
{
	const struct results_item *it;
	struct results r;
	bool pass = false;
	size_t i, k;

	if (text == NULL || results_parse(&r, text, strlen(text)) == -1)
		return false;
	for (i = 0; i < r.nitems && !pass; i++) {
		it = &r.items[i];
		if (strcasecmp(it->method, "dmarc") != 0 ||
		    strcasecmp(it->result, "pass") != 0)
			continue;
		for (k = 0; k < it->nprops; k++)
			if (strcasecmp(it->props[k].ptype, "header") == 0 &&
			    strcasecmp(it->props[k].name, "from") == 0)
				pass = idna_same(it->props[k].value,
				    v->dmarc.domain);
	}
	results_clear(&r);
	return pass;
}

/*
 * From the last seal down as long as each is of a trusted sealer: whoever
 * is not could have made up all that is before it.
 */
static const char *
sealer(const struct auth_verdict *v, const struct auth_trust *t)
{
	const char *who;
	size_t i;

	if (v->arc.result != ARC_PASS)
		return NULL;
	for (i = v->arc.sets; i > 0; i--) {
		who = arc_sealer(v->chain, i);
		if (who == NULL || !trusted_sealer(t, who))
			return NULL;
		if (saw_pass(v, arc_results(v->chain, i)))
			return who;
	}
	return NULL;
}

/* ---- */

static bool
excused(const struct auth_verdict *v, const struct auth_trust *t,
    const char *what, char why[AUTH_WHY_MAX])
{
	const char *who;

	if ((who = forwarder(v, t)) != NULL)
		(void)snprintf(why, AUTH_WHY_MAX, "%s, but it came through %s",
		    what, who);
	else if ((who = sealer(v, t)) != NULL)
		(void)snprintf(why, AUTH_WHY_MAX, "%s, but it passed at %s",
		    what, who);
	else if (t->known_list)
		(void)snprintf(why, AUTH_WHY_MAX, "%s, but it came by a "
		    "known list", what);
	else
		return false;
	return true;
}

enum auth_action
auth_judge(const struct auth_verdict *v, const struct auth_trust *t,
    char why[AUTH_WHY_MAX])
{
	char what[AUTH_WHY_MAX];

	why[0] = what[0] = '\0';
	if (v->dmarc.result == DMARC_FAIL &&
	    v->dmarc.policy != DMARC_POLICY_NONE)
		(void)snprintf(what, sizeof what, "policy of %.200s is %s",
		    v->dmarc.domain, dmarc_policy_text(v->dmarc.policy));
	else if (v->header_over)
		(void)snprintf(what, sizeof what, "%s",
		    "header is too large to be checked");
	else if (v->from_fields > 1)
		(void)snprintf(what, sizeof what, "%s",
		    "more than one From field");
	/* A second author's slow servers may have hidden the first's policy. */
	else if (v->from.ndomains > 1 && (v->dmarc.result ==
	    DMARC_TEMPERROR || v->dmarc.result == DMARC_PERMERROR))
		(void)snprintf(what, sizeof what, "%s",
		    "authors of several domains, not all of them known");
	if (what[0] == '\0')
		return AUTH_TAKE;
	if (excused(v, t, what, why))
		return AUTH_MARK;
	memcpy(why, what, sizeof what);
	return v->dmarc.result == DMARC_FAIL &&
	    v->dmarc.policy == DMARC_POLICY_REJECT ? AUTH_REFUSE : AUTH_JUNK;
}

const char *
auth_action_text(enum auth_action a)
{
	static const char *const text[] = {
		[AUTH_TAKE] = "take", [AUTH_MARK] = "mark",
		[AUTH_JUNK] = "junk", [AUTH_REFUSE] = "refuse"
	};

	return text[a];
}
