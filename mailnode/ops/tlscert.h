/* $MAILNODE_HOME/tls: the certificate chain of our TLS key. */
#ifndef OPS_TLSCERT_H
#define OPS_TLSCERT_H

#include <stdbool.h>

#include "crypto/cert.h"
#include "mailnode/ops/safe.h"

enum { TLSCERT_SELF_DAYS = 825 };	/* of a self-signed one */

/* Our key and name; borrows from s->v.  CRYPTO_ABSENT: there is no key. */
enum crypto_err	tlscert_subject(const struct safe *s,
		    struct cert_subject *out);

/* The installed chain into pem.  CRYPTO_ABSENT: none. */
enum crypto_err	tlscert_read(const struct safe *s, struct buf *pem);

/* Whether an authority stands behind it that programs elsewhere know, too, by
 * what this machine knows. */
bool	tlscert_believed(const struct buf *pem);

/* Writes a self-signed one, in place of any. */
enum crypto_err	tlscert_self_sign(struct safe *s);

/* Checks a chain against key, name and date, and puts it in its place. */
enum crypto_err	tlscert_install(struct safe *s, const struct buf *pem);

#endif
