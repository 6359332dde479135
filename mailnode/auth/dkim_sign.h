/*
 * DKIM signing (RFC 6376, 8463), streamed and without keys: the message
 * goes in, one SHA-256 for each key comes out, the vault signs that, and
 * the finished DKIM-Signature field is written.  relaxed/relaxed; the
 * fields that readers act on are oversigned, so that none can be added.
 *
 *	s = dkim_sign_new(domain, keys, nkeys, now);
 *	dkim_sign_feed(s, p, n);		as often as needed
 *	dkim_sign_end(s);
 *	for (i = 0; i < nkeys; i++)
 *		sign dkim_sign_digest(s, i) in the vault;
 *		dkim_sign_put(s, i, signature, len, &header);
 *	dkim_sign_free(s);
 */
#ifndef AUTH_DKIM_SIGN_H
#define AUTH_DKIM_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "mailnode/base/buf.h"

enum {
	DKIM_SIGN_KEYS = 4,		/* at most, of one message */
	DKIM_SIGN_HEADER_MAX = 256 * 1024,	/* octets */
	DKIM_SIGN_FIELD_MAX = 8192	/* octets of a finished field */
};

struct dkim_sign_key {
	const char	*selector;
	enum sign_alg	 alg;		/* SIGN_RSA or SIGN_ED25519 */
};

enum dkim_sign_err {
	DKIM_SIGN_OK,
	DKIM_SIGN_NOMEM,
	DKIM_SIGN_NOFROM,	/* no From field, or more than one */
	DKIM_SIGN_HEADER,	/* header over DKIM_SIGN_HEADER_MAX */
	DKIM_SIGN_NAME		/* domain or selector is no name */
};

struct dkim_sign;

/* Copies its arguments.  Returns owned, or NULL when memory is out. */
struct dkim_sign *dkim_sign_new(const char *domain,
	    const struct dkim_sign_key *keys, size_t nkeys, int64_t now_s);
void	 dkim_sign_free(struct dkim_sign *s);

/* Octets of the message (header, empty line, body), CRLF, cut anywhere.
 * A bare LF is taken as CRLF. */
enum dkim_sign_err dkim_sign_feed(struct dkim_sign *s, const void *p,
	    size_t n);
enum dkim_sign_err dkim_sign_end(struct dkim_sign *s);

/* What key i signs: SHA256_OCTETS octets; borrowed.  After dkim_sign_end. */
const uint8_t *dkim_sign_digest(const struct dkim_sign *s, size_t i);

/* Appends "DKIM-Signature: …\r\n", folded, to out. */
enum dkim_sign_err dkim_sign_put(struct dkim_sign *s, size_t i,
	    const uint8_t *sig, size_t len, struct buf *out);

const char *dkim_sign_err_text(enum dkim_sign_err e);

#endif
