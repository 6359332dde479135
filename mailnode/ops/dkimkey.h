/* DKIM keys: selectors that say when they were made, and their states. */
#ifndef OPS_DKIMKEY_H
#define OPS_DKIMKEY_H

#include "crypto/vault.h"
#include "mailnode/ops/safe.h"

/* A free entry name "dkim/YYYYMMx": x is r for RSA, e for Ed25519, with a
 * number behind it when taken. */
void		 dkimkey_name(const struct vault *v, enum sign_alg alg,
		    char name[VAULT_NAME_MAX]);

/* The entry that signs now: the oldest of its kind not retired, or NULL. */
const struct vault_entry	*dkimkey_active(const struct vault *v,
				    enum vault_kind kind);

/* "active", "waiting" or "retired". */
const char	*dkimkey_state(const struct vault *v,
		    const struct vault_entry *e);

#endif
