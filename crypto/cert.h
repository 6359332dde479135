/* Certificates of our own TLS key: made, asked for, looked at. */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"
#include "crypto/sign.h"
#include "crypto/tls.h"
#include "mailnode/base/buf.h"

enum { CERT_NAMES_MAX = 16 };	/* in one request */

/* Of what: the public key (SPKI, borrowed) and the DNS names, first the
 * host's own. */
struct cert_subject {
	const uint8_t		*spki;
	size_t			 spki_len;
	const char *const	*names;
	size_t			 nnames;
};

/* Appends PEM; fn signs.  The self-signed one is valid from an hour ago. */
enum crypto_err	cert_self_signed(const struct cert_subject *s,
		    unsigned int days, tls_sign_fn *fn, void *arg,
		    struct buf *pem);
enum crypto_err	cert_request(const struct cert_subject *s, tls_sign_fn *fn,
		    void *arg, struct buf *pem);

struct cert_info {
	char	subject[160];		/* printable ASCII */
	char	issuer[160];
	char	names[512];		/* DNS names, blank between */
	int64_t	not_before, not_after;	/* wall seconds */
	uint8_t	spki[SHA256_OCTETS];	/* of the public key: TLSA 3 1 1 */
	bool	self_signed;
};

/* The leaf of a PEM chain. */
enum crypto_err	cert_info(const void *pem, size_t n, struct cert_info *out);

/*
 * Whether a chain will serve: for our key (CRYPTO_MISMATCH), that host
 * (CRYPTO_CERTNAME), now (CRYPTO_CERTDATE), in order (CRYPTO_CHAIN).
 */
enum crypto_err	cert_check(const void *pem, size_t n,
		    const struct cert_subject *s, int64_t now_s);

/* Whether it leads, as it stands, to one whom that trusts: a leaf without its
 * issuer's certificates does not, and serves all the same.  Not of a pin. */
bool		cert_believed(const void *pem, size_t n,
		    const struct tls_trust *trust);

#endif
