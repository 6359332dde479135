/*
 * The way to a next hop: which servers, at which addresses, and a
 * connection to the first of them that answers.  RFC 5321 section 5.
 */
#ifndef QUEUE_HOP_H
#define QUEUE_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/node/net.h"

enum {
	HOP_HOSTS_MAX = 10,	/* MX records used */
	HOP_ADDRS_MAX = 12,	/* addresses tried, all hosts together */
	HOP_HOST_MAX = 256,	/* octets, NUL included */
	HOP_WHY_MAX = 256,
	HOP_DNS_MS = 30000,
	HOP_CONNECT_MS = 30000	/* each address */
};

struct hop_addr {
	char		 host[HOP_HOST_MAX];	/* the server's name */
	struct net_addr	 addr;
};

struct hop {
	struct hop_addr	 at[HOP_ADDRS_MAX];	/* in the order to try */
	size_t		 n;
	bool		 refused;	/* n is 0 for good: bounce */
	char		 why[HOP_WHY_MAX];	/* n is 0: "450 4.4.3 …" */
};

/* Servers of a domain: MX, null MX, addresses of the domain itself; our own
 * name among them ends the list there.  dns: channel to the resolver. */
void	hop_mx(int dns, const char *domain, const char *port,
	    const char *ourselves, struct hop *h);

/* One named or numeric server. */
void	hop_host(int dns, const char *host, const char *port, struct hop *h);

/* Connects, non-blocking socket; -1 with errno.  When wake (-1: none) is
 * readable it gives up: EINTR. */
int	hop_connect(const struct hop_addr *a, int wake);

/* "mx.example.net 192.0.2.1:25" */
void	hop_text(const struct hop_addr *a, char *dst, size_t size);

#endif
