#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/node/ask_dns.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/queue/hop.h"
#include "mailnode/queue/reach.h"
#include "mailnode/queue/route.h"

/* ---- certificates that count ---- */

static struct tls_client *
load(const struct tls_trust *t)
{
	struct tls_client *c = NULL;
	enum crypto_err e = tls_client_new(t, &c);

	if (e != CRYPTO_OK)
		log_line(LOG_ERROR, "trust", "error=%s", crypto_err_text(e));
	return c;
}

void
reach_trust_load(struct reach_trust *r)
{
	struct tls_trust t = { .how = TLS_VERIFY_NONE };
	bool mx = false;
	size_t i;

	for (i = 0; i < conf.nrelays && i < REACH_TRUSTS_MAX; i++) {
		mx = mx || route_is_mx((int)i);
		if (route_is_mx((int)i) && conf.relays[i].trust == NULL)
			continue;
		if (conf.relays[i].tls == CONF_PLAIN)
			continue;
		if (tls_trust_parse(conf.relays[i].trust, &t) == 0)
			r->each[i] = load(&t);
		else
			log_line(LOG_ERROR, "trust", "relay=%s error=%s",
			    conf.relays[i].name, "malformed trust");
	}
	if (!mx)
		return;
	t = (struct tls_trust){ .how = TLS_VERIFY_NONE };
	r->any = load(&t);
	if (conf.ntls_required > 0 && conf.tls_required[0] != NULL) {
		t.how = TLS_VERIFY_SYSTEM;
		r->system = load(&t);
	}
}

/* ---- one address after the other ---- */

static void
find_hop(struct reach *x, struct hop *h)
{
	char host[HOP_HOST_MAX], port[8];

	if (route_host(conf.relays[x->route].host, host, sizeof host, port,
	    sizeof port) == -1) {
		memset(h, 0, sizeof *h);
		snprintf(h->why, sizeof h->why, "450 4.3.5 relay %s has no "
		    "host that can be read", conf.relays[x->route].name);
	} else if (route_is_mx((int)x->route))
		hop_mx(x->dns, x->domain, port, conf.hostname, h);
	else
		hop_host(x->dns, host, port, h);
}

static void
fill_conf(struct reach *x, const struct hop_addr *a, int fd,
    struct client_conf *c)
{
	bool mx = route_is_mx((int)x->route);
	bool must = route_tls_required((int)x->route, x->domain);

	*c = (struct client_conf){ .fd = fd, .hostname = conf.hostname,
	    .server = a->host, .tls = conf.relays[x->route].tls,
	    .trust = x->trust->each[x->route], .vault = -1,
	    .wake = x->wake };
	if (mx && !must) {
		c->tls = CONF_PLAIN;
		c->opportunistic = true;
		c->trust = x->trust->any;
		return;
	}
	if (mx && c->trust == NULL)
		c->trust = x->trust->system;
	if (mx || must)
		c->tls = c->tls == CONF_TLS ? CONF_TLS : CONF_STARTTLS;
	c->verified = c->tls != CONF_PLAIN;
	if (conf.relays[x->route].entry != NULL)
		c->vault = x->vault;
}

static void
note_tls(struct reach *x)
{
	const struct tls_info *t = &x->client.tls;

	if (t->version[0] == '\0')
		snprintf(x->tls, sizeof x->tls, "none");
	else
		snprintf(x->tls, sizeof x->tls, "%s %s %s", t->version,
		    t->cipher, t->verified ? "verified" : "unverified");
}

/* What is told of a hop none of whose servers let us in: one that spoke
 * says more than one that could not be reached. */
struct trouble {
	enum client_fate fate;
	bool		 spoke;
	char		 why[JOB_TEXT_MAX], peer[JOB_TEXT_MAX];
	char		 tls[JOB_TEXT_MAX];
	/* Of the hop's addresses: TLS was offered, wanted by nobody's
	 * policy, and came to nothing. */
	bool		 tls_failed[HOP_ADDRS_MAX];
};

static void
note_trouble(struct reach *x, struct trouble *t, enum client_fate f,
    bool spoke, const char *why)
{
	log_line(LOG_INFO, "connect", "peer=%s error=%s", x->peer, why);
	/* Refused only if every server refuses. */
	if (t->why[0] == '\0' || f != CLIENT_REFUSED)
		t->fate = f;
	if (t->spoke && !spoke)
		return;
	t->spoke = spoke;
	snprintf(t->why, sizeof t->why, "%s", why);
	memcpy(t->peer, x->peer, sizeof t->peer);
	memcpy(t->tls, x->tls, sizeof t->tls);
}

/* One address: connect, greeting, TLS, login.  clear: never mind TLS. */
static bool
try_addr(struct reach *x, const struct hop *h, size_t i, bool clear,
    struct trouble *t)
{
	const struct hop_addr *a = &h->at[i];
	struct client_conf c;
	enum client_fate f;
	char why[JOB_TEXT_MAX];
	int fd;

	hop_text(a, x->peer, sizeof x->peer);
	snprintf(x->tls, sizeof x->tls, "none");
	fd = hop_connect(a, x->wake);
	if (fd == -1) {
		snprintf(why, sizeof why, "connect to %.300s: %s", x->peer,
		    strerror(errno));
		note_trouble(x, t, CLIENT_DEFERRED, false, why);
		return false;
	}
	fill_conf(x, a, fd, &c);
	t->tls_failed[i] = false;
	if (clear)
		c.opportunistic = false;
	client_init(&x->client, &c);
	f = client_open(&x->client);
	note_tls(x);
	if (f == CLIENT_TAKEN)
		return true;
	t->tls_failed[i] = c.opportunistic && x->client.tls_failed;
	note_trouble(x, t, f, true, x->client.why);
	client_close(&x->client);
	close(fd);
	return false;
}

/* Is there anything to check its certificate by, where one must be? */
static bool
can_trust(struct reach *x, const struct hop *h)
{
	struct client_conf c;

	fill_conf(x, &h->at[0], -1, &c);
	return c.tls == CONF_PLAIN || c.trust != NULL;
}

/*
 * RFC 7435: where no policy demands TLS, a server whose TLS is broken gets
 * its mail in clear, as from those who never try.  But TLS comes first at
 * every server.
 */
static bool
try_clear(struct reach *x, const struct hop *h, struct trouble *t)
{
	char why[JOB_TEXT_MAX];
	size_t i;

	for (i = 0; x->may_clear && i < h->n; i++) {
		if (!t->tls_failed[i])
			continue;
		memcpy(why, t->why, sizeof why);
		if (!try_addr(x, h, i, true, t))
			continue;
		snprintf(x->tls, sizeof x->tls, "none after %.300s", why);
		memcpy(x->clear_why, why, sizeof x->clear_why);
		return true;
	}
	return false;
}

static bool
fail(struct reach *x, enum client_fate fate, const char *why)
{
	x->fate = fate;
	x->tried = fate != CLIENT_LOCKED;
	snprintf(x->why, sizeof x->why, "%s", why);
	return false;
}

enum { HEALTH_MS = 2000 };

bool
reach_hop(struct reach *x)
{
	static struct hop h;
	static struct trouble t;
	size_t i;

	t = (struct trouble){ .fate = CLIENT_DEFERRED };
	x->clear_why[0] = '\0';
	find_hop(x, &h);
	if (h.n == 0) {
		(void)fail(x, h.refused ? CLIENT_REFUSED : CLIENT_DEFERRED,
		    h.why);
		/* Nobody could be asked: that is no try of the letter. */
		x->no_dns = !h.refused && ask_dns_health(x->dns, HEALTH_MS) ==
		    DNS_BROKEN;
		x->tried = !x->no_dns;
		return false;
	}
	if (!can_trust(x, &h))
		return fail(x, CLIENT_DEFERRED, "450 4.3.5 the relay's "
		    "trust cannot be used: see the log");
	for (i = 0; i < h.n; i++) {
		if (try_addr(x, &h, i, false, &t))
			return true;
		if (t.fate == CLIENT_LOCKED)
			break;
	}
	if (try_clear(x, &h, &t))
		return true;
	/* A relay of the configuration that turns us away is for the owner
	 * to mend; the servers of a domain may refuse its mail. */
	if (t.fate == CLIENT_REFUSED && !route_is_mx((int)x->route))
		t.fate = CLIENT_DEFERRED;
	memcpy(x->peer, t.peer, sizeof x->peer);
	memcpy(x->tls, t.tls, sizeof x->tls);
	return fail(x, t.fate, t.why);
}
