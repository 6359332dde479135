/* DKIM keys: selectors that say when they were made, and their states. */
#ifndef OPS_DKIMKEY_H
#define OPS_DKIMKEY_H

#include "crypto/vault.h"

/* A free entry name "dkim/YYYYMMx": x is r for RSA, e for Ed25519, with a
 * number behind it when taken. */
void		 dkimkey_name(const struct vault *v, enum sign_alg alg,
		    char name[VAULT_NAME_MAX]);

/* "active", "waiting" or "retired". */
const char	*dkimkey_state(const struct vault *v,
		    const struct vault_entry *e);

#endif
