/*
 * Passwords that were right of late, and the verifiers derived from them: a
 * phone comes back all day, and RFC 7677's 4096 rounds are the longest part
 * of its login.  They are held as digests under a key of this process, in
 * guarded memory.  A verifier out of here is held against those of the vault
 * like one derived anew, so that what was revoked stays so.
 */
#ifndef CRYPTO_DERIVED_H
#define CRYPTO_DERIVED_H

#include <stdbool.h>

#include "crypto/device.h"

enum { DERIVED_KEPT = 16 };	/* the oldest goes first */

struct derived;

struct derived	*derived_new(void);	/* owned; NULL: no memory */
void		 derived_free(struct derived *m);	/* wipes */

/* *v: DEVICE_VERIFIER octets, owned.  False: not known, or no memory. */
bool		 derived_get(const struct derived *m, const struct secret *text,
		    struct secret **v);
/* For a password that was right. */
void		 derived_put(struct derived *m, const struct secret *text,
		    const struct secret *v);

#endif
