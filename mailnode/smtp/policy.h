/* What is said to a recipient: promise 10, no relay.  No I/O, no state. */
#ifndef SMTP_POLICY_H
#define SMTP_POLICY_H

#include <stdint.h>

#include "crypto/err.h"
#include "mailnode/smtp/path.h"
#include "mailnode/smtp/answer.h"
#include "store/op_rcpt.h"

/*
 * The answer to RCPT for this address when keeper said status and, with
 * STORE_OK, r.  Borrowed for good; code 250 takes it.
 */
const struct answer	*policy_rcpt(const struct path *to, uint16_t status,
			    const struct rcpt *r);

/* For RCPT_SRS: what the vault said, and whether the sender is <>. */
const struct answer	*policy_srs(enum crypto_err e, bool notice);

/* Without asking keeper: addresses that no table can make ours.  NULL: ask. */
const struct answer	*policy_rcpt_early(const struct path *to);

/* What keeper's status at hand-in means to the peer. */
const struct answer	*policy_store(uint16_t status);

/* What an address that cannot be read means. */
const struct answer	*policy_path(enum path_err err, bool sender);

#endif
