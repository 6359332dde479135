/*
 * Authentication-Results (RFC 8601): our own written, foreign ones read,
 * forged ones found while a message streams by.
 */
#ifndef AUTH_RESULTS_H
#define AUTH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum {
	RESULTS_PROPS = 6,		/* properties of one result */
	RESULTS_MAX = 32,		/* results of one field */
	RESULTS_PREFIX_MAX = 4096,	/* octets that must decide a field */
	RESULTS_FIELD_MAX = 32 * 1024	/* octets of a whole field */
};

struct results_prop {
	const char	*ptype;		/* "header", "smtp", "policy" */
	const char	*name;		/* "d", "mailfrom" */
	const char	*value;
};

struct results_item {
	const char	*method;	/* "dkim" */
	const char	*result;	/* "pass" */
	const char	*reason;	/* NULL or "": none */
	size_t		 nprops;
	struct results_prop props[RESULTS_PROPS];
};

/*
 * Appends "Authentication-Results: ID; …\r\n", folded; "none" if n is 0.
 * Values are quoted as needed; octets that no quoting allows become "?".
 * 0, or -1: out->err.
 */
int	 results_put(struct buf *out, const char *authserv_id,
	    const struct results_item *items, size_t n);

/*
 * Is a header field an Authentication-Results that claims to be ours?
 * [p, p+n) is its beginning, from the first octet of its name; `whole` says
 * that nothing follows.  Ours: the authserv-id is one of ids or below it,
 * or cannot be read at all.  RESULTS_MORE never comes with whole, nor from
 * RESULTS_PREFIX_MAX octets on.
 */
enum results_claim { RESULTS_OTHER, RESULTS_OURS, RESULTS_MORE };

enum results_claim results_claim(const char *p, size_t n, bool whole,
	    const char *const *ids, size_t nids);

/* One field, read.  Caller's memory. */
struct results {
	const char		*id;	/* authserv-id, lower case */
	size_t			 nitems;
	struct results_item	*items;	/* owned; borrows from store */
	struct buf		 store;	/* private */
};

/*
 * Reads the value of a field (behind the colon, folding and comments as
 * they came).  0; -1 if it is malformed or too large, with r empty.
 */
int	 results_parse(struct results *r, const char *p, size_t n);
void	 results_clear(struct results *r);

#endif
