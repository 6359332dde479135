/* Addresses as numbers: endpoints and networks of the configuration. */
#ifndef NODE_NET_H
#define NODE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct net_addr {
	struct sockaddr_storage	sa;
	socklen_t		len;
};

/* Numeric host and port ("::" or "10.0.0.1", "25").  0, or -1: EINVAL. */
int	net_parse(const char *host, const char *port, struct net_addr *a);

/* "127.0.0.1:53" or "[::1]:53".  0, or -1: EINVAL. */
int	net_parse_endpoint(const char *s, struct net_addr *a);

/*
 * The address as text without port; v4-mapped v6 as v4.  *port is in host
 * order; "" and 0 for other families.
 */
void	net_text(const struct sockaddr *sa, char *dst, size_t size,
	    uint16_t *port);

/*
 * Is the address (as net_text writes it) in one of the blank-separated
 * networks, "10.0.0.0/8 ::1"?  A malformed network matches nothing.
 */
bool	net_match(const char *addr, const char *networks);

#endif
