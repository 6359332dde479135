/* SCRAM as the server hears it: RFC 5802 sections 5, 6 and 7. */
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/smtp/sasl_parts.h"

/* ---- lexers ---- */

struct attr {
	const char	*p;
	size_t		 n;
};

/* "x=value" at *at, up to "," or the end; advances past the comma. */
static bool
take(const char **at, const char *end, char name, struct attr *a)
{
	const char *p = *at, *comma;

	if (end - p < 2 || p[0] != name || p[1] != '=')
		return false;
	p += 2;
	comma = p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
	a->p = p;
	a->n = (size_t)((comma != NULL ? comma : end) - p);
	*at = comma != NULL ? comma + 1 : end;
	return true;
}

/* saslname: "=2C" is a comma, "=3D" an equals sign, no other "=". */
static bool
take_name(const struct attr *a, char dst[SASL_USER_MAX])
{
	size_t i, n = 0;
	char c;

	dst[0] = '\0';
	if (a->n == 0 || !codec_utf8_ok(a->p, a->n))
		return false;
	for (i = 0; i < a->n; i++) {
		c = a->p[i];
		if (c == '=') {
			if (a->n - i < 3 || (memcmp(a->p + i, "=2C", 3) != 0 &&
			    memcmp(a->p + i, "=3D", 3) != 0))
				return false;
			c = a->p[i + 1] == '2' ? ',' : '=';
			i += 2;
		}
		if ((unsigned char)c < ' ' || c == 127 ||
		    n + 1 >= SASL_USER_MAX)
			return false;
		dst[n++] = c;
	}
	dst[n] = '\0';
	return true;
}

/* printable: visible ASCII but the comma that ends it. */
static bool
is_nonce(const struct attr *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->p[i] < '!' || a->p[i] > '~')
			return false;
	return a->n > 0 && a->n <= VAULT_NONCE_MAX;
}

/* cb-name: letters, digits, "." and "-". */
static bool
is_cb_name(const struct attr *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!(a->p[i] >= 'a' && a->p[i] <= 'z') &&
		    !(a->p[i] >= 'A' && a->p[i] <= 'Z') &&
		    !(a->p[i] >= '0' && a->p[i] <= '9') &&
		    a->p[i] != '.' && a->p[i] != '-')
			return false;
	return a->n > 0;
}

static bool
lex_gs2(const char **at, const char *end, struct scram_client_first *out)
{
	struct attr a;
	const char *p = *at;

	if (take(&p, end, 'p', &a)) {
		if (!is_cb_name(&a) || p[-1] != ',')
			return false;
		out->flag = 'p';
		out->cb = a.p;
		out->ncb = a.n;
	} else if (end - p >= 2 && (*p == 'n' || *p == 'y') && p[1] == ',') {
		out->flag = *p;
		p += 2;
	} else
		return false;
	if (p < end && *p == ',')
		p++;
	else if (!take(&p, end, 'a', &a) || !take_name(&a, out->authzid) ||
	    p[-1] != ',')
		return false;
	*at = p;
	return true;
}

/* Extensions may follow; "m=" before the name asks for what nobody knows
 * (section 5.1) and is refused by its place. */
bool
scram_lex_first(const char *p, size_t n, struct scram_client_first *out)
{
	const char *at = p, *end = p + n;
	struct attr user, nonce;

	memset(out, 0, sizeof *out);
	if (memchr(p, '\0', n) != NULL || !lex_gs2(&at, end, out))
		return false;
	out->ngs2 = (size_t)(at - p);
	if (!take(&at, end, 'n', &user) || !take_name(&user, out->user) ||
	    !take(&at, end, 'r', &nonce) || !is_nonce(&nonce))
		return false;
	out->nonce = nonce.p;
	out->nnonce = nonce.n;
	return true;
}

/* The last attribute is the proof; what stands between is not known. */
bool
scram_lex_final(const char *p, size_t n, struct scram_client_final *out)
{
	const char *at = p, *end = p + n, *last = end;
	struct attr cbind, nonce, proof;
	struct buf b;
	bool ok;

	memset(out, 0, sizeof *out);
	if (memchr(p, '\0', n) != NULL || !take(&at, end, 'c', &cbind) ||
	    !take(&at, end, 'r', &nonce) || !is_nonce(&nonce))
		return false;
	while (last > at && last[-1] != ',')
		last--;
	if (last < at || last == p || last[-1] != ',')
		return false;
	out->nwithout = (size_t)(last - p) - 1;
	if (!take(&last, end, 'p', &proof) || last != end)
		return false;
	buf_init(&b, DEVICE_KEY + 4);
	ok = codec_base64_get(&b, proof.p, proof.n, false) == 0 &&
	    b.len == DEVICE_KEY;
	if (ok)
		memcpy(out->proof, b.data, DEVICE_KEY);
	buf_clear(&b);
	out->cbind = cbind.p;
	out->ncbind = cbind.n;
	out->nonce = nonce.p;
	out->nnonce = nonce.n;
	return ok;
}

/* ---- the dialogue ---- */

static enum sasl_result
refuse(struct sasl *s, const char *why)
{
	s->step = 0;
	s->why = why;
	return SASL_FAILED;
}

static bool
is(const struct scram_client_first *f, const char *name)
{
	return strlen(name) == f->ncb && memcmp(f->cb, name, f->ncb) == 0;
}

/* Section 6.  "y": the client could bind and thinks that we cannot; when we
 * offered it, somebody between us took the offer away. */
static enum sasl_result
choose_binding(struct sasl *s, const struct scram_client_first *f)
{
	const struct sasl_binding *b = &s->binding;

	s->bound = NULL;
	s->nbound = 0;
	if (s->kind == SASL_SCRAM && f->flag == 'p')
		return refuse(s, "channel binding wants the -PLUS mechanism");
	if (s->kind == SASL_SCRAM_PLUS && f->flag != 'p')
		return refuse(s, "the -PLUS mechanism wants channel binding");
	if (f->flag == 'y' && (b->exporter == 0 || b->end_point == 0))
		return refuse(s, "channel binding was offered: somebody "
		    "stands between us");
	if (f->flag != 'p')
		return SASL_MORE;
	if (is(f, "tls-exporter") && b->exporter == 0) {
		s->bound = b->exported;
		s->nbound = sizeof b->exported;
	} else if (is(f, "tls-server-end-point") && b->end_point == 0) {
		s->bound = b->digest;
		s->nbound = b->ndigest;
	} else
		return refuse(s, "no channel binding of that kind");
	return SASL_MORE;
}

/* "r=" of ours begins with theirs. */
static bool
keep_nonce(struct sasl *s, const char *first, size_t n)
{
	const char *comma = memchr(first, ',', n);

	return n > 2 && comma != NULL && buf_add(&s->nonce, first + 2,
	    (size_t)(comma - first) - 2) == 0;
}

enum sasl_result
sasl_scram_first(struct sasl *s, const char *p, size_t n, struct buf *out)
{
	struct scram_client_first f;
	struct vault_scram m;
	enum sasl_result r;
	size_t before = out->len;

	if (!scram_lex_first(p, n, &f))
		return SASL_BAD;
	memcpy(s->user, f.user, sizeof s->user);
	if (f.authzid[0] != '\0' && strcasecmp(f.authzid, f.user) != 0)
		return refuse(s, "nobody here acts for somebody else");
	r = choose_binding(s, &f);
	if (r != SASL_MORE)
		return r;
	m = (struct vault_scram){ f.user, p + f.ngs2, n - f.ngs2, f.nonce,
	    f.nnonce };
	r = sasl_judge(s, vault_device_first(*s->vault, &m, out));
	if (r != SASL_DONE)
		return r;
	if (buf_add(&s->gs2, p, f.ngs2) == -1 ||
	    !keep_nonce(s, (const char *)out->data + before,
	    out->len - before))
		return sasl_judge(s, CRYPTO_NOMEM);
	s->step = 2;
	return SASL_MORE;
}

/* c= is the header again, and what binds. */
static bool
same_binding(const struct sasl *s, const struct scram_client_final *f)
{
	struct buf b;
	bool same;

	buf_init(&b, SASL_MESSAGE_MAX);
	same = codec_base64_get(&b, f->cbind, f->ncbind, false) == 0 &&
	    b.len == s->gs2.len + s->nbound &&
	    memcmp(b.data, s->gs2.data, s->gs2.len) == 0 &&
	    (s->nbound == 0 || mem_equal(b.data + s->gs2.len, s->nbound,
	    s->bound, s->nbound));
	buf_clear(&b);
	return same;
}

enum sasl_result
sasl_scram_final(struct sasl *s, const char *p, size_t n, struct buf *out)
{
	struct scram_client_final f;
	enum sasl_result r;

	if (!scram_lex_final(p, n, &f))
		return SASL_BAD;
	if (f.nnonce != s->nonce.len ||
	    memcmp(f.nonce, s->nonce.data, f.nnonce) != 0)
		return refuse(s, "the nonce is not the one of this login");
	if (!same_binding(s, &f))
		return refuse(s, "the channel binding is that of another "
		    "connection");
	r = sasl_judge(s, vault_device_final(*s->vault, p, f.nwithout,
	    f.proof, &s->device));
	if (r != SASL_DONE)
		return r;
	buf_adds(out, "v=");
	if (codec_base64_put(out, f.proof, DEVICE_KEY) == -1)
		return sasl_judge(s, CRYPTO_NOMEM);
	s->right = true;
	s->step = 3;
	return SASL_MORE;
}
