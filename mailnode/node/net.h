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

/* A network as octets: what lies behind its bits is 0. */
struct net_prefix {
	uint8_t		a[16];		/* IPv4: the first four */
	uint8_t		bits;
	bool		v6;
};

enum {
	NET_TEXT_MAX = 52,	/* octets of a prefix in text, NUL included */
	NET_V4_HOST = 32, NET_V6_HOST = 64,	/* an IPv6 host has its /64 */
	NET_V4_NET = 24, NET_V6_NET = 48	/* those next to it */
};

/* "192.0.2.0/24", "2001:db8::1".  False: neither. */
bool	net_prefix(const char *text, struct net_prefix *p);
/* What an address is counted by: itself, or its /64; and the network around
 * it.  p may be any prefix. */
void	net_host(struct net_prefix *p);
void	net_around(struct net_prefix *p);
bool	net_equal(const struct net_prefix *a, const struct net_prefix *b);
/* Is p within `net`? */
bool	net_within(const struct net_prefix *p, const struct net_prefix *net);
/* Without the bits where they are those of a single address. */
void	net_prefix_text(const struct net_prefix *p, char out[NET_TEXT_MAX]);

/* Do both ends of a connection have the same address, or that of no other
 * machine (127.0.0.1, ::1)? */
bool	net_is_here(const char *peer, const char *local);

#endif
