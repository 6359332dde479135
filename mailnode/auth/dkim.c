#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/dkim.h"
#include "mailnode/auth/dkim_field.h"
#include "mailnode/auth/signed.h"
#include "mailnode/base/bug.h"

_Static_assert((int)DKIM_SIGNATURES_MAX < (int)BODIES_MAX,
    "each signature may want a body of its own");

static const char body_altered[] = "body hash did not verify";

struct sig {
	struct dkim_signature	 face;
	enum sign_alg		 alg;
	bool			 below;
	bool			 altered;	/* the body */
	uint64_t		 limit;
	uint8_t			 bh[SHA256_OCTETS];
	uint8_t			 digest[SHA256_OCTETS];	/* of the header */
	size_t			 siglen;
	uint8_t			*sig;		/* owned */
	size_t			 body, query;	/* indices */
};

struct dkim_verify {
	int64_t			 now_s;
	struct trace		*trace;
	bool			 ended;
	size_t			 nsigs, more;	/* more: past the cap */
	struct sig		*sigs[DKIM_SIGNATURES_MAX];	/* owned */
	struct dkim_signature	 rest;		/* face of those past it */
	size_t			 nqueries;
	char			 query[DKIM_SIGNATURES_MAX][SIGNED_QUERY_MAX];
};

struct dkim_verify *
dkim_verify_new(int64_t now_s, struct trace *trace)
{
	struct dkim_verify *v;

	v = calloc(1, sizeof *v);
	if (v == NULL)
		return NULL;
	v->now_s = now_s;
	v->trace = trace;
	return v;
}

void
dkim_verify_free(struct dkim_verify *v)
{
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < v->nsigs; i++) {
		free(v->sigs[i]->sig);
		free(v->sigs[i]);
	}
	free(v);
}

/* ---- the header ---- */

/* RFC 5322 section 3.6: a reader may show another From than was signed. */
static bool
refuse_header(const struct header *h, struct dkim_signature *face)
{
	size_t n;

	if (h->over) {
		dkim_decide(face, DKIM_PERMERROR, "header is too large");
		return true;
	}
	n = header_count(h, "From");
	if (n == 1)
		return false;
	dkim_decide(face, DKIM_PERMERROR, n == 0 ? "no From field" :
	    "more than one From field");
	return true;
}

static int
keep_sig(struct sig *s, const struct dkim_field *f, struct bodies *b)
{
	int body = bodies_want(b, f->body, f->limit);

	BUG_ON(body == -1);
	s->body = (size_t)body;
	s->alg = f->alg;
	s->below = f->below;
	s->limit = f->limit;
	s->siglen = f->siglen;
	memcpy(s->bh, f->bh, sizeof s->bh);
	s->sig = malloc(f->siglen);
	if (s->sig == NULL)
		return -1;
	memcpy(s->sig, f->sig, f->siglen);
	return 0;
}

static int
hash_header(const struct dkim_verify *v, const struct header *h, size_t self,
    const struct dkim_field *f, struct sig *s)
{
	struct signed_hash hash;
	int rc;

	signed_hash_init(&hash, v->trace);
	rc = signed_header(&hash, h, self, f->header, &f->h, &f->b);
	signed_hash_end(&hash, "dkim-header", s->face.domain, s->digest);
	return rc;
}

static int
add_sig(struct dkim_verify *v, const struct header *h, size_t field,
    struct bodies *b)
{
	const struct header_field *hf = &h->fields[field];
	const char *text = (const char *)header_text(h, field);
	struct dkim_field f;
	struct sig *s;

	if (v->nsigs == DKIM_SIGNATURES_MAX) {
		v->more++;
		return 0;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return -1;
	v->sigs[v->nsigs++] = s;
	dkim_field_parse(&f, &s->face, DKIM_KIND_DKIM, text + hf->name + 1,
	    hf->len - hf->name - 1, v->now_s);
	if (s->face.result != DKIM_NONE || refuse_header(h, &s->face))
		return 0;
	if (keep_sig(s, &f, b) == -1)
		return -1;
	return hash_header(v, h, field, &f, s);
}

int
dkim_verify_begin(struct dkim_verify *v, const struct header *h,
    struct bodies *b)
{
	static const char name[] = "DKIM-Signature";
	size_t i;

	for (i = 0; i < h->nfields; i++)
		if (header_is(h, i, name, sizeof name - 1) &&
		    add_sig(v, h, i, b) == -1)
			return -1;
	return 0;
}

/* ---- the body ---- */

static size_t
query_for(struct dkim_verify *v, struct dkim_signature *face)
{
	char *name = v->query[v->nqueries];
	size_t i;

	if (signed_query(name, face->selector, face->domain) == -1) {
		dkim_decide(face, DKIM_PERMERROR, "name of the key too long");
		return 0;
	}
	for (i = 0; i < v->nqueries; i++)
		if (strcmp(v->query[i], name) == 0)
			return i;
	v->nqueries++;
	return i;
}

static void
check_body(struct dkim_verify *v, struct sig *s, const struct bodies *b)
{
	uint64_t total = bodies_total(b, s->body);

	s->face.partial = s->limit < total;
	if (s->limit != BODIES_ALL && s->limit > total)
		dkim_decide(&s->face, DKIM_PERMERROR,
		    "l= is more than the body has");
	else
		s->query = query_for(v, &s->face);
	s->altered = memcmp(bodies_digest(b, s->body), s->bh,
	    sizeof s->bh) != 0;
}

void
dkim_verify_end(struct dkim_verify *v, const struct bodies *b)
{
	size_t i;

	if (v->ended)
		return;
	v->ended = true;
	for (i = 0; i < v->nsigs; i++)
		if (v->sigs[i]->face.result == DKIM_NONE)
			check_body(v, v->sigs[i], b);
}

/* ---- keys ---- */

const char *
dkim_verify_ask(const struct dkim_verify *v, size_t i)
{
	return v->ended && i < v->nqueries ? v->query[i] : NULL;
}

static void
judge(struct sig *s, const struct dns_answer *a)
{
	struct dkim_signature *face = &s->face;
	struct signed_check c = { .alg = s->alg, .below = s->below,
	    .digest = s->digest, .sig = s->sig, .siglen = s->siglen };
	enum signed_result r = signed_verify(&c, a);

	face->key_bits = c.key_bits;
	face->testing = c.testing;
	/* Behind what the key says (section 6.1), and certain without it. */
	if (s->altered && r != SIGNED_NOKEY) {
		r = SIGNED_FAIL;
		c.why = body_altered;
	}
	switch (r) {
	case SIGNED_PASS:
		dkim_decide(face, DKIM_PASS, "%s", face->partial ?
		    "l= leaves part of the body unsigned" : "");
		break;
	case SIGNED_FAIL:
		/* Section 3.6.1, t=y: no more than no signature. */
		dkim_decide(face, c.testing ? DKIM_NEUTRAL : DKIM_FAIL, "%s",
		    c.why);
		break;
	case SIGNED_NOKEY:
		dkim_decide(face, DKIM_PERMERROR, "%s", c.why);
		break;
	case SIGNED_TEMPERROR:
		dkim_decide(face, DKIM_TEMPERROR, "DNS: %s", c.dns);
		break;
	}
}

void
dkim_verify_answer(struct dkim_verify *v, size_t query,
    const struct dns_answer *a)
{
	size_t i;

	BUG_ON(!v->ended || query >= v->nqueries);
	for (i = 0; i < v->nsigs; i++)
		if (v->sigs[i]->face.result == DKIM_NONE &&
		    v->sigs[i]->query == query)
			judge(v->sigs[i], a);
}

const struct dkim_signature *
dkim_verify_result(struct dkim_verify *v, size_t i)
{
	struct dkim_signature *face;

	if (i >= v->nsigs + v->more)
		return NULL;
	if (i >= v->nsigs) {
		dkim_decide(&v->rest, DKIM_POLICY, "too many signatures");
		v->rest.signed_s = v->rest.expires_s = -1;
		return &v->rest;
	}
	face = &v->sigs[i]->face;
	if (face->result == DKIM_NONE && v->sigs[i]->altered)
		dkim_decide(face, DKIM_FAIL, "%s", body_altered);
	else if (face->result == DKIM_NONE)
		dkim_decide(face, DKIM_TEMPERROR, "key was not looked up");
	return face;
}

const char *
dkim_result_text(enum dkim_result r)
{
	static const char *const text[] = {
		[DKIM_NONE] = "none", [DKIM_PASS] = "pass",
		[DKIM_FAIL] = "fail", [DKIM_POLICY] = "policy",
		[DKIM_NEUTRAL] = "neutral", [DKIM_TEMPERROR] = "temperror",
		[DKIM_PERMERROR] = "permerror"
	};

	return text[r];
}
