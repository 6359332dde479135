/*
 * Inside the room only: a key that stands for one in the vault, the public
 * half with a method that asks for each signature.
 */
#ifndef CRYPTO_REMOTE_KEY_H
#define CRYPTO_REMOTE_KEY_H

#include <openssl/evp.h>

#include "crypto/tls.h"

struct remote_key {
	tls_sign_fn	*fn;
	void		*arg;
};

/* Called by tls_init.  0, or -1. */
int		 remote_key_init(void);

/*
 * Borrows r for as long as the key lives.  Returns owned, or NULL: no
 * memory, or neither an EC nor an RSA key.
 */
EVP_PKEY	*remote_key_new(const EVP_PKEY *pub, struct remote_key *r);

#endif
