/*
 * Owns: one c-ares channel for each upstream server, the cache, the breaker.
 * Holds: names that sessions asked for and what servers said about them.
 * Asks: the network, DNS only.
 * Must not: believe AD from a server not marked TRUST_AD; wait for anyone.
 *
 * A question goes to the first server that is up; a server that is silent
 * is followed by the next, and so is one that says SERVFAIL or REFUSED
 * (which is an answer, and no sign of ill health).  Health of a server:
 *
 *	up ──FAILS_MAX silences in a row──> probing (still asked)
 *	probing ──an answer──> up		server_alive
 *	probing ──silence──> down		server_down
 *	down ──cool time over, answer to the probe──> up
 *
 * The probe asks for the root's NS, which every resolver knows, so that a
 * domain whose own servers are slow never takes a resolver down.  When all
 * are down the breaker is open: every question is answered at once.
 */
#include <sys/select.h>

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/ask_dns.h"
#include "mailnode/node/child_cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/dns_cache.h"
#include "mailnode/node/dns_msg.h"
#include "mailnode/node/log.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/role_resolver.h"
#include "mailnode/role/roles.h"

enum {
	SERVERS_MAX = 8,	/* conf.c asserts as much */
	SOCKS = 8,		/* of one channel: UDP, TCP, spare */
	TRY_MS = 1500,		/* a server has to answer */
	SHOTS_MAX = 5,		/* tries of one question, over all servers */
	FAILS_MAX = 2,		/* silences until a probe */
	COOL_MS = 2000,		/* down until a probe, doubled each time */
	COOL_MAX_MS = 30000,
	RENEW_MS = 60000,	/* between new channels for lost EDNS */
	SERVFAIL_S = 5,		/* RFC 2308 section 7.1: at most 300 */
	EDNS_OCTETS = 1232,
	FLYING_MAX = 2048,	/* questions under way */
	WAITING_MAX = 16384,	/* requests waiting for them */
	BUCKETS = 256
};

#define ALARM	"no DNS resolver answers"

struct server;
struct resolver;

struct sock {
	struct loop_io	 io;		/* fd -1: free */
	struct server	*s;
};

struct server {
	struct resolver	*r;
	const char	*address;	/* borrowed */
	bool		 trust_ad;
	ares_channel	 ch;		/* NULL: could not be made */
	struct sock	 socks[SOCKS];
	struct loop_timer timer;	/* c-ares's own */
	struct loop_timer again;	/* the next probe */
	unsigned int	 fails;
	unsigned int	 flying;	/* questions c-ares holds */
	bool		 down, probing;
	bool		 renew;		/* make a new channel when idle */
	int64_t		 renewed_ms;
	int64_t		 cool_ms;
};

struct waiter {
	struct waiter	*next;
	struct op_peer	*peer;		/* NULL: gone */
	uint32_t	 id;
};

struct query {
	struct query	*next;		/* in its bucket */
	enum dns_type	 type;
	uint32_t	 hash;
	unsigned int	 asked;		/* servers asked in this round */
	unsigned int	 said;		/* servers that said SERVFAIL … */
	unsigned int	 shots;
	struct shot	*shot;		/* under way, or NULL */
	struct waiter	*waiters;
	struct dns_answer answer;	/* the last failure */
	char		 name[DNS_NAME_MAX + 1];
};

/* What c-ares holds for us; it may outlive its query. */
struct shot {
	struct server	*s;
	struct query	*q;		/* NULL: a probe, or answered since */
	bool		 probe;
};

struct resolver {
	struct ask_dns_service face;	/* first: what ops see */
	struct loop	*loop;
	struct proc	*pr;		/* NULL in a command's child */
	size_t		 nservers;
	struct server	 servers[SERVERS_MAX];
	struct dns_cache *cache;
	struct query	*buckets[BUCKETS];
	unsigned int	 flying, waiting;
	bool		 open;		/* the breaker */
	bool		 ending;
};

static void	attempt(struct resolver *r, struct query *q);
static void	server_silent(struct server *s, bool probe);
static void	server_alive(struct server *s);

/* ---- channels ---- */

static void
rearm(struct server *s)
{
	struct timeval tv, *t;

	t = ares_timeout(s->ch, NULL, &tv);
	if (t == NULL)
		loop_disarm(s->r->loop, &s->timer);
	else
		loop_arm(s->r->loop, &s->timer, (int64_t)t->tv_sec * 1000 +
		    t->tv_usec / 1000 + 1);
}

static void
on_timer(void *arg)
{
	struct server *s = arg;

	ares_process_fd(s->ch, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm(s);
}

static void
on_sock(void *arg, uint32_t events)
{
	struct sock *k = arg;
	struct server *s = k->s;
	int fd = k->io.fd;

	ares_process_fd(s->ch, events & ~(uint32_t)EPOLLOUT ? fd :
	    ARES_SOCKET_BAD, events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
	rearm(s);
}

/* c-ares tells what it waits for on a socket; neither: it closes it. */
static void
on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct server *s = arg;
	struct sock *k = NULL;
	uint32_t events;
	size_t i;

	events = (readable ? (uint32_t)EPOLLIN : 0) |
	    (writable ? (uint32_t)EPOLLOUT : 0);
	for (i = 0; i < SOCKS && (k == NULL || k->io.fd != fd); i++)
		if (s->socks[i].io.fd == fd ||
		    (k == NULL && s->socks[i].io.fd == -1))
			k = &s->socks[i];
	if (k == NULL)
		return;		/* its questions time out */
	if (events == 0) {
		if (k->io.fd == fd) {
			loop_del(s->r->loop, &k->io);
			k->io.fd = -1;
		}
	} else if (k->io.fd == fd) {
		(void)loop_mod(s->r->loop, &k->io, events);
	} else {
		k->io = (struct loop_io){ .fd = fd, .fn = on_sock, .arg = k };
		if (loop_add(s->r->loop, &k->io, events) == -1)
			k->io.fd = -1;
	}
}

/*
 * Every option that c-ares would look up is given, so that it opens no
 * file: it runs in the sandbox too.  NOCHECKRESP, lest SERVFAIL come back
 * as a server that refuses connections.
 */
static int
open_channel(struct server *s)
{
	struct ares_options o;
	struct in_addr none = { 0 };
	char lookups[] = "b";
	int mask;

	memset(&o, 0, sizeof o);
	o.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH;
	o.timeout = TRY_MS;
	o.tries = 1;
	o.ndots = 1;
	o.ednspsz = EDNS_OCTETS;
	o.lookups = lookups;
	o.servers = &none;
	o.nservers = 1;
	o.sock_state_cb = on_state;
	o.sock_state_cb_data = s;
	mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	    ARES_OPT_NDOTS | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
	    ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST |
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE;
	if (ares_init_options(&s->ch, &o, mask) != ARES_SUCCESS) {
		s->ch = NULL;
		return -1;
	}
	if (ares_set_servers_ports_csv(s->ch, s->address) != ARES_SUCCESS) {
		ares_destroy(s->ch);
		s->ch = NULL;
		return -1;
	}
	s->renewed_ms = clock_mono_ms();
	return 0;
}

/*
 * One FORMERR without OPT switches EDNS off in a channel, for good.  Only
 * when idle, and never from within c-ares.
 */
static void
renew_channel(struct server *s)
{
	ares_channel old = s->ch;

	if (!s->renew || s->flying > 0 ||
	    clock_mono_ms() - s->renewed_ms < RENEW_MS)
		return;
	s->renew = false;
	if (open_channel(s) == -1)
		s->ch = old;
	else
		ares_destroy(old);
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *p, int n);

/* 0; -1: a name that c-ares does not take, or no memory. */
static int
shoot(struct server *s, struct query *q, const char *name, enum dns_type type)
{
	unsigned char *msg = NULL;
	struct shot *shot;
	uint16_t id;
	int len;

	random_bytes(&id, sizeof id);
	if (ares_create_query(name, 1, (int)type, id, 1, &msg, &len,
	    EDNS_OCTETS) != ARES_SUCCESS)
		return -1;
	shot = calloc(1, sizeof *shot);
	if (shot != NULL) {
		*shot = (struct shot){ s, q, q == NULL };
		if (q != NULL)
			q->shot = shot;
		msg[3] |= 0x20;		/* AD: tell whether you validated */
		s->flying++;
		ares_send(s->ch, msg, len, on_answer, shot);
	}
	ares_free_string(msg);
	if (shot == NULL)
		return -1;
	rearm(s);
	return 0;
}

/* ---- questions ---- */

static void
unlink_query(struct resolver *r, struct query *q)
{
	struct query **p;

	for (p = &r->buckets[q->hash % BUCKETS]; *p != q; )
		p = &(*p)->next;
	*p = q->next;
	r->flying--;
}

static void
finish(struct resolver *r, struct query *q, const struct dns_answer *a)
{
	struct waiter *w;

	unlink_query(r, q);
	if (q->shot != NULL)
		q->shot->q = NULL;
	while ((w = q->waiters) != NULL) {
		q->waiters = w->next;
		if (w->peer != NULL)
			ask_dns_reply(w->peer, w->id, a);
		r->waiting--;
		free(w);
	}
	dns_answer_clear(&q->answer);
	free(q);
}

static void
set_failed(struct dns_answer *a, const char *why, bool open)
{
	dns_answer_clear(a);
	a->open = open;
	snprintf(a->why, sizeof a->why, "%s", why);
}

static void
give_up(struct resolver *r, struct query *q, const char *why)
{
	struct dns_answer a;

	dns_answer_init(&a);
	set_failed(&a, why, r->open);
	finish(r, q, &a);
	dns_answer_clear(&a);
}

static struct server *
pick(struct resolver *r, struct query *q, unsigned int *bit)
{
	int round;
	size_t i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < r->nservers; i++) {
			*bit = 1U << i;
			if (!r->servers[i].down && r->servers[i].ch != NULL &&
			    ((q->asked | q->said) & *bit) == 0)
				return &r->servers[i];
		}
		q->asked = 0;	/* the silent ones once more */
	}
	return NULL;
}

static void
attempt(struct resolver *r, struct query *q)
{
	struct dns_answer *a = &q->answer;
	struct server *s;
	unsigned int bit;

	s = q->shots < SHOTS_MAX ? pick(r, q, &bit) : NULL;
	if (s == NULL) {
		if (q->said != 0)
			dns_cache_put(r->cache, q->type, q->name, a,
			    SERVFAIL_S, clock_mono_ms());
		else
			set_failed(a, r->open ? "no resolver answers" :
			    "resolver timed out", r->open);
		finish(r, q, a);
		return;
	}
	q->asked |= bit;
	q->shots++;
	/* q may be gone afterwards: a closed port answers at once. */
	if (shoot(s, q, q->name, q->type) == -1)
		give_up(r, q, "question could not be made");
}

static void
answered(struct server *s, struct query *q, const uint8_t *p, size_t n)
{
	struct resolver *r = s->r;
	struct dns_answer a;
	struct dns_msg m;

	dns_answer_init(&a);
	(void)dns_msg_parse(&m, &a, p, n, q->type, q->name);
	a.ad = a.ad && s->trust_ad;
	if (!m.edns)
		s->renew = true;
	if (a.class == DNS_TEMPFAIL) {
		memcpy(q->answer.why, a.why, sizeof a.why);
		q->said |= 1U << (s - r->servers);
		attempt(r, q);
	} else {
		dns_cache_put(r->cache, q->type, q->name, &a, a.ttl_s,
		    clock_mono_ms());
		finish(r, q, &a);
	}
	dns_answer_clear(&a);
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *p, int n)
{
	struct shot *shot = arg;
	struct server *s = shot->s;
	struct query *q;
	bool ok = status == ARES_SUCCESS && p != NULL && n > 0;

	(void)timeouts;
	s->flying--;
	if (shot->probe)
		s->probing = false;
	if (s->r->ending || status == ARES_EDESTRUCTION) {
		free(shot);
		return;
	}
	if (ok)
		server_alive(s);
	else
		server_silent(s, shot->probe);
	q = shot->q;		/* NULL too when the breaker answered it */
	free(shot);
	if (q == NULL)
		return;
	q->shot = NULL;
	if (ok)
		answered(s, q, p, (size_t)n);
	else
		attempt(s->r, q);
}

/* ---- health ---- */

static void
open_breaker(struct resolver *r)
{
	size_t i;

	for (i = 0; i < r->nservers; i++)
		if (!r->servers[i].down)
			return;
	if (r->open)
		return;
	r->open = true;
	log_line(LOG_ERROR, "dns", "state=%s", "unavailable");
	if (r->pr != NULL)
		proc_alarm(r->pr, ALARM);
	for (i = 0; i < BUCKETS; i++)
		while (r->buckets[i] != NULL)
			give_up(r, r->buckets[i], "no resolver answers");
}

static void
server_down(struct server *s)
{
	if (!s->down)
		log_line(LOG_WARN, "dns", "server=%s state=%s", s->address,
		    "down");
	s->down = true;
	s->cool_ms = s->cool_ms == 0 ? COOL_MS : s->cool_ms * 2;
	if (s->cool_ms > COOL_MAX_MS)
		s->cool_ms = COOL_MAX_MS;
	loop_arm(s->r->loop, &s->again, s->cool_ms);
	open_breaker(s->r);
}

static void
probe(void *arg)
{
	struct server *s = arg;

	if (s->probing)
		return;
	s->probing = true;
	if (s->ch == NULL || shoot(s, NULL, ".", DNS_NS) == -1) {
		s->probing = false;
		server_down(s);
	}
}

static void
server_silent(struct server *s, bool was_probe)
{
	if (was_probe)
		server_down(s);
	else if (++s->fails >= FAILS_MAX && !s->down)
		probe(s);
}

static void
server_alive(struct server *s)
{
	struct resolver *r = s->r;

	s->fails = 0;
	s->cool_ms = 0;
	if (!s->down)
		return;
	s->down = false;
	loop_disarm(r->loop, &s->again);
	log_line(LOG_WARN, "dns", "server=%s state=%s", s->address, "up");
	if (!r->open)
		return;
	r->open = false;
	dns_cache_drop_failures(r->cache);
	log_line(LOG_WARN, "dns", "state=%s", "available");
	if (r->pr != NULL)
		proc_clear(r->pr, ALARM);
}

/* ---- the service ---- */

static struct query *
find(struct resolver *r, uint32_t hash, enum dns_type type, const char *name)
{
	struct query *q;

	for (q = r->buckets[hash % BUCKETS]; q != NULL; q = q->next)
		if (q->hash == hash && q->type == type &&
		    dns_name_same(q->name, name))
			return q;
	return NULL;
}

static struct query *
new_query(struct resolver *r, uint32_t hash, enum dns_type type,
    const char *name)
{
	struct query *q;

	if (r->flying >= FLYING_MAX || (q = calloc(1, sizeof *q)) == NULL)
		return NULL;
	q->hash = hash;
	q->type = type;
	snprintf(q->name, sizeof q->name, "%s", name);
	dns_answer_init(&q->answer);
	q->next = r->buckets[hash % BUCKETS];
	r->buckets[hash % BUCKETS] = q;
	r->flying++;
	return q;
}

static int
join(struct resolver *r, struct query *q, struct op_peer *p, uint32_t id)
{
	struct waiter *w;

	if (r->waiting >= WAITING_MAX || (w = calloc(1, sizeof *w)) == NULL)
		return -1;
	*w = (struct waiter){ q->waiters, p, id };
	q->waiters = w;
	r->waiting++;
	return 0;
}

static void
refuse(struct resolver *r, struct op_peer *p, uint32_t id, const char *why)
{
	struct dns_answer a;

	dns_answer_init(&a);
	set_failed(&a, why, r->open);
	ask_dns_reply(p, id, &a);
	dns_answer_clear(&a);
}

static void
on_ask(struct ask_dns_service *face, struct op_peer *p, uint32_t id,
    enum dns_type type, const char *name)
{
	struct resolver *r = (struct resolver *)(void *)face;
	uint32_t hash = dns_name_hash(type, name);
	struct dns_answer a;
	struct query *q;
	size_t i;

	dns_answer_init(&a);
	if (dns_cache_get(r->cache, type, name, &a, clock_mono_ms())) {
		ask_dns_reply(p, id, &a);
	} else if ((q = find(r, hash, type, name)) != NULL) {
		if (join(r, q, p, id) == -1)
			refuse(r, p, id, "too many questions");
	} else if (r->open) {
		refuse(r, p, id, "no resolver answers");
	} else if ((q = new_query(r, hash, type, name)) == NULL) {
		refuse(r, p, id, "too many questions");
	} else if (join(r, q, p, id) == -1) {
		give_up(r, q, "too many questions");
		refuse(r, p, id, "too many questions");
	} else {
		for (i = 0; i < r->nservers; i++)
			renew_channel(&r->servers[i]);
		attempt(r, q);
	}
	dns_answer_clear(&a);
}

static void
on_gone(void *service, struct op_peer *p, const char *why)
{
	struct resolver *r = service;
	struct waiter *w;
	struct query *q;
	size_t i;

	if (why != NULL)
		log_line(LOG_WARN, "peer", "peer=%s error=%s",
		    op_peer_name(p), why);
	for (i = 0; i < BUCKETS; i++)
		for (q = r->buckets[i]; q != NULL; q = q->next)
			for (w = q->waiters; w != NULL; w = w->next)
				if (w->peer == p)
					w->peer = NULL;
	/* A command's child serves one peer. */
	if (r->pr == NULL)
		loop_stop(r->loop);
}

static void
add_server(struct resolver *r, const char *address, bool trust_ad)
{
	struct server *s = &r->servers[r->nservers++];
	size_t i;

	s->r = r;
	s->address = address;
	s->trust_ad = trust_ad;
	s->timer = (struct loop_timer){ .fn = on_timer, .arg = s };
	s->again = (struct loop_timer){ .fn = probe, .arg = s };
	for (i = 0; i < SOCKS; i++) {
		s->socks[i].s = s;
		s->socks[i].io.fd = -1;
	}
	if (open_channel(s) == -1) {
		log_line(LOG_ERROR, "dns", "server=%s error=%s", address,
		    "no address of a server");
		s->down = true;
	}
}

/* 0, or -1 with what was made left for resolver_free. */
static int
resolver_init(struct resolver *r, struct loop *l, const char *only)
{
	size_t i;

	memset(r, 0, sizeof *r);
	r->face.ask = on_ask;
	r->loop = l;
	r->cache = dns_cache_new(DNS_CACHE_OCTETS);
	if (r->cache == NULL || crypto_init() == -1 ||
	    ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return -1;
	if (only != NULL)
		add_server(r, only, true);
	for (i = 0; only == NULL && i < conf.nresolvers; i++)
		add_server(r, conf.resolvers[i].address,
		    (conf.resolvers[i].flags & CONF_TRUST_AD) != 0);
	return 0;
}

static void
resolver_free(struct resolver *r)
{
	size_t i;

	r->ending = true;
	for (i = 0; i < r->nservers; i++)
		if (r->servers[i].ch != NULL)
			ares_destroy(r->servers[i].ch);
	for (i = 0; i < BUCKETS; i++)
		while (r->buckets[i] != NULL)
			give_up(r, r->buckets[i], "resolver ends");
	dns_cache_free(r->cache);
	ares_library_cleanup();
}

void
role_resolver(struct proc *pr)
{
	struct op_server srv;
	struct resolver r;

	if (resolver_init(&r, pr->loop, NULL) == 0) {
		r.pr = pr;
		op_server_init(&srv, pr->loop, ask_dns_ops, &r);
		srv.gone = on_gone;
		proc_serve(pr, &srv);
		sandbox_enter(pr);
		open_breaker(&r);	/* no server at all is known now */
		proc_ready(pr);
		loop_run(pr->loop);
		op_server_clear(&srv);
	}
	resolver_free(&r);
}

static int
child(int fd, void *arg)
{
	const char *server = arg;
	struct proc pr = { .role = ROLE_RESOLVER, .home = "/",
	    .maildir = "/", .sock = -1, .parent = -1 };
	struct op_server srv;
	struct resolver r;

	log_init("resolver", LOG_ERROR);
	pr.loop = loop_new();
	if (pr.loop == NULL || resolver_init(&r, pr.loop, server) == -1)
		return 1;
	op_server_init(&srv, pr.loop, ask_dns_ops, &r);
	srv.gone = on_gone;
	if (op_server_add(&srv, fd, ROLE_OWNER, 1) == NULL)
		return 1;
	sandbox_enter(&pr);
	open_breaker(&r);
	loop_run(pr.loop);
	return 0;
}

/*
 * No parent is there to ask for a process: the command reads a stranger's
 * message and must not be where DNS is parsed.
 */
int
resolver_child(const char *server)
{
	return child_cmd(child, (void *)(uintptr_t)server);
}
