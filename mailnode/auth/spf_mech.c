/* RFC 7208 section 5: does a mechanism match the client? */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/spf_parts.h"

/* ---- addresses ---- */

static bool
same_net(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int octets = bits / 8, rest = bits % 8;

	return memcmp(a, b, octets) == 0 && (rest == 0 ||
	    ((a[octets] ^ b[octets]) >> (8 - rest)) == 0);
}

static bool
any_address(const struct spf_check *c, const struct dns_answer *a,
    const struct spf_term *t)
{
	size_t i;

	for (i = 0; i < a->nrr; i++)
		if (a->rr[i].len == (c->six ? 16 : 4) && same_net(c->ip,
		    a->rr[i].data, c->six ? t->cidr6 : t->cidr4))
			return true;
	return false;
}

static enum dns_type
address_type(const struct spf_check *c)
{
	return c->six ? DNS_AAAA : DNS_A;
}

/* Addresses of many names in one round trip. */
static void
ask_addresses(struct spf_check *c, struct dns_question *q, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		q[i].type = address_type(c);
		dns_answer_init(&q[i].answer);
	}
	if (n > 0)
		lookup_many(c->look, "spf", q, n);
}

static void
drop_addresses(struct dns_question *q, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		dns_answer_clear(&q[i].answer);
}

/* ---- the client's names (section 5.5) ---- */

static bool
within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return n >= d && strcasecmp(name + n - d, domain) == 0 &&
	    (n == d || name[n - d - 1] == '.');
}

/* The domain itself, a name within it, another (unless `inside`). */
static int
rank_of(const char *name, const char *domain, bool inside)
{
	return strcasecmp(name, domain) == 0 ? 3 :
	    within(name, domain) ? 2 : inside ? 0 : 1;
}

/* Keeps those that lead back to the client. */
static void
keep_names(struct spf_check *c, const struct dns_answer *ptr)
{
	static const struct spf_term host = { .cidr4 = 32, .cidr6 = 128 };
	struct dns_question q[SPF_PTR_MAX];
	size_t i, n;

	for (n = 0; n < ptr->nrr && n < SPF_PTR_MAX; n++)
		q[n].name = (const char *)ptr->rr[n].data;
	ask_addresses(c, q, n);
	for (i = 0; i < n; i++)
		if (any_address(c, &q[i].answer, &host))
			snprintf(c->client[c->nclient++], DNS_NAME_MAX, "%s",
			    q[i].name);
	drop_addresses(q, n);
}

/*
 * Asked once in a check: a record may hold any number of %{p}, and must not
 * use up the questions of the whole message.  Errors of the DNS are no names.
 */
static void
know_client(struct spf_check *c)
{
	struct dns_answer ptr;
	char reverse[DNS_NAME_MAX];

	if (c->client_known)
		return;
	c->client_known = true;
	dns_answer_init(&ptr);
	if (dns_reverse_name(c->readable, reverse, sizeof reverse) == 0)
		spf_dns(c, DNS_PTR, reverse, &ptr);
	c->client_void = ptr.class == DNS_NODATA || ptr.class == DNS_NXDOMAIN;
	keep_names(c, &ptr);
	dns_answer_clear(&ptr);
}

/*
 * The name of the client that is best: that domain itself, else one within
 * it, else (unless `inside`) any; NULL: none.
 */
static const char *
validated(struct spf_check *c, const char *domain, bool inside)
{
	const char *name = NULL;
	int rank, best = 0;
	size_t i;

	know_client(c);
	if (c->client_void && !c->void_counted)
		c->v->voids++;
	c->void_counted = true;
	for (i = 0; i < c->nclient; i++) {
		rank = rank_of(c->client[i], domain, inside);
		if (rank <= best)
			continue;
		best = rank;
		name = c->client[i];
	}
	return name;
}

const char *
spf_macro_p(void *arg)
{
	struct spf_check *c = arg;

	const char *name = validated(c, c->names.domain, false);

	return name != NULL ? name : "unknown";
}

/* ---- mechanisms ---- */

bool
spf_target(struct spf_check *c, struct spf_text spec, char out[DNS_NAME_MAX])
{
	const char *p = NULL, *q, *dot;
	struct buf b;
	size_t n;
	bool ok;

	c->void_counted = false;
	buf_init(&b, SPF_TEXT_MAX);
	if (spec.n == 0)
		buf_adds(&b, c->names.domain);
	else
		(void)spf_macro_expand(&c->names, spec.p, spec.n, false, &b);
	p = buf_str(&b);
	while (p != NULL && strlen(p) > DNS_NAME_MAX - 1) {
		dot = strchr(p, '.');
		p = dot != NULL ? dot + 1 : NULL;
	}
	/* RFC 8616 section 4: a local part beyond ASCII matches nothing. */
	for (q = p; q != NULL && *q != '\0'; q++)
		if ((uint8_t)*q >= 0x80)
			p = NULL;
	ok = p != NULL && dns_question_ok(p);
	/* "x.test." is x.test to who compares, and to macros. */
	n = ok ? strlen(p) : 0;
	if (n > 1 && p[n - 1] == '.')
		n--;
	snprintf(out, DNS_NAME_MAX, "%.*s", (int)n, ok ? p : "");
	buf_clear(&b);
	return ok;
}

/* One more question of a term; SPF_NONE to go on. */
static enum spf_result
lookup(struct spf_check *c, enum dns_type type, const char *name,
    struct dns_answer *a)
{
	spf_dns(c, type, name, a);
	if (a->class == DNS_TEMPFAIL)
		return spf_end(c, SPF_TEMPERROR, "DNS: %s", a->why);
	if (a->class != DNS_OK && ++c->v->voids > SPF_VOIDS_MAX)
		return spf_end(c, SPF_PERMERROR, "too many void lookups");
	return SPF_NONE;
}

/* The index of the next best exchange of those not yet taken. */
static size_t
next_mx(const struct dns_answer *mx, const bool *taken)
{
	size_t i, best = mx->nrr;

	for (i = 0; i < mx->nrr; i++)
		if (!taken[i] && (best == mx->nrr ||
		    mx->rr[i].preference < mx->rr[best].preference))
			best = i;
	return best;
}

/* Section 4.6.4: the eleventh question for addresses is one too many. */
static enum spf_result
match_mx(struct spf_check *c, const struct spf_term *t,
    const struct dns_answer *mx, bool *match)
{
	bool taken[DNS_RR_MAX] = { false };
	struct dns_question q[SPF_MX_MAX];
	enum spf_result rc = SPF_NONE;
	size_t i, k, n;

	for (n = 0; n < mx->nrr && n < SPF_MX_MAX; n++) {
		k = next_mx(mx, taken);
		taken[k] = true;
		q[n].name = (const char *)mx->rr[k].data;
	}
	ask_addresses(c, q, n);
	for (i = 0; i < n && !*match && rc == SPF_NONE; i++) {
		if (q[i].answer.class == DNS_TEMPFAIL)
			rc = spf_end(c, SPF_TEMPERROR, "DNS of an MX");
		*match = rc == SPF_NONE && any_address(c, &q[i].answer, t);
	}
	if (!*match && rc == SPF_NONE && n < mx->nrr)
		rc = spf_end(c, SPF_PERMERROR, "too many MX records");
	drop_addresses(q, n);
	return rc;
}

static enum spf_result
match_dns(struct spf_check *c, const struct spf_term *t, const char *name,
    bool *match)
{
	enum spf_result r;
	struct dns_answer a;

	dns_answer_init(&a);
	r = lookup(c, t->mech == SPF_MX ? DNS_MX : t->mech == SPF_EXISTS ?
	    DNS_A : address_type(c), name, &a);
	if (r == SPF_NONE && t->mech == SPF_MX)
		r = match_mx(c, t, &a, match);
	else if (r == SPF_NONE)
		*match = t->mech == SPF_EXISTS ? a.nrr > 0 :
		    any_address(c, &a, t);
	dns_answer_clear(&a);
	return r;
}

/* Section 5.2: only a pass of the other matches. */
static enum spf_result
match_include(struct spf_check *c, const char *name, bool *match)
{
	const char *domain = c->names.domain;
	enum spf_result r;

	r = spf_host(c, name, false);
	c->names.domain = domain;
	*match = r == SPF_PASS;
	if (r == SPF_NONE)
		return spf_end(c, SPF_PERMERROR, "include of a domain without "
		    "a record");
	return r == SPF_TEMPERROR || r == SPF_PERMERROR ? r : SPF_NONE;
}

enum spf_result
spf_match(struct spf_check *c, const struct spf_term *t, bool *match)
{
	char name[DNS_NAME_MAX];
	bool named;

	*match = false;
	if (t->mech == SPF_ALL || t->mech == SPF_IP4 || t->mech == SPF_IP6) {
		*match = t->mech == SPF_ALL || (t->mech == SPF_IP6) == c->six;
		if (t->mech != SPF_ALL && *match)
			*match = same_net(c->ip, t->ip, c->six ? t->cidr6 :
			    t->cidr4);
		return SPF_NONE;
	}
	if (++c->v->lookups > SPF_LOOKUPS_MAX)
		return spf_end(c, SPF_PERMERROR, "too many lookups");
	named = spf_target(c, t->domain, name);
	if (named && t->mech == SPF_PTR)
		*match = validated(c, name, true) != NULL;
	/* What a ptr or a %{p} did not find counts, too. */
	if (c->v->voids > SPF_VOIDS_MAX)
		return spf_end(c, SPF_PERMERROR, "too many void lookups");
	if (!named)
		return t->mech != SPF_INCLUDE ? SPF_NONE :
		    spf_end(c, SPF_PERMERROR, "include of no domain");
	if (t->mech == SPF_PTR)
		return SPF_NONE;
	return t->mech == SPF_INCLUDE ? match_include(c, name, match) :
	    match_dns(c, t, name, match);
}
