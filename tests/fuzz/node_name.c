/* node/idna, node/net: names and networks as people and peers write them. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/node/idna.h"
#include "mailnode/node/net.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
names(const char *s, size_t n)
{
	char once[DNS_NAME_MAX], twice[DNS_NAME_MAX];

	if (idna_ascii(s, n, once) == -1) {
		if (once[0] != '\0')
			abort();
		return;
	}
	if (!dns_name_ok(once) || idna_ascii(once, strlen(once), twice) == -1 ||
	    strcmp(once, twice) != 0 || !idna_same(once, twice))
		abort();
}

static void
networks(const char *s)
{
	char host[INET6_ADDRSTRLEN];
	struct net_addr a;
	uint16_t port;

	(void)net_match("192.0.2.1", s);
	(void)net_match("2001:db8::1", s);
	(void)net_match(s, "10.0.0.0/8 ::/0");
	if (net_parse_endpoint(s, &a) == -1)
		return;
	net_text((struct sockaddr *)&a.sa, host, sizeof host, &port);
	if (host[0] == '\0' || !net_match(host, host))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	if (s == NULL)
		return 0;
	memcpy(s, data, size);
	s[size] = '\0';
	names((const char *)data, size);
	networks(s);
	free(s);
	return 0;
}
