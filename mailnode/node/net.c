#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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

static bool
match_one(const char *addr, const char *net, size_t n)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = memchr(net, '/', n), *end = net + n;
	uint8_t a[16], b[16];
	size_t hn = slash != NULL ? (size_t)(slash - net) : n;
	uint32_t bits, all;
	int family;

	if (hn >= sizeof host)
		return false;
	memcpy(host, net, hn);
	host[hn] = '\0';
	family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	all = bits = family == AF_INET6 ? 128 : 32;
	if (slash != NULL && num_u32(slash + 1, end, 0, all, &bits) == -1)
		return false;
	return inet_pton(family, host, b) == 1 &&
	    inet_pton(family, addr, a) == 1 && prefix_equal(a, b, bits);
}

bool
net_match(const char *addr, const char *networks)
{
	const char *p = networks;
	size_t n;

	for (;;) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0)
			return false;
		if (match_one(addr, p, n))
			return true;
		p += n;
	}
}
