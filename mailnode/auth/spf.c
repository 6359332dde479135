#define _GNU_SOURCE	/* memrchr */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/spf_parts.h"
#include "mailnode/node/idna.h"

enum spf_result
spf_end(struct spf_check *c, enum spf_result r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->v->reason, sizeof c->v->reason, fmt, ap);
	va_end(ap);
	return r;
}

void
spf_dns(struct spf_check *c, enum dns_type type, const char *name,
    struct dns_answer *a)
{
	(void)lookup_one(c->look, "spf", type, name, a);
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
explain(struct spf_check *c, struct spf_text exp)
{
	char name[DNS_NAME_MAX];
	struct dns_answer a;
	struct buf b;
	size_t i;

	if (exp.n == 0 || !spf_target(c, exp, name))
		return;
	dns_answer_init(&a);
	buf_init(&b, SPF_TEXT_MAX);
	spf_dns(c, DNS_TXT, name, &a);
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
trace_redirect(struct spf_check *c, struct spf_text spec)
{
	struct trace *t = c->look->trace;

	trace_begin(t, "spf-redirect");
	trace_str(t, "domain", c->names.domain);
	trace_bytes(t, "to", spec.p, spec.n);
	trace_num(t, "lookups", c->v->lookups);
	trace_end(t);
}

static enum spf_result
redirect(struct spf_check *c, struct spf_text spec, bool top)
{
	char name[DNS_NAME_MAX];
	enum spf_result r;
	bool named;

	c->v->lookups++;
	trace_redirect(c, spec);
	if (c->v->lookups > SPF_LOOKUPS_MAX)
		return spf_end(c, SPF_PERMERROR, "too many lookups");
	named = spf_target(c, spec, name);
	if (c->v->voids > SPF_VOIDS_MAX)	/* of a %{p} */
		return spf_end(c, SPF_PERMERROR, "too many void lookups");
	if (!named)
		return spf_end(c, SPF_PERMERROR, "redirect to no domain");
	r = spf_host(c, name, top);
	if (r == SPF_NONE)
		return spf_end(c, SPF_PERMERROR, "redirect to a domain without "
		    "a record");
	return r;
}

/* Lookups are those of the whole check so far: the tenth is the last. */
static void
trace_term(struct spf_check *c, const struct spf_term *term, bool match)
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
evaluate(struct spf_check *c, const struct spf_record *r, bool top)
{
	enum spf_result rc;
	bool match;
	size_t i;

	for (i = 0; i < r->nterms; i++) {
		rc = spf_match(c, &r->term[i], &match);
		trace_term(c, &r->term[i], match);
		if (rc != SPF_NONE)
			return rc;
		if (!match)
			continue;
		rc = of_qualifier(r->term[i].qualifier);
		(void)spf_end(c, rc, "%.*s", (int)r->term[i].whole.n,
		    r->term[i].whole.p);
		if (rc == SPF_FAIL && top)
			explain(c, r->exp);
		return rc;
	}
	if (r->redirect.n > 0)
		return redirect(c, r->redirect, top);
	return spf_end(c, SPF_NEUTRAL, "%s", "no mechanism matches");
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
with_record(struct spf_check *c, const struct dns_answer *a, bool top)
{
	struct spf_record *r;
	const struct dns_rr *rr;
	enum spf_result rc;
	const char *why;
	size_t n;

	rr = find_record(a, &n);
	if (n == 0)
		return spf_end(c, SPF_NONE, "%s", "no record");
	if (n > 1)			/* section 4.5 */
		return spf_end(c, SPF_PERMERROR, "%s", "more than one record");
	r = malloc(sizeof *r);
	if (r == NULL)
		return spf_end(c, SPF_TEMPERROR, "%s", "out of memory");
	trace_begin(c->look->trace, "spf-record");
	trace_str(c->look->trace, "domain", c->names.domain);
	trace_bytes(c->look->trace, "record", rr->data, rr->len);
	trace_end(c->look->trace);
	why = spf_record_parse(r, (const char *)rr->data, rr->len);
	rc = why != NULL ? spf_end(c, SPF_PERMERROR, "%s", why) :
	    evaluate(c, r, top);
	free(r);
	return rc;
}

/* Section 4: `top` unless within an include, whose exp does not count. */
enum spf_result
spf_host(struct spf_check *c, const char *domain, bool top)
{
	char name[DNS_NAME_MAX];
	struct dns_answer a;
	enum spf_result rc;
	size_t n = strlen(domain);

	/* Section 4.3: a name with more than one label. */
	if (!dns_question_ok(domain) || memchr(domain, '.', n - 1) == NULL)
		return spf_end(c, SPF_NONE, "%s", "no domain name");
	snprintf(name, sizeof name, "%.*s", (int)(n -
	    (domain[n - 1] == '.')), domain);
	c->names.domain = name;
	dns_answer_init(&a);
	spf_dns(c, DNS_TXT, name, &a);
	if (a.class == DNS_TEMPFAIL)
		rc = spf_end(c, SPF_TEMPERROR, "DNS: %s", a.why);
	else
		rc = with_record(c, &a, top);
	dns_answer_clear(&a);
	c->names.domain = "";
	return rc;
}

/* ---- */

/* "2001:db8::1" as 2.0.0.1.0.D.B.8…: section 7.3. */
static void
set_dotted(struct spf_check *c)
{
	size_t i;

	if (!c->six) {
		memcpy(c->dotted, c->readable, strlen(c->readable) + 1);
		return;
	}
	for (i = 0; i < 32; i++)
		snprintf(c->dotted + 2 * i, 3, "%X%s",
		    c->ip[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15,
		    i < 31 ? "." : "");
}

static int
set_ip(struct spf_check *c)
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
set_sender(struct spf_check *c)
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
trace_verdict(struct spf_check *c)
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
	struct spf_check c = { .ask = ask, .look = l, .v = v };

	memset(v, 0, sizeof *v);
	set_sender(&c);
	memcpy(v->domain, c.domain, sizeof v->domain);
	if (set_ip(&c) == -1) {
		v->result = spf_end(&c, SPF_NONE, "%s", "no address");
		return;
	}
	c.names = (struct spf_names){ .sender = c.sender, .local = c.local,
	    .sender_domain = c.domain, .domain = "", .ip = c.readable,
	    .ip_dotted = c.dotted, .six = c.six,
	    .helo = c.helo[0] != '\0' ? c.helo : ask->helo,
	    .receiver = ask->receiver, .now_s = ask->now_s,
	    .validated = spf_macro_p, .arg = &c };
	v->result = spf_host(&c, c.domain, true);
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
