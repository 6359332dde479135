/*
 * Domain names in the form that the DNS knows: A-labels (RFC 5890), lower
 * case, without a last dot.  The only place that knows libidn2.
 */
#ifndef NODE_IDNA_H
#define NODE_IDNA_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/node/ask_dns.h"

/*
 * The A-label form of n octets of a name, terminated, in out.  A name in
 * ASCII is only folded to lower case.  0; -1 with out "": no name that the
 * DNS could be asked (dns_name_ok), or no IDNA2008 name after the mapping
 * of UTS 46 (which takes the other full stops and widths for ours).
 */
int	idna_ascii(const char *name, size_t n, char out[DNS_NAME_MAX]);

/*
 * A name for people: its U-labels where they are well-formed, else as it is,
 * cut to size.
 */
void	idna_shown(const char *name, char *out, size_t size);

/* True if both are the same name in that form; what has none is no name. */
bool	idna_same(const char *a, const char *b);

#endif
