#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/arc.h"
#include "mailnode/auth/dkim_field.h"
#include "mailnode/auth/signed.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/num.h"

/* The three fields of a set (section 4.1). */
enum part { AAR, AMS, AS, PARTS };

/* A signature of a set: its seal, and of the last set its message's. */
struct mark {
	struct dkim_signature face;	/* domain, selector, algorithm */
	enum sign_alg	 alg;
	uint8_t		 digest[SHA256_OCTETS];
	size_t		 siglen;
	uint8_t		*sig;		/* owned */
	size_t		 query;
	bool		 answered;
	enum signed_result result;
	const char	*why;		/* static text */
};

struct set {
	bool		 has[PARTS];
	size_t		 field[PARTS];	/* indices in the header */
	struct mark	 seal;
	char		*results;	/* owned: of AAR, behind "i=N;" */
};

enum { MARKS = ARC_SETS_MAX + 1 };	/* seals, and one of a message */

struct arc_verify {
	int64_t		 now_s;
	struct trace	*trace;
	struct arc_verdict out;
	bool		 decided;	/* out is final */
	bool		 ended;
	size_t		 n;		/* sets */
	struct set	*set[ARC_SETS_MAX];	/* owned, as found */
	struct mark	 message;
	uint64_t	 limit;
	uint8_t		 bh[SHA256_OCTETS];
	size_t		 body;
	size_t		 nqueries;
	char		 query[MARKS][SIGNED_QUERY_MAX];
};

struct arc_verify *
arc_verify_new(int64_t now_s, struct trace *trace)
{
	struct arc_verify *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->now_s = now_s;
	v->trace = trace;
	return v;
}

void
arc_verify_free(struct arc_verify *v)
{
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < ARC_SETS_MAX; i++)
		if (v->set[i] != NULL) {
			free(v->set[i]->seal.sig);
			free(v->set[i]->results);
			free(v->set[i]);
		}
	free(v->message.sig);
	free(v);
}

/* The first reason stays. */
static void
decide(struct arc_verify *v, enum arc_result r, const char *why)
{
	if (v->decided)
		return;
	v->decided = true;
	v->out.result = r;
	(void)snprintf(v->out.reason, sizeof v->out.reason, "%s", why);
}

static void
bad(struct arc_verify *v, const char *why)
{
	decide(v, ARC_FAIL, why);
}

/* ---- finding the sets ---- */

static const struct {
	const char	*name;
	size_t		 n;
} parts[PARTS] = {
	[AAR] = { "ARC-Authentication-Results", 26 },
	[AMS] = { "ARC-Message-Signature", 21 },
	[AS] = { "ARC-Seal", 8 }
};

static void
value_of(const struct header *h, size_t field, const char **p, size_t *n)
{
	const struct header_field *f = &h->fields[field];

	*p = (const char *)header_text(h, field) + f->name + 1;
	*n = f->len - f->name - 1;
}

static int
instance(const char *p, const char *end, size_t *out)
{
	uint32_t v;

	if (num_u32(p, end, 1, ARC_SETS_MAX, &v) == -1)
		return -1;
	*out = v;
	return 0;
}

static bool
fws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "i=N;" before the results.  *rest: behind the semicolon. */
static int
aar_instance(const char *p, size_t n, size_t *out, const char **rest)
{
	const char *semi = memchr(p, ';', n), *end;

	if (semi == NULL)
		return -1;
	for (end = semi; p < end && fws(*p); )
		p++;
	if (p == end || *p++ != 'i')
		return -1;
	while (p < end && fws(*p))
		p++;
	if (p == end || *p++ != '=')
		return -1;
	while (p < end && fws(*p))
		p++;
	while (end > p && fws(end[-1]))
		end--;
	*rest = semi + 1;
	return instance(p, end, out);
}

static int
tag_instance(const char *p, size_t n, size_t *out)
{
	const struct tag *i;
	struct tags tags;

	if (n > ARC_FIELD_MAX || tags_parse(&tags, p, n) == -1 ||
	    (i = tags_find(&tags, "i")) == NULL)
		return -1;
	return instance(i->value, i->value + i->vlen, out);
}

/* 0; -1: no memory. */
static int
add_field(struct arc_verify *v, const struct header *h, size_t field,
    enum part part)
{
	const char *p, *rest = NULL;
	struct set *s;
	size_t n, i;

	value_of(h, field, &p, &n);
	if ((part == AAR ? aar_instance(p, n, &i, &rest) :
	    tag_instance(p, n, &i)) == -1) {
		bad(v, "a field without an instance of 1 to 50");
		return 0;
	}
	if (v->set[i - 1] == NULL &&
	    (v->set[i - 1] = calloc(1, sizeof *s)) == NULL)
		return -1;
	s = v->set[i - 1];
	if (s->has[part])
		bad(v, "a field twice in one set");
	if (i > v->n)
		v->n = i;
	s->has[part] = true;
	s->field[part] = field;
	if (rest == NULL || s->results != NULL)
		return 0;
	s->results = strndup(rest, (size_t)(p + n - rest));
	return s->results != NULL ? 0 : -1;
}

static int
collect(struct arc_verify *v, const struct header *h)
{
	size_t i, k;

	for (i = 0; i < h->nfields && !v->decided; i++)
		for (k = 0; k < PARTS; k++)
			if (header_is(h, i, parts[k].name, parts[k].n) &&
			    add_field(v, h, i, (enum part)k) == -1)
				return -1;
	return 0;
}

/* ---- reading them ---- */

static int
keep_sig(struct mark *m, const uint8_t *p, size_t n)
{
	m->sig = malloc(n);
	if (m->sig == NULL)
		return -1;
	memcpy(m->sig, p, n);
	m->siglen = n;
	return 0;
}

/* Section 4.1.3: what a seal must and must not have. */
static const char *
seal_fault(const struct tags *t, size_t i)
{
	const struct tag *cv = tags_find(t, "cv"), *time;
	uint64_t when;

	if (tags_find(t, "h") != NULL)
		return "a seal with h=";
	if (cv == NULL)
		return "a seal without cv=";
	if (tag_is(cv, "fail", true))
		return "the chain was broken before";
	if (!tag_is(cv, i == 1 ? "none" : "pass", true))
		return "a seal with the wrong cv=";
	time = tags_find(t, "t");
	if (time != NULL && tag_number(time, UINT64_C(999999999999),
	    &when) == -1)
		return "a seal whose t= is no time";
	return NULL;
}

/* The seal covers all sets up to its own, itself without b= (5.1.1). */
static int
hash_seal(struct arc_verify *v, const struct header *h, size_t last,
    const struct tag *b, struct mark *m)
{
	struct signed_hash hash;
	const struct set *s;
	size_t i, k;
	int rc = 0;

	signed_hash_init(&hash, v->trace);
	for (i = 0; i <= last; i++) {
		s = v->set[i];
		for (k = 0; k < PARTS && rc == 0; k++)
			rc = signed_hash_field(&hash, h, s->field[k],
			    CANON_RELAXED, i == last && k == AS ? b : NULL,
			    i < last || k != AS);
	}
	signed_hash_end(&hash, "arc-seal", m->face.domain, m->digest);
	return rc;
}

static int
read_seal(struct arc_verify *v, const struct header *h, size_t i)
{
	struct mark *m = &v->set[i]->seal;
	uint8_t sig[SIGN_SIG_MAX];
	const struct tag *b;
	const char *p, *why;
	struct tags t;
	size_t n, len;
	bool over;

	value_of(h, v->set[i]->field[AS], &p, &n);
	if (tags_parse(&t, p, n) == -1) {
		bad(v, "a seal that is malformed");
		return 0;
	}
	if ((why = seal_fault(&t, i + 1)) != NULL ||
	    (why = dkim_field_names(&m->face, &t)) != NULL ||
	    (why = dkim_field_algorithm(&m->face, &m->alg, &t)) != NULL) {
		bad(v, why);
		return 0;
	}
	b = tags_find(&t, "b");
	if (b == NULL || tag_base64(b, sig, sizeof sig, &len, &over) == -1) {
		bad(v, "a seal without a signature");
		return 0;
	}
	if (keep_sig(m, sig, len) == -1)
		return -1;
	return hash_seal(v, h, i, b, m);
}

static int
read_message(struct arc_verify *v, const struct header *h, struct bodies *b)
{
	size_t n, field = v->set[v->n - 1]->field[AMS];
	struct mark *m = &v->message;
	struct signed_hash hash;
	struct dkim_field f;
	const char *p;
	int body, rc;

	value_of(h, field, &p, &n);
	dkim_field_parse(&f, &m->face, DKIM_KIND_ARC, p, n, v->now_s);
	if (m->face.result != DKIM_NONE) {
		bad(v, m->face.reason);
		return 0;
	}
	if (tag_has(&f.h, parts[AS].name)) {	/* section 4.1.2 */
		bad(v, "a message signature over seals");
		return 0;
	}
	body = bodies_want(b, f.body, f.limit);
	BUG_ON(body == -1);
	v->body = (size_t)body;
	v->limit = f.limit;
	m->alg = f.alg;
	memcpy(v->bh, f.bh, sizeof v->bh);
	if (keep_sig(m, f.sig, f.siglen) == -1)
		return -1;
	signed_hash_init(&hash, v->trace);
	rc = signed_header(&hash, h, field, f.header, &f.h, &f.b);
	signed_hash_end(&hash, "arc-header", m->face.domain, m->digest);
	return rc;
}

/* Section 5.2, step 3. */
static bool
complete(struct arc_verify *v)
{
	size_t i, k;

	for (i = 0; i < v->n; i++)
		for (k = 0; k < PARTS; k++)
			if (v->set[i] == NULL || !v->set[i]->has[k])
				return false;
	return true;
}

int
arc_verify_begin(struct arc_verify *v, const struct header *h,
    struct bodies *b)
{
	size_t i;

	if (collect(v, h) == -1)
		return -1;
	v->out.sets = v->n;
	if (h->over && v->n > 0)
		bad(v, "header is too large");
	if (v->n == 0)
		decide(v, ARC_NONE, "");
	else if (!complete(v))
		bad(v, "a set that is not complete");
	/* The last first: that a chain was broken is said in its seal. */
	for (i = v->n; i-- > 0 && !v->decided; )
		if (read_seal(v, h, i) == -1)
			return -1;
	return v->decided ? 0 : read_message(v, h, b);
}

/* ---- the body, and the keys ---- */

static void
want(struct arc_verify *v, struct mark *m)
{
	char *name = v->query[v->nqueries];
	size_t i;

	if (signed_query(name, m->face.selector, m->face.domain) == -1) {
		bad(v, "name of the key too long");
		return;
	}
	for (i = 0; i < v->nqueries; i++)
		if (strcmp(v->query[i], name) == 0)
			break;
	m->query = i;
	if (i == v->nqueries)
		v->nqueries++;
}

void
arc_verify_end(struct arc_verify *v, const struct bodies *b)
{
	uint64_t total;
	size_t i;

	v->ended = true;
	if (v->decided)
		return;
	total = bodies_total(b, v->body);
	if (v->limit != BODIES_ALL && v->limit != total)
		bad(v, v->limit > total ? "l= is more than the body has" :
		    "l= leaves part of the body unsigned");
	else if (memcmp(bodies_digest(b, v->body), v->bh, sizeof v->bh) != 0)
		bad(v, "body hash did not verify");
	for (i = 0; i < v->n && !v->decided; i++)
		want(v, &v->set[i]->seal);
	if (!v->decided)
		want(v, &v->message);
}

const char *
arc_verify_ask(const struct arc_verify *v, size_t i)
{
	return v->ended && !v->decided && i < v->nqueries ? v->query[i] :
	    NULL;
}

static void
try_key(struct mark *m, const struct dns_answer *a)
{
	struct signed_check c = { .alg = m->alg, .digest = m->digest,
	    .sig = m->sig, .siglen = m->siglen };

	m->result = signed_verify(&c, a);
	m->why = c.why;
	m->answered = true;
}

void
arc_verify_answer(struct arc_verify *v, size_t query,
    const struct dns_answer *a)
{
	size_t i;

	BUG_ON(query >= v->nqueries);
	for (i = 0; i < v->n; i++)
		if (v->set[i]->seal.query == query)
			try_key(&v->set[i]->seal, a);
	if (v->message.query == query)
		try_key(&v->message, a);
}

/* A mark that does not hold decides; one not known holds the rest back. */
static void
check(struct arc_verify *v, const struct mark *m, bool *unknown)
{
	if (!m->answered || m->result == SIGNED_TEMPERROR)
		*unknown = true;
	else if (m->result != SIGNED_PASS)
		bad(v, m->why);
}

static void
trace_verdict(const struct arc_verify *v)
{
	trace_begin(v->trace, "arc");
	trace_num(v->trace, "sets", v->n);
	trace_str(v->trace, "result", arc_result_text(v->out.result));
	trace_str(v->trace, "reason", v->out.reason);
	trace_end(v->trace);
}

void
arc_verify_result(struct arc_verify *v, struct arc_verdict *out)
{
	bool unknown = false;
	size_t i;

	if (!v->decided) {
		check(v, &v->message, &unknown);
		for (i = v->n; i-- > 0; )
			check(v, &v->set[i]->seal, &unknown);
		decide(v, unknown ? ARC_TEMPERROR : ARC_PASS, unknown ?
		    "DNS: no answer" : "");
	}
	trace_verdict(v);
	*out = v->out;
}

const char *
arc_sealer(const struct arc_verify *v, size_t i)
{
	return i > 0 && i <= v->n && v->set[i - 1] != NULL ?
	    v->set[i - 1]->seal.face.domain : NULL;
}

const char *
arc_results(const struct arc_verify *v, size_t i)
{
	return i > 0 && i <= v->n && v->set[i - 1] != NULL ?
	    v->set[i - 1]->results : NULL;
}

const char *
arc_result_text(enum arc_result r)
{
	static const char *const text[] = {
		[ARC_NONE] = "none", [ARC_PASS] = "pass",
		[ARC_FAIL] = "fail", [ARC_TEMPERROR] = "temperror"
	};

	return text[r];
}
