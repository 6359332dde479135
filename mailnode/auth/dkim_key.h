/* DKIM key records (RFC 6376 section 3.6.1, RFC 8463 section 4). */
#ifndef AUTH_DKIM_KEY_H
#define AUTH_DKIM_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/sign.h"

struct dkim_record {
	enum sign_alg	 alg;
	bool		 testing;	/* t=y */
	bool		 strict;	/* t=s: i= in d= itself, not below */
	size_t		 len;
	uint8_t		 pub[SIGN_PUB_MAX];
};

/*
 * Reads one TXT record.  NULL when r is a key we may use; else the reason,
 * static text, with r->testing still right as far as it could be read.
 */
const char *dkim_record_parse(struct dkim_record *r, const void *p,
	    size_t n);

#endif
