/* Inside the room only: what a connection shares with others of its kind. */
#ifndef CRYPTO_TLS_CTX_H
#define CRYPTO_TLS_CTX_H

#include <openssl/ssl.h>

#include "crypto/remote_key.h"
#include "crypto/tls.h"

struct tls_server {
	SSL_CTX			*ctx;
	struct remote_key	 key;	/* of the connection under way */
};

struct tls_client {
	SSL_CTX		*ctx;
	struct tls_trust trust;	/* .file is not kept */
};

/* SHA-256 of the SubjectPublicKeyInfo.  0, or -1. */
int	tls_spki(const X509 *x, uint8_t out[SHA256_OCTETS]);

#endif
