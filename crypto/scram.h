/*
 * The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), messages only.
 * It runs in the vault, which alone has the password.
 */
#ifndef CRYPTO_SCRAM_H
#define CRYPTO_SCRAM_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"
#include "crypto/secret.h"
#include "mailnode/base/buf.h"

enum {
	SCRAM_MESSAGE_MAX = 4096,	/* octets */
	SCRAM_ITERATIONS_MIN = 4096,	/* RFC 7677 section 4 */
	SCRAM_ITERATIONS_MAX = 200000,	/* a server must not keep us busy */
	SCRAM_BINDING_MAX = 64		/* octets */
};

enum scram_flag {
	SCRAM_N,	/* we have no channel binding */
	SCRAM_Y,	/* we have, the server seems not to */
	SCRAM_P		/* bound by tls-exporter */
};

struct scram;

/* HMAC-SHA-256 under a key of its own length, for both sides. */
enum { SCRAM_KEY = 32 };		/* octets */
void		 scram_hmac(const uint8_t key[SCRAM_KEY], const void *p,
		    size_t n, uint8_t out[SCRAM_KEY]);

/*
 * user: octets as the server knows them.  binding: for SCRAM_P.  nonce: for
 * tests; NULL for a fresh one.  Returns owned, or NULL: no memory.
 */
struct scram	*scram_new(const char *user, enum scram_flag flag,
		    const void *binding, size_t n, const char *nonce);
void		 scram_free(struct scram *s);

/* Each appends a message, in this order; CRYPTO_PEER ends it. */
enum crypto_err	 scram_first(struct scram *s, struct buf *out);
enum crypto_err	 scram_final(struct scram *s, const struct secret *password,
		    const void *server_first, size_t n, struct buf *out);
/* CRYPTO_OK: the server knows the password (or its verifier). */
enum crypto_err	 scram_verify(struct scram *s, const void *server_final,
		    size_t n);

#endif
