#define _GNU_SOURCE	/* memrchr */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/spf.h"
#include "mailnode/auth/spf_macro.h"
#include "mailnode/auth/spf_record.h"
#include "mailnode/node/idna.h"

enum { TEXT_MAX = 4096 };	/* octets of an expanded macro-string */

struct check {
	const struct spf_ask	*ask;
	struct lookup		*look;
	struct spf_verdict	*v;
	struct spf_names	 names;		/* domain changes as we go */
	uint8_t			 ip[16];	/* v4: the first four */
	bool			 six;
	char			 readable[INET6_ADDRSTRLEN];
	char			 dotted[72];
	char			 domain[DNS_NAME_MAX];	/* of the sender */
	char			 helo[DNS_NAME_MAX];
	char			 sender[DNS_NAME_MAX + 320];
	char			 local[320];
	char			 validated[DNS_NAME_MAX];
};

static enum spf_result	check_host(struct check *c, const char *domain,
			    bool top);

static enum spf_result
end(struct check *c, enum spf_result r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum spf_result
end(struct check *c, enum spf_result r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->v->reason, sizeof c->v->reason, fmt, ap);
	va_end(ap);
	return r;
}

static void
dns(struct check *c, enum dns_type type, const char *name,
    struct dns_answer *a)
{
	(void)lookup_one(c->look, "spf", type, name, a);
}

/* ---- addresses ---- */

static bool
same_net(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int octets = bits / 8, rest = bits % 8;

	return memcmp(a, b, octets) == 0 && (rest == 0 ||
	    ((a[octets] ^ b[octets]) >> (8 - rest)) == 0);
}

static bool
any_address(const struct check *c, const struct dns_answer *a,
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
address_type(const struct check *c)
{
	return c->six ? DNS_AAAA : DNS_A;
}

/* ---- the client's names (section 5.5) ---- */

static bool
within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return n >= d && strcasecmp(name + n - d, domain) == 0 &&
	    (n == d || name[n - d - 1] == '.');
}

/*
 * Looks for a name of the client that leads back to its address: that
 * domain itself, else one within it, else (unless `inside`) any.  Errors of
 * the DNS are no names.
 */
static bool
validate(struct check *c, const char *domain, bool inside)
{
	static const struct spf_term host = { .cidr4 = 32, .cidr6 = 128 };
	struct dns_answer ptr, a;
	char reverse[DNS_NAME_MAX];
	const char *name;
	int rank, best = 0;
	size_t i;

	dns_answer_init(&ptr);
	dns_answer_init(&a);
	c->validated[0] = '\0';
	if (dns_reverse_name(c->readable, reverse, sizeof reverse) == 0)
		dns(c, DNS_PTR, reverse, &ptr);
	if (ptr.class == DNS_NODATA || ptr.class == DNS_NXDOMAIN)
		c->v->voids++;
	for (i = 0; i < ptr.nrr && i < SPF_PTR_MAX; i++) {
		name = (const char *)ptr.rr[i].data;
		rank = strcasecmp(name, domain) == 0 ? 3 :
		    within(name, domain) ? 2 : inside ? 0 : 1;
		if (rank <= best)
			continue;
		dns(c, address_type(c), name, &a);
		if (!any_address(c, &a, &host))
			continue;
		best = rank;
		snprintf(c->validated, sizeof c->validated, "%s", name);
	}
	dns_answer_clear(&ptr);
	dns_answer_clear(&a);
	return best > 0;
}

static const char *
macro_p(void *arg)
{
	struct check *c = arg;

	return validate(c, c->names.domain, false) ? c->validated :
	    "unknown";
}

/* ---- mechanisms ---- */

/*
 * The name a term asks about.  Too long ones lose labels on the left
 * (section 7.3).  False when it can be no name: then nothing matches.
 */
static bool
target(struct check *c, struct spf_text spec, char out[DNS_NAME_MAX])
{
	const char *p = NULL, *q, *dot;
	struct buf b;
	bool ok;

	buf_init(&b, TEXT_MAX);
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
	ok = p != NULL && dns_name_ok(p);
	snprintf(out, DNS_NAME_MAX, "%s", ok ? p : "");
	buf_clear(&b);
	return ok;
}

/* One more question of a term; SPF_NONE to go on. */
static enum spf_result
lookup(struct check *c, enum dns_type type, const char *name,
    struct dns_answer *a)
{
	dns(c, type, name, a);
	if (a->class == DNS_TEMPFAIL)
		return end(c, SPF_TEMPERROR, "DNS: %s", a->why);
	if (a->class != DNS_OK && ++c->v->voids > SPF_VOIDS_MAX)
		return end(c, SPF_PERMERROR, "too many void lookups");
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
match_mx(struct check *c, const struct spf_term *t,
    const struct dns_answer *mx, bool *match)
{
	bool taken[DNS_RR_MAX] = { false };
	enum spf_result rc = SPF_NONE;
	struct dns_answer a;
	const char *name;
	size_t i, n;

	dns_answer_init(&a);
	for (n = 0; n < mx->nrr && !*match && rc == SPF_NONE; n++) {
		i = next_mx(mx, taken);
		taken[i] = true;
		name = (const char *)mx->rr[i].data;
		if (n == SPF_MX_MAX)
			rc = end(c, SPF_PERMERROR, "too many MX records");
		else if (!dns_name_ok(name))
			continue;
		else {
			dns(c, address_type(c), name, &a);
			if (a.class == DNS_TEMPFAIL)
				rc = end(c, SPF_TEMPERROR, "DNS of an MX");
			*match = rc == SPF_NONE && any_address(c, &a, t);
		}
	}
	dns_answer_clear(&a);
	return rc;
}

static enum spf_result
match_dns(struct check *c, const struct spf_term *t, const char *name,
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
match_include(struct check *c, const char *name, bool *match)
{
	const char *domain = c->names.domain;
	enum spf_result r;

	r = check_host(c, name, false);
	c->names.domain = domain;
	*match = r == SPF_PASS;
	if (r == SPF_NONE)
		return end(c, SPF_PERMERROR, "include of a domain without "
		    "a record");
	return r == SPF_TEMPERROR || r == SPF_PERMERROR ? r : SPF_NONE;
}

static enum spf_result
match_term(struct check *c, const struct spf_term *t, bool *match)
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
		return end(c, SPF_PERMERROR, "too many lookups");
	named = target(c, t->domain, name);
	if (named && t->mech == SPF_PTR)
		*match = validate(c, name, true);
	/* What a ptr or a %{p} did not find counts, too. */
	if (c->v->voids > SPF_VOIDS_MAX)
		return end(c, SPF_PERMERROR, "too many void lookups");
	if (!named)
		return t->mech != SPF_INCLUDE ? SPF_NONE :
		    end(c, SPF_PERMERROR, "include of no domain");
	if (t->mech == SPF_PTR)
		return SPF_NONE;
	return t->mech == SPF_INCLUDE ? match_include(c, name, match) :
	    match_dns(c, t, name, match);
}

/* ---- records ---- */

static enum spf_result
of_qualifier(char q)
{
	return q == '+' ? SPF_PASS : q == '-' ? SPF_FAIL :
	    q == '~' ? SPF_SOFTFAIL : SPF_NEUTRAL;
}

/* Section 6.2: whatever goes wrong here, there is no explanation. */
static void
explain(struct check *c, struct spf_text exp)
{
	char name[DNS_NAME_MAX];
	struct dns_answer a;
	struct buf b;
	size_t i;

	if (exp.n == 0 || !target(c, exp, name))
		return;
	dns_answer_init(&a);
	buf_init(&b, TEXT_MAX);
	dns(c, DNS_TXT, name, &a);
	if (a.nrr == 1 && spf_macro_expand(&c->names,
	    (const char *)a.rr[0].data, a.rr[0].len, true, &b) == 0) {
		for (i = 0; i < b.len; i++)
			if (b.data[i] < ' ' || b.data[i] >= 0x7f)
				b.data[i] = '?';
		snprintf(c->v->explanation, sizeof c->v->explanation, "%s",
		    buf_str(&b) != NULL ? (const char *)b.data : "");
	}
	buf_clear(&b);
	dns_answer_clear(&a);
}

static void
trace_redirect(struct check *c, struct spf_text spec)
{
	struct trace *t = c->look->trace;

	trace_begin(t, "spf-redirect");
	trace_str(t, "domain", c->names.domain);
	trace_bytes(t, "to", spec.p, spec.n);
	trace_num(t, "lookups", c->v->lookups);
	trace_end(t);
}

static enum spf_result
redirect(struct check *c, struct spf_text spec, bool top)
{
	char name[DNS_NAME_MAX];
	enum spf_result r;

	c->v->lookups++;
	trace_redirect(c, spec);
	if (c->v->lookups > SPF_LOOKUPS_MAX)
		return end(c, SPF_PERMERROR, "too many lookups");
	if (!target(c, spec, name))
		return end(c, SPF_PERMERROR, "redirect to no domain");
	r = check_host(c, name, top);
	if (r == SPF_NONE)
		return end(c, SPF_PERMERROR, "redirect to a domain without "
		    "a record");
	return r;
}

/* Lookups are those of the whole check so far: the tenth is the last. */
static void
trace_term(struct check *c, const struct spf_term *term, bool match)
{
	struct trace *t = c->look->trace;

	trace_begin(t, "spf-term");
	trace_str(t, "domain", c->names.domain);
	trace_bytes(t, "term", term->whole.p, term->whole.n);
	trace_bool(t, "match", match);
	trace_num(t, "lookups", c->v->lookups);
	trace_num(t, "voids", c->v->voids);
	trace_end(t);
}

static enum spf_result
evaluate(struct check *c, const struct spf_record *r, bool top)
{
	enum spf_result rc;
	bool match;
	size_t i;

	for (i = 0; i < r->nterms; i++) {
		rc = match_term(c, &r->term[i], &match);
		trace_term(c, &r->term[i], match);
		if (rc != SPF_NONE)
			return rc;
		if (!match)
			continue;
		rc = of_qualifier(r->term[i].qualifier);
		(void)end(c, rc, "%.*s", (int)r->term[i].whole.n,
		    r->term[i].whole.p);
		if (rc == SPF_FAIL && top)
			explain(c, r->exp);
		return rc;
	}
	if (r->redirect.n > 0)
		return redirect(c, r->redirect, top);
	return end(c, SPF_NEUTRAL, "%s", "no mechanism matches");
}

static const struct dns_rr *
find_record(const struct dns_answer *a, size_t *n)
{
	const struct dns_rr *rr = NULL;
	size_t i;

	*n = 0;
	for (i = 0; i < a->nrr; i++)
		if (spf_is_record((const char *)a->rr[i].data,
		    a->rr[i].len)) {
			rr = &a->rr[i];
			(*n)++;
		}
	return rr;
}

static enum spf_result
with_record(struct check *c, const struct dns_answer *a, bool top)
{
	struct spf_record *r;
	const struct dns_rr *rr;
	enum spf_result rc;
	const char *why;
	size_t n;

	rr = find_record(a, &n);
	if (n == 0)
		return end(c, SPF_NONE, "%s", "no record");
	if (n > 1)			/* section 4.5 */
		return end(c, SPF_PERMERROR, "%s", "more than one record");
	r = malloc(sizeof *r);
	if (r == NULL)
		return end(c, SPF_TEMPERROR, "%s", "out of memory");
	trace_begin(c->look->trace, "spf-record");
	trace_str(c->look->trace, "domain", c->names.domain);
	trace_bytes(c->look->trace, "record", rr->data, rr->len);
	trace_end(c->look->trace);
	why = spf_record_parse(r, (const char *)rr->data, rr->len);
	rc = why != NULL ? end(c, SPF_PERMERROR, "%s", why) :
	    evaluate(c, r, top);
	free(r);
	return rc;
}

/* Section 4: `top` unless within an include, whose exp does not count. */
static enum spf_result
check_host(struct check *c, const char *domain, bool top)
{
	char name[DNS_NAME_MAX];
	struct dns_answer a;
	enum spf_result rc;
	size_t n = strlen(domain);

	/* Section 4.3: a name with more than one label. */
	if (!dns_name_ok(domain) || memchr(domain, '.', n - 1) == NULL)
		return end(c, SPF_NONE, "%s", "no domain name");
	snprintf(name, sizeof name, "%.*s", (int)(n -
	    (domain[n - 1] == '.')), domain);
	c->names.domain = name;
	dns_answer_init(&a);
	dns(c, DNS_TXT, name, &a);
	if (a.class == DNS_TEMPFAIL)
		rc = end(c, SPF_TEMPERROR, "DNS: %s", a.why);
	else
		rc = with_record(c, &a, top);
	dns_answer_clear(&a);
	c->names.domain = "";
	return rc;
}

/* ---- */

/* "2001:db8::1" as 2.0.0.1.0.d.b.8…: section 7.3. */
static void
set_dotted(struct check *c)
{
	size_t i;

	if (!c->six) {
		memcpy(c->dotted, c->readable, strlen(c->readable) + 1);
		return;
	}
	for (i = 0; i < 32; i++)
		snprintf(c->dotted + 2 * i, 3, "%x%s",
		    c->ip[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15,
		    i < 31 ? "." : "");
}

static int
set_ip(struct check *c)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xff, 0xff };

	c->six = inet_pton(AF_INET, c->ask->ip, c->ip) != 1;
	if (c->six && inet_pton(AF_INET6, c->ask->ip, c->ip) != 1)
		return -1;
	if (c->six && memcmp(c->ip, mapped, sizeof mapped) == 0) {
		memmove(c->ip, c->ip + 12, 4);	/* section 5 */
		c->six = false;
	}
	(void)inet_ntop(c->six ? AF_INET6 : AF_INET, c->ip, c->readable,
	    sizeof c->readable);
	set_dotted(c);
	return 0;
}

/*
 * Section 4.3: no local part is postmaster; no sender is the HELO name.
 * RFC 8616 section 4: U-labels become A-labels; what cannot is no domain.
 */
static void
set_sender(struct check *c)
{
	const char *from = c->ask->mail_from, *at, *domain;

	if (from == NULL || from[0] == '\0')
		from = c->ask->helo;
	at = strrchr(from, '@');
	domain = at != NULL ? at + 1 : from;
	(void)idna_ascii(domain, strlen(domain), c->domain);
	(void)idna_ascii(c->ask->helo, strlen(c->ask->helo), c->helo);
	(void)snprintf(c->local, sizeof c->local, "%.*s", at != NULL &&
	    at > from ? (int)(at - from) : 10, at != NULL && at > from ?
	    from : "postmaster");
	(void)snprintf(c->sender, sizeof c->sender, "%s@%s", c->local,
	    c->domain);
}

static void
trace_verdict(struct check *c)
{
	struct trace *t = c->look->trace;

	trace_begin(t, "spf");
	trace_str(t, "identity", c->ask->mail_from != NULL ? "mailfrom" :
	    "helo");
	trace_str(t, "domain", c->v->domain);
	trace_str(t, "result", spf_result_text(c->v->result));
	trace_str(t, "reason", c->v->reason);
	trace_num(t, "lookups", c->v->lookups);
	trace_num(t, "voids", c->v->voids);
	trace_end(t);
}

void
spf_check(const struct spf_ask *ask, struct lookup *l,
    struct spf_verdict *v)
{
	struct check c = { .ask = ask, .look = l, .v = v };

	memset(v, 0, sizeof *v);
	set_sender(&c);
	memcpy(v->domain, c.domain, sizeof v->domain);
	if (set_ip(&c) == -1) {
		v->result = end(&c, SPF_NONE, "%s", "no address");
		return;
	}
	c.names = (struct spf_names){ .sender = c.sender, .local = c.local,
	    .sender_domain = c.domain, .domain = "", .ip = c.readable,
	    .ip_dotted = c.dotted, .six = c.six,
	    .helo = c.helo[0] != '\0' ? c.helo : ask->helo,
	    .receiver = ask->receiver, .now_s = ask->now_s,
	    .validated = macro_p, .arg = &c };
	v->result = check_host(&c, c.domain, true);
	trace_verdict(&c);
}

const char *
spf_result_text(enum spf_result r)
{
	static const char *const text[] = {
		[SPF_NONE] = "none", [SPF_NEUTRAL] = "neutral",
		[SPF_PASS] = "pass", [SPF_FAIL] = "fail",
		[SPF_SOFTFAIL] = "softfail", [SPF_TEMPERROR] = "temperror",
		[SPF_PERMERROR] = "permerror"
	};

	return text[r];
}
