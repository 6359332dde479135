#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/canon.h"
#include "mailnode/auth/dkim.h"
#include "mailnode/auth/dkim_field.h"
#include "mailnode/auth/dkim_key.h"
#include "mailnode/auth/header.h"
#include "mailnode/base/bug.h"

enum {
	CANONS = 2,			/* simple, relaxed */
	KEYS_TRIED = 4,			/* records of one name */
	QUERY_MAX = DNS_NAME_MAX	/* octets, NUL included */
};

/* What several signatures may share: a canonical body up to a limit. */
struct body_hash {
	enum canon	 how;
	uint64_t	 limit, count;	/* octets */
	struct sha256	 sha;
	uint8_t		 digest[SHA256_OCTETS];
};

struct sig {
	struct dkim_signature	 face;
	enum sign_alg		 alg;
	uint64_t		 limit;
	uint8_t			 bh[SHA256_OCTETS];
	uint8_t			 digest[SHA256_OCTETS];	/* of the header */
	size_t			 siglen;
	uint8_t			*sig;		/* owned */
	size_t			 hash, query;	/* indices */
};

struct dkim_verify {
	int64_t			 now_s;
	struct header		 header;
	bool			 ended, failed;
	size_t			 nsigs, more;	/* more: past the cap */
	struct sig		*sigs[DKIM_SIGNATURES_MAX];	/* owned */
	struct dkim_signature	 rest;		/* face of those past it */
	size_t			 nhashes;
	struct body_hash	 hash[DKIM_SIGNATURES_MAX];
	bool			 used[CANONS];
	struct canon_body	 body[CANONS];
	size_t			 nqueries;
	char			 query[DKIM_SIGNATURES_MAX][QUERY_MAX];
};

struct dkim_verify *
dkim_verify_new(int64_t now_s)
{
	struct dkim_verify *v;

	v = calloc(1, sizeof *v);
	if (v == NULL)
		return NULL;
	v->now_s = now_s;
	header_init(&v->header, DKIM_HEADER_MAX);
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
	header_clear(&v->header);
	free(v);
}

static void
to_sha(void *arg, const void *p, size_t n)
{
	sha256_add(arg, p, n);
}

/*
 * The field of that name which h= means: the lowest not yet taken (section
 * 5.4.2).  The signature's own field never is (section 3.7).
 */
static bool
take_field(const struct header *h, uint8_t *taken, size_t self,
    const char *name, size_t len, size_t *found)
{
	size_t i;

	for (i = h->nfields; i-- > 0; )
		if (!taken[i] && i != self && header_is(h, i, name, len)) {
			taken[i] = 1;
			*found = i;
			return true;
		}
	return false;
}

/* Section 3.5, b=: the field itself is hashed with the value of b= cut. */
static int
hash_self(const struct header *h, size_t self, const struct dkim_field *f,
    struct sha256 *sha)
{
	const struct header_field *hf = &h->fields[self];
	const uint8_t *text = header_text(h, self), *from, *to;
	struct buf b;
	int rc;

	from = (const uint8_t *)f->b.raw;
	to = (const uint8_t *)f->b.raw_end;
	buf_init(&b, hf->len);
	buf_add(&b, text, (size_t)(from - text));
	rc = buf_add(&b, to, (size_t)(text + hf->len - to));
	if (rc == 0)
		canon_field(f->header, b.data, b.len, hf->name, to_sha, sha);
	buf_clear(&b);
	return rc;
}

static int
hash_header(struct dkim_verify *v, size_t self, const struct dkim_field *f,
    uint8_t out[SHA256_OCTETS])
{
	const struct header *h = &v->header;
	uint8_t taken[HEADER_FIELDS_MAX] = { 0 };
	const char *pos = NULL, *name;
	struct sha256 sha;
	size_t len, i;

	sha256_init(&sha);
	while (tag_item(&f->h, &pos, &name, &len)) {
		if (!take_field(h, taken, self, name, len, &i))
			continue;
		canon_field(f->header, header_text(h, i), h->fields[i].len,
		    h->fields[i].name, to_sha, &sha);
		sha256_add(&sha, "\r\n", 2);
	}
	if (hash_self(h, self, f, &sha) == -1)
		return -1;
	sha256_end(&sha, out);
	return 0;
}

static void
to_bodies(struct dkim_verify *v, enum canon how, const void *p, size_t n)
{
	struct body_hash *b;
	size_t i, use;

	for (i = 0; i < v->nhashes; i++) {
		b = &v->hash[i];
		if (b->how != how)
			continue;
		use = n;
		if (b->limit - b->count < use)
			use = (size_t)(b->limit - b->count);
		sha256_add(&b->sha, p, use);
		b->count += use;
	}
}

static void
to_simple(void *arg, const void *p, size_t n)
{
	to_bodies(arg, CANON_SIMPLE, p, n);
}

static void
to_relaxed(void *arg, const void *p, size_t n)
{
	to_bodies(arg, CANON_RELAXED, p, n);
}

static size_t
body_hash(struct dkim_verify *v, enum canon how, uint64_t limit)
{
	struct body_hash *b;
	size_t i;

	for (i = 0; i < v->nhashes; i++)
		if (v->hash[i].how == how && v->hash[i].limit == limit)
			return i;
	b = &v->hash[v->nhashes++];
	b->how = how;
	b->limit = limit;
	sha256_init(&b->sha);
	if (!v->used[how])
		canon_body_init(&v->body[how], how, how == CANON_RELAXED ?
		    to_relaxed : to_simple, v);
	v->used[how] = true;
	return i;
}

static int
keep_sig(struct dkim_verify *v, struct sig *s, const struct dkim_field *f)
{
	s->alg = f->alg;
	s->limit = f->limit;
	s->siglen = f->siglen;
	memcpy(s->bh, f->bh, sizeof s->bh);
	s->sig = malloc(f->siglen);
	if (s->sig == NULL)
		return -1;
	memcpy(s->sig, f->sig, f->siglen);
	s->hash = body_hash(v, f->body, f->limit);
	return 0;
}

/* RFC 5322 section 3.6: a reader may show another From than was signed. */
static bool
refuse_from(const struct dkim_verify *v, struct dkim_signature *face)
{
	size_t n = header_count(&v->header, "From");

	if (n == 1)
		return false;
	dkim_decide(face, DKIM_PERMERROR, n == 0 ? "no From field" :
	    "more than one From field");
	return true;
}

static int
add_sig(struct dkim_verify *v, size_t field)
{
	const struct header_field *hf = &v->header.fields[field];
	const char *text = (const char *)header_text(&v->header, field);
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
	dkim_field_parse(&f, &s->face, text + hf->name + 1,
	    hf->len - hf->name - 1, v->now_s);
	if (v->header.over)
		dkim_decide(&s->face, DKIM_PERMERROR, "header is too large");
	if (s->face.result != DKIM_NONE || refuse_from(v, &s->face))
		return 0;
	if (keep_sig(v, s, &f) == -1)
		return -1;
	return hash_header(v, field, &f, s->digest);
}

static int
begin_body(struct dkim_verify *v)
{
	static const char name[] = "DKIM-Signature";
	size_t i;

	if (v->header.nomem)
		return -1;
	for (i = 0; i < v->header.nfields; i++)
		if (header_is(&v->header, i, name, sizeof name - 1) &&
		    add_sig(v, i) == -1)
			return -1;
	header_clear(&v->header);
	return 0;
}

int
dkim_verify_feed(struct dkim_verify *v, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t used, i;

	if (v->failed)
		return -1;
	if (!v->header.done) {
		used = header_feed(&v->header, p, n);
		p += used;
		n -= used;
		if (v->header.done && begin_body(v) == -1)
			v->failed = true;
	}
	for (i = 0; i < CANONS && n > 0 && !v->failed; i++)
		if (v->used[i])
			canon_body_feed(&v->body[i], p, n);
	return v->failed ? -1 : 0;
}

static size_t
query_for(struct dkim_verify *v, struct dkim_signature *face)
{
	char *name = v->query[v->nqueries];
	size_t i;
	int n;

	n = snprintf(name, QUERY_MAX, "%s._domainkey.%s", face->selector,
	    face->domain);
	if (n < 0 || n >= QUERY_MAX) {
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
check_body(struct dkim_verify *v, struct sig *s)
{
	const struct body_hash *b = &v->hash[s->hash];
	uint64_t total = v->body[b->how].total;

	s->face.partial = s->limit < total;
	if (s->limit != UINT64_MAX && s->limit > total)
		dkim_decide(&s->face, DKIM_PERMERROR,
		    "l= is more than the body has");
	else if (memcmp(b->digest, s->bh, sizeof s->bh) != 0)
		dkim_decide(&s->face, DKIM_FAIL, "body hash did not verify");
	else
		s->query = query_for(v, &s->face);
}

int
dkim_verify_end(struct dkim_verify *v)
{
	size_t i;

	if (v->failed || v->ended)
		return v->failed ? -1 : 0;
	v->ended = true;
	if (!v->header.done) {
		header_end(&v->header);
		if (begin_body(v) == -1) {
			v->failed = true;
			return -1;
		}
	}
	for (i = 0; i < CANONS; i++)
		if (v->used[i])
			canon_body_end(&v->body[i]);
	for (i = 0; i < v->nhashes; i++)
		sha256_end(&v->hash[i].sha, v->hash[i].digest);
	for (i = 0; i < v->nsigs; i++)
		if (v->sigs[i]->face.result == DKIM_NONE)
			check_body(v, v->sigs[i]);
	return 0;
}

bool
dkim_verify_wanted(const struct dkim_verify *v)
{
	return !v->header.done || v->nhashes > 0;
}

const char *
dkim_verify_ask(const struct dkim_verify *v, size_t i)
{
	return v->ended && i < v->nqueries ? v->query[i] : NULL;
}

/* One record of the name; true when it settles the matter. */
static bool
try_record(struct sig *s, const struct dkim_record *r, const char *why)
{
	struct dkim_signature *face = &s->face;
	struct sign_key *key = NULL;
	const char *at = strrchr(face->identity, '@');
	bool pass;

	if (why == NULL && r->alg != s->alg)
		why = "key is of another type";
	if (why == NULL && r->strict && strlen(at + 1) !=
	    strlen(face->domain))
		why = "key wants i= in d= itself";
	if (why == NULL) {
		switch (sign_public(r->alg, r->pub, r->len, &key)) {
		case CRYPTO_OK:
			break;
		case CRYPTO_KEYSIZE:	/* RFC 8301 section 3.2 */
			why = "key is too short or too long";
			break;
		default:
			why = "key cannot be read";
		}
	}
	if (why != NULL) {
		if (face->result == DKIM_NONE)
			dkim_decide(face, DKIM_PERMERROR, "%s", why);
		return false;
	}
	face->key_bits = sign_key_bits(key);
	face->testing = r->testing;
	pass = sign_verify(key, s->digest, s->sig, s->siglen) == CRYPTO_OK;
	sign_key_free(key);
	if (!pass)
		dkim_decide(face, DKIM_FAIL, "signature did not verify");
	else if (face->partial)
		dkim_decide(face, DKIM_PASS, "l= leaves part of the body "
		    "unsigned");
	else
		dkim_decide(face, DKIM_PASS, "%s", "");
	return pass;
}

static void
judge(struct sig *s, const struct dns_answer *a)
{
	struct dkim_record r;
	const char *why;
	size_t i;

	if (a->class == DNS_TEMPFAIL) {
		dkim_decide(&s->face, DKIM_TEMPERROR, "DNS: %s", a->why);
		return;
	}
	for (i = 0; i < a->nrr && i < KEYS_TRIED; i++) {
		why = dkim_record_parse(&r, a->rr[i].data, a->rr[i].len);
		if (try_record(s, &r, why))
			break;
	}
	if (s->face.result == DKIM_NONE)
		dkim_decide(&s->face, DKIM_PERMERROR, "no key for signature");
	/* Section 3.6.1, t=y: a failure means no more than no signature. */
	if (s->face.result == DKIM_FAIL && s->face.testing)
		s->face.result = DKIM_NEUTRAL;
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
	if (face->result == DKIM_NONE)
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
