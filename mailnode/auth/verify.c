#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/results.h"
#include "mailnode/auth/verify.h"
#include "mailnode/node/idna.h"

enum {
	SIGNATURES = RESULTS_MAX - 8,	/* told in the field */
	LINE_SIGNATURES = 4	/* told in the line, which has room for all */
};

struct auth_verify {
	struct auth_conn	 conn;		/* borrowed strings */
	struct message		 message;
	struct dkim_verify	*dkim;
	struct arc_verify	*arc;
	const struct dkim_signature *sigs[SIGNATURES];
	struct auth_verdict	 v;
	enum auth_action	 action;
	char			 why[AUTH_WHY_MAX];
};

/* ---- the header ---- */

static void
add_from(struct auth_verdict *v, const struct header *h)
{
	const struct header_field *f;
	size_t i;

	v->header_over = h->over;
	for (i = 0; i < h->nfields; i++) {
		if (!header_is(h, i, "From", 4))
			continue;
		f = &h->fields[i];
		v->from_fields++;
		from_add(&v->from, (const char *)header_text(h, i) +
		    f->name + 1, f->len - f->name - 1);
	}
}

static int
begin(void *arg, struct message *m)
{
	struct auth_verify *a = arg;

	add_from(&a->v, &m->header);
	if (dkim_verify_begin(a->dkim, &m->header, &m->bodies) == -1)
		return -1;
	return arc_verify_begin(a->arc, &m->header, &m->bodies);
}

struct auth_verify *
auth_verify_new(const struct auth_conn *c)
{
	struct auth_verify *a;

	a = calloc(1, sizeof *a);
	if (a == NULL)
		return NULL;
	a->conn = *c;
	message_init(&a->message, begin, a, c->trace);
	from_init(&a->v.from);
	a->dkim = dkim_verify_new(c->now_s, c->trace);
	a->arc = arc_verify_new(c->now_s, c->trace);
	if (a->dkim == NULL || a->arc == NULL) {
		auth_verify_free(a);
		return NULL;
	}
	a->v.ip = c->ip;
	a->v.dkim = a->sigs;
	a->v.chain = a->arc;
	return a;
}

void
auth_verify_free(struct auth_verify *a)
{
	if (a == NULL)
		return;
	message_clear(&a->message);
	dkim_verify_free(a->dkim);
	arc_verify_free(a->arc);
	free(a);
}

int
auth_verify_feed(struct auth_verify *a, const void *p, size_t n)
{
	return message_feed(&a->message, p, n);
}

/* ---- keys ---- */

typedef const char *next_name(const void *of, size_t i);
typedef void take_answer(void *of, size_t i, const struct dns_answer *a);

static const char *
dkim_name(const void *of, size_t i)
{
	return dkim_verify_ask(of, i);
}

static void
dkim_answer(void *of, size_t i, const struct dns_answer *a)
{
	dkim_verify_answer(of, i, a);
}

static const char *
arc_name(const void *of, size_t i)
{
	return arc_verify_ask(of, i);
}

static void
arc_answer(void *of, size_t i, const struct dns_answer *a)
{
	arc_verify_answer(of, i, a);
}

static void
keys(struct lookup *l, const char *who, next_name *name, take_answer *take,
    void *of)
{
	struct dns_question q[ARC_SETS_MAX + 1];
	size_t i, n;

	_Static_assert((int)ARC_SETS_MAX + 1 <= (int)DNS_ASK_MANY &&
	    (int)DKIM_SIGNATURES_MAX <= (int)ARC_SETS_MAX,
	    "all keys of a message are asked for at once");
	for (n = 0; n < sizeof q / sizeof q[0]; n++) {
		q[n] = (struct dns_question){ .type = DNS_TXT,
		    .name = name(of, n) };
		if (q[n].name == NULL)
			break;
		dns_answer_init(&q[n].answer);
	}
	if (n > 0)
		lookup_many(l, who, q, n);
	for (i = 0; i < n; i++) {
		take(of, i, &q[i].answer);
		dns_answer_clear(&q[i].answer);
	}
}

/* ---- who sent it ---- */

/* RFC 7208 section 2.3: a HELO that is no name is not checked. */
static bool
is_name(const char *helo)
{
	char name[DNS_NAME_MAX];

	return helo != NULL && helo[0] != '[' && strchr(helo, '.') != NULL &&
	    idna_ascii(helo, strlen(helo), name) == 0;
}

static void
spf_of(struct auth_verify *a, struct lookup *l, const char *mail_from,
    struct spf_verdict *v)
{
	const struct auth_conn *c = &a->conn;
	struct spf_ask q = { .ip = c->ip, .helo = c->helo != NULL ? c->helo :
	    "", .mail_from = mail_from, .receiver = c->authserv_id,
	    .now_s = c->now_s };

	spf_check(&q, l, v);
}

static void
sender(struct auth_verify *a, struct lookup *l)
{
	const struct auth_conn *c = &a->conn;

	if (c->ip == NULL || c->mail_from == NULL)
		return;
	spf_of(a, l, c->mail_from, &a->v.spf);
	a->v.has_spf = true;
}

static void
client(struct auth_verify *a, struct lookup *l)
{
	const struct auth_conn *c = &a->conn;

	if (c->ip == NULL)
		return;
	iprev_check(c->ip, l, &a->v.iprev);
	if ((c->mail_from == NULL || c->mail_from[0] != '\0') &&
	    is_name(c->helo)) {
		spf_of(a, l, NULL, &a->v.helo);
		a->v.has_helo = true;
	}
}

/* ---- the author ---- */

static void
author(struct auth_verify *a, struct lookup *l)
{
	struct dmarc_id ids[SIGNATURES + 1];
	struct auth_verdict *v = &a->v;
	size_t i, n = 0;

	/* RFC 9989 section 4.4.2: MAIL FROM, or with <> the HELO name. */
	if (v->has_spf && (v->spf.result == SPF_PASS ||
	    v->spf.result == SPF_TEMPERROR))
		ids[n++] = (struct dmarc_id){ v->spf.domain, false,
		    v->spf.result == SPF_TEMPERROR };
	for (i = 0; i < v->ndkim; i++)
		if (!v->dkim[i]->partial &&
		    (v->dkim[i]->result == DKIM_PASS ||
		    v->dkim[i]->result == DKIM_TEMPERROR))
			ids[n++] = (struct dmarc_id){ v->dkim[i]->domain,
			    true, v->dkim[i]->result == DKIM_TEMPERROR };
	dmarc_check_from(&v->from, ids, n, l, &v->dmarc);
	if ((v->from_fields > 1 || v->header_over) &&
	    (v->dmarc.result == DMARC_PASS || v->dmarc.result == DMARC_NONE))
		v->dmarc.result = DMARC_PERMERROR;
}

static void
collect(struct auth_verify *a)
{
	struct auth_verdict *v = &a->v;

	while (v->ndkim < SIGNATURES && (a->sigs[v->ndkim] =
	    dkim_verify_result(a->dkim, v->ndkim)) != NULL)
		v->ndkim++;
	arc_verify_result(a->arc, &v->arc);
}

static void
trace_action(struct auth_verify *a)
{
	trace_begin(a->conn.trace, "action");
	trace_str(a->conn.trace, "action", auth_action_text(a->action));
	trace_str(a->conn.trace, "reason", a->why);
	trace_end(a->conn.trace);
}

int
auth_verify_with(struct auth_verify *a, struct lookup *l)
{
	if (message_end(&a->message) == -1)
		return -1;
	dkim_verify_end(a->dkim, &a->message.bodies);
	arc_verify_end(a->arc, &a->message.bodies);
	lookup_phase(l, AUTH_KEYS_MS);
	keys(l, "dkim", dkim_name, dkim_answer, a->dkim);
	keys(l, "arc", arc_name, arc_answer, a->arc);
	collect(a);
	lookup_phase(l, AUTH_SPF_MS);
	sender(a, l);
	lookup_phase(l, AUTH_DNS_MS);
	author(a, l);
	client(a, l);
	a->action = auth_judge(&a->v, &a->conn.trust, a->why);
	trace_action(a);
	return 0;
}

int
auth_verify_end(struct auth_verify *a, int dns)
{
	struct lookup_channel c;
	struct lookup l;

	lookup_over(&l, &c, dns, AUTH_DNS_MS, a->conn.trace);
	c.memo = a->conn.memo;
	return auth_verify_with(a, &l);
}

const struct auth_verdict *
auth_verify_verdict(const struct auth_verify *a)
{
	return &a->v;
}

enum auth_action
auth_verify_action(const struct auth_verify *a, const char **why)
{
	*why = a->why;
	return a->action;
}

/* ---- telling ---- */

static struct results_item *
add_item(struct results_item *items, size_t *n, const char *method,
    const char *result, const char *reason)
{
	struct results_item *it = &items[(*n)++];

	memset(it, 0, sizeof *it);
	it->method = method;
	it->result = result;
	it->reason = reason;
	return it;
}

static void
add_prop(struct results_item *it, const char *ptype, const char *name,
    const char *value)
{
	if (value[0] != '\0')
		it->props[it->nprops++] =
		    (struct results_prop){ ptype, name, value };
}

/* RFC 8601 section 2.7.1, header.b by RFC 6008, header.a and .s by 8601. */
static void
dkim_items(const struct auth_verdict *v, struct results_item *items,
    size_t *n)
{
	const struct dkim_signature *s;
	struct results_item *it;
	size_t i;

	for (i = 0; i < v->ndkim; i++) {
		s = v->dkim[i];
		it = add_item(items, n, "dkim", dkim_result_text(s->result),
		    s->reason);
		add_prop(it, "header", "d", s->domain);
		if (s->identity[0] != '\0' && s->identity[0] != '@')
			add_prop(it, "header", "i", s->identity);
		add_prop(it, "header", "s", s->selector);
		add_prop(it, "header", "a", s->algorithm);
		add_prop(it, "header", "b", s->b);
	}
	/* Section 2.7.1: "none" is said when nothing was signed. */
	if (v->ndkim == 0)
		(void)add_item(items, n, "dkim", dkim_result_text(DKIM_NONE),
		    NULL);
}

/* Section 2.7.2.  With <> the name of HELO is what was checked. */
static void
spf_items(const struct auth_verify *a, struct results_item *items,
    size_t *n)
{
	const struct auth_verdict *v = &a->v;
	struct results_item *it;

	if (v->has_spf) {
		it = add_item(items, n, "spf", spf_result_text(
		    v->spf.result), v->spf.reason);
		if (a->conn.mail_from[0] != '\0')
			add_prop(it, "smtp", "mailfrom", a->conn.mail_from);
		else
			add_prop(it, "smtp", "helo", v->spf.domain);
	}
	if (v->has_helo) {
		it = add_item(items, n, "spf", spf_result_text(
		    v->helo.result), v->helo.reason);
		add_prop(it, "smtp", "helo", v->helo.domain);
	}
}

static void
dmarc_item(const struct auth_verify *a, struct results_item *items,
    size_t *n)
{
	const struct dmarc_verdict *d = &a->v.dmarc;
	struct results_item *it;

	it = add_item(items, n, "dmarc", dmarc_result_text(d->result),
	    a->action == AUTH_MARK ? a->why : d->reason);
	add_prop(it, "header", "from", d->domain);
	if (d->result == DMARC_PASS || d->result == DMARC_FAIL)
		add_prop(it, "policy", "dmarc",
		    dmarc_policy_text(d->policy));
}

int
auth_verify_put(struct auth_verify *a, struct buf *out)
{
	struct results_item items[RESULTS_MAX];
	const struct auth_verdict *v = &a->v;
	size_t n = 0;

	dkim_items(v, items, &n);
	spf_items(a, items, &n);
	dmarc_item(a, items, &n);
	if (v->arc.result != ARC_NONE)
		(void)add_item(items, &n, "arc", arc_result_text(
		    v->arc.result), v->arc.reason);
	if (v->ip != NULL)
		add_prop(add_item(items, &n, "iprev", iprev_result_text(
		    v->iprev.result), NULL), "policy", "iprev", v->ip);
	return results_put(out, a->conn.authserv_id, items, n);
}

static void
word(struct buf *out, const char *method, const char *result,
    const char *detail)
{
	buf_addf(out, "%s%s=%s", out->len > 0 ? " " : "", method, result);
	if (detail != NULL && detail[0] != '\0')
		buf_addf(out, "(%s)", detail);
}

int
auth_verify_line(struct auth_verify *a, struct buf *out)
{
	const struct auth_verdict *v = &a->v;
	size_t i;

	for (i = 0; i < v->ndkim && i < LINE_SIGNATURES; i++)
		word(out, "dkim", dkim_result_text(v->dkim[i]->result),
		    v->dkim[i]->domain);
	if (v->ndkim == 0)
		word(out, "dkim", "none", NULL);
	if (v->ndkim > LINE_SIGNATURES)
		buf_addf(out, " and %zu more", v->ndkim - LINE_SIGNATURES);
	if (v->has_spf)
		word(out, "spf", spf_result_text(v->spf.result),
		    v->spf.domain);
	word(out, "dmarc", dmarc_result_text(v->dmarc.result),
	    v->dmarc.domain);
	if (v->arc.result != ARC_NONE)
		word(out, "arc", arc_result_text(v->arc.result),
		    arc_sealer(v->chain, v->arc.sets));
	if (v->ip != NULL)
		word(out, "iprev", iprev_result_text(v->iprev.result),
		    v->iprev.name);
	if (a->action != AUTH_TAKE)
		word(out, "auth", auth_action_text(a->action), a->why);
	return out->err != 0 ? -1 : 0;
}
