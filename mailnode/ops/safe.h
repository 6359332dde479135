/*
 * The vault as commands use it: the file, its lock, and the vault process
 * of a running daemon, which is told of each change.
 */
#ifndef OPS_SAFE_H
#define OPS_SAFE_H

#include <stdbool.h>

#include "crypto/op_vault.h"
#include "crypto/vault.h"
#include "mailnode/base/buf.h"
#include "mailnode/node/control.h"

struct safe {
	int		 dir;		/* $MAILNODE_HOME */
	int		 lock;		/* of changes; -1 when only reading */
	int		 file;		/* the vault as read; -1: none */
	struct vault	*v;		/* NULL: none, or trouble says why */
	enum crypto_err	 trouble;
	struct node	*node;		/* the daemon; NULL: none runs */
	int		 ch;		/* its vault; -1: none */
};

/*
 * Reads the vault of home and looks for a daemon.  change: waits for the
 * lock that makes read, change and write one step.  CRYPTO_OK also when
 * there is no usable vault: see trouble.  CRYPTO_SYSTEM: errno.
 */
enum crypto_err	safe_open(struct safe *s, const char *home, bool change);
void		safe_close(struct safe *s);

/* boot.key opens the boot section of s->v. */
enum crypto_err	safe_open_machine(struct safe *s);

/* Seals s->v and writes it; a daemon reads it anew. */
enum crypto_err	safe_store(struct safe *s);
/* The same with what the daemon's vault sealed. */
enum crypto_err	safe_store_sealed(struct safe *s, const struct buf *sealed);

/*
 * A tls_sign_fn with the TLS key: the daemon's vault asked, or else the key
 * as boot.key opens it here.  arg: struct safe *.
 */
enum crypto_err	safe_tls_sign(void *arg, enum tls_sign how,
		    const uint8_t *in, size_t n, struct buf *sig);

/*
 * A line from the terminal without echo, or from stdin.  *out is owned.
 * CRYPTO_SYSTEM: errno, ENXIO when there is no terminal.
 */
enum crypto_err	safe_ask(bool from_stdin, const char *prompt,
		    struct secret **out);
/* Asks twice on a terminal: CRYPTO_TYPED; CRYPTO_SHORT for fewer than
 * SAFE_PHRASE_MIN octets. */
enum { SAFE_PHRASE_MIN = 8 };
enum crypto_err	safe_ask_new(bool from_stdin, const char *prompt,
		    struct secret **out);

/* The text of e; for CRYPTO_SYSTEM that of errno.  Borrowed. */
const char	*safe_why(enum crypto_err e);

#endif
