#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/listen.h"
#include "mailnode/node/net.h"

enum { LISTEN_BACKLOG = 511, MINUTE_MS = 60000 };

static const char *const services[] = {
	[CONF_SMTP] = "smtp", [CONF_SUBMISSION] = "submission",
	[CONF_IMAP] = "imap", [CONF_WEB] = "web",
};
static const char *const tls_names[] = {
	[CONF_PLAIN] = "plain", [CONF_STARTTLS] = "starttls",
	[CONF_TLS] = "tls",
};

const char *
listen_service_name(enum conf_service s)
{
	return services[s];
}

int
listen_open(size_t i)
{
	const struct conf_listener *l = &conf.listeners[i];
	struct net_addr a;
	int fd, on = 1;

	if (net_parse(l->address, l->port, &a) == -1)
		return -1;
	fd = socket(a.sa.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (a.sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
		    sizeof on);
	if (bind(fd, (struct sockaddr *)&a.sa, a.len) == -1 ||
	    listen(fd, LISTEN_BACKLOG) == -1) {
		on = errno;
		close(fd);
		errno = on;
		return -1;
	}
	return fd;
}

static void
print_door(FILE *f, size_t i, int fd)
{
	struct net_addr a = { .len = sizeof a.sa };
	char addr[INET6_ADDRSTRLEN];
	uint16_t port;

	if (getsockname(fd, (struct sockaddr *)&a.sa, &a.len) == -1)
		return;
	net_text((struct sockaddr *)&a.sa, addr, sizeof addr, &port);
	fprintf(f, "%s %s %s %u\n", services[conf.listeners[i].service],
	    tls_names[conf.listeners[i].tls], addr, port);
}

int
listen_publish(const char *home, const int *fds, size_t n)
{
	char tmp[4096], path[4096];
	FILE *f;
	size_t i;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s/run/listeners.new", home) >=
	    sizeof tmp) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(path, sizeof path, "%.*s", (int)strlen(tmp) - 4, tmp);
	f = fopen(tmp, "we");
	if (f == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (fds[i] != -1)
			print_door(f, i, fds[i]);
	if (fclose(f) == EOF)
		return -1;
	return rename(tmp, path);
}

int
listen_accept(int fd, size_t i, struct proc_conn *conn)
{
	struct net_addr a = { .len = sizeof a.sa };
	int sock, on = 1;

	memset(conn, 0, sizeof *conn);
	sock = accept4(fd, (struct sockaddr *)&a.sa, &a.len,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock == -1)
		return -1;
	net_text((struct sockaddr *)&a.sa, conn->peer, sizeof conn->peer,
	    &conn->peer_port);
	a.len = sizeof a.sa;
	if (getsockname(sock, (struct sockaddr *)&a.sa, &a.len) == 0)
		net_text((struct sockaddr *)&a.sa, conn->local,
		    sizeof conn->local, &conn->local_port);
	conn->listener = (uint32_t)i;
	/* Without it the TLS banner waits 40 ms for a delayed ACK. */
	(void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return sock;
}

static uint32_t
hash(const struct net_prefix *p)
{
	uint32_t h = 2166136261u ^ p->bits;
	size_t i;

	for (i = 0; i < sizeof p->a; i++)
		h = (h ^ p->a[i]) * 16777619u;
	return h;
}

/* Two that share a slot take turns in it; neither is refused for what the
 * other did. */
static uint32_t *
count_of(struct listen_rates *r, const struct net_prefix *p)
{
	int64_t minute = clock_mono_ms() / MINUTE_MS;
	uint32_t h = hash(p);
	size_t i = h % LISTEN_SLOTS;

	if (r->slot[i].hash != h || r->slot[i].minute != minute) {
		r->slot[i].hash = h;
		r->slot[i].minute = minute;
		r->slot[i].count = 0;
	}
	return &r->slot[i].count;
}

/* True: that is one too many this minute. */
static bool
too_often(struct listen_rates *r, const struct net_prefix *p,
    unsigned int factor)
{
	uint32_t *n = count_of(r, p);

	if (*n / factor >= conf.connections_per_minute)
		return true;
	++*n;
	return false;
}

static bool
is_crowded(const struct listen_crowd *w)
{
	return w->same >= conf.sessions_per_address ||
	    (w->trust == LISTEN_STRANGER &&
	    w->around / LISTEN_NET_FACTOR >= conf.sessions_per_address);
}

enum listen_verdict
listen_judge(struct listen_rates *r, const struct proc_conn *conn,
    const struct listen_crowd *w)
{
	const struct conf_listener *l = &conf.listeners[conn->listener];
	struct net_prefix p;

	if (l->from != NULL && !net_match(conn->peer, l->from))
		return LISTEN_FOREIGN;
	if (w->strangers >= conf.sessions_max)
		return LISTEN_FULL;
	if (w->trust == LISTEN_OWN || !net_prefix(conn->peer, &p))
		return LISTEN_OK;
	if (is_crowded(w))
		return LISTEN_BUSY;
	net_host(&p);
	if (conf.connections_per_minute != 0 && too_often(r, &p, 1))
		return LISTEN_RATE;
	net_around(&p);
	if (conf.connections_per_minute != 0 && w->trust ==
	    LISTEN_STRANGER && too_often(r, &p, LISTEN_NET_FACTOR))
		return LISTEN_RATE;
	return LISTEN_OK;
}

const char *
listen_verdict_text(enum listen_verdict v)
{
	switch (v) {
	case LISTEN_OK:
		return "ok";
	case LISTEN_FOREIGN:
		return "not from that network";
	case LISTEN_FULL:
		return "has too many connections";
	case LISTEN_BANNED:
		return "is closed to you for a while";
	default:
		return "has too many connections from you";
	}
}

void
listen_refuse(int sock, const struct conf_listener *l,
    enum listen_verdict v, const char *trace)
{
	char line[400];
	int n = 0;

	if (l->tls != CONF_TLS && v != LISTEN_FOREIGN &&
	    (l->service == CONF_SMTP || l->service == CONF_SUBMISSION))
		n = snprintf(line, sizeof line,
		    "421 4.7.0 %s %s, try again later [%s]\r\n",
		    conf.hostname, listen_verdict_text(v), trace);
	if (n > 0 && (size_t)n < sizeof line)
		(void)send(sock, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(sock);
}
