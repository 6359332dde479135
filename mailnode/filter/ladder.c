#include <stdio.h>
#include <string.h>

#include "mailnode/filter/ladder.h"

typedef enum ladder_out	rung_fn(const struct ladder_facts *f,
			    struct ladder *d);

static void
because(struct ladder *d, const char *why)
{
	(void)snprintf(d->why, sizeof d->why, "%s", why);
}

/* ---- the owner's lists ---- */

static enum ladder_out
let_in(const struct ladder_facts *f, struct ladder *d)
{
	if (!f->known.let_in)
		return LADDER_ON;
	because(d, f->author);
	return LADDER_ACCEPT;
}

/* By name only who is proved to bear it. */
static bool
proved(const struct ladder_facts *f, const struct history_list *l)
{
	return l->by == HISTORY_BY_ID || l->by == HISTORY_BY_IP ||
	    (l->by == HISTORY_BY_AUTHOR && f->aligned && !f->lookalike);
}

/* The narrower entry goes before the wider: address, domain, network. */
static enum ladder_out
lists(const struct ladder_facts *f, struct ladder *d)
{
	const struct history_list *l;
	size_t i;

	for (i = 0; i < LISTED_KINDS; i++) {
		l = &f->known.list[i];
		if (l->by == HISTORY_BY_NONE || (l->allow && !proved(f, l)))
			continue;
		d->rung = l->allow ? LADDER_ALLOW : LADDER_BLOCK;
		because(d, l->name);
		return l->allow ? LADDER_ACCEPT : LADDER_REFUSE;
	}
	return LADDER_ON;
}

/* ---- without the DNS ---- */

/* Nobody can be proved to be who they say; a correspondent who comes from a
 * network of theirs is believed, all others come again. */
static enum ladder_out
resolver(const struct ladder_facts *f, struct ladder *d)
{
	const struct history_count *c = &f->known.count[HISTORY_SENDER];

	if (!f->dns_broken)
		return LADDER_ON;
	because(d, "the DNS is unavailable");
	return f->known.came && !f->lookalike && (f->known.wrote ||
	    c->good >= LADDER_SENDER_GOOD) && c->good >= c->junk ?
	    LADDER_ACCEPT : LADDER_DEFER;
}

/* ---- the author's domain ---- */

/* A list that the owner reads breaks signatures: marked, not lost. */
static bool
known_list(const struct ladder_facts *f)
{
	const struct history_count *c = &f->known.count[HISTORY_SIGNER];

	return c->good >= LADDER_LIST_GOOD && c->junk == 0;
}

static enum ladder_out
author(const struct ladder_facts *f, struct ladder *d)
{
	if (f->auth != AUTH_JUNK && f->auth != AUTH_REFUSE)
		return LADDER_ON;
	if (known_list(f)) {
		(void)snprintf(d->why, sizeof d->why, "%.150s, but it came "
		    "by %.150s", f->auth_why, f->known.signer);
		return LADDER_ACCEPT;
	}
	because(d, f->auth_why);
	return f->auth == AUTH_JUNK ? LADDER_JUNK : LADDER_REFUSE;
}

/* ---- whom the owner knows ---- */

static enum ladder_out
correspondent(const struct ladder_facts *f, struct ladder *d)
{
	if (!f->known.wrote || !f->aligned || f->lookalike)
		return LADDER_ON;
	because(d, f->author);
	return LADDER_ACCEPT;
}

static enum ladder_out
sender(const struct ladder_facts *f, struct ladder *d)
{
	const struct history_count *c = &f->known.count[HISTORY_SENDER];

	if (!f->aligned)
		return LADDER_ON;
	because(d, f->author);
	if (!f->lookalike && c->good >= LADDER_SENDER_GOOD &&
	    c->good / LADDER_SENDER_RATIO >= c->junk)
		return LADDER_ACCEPT;
	return c->junk >= LADDER_SENDER_JUNK && c->good == 0 ? LADDER_JUNK :
	    LADDER_ON;
}

/* Of a name that many share. */
static enum ladder_out
shared(const struct ladder_facts *f, enum history_kind kind, uint32_t good,
    uint32_t junk)
{
	const struct history_count *c = &f->known.count[kind];

	if (c->good >= good && c->junk == 0 && !f->lookalike)
		return LADDER_ACCEPT;
	return c->junk >= junk && c->good == 0 ? LADDER_JUNK : LADDER_ON;
}

static enum ladder_out
domain(const struct ladder_facts *f, struct ladder *d)
{
	const char *at = strrchr(f->author, '@');

	if (!f->aligned)
		return LADDER_ON;
	because(d, at != NULL ? at + 1 : "");
	return shared(f, HISTORY_DOMAIN, LADDER_DOMAIN_GOOD,
	    LADDER_DOMAIN_JUNK);
}

static enum ladder_out
signer(const struct ladder_facts *f, struct ladder *d)
{
	because(d, f->known.signer);
	return shared(f, HISTORY_SIGNER, LADDER_SIGNER_GOOD,
	    LADDER_SIGNER_JUNK);
}

static enum ladder_out
network(const struct ladder_facts *f, struct ladder *d)
{
	because(d, f->known.network);
	return shared(f, HISTORY_NETWORK, LADDER_NETWORK_GOOD,
	    LADDER_NETWORK_JUNK);
}

/* ---- what costs a question ---- */

static enum ladder_out
dnsbl(const struct ladder_facts *f, struct ladder *d)
{
	if (f->dnsbl == LADDER_NOT_ASKED)
		return LADDER_ASK;
	if (f->dnsbl != LADDER_BAD)
		return LADDER_ON;
	because(d, f->dnsbl_why != NULL ? f->dnsbl_why : "");
	return f->dnsbl_refuse ? LADDER_REFUSE : LADDER_JUNK;
}

static enum ladder_out
greylist(const struct ladder_facts *f, struct ladder *d)
{
	if (f->grey == LADDER_NOT_ASKED)
		return LADDER_ASK;
	if (f->grey != LADDER_BAD)
		return LADDER_ON;
	because(d, f->grey_why != NULL ? f->grey_why : "");
	return LADDER_DEFER;
}

static enum ladder_out
bayes(const struct ladder_facts *f, struct ladder *d)
{
	(void)d;
	if (f->words == LADDER_NOT_ASKED)
		return LADDER_ASK;
	if (f->words == LADDER_NOTHING)
		return LADDER_ON;
	return f->words == LADDER_BAD ? LADDER_JUNK : LADDER_ACCEPT;
}

/* ---- */

static const struct {
	enum ladder_rung rung;
	rung_fn		*fn;
} rungs[] = {
	{ LADDER_LET_IN,	let_in },
	{ LADDER_ALLOW,		lists },	/* or LADDER_BLOCK */
	{ LADDER_RESOLVER,	resolver },
	{ LADDER_AUTHOR,	author },
	{ LADDER_CORRESPONDENT,	correspondent },
	{ LADDER_SENDER,	sender },
	{ LADDER_DOMAIN,	domain },
	{ LADDER_SIGNER,	signer },
	{ LADDER_NETWORK,	network },
	{ LADDER_DNSBL,		dnsbl },
	{ LADDER_GREYLIST,	greylist },
	{ LADDER_BAYES,		bayes },
};

enum ladder_out
ladder_decide(const struct ladder_facts *f, struct ladder *d)
{
	size_t i;

	for (i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
		d->rung = rungs[i].rung;
		d->why[0] = '\0';
		d->out = rungs[i].fn(f, d);
		if (d->out != LADDER_ON)
			return d->out;
	}
	d->rung = LADDER_NONE;
	d->why[0] = '\0';
	d->out = LADDER_ACCEPT;
	return d->out;
}

const char *
ladder_unproved(const struct ladder_facts *f)
{
	const struct history_list *l;
	size_t i;

	for (i = 0; i < LISTED_KINDS; i++) {
		l = &f->known.list[i];
		if (l->by != HISTORY_BY_NONE && l->allow && !proved(f, l))
			return l->name;
	}
	return f->known.wrote && !f->aligned ? f->author : NULL;
}

const char *
ladder_rung_text(enum ladder_rung r)
{
	static const char *const text[LADDER_RUNGS] = {
		[LADDER_NONE] = "none", [LADDER_LET_IN] = "let-in",
		[LADDER_ALLOW] = "allow", [LADDER_BLOCK] = "block",
		[LADDER_RESOLVER] = "resolver",
		[LADDER_AUTHOR] = "author",
		[LADDER_CORRESPONDENT] = "correspondent",
		[LADDER_SENDER] = "sender", [LADDER_DOMAIN] = "domain",
		[LADDER_SIGNER] = "signer", [LADDER_NETWORK] = "network",
		[LADDER_DNSBL] = "dnsbl", [LADDER_GREYLIST] = "greylist",
		[LADDER_BAYES] = "bayes",
	};

	return r < LADDER_RUNGS ? text[r] : "";
}
