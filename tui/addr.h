/*
 * Lists of addresses as they stand in a decoded header field or are typed:
 * forgiving, for people; RFC 5321 paths are read by mailnode/smtp.
 */
#ifndef TUI_ADDR_H
#define TUI_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "mailnode/base/buf.h"

enum {
	ADDR_LIST_MAX = 2000,	/* addresses of one list */
	ADDR_TEXT_MAX = 256 * 1024	/* octets of a list */
};

struct addr {
	char	*name;		/* decoded, without quotes; "" for none */
	char	*addr;		/* local@domain */
};

struct addrs {
	struct addr	*a;
	size_t		 n;
};

/*
 * Appends what it finds.  A decoded name may hold a comma: a piece without
 * "@" belongs to the next one.  Groups lose their name.  Returns how many
 * pieces were no address; *bad (may be NULL) borrows the start of the first.
 */
size_t	 addrs_read(struct addrs *l, const char *s, const char **bad);
void	 addrs_clear(struct addrs *l);
/* Copies, unless that address is there already; false: it was or no memory. */
bool	 addrs_add(struct addrs *l, const char *name, const char *addr);
bool	 addrs_has(const struct addrs *l, const char *addr);

/* "Name <a@b>, c@d": names quoted where they have to be. */
void	 addr_put(struct buf *b, const struct addr *a);
void	 addrs_put(struct buf *b, const struct addrs *l);

/* Domains, and local parts too, without regard to ASCII case. */
bool	 addr_equal(const char *a, const char *b);
/* One of this node's: its domain is in conf.domains. */
bool	 addr_is_own(const char *addr);
/* Has a local part, a domain, and nothing that could end a line. */
bool	 addr_ok(const char *addr);

#endif
