#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "mailnode/base/chan.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/proc.h"

enum { FAULT_MAX = 120 };	/* octets: see FAULTS_WHAT_MAX */

/* A peer that was handed over before there was a server. */
struct proc_early {
	int		fd;
	enum role	role;
	uint32_t	session;
	char		name[PROC_NAME_MAX];
};

_Noreturn static void
parent_gone(void)
{
	_exit(0);
}

static void
take_link(struct proc *pr, struct chan_in *in, int fd)
{
	unsigned int role = chan_get_u8(in);

	if (!chan_end(in) || role >= ROLE_MAX || fd == -1) {
		if (fd != -1)
			close(fd);
		return;
	}
	/* On-demand processes are the asker's to keep; services are ours. */
	if (role == ROLE_PARSER || role == ROLE_RELAY) {
		if (pr->on_link != NULL)
			pr->on_link(pr->link_arg, role, fd);
		else
			close(fd);
		return;
	}
	if (pr->link[role] != -1)
		close(pr->link[role]);
	pr->link[role] = fd;
	if (pr->on_link != NULL)
		pr->on_link(pr->link_arg, role, fd);
}

static void
take_peer(struct proc *pr, struct chan_in *in, int fd)
{
	struct proc_early *e;
	struct op_peer *p;
	char name[PROC_NAME_MAX], limit[PROC_LIMIT_MAX];
	unsigned int role;
	uint32_t session;
	bool light;

	role = chan_get_u8(in);
	session = chan_get_u32(in);
	chan_get_str(in, name, sizeof name);
	chan_get_str(in, limit, sizeof limit);
	light = chan_get_u8(in) != 0;
	if (!chan_end(in) || role >= ROLE_MAX || fd == -1)
		goto bad;
	if (limit[0] != '\0')
		memcpy(pr->limit, limit, sizeof limit);
	pr->light = light;
	if (role == ROLE_LOCAL && pr->server != NULL && op_server_count(
	    pr->server, role, session) >= PROC_LOCAL_MAX)
		goto bad;
	if (pr->server != NULL) {
		p = op_server_add(pr->server, fd, role, session);
		if (p != NULL)
			op_peer_rename(p, name);
		return;
	}
	e = pr->nearly < PROC_EARLY_MAX ? reallocarray(pr->early,
	    pr->nearly + 1, sizeof *e) : NULL;
	if (e == NULL)
		goto bad;
	pr->early = e;
	e += pr->nearly++;
	e->fd = fd;
	e->role = role;
	e->session = session;
	memcpy(e->name, name, sizeof name);
	return;
bad:
	if (fd != -1)
		close(fd);
}

static void
take_start(struct proc *pr, struct chan_in *in, int sock)
{
	struct proc_conn *c = &pr->conn;

	c->session = chan_get_u32(in);
	chan_get_str(in, c->peer, sizeof c->peer);
	c->peer_port = chan_get_u16(in);
	chan_get_str(in, c->local, sizeof c->local);
	c->local_port = chan_get_u16(in);
	c->listener = chan_get_u32(in);
	c->keyless = chan_get_u8(in) != 0;
	if (!chan_end(in))
		parent_gone();
	pr->sock = sock;
	pr->started = true;
}

static void
take_stop(struct proc *pr)
{
	if (!pr->started)
		parent_gone();
	pr->stopping = true;
	if (pr->on_stop != NULL)
		pr->on_stop(pr->stop_arg);
	else
		loop_stop(pr->loop);
}

/* The parent is more trusted than we: what it says malformed ends us. */
static void
take(struct proc *pr, struct chan_msg *m)
{
	struct chan_in in;

	chan_in_init(&in, m->data, m->len);
	switch (m->type) {
	case PROC_START:
		take_start(pr, &in, m->fd);
		break;
	case PROC_LINK:
		take_link(pr, &in, m->fd);
		break;
	case PROC_PEER:
		take_peer(pr, &in, m->fd);
		break;
	case PROC_STOP:
		take_stop(pr);
		break;
	default:
		parent_gone();
	}
}

static void
parent_ready(void *arg, uint32_t events)
{
	struct proc *pr = arg;
	struct buf store;
	struct chan_msg m;
	int n;

	(void)events;
	buf_init(&store, CHAN_RECORD_MAX + 1);
	while ((n = chan_recv(pr->parent, &store, &m, true)) == 1)
		take(pr, &m);
	buf_clear(&store);
	if (n == 0 || errno != EAGAIN) {
		/* A parent that is gone is a stop that could not be said. */
		loop_del(pr->loop, &pr->parent_io);
		take_stop(pr);
	}
}

void
proc_hear(struct proc *pr)
{
	if (!pr->stopping)
		parent_ready(pr, 0);
}

static void
title(enum role role)
{
	char name[16];

	snprintf(name, sizeof name, "mn-%s", role_name(role));
	(void)prctl(PR_SET_NAME, name);
}

static void
wait_start(struct proc *pr)
{
	struct buf store;
	struct chan_msg m;

	buf_init(&store, CHAN_RECORD_MAX + 1);
	do {
		if (chan_recv(pr->parent, &store, &m, false) != 1)
			parent_gone();
		take(pr, &m);
	} while (m.type != PROC_START);
	buf_clear(&store);
}

void
proc_begin(struct proc *pr, enum role role)
{
	size_t i;

	memset(pr, 0, sizeof *pr);
	pr->role = role;
	pr->parent = PROC_PARENT_FD;
	pr->sock = -1;
	for (i = 0; i < ROLE_MAX; i++)
		pr->link[i] = -1;
	title(role);
	log_init(role_name(role), LOG_INFO);
	pr->home = conf_home();
	pr->maildir = conf_maildir();
	pr->loop = loop_new();
	if (pr->home == NULL || pr->maildir == NULL || pr->loop == NULL) {
		log_line(LOG_ERROR, "start", "error=%s", strerror(errno));
		_exit(1);
	}
	wait_start(pr);
}

void
proc_rest(struct proc *pr, bool asked_vault)
{
	struct buf b;

	close(pr->sock);
	pr->sock = -1;
	pr->started = false;
	buf_init(&b, 1);
	chan_put_u8(&b, asked_vault);
	if (op_tell(pr->parent, PROC_REST, &b, -1) == -1)
		parent_gone();
	buf_clear(&b);
	wait_start(pr);
}

void
proc_serve(struct proc *pr, struct op_server *srv)
{
	struct op_peer *p;
	unsigned int i;

	pr->server = srv;
	for (i = 0; i < pr->nearly; i++) {
		p = op_server_add(srv, pr->early[i].fd, pr->early[i].role,
		    pr->early[i].session);
		if (p != NULL)
			op_peer_rename(p, pr->early[i].name);
	}
	free(pr->early);
	pr->early = NULL;
	pr->nearly = 0;
}

void
proc_on_link(struct proc *pr, void (*fn)(void *, enum role, int), void *arg)
{
	pr->on_link = fn;
	pr->link_arg = arg;
}

void
proc_on_stop(struct proc *pr, void (*fn)(void *), void *arg)
{
	pr->on_stop = fn;
	pr->stop_arg = arg;
}

static int
want(struct proc *pr, enum role role, bool light)
{
	struct buf b;
	int rc;

	buf_init(&b, 16);
	chan_put_u8(&b, (uint8_t)role);
	chan_put_u8(&b, light);
	rc = op_tell(pr->parent, PROC_WANT, &b, -1);
	buf_clear(&b);
	return rc;
}

int
proc_want(struct proc *pr, enum role role)
{
	return want(pr, role, false);
}

int
proc_want_reader(struct proc *pr, bool light)
{
	return want(pr, ROLE_READER, light);
}

int
proc_wait_link(struct proc *pr, enum role role, int64_t timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms, left;
	struct pollfd p = { .fd = pr->parent, .events = POLLIN };

	while (pr->link[role] == -1) {
		left = until - clock_mono_ms();
		errno = ETIMEDOUT;
		if (left <= 0 || poll(&p, 1, (int)left) == -1)
			return -1;
		if (p.revents != 0)
			parent_ready(pr, 0);
		errno = ECANCELED;
		if (pr->stopping)
			return -1;
	}
	return 0;
}

void
proc_login_put(struct buf *b, const struct proc_login *l)
{
	chan_put_u32(b, l->session);
	chan_put_u8(b, (uint8_t)l->outcome);
	chan_put_str(b, l->user);
	chan_put_str(b, l->device);
	chan_put_u8(b, l->scope);
	chan_put_str(b, l->folder);
	chan_put_str(b, l->why);
}

bool
proc_login_get(struct chan_in *in, struct proc_login *l)
{
	memset(l, 0, sizeof *l);
	l->session = chan_get_u32(in);
	l->outcome = (enum proc_outcome)chan_get_u8(in);
	chan_get_str(in, l->user, sizeof l->user);
	chan_get_str(in, l->device, sizeof l->device);
	l->scope = chan_get_u8(in);
	chan_get_str(in, l->folder, sizeof l->folder);
	chan_get_str(in, l->why, sizeof l->why);
	return chan_end(in) && l->outcome <= LOGIN_OVER;
}

void
proc_ready(struct proc *pr)
{
	pr->parent_io = (struct loop_io){ .fd = pr->parent,
	    .fn = parent_ready, .arg = pr };
	if (loop_add(pr->loop, &pr->parent_io, EPOLLIN) == -1 ||
	    op_tell(pr->parent, PROC_READY, NULL, -1) == -1)
		parent_gone();
}

static void
tell_text(struct proc *pr, uint16_t type, const char *text)
{
	struct buf b;

	buf_init(&b, 1024);
	chan_put_bytes(&b, text, strnlen(text, 500));
	(void)op_tell(pr->parent, type, &b, -1);
	buf_clear(&b);
}

void
proc_fault(struct proc *pr, unsigned int kind, const char *what)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_u8(&b, (uint8_t)kind);
	chan_put_bytes(&b, what, strnlen(what, FAULT_MAX));
	(void)op_tell(pr->parent, PROC_FAULT, &b, -1);
	buf_clear(&b);
}

/* Alarms that were logged a moment ago: a full disk has one a try. */
enum { LATELY = 8, LATELY_MS = 600 * 1000, LATELY_TEXT_MAX = 256 };

static struct lately {
	char	text[LATELY_TEXT_MAX];
	int64_t	at;			/* monotonic, ms; 0: none */
} lately[LATELY];

/* Its place, or the one to be used next. */
static struct lately *
lately_of(const char *text)
{
	struct lately *x, *old = &lately[0];

	for (x = lately; x < lately + LATELY; x++) {
		if (strncmp(x->text, text, sizeof x->text - 1) == 0)
			return x;
		if (x->at < old->at)
			old = x;
	}
	old->at = 0;
	(void)snprintf(old->text, sizeof old->text, "%s", text);
	return old;
}

static bool
said_lately(const char *text)
{
	struct lately *x = lately_of(text);
	int64_t now = clock_mono_ms();

	if (x->at != 0 && now - x->at < LATELY_MS)
		return true;
	x->at = now;
	return false;
}

void
proc_alarm(struct proc *pr, const char *text)
{
	if (!said_lately(text))
		log_line(LOG_WARN, "alarm", "text=%s", text);
	tell_text(pr, PROC_ALARM, text);
}

void
proc_clear(struct proc *pr, const char *text)
{
	lately_of(text)->at = 0;
	tell_text(pr, PROC_CLEAR, text);
}

void
proc_tls(struct proc *pr, bool can, const uint8_t *spki)
{
	struct buf b;

	buf_init(&b, 64);
	chan_put_u8(&b, can);
	chan_put_bytes(&b, spki != NULL ? (const void *)spki : "",
	    spki != NULL ? SHA256_OCTETS : 0);
	(void)op_tell(pr->parent, PROC_TLS, &b, -1);
	buf_clear(&b);
}

char *
proc_path(const char *dir, const char *name)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *s = malloc(size);

	if (s == NULL) {
		log_line(LOG_ERROR, "start", "error=%s", strerror(ENOMEM));
		_exit(1);
	}
	snprintf(s, size, "%s/%s", dir, name);
	return s;
}
