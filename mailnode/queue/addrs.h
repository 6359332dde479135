/*
 * The addresses of a header field (RFC 5322 section 3.4): mailboxes and
 * groups with commas between, comments and names around.  No I/O, no state.
 */
#ifndef QUEUE_ADDRS_H
#define QUEUE_ADDRS_H

#include <stdbool.h>

#include "mailnode/smtp/path.h"

enum addrs_found {
	ADDRS_ONE,		/* *out has its address */
	ADDRS_LOCAL,		/* a name without a domain: out->local */
	ADDRS_BAD,		/* [*at, *at + *n) is no address */
	ADDRS_END
};

/*
 * The next one of [*p, end), unfolded; *p moves behind it.  The names of
 * groups, and what is empty, are passed over.
 */
enum addrs_found addrs_next(const char **p, const char *end,
	    struct path *out, const char **at, size_t *n);

#endif
