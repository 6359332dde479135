/*
 * Owns: listeners, pids, channel ends, per-address limits, alarms.
 * Holds: no secret, no mail, no byte from the network.
 * Asks: nobody; tells keeper whom it refused.
 * Must not: parse what a peer sends, wait for anything but the kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/filter/verdict.h"
#include "mailnode/node/alarm.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "mailnode/node/doors.h"
#include "mailnode/node/lock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/logins.h"
#include "mailnode/node/notify.h"
#include "mailnode/node/sandbox.h"
#include "mailnode/node/trim.h"
#include "mailnode/role/roles.h"

enum {
	CRASHES_MAX = 5,		/* in CRASHES_S: a new address layout */
	CRASHES_S = 60,
	STOP_MS = 15000,		/* then SIGKILL */
	LINGER_MS = 200,		/* a local node without clients */
	OPEN_MS = 10000			/* doors open then, ready or not */
};

struct parent {
	struct loop		*loop;
	struct nursery		 n;
	struct alarms		 alarms;
	struct logins		 logins;
	struct bans		*bans;
	struct faults		 faults;
	struct op_server	 control;	/* clients on this machine */
	unsigned int		 clients;
	struct loop_io		 control_io, local_io, signal_io;
	struct doors		*doors;
	struct loop_timer	 kill, linger, open;
	char			*home;
	int64_t			 started_s;
	int			 status;
	bool			 announced;
	bool			 again;
	int64_t			 crashes_s[CRASHES_MAX];	/* a ring */
	unsigned int		 ncrashes;
};

static uint16_t	on_link(void *, struct op_call *);
static uint16_t	on_local_link(void *, struct op_call *);
static uint16_t	on_status(void *, struct op_call *);
static uint16_t	on_yield(void *, struct op_call *);
static uint16_t	on_ban_at(void *, struct op_call *);
static uint16_t	on_ban_add(void *, struct op_call *);
static uint16_t	on_ban_name(void *, struct op_call *);
static uint16_t	on_alarm(void *, struct op_call *);
static uint16_t	on_login(void *, struct op_call *);
static uint16_t	on_tls(void *, struct op_call *);
static uint16_t	on_fault(void *, struct op_call *);

static const struct op control_ops[] = {
	{ CONTROL_LINK,	  ROLE_BIT(ROLE_OWNER),	on_link },
	{ CONTROL_LINK_LOCAL, ROLE_BIT(ROLE_LOCAL) | ROLE_BIT(ROLE_OWNER),
						on_local_link },
	{ CONTROL_STATUS, ROLE_BIT(ROLE_OWNER),	on_status },
	{ CONTROL_YIELD,  ROLE_BIT(ROLE_OWNER),	on_yield },
	{ CONTROL_BAN_AT, ROLE_BIT(ROLE_OWNER),	on_ban_at },
	{ CONTROL_BAN_ADD, ROLE_BIT(ROLE_OWNER), on_ban_add },
	{ CONTROL_BAN_RM, ROLE_BIT(ROLE_OWNER),	on_ban_name },
	{ CONTROL_BAN_FORGET, ROLE_BIT(ROLE_OWNER), on_ban_name },
	{ 0, 0, NULL }
};

static void
stop(struct parent *pa)
{
	if (pa->n.stopping)
		return;
	doors_shut(pa->doors, pa->again);
	loop_disarm(pa->loop, &pa->open);
	if (!pa->again)
		notify_systemd("STOPPING=1");
	nursery_stop(&pa->n);
	if (nursery_idle(&pa->n))
		loop_stop(pa->loop);
	loop_arm(pa->loop, &pa->kill, STOP_MS);
}

static void
kill_all(void *arg)
{
	struct parent *pa = arg;

	log_line(LOG_ERROR, "stop", "error=%s", "some role does not end");
	pa->status = 1;
	nursery_kill(&pa->n);
}

/* ---- clients on this machine ---- */

static void
gone(void *service, struct op_peer *p, const char *why)
{
	struct parent *pa = service;

	if (why != NULL)
		log_line(LOG_WARN, "control", "peer=%s error=%s",
		    op_peer_name(p), why);
	if (--pa->clients == 0 && pa->n.local)
		loop_arm(pa->loop, &pa->linger, LINGER_MS);
}

static void
linger_over(void *arg)
{
	struct parent *pa = arg;

	if (pa->clients == 0)
		stop(pa);
}

static void
greet(struct parent *pa, int fd, enum role as, uid_t uid)
{
	struct op_peer *p = op_server_add(&pa->control, fd, as, uid);
	char name[PROC_NAME_MAX];

	if (p == NULL)
		return;
	lock_user_name(uid, name, sizeof name);
	op_peer_rename(p, name);
	pa->clients++;
}

static int
accept_unix(int fd, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof cred;
	int sock;

	sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock != -1 && getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred,
	    &len) == -1) {
		close(sock);
		sock = -1;
	}
	if (sock != -1)
		*uid = cred.uid;
	return sock;
}

static void
control_ready(void *arg, uint32_t events)
{
	struct parent *pa = arg;
	uid_t uid;
	int sock;

	(void)events;
	sock = accept_unix(pa->control_io.fd, &uid);
	if (sock == -1)
		return;
	if (uid != getuid() && uid != 0)
		close(sock);
	else
		greet(pa, sock, ROLE_OWNER, uid);
}

static bool
may_submit(uid_t uid)
{
	size_t i;

	for (i = 0; i < conf.nlocal_uids; i++)
		if (conf.local_uids[i] == uid)
			return true;
	return uid == 0 || uid == getuid();
}

static void
local_ready(void *arg, uint32_t events)
{
	struct parent *pa = arg;
	const char *why = NULL;
	uid_t uid;
	int sock;

	(void)events;
	sock = accept_unix(pa->local_io.fd, &uid);
	if (sock == -1)
		return;
	/* The descriptors are also those of everybody else. */
	if (!may_submit(uid))
		why = "not in local_uids";
	else if (op_server_count(&pa->control, ROLE_LOCAL, uid) >=
	    PROC_LOCAL_MAX)
		why = "too many connections";
	if (why == NULL) {
		greet(pa, sock, ROLE_LOCAL, uid);
		return;
	}
	log_line(LOG_WARN, "control", "uid=%u error=%s", (unsigned int)uid,
	    why);
	close(sock);
}

static uint16_t
give_link(struct parent *pa, struct op_call *c, enum role service,
    enum role as)
{
	int fd;

	fd = nursery_link(&pa->n, service, as, c->session,
	    op_peer_name(c->peer));
	if (fd == -1)
		return CONTROL_NO_SERVICE;
	c->fd_out = fd;
	c->close_fd_out = true;
	return OP_OK;
}

static uint16_t
on_link(void *service, struct op_call *c)
{
	unsigned int role = chan_get_u8(&c->in);

	if (!chan_end(&c->in) || role >= ROLE_MAX)
		return OP_BAD;
	if (role != ROLE_KEEPER && role != ROLE_READER &&
	    role != ROLE_PARSER && role != ROLE_VAULT &&
	    role != ROLE_RESOLVER && role != ROLE_RUNNER)
		return CONTROL_NO_SERVICE;
	return give_link(service, c, (enum role)role, ROLE_OWNER);
}

static uint16_t
on_local_link(void *service, struct op_call *c)
{
	if (!chan_end(&c->in))
		return OP_BAD;
	return give_link(service, c, ROLE_KEEPER, ROLE_LOCAL);
}

static void
tell_roles(const struct parent *pa, struct node_state *st)
{
	const struct child *c;
	struct node_session *s;

	memcpy(st->crashes, pa->n.crashes, sizeof st->crashes);
	for (c = pa->n.children; c != NULL; c = c->next) {
		st->running[c->entry->role]++;
		if (c->entry->life != LIFE_CONN || c->waiting)
			continue;
		if (st->sessions++ >= NODE_SESSIONS_MAX)
			continue;
		s = &st->session[st->sessions - 1];
		s->role = c->entry->role;
		s->pid = c->pid;
		s->seconds = (uint32_t)
		    ((clock_mono_ms() - c->started_ms) / 1000);
		snprintf(s->peer, sizeof s->peer, "%s", c->conn.peer);
	}
}

static uint16_t
on_status(void *service, struct op_call *c)
{
	static struct node_state st;
	struct parent *pa = service;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (pa->n.local && pa->n.stopping)
		return CONTROL_NO_SERVICE;	/* the next one will serve */
	memset(&st, 0, sizeof st);
	(void)snprintf(st.program, sizeof st.program, "%s", program_id());
	st.pid = getpid();
	st.local = pa->n.local;
	st.ready = pa->announced;
	st.since = pa->started_s;
	doors_count(pa->doors, &st.accepted, &st.refused);
	snprintf(st.missing, sizeof st.missing, "%s",
	    sandbox_missing() != NULL ? sandbox_missing() : "");
	st.alarms = pa->alarms;
	tell_roles(pa, &st);
	node_state_put(c->out, &st);
	return OP_OK;
}

static uint16_t
on_yield(void *service, struct op_call *c)
{
	struct parent *pa = service;

	if (!chan_end(&c->in))
		return OP_BAD;
	chan_put_u8(c->out, pa->n.local);
	if (pa->n.local)
		stop(pa);
	return OP_OK;
}

static uint16_t
on_ban_at(void *service, struct op_call *c)
{
	struct parent *pa = service;
	uint32_t i = chan_get_u32(&c->in);
	const struct ban *b;

	if (!chan_end(&c->in))
		return OP_BAD;
	b = bans_at(pa->bans, i, clock_wall_s());
	if (b == NULL)
		return CONTROL_NOTHING;
	ban_put(c->out, b);
	return OP_OK;
}

static uint16_t
on_ban_add(void *service, struct op_call *c)
{
	struct parent *pa = service;
	char net[NET_TEXT_MAX];
	int64_t seconds;

	chan_get_str(&c->in, net, sizeof net);
	seconds = chan_get_i64(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (bans_add(pa->bans, net, seconds, clock_wall_s()) == 0)
		return OP_OK;
	return errno == EINVAL ? OP_BAD : CONTROL_NO_SERVICE;
}

static uint16_t
on_ban_name(void *service, struct op_call *c)
{
	struct parent *pa = service;
	char name[NET_TEXT_MAX];

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (c->type == CONTROL_BAN_FORGET)
		bans_forget(pa->bans, name);
	else if (faults_lift(&pa->faults, name) == -1)
		return errno == EINVAL ? OP_BAD : CONTROL_NOTHING;
	return OP_OK;
}

/* ---- children ---- */

/* Those that talk to strangers or parse what they sent have no word in what
 * the owner reads, nor push out what others said. */
#define SERVICES (ROLE_BIT(ROLE_KEEPER) | ROLE_BIT(ROLE_FILER) | \
	ROLE_BIT(ROLE_READER) | ROLE_BIT(ROLE_INDEXER) | \
	ROLE_BIT(ROLE_SENDER) | ROLE_BIT(ROLE_RUNNER) | \
	ROLE_BIT(ROLE_VAULT) | ROLE_BIT(ROLE_RESOLVER))

#define SESSIONS (ROLE_BIT(ROLE_SMTP) | ROLE_BIT(ROLE_SUBMISSION) | \
	ROLE_BIT(ROLE_IMAP))

static const struct op alarm_ops[] = {
	{ PROC_ALARM, SERVICES, on_alarm },
	{ PROC_CLEAR, SERVICES, on_alarm },
	{ PROC_LOGIN, ROLE_BIT(ROLE_VAULT), on_login },
	{ PROC_TLS, ROLE_BIT(ROLE_VAULT), on_tls },
	{ PROC_FAULT, SESSIONS, on_fault },
	{ 0, 0, NULL }
};
static struct parent *alarm_parent;	/* alarm_ops run in the nursery */

static uint16_t
on_alarm(void *service, struct op_call *c)
{
	char text[ALARM_TEXT];

	(void)service;
	chan_get_str(&c->in, text, sizeof text);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (c->type == PROC_ALARM)
		alarm_raise(&alarm_parent->alarms, c->role, text);
	else
		alarm_clear(&alarm_parent->alarms, c->role, text);
	return OP_OK;
}

static uint16_t
on_login(void *service, struct op_call *c)
{
	struct proc_login l;

	(void)service;
	if (!proc_login_get(&c->in, &l))
		return OP_BAD;
	logins_tell(&alarm_parent->logins, &l);
	return OP_OK;
}

static uint16_t
on_tls(void *service, struct op_call *c)
{
	bool can = chan_get_u8(&c->in) != 0;

	(void)service;
	if (!chan_end(&c->in))
		return OP_BAD;
	doors_tls(alarm_parent->doors, can);
	return OP_OK;
}

static uint16_t
on_fault(void *service, struct op_call *c)
{
	(void)service;
	return faults_told(&alarm_parent->faults, c);
}

/* Forks share the parent's address layout: whoever makes them crash again
 * and again may be reading it out. */
static void
count_crash(struct parent *pa, const struct child *c)
{
	int64_t now = clock_mono_ms() / 1000;
	int64_t *oldest = &pa->crashes_s[pa->ncrashes++ % CRASHES_MAX];

	if (c->entry->exec || pa->n.local)
		return;
	if (*oldest != 0 && now - *oldest < CRASHES_S && !pa->n.stopping) {
		log_line(LOG_ERROR, "crashes", "count=%d seconds=%lld",
		    CRASHES_MAX + 1, (long long)(now - *oldest));
		pa->again = true;
		stop(pa);
	}
	*oldest = now;
}

static void
ended(void *arg, struct child *c, const char *crash)
{
	struct parent *pa = arg;
	char text[ALARM_TEXT];

	if (crash != NULL) {
		snprintf(text, sizeof text, "%s ended by %s%s%s",
		    role_name(c->entry->role), crash,
		    c->conn.peer[0] != '\0' ? ", serving " : "",
		    c->conn.peer);
		log_line(LOG_ERROR, "crash", "name=%s signal=%s peer=%s",
		    role_name(c->entry->role), crash, c->conn.peer);
		alarm_raise(&pa->alarms, ROLE_PARENT, text);
		count_crash(pa, c);
	}
	if (c->entry->life == LIFE_RUN)
		alarm_clear_role(&pa->alarms, c->entry->role);
}

static void
signal_ready(void *arg, uint32_t events)
{
	struct parent *pa = arg;
	struct signalfd_siginfo si;

	(void)events;
	while (read(pa->signal_io.fd, &si, sizeof si) == sizeof si)
		if (si.ssi_signo != SIGCHLD)
			stop(pa);
	nursery_reap(&pa->n);
	if (pa->n.stopping && nursery_idle(&pa->n))
		loop_stop(pa->loop);
}

static int
open_signals(struct parent *pa)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	pa->signal_io.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	pa->signal_io.fn = signal_ready;
	pa->signal_io.arg = pa;
	if (pa->signal_io.fd == -1)
		return -1;
	return loop_add(pa->loop, &pa->signal_io, EPOLLIN);
}

static int
open_sockets(struct parent *pa, int control)
{
	pa->control_io.fd = lock_socket(pa->home, "control", 0600);
	if (pa->control_io.fd == -1)
		return -1;
	pa->control_io.fn = control_ready;
	pa->control_io.arg = pa;
	if (loop_add(pa->loop, &pa->control_io, EPOLLIN) == -1)
		return -1;
	if (control != -1)
		greet(pa, control, ROLE_OWNER, getuid());
	if (pa->n.local || conf.local_socket == NULL)
		return 0;
	/* Its directory is made by the administrator, or is not. */
	pa->local_io.fd = lock_socket_at(conf.local_socket, 0666);
	if (pa->local_io.fd == -1) {
		log_line(LOG_INFO, "listen", "path=%s error=%s",
		    conf.local_socket, strerror(errno));
		return 0;
	}
	pa->local_io.fn = local_ready;
	pa->local_io.arg = pa;
	return loop_add(pa->loop, &pa->local_io, EPOLLIN);
}

static void
open_doors(void *arg)
{
	struct parent *pa = arg;

	loop_disarm(pa->loop, &pa->open);
	doors_open(pa->doors);
}

/* Up is when every role has said so. */
static void
announce(struct parent *pa)
{
	const struct child *c;

	if (pa->announced)
		return;
	for (c = pa->n.children; c != NULL; c = c->next)
		if (c->entry->life == LIFE_RUN && !c->ready)
			return;
	pa->announced = true;
	if (!pa->n.local)
		open_doors(pa);
	log_line(LOG_INFO, "ready", "seconds=%lld",
	    (long long)(clock_wall_s() - pa->started_s));
	notify_systemd("READY=1");
	trim_code();
}

/* What each session's fork would load for itself, once something was
 * learnt, is loaded here. */
static void
turn(void *arg)
{
	struct parent *pa = arg;

	announce(pa);
	if (pa->announced && !pa->n.local)
		verdict_preload(pa->home);
}

static int
prepare(struct parent *pa, const struct role_entry *roles, bool local)
{
	pa->home = conf_home();
	pa->loop = loop_new();
	if (pa->home == NULL || pa->loop == NULL)
		return -1;
	if (nursery_init(&pa->n, pa->loop, roles) == -1)
		return -1;
	alarm_parent = pa;
	op_server_more(&pa->n.server, alarm_ops);
	pa->bans = bans_new(local ? NULL : pa->loop, pa->home);
	if (pa->bans == NULL)
		return -1;
	faults_init(&pa->faults, &pa->n, pa->bans);
	logins_init(&pa->logins, &pa->n, &pa->faults);
	pa->n.local = local;
	pa->n.ended = ended;
	pa->n.arg = pa;
	op_server_init(&pa->control, pa->loop, control_ops, pa);
	pa->control.gone = gone;
	pa->kill = (struct loop_timer){ .fn = kill_all, .arg = pa };
	pa->open = (struct loop_timer){ .fn = open_doors, .arg = pa };
	pa->linger = (struct loop_timer){ .fn = linger_over, .arg = pa };
	pa->started_s = clock_wall_s();
	pa->doors = doors_new(&pa->n, &pa->alarms, &pa->faults, pa->home);
	if (pa->doors == NULL)
		return -1;
	return open_signals(pa);
}

int
role_parent(struct parent_start *s)
{
	static struct parent pa;

	log_init("parent", s->local ? LOG_ERROR : LOG_INFO);
	(void)prctl(PR_SET_NAME, s->local ? "mn-local" : "mn-parent");
	if (prepare(&pa, s->roles, s->local) == -1 ||
	    open_sockets(&pa, s->control) == -1) {
		log_line(LOG_ERROR, "start", "error=%s", strerror(errno));
		return 1;
	}
	if (!s->local)
		doors_bind(pa.doors, s->again ? s->doors : NULL);
	sandbox_enter_parent();
	if (nursery_start(&pa.n) == -1) {
		log_line(LOG_ERROR, "start", "error=%s", strerror(errno));
		nursery_kill(&pa.n);
		return 1;
	}
	loop_at_turn(pa.loop, turn, &pa);
	if (!s->local)
		loop_arm(pa.loop, &pa.open, OPEN_MS);
	log_line(LOG_INFO, "start", "home=%s", pa.home);
	if (loop_run(pa.loop) == -1) {
		log_line(LOG_ERROR, "loop", "error=%s", strerror(errno));
		nursery_kill(&pa.n);
		return 1;
	}
	bans_free(pa.bans);
	log_line(LOG_INFO, "stop", "status=%d", pa.status);
	doors_fds(pa.doors, s->doors);
	return pa.again ? PARENT_AGAIN : pa.status;
}
