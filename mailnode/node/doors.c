#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/chain.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/doors.h"
#include "mailnode/node/listen.h"
#include "mailnode/node/log.h"
#include "mailnode/node/trace.h"

enum {
	ACCEPT_BURST = 16,
	AHEAD = 2,		/* SMTP processes that wait */
	PHONE_AHEAD = 1,	/* the same of IMAP, once one came */
	REST_MS = 1000,
	DEVICES_MAX = 200	/* sessions of devices that have logged in */
};

struct door {
	struct loop_io	 io;
	struct doors	*all;
	size_t		 i;
};

struct doors {
	struct nursery		*n;
	struct alarms		*alarms;
	struct faults		*faults;
	const char		*home;
	struct door		 door[DOORS_MAX];
	struct listen_rates	 rates;
	struct loop_timer	 rest;
	uint64_t		 accepted, refused;
	int64_t			 said_s;	/* the second of these: */
	unsigned int		 said, unsaid;	/* refusals logged, and not */
	bool			 opened;
	bool			 keyless;	/* the vault has no TLS key */
	bool			 phones;	/* somebody came for IMAP */
};

static const char tired[] =
    "out of file descriptors or processes: connections wait";

static enum role
role_of(enum conf_service s)
{
	switch (s) {
	case CONF_SUBMISSION:
		return ROLE_SUBMISSION;
	case CONF_IMAP:
		return ROLE_IMAP;
	case CONF_WEB:
		return ROLE_WEB;
	default:
		return ROLE_SMTP;
	}
}

static bool
served(const struct doors *d, enum conf_service s)
{
	return nursery_entry(d->n, role_of(s)) != NULL;
}

static bool
takes_logins(enum role r)
{
	return faults_door(r) == BAN_LOGIN_DOORS;
}

static void
count_one(const struct child *c, const struct net_prefix *host,
    const struct net_prefix *net, struct listen_crowd *w)
{
	struct net_prefix p;

	w->strangers++;
	w->knocking += takes_logins(c->entry->role);
	if (!net_prefix(c->conn.peer, &p))
		return;
	w->same += net_within(&p, host);
	w->around += net_within(&p, net);
}

/* Devices that have logged in are the owner: 32 of them behind one address
 * are no flood. */
static void
count_crowd(const struct doors *d, const struct proc_conn *conn,
    struct listen_crowd *w)
{
	struct net_prefix host, net;
	const struct child *c;

	memset(w, 0, sizeof *w);
	if (bans_is_own(conn->peer))
		w->trust = LISTEN_OWN;
	else if (net_is_here(conn->peer, conn->local) ||
	    bans_is_known(d->faults->bans, conn->peer, clock_wall_s()))
		w->trust = LISTEN_KNOWN;
	if (!net_prefix(conn->peer, &host))
		return;
	net_host(&host);
	net = host;
	net_around(&net);
	for (c = d->n->children; c != NULL; c = c->next) {
		if (c->entry->life != LIFE_CONN || c->waiting)
			continue;
		if (c->scope != 0)
			w->devices++;
		else
			count_one(c, &host, &net, w);
	}
}

/*
 * Half of the places are enough for those who have not logged in: the rest
 * are for mail, and for the owner, who is known by where devices logged in
 * before.
 */
static enum listen_verdict
judge_login(const struct listen_crowd *w)
{
	if (w->devices >= DEVICES_MAX || (w->trust == LISTEN_STRANGER &&
	    w->knocking >= conf.sessions_max / 2))
		return LISTEN_FULL;
	return LISTEN_OK;
}

static enum listen_verdict
judge(struct doors *d, const struct proc_conn *conn)
{
	enum role r = role_of(conf.listeners[conn->listener].service);
	struct listen_crowd w;
	enum listen_verdict v;

	if (faults_ban(d->faults, conn, faults_door(r)) != NULL)
		return LISTEN_BANNED;
	count_crowd(d, conn, &w);
	v = takes_logins(r) ? judge_login(&w) : LISTEN_OK;
	if (v == LISTEN_OK)
		v = listen_judge(&d->rates, conn, &w);
	if (v == LISTEN_BUSY || v == LISTEN_RATE)
		faults_count(d->faults, conn, faults_door(r),
		    BAN_CONNECTIONS, v == LISTEN_BUSY ? "too many at once" :
		    "too many a minute");
	return v;
}

/* A flood that is turned away fills no disk: thousands come in a second. */
static bool
may_log(struct doors *d)
{
	enum { LINES_A_SECOND = 20 };
	int64_t now = clock_mono_ms() / 1000;

	if (now != d->said_s) {
		if (d->unsaid > 0)
			log_line(LOG_INFO, "refuse", "more=%u", d->unsaid);
		d->said_s = now;
		d->said = d->unsaid = 0;
	}
	if (d->said < LINES_A_SECOND) {
		d->said++;
		return true;
	}
	d->unsaid++;
	return false;
}

/* For `why`, too: whom a ban keeps out. */
static void
tell_refused(struct doors *d, const struct proc_conn *conn,
    enum listen_verdict v, const char *trace)
{
	const struct conf_listener *l = &conf.listeners[conn->listener];
	const struct ban *b = v != LISTEN_BANNED ? NULL : faults_ban(
	    d->faults, conn, faults_door(role_of(l->service)));
	const char *reason = listen_verdict_text(v);
	char text[NET_TEXT_MAX + 40], net[NET_TEXT_MAX];

	if (b != NULL) {
		net_prefix_text(&b->net, net);
		snprintf(text, sizeof text, "is closed to %s%s", net,
		    b->manual ? " by the owner" : " for a while");
		reason = text;
	}
	if (may_log(d))
		log_line(LOG_INFO, "refuse",
		    "trace=%s service=%s peer=%s reason=%s", trace,
		    listen_service_name(l->service), conn->peer, reason);
	story_refused(&d->faults->story, trace, listen_service_name(l->service),
	    conn->peer, reason);
}

/* Who rests would go on with the old certificate. */
static void
watch_chain(struct doors *d)
{
	if (chain_watch(d->home, d->alarms))
		nursery_wake(d->n);
}

static void
welcome(struct doors *d, int sock, const struct proc_conn *conn)
{
	const struct conf_listener *l = &conf.listeners[conn->listener];
	enum listen_verdict v = judge(d, conn);
	char trace[TRACE_SIZE];

	if (v == LISTEN_OK)
		watch_chain(d);
	if (v == LISTEN_OK && nursery_spawn(d->n, role_of(l->service), sock,
	    conn, NULL) == NULL) {
		log_line(LOG_ERROR, "spawn", "error=%s", strerror(errno));
		v = LISTEN_FULL;
	}
	if (v == LISTEN_OK) {
		d->accepted++;
		d->phones = d->phones || l->service == CONF_IMAP;
		close(sock);
		return;
	}
	trace_new(trace, (uint32_t)d->refused++);
	tell_refused(d, conn, v, trace);
	listen_refuse(sock, l, v, trace);
}

static void
watch(struct doors *d, uint32_t events)
{
	size_t i;

	for (i = 0; i < DOORS_MAX; i++)
		if (d->door[i].io.fd != -1)
			(void)loop_mod(d->n->loop, &d->door[i].io, events);
}

/* Out of descriptors or processes: the doors rest a second, else epoll
 * would spin on the connection that cannot be taken. */
static void
rest(struct doors *d)
{
	alarm_raise(d->alarms, ROLE_PARENT, tired);
	watch(d, 0);
	loop_arm(d->n->loop, &d->rest, REST_MS);
}

static void
rested(void *arg)
{
	struct doors *d = arg;

	alarm_clear(d->alarms, ROLE_PARENT, tired);
	watch(d, EPOLLIN);
}

void
doors_tls(struct doors *d, bool can, const uint8_t *spki)
{
	chain_key(spki);
	watch_chain(d);
	if (d->keyless != can)
		return;
	d->keyless = !can;
	nursery_wake(d->n);
}

/* Only when somebody came: a process that fails at once is not forked
 * again and again. */
static void
fork_ahead(struct doors *d)
{
	if (d->n->local || nursery_entry(d->n, ROLE_SMTP) == NULL)
		return;
	watch_chain(d);
	nursery_ahead(d->n, ROLE_SMTP, AHEAD);
	if (!d->phones)
		return;
	nursery_ahead(d->n, ROLE_IMAP, PHONE_AHEAD);
	nursery_ahead(d->n, ROLE_READER, PHONE_AHEAD);
}

static void
door_ready(void *arg, uint32_t events)
{
	struct door *door = arg;
	struct doors *d = door->all;
	struct proc_conn conn;
	int sock, i, err = 0;

	(void)events;
	for (i = 0; i < ACCEPT_BURST; i++) {
		sock = listen_accept(door->io.fd, door->i, &conn);
		if (sock == -1) {
			err = errno;
			break;
		}
		conn.keyless = d->keyless;
		welcome(d, sock, &conn);
	}
	fork_ahead(d);
	if (err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM)
		rest(d);
}

struct doors *
doors_new(struct nursery *n, struct alarms *a, struct faults *faults,
    const char *home)
{
	struct doors *d = calloc(1, sizeof *d);
	size_t i;

	if (d == NULL)
		return NULL;
	d->n = n;
	d->alarms = a;
	d->faults = faults;
	d->home = home;
	d->rest = (struct loop_timer){ .fn = rested, .arg = d };
	for (i = 0; i < DOORS_MAX; i++) {
		d->door[i].io = (struct loop_io){ .fd = -1,
		    .fn = door_ready, .arg = &d->door[i] };
		d->door[i].all = d;
		d->door[i].i = i;
	}
	return d;
}

static void
cannot(struct doors *d, const struct conf_listener *l)
{
	char text[ALARM_TEXT];

	snprintf(text, sizeof text, "cannot listen on %s port %s for %s: %s",
	    l->address, l->port, listen_service_name(l->service),
	    served(d, l->service) ? strerror(errno) :
	    "no such service in this version");
	log_line(LOG_ERROR, "listen", "error=%s", text);
	alarm_raise(d->alarms, ROLE_PARENT, text);
}

void
doors_bind(struct doors *d, const int *fds)
{
	size_t i;
	int fd;

	for (i = 0; i < conf.nlisteners; i++) {
		const struct conf_listener *l = &conf.listeners[i];

		fd = fds != NULL ? fds[i] : -1;
		if (fd == -1 && served(d, l->service))
			fd = listen_open(i);
		if (fd == -1)
			cannot(d, l);
		d->door[i].io.fd = fd;
	}
}

/* Whoever knocked before waits in the kernel's queue. */
void
doors_open(struct doors *d)
{
	int fds[DOORS_MAX];
	size_t i;

	if (d->opened)
		return;
	d->opened = true;
	for (i = 0; i < conf.nlisteners; i++) {
		fds[i] = d->door[i].io.fd;
		if (fds[i] != -1 &&
		    loop_add(d->n->loop, &d->door[i].io, EPOLLIN) == -1)
			log_line(LOG_ERROR, "listen", "error=%s",
			    strerror(errno));
	}
	fork_ahead(d);
	if (listen_publish(d->home, fds, conf.nlisteners) == -1)
		log_line(LOG_ERROR, "listen", "file=%s error=%s",
		    "run/listeners", strerror(errno));
}

void
doors_shut(struct doors *d, bool keep)
{
	size_t i;

	d->opened = true;
	loop_disarm(d->n->loop, &d->rest);
	for (i = 0; i < DOORS_MAX; i++) {
		if (d->door[i].io.fd == -1)
			continue;
		loop_del(d->n->loop, &d->door[i].io);
		if (keep)
			continue;
		close(d->door[i].io.fd);
		d->door[i].io.fd = -1;
	}
}

void
doors_fds(const struct doors *d, int fds[DOORS_MAX])
{
	size_t i;

	for (i = 0; i < DOORS_MAX; i++)
		fds[i] = d->door[i].io.fd;
}

void
doors_count(const struct doors *d, uint64_t *accepted, uint64_t *refused)
{
	*accepted = d->accepted;
	*refused = d->refused;
}
