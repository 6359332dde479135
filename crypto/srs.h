/*
 * Sender rewriting: a letter that is sent on leaves from an address of ours
 * that holds the one it came from, so that SPF has something to pass and a
 * notice finds its way back.
 *
 *	SRS0=HASH=DAY=DOMAIN=LOCAL@ours		of LOCAL@DOMAIN
 *	SRS1=HASH=HOST=REST@ours		of SRS0REST@HOST
 *
 * HASH is 40 bits of an HMAC-SHA-256 in base32, in either case; DAY two
 * digits of base32, the day modulo 1024.  An SRS1 names the first of those
 * who rewrote it, who looks at the day; those between are left out.
 */
#ifndef CRYPTO_SRS_H
#define CRYPTO_SRS_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/err.h"

enum {
	SRS_KEY = 32,		/* octets */
	SRS_ADDR_MAX = 512,	/* octets, NUL included */
	SRS_PATH_MAX = 254,	/* octets, RFC 5321 section 4.5.3.1.3 */
	SRS_DAYS = 21		/* an address answers so long */
};

/* Does it look like one, in either case? */
bool		 srs_is(const char *addr);

/* The address in it, whoever made it.  False: it holds none. */
bool		 srs_inner(const char *addr, char dst[SRS_ADDR_MAX]);

/*
 * from: local@other, not "".  CRYPTO_NAME: it cannot be rewritten (quoted,
 * or too long behind it).
 */
enum crypto_err	 srs_forward(const uint8_t key[SRS_KEY], const char *from,
		    const char *domain, int64_t now_s, char dst[SRS_ADDR_MAX]);

/* CRYPTO_NAME: no such address; CRYPTO_PEER: not our hash; CRYPTO_EXPIRED. */
enum crypto_err	 srs_reverse(const uint8_t key[SRS_KEY], const char *addr,
		    int64_t now_s, char dst[SRS_ADDR_MAX]);

#endif
