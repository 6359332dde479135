#define _DEFAULT_SOURCE	/* timegm */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/cert.h"
#include "crypto/remote_key.h"
#include "crypto/secret.h"
#include "crypto/tls_ctx.h"

enum { SERIAL_OCTETS = 16, SKEW_S = 3600 };

static EVP_PKEY *
public_of(const struct cert_subject *s)
{
	const uint8_t *p = s->spki;
	EVP_PKEY *k = d2i_PUBKEY(NULL, &p, (long)s->spki_len);

	if (k != NULL && p == s->spki + s->spki_len)
		return k;
	EVP_PKEY_free(k);
	return NULL;
}

static GENERAL_NAMES *
alt_names(const struct cert_subject *s)
{
	GENERAL_NAMES *all = GENERAL_NAMES_new();
	GENERAL_NAME *g = NULL;
	ASN1_IA5STRING *v = NULL;
	size_t i;

	for (i = 0; all != NULL && i < s->nnames; i++) {
		g = GENERAL_NAME_new();
		v = ASN1_IA5STRING_new();
		if (g == NULL || v == NULL ||
		    ASN1_STRING_set(v, s->names[i], -1) != 1)
			goto fail;
		GENERAL_NAME_set0_value(g, GEN_DNS, v);
		v = NULL;
		if (sk_GENERAL_NAME_push(all, g) == 0)
			goto fail;
		g = NULL;
	}
	return all;
fail:
	ASN1_IA5STRING_free(v);
	GENERAL_NAME_free(g);
	GENERAL_NAMES_free(all);
	return NULL;
}

/* The common name has an upper bound of 64 (RFC 5280); a longer host name
 * stands in the alternative names alone. */
static X509_NAME *
common_name(const struct cert_subject *s)
{
	X509_NAME *n = X509_NAME_new();
	const char *cn = s->names[0];

	if (n != NULL && strlen(cn) <= 64 && X509_NAME_add_entry_by_txt(n,
	    "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0) != 1) {
		X509_NAME_free(n);
		return NULL;
	}
	return n;
}

static int
fill(X509 *x, const struct cert_subject *s, EVP_PKEY *pub, unsigned int days)
{
	uint8_t serial[SERIAL_OCTETS];
	X509_NAME *name = common_name(s);
	GENERAL_NAMES *alt = alt_names(s);
	BIGNUM *bn = NULL;
	int ok = 0;

	random_bytes(serial, sizeof serial);
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	bn = BN_bin2bn(serial, sizeof serial, NULL);
	ok = name != NULL && alt != NULL && bn != NULL &&
	    X509_set_version(x, X509_VERSION_3) == 1 &&
	    BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -SKEW_S) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(x), (int)days, 0, NULL) !=
	    NULL && X509_set_subject_name(x, name) == 1 &&
	    X509_set_issuer_name(x, name) == 1 &&
	    X509_set_pubkey(x, pub) == 1 && X509_add1_ext_i2d(x,
	    NID_subject_alt_name, alt, 0, X509V3_ADD_DEFAULT) == 1;
	BN_free(bn);
	GENERAL_NAMES_free(alt);
	X509_NAME_free(name);
	return ok ? 0 : -1;
}

static enum crypto_err
put_bio(BIO *bio, struct buf *out)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	if (n <= 0)
		return CRYPTO_INTERNAL;
	return buf_add(out, p, (size_t)n) == -1 ? CRYPTO_NOMEM : CRYPTO_OK;
}

enum crypto_err
cert_self_signed(const struct cert_subject *s, unsigned int days,
    tls_sign_fn *fn, void *arg, struct buf *pem)
{
	struct remote_key r = { fn, arg };
	EVP_PKEY *pub = NULL, *key = NULL;
	X509 *x = NULL;
	BIO *bio = NULL;
	enum crypto_err e = CRYPTO_INTERNAL;

	if (tls_init() == -1 || (pub = public_of(s)) == NULL)
		goto out;
	key = remote_key_new(pub, &r);
	x = X509_new();
	bio = BIO_new(BIO_s_mem());
	if (key != NULL && x != NULL && bio != NULL &&
	    fill(x, s, pub, days) == 0 && X509_sign(x, key, EVP_sha256()) > 0
	    && PEM_write_bio_X509(bio, x) == 1)
		e = put_bio(bio, pem);
out:
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
	EVP_PKEY_free(pub);
	ERR_clear_error();
	return e;
}

static int
fill_request(X509_REQ *q, const struct cert_subject *s, EVP_PKEY *pub)
{
	X509_NAME *name = common_name(s);
	GENERAL_NAMES *alt = alt_names(s);
	STACK_OF(X509_EXTENSION) *exts = NULL;
	int ok;

	ok = name != NULL && alt != NULL &&
	    X509_REQ_set_version(q, X509_REQ_VERSION_1) == 1 &&
	    X509_REQ_set_subject_name(q, name) == 1 &&
	    X509_REQ_set_pubkey(q, pub) == 1 && X509V3_add1_i2d(&exts,
	    NID_subject_alt_name, alt, 0, X509V3_ADD_DEFAULT) == 1 &&
	    X509_REQ_add_extensions(q, exts) == 1;
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	GENERAL_NAMES_free(alt);
	X509_NAME_free(name);
	return ok ? 0 : -1;
}

enum crypto_err
cert_request(const struct cert_subject *s, tls_sign_fn *fn, void *arg,
    struct buf *pem)
{
	struct remote_key r = { fn, arg };
	EVP_PKEY *pub = NULL, *key = NULL;
	X509_REQ *q = NULL;
	BIO *bio = NULL;
	enum crypto_err e = CRYPTO_INTERNAL;

	if (tls_init() == -1 || (pub = public_of(s)) == NULL)
		goto out;
	key = remote_key_new(pub, &r);
	q = X509_REQ_new();
	bio = BIO_new(BIO_s_mem());
	if (key != NULL && q != NULL && bio != NULL &&
	    fill_request(q, s, pub) == 0 &&
	    X509_REQ_sign(q, key, EVP_sha256()) > 0 &&
	    PEM_write_bio_X509_REQ(bio, q) == 1)
		e = put_bio(bio, pem);
out:
	BIO_free(bio);
	X509_REQ_free(q);
	EVP_PKEY_free(key);
	EVP_PKEY_free(pub);
	ERR_clear_error();
	return e;
}

static X509 *
read_one(BIO *bio)
{
	/* An encrypted block must not ask for a passphrase. */
	return PEM_read_bio_X509(bio, NULL, NULL, "");
}

static int64_t
wall(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void
put_name(const X509_NAME *n, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long len = 0;

	out[0] = '\0';
	if (bio != NULL && X509_NAME_print_ex(bio, n, 0, (XN_FLAG_RFC2253 |
	    ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB)) >= 0)
		len = BIO_get_mem_data(bio, &p);
	if (len > 0)
		snprintf(out, size, "%.*s", (int)len, p);
	BIO_free(bio);
}

/* Only what can be a host name is shown; the rest has no use here. */
static bool
host_like(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
		    "WXYZ0123456789.-_*", p[i]) == NULL || p[i] == '\0')
			return false;
	return n > 0;
}

static void
put_alt(const X509 *x, char *out, size_t size)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL,
	    NULL);
	const ASN1_STRING *v;
	const char *p;
	size_t at = 0, n;
	int i, type;

	out[0] = '\0';
	for (i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		v = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i),
		    &type);
		if (type != GEN_DNS)
			continue;
		p = (const char *)ASN1_STRING_get0_data(v);
		n = (size_t)ASN1_STRING_length(v);
		if (!host_like(p, n) || n + 2 > size - at)
			continue;
		snprintf(out + at, size - at, "%s%.*s", at > 0 ? " " : "",
		    (int)n, p);
		at = strlen(out);
	}
	GENERAL_NAMES_free(all);
}

enum crypto_err
cert_info(const void *pem, size_t n, struct cert_info *out)
{
	BIO *bio = NULL;
	X509 *x = NULL;
	enum crypto_err e = CRYPTO_CERT;

	memset(out, 0, sizeof *out);
	if (n == 0 || n > TLS_PEM_MAX)
		return CRYPTO_CERT;
	bio = BIO_new_mem_buf(pem, (int)n);
	if (bio == NULL || (x = read_one(bio)) == NULL)
		goto out;
	put_name(X509_get_subject_name(x), out->subject,
	    sizeof out->subject);
	put_name(X509_get_issuer_name(x), out->issuer, sizeof out->issuer);
	put_alt(x, out->names, sizeof out->names);
	out->not_before = wall(X509_get0_notBefore(x));
	out->not_after = wall(X509_get0_notAfter(x));
	out->self_signed = X509_self_signed(x, 0) == 1;
	e = tls_spki(x, out->spki) == 0 ? CRYPTO_OK : CRYPTO_CERT;
out:
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return e;
}

static enum crypto_err
check_leaf(X509 *x, const struct cert_subject *s, int64_t now)
{
	uint8_t have[SHA256_OCTETS], want[SHA256_OCTETS];

	sha256_of(s->spki, s->spki_len, want);
	if (tls_spki(x, have) == -1)
		return CRYPTO_CERT;
	if (!mem_equal(have, sizeof have, want, sizeof want))
		return CRYPTO_MISMATCH;
	if (X509_check_host(x, s->names[0], 0,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) != 1)
		return CRYPTO_CERTNAME;
	if (wall(X509_get0_notBefore(x)) > now ||
	    wall(X509_get0_notAfter(x)) <= now)
		return CRYPTO_CERTDATE;
	return CRYPTO_OK;
}

static bool
signed_by(X509 *x, X509 *issuer)
{
	return X509_check_issued(issuer, x) == X509_V_OK &&
	    X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

enum crypto_err
cert_check(const void *pem, size_t n, const struct cert_subject *s,
    int64_t now_s)
{
	BIO *bio = NULL;
	X509 *x = NULL, *next;
	enum crypto_err e = CRYPTO_CERT;

	if (n == 0 || n > TLS_PEM_MAX)
		return CRYPTO_CERT;
	bio = BIO_new_mem_buf(pem, (int)n);
	if (bio != NULL && (x = read_one(bio)) != NULL)
		e = check_leaf(x, s, now_s);
	while (e == CRYPTO_OK && (next = read_one(bio)) != NULL) {
		if (!signed_by(x, next))
			e = CRYPTO_CHAIN;
		X509_free(x);
		x = next;
	}
	if (e == CRYPTO_OK && ERR_GET_REASON(ERR_peek_last_error()) !=
	    PEM_R_NO_START_LINE)
		e = CRYPTO_CERT;
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return e;
}

static bool
leads_to(X509_STORE *store, X509 *leaf, STACK_OF(X509) *rest)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	bool ok = c != NULL && X509_STORE_CTX_init(c, store, leaf, rest) == 1;

	ok = ok && X509_STORE_CTX_set_default(c, "ssl_server") == 1 &&
	    X509_verify_cert(c) == 1;
	X509_STORE_CTX_free(c);
	return ok;
}

bool
cert_believed(const void *pem, size_t n, const struct tls_trust *trust)
{
	STACK_OF(X509) *rest = sk_X509_new_null();
	struct tls_client *client = NULL;
	BIO *bio = NULL;
	X509 *leaf = NULL, *x;
	bool ok = false;

	if (rest == NULL || n == 0 || n > TLS_PEM_MAX ||
	    tls_client_new(trust, &client) != CRYPTO_OK)
		goto out;
	bio = BIO_new_mem_buf(pem, (int)n);
	if (bio == NULL || (leaf = read_one(bio)) == NULL)
		goto out;
	while ((x = read_one(bio)) != NULL)
		if (sk_X509_push(rest, x) == 0) {
			X509_free(x);
			goto out;
		}
	ok = leads_to(SSL_CTX_get_cert_store(client->ctx), leaf, rest);
out:
	sk_X509_pop_free(rest, X509_free);
	X509_free(leaf);
	BIO_free(bio);
	tls_client_free(client);
	ERR_clear_error();
	return ok;
}
