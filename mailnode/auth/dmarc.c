#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/auth/dmarc.h"

/* One name of a walk. */
struct step {
	const char	*name;		/* within the domain walked from */
	bool		 failed;	/* the DNS did not say */
	bool		 found;
	struct dmarc_record tags;
};

struct walk {
	char		 domain[DNS_NAME_MAX];
	size_t		 n;		/* steps up to where it stopped */
	struct step	 step[DMARC_LABELS_MAX];
};

static size_t
labels(const char *name)
{
	size_t n = name[0] != '\0';

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

/* Section 4.10, steps 1 to 7: the names to ask for, longest first. */
static void
plan(struct walk *w, const char *domain)
{
	const char *p = w->domain, *dot;

	memset(w, 0, sizeof *w);
	(void)snprintf(w->domain, sizeof w->domain, "%s", domain);
	while (p != NULL && *p != '\0' && w->n < DMARC_LABELS_MAX) {
		w->step[w->n++].name = p;
		do {
			dot = strchr(p, '.');
			p = dot != NULL ? dot + 1 : NULL;
		} while (p != NULL && labels(p) >= DMARC_LABELS_MAX);
	}
}

/* Sections 4.10 step 2 and 6: several records are none. */
static void
read_answer(struct step *s, const struct dns_answer *a)
{
	const struct dns_rr *rr = NULL;
	size_t i, n = 0;

	s->failed = a->class == DNS_TEMPFAIL;
	for (i = 0; i < a->nrr; i++)
		if (dmarc_is_record((const char *)a->rr[i].data,
		    a->rr[i].len)) {
			rr = &a->rr[i];
			n++;
		}
	s->found = n == 1 && dmarc_record_parse(&s->tags,
	    (const char *)rr->data, rr->len);
}

/* Cuts the walk behind the step that ends it. */
static void
stop(struct walk *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->step[i].failed || (w->step[i].found &&
		    w->step[i].tags.psd != DMARC_PSD_U))
			w->n = i + 1;
}

/*
 * All names at once: the walk costs one round trip, and what it would not
 * have asked is not looked at.
 */
static void
walk(struct walk *w, const char *domain, struct lookup *l)
{
	char name[DMARC_LABELS_MAX][DNS_NAME_MAX];
	struct dns_question q[DMARC_LABELS_MAX];
	size_t i;
	int len;

	plan(w, domain);
	for (i = 0; i < w->n; i++) {
		len = snprintf(name[i], sizeof name[i], "_dmarc.%s",
		    w->step[i].name);
		/* A name too long cannot be in the DNS: an empty one is none. */
		if (len < 0 || (size_t)len >= sizeof name[i])
			name[i][0] = '\0';
		q[i] = (struct dns_question){ .type = DNS_TXT,
		    .name = name[i] };
		dns_answer_init(&q[i].answer);
	}
	if (w->n > 0)
		lookup_many(l, "dmarc", q, w->n);
	for (i = 0; i < w->n; i++) {
		read_answer(&w->step[i], &q[i].answer);
		dns_answer_clear(&q[i].answer);
	}
	stop(w);
}

static bool
walk_failed(const struct walk *w)
{
	return w->n > 0 && w->step[w->n - 1].failed;
}

/* The name one label longer than `above`, within the domain of the walk. */
static const char *
below(const struct walk *w, const char *above)
{
	const char *p = above;

	if (p - w->domain < 2)
		return w->domain;
	for (p -= 2; p > w->domain && p[-1] != '.'; )
		p--;
	return p;
}

/* Section 4.10.2. */
static const char *
organization(const struct walk *w)
{
	const char *org = w->domain;
	const struct step *s;
	size_t i;

	for (i = 0; i < w->n; i++) {
		s = &w->step[i];
		if (!s->found)
			continue;
		if (s->tags.psd == DMARC_PSD_N)
			return s->name;
		if (s->tags.psd == DMARC_PSD_Y && i > 0)
			return below(w, s->name);
		org = s->name;
	}
	return org;
}

/* Section 4.10.1: that of the domain, of the organization, of the suffix. */
static const struct step *
policy_step(const struct walk *w, const char *org)
{
	const struct step *last;
	size_t i;

	if (w->n > 0 && w->step[0].found)
		return &w->step[0];
	for (i = 0; i < w->n; i++)
		if (w->step[i].found && w->step[i].name == org)
			return &w->step[i];
	last = w->n > 0 ? &w->step[w->n - 1] : NULL;
	return last != NULL && last->found && last->tags.psd == DMARC_PSD_Y ?
	    last : NULL;
}

struct check {
	struct lookup		*look;
	struct dmarc_verdict	*v;
	struct walk		 walk;		/* of the author domain */
	bool			 no_org;	/* that walk failed */
	size_t			 walks;
	bool			 failed;	/* an alignment is not known */
};

static void
end(struct check *c, enum dmarc_result r, const char *why)
{
	c->v->result = r;
	(void)snprintf(c->v->reason, sizeof c->v->reason, "%s", why);
}

/* The policy for a name below that of the record: sp, or np if the name is
 * not there at all (RFC 8020).  False: the DNS does not say. */
static bool
inherited(struct check *c)
{
	struct dmarc_verdict *v = c->v;
	struct dns_answer a;
	enum dns_class class;

	v->policy = v->tags.has_sp ? v->tags.sp : v->tags.p;
	if (!v->tags.has_np)
		return true;
	dns_answer_init(&a);
	class = lookup_one(c->look, "dmarc-np", DNS_A, v->domain, &a);
	dns_answer_clear(&a);
	if (class == DNS_NXDOMAIN)
		v->policy = v->tags.np;
	return class != DNS_TEMPFAIL;
}

/* Section 4.10.1, the last paragraphs; true when there is a policy. */
static bool
valid(struct dmarc_record *t)
{
	if (t->has_p && !t->bad)
		return true;
	t->has_sp = t->has_np = false;
	t->p = DMARC_POLICY_NONE;
	return t->reports;
}

/* A policy one level below, while its owner is testing: section 4.7, t. */
static void
weaken(struct dmarc_verdict *v)
{
	if (!v->tags.testing || v->policy == DMARC_POLICY_NONE)
		return;
	v->policy = v->policy == DMARC_POLICY_REJECT ?
	    DMARC_POLICY_QUARANTINE : DMARC_POLICY_NONE;
}

/* False: result is decided. */
static bool
find_policy(struct check *c)
{
	struct dmarc_verdict *v = c->v;
	const struct step *s;
	const char *org;

	walk(&c->walk, v->domain, c->look);
	c->no_org = walk_failed(&c->walk);
	org = organization(&c->walk);
	s = policy_step(&c->walk, org);
	if (c->no_org && s != &c->walk.step[0]) {
		end(c, DMARC_TEMPERROR, "DNS does not say whether there is "
		    "a policy");
		return false;
	}
	if (!c->no_org)
		(void)snprintf(v->org, sizeof v->org, "%s", org);
	if (s == NULL) {
		end(c, DMARC_NONE, "no policy");
		return false;
	}
	v->tags = s->tags;
	(void)snprintf(v->record, sizeof v->record, "%s", s->name);
	if (!valid(&v->tags)) {
		end(c, DMARC_NONE, "no valid policy");
		return false;
	}
	v->policy = v->tags.p;
	if (s != &c->walk.step[0] && !inherited(c)) {
		end(c, DMARC_TEMPERROR, "DNS does not say whether the "
		    "domain exists");
		return false;
	}
	weaken(v);
	return true;
}

static bool
within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return n >= d && strcmp(name + n - d, domain) == 0 &&
	    (n == d || name[n - d - 1] == '.');
}

/* Section 4.10.2, relaxed: both have the same organizational domain. */
static bool
same_organization(struct check *c, const char *domain)
{
	struct walk w;

	if (strcmp(domain, c->v->domain) == 0)
		return true;
	if (c->no_org) {
		c->failed = true;
		return false;
	}
	/* Its organization is the name itself or one above it. */
	if (!within(domain, c->v->org) || c->walks == DMARC_WALKS_MAX)
		return false;
	c->walks++;
	walk(&w, domain, c->look);
	if (walk_failed(&w)) {
		c->failed = true;
		return false;
	}
	return strcmp(organization(&w), c->v->org) == 0;
}

static void
align(struct check *c, const struct dmarc_id *id)
{
	struct dmarc_verdict *v = c->v;
	char *to = id->dkim ? v->dkim : v->spf;
	bool strict = id->dkim ? v->tags.strict_dkim : v->tags.strict_spf;

	if (id->domain[0] == '\0' || to[0] != '\0')
		return;
	if (!(strict ? strcmp(id->domain, v->domain) == 0 :
	    same_organization(c, id->domain)))
		return;
	/* Section 5.3.6: a message is no failure that might be a pass. */
	if (id->unknown)
		c->failed = true;
	else
		(void)snprintf(to, DNS_NAME_MAX, "%s", id->domain);
}

static void
trace_verdict(struct trace *t, const struct dmarc_verdict *v)
{
	trace_begin(t, "dmarc");
	trace_str(t, "domain", v->domain);
	trace_str(t, "record", v->record);
	trace_str(t, "organization", v->org);
	trace_str(t, "policy", dmarc_policy_text(v->policy));
	trace_str(t, "dkim", v->dkim);
	trace_str(t, "spf", v->spf);
	trace_str(t, "result", dmarc_result_text(v->result));
	trace_str(t, "reason", v->reason);
	trace_end(t);
}

/* SPF first: many signatures must not use up the walks it needs. */
static void
align_all(struct check *c, const struct dmarc_id *ids, size_t n)
{
	size_t i, pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < n; i++)
			if (ids[i].dkim == (pass == 1))
				align(c, &ids[i]);
	if (c->v->dkim[0] != '\0' || c->v->spf[0] != '\0')
		end(c, DMARC_PASS, "");
	else if (c->failed)
		end(c, DMARC_TEMPERROR, "DNS does not say whether a domain "
		    "is aligned");
	else
		end(c, DMARC_FAIL, "nothing aligned has passed");
}

void
dmarc_check(const char *domain, const struct dmarc_id *ids, size_t n,
    struct lookup *l, struct dmarc_verdict *v)
{
	struct check c = { .look = l, .v = v };
	uint8_t ip[16];

	memset(v, 0, sizeof *v);
	(void)snprintf(v->domain, sizeof v->domain, "%s", domain);
	/* Section 5.3.1: an address literal is no domain. */
	if (!dns_name_ok(domain) || domain[0] == '[' ||
	    inet_pton(AF_INET, domain, ip) == 1)
		end(&c, DMARC_NONE, "no author domain");
	else if (find_policy(&c))
		align_all(&c, ids, n);
	trace_verdict(l->trace, v);
}

/* How bad a verdict is: what is refused, then what is junk, then doubt. */
static int
weight(const struct dmarc_verdict *v)
{
	switch (v->result) {
	case DMARC_PASS:
		return 0;
	case DMARC_NONE:
		return 1;
	case DMARC_PERMERROR:
		return 2;
	case DMARC_TEMPERROR:
		return 3;
	default:
		return 4 + (int)v->policy;
	}
}

void
dmarc_check_from(const struct from *f, const struct dmarc_id *ids, size_t n,
    struct lookup *l, struct dmarc_verdict *v)
{
	struct dmarc_verdict one;
	size_t i;

	memset(v, 0, sizeof *v);
	(void)snprintf(v->reason, sizeof v->reason, "%s",
	    "no author domain");
	for (i = 0; i < f->ndomains; i++) {
		dmarc_check(f->domain[i], ids, n, l, &one);
		if (i == 0 || weight(&one) > weight(v))
			*v = one;
	}
	if (f->more && weight(v) <= 2) {
		v->result = DMARC_PERMERROR;
		(void)snprintf(v->reason, sizeof v->reason, "%s",
		    "too many author domains");
	}
}

const char *
dmarc_result_text(enum dmarc_result r)
{
	static const char *const text[] = {
		[DMARC_NONE] = "none", [DMARC_PASS] = "pass",
		[DMARC_FAIL] = "fail", [DMARC_TEMPERROR] = "temperror",
		[DMARC_PERMERROR] = "permerror"
	};

	return text[r];
}
