#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/canon.h"
#include "mailnode/auth/dkim_sign.h"
#include "mailnode/auth/header.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/codec.h"
#include "mailnode/node/ask_dns.h"

enum {
	LINE = 76,		/* octets of a folded line, at most */
	H_MAX = 200		/* names in h=; verifiers bound them too */
};

/*
 * What readers act on is signed once more than it is there, so that none
 * can be added (RFC 6376 section 5.4.2).  The rest is signed if present;
 * RFC 8058 section 4 wants the List-Unsubscribe pair covered.
 */
static const struct {
	const char	*name;
	bool		 over;
} fields[] = {
	{ "From", true }, { "To", true }, { "Cc", true },
	{ "Subject", true }, { "Date", true }, { "Reply-To", true },
	{ "Message-ID", true }, { "MIME-Version", true },
	{ "Content-Type", true }, { "Content-Transfer-Encoding", true },
	{ "Content-Disposition", false }, { "Content-Language", false },
	{ "Sender", false }, { "In-Reply-To", false },
	{ "References", false }, { "List-Id", false },
	{ "List-Unsubscribe", false }, { "List-Unsubscribe-Post", false },
	{ "Autocrypt", false }, { "Openpgp", false },
};

struct key {
	char		*selector;	/* owned */
	enum sign_alg	 alg;
	struct buf	 text;		/* the field up to "b=" */
	uint8_t		 digest[SHA256_OCTETS];
};

struct dkim_sign {
	char		*domain;	/* owned */
	int64_t		 now_s;
	size_t		 nkeys;
	struct key	 keys[DKIM_SIGN_KEYS];
	struct header	 header;
	struct canon_body body;
	struct sha256	 body_sha, head_sha;
	struct buf	 h;		/* the names signed, "From:To:…" */
	bool		 ended;
};

static void
to_sha(void *arg, const void *p, size_t n)
{
	sha256_add(arg, p, n);
}

struct dkim_sign *
dkim_sign_new(const char *domain, const struct dkim_sign_key *keys,
    size_t nkeys, int64_t now_s)
{
	struct dkim_sign *s;
	size_t i;

	BUG_ON(nkeys > DKIM_SIGN_KEYS);
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	header_init(&s->header, DKIM_SIGN_HEADER_MAX);
	buf_init(&s->h, DKIM_SIGN_FIELD_MAX);
	sha256_init(&s->body_sha);
	sha256_init(&s->head_sha);
	canon_body_init(&s->body, CANON_RELAXED, to_sha, &s->body_sha);
	s->now_s = now_s;
	s->domain = strdup(domain);
	for (i = 0; i < nkeys; i++) {
		s->keys[i].alg = keys[i].alg;
		buf_init(&s->keys[i].text, DKIM_SIGN_FIELD_MAX);
		s->keys[i].selector = strdup(keys[i].selector);
		s->nkeys++;
		if (s->keys[i].selector == NULL)
			break;
	}
	if (s->domain == NULL || i < nkeys) {
		dkim_sign_free(s);
		return NULL;
	}
	return s;
}

void
dkim_sign_free(struct dkim_sign *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nkeys; i++) {
		free(s->keys[i].selector);
		buf_clear(&s->keys[i].text);
	}
	header_clear(&s->header);
	buf_clear(&s->h);
	free(s->domain);
	free(s);
}

static enum dkim_sign_err
trouble(const struct dkim_sign *s)
{
	if (s->header.nomem)
		return DKIM_SIGN_NOMEM;
	return s->header.over ? DKIM_SIGN_HEADER : DKIM_SIGN_OK;
}

enum dkim_sign_err
dkim_sign_feed(struct dkim_sign *s, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t used = 0;

	if (!s->header.done)
		used = header_feed(&s->header, p, n);
	if (used < n)
		canon_body_feed(&s->body, p + used, n - used);
	return trouble(s);
}

/* Hashes the instances of one name, lowest first, and notes it in h=. */
static void
sign_field(struct dkim_sign *s, const char *name, bool over, size_t *names)
{
	const struct header *h = &s->header;
	size_t i, len = strlen(name);

	for (i = h->nfields; i-- > 0 && *names < H_MAX; ) {
		if (!header_is(h, i, name, len))
			continue;
		canon_field(CANON_RELAXED, header_text(h, i),
		    h->fields[i].len, h->fields[i].name, to_sha,
		    &s->head_sha);
		sha256_add(&s->head_sha, "\r\n", 2);
		buf_addf(&s->h, "%s:", name);
		(*names)++;
	}
	if (over)
		buf_addf(&s->h, "%s:", name);
}

/*
 * Appends a piece that must not be cut: on this line behind a blank if
 * `spaced`, or on a new one.
 */
static void
fold(struct buf *b, bool spaced, const char *p, size_t n)
{
	size_t line = 0;

	while (line < b->len && b->data[b->len - 1 - line] != '\n')
		line++;
	if (line + spaced + n > LINE)
		buf_adds(b, "\r\n\t");
	else if (spaced)
		buf_addc(b, ' ');
	buf_add(b, p, n);
}

static void
fold_tag(struct buf *b, const char *name, const char *value)
{
	struct buf piece;

	buf_init(&piece, b->max);
	buf_addf(&piece, "%s=%s;", name, value);
	if (piece.err != 0)
		b->err = piece.err;
	else
		fold(b, true, (const char *)piece.data, piece.len);
	buf_clear(&piece);
}

/* "h=From:To:" … with the last colon as the semicolon that ends h=. */
static void
fold_names(struct buf *b, const struct buf *names)
{
	const char *p = (const char *)names->data, *end, *colon;

	fold(b, true, "h=", 2);
	for (end = p + names->len; p < end; p = colon + 1) {
		colon = memchr(p, ':', (size_t)(end - p));
		fold(b, false, p, (size_t)(colon + 1 - p));
	}
	b->data[b->len - 1] = ';';
}

static enum dkim_sign_err
write_field(struct dkim_sign *s, struct key *k,
    const uint8_t bh[SHA256_OCTETS])
{
	struct buf *b = &k->text, hash;
	enum dkim_sign_err rc = DKIM_SIGN_NOMEM;
	char time[32];

	buf_init(&hash, DKIM_SIGN_FIELD_MAX);
	codec_base64_put(&hash, bh, SHA256_OCTETS);
	snprintf(time, sizeof time, "%lld", (long long)s->now_s);
	buf_adds(b, "DKIM-Signature: v=1;");
	fold_tag(b, "a", k->alg == SIGN_RSA ? "rsa-sha256" :
	    "ed25519-sha256");
	fold_tag(b, "c", "relaxed/relaxed");
	fold_tag(b, "d", s->domain);
	fold_tag(b, "s", k->selector);
	fold_tag(b, "t", time);
	if (b->err == 0 && s->h.err == 0 && buf_str(&hash) != NULL) {
		fold_names(b, &s->h);
		fold_tag(b, "bh", (const char *)hash.data);
		fold(b, true, "b=", 2);
		rc = b->err == 0 ? DKIM_SIGN_OK : DKIM_SIGN_NOMEM;
	}
	buf_clear(&hash);
	return rc;
}

static enum dkim_sign_err
finish_key(struct dkim_sign *s, struct key *k,
    const uint8_t bh[SHA256_OCTETS])
{
	struct sha256 sha = s->head_sha;
	enum dkim_sign_err rc;

	if (!dns_name_ok(k->selector))
		return DKIM_SIGN_NAME;
	rc = write_field(s, k, bh);
	if (rc != DKIM_SIGN_OK)
		return rc;
	canon_field(CANON_RELAXED, k->text.data, k->text.len,
	    sizeof "DKIM-Signature" - 1, to_sha, &sha);
	sha256_end(&sha, k->digest);
	return DKIM_SIGN_OK;
}

enum dkim_sign_err
dkim_sign_end(struct dkim_sign *s)
{
	uint8_t bh[SHA256_OCTETS];
	enum dkim_sign_err rc;
	size_t i, names = 0;

	BUG_ON(s->ended);
	header_end(&s->header);
	rc = trouble(s);
	if (rc != DKIM_SIGN_OK)
		return rc;
	if (header_count(&s->header, "From") != 1)
		return DKIM_SIGN_NOFROM;
	if (!dns_name_ok(s->domain))
		return DKIM_SIGN_NAME;
	canon_body_end(&s->body);
	sha256_end(&s->body_sha, bh);
	for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
		sign_field(s, fields[i].name, fields[i].over, &names);
	for (i = 0; i < s->nkeys && rc == DKIM_SIGN_OK; i++)
		rc = finish_key(s, &s->keys[i], bh);
	header_clear(&s->header);
	s->ended = rc == DKIM_SIGN_OK;
	return rc;
}

const uint8_t *
dkim_sign_digest(const struct dkim_sign *s, size_t i)
{
	BUG_ON(!s->ended || i >= s->nkeys);
	return s->keys[i].digest;
}

enum dkim_sign_err
dkim_sign_put(struct dkim_sign *s, size_t i, const uint8_t *sig, size_t len,
    struct buf *out)
{
	struct buf b64, *text = &s->keys[i].text;
	size_t at, n;

	BUG_ON(!s->ended || i >= s->nkeys);
	buf_init(&b64, DKIM_SIGN_FIELD_MAX);
	codec_base64_put(&b64, sig, len);
	buf_add(out, text->data, text->len);
	for (at = 0; at < b64.len; at += n) {
		n = b64.len - at < LINE - 8 ? b64.len - at : LINE - 8;
		fold(out, false, (const char *)b64.data + at, n);
	}
	buf_adds(out, "\r\n");
	at = b64.err != 0 || out->err != 0;
	buf_clear(&b64);
	return at ? DKIM_SIGN_NOMEM : DKIM_SIGN_OK;
}

const char *
dkim_sign_err_text(enum dkim_sign_err e)
{
	static const char *const text[] = {
		[DKIM_SIGN_OK] = "ok",
		[DKIM_SIGN_NOMEM] = "out of memory",
		[DKIM_SIGN_NOFROM] = "the message needs exactly one From",
		[DKIM_SIGN_HEADER] = "the header is too large",
		[DKIM_SIGN_NAME] = "domain or selector is no name"
	};

	return text[e];
}
