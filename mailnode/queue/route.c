#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/node/conf.h"
#include "mailnode/queue/route.h"

static int
lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool
route_match(const char *pattern, const char *addr)
{
	const char *star = NULL, *again = NULL;

	/* The last star alone is ever given more: linear in practice. */
	while (*addr != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			again = addr;
		} else if (lower(*pattern) == lower(*addr)) {
			pattern++;
			addr++;
		} else if (star != NULL) {
			pattern = star;
			addr = ++again;
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool
route_tls_required(int route, const char *domain)
{
	char host[256], port[8];
	size_t i;

	if (route < 0 || route_host(conf.relays[route].host, host,
	    sizeof host, port, sizeof port) == -1)
		return true;
	for (i = 0; i < conf.ntls_required; i++)
		if (conf.tls_required[i] != NULL &&
		    (route_match(conf.tls_required[i], domain) ||
		    route_match(conf.tls_required[i], host)))
			return true;
	return false;
}

const char *
route_domain(const char *addr)
{
	const char *at = strrchr(addr, '@');

	return at != NULL ? at + 1 : "";
}

bool
route_is_ours(const char *addr)
{
	const char *domain = route_domain(addr);
	size_t i;

	for (i = 0; i < conf.ndomains; i++)
		if (strcasecmp(domain, conf.domains[i]) == 0)
			return true;
	return false;
}

const char *
route_own(void)
{
	static char own[ROUTE_KEY_MAX];

	if (own[0] == '\0')
		(void)snprintf(own, sizeof own, "%s@%s", conf.user,
		    conf.domains[0]);
	return own;
}

int
route_find(const char *from, const char *to)
{
	size_t i;

	if (route_is_ours(to))
		return ROUTE_LOCAL;
	for (i = 0; i < conf.nrelays; i++)
		if (route_match(conf.relays[i].from, from) &&
		    route_match(conf.relays[i].to, to))
			return (int)i;
	return ROUTE_NONE;
}

int
route_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < conf.nrelays; i++)
		if (strcmp(conf.relays[i].name, name) == 0)
			return (int)i;
	return ROUTE_NONE;
}

bool
route_is_mx(int route)
{
	return route >= 0 && (strcmp(conf.relays[route].host, "mx") == 0 ||
	    strncmp(conf.relays[route].host, "mx:", 3) == 0);
}

void
route_key(int route, const char *to, char key[ROUTE_KEY_MAX])
{
	char *p;

	key[0] = '\0';
	if (route < 0)
		return;
	if (!route_is_mx(route)) {
		snprintf(key, ROUTE_KEY_MAX, "%s", conf.relays[route].name);
		return;
	}
	snprintf(key, ROUTE_KEY_MAX, "%s %s", conf.relays[route].name,
	    route_domain(to));
	for (p = key + strlen(conf.relays[route].name); *p != '\0'; p++)
		*p = (char)lower(*p);
}

int
route_host(const char *s, char *host, size_t size, char *port,
    size_t port_size)
{
	const char *end, *colon, *number;
	uint32_t n;

	if (*s == '[') {		/* [2001:db8::1]:25 */
		end = strchr(++s, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -1;
		colon = end[1] == ':' ? end + 1 : NULL;
	} else {
		colon = strrchr(s, ':');
		end = colon != NULL ? colon : s + strlen(s);
	}
	if (end == s || (size_t)(end - s) >= size)
		return -1;
	memcpy(host, s, (size_t)(end - s));
	host[end - s] = '\0';
	number = colon != NULL ? colon + 1 : "25";
	if (num_u32(number, number + strlen(number), 1, UINT16_MAX, &n) == -1)
		return -1;
	return snprintf(port, port_size, "%u", n) < (int)port_size ? 0 : -1;
}
