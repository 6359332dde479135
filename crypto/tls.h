/*
 * TLS over a connected socket that is or is made non-blocking.  The private
 * key of a server is elsewhere: whoever accepts gives a function that asks
 * for a signature.  SIGPIPE must be ignored by the process.
 */
#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "crypto/err.h"
#include "crypto/sign.h"
#include "mailnode/base/buf.h"

enum {
	TLS_ERROR = -1,		/* tls_error() says why; only free is left */
	TLS_WANT_READ = -2,	/* call again when the socket is readable */
	TLS_WANT_WRITE = -3,	/* call again when it is writable */
	TLS_PEM_MAX = 64 * 1024, /* octets of a chain or CA file's part */
	TLS_TEXT_MAX = 160,	/* octets, NUL included */
	TLS_BINDING = 32,	/* octets of tls-exporter, RFC 9266 */
	TLS_END_POINT_MAX = 64	/* octets of tls-server-end-point */
};

struct tls_server;		/* certificate chain and settings */
struct tls_client;		/* whom to trust, and settings */
struct tls;			/* one connection */

/* Appends the signature of in to sig; vault_tls_sign() is one. */
typedef enum crypto_err tls_sign_fn(void *arg, enum tls_sign how,
    const uint8_t *in, size_t n, struct buf *sig);

/* Loads the library's tables, so that nothing is opened after a sandbox. */
int		 tls_init(void);

/*
 * From PEM: leaf first, then the chain.  Takes no file: build it before a
 * fork or a sandbox.  *out is owned; CRYPTO_CERT when it cannot be used.
 */
enum crypto_err	 tls_server_new(const void *pem, size_t n,
		    struct tls_server **out);
void		 tls_server_free(struct tls_server *s);

/* How a client knows its server. */
enum tls_verify {
	TLS_VERIFY_NONE,	/* encrypt only: opportunistic */
	TLS_VERIFY_SYSTEM,	/* the system's CAs, and the name */
	TLS_VERIFY_FILE,	/* the CAs of a PEM file, and the name */
	TLS_VERIFY_PIN		/* SHA-256 of the leaf's SPKI, nothing else */
};

struct tls_trust {
	enum tls_verify	 how;
	const char	*file;			/* TLS_VERIFY_FILE; borrowed */
	uint8_t		 pin[SHA256_OCTETS];	/* TLS_VERIFY_PIN */
};

/* NULL: system; "/path": file; "sha256:HEX": pin.  0, or -1. */
int		 tls_trust_parse(const char *text, struct tls_trust *t);

/* Reads CA files: call it before the sandbox.  *out is owned. */
enum crypto_err	 tls_client_new(const struct tls_trust *trust,
		    struct tls_client **out);
void		 tls_client_free(struct tls_client *c);

/*
 * A connection on fd (borrowed, made non-blocking), not yet shaken hands
 * over.  fn and arg are borrowed until tls_free.  One connection at a time
 * for each tls_server.  NULL: no memory.
 */
struct tls	*tls_accept(struct tls_server *s, int fd, tls_sign_fn *fn,
		    void *arg);
/* hostname: for SNI and, but for NONE and PIN, for the certificate. */
struct tls	*tls_connect(struct tls_client *c, int fd,
		    const char *hostname);
void		 tls_free(struct tls *t);	/* does not close fd */

/* 0 done, TLS_WANT_*, TLS_ERROR. */
int		 tls_handshake(struct tls *t);
/* Waits by itself, at most until the monotonic time.  0 or TLS_ERROR. */
int		 tls_handshake_until(struct tls *t, int64_t until_ms);

/* Octets (> 0), 0 at the end, TLS_WANT_*, TLS_ERROR. */
ssize_t		 tls_read(struct tls *t, void *p, size_t n);
/* Octets taken (> 0), TLS_WANT_*, TLS_ERROR.  On a WANT, call again with at
 * least the same octets; they may have moved. */
ssize_t		 tls_write(struct tls *t, const void *p, size_t n);
/* Sends close_notify, once, without waiting. */
void		 tls_close(struct tls *t);

struct tls_info {
	char	version[16];		/* "TLSv1.3" */
	char	cipher[64];		/* "TLS_AES_256_GCM_SHA384" */
	bool	verified;		/* the server is who it should be */
	char	why[TLS_TEXT_MAX];	/* not verified: the reason */
	uint8_t	spki[SHA256_OCTETS];	/* of the peer's leaf; 0 if none */
};

void		 tls_info(const struct tls *t, struct tls_info *out);

/* RFC 9266, TLS 1.3 only.  0, or -1: there is none. */
int		 tls_binding(const struct tls *t, uint8_t out[TLS_BINDING]);

/*
 * RFC 5929 section 4, tls-server-end-point, on the server's side: a digest
 * of our own certificate.  0, or -1: its signature has none.
 */
int		 tls_end_point(const struct tls *t,
		    uint8_t out[TLS_END_POINT_MAX], size_t *n);

/* Why TLS_ERROR: text of ours and the library's, no control characters.
 * Borrowed, valid until tls_free. */
const char	*tls_error(const struct tls *t);

/* The last error was the peer's, or its connection's: not our key's, nor
 * our memory's. */
bool		 tls_peer_failed(const struct tls *t);

#endif
