#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/dkim_field.h"
#include "mailnode/base/codec.h"
#include "mailnode/node/idna.h"

void
dkim_decide(struct dkim_signature *s, enum dkim_result result,
    const char *fmt, ...)
{
	va_list ap;

	s->result = result;
	va_start(ap, fmt);
	if (vsnprintf(s->reason, sizeof s->reason, fmt, ap) < 0)
		s->reason[0] = '\0';
	va_end(ap);
}

struct parse {
	struct dkim_field	*f;
	struct dkim_signature	*s;
	struct tags		 tags;
	enum dkim_kind		 kind;
	int64_t			 now_s;
};

static int
bad(struct parse *p, const char *why)
{
	dkim_decide(p->s, DKIM_PERMERROR, "%s", why);
	return -1;
}

static int
take_name(const struct tag *t, char *dst, size_t size)
{
	char name[DNS_NAME_MAX], text[DKIM_I_MAX];

	dst[0] = '\0';
	if (t == NULL || tag_copy(t, text, sizeof text) == -1 ||
	    text[0] == '\0' || text[strlen(text) - 1] == '.' ||
	    idna_ascii(text, strlen(text), name) == -1 ||
	    strlen(name) >= size)
		return -1;
	memcpy(dst, name, strlen(name) + 1);
	return 0;
}

const char *
dkim_field_names(struct dkim_signature *s, const struct tags *t)
{
	if (take_name(tags_find(t, "d"), s->domain, sizeof s->domain) == -1)
		return "d= is no domain";
	if (take_name(tags_find(t, "s"), s->selector,
	    sizeof s->selector) == -1)
		return "s= is no selector";
	return NULL;
}

/* dkim-quoted-printable (section 2.11), in place.  No controls come of it. */
static int
unquote(char *s)
{
	char *to = s;
	int c;

	for (; *s != '\0'; s++) {
		if (*s != '=') {
			*to++ = *s;
			continue;
		}
		c = codec_hex_octet(s + 1);
		if (c < ' ' || c == 0x7f)
			return -1;
		*to++ = (char)c;
		s += 2;
	}
	*to = '\0';
	return 0;
}

/* i=: d= itself or a name below it. */
static int
identity(struct parse *p)
{
	const struct tag *i = tags_find(&p->tags, "i");
	char name[DNS_NAME_MAX];
	struct dkim_signature *s = p->s;
	const char *at;
	size_t n, d = strlen(s->domain);

	(void)snprintf(s->identity, sizeof s->identity, "@%s", s->domain);
	if (i == NULL)
		return 0;
	if (tag_copy(i, s->identity, sizeof s->identity) == -1 ||
	    unquote(s->identity) == -1 ||
	    (at = strrchr(s->identity, '@')) == NULL)
		return bad(p, "i= is no identity");
	if (idna_ascii(at + 1, strlen(at + 1), name) == -1)
		return bad(p, "i= is not within d=");
	n = strlen(name);
	if (n < d || strcmp(name + n - d, s->domain) != 0 ||
	    (n > d && name[n - d - 1] != '.'))
		return bad(p, "i= is not within d=");
	p->f->below = n > d;
	return 0;
}

static int
names(struct parse *p)
{
	const char *why = dkim_field_names(p->s, &p->tags);

	if (why != NULL)
		return bad(p, why);
	return p->kind == DKIM_KIND_DKIM ? identity(p) : 0;
}

const char *
dkim_field_algorithm(struct dkim_signature *s, enum sign_alg *alg,
    const struct tags *tags)
{
	const struct tag *t = tags_find(tags, "a");

	if (t == NULL)
		return "no a=";
	if (tag_copy(t, s->algorithm, sizeof s->algorithm) == -1)
		return "unknown algorithm";
	if (tag_is(t, "rsa-sha256", true))
		*alg = SIGN_RSA;
	else if (tag_is(t, "ed25519-sha256", true))
		*alg = SIGN_ED25519;
	else if (tag_is(t, "rsa-sha1", true))	/* RFC 8301 section 3.1 */
		return "rsa-sha1 is no longer accepted";
	else
		return "unknown algorithm";
	return NULL;
}

static int
algorithm(struct parse *p)
{
	const char *why = dkim_field_algorithm(p->s, &p->f->alg, &p->tags);

	return why != NULL ? bad(p, why) : 0;
}

static int
one_canon(const char *p, size_t n, enum canon *how)
{
	*how = CANON_SIMPLE;
	if (n == 6 && strncasecmp(p, "simple", n) == 0)
		return 0;
	*how = CANON_RELAXED;
	return n == 7 && strncasecmp(p, "relaxed", n) == 0 ? 0 : -1;
}

/* "c=relaxed" is relaxed/simple; nothing is simple/simple. */
static int
canonicalization(struct parse *p)
{
	const struct tag *t = tags_find(&p->tags, "c");
	const char *slash, *end;

	p->f->header = p->f->body = CANON_SIMPLE;
	if (t == NULL)
		return 0;
	end = t->value + t->vlen;
	slash = memchr(t->value, '/', t->vlen);
	if (one_canon(t->value, (size_t)((slash != NULL ? slash : end) -
	    t->value), &p->f->header) == -1 || (slash != NULL &&
	    one_canon(slash + 1, (size_t)(end - slash - 1),
	    &p->f->body) == -1))
		return bad(p, "unknown canonicalization");
	return 0;
}

static int
times(struct parse *p)
{
	const struct tag *t = tags_find(&p->tags, "t");
	const struct tag *x = tags_find(&p->tags, "x");
	uint64_t v;

	/* Twelve digits: section 3.5 asks for at least that. */
	if (t != NULL) {
		if (tag_number(t, UINT64_C(999999999999), &v) == -1)
			return bad(p, "t= is no time");
		p->s->signed_s = (int64_t)v;
	}
	if (x != NULL) {
		if (tag_number(x, UINT64_C(999999999999), &v) == -1)
			return bad(p, "x= is no time");
		p->s->expires_s = (int64_t)v;
	}
	if (t != NULL && x != NULL && p->s->expires_s <= p->s->signed_s)
		return bad(p, "x= is not after t=");
	return 0;
}

static int
signed_fields(struct parse *p)
{
	const struct tag *h = tags_find(&p->tags, "h");
	const char *pos = NULL, *item;
	size_t len, n = 0;

	if (h == NULL)
		return bad(p, "no h=");
	while (tag_item(h, &pos, &item, &len)) {
		if (len == 0)
			return bad(p, "an empty name in h=");
		if (++n > DKIM_H_MAX)
			return bad(p, "too many names in h=");
	}
	if (!tag_has(h, "from"))
		return bad(p, "From is not signed");
	p->f->h = *h;
	return 0;
}

static int
hashes(struct parse *p)
{
	const struct tag *b = tags_find(&p->tags, "b");
	const struct tag *bh = tags_find(&p->tags, "bh");
	const struct tag *l = tags_find(&p->tags, "l");
	char first[sizeof p->s->b * 2];
	size_t i, n, len;
	bool over;

	p->f->limit = UINT64_MAX;
	if (bh == NULL || tag_base64(bh, p->f->bh, sizeof p->f->bh,
	    &len, &over) == -1 || len != sizeof p->f->bh)
		return bad(p, "bh= is no SHA-256");
	if (b == NULL || tag_base64(b, p->f->sig, sizeof p->f->sig,
	    &p->f->siglen, &over) == -1)
		return bad(p, "b= is no signature");
	if (l != NULL && tag_number(l, UINT64_MAX - 1, &p->f->limit) == -1)
		return bad(p, "l= is no number");
	for (i = n = 0; i < b->vlen && n < sizeof p->s->b - 1; i++)
		if (memchr(" \t\r\n", b->value[i], 4) == NULL)
			first[n++] = b->value[i];
	memcpy(p->s->b, first, n);
	p->s->b[n] = '\0';
	p->f->b = *b;
	return 0;
}

static int
rest(struct parse *p)
{
	const struct tag *q = tags_find(&p->tags, "q");

	if (q != NULL && !tag_has(q, "dns/txt"))
		return bad(p, "unknown query method");
	if (p->s->expires_s != -1 && p->now_s > p->s->expires_s) {
		dkim_decide(p->s, DKIM_FAIL, "signature expired");
		return -1;
	}
	return 0;
}

void
dkim_field_parse(struct dkim_field *f, struct dkim_signature *s,
    enum dkim_kind kind, const char *text, size_t n, int64_t now_s)
{
	static int (*const steps[])(struct parse *) = {
		names, algorithm, times, canonicalization, signed_fields,
		hashes, rest
	};
	struct parse p = { .f = f, .s = s, .kind = kind, .now_s = now_s };
	const struct tag *v;
	size_t i;

	memset(f, 0, sizeof *f);
	memset(s, 0, sizeof *s);
	s->signed_s = s->expires_s = -1;
	if (n > DKIM_FIELD_MAX || tags_parse(&p.tags, text, n) == -1) {
		bad(&p, "signature is malformed");
		return;
	}
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (steps[i](&p) == -1)
			return;
	v = tags_find(&p.tags, "v");
	if (kind == DKIM_KIND_ARC)	/* RFC 8617 section 4.1.2: no v= */
		return;
	if (v == NULL || !tag_is(v, "1", false))
		bad(&p, "unknown version");
}
