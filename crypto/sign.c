/*
 * The legacy objects of OpenSSL (RSA, EC_KEY) are used on purpose: their
 * private numbers live in its secure heap, and their parsers copy nothing
 * into ordinary memory on the way, as the decoders of 3.0 do.
 *
 * Private halves as stored: RSA as PKCS#1 RSAPrivateKey, Ed25519 as the
 * seed, P-256 as the 32 octet scalar.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"

enum { P256_OCTETS = 32, ED_OCTETS = 32 };

struct sign_key {
	enum sign_alg	 alg;
	bool		 private;
	RSA		*rsa;
	EC_KEY		*ec;
	uint8_t		 ed[ED_OCTETS];		/* public */
	struct secret	*edsk;			/* libsodium's 64 octets */
};

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256),
    "struct sha256 holds the library's state");

void
sha256_init(struct sha256 *h)
{
	SHA256_Init((SHA256_CTX *)(void *)h);
}

void
sha256_add(struct sha256 *h, const void *p, size_t n)
{
	SHA256_Update((SHA256_CTX *)(void *)h, p, n);
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_OCTETS])
{
	SHA256_Final(out, (SHA256_CTX *)(void *)h);
}

void
sha256_of(const void *p, size_t n, uint8_t out[SHA256_OCTETS])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, p, n);
	sha256_end(&h, out);
}

void
sign_key_free(struct sign_key *k)
{
	if (k == NULL)
		return;
	RSA_free(k->rsa);
	EC_KEY_free(k->ec);
	secret_free(k->edsk);
	free(k);
}

static RSA *
rsa_spki(const uint8_t *p, size_t n)
{
	const uint8_t *at = p;
	RSA *rsa;

	rsa = d2i_RSA_PUBKEY(NULL, &at, (long)n);
	if (rsa != NULL && at != p + n) {
		RSA_free(rsa);
		rsa = NULL;
	}
	ERR_clear_error();
	return rsa;
}

/* Some publish the inner structure, as RFC 6376 section 3.6.1 says. */
static RSA *
rsa_bare(const uint8_t *p, size_t n)
{
	const uint8_t *at = p;
	RSA *rsa;

	rsa = d2i_RSAPublicKey(NULL, &at, (long)n);
	if (rsa != NULL && at != p + n) {
		RSA_free(rsa);
		rsa = NULL;
	}
	ERR_clear_error();
	return rsa;
}

/* An exponent as long as the modulus would make one verify cost as much as
 * thousands. */
enum { RSA_EXPONENT_MAX_BITS = 64 };

static enum crypto_err
rsa_check(const RSA *rsa)
{
	const BIGNUM *n, *e;

	RSA_get0_key(rsa, &n, &e, NULL);
	if (n == NULL || e == NULL || !BN_is_odd(n) || !BN_is_odd(e) ||
	    BN_is_one(e) || BN_is_negative(n) || BN_is_negative(e) ||
	    BN_num_bits(e) > RSA_EXPONENT_MAX_BITS)
		return CRYPTO_KEY;
	if (BN_num_bits(n) < SIGN_RSA_MIN_BITS ||
	    BN_num_bits(n) > SIGN_RSA_MAX_BITS)
		return CRYPTO_KEYSIZE;
	return CRYPTO_OK;
}

static enum crypto_err
public_rsa(struct sign_key *k, const void *p, size_t n)
{
	k->rsa = rsa_spki(p, n);
	if (k->rsa == NULL)
		k->rsa = rsa_bare(p, n);
	return k->rsa == NULL ? CRYPTO_KEY : rsa_check(k->rsa);
}

static enum crypto_err
public_ed(struct sign_key *k, const void *p, size_t n)
{
	if (n != ED_OCTETS)
		return CRYPTO_KEYSIZE;
	memcpy(k->ed, p, n);
	return CRYPTO_OK;
}

static enum crypto_err
public_ec(struct sign_key *k, const uint8_t *p, size_t n)
{
	const uint8_t *at = p;

	k->ec = d2i_EC_PUBKEY(NULL, &at, (long)n);
	ERR_clear_error();
	if (k->ec == NULL || at != p + n || EC_GROUP_get_curve_name(
	    EC_KEY_get0_group(k->ec)) != NID_X9_62_prime256v1)
		return CRYPTO_KEY;
	return CRYPTO_OK;
}

enum crypto_err
sign_public(enum sign_alg alg, const void *p, size_t n,
    struct sign_key **out)
{
	struct sign_key *k;
	enum crypto_err e;

	*out = NULL;
	if (n > SIGN_PUB_MAX)
		return CRYPTO_KEYSIZE;
	k = calloc(1, sizeof *k);
	if (k == NULL)
		return CRYPTO_NOMEM;
	k->alg = alg;
	if (alg == SIGN_RSA)
		e = public_rsa(k, p, n);
	else if (alg == SIGN_ED25519)
		e = public_ed(k, p, n);
	else
		e = public_ec(k, p, n);
	if (e != CRYPTO_OK)
		sign_key_free(k);
	else
		*out = k;
	return e;
}

static enum crypto_err
private_rsa(struct sign_key *k, const struct secret *s)
{
	const uint8_t *p = s->data;

	k->rsa = d2i_RSAPrivateKey(NULL, &p, (long)s->len);
	ERR_clear_error();
	if (k->rsa == NULL || p != s->data + s->len)
		return CRYPTO_KEY;
	/* the cache would keep the primes in memory that is not guarded */
	RSA_clear_flags(k->rsa, RSA_FLAG_CACHE_PRIVATE);
	return rsa_check(k->rsa);
}

static enum crypto_err
private_ed(struct sign_key *k, const struct secret *s)
{
	if (s->len != ED_OCTETS)
		return CRYPTO_KEY;
	k->edsk = secret_new(crypto_sign_SECRETKEYBYTES);
	if (k->edsk == NULL)
		return CRYPTO_NOMEM;
	k->edsk->len = crypto_sign_SECRETKEYBYTES;
	crypto_sign_seed_keypair(k->ed, k->edsk->data, s->data);
	return CRYPTO_OK;
}

static EC_KEY *
ec_from_scalar(const struct secret *s)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	const EC_GROUP *g;
	EC_POINT *pub = NULL;
	bool ok = false;

	if (ec == NULL)
		return NULL;
	g = EC_KEY_get0_group(ec);
	pub = EC_POINT_new(g);
	if (pub != NULL && EC_KEY_oct2priv(ec, s->data, s->len) == 1 &&
	    EC_POINT_mul(g, pub, EC_KEY_get0_private_key(ec), NULL, NULL,
	    NULL) == 1 && EC_KEY_set_public_key(ec, pub) == 1)
		ok = EC_KEY_check_key(ec) == 1;
	EC_POINT_free(pub);
	ERR_clear_error();
	if (ok)
		return ec;
	EC_KEY_free(ec);
	return NULL;
}

static enum crypto_err
private_ec(struct sign_key *k, const struct secret *s)
{
	if (s->len != P256_OCTETS)
		return CRYPTO_KEY;
	k->ec = ec_from_scalar(s);
	return k->ec == NULL ? CRYPTO_KEY : CRYPTO_OK;
}

enum crypto_err
sign_private(enum sign_alg alg, const struct secret *s,
    struct sign_key **out)
{
	struct sign_key *k;
	enum crypto_err e;

	*out = NULL;
	k = calloc(1, sizeof *k);
	if (k == NULL)
		return CRYPTO_NOMEM;
	k->alg = alg;
	k->private = true;
	if (alg == SIGN_RSA)
		e = private_rsa(k, s);
	else if (alg == SIGN_ED25519)
		e = private_ed(k, s);
	else
		e = private_ec(k, s);
	if (e != CRYPTO_OK)
		sign_key_free(k);
	else
		*out = k;
	return e;
}

static enum crypto_err
generate_rsa(struct secret **out)
{
	RSA *rsa = RSA_new();
	BIGNUM *f4 = BN_new();
	enum crypto_err e = CRYPTO_INTERNAL;
	uint8_t *p;
	int n;

	if (rsa == NULL || f4 == NULL || BN_set_word(f4, RSA_F4) != 1 ||
	    RSA_generate_key_ex(rsa, SIGN_RSA_NEW_BITS, f4, NULL) != 1 ||
	    (n = i2d_RSAPrivateKey(rsa, NULL)) <= 0)
		goto out;
	*out = secret_new((size_t)n);
	e = CRYPTO_NOMEM;
	if (*out == NULL)
		goto out;
	p = (*out)->data;
	(*out)->len = (size_t)i2d_RSAPrivateKey(rsa, &p);
	e = CRYPTO_OK;
out:
	BN_free(f4);
	RSA_free(rsa);
	return e;
}

/* A scalar below the order but for a chance of 2^-32: then once more. */
static enum crypto_err
generate_ec(struct secret **out)
{
	EC_KEY *ec;
	int tries;

	*out = secret_new(P256_OCTETS);
	if (*out == NULL)
		return CRYPTO_NOMEM;
	(*out)->len = P256_OCTETS;
	for (tries = 0; tries < 8; tries++) {
		randombytes_buf((*out)->data, P256_OCTETS);
		ec = ec_from_scalar(*out);
		if (ec != NULL) {
			EC_KEY_free(ec);
			return CRYPTO_OK;
		}
	}
	secret_free(*out);
	*out = NULL;
	return CRYPTO_INTERNAL;
}

enum crypto_err
sign_generate(enum sign_alg alg, struct secret **out)
{
	*out = NULL;
	if (alg == SIGN_RSA)
		return generate_rsa(out);
	if (alg == SIGN_P256)
		return generate_ec(out);
	*out = secret_new(ED_OCTETS);
	if (*out == NULL)
		return CRYPTO_NOMEM;
	randombytes_buf((*out)->data, ED_OCTETS);
	(*out)->len = ED_OCTETS;
	return CRYPTO_OK;
}

enum sign_alg
sign_key_alg(const struct sign_key *k)
{
	return k->alg;
}

unsigned int
sign_key_bits(const struct sign_key *k)
{
	return k->alg == SIGN_RSA ? (unsigned int)RSA_bits(k->rsa) : 256;
}

enum crypto_err
sign_verify(const struct sign_key *k, const uint8_t digest[SHA256_OCTETS],
    const void *sig, size_t n)
{
	int ok;

	if (n == 0 || n > SIGN_SIG_MAX)
		return CRYPTO_SIGNATURE;
	if (k->alg == SIGN_RSA)
		ok = n == (size_t)RSA_size(k->rsa) && RSA_verify(NID_sha256,
		    digest, SHA256_OCTETS, sig, (unsigned int)n, k->rsa) == 1;
	else if (k->alg == SIGN_ED25519)
		ok = n == crypto_sign_BYTES && crypto_sign_verify_detached(
		    sig, digest, SHA256_OCTETS, k->ed) == 0;
	else
		ok = ECDSA_verify(0, digest, SHA256_OCTETS, sig, (int)n,
		    k->ec) == 1;
	ERR_clear_error();
	return ok ? CRYPTO_OK : CRYPTO_SIGNATURE;
}

enum crypto_err
sign_digest(const struct sign_key *k, const uint8_t digest[SHA256_OCTETS],
    struct buf *sig)
{
	uint8_t out[SIGN_SIG_MAX];
	unsigned int n = 0;
	int ok;

	if (!k->private)
		return CRYPTO_KEY;
	if (k->alg == SIGN_RSA)
		ok = RSA_sign(NID_sha256, digest, SHA256_OCTETS, out, &n,
		    k->rsa);
	else if (k->alg == SIGN_P256)
		ok = ECDSA_sign(0, digest, SHA256_OCTETS, out, &n, k->ec);
	else {
		crypto_sign_detached(out, NULL, digest, SHA256_OCTETS,
		    k->edsk->data);
		n = crypto_sign_BYTES;
		ok = 1;
	}
	ERR_clear_error();
	if (ok != 1)
		return CRYPTO_INTERNAL;
	return buf_add(sig, out, n) == -1 ? CRYPTO_NOMEM : CRYPTO_OK;
}

/* Digests of TLS signatures: SHA-256 to SHA-512.  A DigestInfo of PKCS #1
 * has at most 19 octets before its digest. */
enum { DIGEST_MIN = 32, DIGEST_MAX = 64, DIGESTINFO_MAX = 19 + 64 };

static bool
fits_tls(const struct sign_key *k, enum tls_sign how, size_t n)
{
	if (!k->private)
		return false;
	if (how == TLS_SIGN_ECDSA)
		return k->alg == SIGN_P256 && n >= DIGEST_MIN &&
		    n <= DIGEST_MAX;
	if (k->alg != SIGN_RSA)
		return false;
	return how == TLS_SIGN_RSA_RAW ? n == (size_t)RSA_size(k->rsa) :
	    how == TLS_SIGN_RSA_PKCS1 && n > 0 && n <= DIGESTINFO_MAX;
}

enum crypto_err
sign_tls(const struct sign_key *k, enum tls_sign how, const uint8_t *in,
    size_t n, struct buf *sig)
{
	uint8_t out[SIGN_SIG_MAX];
	unsigned int len = 0;
	int rc;

	if (!fits_tls(k, how, n))
		return CRYPTO_KEY;
	if (how == TLS_SIGN_ECDSA) {
		rc = ECDSA_sign(0, in, (int)n, out, &len, k->ec);
	} else {
		rc = RSA_private_encrypt((int)n, in, out, k->rsa,
		    how == TLS_SIGN_RSA_RAW ? RSA_NO_PADDING :
		    RSA_PKCS1_PADDING);
		len = rc > 0 ? (unsigned int)rc : 0;
	}
	ERR_clear_error();
	if (rc <= 0)
		return CRYPTO_INTERNAL;
	return buf_add(sig, out, len) == -1 ? CRYPTO_NOMEM : CRYPTO_OK;
}

enum crypto_err
sign_key_public(const struct sign_key *k, struct buf *out)
{
	uint8_t der[SIGN_PUB_MAX], *p = der;
	int n;

	if (k->alg == SIGN_ED25519)
		return buf_add(out, k->ed, ED_OCTETS) == -1 ? CRYPTO_NOMEM :
		    CRYPTO_OK;
	n = k->alg == SIGN_RSA ? i2d_RSA_PUBKEY(k->rsa, NULL) :
	    i2d_EC_PUBKEY(k->ec, NULL);
	if (n <= 0 || (size_t)n > sizeof der)
		return CRYPTO_INTERNAL;
	n = k->alg == SIGN_RSA ? i2d_RSA_PUBKEY(k->rsa, &p) :
	    i2d_EC_PUBKEY(k->ec, &p);
	return buf_add(out, der, (size_t)n) == -1 ? CRYPTO_NOMEM : CRYPTO_OK;
}
