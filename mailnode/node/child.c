#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/child_parts.h"
#include "mailnode/node/child_rest.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"

enum { READERS_MAX = 2 };		/* of one session */

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
	nursery_wire_all(n, c);
	return c;
}

/* One that knows this address, else one that knows none. */
static struct child *
find_waiting(const struct nursery *n, enum role role,
    const struct proc_conn *conn)
{
	struct child *c, *fresh = NULL;

	for (c = n->children; c != NULL; c = c->next) {
		if (!c->waiting || c->entry->role != role || !child_hears(c))
			continue;
		if (c->served == 0)
			fresh = c;
		else if (conn != NULL && strcmp(c->conn.peer, conn->peer) == 0)
			return c;
	}
	return fresh;
}

/* Who rested gets a number of its own, and has the right to one more
 * signature: a channel to the vault is good for a single handshake. */
static void
connect_to(struct nursery *n, struct child *c, const struct proc_conn *conn)
{
	uint32_t session = c->served > 0 ? ++n->last_session : c->conn.session;
	/* Where it is from is asked at a login. */
	bool unnamed = c->entry->role == ROLE_IMAP && c->conn.peer[0] == '\0';

	c->conn = *conn;
	c->conn.session = session;
	c->faults = 0;
	c->started_ms = clock_mono_ms();
	if ((c->asked_vault || unnamed) &&
	    c->entry->services & ROLE_BIT(ROLE_VAULT))
		nursery_wire(n, c, ROLE_VAULT);
}

/* False: it was dead already.  The start comes last for forks: all their
 * channels are then in hand before the sandbox.  nursery_start sends it to
 * the others. */
static bool
put_to_work(struct nursery *n, struct child *c, int sock,
    const struct proc_conn *conn, struct child *asker)
{
	if (conn != NULL)
		connect_to(n, c, conn);
	if (asker != NULL) {
		c->asked_by = asker->conn.session;
		nursery_wire_asker(c, asker);
	}
	if (c->entry->life != LIFE_RUN)
		child_start(c, sock);
	if (!child_hears(c))
		c->asked_by = 0;
	else
		c->waiting = false;
	return child_hears(c);
}

/* Who waits may have died, and its channel does not tell before it is used:
 * the next one is asked then, at last one that is new. */
struct child *
nursery_spawn(struct nursery *n, enum role role, int sock,
    const struct proc_conn *conn, struct child *asker)
{
	const struct role_entry *e = nursery_entry(n, role);
	struct child *c;

	BUG_ON(e == NULL);
	while ((c = find_waiting(n, role, conn)) != NULL)
		if (put_to_work(n, c, sock, conn, asker))
			return c;
	c = fork_wired(n, e, conn);
	if (c != NULL && !put_to_work(n, c, sock, conn, asker)) {
		errno = ECHILD;
		return NULL;
	}
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
		child_start(c, -1);
	else
		loop_arm(a->n->loop, &a->n->again[a->role],
		    NURSERY_AGAIN_MAX_MS);
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

bool
nursery_up(const struct nursery *n)
{
	const struct role_entry *e;
	const struct child *c;

	for (e = n->roles; e->fn != NULL; e++) {
		for (c = n->children; c != NULL; c = c->next)
			if (c->entry == e && c->ready)
				break;
		if (c == NULL && to_run(n, e))
			return false;
	}
	return true;
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
		child_start(c, -1);
	return 0;
}

int
nursery_link(struct nursery *n, enum role service, enum role as,
    uint32_t session, const char *name)
{
	const struct role_entry *e = nursery_entry(n, service);
	const struct child_who w = { as, session, name, NULL, false };
	struct child *c;
	int fds[2];

	if (e == NULL || e->life == LIFE_CONN || service == ROLE_RELAY) {
		errno = ENOENT;
		return -1;
	}
	if (e->life == LIFE_RUN) {
		c = nursery_find(n, service);
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
	child_serve(c, &w, fds[1]);
	if (e->life != LIFE_RUN)
		child_start(c, -1);
	return fds[0];
}

static uint16_t
on_ready(void *service, struct op_call *call)
{
	struct child *c = op_peer_data(call->peer);
	struct nursery *n = service;

	if (!chan_end(&call->in) || c == NULL)
		return OP_BAD;
	c->ready = true;
	if (n->up != NULL)
		n->up(n->arg, c);
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
		return OP_OK;		/* it is dead: see child_end.c */
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
