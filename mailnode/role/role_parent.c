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
#include "mailnode/role/parent_ops.h"
#include "mailnode/role/roles.h"

enum {
	CRASHES_S = 60,
	STOP_INDEXER_MS = 2000,		/* then SIGKILL: it loses nothing */
	STOP_MS = 15000,		/* then SIGKILL for all */
	LINGER_MS = 200,		/* a local node without clients */
	OPEN_MS = 10000			/* doors open then, ready or not */
};

void
parent_stop(struct parent *pa)
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
	loop_arm(pa->loop, &pa->kill, STOP_INDEXER_MS);
}

/* The indexer may be in the middle of a long text, or of many. */
static void
stop_slow(void *arg)
{
	struct parent *pa = arg;

	if (!pa->waited) {
		pa->waited = true;
		nursery_kill(&pa->n, ROLE_INDEXER);
		loop_arm(pa->loop, &pa->kill, STOP_MS - STOP_INDEXER_MS);
		return;
	}
	log_line(LOG_ERROR, "stop", "error=%s", "some role does not end");
	pa->status = 1;
	nursery_kill(&pa->n, ROLE_MAX);
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
		parent_stop(pa);
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
	if (!conf_may_submit(uid) && uid != getuid())
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

/* ---- children ---- */

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
		parent_stop(pa);
	}
	*oldest = now;
}

static const char *
no_start(char text[ALARM_TEXT], const struct child *c)
{
	snprintf(text, ALARM_TEXT, "%s does not start: the log says why",
	    role_name(c->entry->role));
	return text;
}

/* Its alarms are those of this run; a role that cannot start has them, and
 * ours, until it can. */
static void
up(void *arg, struct child *c)
{
	struct parent *pa = arg;
	char text[ALARM_TEXT];

	if (c->entry->life != LIFE_RUN)
		return;
	alarm_clear_role(&pa->alarms, c->entry->role, c->started_ms);
	alarm_clear(&pa->alarms, ROLE_PARENT, no_start(text, c));
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
	if (c->entry->life == LIFE_RUN && c->failed && !c->ready &&
	    !pa->n.stopping)
		alarm_raise(&pa->alarms, ROLE_PARENT, no_start(text, c));
}

static void
signal_ready(void *arg, uint32_t events)
{
	struct parent *pa = arg;
	struct signalfd_siginfo si;

	(void)events;
	while (read(pa->signal_io.fd, &si, sizeof si) == sizeof si)
		if (si.ssi_signo != SIGCHLD)
			parent_stop(pa);
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
	parent_told(pa);
	op_server_more(&pa->n.server, parent_child_ops);
	pa->bans = bans_new(local ? NULL : pa->loop, pa->home);
	if (pa->bans == NULL)
		return -1;
	faults_init(&pa->faults, &pa->n, pa->bans);
	logins_init(&pa->logins, &pa->n, &pa->faults);
	pa->n.local = local;
	pa->n.ended = ended;
	pa->n.up = up;
	pa->n.arg = pa;
	op_server_init(&pa->control, pa->loop, parent_control_ops, pa);
	pa->control.gone = gone;
	pa->kill = (struct loop_timer){ .fn = stop_slow, .arg = pa };
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
		nursery_kill(&pa.n, ROLE_MAX);
		return 1;
	}
	loop_at_turn(pa.loop, turn, &pa);
	if (!s->local)
		loop_arm(pa.loop, &pa.open, OPEN_MS);
	log_line(LOG_INFO, "start", "home=%s", pa.home);
	if (loop_run(pa.loop) == -1) {
		log_line(LOG_ERROR, "loop", "error=%s", strerror(errno));
		nursery_kill(&pa.n, ROLE_MAX);
		return 1;
	}
	bans_free(pa.bans);
	log_line(LOG_INFO, "stop", "status=%d", pa.status);
	doors_fds(pa.doors, s->doors);
	return pa.again ? PARENT_AGAIN : pa.status;
}
