/* Which way out a recipient takes: conf.relays, first match wins. */
#ifndef QUEUE_ROUTE_H
#define QUEUE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ROUTE_NONE = -1,	/* no line of conf.relays matches */
	ROUTE_LOCAL = -2	/* a domain of ours: no way out is needed */
};

enum { ROUTE_KEY_MAX = 320 };	/* octets, NUL included */

/* "*" stands for any octets, also none; letters match in either case. */
bool	route_match(const char *pattern, const char *addr);

/* Is the address's domain one of conf.domains? */
bool	route_is_ours(const char *addr);

/* The owner's address at the first domain; static. */
const char *route_own(void);

/* An index of conf.relays, ROUTE_NONE or ROUTE_LOCAL. */
int	route_find(const char *from, const char *to);

/* ROUTE_NONE when no relay has that name. */
int	route_by_name(const char *name);

/* The relay is "mx" (or "mx:PORT"): each domain has a next hop of its own. */
bool	route_is_mx(int route);

/*
 * Recipients with the same key go over the same connection: the relay's
 * name, with "mx" followed by " DOMAIN" in lower case.
 */
void	route_key(int route, const char *to, char key[ROUTE_KEY_MAX]);

/*
 * Must this next hop be reached over verified TLS?  conf.tls_required: names
 * or patterns of domains and of relays' hosts.
 */
bool	route_tls_required(int route, const char *domain);

/* The part behind the last @, or "". */
const char *route_domain(const char *addr);

/* "host:port" in two; the port, a number, "25" when there is none.
 * 0, or -1. */
int	route_host(const char *s, char *host, size_t size, char *port,
	    size_t port_size);

#endif
