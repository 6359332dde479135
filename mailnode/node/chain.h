/*
 * The certificate chain that sessions show, $MAILNODE_HOME/tls/chain.pem.
 * The parent loads it before it forks, so that each session has it for
 * nothing (building it costs 2 ms the first time, a fork 0.2 ms), and a
 * chain that was replaced is there for the next fork.
 */
#ifndef NODE_CHAIN_H
#define NODE_CHAIN_H

#include <stdbool.h>

#include "crypto/tls.h"
#include "mailnode/node/alarm.h"
#include "mailnode/node/proc.h"

enum { CHAIN_SOON_S = 14 * 86400 };	/* the owner is told so long before */

/*
 * Looks at the file and loads it if it is not the one loaded last.  NULL:
 * there is none, or it cannot serve (*why then says so, else NULL).
 * Borrowed, valid until the next call.  Call it before the sandbox; behind
 * it, chain_loaded.
 */
struct tls_server	*chain_load(const char *home, const char **why);
struct tls_server	*chain_loaded(void);

/*
 * The hash (SHA256_OCTETS) of the public key that the vault has, or NULL:
 * with a chain of another one each handshake would fail, so that it cannot
 * serve either.
 */
void			 chain_key(const uint8_t *spki);

/* The same for a session: NULL too where the vault has no key for it. */
struct tls_server	*chain_serves(const struct proc *pr);

/* The same for the parent, before it forks a session: trouble is an
 * alarm, and so is an end that is near.
 * True when the file was read anew, or is gone. */
bool			 chain_watch(const char *home, struct alarms *a);

#endif
