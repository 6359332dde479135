/* What the owner publishes in the DNS for this node to be believed. */
#ifndef OPS_DNSZONE_H
#define OPS_DNSZONE_H

#include <stddef.h>

#include "crypto/vault.h"
#include "mailnode/base/buf.h"

enum { DNSZONE_MAX = 64 * 1024 };	/* octets */

/* The value of the DKIM record of a key: "v=DKIM1; k=…; p=…". */
void	dnszone_dkim_value(struct buf *b, const struct vault_entry *e);

/* Its records in zone-file form, for each of our domains. */
void	dnszone_dkim(struct buf *b, const struct vault_entry *e);

/*
 * The whole zone-file fragment, with comments.  spki: SHA-256 of the TLS
 * key, or NULL.
 */
void	dnszone_put(struct buf *b, const struct vault *v,
	    const uint8_t *spki);

#endif
