#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/num.h"
#include "mailnode/node/net.h"

int
net_parse(const char *host, const char *port, struct net_addr *a)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->sa;
	uint32_t n;

	memset(a, 0, sizeof *a);
	if (num_u32(port, port + strlen(port), 0, 65535, &n) == -1) {
		errno = EINVAL;
		return -1;
	}
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)n);
		a->len = sizeof *v4;
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)n);
		a->len = sizeof *v6;
		return 0;
	}
	errno = EINVAL;
	return -1;
}

int
net_parse_endpoint(const char *s, struct net_addr *a)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(s, ':'), *end = colon;
	size_t n;

	errno = EINVAL;
	if (colon == NULL)
		return -1;
	if (s[0] == '[') {
		if (colon == s || colon[-1] != ']')
			return -1;
		s++;
		end = colon - 1;
	}
	n = (size_t)(end - s);
	if (n >= sizeof host)
		return -1;
	memcpy(host, s, n);
	host[n] = '\0';
	return net_parse(host, colon + 1, a);
}

void
net_text(const struct sockaddr *sa, char *dst, size_t size, uint16_t *port)
{
	const struct sockaddr_in *v4;
	const struct sockaddr_in6 *v6;

	dst[0] = '\0';
	*port = 0;
	if (sa->sa_family == AF_INET) {
		v4 = (const struct sockaddr_in *)(const void *)sa;
		(void)inet_ntop(AF_INET, &v4->sin_addr, dst, (socklen_t)size);
		*port = ntohs(v4->sin_port);
	} else if (sa->sa_family == AF_INET6) {
		v6 = (const struct sockaddr_in6 *)(const void *)sa;
		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
			(void)inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12,
			    dst, (socklen_t)size);
		else
			(void)inet_ntop(AF_INET6, &v6->sin6_addr, dst,
			    (socklen_t)size);
		*port = ntohs(v6->sin6_port);
	}
}

static bool
prefix_equal(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
	uint32_t whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

/* Of n octets, not ended by a NUL. */
static bool
parse(const char *net, size_t n, struct net_prefix *p)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = memchr(net, '/', n);
	size_t hn = slash != NULL ? (size_t)(slash - net) : n;
	uint32_t bits, all;

	memset(p, 0, sizeof *p);
	if (hn >= sizeof host)
		return false;
	memcpy(host, net, hn);
	host[hn] = '\0';
	p->v6 = strchr(host, ':') != NULL;
	all = bits = p->v6 ? 128 : 32;
	if (slash != NULL && num_u32(slash + 1, net + n, 0, all, &bits) == -1)
		return false;
	p->bits = (uint8_t)bits;
	return inet_pton(p->v6 ? AF_INET6 : AF_INET, host, p->a) == 1;
}

static void
narrow(struct net_prefix *p, uint8_t bits)
{
	size_t i = bits / 8;

	if (p->bits > bits)
		p->bits = bits;
	if (bits % 8 != 0) {
		p->a[i] &= (uint8_t)(0xff << (8 - bits % 8));
		i++;
	}
	for (; i < sizeof p->a; i++)
		p->a[i] = 0;
}

bool
net_prefix(const char *text, struct net_prefix *p)
{
	if (!parse(text, strlen(text), p))
		return false;
	narrow(p, p->bits);
	return true;
}

void
net_host(struct net_prefix *p)
{
	narrow(p, p->v6 ? NET_V6_HOST : NET_V4_HOST);
}

void
net_around(struct net_prefix *p)
{
	narrow(p, p->v6 ? NET_V6_NET : NET_V4_NET);
}

bool
net_equal(const struct net_prefix *a, const struct net_prefix *b)
{
	return memcmp(a->a, b->a, sizeof a->a) == 0 && a->bits == b->bits &&
	    a->v6 == b->v6;
}

bool
net_within(const struct net_prefix *p, const struct net_prefix *net)
{
	return p->v6 == net->v6 && p->bits >= net->bits &&
	    prefix_equal(p->a, net->a, net->bits);
}

void
net_prefix_text(const struct net_prefix *p, char out[NET_TEXT_MAX])
{
	char addr[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(p->v6 ? AF_INET6 : AF_INET, p->a, addr, sizeof addr);
	if (p->bits == (p->v6 ? 128 : 32))
		snprintf(out, NET_TEXT_MAX, "%s", addr);
	else
		snprintf(out, NET_TEXT_MAX, "%s/%u", addr, p->bits);
}

bool
net_is_here(const char *peer, const char *local)
{
	return strcmp(peer, local) == 0 || strcmp(peer, "127.0.0.1") == 0 ||
	    strcmp(peer, "::1") == 0;
}

static bool
match_one(const struct net_prefix *addr, const char *net, size_t n)
{
	struct net_prefix p;

	return parse(net, n, &p) && net_within(addr, &p);
}

bool
net_match(const char *addr, const char *networks)
{
	struct net_prefix a;
	const char *p = networks;
	size_t n;

	if (!net_prefix(addr, &a))
		return false;
	for (;;) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0)
			return false;
		if (match_one(&a, p, n))
			return true;
		p += n;
	}
}
