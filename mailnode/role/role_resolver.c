/*
 * Owns: one c-ares channel for each upstream server, the cache, the breaker.
 * Holds: names that sessions asked for and what servers said about them.
 * Asks: the network, DNS only.
 * Must not: believe AD from a server not marked TRUST_AD; wait for anyone.
 *
 * One channel a server: c-ares always begins with the first of a channel's
 * servers and forgets what failed.  What is asked of whom: node/resolve.h.
 */
#include <sys/select.h>

#define CARES_NO_DEPRECATED	/* Debian 12 has nothing newer */
#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/child_cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/node/resolve.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/role/role_resolver.h"
#include "mailnode/role/roles.h"

enum {
	SOCKS = 8,		/* of one channel: UDP, TCP, spare */
	RENEW_MS = 60000,	/* between new channels for lost EDNS */
	SOON_MS = 100,		/* so near the end nobody is asked again */
	EDNS_OCTETS = 1232
};

#define ALARM	"no DNS resolver answers"

struct server;

struct sock {
	struct loop_io	 io;		/* fd -1: free */
	struct server	*s;
};

struct server {
	struct resolver	*r;
	const char	*address;	/* borrowed */
	ares_channel	 ch;		/* NULL: could not be made */
	struct sock	 socks[SOCKS];
	struct loop_timer timer;	/* c-ares's own */
	unsigned int	 flying;	/* questions c-ares holds */
	bool		 renew;		/* make a new channel when idle */
	int64_t		 renewed_ms;	/* monotonic */
};

/* A question as c-ares holds it. */
struct held {
	struct server	*s;
	struct shot	*shot;
	unsigned char	*msg;		/* owned, of ares_create_query */
	int		 len;
	int64_t		 until_ms;	/* asked again till then, monotonic */
};

struct resolver {
	struct loop	*loop;
	struct proc	*pr;		/* NULL in a command's child */
	struct resolve	*engine;
	size_t		 nservers;
	struct server	 servers[RESOLVE_SERVERS];
};

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
	o.timeout = RESOLVE_TRY_MS;
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
#ifdef ARES_OPT_QUERY_CACHE
	/* On unless it is 0: a probe would find a dead server alive. */
	o.qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
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
 * One FORMERR without OPT switches EDNS off in a channel, for good.  At the
 * end of a turn nothing of c-ares is on the stack.
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
renew_channels(void *arg)
{
	struct resolver *r = arg;
	size_t i;

	for (i = 0; i < r->nservers; i++)
		if (r->servers[i].ch != NULL)
			renew_channel(&r->servers[i]);
}

/* ---- questions ---- */

static void
on_answer(void *arg, int status, int timeouts, unsigned char *p, int n)
{
	struct held *held = arg;
	struct server *s = held->s;
	struct shot *shot = held->shot;
	bool ok = status == ARES_SUCCESS && p != NULL && n > 0;

	(void)timeouts;
	/* A newer c-ares waits five times as long as answers took lately; what
	 * the server has to ask others for takes longer. */
	if (status == ARES_ETIMEOUT && clock_mono_ms() < held->until_ms) {
		ares_send(s->ch, held->msg, held->len, on_answer, held);
		return;
	}
	ares_free_string(held->msg);
	free(held);
	s->flying--;
	if (!resolve_landed(shot, ok ? p : NULL, ok ? (size_t)n : 0))
		s->renew = true;
}

static int
send_question(void *arg, size_t server, const char *name, enum dns_type type,
    struct shot *shot)
{
	struct resolver *r = arg;
	struct server *s = &r->servers[server];
	unsigned char *msg = NULL;
	struct held *held;
	uint16_t id;
	int len;

	random_bytes(&id, sizeof id);
	if (ares_create_query(name, 1, (int)type, id, 1, &msg, &len,
	    EDNS_OCTETS) != ARES_SUCCESS)
		return -1;
	held = malloc(sizeof *held);
	if (held == NULL) {
		ares_free_string(msg);
		return -1;
	}
	msg[3] |= 0x20;		/* AD: tell whether you validated */
	*held = (struct held){ s, shot, msg, len, clock_mono_ms() +
	    RESOLVE_TRY_MS - SOON_MS };
	s->flying++;
	ares_send(s->ch, msg, len, on_answer, held);
	rearm(s);
	return 0;
}

static void
on_breaker(void *arg, bool open)
{
	struct resolver *r = arg;

	if (r->pr == NULL)
		return;
	if (open)
		proc_alarm(r->pr, ALARM);
	else
		proc_clear(r->pr, ALARM);
}

/* ---- the role ---- */

static void
on_gone(void *service, struct op_peer *p, const char *why)
{
	if (why != NULL)
		log_line(LOG_WARN, "peer", "peer=%s error=%s",
		    op_peer_name(p), why);
	resolve_gone(service, p);
}

static void
add_server(struct resolver *r, const char *address, bool trust_ad)
{
	struct server *s = &r->servers[r->nservers];
	size_t i;

	s->r = r;
	s->address = address;
	s->timer = (struct loop_timer){ .fn = on_timer, .arg = s };
	for (i = 0; i < SOCKS; i++) {
		s->socks[i].s = s;
		s->socks[i].io.fd = -1;
	}
	resolve_server(r->engine, address, trust_ad);
	if (open_channel(s) == -1) {
		log_line(LOG_ERROR, "dns", "server=%s error=%s", address,
		    "no address of a server");
		resolve_unusable(r->engine, r->nservers);
	}
	r->nservers++;
}

/* 0, or -1 with what was made left for resolver_clear. */
static int
resolver_init(struct resolver *r, struct loop *l, const char *only)
{
	struct resolve_way way = { send_question, on_breaker, r };
	size_t i;

	memset(r, 0, sizeof *r);
	r->loop = l;
	r->engine = resolve_new(l, &way);
	if (r->engine == NULL || crypto_init() == -1 ||
	    ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return -1;
	if (only != NULL)
		add_server(r, only, true);
	for (i = 0; only == NULL && i < conf.nresolvers; i++)
		if (conf.resolvers[i].address != NULL)
			add_server(r, conf.resolvers[i].address,
			    (conf.resolvers[i].flags & CONF_TRUST_AD) != 0);
	if (only == NULL)
		resolve_canary(r->engine, conf.domains[0]);
	loop_at_turn(l, renew_channels, r);
	return 0;
}

/* The engine knows that a role ends: what lands now is not asked again. */
static void
resolver_clear(struct resolver *r)
{
	size_t i;

	if (r->engine != NULL)
		resolve_end(r->engine);
	for (i = 0; i < r->nservers; i++)
		if (r->servers[i].ch != NULL)
			ares_destroy(r->servers[i].ch);
	resolve_free(r->engine);
	ares_library_cleanup();
}

void
role_resolver(struct proc *pr)
{
	struct op_server srv;
	struct resolver r;
	bool ready = resolver_init(&r, pr->loop, NULL) == 0;

	if (ready) {
		r.pr = pr;
		op_server_init(&srv, pr->loop, ask_dns_ops,
		    resolve_service(r.engine));
		srv.gone = on_gone;
		proc_serve(pr, &srv);
		sandbox_enter(pr);
		resolve_ready(r.engine);
		proc_ready(pr);
		loop_run(pr->loop);
	}
	/* Questions that fly hold their peers: these go last. */
	resolver_clear(&r);
	if (ready)
		op_server_clear(&srv);
}

/* ---- without a parent ---- */

static struct loop *child_loop;

static void
child_gone(void *service, struct op_peer *p, const char *why)
{
	on_gone(service, p, why);
	loop_stop(child_loop);
}

static int
child(int fd, void *arg)
{
	struct proc pr = { .role = ROLE_RESOLVER, .home = "/",
	    .maildir = "/", .sock = -1, .parent = -1 };
	struct op_server srv;
	struct resolver r;

	log_init("resolver", LOG_NOTHING);
	child_loop = pr.loop = loop_new();
	if (pr.loop == NULL || resolver_init(&r, pr.loop, arg) == -1)
		return 1;
	op_server_init(&srv, pr.loop, ask_dns_ops,
	    resolve_service(r.engine));
	srv.gone = child_gone;
	if (op_server_add(&srv, fd, ROLE_OWNER, 1) == NULL)
		return 1;
	sandbox_enter(&pr);
	resolve_ready(r.engine);
	loop_run(pr.loop);
	return 0;
}

/*
 * The command reads a stranger's message and must not be where DNS is
 * parsed.
 */
int
resolver_child(const char *server)
{
	return child_cmd(child, (void *)(uintptr_t)server);
}
