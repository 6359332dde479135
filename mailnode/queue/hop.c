#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/node/ask_dns.h"
#include "mailnode/queue/hop.h"

struct host {
	char		name[HOP_HOST_MAX];
	uint16_t	preference;
	uint16_t	lot;		/* drawn among equals */
};

static void
nothing(struct hop *h, bool refused, const char *status, const char *what,
    const char *detail)
{
	h->refused = refused;
	snprintf(h->why, sizeof h->why, "%s %s%s%s%s", status, what,
	    detail[0] != '\0' ? " (" : "", detail,
	    detail[0] != '\0' ? ")" : "");
}

static void
add(struct hop *h, const char *host, const char *ip, const char *port)
{
	struct hop_addr *a = &h->at[h->n];

	if (h->n >= HOP_ADDRS_MAX || net_parse(ip, port, &a->addr) == -1)
		return;
	snprintf(a->host, sizeof a->host, "%s", host);
	h->n++;
}

static void
add_answer(struct hop *h, const char *host, const char *port,
    const struct dns_answer *a, int family)
{
	size_t want = family == AF_INET ? 4 : 16, i;
	char ip[INET6_ADDRSTRLEN];
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	uint16_t none;

	for (i = 0; i < a->nrr; i++) {
		if (a->rr[i].len != want)
			continue;
		if (family == AF_INET) {
			memcpy(&v4.sin_addr, a->rr[i].data, 4);
			net_text((struct sockaddr *)&v4, ip, sizeof ip,
			    &none);
		} else {
			memcpy(&v6.sin6_addr, a->rr[i].data, 16);
			net_text((struct sockaddr *)&v6, ip, sizeof ip,
			    &none);
		}
		add(h, host, ip, port);
	}
}

/* RFC 6761 section 6.3: never asked of anybody. */
static bool
is_localhost(const char *host)
{
	size_t n = strlen(host);

	return strcasecmp(host, "localhost") == 0 ||
	    (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0);
}

/* Addresses of one host; the worst answer's class when there are none. */
static enum dns_class
lookup(int dns, const char *host, const char *port, struct hop *h, char *why,
    size_t size)
{
	struct dns_question q[2] = { { .type = DNS_AAAA, .name = host },
	    { .type = DNS_A, .name = host } };
	enum dns_class c = DNS_OK;
	size_t had = h->n;

	why[0] = '\0';
	if (is_localhost(host)) {
		add(h, host, "127.0.0.1", port);
		add(h, host, "::1", port);
		return DNS_OK;
	}
	dns_answer_init(&q[0].answer);
	dns_answer_init(&q[1].answer);
	ask_dns_many(dns, q, 2, HOP_DNS_MS);
	add_answer(h, host, port, &q[0].answer, AF_INET6);
	add_answer(h, host, port, &q[1].answer, AF_INET);
	if (h->n == had) {
		c = q[0].answer.class > q[1].answer.class ?
		    q[0].answer.class : q[1].answer.class;
		c = c == DNS_OK ? DNS_NODATA : c;
		snprintf(why, size, "%s", q[0].answer.why[0] != '\0' ?
		    q[0].answer.why : q[1].answer.why);
	}
	dns_answer_clear(&q[0].answer);
	dns_answer_clear(&q[1].answer);
	return c;
}

void
hop_host(int dns, const char *host, const char *port, struct hop *h)
{
	struct net_addr numeric;
	char why[DNS_WHY_MAX];

	memset(h, 0, sizeof *h);
	if (net_parse(host, port, &numeric) == 0) {
		add(h, host, host, port);
		return;
	}
	/* A relay of the configuration that has no address is for the
	 * owner to mend: the letter waits. */
	(void)lookup(dns, host, port, h, why, sizeof why);
	if (h->n == 0)
		nothing(h, false, "450 4.4.3",
		    "no address was found for the relay", why);
}

static int
by_preference(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	if (x->preference != y->preference)
		return x->preference > y->preference ? 1 : -1;
	return (x->lot > y->lot) - (x->lot < y->lot);
}

/* RFC 5321 section 5.1: in order, equals in any; those to be tried first
 * stay when there are more than are used. */
static size_t
first_of(const struct dns_answer *a, struct host host[HOP_HOSTS_MAX + 1])
{
	struct host *h;
	size_t i, n = 0;

	for (i = 0; i < a->nrr; i++) {
		h = &host[n];
		snprintf(h->name, sizeof h->name, "%s",
		    (const char *)a->rr[i].data);
		h->preference = a->rr[i].preference;
		random_bytes(&h->lot, sizeof h->lot);
		if (h->name[0] == '\0')
			continue;
		qsort(host, ++n, sizeof host[0], by_preference);
		if (n > HOP_HOSTS_MAX)
			n = HOP_HOSTS_MAX;
	}
	return n;
}

/* Up to the first that is ourselves. */
static size_t
hosts_of(const struct dns_answer *a, const char *ourselves,
    struct host host[HOP_HOSTS_MAX + 1], bool *loop)
{
	size_t i, n = first_of(a, host);

	*loop = false;
	for (i = 0; i < n; i++)
		if (strcasecmp(host[i].name, ourselves) == 0) {
			*loop = true;
			while (i > 0 && host[i - 1].preference ==
			    host[i].preference)
				i--;
			return i;
		}
	return n;
}

static void
add_hosts(int dns, const struct host *host, size_t n, const char *port,
    struct hop *h)
{
	char why[DNS_WHY_MAX] = "";
	enum dns_class c, worst = DNS_OK;
	size_t i;

	for (i = 0; i < n && h->n < HOP_ADDRS_MAX; i++) {
		c = lookup(dns, host[i].name, port, h, why, sizeof why);
		worst = c > worst ? c : worst;
	}
	if (h->n > 0)
		return;
	if (worst == DNS_TEMPFAIL)
		nothing(h, false, "451 4.4.3",
		    "the domain's mail servers cannot be looked up", why);
	else
		nothing(h, true, "550 5.1.2",
		    "the domain's mail servers have no address", "");
}

static void
from_mx(int dns, const struct dns_answer *a, const char *port,
    const char *ourselves, struct hop *h)
{
	struct host host[HOP_HOSTS_MAX + 1];
	bool loop;
	size_t n;

	/* RFC 7505: one record, the root. */
	if (a->nrr == 1 && a->rr[0].data[0] == '\0') {
		nothing(h, true, "556 5.1.10",
		    "the domain accepts no mail (null MX)", "");
		return;
	}
	n = hosts_of(a, ourselves, host, &loop);
	if (n > 0)
		add_hosts(dns, host, n, port, h);
	else if (loop)
		nothing(h, true, "554 5.4.6",
		    "the domain's mail comes back to this node", "");
	else
		nothing(h, true, "550 5.1.2",
		    "the domain names no mail server", "");
}

void
hop_mx(int dns, const char *domain, const char *port, const char *ourselves,
    struct hop *h)
{
	struct host self = { .preference = 0 };
	struct dns_answer a;
	char ip[INET6_ADDRSTRLEN];
	size_t n = strlen(domain);

	memset(h, 0, sizeof *h);
	if (n > 2 && domain[0] == '[' && domain[n - 1] == ']') {
		const char *p = strncasecmp(domain, "[IPv6:", 6) == 0 ?
		    domain + 6 : domain + 1;

		snprintf(ip, sizeof ip, "%.*s",
		    (int)(domain + n - 1 - p), p);
		add(h, domain, ip, port);
		if (h->n == 0)
			nothing(h, true, "550 5.1.2",
			    "the domain is no address", "");
		return;
	}
	dns_answer_init(&a);
	switch (ask_dns(dns, DNS_MX, domain, HOP_DNS_MS, &a)) {
	case DNS_OK:
		from_mx(dns, &a, port, ourselves, h);
		break;
	case DNS_NODATA:
		snprintf(self.name, sizeof self.name, "%s", domain);
		add_hosts(dns, &self, 1, port, h);
		break;
	case DNS_NXDOMAIN:
		nothing(h, true, "550 5.1.2", "there is no such domain", "");
		break;
	case DNS_TEMPFAIL:
		nothing(h, false, "451 4.4.3",
		    "the domain cannot be looked up", a.why);
		break;
	}
	dns_answer_clear(&a);
}

/* 0, or -1 with errno. */
static int
finish_connect(int fd, int wake)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLOUT },
	    { .fd = wake, .events = POLLIN } };
	socklen_t len = sizeof(int);
	int err = 0, n;

	do
		n = poll(p, 2, HOP_CONNECT_MS);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		err = ETIMEDOUT;
	else if (n > 0 && p[0].revents == 0)
		err = EINTR;
	else if (n == -1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err,
	    &len) == -1)
		err = errno;
	errno = err;
	return err == 0 ? 0 : -1;
}

int
hop_connect(const struct hop_addr *a, int wake)
{
	int fd, err, one = 1;

	fd = socket(a->addr.sa.ss_family, SOCK_STREAM, 0);
	if (fd == -1)
		return -1;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (const struct sockaddr *)&a->addr.sa, a->addr.len) ==
	    0 || (errno == EINPROGRESS && finish_connect(fd, wake) == 0))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

void
hop_text(const struct hop_addr *a, char *dst, size_t size)
{
	char ip[INET6_ADDRSTRLEN];
	uint16_t port;

	net_text((const struct sockaddr *)&a->addr.sa, ip, sizeof ip, &port);
	snprintf(dst, size, strchr(ip, ':') != NULL ? "%s [%s]:%u" :
	    "%s %s:%u", a->host, ip, (unsigned int)port);
}
