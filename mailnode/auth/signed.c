#include <stdio.h>
#include <string.h>

#include "mailnode/auth/dkim_key.h"
#include "mailnode/auth/signed.h"

void
signed_hash_init(struct signed_hash *s, struct trace *trace)
{
	sha256_init(&s->sha);
	s->trace = trace;
	buf_init(&s->shown, TRACE_BYTES_MAX);
}

static void
to_hash(void *arg, const void *p, size_t n)
{
	struct signed_hash *s = arg;

	sha256_add(&s->sha, p, n);
	if (s->trace != NULL)
		(void)buf_add(&s->shown, p, n);
}

int
signed_hash_field(struct signed_hash *s, const struct header *h,
    size_t field, enum canon how, const struct tag *b, bool crlf)
{
	const struct header_field *f = &h->fields[field];
	const uint8_t *text = header_text(h, field), *from, *to;
	struct buf cut;
	int rc = 0;

	if (b == NULL) {
		canon_field(how, text, f->len, f->name, to_hash, s);
	} else {
		from = (const uint8_t *)b->raw;
		to = (const uint8_t *)b->raw_end;
		buf_init(&cut, f->len);
		buf_add(&cut, text, (size_t)(from - text));
		rc = buf_add(&cut, to, (size_t)(text + f->len - to));
		if (rc == 0)
			canon_field(how, cut.data, cut.len, f->name, to_hash,
			    s);
		buf_clear(&cut);
	}
	if (crlf)
		to_hash(s, "\r\n", 2);
	return rc;
}

void
signed_hash_end(struct signed_hash *s, const char *step, const char *domain,
    uint8_t out[SHA256_OCTETS])
{
	sha256_end(&s->sha, out);
	trace_begin(s->trace, step);
	trace_str(s->trace, "domain", domain);
	trace_hex(s->trace, "sha256", out, SHA256_OCTETS);
	trace_bytes(s->trace, "bytes", s->shown.data, s->shown.len);
	trace_end(s->trace);
	buf_clear(&s->shown);
}

/* The signature's own field is never meant (section 3.7). */
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

int
signed_header(struct signed_hash *s, const struct header *h, size_t self,
    enum canon how, const struct tag *names, const struct tag *b)
{
	uint8_t taken[HEADER_FIELDS_MAX] = { 0 };
	const char *pos = NULL, *name;
	size_t len, i;

	while (tag_item(names, &pos, &name, &len))
		if (take_field(h, taken, self, name, len, &i))
			(void)signed_hash_field(s, h, i, how, NULL, true);
	return signed_hash_field(s, h, self, how, b, false);
}

int
signed_query(char dst[SIGNED_QUERY_MAX], const char *selector,
    const char *domain)
{
	int n = snprintf(dst, SIGNED_QUERY_MAX, "%s._domainkey.%s", selector,
	    domain);

	return n > 0 && n < SIGNED_QUERY_MAX ? 0 : -1;
}

/* NULL when the record is a key for this signature. */
static const char *
usable(const struct signed_check *c, const struct dkim_record *r,
    const char *why, struct sign_key **key)
{
	if (why != NULL)
		return why;
	if (r->alg != c->alg)
		return "key is of another type";
	if (r->strict && c->below)
		return "key wants i= in d= itself";
	switch (sign_public(r->alg, r->pub, r->len, key)) {
	case CRYPTO_OK:
		return NULL;
	case CRYPTO_KEYSIZE:		/* RFC 8301 section 3.2 */
		return "key is too short or too long";
	default:
		return "key cannot be read";
	}
}

enum signed_result
signed_verify(struct signed_check *c, const struct dns_answer *a)
{
	enum signed_result rc = SIGNED_NOKEY;
	struct sign_key *key;
	struct dkim_record r;
	const char *why;
	size_t i;

	c->why = "no key for signature";
	if (a->class == DNS_TEMPFAIL) {
		(void)snprintf(c->dns, sizeof c->dns, "%s", a->why);
		return SIGNED_TEMPERROR;
	}
	for (i = 0; i < a->nrr && i < SIGNED_KEYS_MAX; i++) {
		key = NULL;
		why = dkim_record_parse(&r, a->rr[i].data, a->rr[i].len);
		why = usable(c, &r, why, &key);
		if (why != NULL) {
			if (rc == SIGNED_NOKEY)
				c->why = why;
			continue;
		}
		c->key_bits = sign_key_bits(key);
		c->testing = r.testing;
		rc = sign_verify(key, c->digest, c->sig, c->siglen) ==
		    CRYPTO_OK ? SIGNED_PASS : SIGNED_FAIL;
		sign_key_free(key);
		c->why = "signature did not verify";
		if (rc == SIGNED_PASS)
			break;
	}
	return rc;
}
