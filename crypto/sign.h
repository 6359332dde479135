/* SHA-256 and signatures over it, as DKIM uses them (RFC 8301, RFC 8463). */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"
#include "crypto/secret.h"
#include "mailnode/base/buf.h"

enum { SHA256_OCTETS = 32 };

/* Caller's memory, no allocation; copy it to fork a running digest. */
struct sha256 {
	uint64_t state[16];
};

void	sha256_init(struct sha256 *h);
void	sha256_add(struct sha256 *h, const void *p, size_t n);
void	sha256_end(struct sha256 *h, uint8_t out[SHA256_OCTETS]);
void	sha256_of(const void *p, size_t n, uint8_t out[SHA256_OCTETS]);

enum sign_alg {
	SIGN_RSA,		/* RSASSA-PKCS1-v1_5 with SHA-256 */
	SIGN_ED25519,		/* PureEdDSA over the digest, RFC 8463 */
	SIGN_P256		/* ECDSA, for certificates only */
};

enum {
	SIGN_RSA_MIN_BITS = 1024,	/* RFC 8301 section 3.2: verifiers */
	SIGN_RSA_MAX_BITS = 8192,	/* a bound on the work of a verify */
	SIGN_RSA_NEW_BITS = 2048,
	SIGN_PUB_MAX = 2048,		/* octets of a public key, encoded */
	SIGN_SIG_MAX = SIGN_RSA_MAX_BITS / 8	/* octets */
};

struct sign_key;

/*
 * The octets of p= in a DKIM record: for RSA a SubjectPublicKeyInfo or an
 * RSAPublicKey, for Ed25519 the 32 octets.  CRYPTO_KEY, CRYPTO_KEYSIZE.
 * *out is owned by the caller; NULL on error.
 */
enum crypto_err	 sign_public(enum sign_alg alg, const void *p, size_t n,
		    struct sign_key **out);

/* As made by sign_generate; the secret may be freed afterwards. */
enum crypto_err	 sign_private(enum sign_alg alg, const struct secret *s,
		    struct sign_key **out);

/* A new key, as the secret that goes into the vault: *out is owned. */
enum crypto_err	 sign_generate(enum sign_alg alg, struct secret **out);

void		 sign_key_free(struct sign_key *k);
enum sign_alg	 sign_key_alg(const struct sign_key *k);
unsigned int	 sign_key_bits(const struct sign_key *k);

/* CRYPTO_OK or CRYPTO_SIGNATURE. */
enum crypto_err	 sign_verify(const struct sign_key *k,
		    const uint8_t digest[SHA256_OCTETS], const void *sig,
		    size_t n);

/* Appends the raw signature. */
enum crypto_err	 sign_digest(const struct sign_key *k,
		    const uint8_t digest[SHA256_OCTETS], struct buf *sig);

/* What the handshake wants signed, with which key operation. */
enum tls_sign {
	TLS_SIGN_ECDSA,		/* in: a digest; out: DER signature */
	TLS_SIGN_RSA_PKCS1,	/* in: DigestInfo; out: modulus size */
	TLS_SIGN_RSA_RAW	/* in: a padded block of modulus size (PSS) */
};

/*
 * Appends the signature of in as a TLS handshake needs it.  CRYPTO_KEY if
 * the key is not of that kind or in is no length that TLS could ask for.
 */
enum crypto_err	 sign_tls(const struct sign_key *k, enum tls_sign how,
		    const uint8_t *in, size_t n, struct buf *sig);

/*
 * Appends the public half: what p= carries in base64 for DKIM (SPKI for
 * RSA, 32 octets for Ed25519), SPKI for P-256.
 */
enum crypto_err	 sign_key_public(const struct sign_key *k, struct buf *out);

#endif
