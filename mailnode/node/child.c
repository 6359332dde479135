/*
 * Stopping goes by rank, so that what is under way can still be kept: first
 * those who bring work (sessions, relays, sender, indexer, readers), then
 * keeper, then the services that keeper asks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/child.h"
#include "mailnode/node/child_rest.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"

enum {
	AGAIN_FIRST_MS = 100,		/* a role that ran well starts soon */
	AGAIN_MAX_MS = 30000,
	AGAIN_WELL_MS = 60000,		/* this long up: the backoff forgets */
	READERS_MAX = 2			/* of one session */
};

static void	start_role(void *);
static uint16_t	on_ready(void *, struct op_call *);
static uint16_t	on_want(void *, struct op_call *);

static const struct op ops[] = {
	{ PROC_READY,	ROLE_ANY,	on_ready },
	{ PROC_WANT,	ROLE_BIT(ROLE_KEEPER) | ROLE_BIT(ROLE_SENDER) |
	    ROLE_BIT(ROLE_IMAP),	on_want },
	{ PROC_REST,	ROLE_BIT(ROLE_SMTP),	nursery_rest },
	{ 0, 0, NULL }
};

const struct role_entry *
nursery_entry(const struct nursery *n, enum role r)
{
	const struct role_entry *e;

	for (e = n->roles; e->fn != NULL; e++)
		if (e->role == r)
			return e;
	return NULL;
}

static struct child *
find(const struct nursery *n, enum role r)
{
	struct child *c;

	for (c = n->children; c != NULL; c = c->next)
		if (c->entry->role == r && c->chan != NULL)
			return c;
	return NULL;
}

unsigned int
nursery_count(const struct nursery *n, enum role r)
{
	const struct child *c;
	unsigned int count = 0;

	for (c = n->children; c != NULL; c = c->next)
		count += c->entry->role == r;
	return count;
}

static void
hung_up(void *service, struct op_peer *p, const char *why)
{
	struct child *c = op_peer_data(p);

	(void)service;
	if (c == NULL)
		return;
	if (why != NULL)
		log_line(LOG_WARN, "child", "role=%s child=%d error=%s",
		    role_name(c->entry->role), (int)c->pid, why);
	c->chan = NULL;
}

struct again {
	struct nursery	*n;
	enum role	 role;
};

int
nursery_init(struct nursery *n, struct loop *l,
    const struct role_entry *roles)
{
	const struct role_entry *e;
	struct again *a;

	memset(n, 0, sizeof *n);
	n->loop = l;
	n->roles = roles;
	op_server_init(&n->server, l, ops, n);
	n->server.gone = hung_up;
	n->rest = (struct loop_timer){ .fn = nursery_rest_over, .arg = n };
	for (e = roles; e->fn != NULL; e++) {
		if (e->life != LIFE_RUN)
			continue;
		a = malloc(sizeof *a);	/* for the whole run */
		if (a == NULL)
			return -1;
		*a = (struct again){ n, e->role };
		n->again[e->role].fn = start_role;
		n->again[e->role].arg = a;
	}
	return 0;
}

/*
 * The child's first acts: its own descriptors only, its own signals.  Those
 * of a terminal are for the parent alone, which then ends all by rank.
 */
_Noreturn static void
become(const struct role_entry *e, int chan)
{
	struct proc pr;
	sigset_t none;
	char *argv[] = { "mailnode", "role", NULL, NULL };

	/* Out of the way first: dup2 must not close what it still needs. */
	chan = fcntl(chan, F_DUPFD, 16);
	if (chan == -1 || dup2(chan, PROC_PARENT_FD) == -1)
		_exit(1);
	(void)close_range(PROC_PARENT_FD + 1, ~0U, 0);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (e->exec) {
		argv[2] = (char *)(uintptr_t)role_name(e->role);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	proc_begin(&pr, e->role);
	e->fn(&pr);
	_exit(0);
}

/* The connection, if there is one, travels with the start. */
static void
send_start(struct child *c, int sock)
{
	struct proc_conn *k = &c->conn;
	struct buf b;

	buf_init(&b, 1024);
	chan_put_u32(&b, k->session);
	chan_put_str(&b, k->peer);
	chan_put_u16(&b, k->peer_port);
	chan_put_str(&b, k->local);
	chan_put_u16(&b, k->local_port);
	chan_put_u32(&b, k->listener);
	op_reply(c->chan, PROC_START, 0, 0, &b, sock);
	buf_clear(&b);
}

/* Both take fd. */
static void
send_link(struct child *c, enum role service, int fd)
{
	struct buf b;

	buf_init(&b, 16);
	chan_put_u8(&b, (uint8_t)service);
	if (c->chan != NULL)
		op_reply(c->chan, PROC_LINK, 0, 0, &b, fd);
	buf_clear(&b);
	close(fd);
}

struct who {
	enum role	 as;
	uint32_t	 session;
	const char	*name;
	const char	*limit;		/* NULL: none */
	bool		 light;
};

static void
send_peer(struct child *service, const struct who *w, int fd)
{
	struct buf b;

	buf_init(&b, 512);
	chan_put_u8(&b, (uint8_t)w->as);
	chan_put_u32(&b, w->session);
	chan_put_bytes(&b, w->name, strnlen(w->name, PROC_NAME_MAX - 1));
	chan_put_str(&b, w->limit);
	chan_put_u8(&b, w->light);
	if (service->chan != NULL)
		op_reply(service->chan, PROC_PEER, 0, 0, &b, fd);
	buf_clear(&b);
	close(fd);
}

/* A service that is down: the channel's far end is closed at once, and the
 * asker sees that it is gone instead of waiting. */
static void
wire(struct nursery *n, struct child *c, enum role service)
{
	const struct who w = { c->entry->role, c->conn.session,
	    c->conn.peer, NULL, false };
	struct child *s = find(n, service);
	int fds[2];

	if (chan_pair(fds) == -1)
		return;
	send_link(c, service, fds[0]);
	if (s != NULL && s != c)
		send_peer(s, &w, fds[1]);
	else
		close(fds[1]);
}

/* It waits, and its channel to a service is dead by now. */
void
nursery_discard(struct child *c)
{
	c->waiting = false;
	c->stopping = true;
	if (c->chan != NULL)
		op_reply(c->chan, PROC_STOP, 0, 0, NULL, -1);
}

/* A new child's channels; and for a service, those of its askers, but of
 * relays: what they gave up at the old one must not come back. */
static void
wire_all(struct nursery *n, struct child *c)
{
	struct child *o;
	enum role r;

	for (r = 0; r < ROLE_MAX; r++)
		if (c->entry->services & ROLE_BIT(r))
			wire(n, c, r);
	if (c->entry->life != LIFE_RUN)
		return;
	for (o = n->children; o != NULL; o = o->next) {
		if (o == c || !(o->entry->services & ROLE_BIT(c->entry->role)))
			continue;
		if (o->waiting)
			nursery_discard(o);
		else if (o->entry->life != LIFE_DEMAND)
			wire(n, o, c->entry->role);
	}
}

/* Relays are told of their sender as of a service; parsers serve. */
static void
wire_asker(struct child *c, struct child *asker)
{
	const struct who w = { asker->entry->role, asker->conn.session,
	    asker->conn.peer, asker->folder, asker->light };
	int fds[2];

	if (chan_pair(fds) == -1)
		return;
	send_link(asker, c->entry->role, fds[0]);
	if (c->entry->role == ROLE_RELAY)
		send_link(c, asker->entry->role, fds[1]);
	else
		send_peer(c, &w, fds[1]);
}

static struct child *
fork_one(struct nursery *n, const struct role_entry *e)
{
	struct child *c = NULL;
	int fds[2];
	pid_t pid;

	if (chan_pair(fds) == -1)
		return NULL;
	c = calloc(1, sizeof *c);
	pid = c != NULL ? fork() : -1;
	if (pid == 0)
		become(e, fds[1]);
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		free(c);
		return NULL;
	}
	c->entry = e;
	c->pid = pid;
	c->started_ms = clock_mono_ms();
	c->chan = op_server_add(&n->server, fds[0], e->role, 0);
	if (c->chan != NULL)
		op_peer_set(c->chan, c);
	c->next = n->children;
	n->children = c;
	return c;
}

/* Services are told the address with the channel, unless it was forked
 * ahead. */
static struct child *
fork_wired(struct nursery *n, const struct role_entry *e,
    const struct proc_conn *conn)
{
	struct child *c = fork_one(n, e);

	if (c == NULL || c->chan == NULL)
		return NULL;
	if (conn != NULL)
		c->conn = *conn;
	c->conn.session = ++n->last_session;
	wire_all(n, c);
	return c;
}

/* One that knows this address, else one that knows none. */
static struct child *
find_waiting(const struct nursery *n, enum role role,
    const struct proc_conn *conn)
{
	struct child *c, *fresh = NULL;

	for (c = n->children; c != NULL; c = c->next) {
		if (!c->waiting || c->entry->role != role || c->chan == NULL)
			continue;
		if (c->served == 0)
			fresh = c;
		else if (conn != NULL && strcmp(c->conn.peer, conn->peer) == 0)
			return c;
	}
	return fresh;
}

/* Who rested gets a number of its own, and the right to one more signature:
 * a channel to the vault is good for a single handshake. */
static void
connect_to(struct nursery *n, struct child *c, const struct proc_conn *conn)
{
	uint32_t session = c->served > 0 ? ++n->last_session : c->conn.session;

	c->conn = *conn;
	c->conn.session = session;
	c->faults = 0;
	c->started_ms = clock_mono_ms();
	if (c->served > 0 && c->entry->services & ROLE_BIT(ROLE_VAULT))
		wire(n, c, ROLE_VAULT);
}

struct child *
nursery_spawn(struct nursery *n, enum role role, int sock,
    const struct proc_conn *conn, struct child *asker)
{
	const struct role_entry *e = nursery_entry(n, role);
	struct child *c = find_waiting(n, role, conn);

	BUG_ON(e == NULL);
	if (c == NULL)
		c = fork_wired(n, e, conn);
	if (c == NULL)
		return NULL;
	c->waiting = false;
	if (conn != NULL)
		connect_to(n, c, conn);
	if (asker != NULL) {
		c->asked_by = asker->conn.session;
		wire_asker(c, asker);
	}
	/* The start comes last for forks: all their channels are then in
	 * hand before the sandbox.  nursery_start sends it to the others. */
	if (e->life != LIFE_RUN)
		send_start(c, sock);
	return c;
}

void
nursery_ahead(struct nursery *n, enum role role, unsigned int want)
{
	const struct role_entry *e = nursery_entry(n, role);
	struct child *c;
	unsigned int have = 0;

	for (c = n->children; c != NULL; c = c->next)
		have += c->waiting && c->served == 0 &&
		    c->entry->role == role;
	for (; have < want && !n->stopping; have++) {
		c = fork_wired(n, e, NULL);
		if (c == NULL)
			return;
		c->waiting = true;
	}
}

static void
start_role(void *arg)
{
	struct again *a = arg;
	struct child *c;

	if (a->n->stopping)
		return;
	c = nursery_spawn(a->n, a->role, -1, NULL, NULL);
	if (c != NULL)
		send_start(c, -1);
	else
		loop_arm(a->n->loop, &a->n->again[a->role], AGAIN_MAX_MS);
}

/* A runner without hooks would wait for nothing. */
static bool
to_run(const struct nursery *n, const struct role_entry *e)
{
	size_t i;

	if (e->life != LIFE_RUN || (e->daemon && n->local))
		return false;
	for (i = 0; e->role == ROLE_RUNNER && i < conf.nhooks; i++)
		if (conf.hooks[i].event != NULL)
			return true;
	return e->role != ROLE_RUNNER;
}

int
nursery_start(struct nursery *n)
{
	const struct role_entry *e;
	struct child *c;

	for (e = n->roles; e->fn != NULL; e++)
		if (to_run(n, e) &&
		    nursery_spawn(n, e->role, -1, NULL, NULL) == NULL)
			return -1;
	for (c = n->children; c != NULL; c = c->next)
		send_start(c, -1);
	return 0;
}

int
nursery_link(struct nursery *n, enum role service, enum role as,
    uint32_t session, const char *name)
{
	const struct role_entry *e = nursery_entry(n, service);
	const struct who w = { as, session, name, NULL, false };
	struct child *c;
	int fds[2];

	if (e == NULL || e->life == LIFE_CONN || service == ROLE_RELAY) {
		errno = ENOENT;
		return -1;
	}
	if (e->life == LIFE_RUN) {
		c = find(n, service);
		if (c == NULL) {
			errno = ENOENT;
			return -1;
		}
	} else {
		c = fork_wired(n, e, NULL);
		if (c == NULL)
			return -1;
	}
	if (chan_pair(fds) == -1)
		return -1;
	send_peer(c, &w, fds[1]);
	if (e->life != LIFE_RUN)
		send_start(c, -1);
	return fds[0];
}

static void
run_again(struct nursery *n, const struct child *c)
{
	enum role r = c->entry->role;
	int64_t *wait = &n->again_ms[r];

	if (clock_mono_ms() - c->started_ms > AGAIN_WELL_MS || *wait == 0)
		*wait = AGAIN_FIRST_MS;
	else
		*wait = *wait * 2 < AGAIN_MAX_MS ? *wait * 2 : AGAIN_MAX_MS;
	loop_arm(n->loop, &n->again[r], *wait);
}

static const char *
crash_name(int status)
{
	if (!WIFSIGNALED(status))
		return NULL;
	switch (WTERMSIG(status)) {
	case SIGSYS:
		return "SIGSYS";
	case SIGSEGV:
		return "SIGSEGV";
	case SIGABRT:
		return "SIGABRT";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	case SIGILL:
		return "SIGILL";
	default:
		return NULL;
	}
}

static void
bury(struct nursery *n, struct child *c, int status)
{
	const char *crash = crash_name(status);
	bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

	if (crash != NULL)
		n->crashes[c->entry->role]++;
	if (failed || (c->entry->life == LIFE_RUN && !n->stopping))
		log_line(failed ? LOG_ERROR : LOG_WARN, "ended",
		    "child=%d name=%s status=%d signal=%d", (int)c->pid,
		    role_name(c->entry->role),
		    WIFEXITED(status) ? WEXITSTATUS(status) : 0,
		    WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	c->pid = 0;
	/* Who hangs up at once is counted, too. */
	if (c->chan != NULL && c->entry->life == LIFE_CONN)
		op_drain(c->chan);
	if (c->chan != NULL) {
		op_peer_set(c->chan, NULL);
		op_drop(c->chan, NULL);
	}
	if (n->ended != NULL)
		n->ended(n->arg, c, crash);
	if (c->entry->life == LIFE_RUN && !n->stopping)
		run_again(n, c);
	free(c);
}

void
nursery_reap(struct nursery *n)
{
	struct child **p, *c;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (p = &n->children; (c = *p) != NULL; p = &c->next)
			if (c->pid == pid)
				break;
		if (c == NULL)
			continue;
		*p = c->next;
		bury(n, c, status);
	}
	if (n->stopping)
		nursery_stop(n);
}

static int
stop_rank(const struct child *c)
{
	switch (c->entry->role) {
	case ROLE_KEEPER:
		return 1;
	case ROLE_FILER:
	case ROLE_PARSER:
	case ROLE_RUNNER:
	case ROLE_VAULT:
	case ROLE_RESOLVER:
		return 2;
	default:
		return 0;
	}
}

/* One rank at a time: called again after each death. */
void
nursery_stop(struct nursery *n)
{
	struct child *c;
	int rank = 3;

	n->stopping = true;
	for (c = n->children; c != NULL; c = c->next)
		rank = stop_rank(c) < rank ? stop_rank(c) : rank;
	for (c = n->children; c != NULL; c = c->next) {
		if (stop_rank(c) != rank || c->stopping)
			continue;
		c->stopping = true;
		if (c->chan != NULL)
			op_reply(c->chan, PROC_STOP, 0, 0, NULL, -1);
	}
}

bool
nursery_idle(const struct nursery *n)
{
	return n->children == NULL;
}

void
nursery_kill(struct nursery *n)
{
	struct child *c;

	for (c = n->children; c != NULL; c = c->next)
		(void)kill(c->pid, SIGKILL);
}

static uint16_t
on_ready(void *service, struct op_call *call)
{
	struct child *c = op_peer_data(call->peer);

	(void)service;
	if (!chan_end(&call->in) || c == NULL)
		return OP_BAD;
	c->ready = true;
	return OP_OK;
}

/* A session of a device that may read has one reader, and while that ends
 * another. */
static bool
may_read(const struct nursery *n, const struct child *c)
{
	const struct child *o;
	unsigned int readers = 0;

	for (o = n->children; o != NULL; o = o->next)
		readers += o->asked_by == c->conn.session;
	return c->scope & DEVICE_READ && readers < READERS_MAX;
}

void
nursery_want_reader(struct nursery *n, struct child *c)
{
	if (c->scope == 0)
		c->wants_reader = true;	/* the vault's word may be behind */
	else if (!n->stopping && may_read(n, c) &&
	    nursery_spawn(n, ROLE_READER, -1, NULL, c) == NULL)
		log_line(LOG_ERROR, "spawn", "name=%s error=%s",
		    role_name(ROLE_READER), strerror(errno));
	else	/* the next one does not wait for its start */
		nursery_ahead(n, ROLE_READER, 1);
}

/* Who may have which: a session can start nothing else. */
static uint16_t
on_want(void *service, struct op_call *call)
{
	struct nursery *n = service;
	struct child *c = op_peer_data(call->peer);
	unsigned int role = chan_get_u8(&call->in);
	bool light = chan_get_u8(&call->in) != 0;

	if (!chan_end(&call->in) || c == NULL)
		return OP_BAD;
	if (c->pid == 0)
		return OP_OK;		/* it is dead: see bury() */
	if (!(role == ROLE_PARSER && call->role == ROLE_KEEPER) &&
	    !(role == ROLE_RELAY && call->role == ROLE_SENDER) &&
	    !(role == ROLE_READER && call->role == ROLE_IMAP))
		return OP_DENIED;
	if (role == ROLE_READER) {
		c->light = light;
		nursery_want_reader(n, c);
		return OP_OK;
	}
	if (!n->stopping &&
	    nursery_spawn(n, (enum role)role, -1, NULL, c) == NULL)
		log_line(LOG_ERROR, "spawn", "name=%s error=%s",
		    role_name((enum role)role), strerror(errno));
	return OP_OK;
}
