/*
 * Addresses as SMTP writes them: RFC 5321 sections 4.1.2 and 4.5.3.1, with
 * UTF-8 as RFC 6531 section 3.3 adds it.  No I/O and no state.
 *
 * More is taken than the grammar says in two places, since mail that people
 * want comes that way: "_" in a domain, and, with PATH_LENIENT, a local part
 * of up to PATH_MAX octets (VERP, SRS).
 */
#ifndef SMTP_PATH_H
#define SMTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum {
	PATH_LOCAL_MAX = 64,	/* octets, RFC 5321 section 4.5.3.1.1 */
	PATH_DOMAIN_MAX = 255,	/* octets, section 4.5.3.1.2 */
	PATH_MAX_OCTETS = 256,	/* with < and >, section 4.5.3.1.3 */
	PATH_LABEL_MAX = 63,	/* octets, RFC 1035 section 2.3.4 */
	PATH_SIZE = 512		/* of struct path's address; SPOOL_ADDR_MAX */
};

enum path_err {
	PATH_OK,
	PATH_SYNTAX,
	PATH_LOCAL_LONG,	/* over PATH_LOCAL_MAX */
	PATH_DOMAIN_LONG,	/* over PATH_DOMAIN_MAX, or a label too long */
	PATH_LONG,		/* over PATH_MAX_OCTETS */
	PATH_NOT_ASCII,		/* UTF-8 without PATH_UTF8 */
	PATH_BAD_UTF8		/* octets that are no UTF-8 */
};

enum path_flag {
	PATH_UTF8 = 1,		/* SMTPUTF8 is in force */
	PATH_NULL = 2,		/* <> is taken: reverse path */
	PATH_BARE = 4,		/* <postmaster> is taken: forward path */
	PATH_LENIENT = 8	/* long local parts: reverse path */
};

struct path {
	bool	null;		/* <>: all strings are empty */
	bool	bare;		/* <postmaster>: domain is empty */
	bool	literal;	/* domain is [an address] */
	bool	route;		/* a source route stood before it: dropped */
	bool	utf8;		/* has octets beyond ASCII */
	char	local[PATH_SIZE];	/* quotes and backslashes removed */
	char	domain[PATH_DOMAIN_MAX + 1];	/* as it came */
	char	address[PATH_SIZE];	/* local@domain, quoted if needed */
};

/* A sentence without its full stop, lower case; never NULL. */
const char	*path_err_text(enum path_err e);

/*
 * Reads "<...>" that begins at *p; *p then stands behind its ">".  *out is
 * empty unless PATH_OK; *p is unchanged then.
 */
enum path_err	 path_lex(const char **p, const char *end, unsigned int flags,
		    struct path *out);

/* The same without < and >; all of [p, end) must be one mailbox. */
enum path_err	 path_mailbox(const char *p, const char *end,
		    unsigned int flags, struct path *out);

/* True if all of [p, end) is a domain name (not a literal). */
bool		 path_domain_ok(const char *p, const char *end, bool utf8);

/* True if all of [p, end) is an address literal, "[192.0.2.1]". */
bool		 path_literal_ok(const char *p, const char *end);

#endif
