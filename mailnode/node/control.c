#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailnode/base/chan.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "mailnode/node/lock.h"

enum {
	CONNECT_MS = 10000,	/* for a parent that is just starting */
	CONNECT_STEP_MS = 20,
	ANSWER_MS = 10000
};

struct node {
	int		fd;
	bool		local;
	struct op_reply	reply;
};

/* stderr of the local node: not on the client's screen. */
static void
redirect(const char *home)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof path, "%s/run/local.log", home) >=
	    (int)sizeof path)
		_exit(1);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1 ||
	    dup2(fd, STDOUT_FILENO) == -1)
		_exit(1);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1)
		_exit(1);
}

/* Any of these: `mailnode init' was here, or a copy of a node was put back. */
static bool
set_up(const char *home)
{
	static const char *const names[] = { "vault", "node.db", "spool.db" };
	char path[4096];
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (snprintf(path, sizeof path, "%s/%s", home, names[i]) <
		    (int)sizeof path && access(path, F_OK) == 0)
			return true;
	return false;
}

/* Forked twice, so that it is nobody's child to wait for. */
static int
start_local(const char *home)
{
	char *argv[] = { "mailnode", "role", "local", NULL };
	int fds[2], status, lock;
	pid_t pid;

	/* Nobody's first letter makes a node: root's cron would get one of
	 * its own whenever the owner's door is shut. */
	if (!set_up(home)) {
		errno = ENXIO;
		return -1;
	}
	lock = lock_take(home);		/* makes the folders, and looks */
	if (lock == -1)
		return -1;
	close(lock);
	if (chan_pair(fds) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (setsid() == -1 || (pid = fork()) == -1)
			_exit(1);
		if (pid > 0)
			_exit(0);
		redirect(home);
		fds[1] = fcntl(fds[1], F_DUPFD, 16);
		if (fds[1] == -1 || dup2(fds[1], 3) == -1)
			_exit(1);
		(void)close_range(4, ~0U, 0);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	close(fds[1]);
	if (pid == -1 || waitpid(pid, &status, 0) == -1 || status != 0) {
		close(fds[0]);
		errno = EAGAIN;
		return -1;
	}
	return fds[0];
}

static bool
absent(int err)
{
	return err == ENOENT || err == ECONNREFUSED || err == ENOTDIR;
}

/* The lock is taken and nobody answers yet: somebody is just starting. */
static int
join(const char *home, bool daemon_only)
{
	int64_t until = clock_mono_ms() + CONNECT_MS;
	int fd;

	for (;;) {
		fd = lock_connect(home, "control");
		if (fd != -1 || !absent(errno))
			return fd;
		if (daemon_only) {
			errno = ENOENT;
			return -1;
		}
		fd = start_local(home);
		if (fd != -1 || errno != EWOULDBLOCK ||
		    clock_mono_ms() > until)
			return fd;
		(void)poll(NULL, 0, CONNECT_STEP_MS);
	}
}

/* Who answers?  A node that just lost the race for the lock hangs up, and a
 * local one that ends just now does not say. */
static int
ask_local(struct node *n)
{
	struct node_state *st = malloc(sizeof *st);
	int rc = -1;

	if (st != NULL && (rc = node_state(n, st)) == 0)
		n->local = st->local;
	free(st);
	return rc;
}

struct node *
node_connect(bool daemon_only)
{
	int64_t until = clock_mono_ms() + CONNECT_MS;
	struct node *n;
	char *home;
	int err;

	n = calloc(1, sizeof *n);
	home = conf_home();
	if (n == NULL || home == NULL)
		goto fail;
	op_reply_init(&n->reply);
	do {
		n->fd = join(home, daemon_only);
		if (n->fd == -1)
			goto fail;
		if (ask_local(n) == 0) {
			free(home);
			return n;
		}
		err = errno;
		close(n->fd);
		errno = err;
		if (err == EPROTO)
			goto fail;
		(void)poll(NULL, 0, CONNECT_STEP_MS);
	} while (clock_mono_ms() < until);
	errno = ENOTCONN;
fail:
	err = errno;
	free(home);
	free(n);
	errno = err;
	return NULL;
}

const char *
node_why(int err)
{
	if (err == ENXIO)
		return "there is no node yet; run mailnode init";
	if (err == ESRCH)
		return "the service does not run";
	return err == EPROTO ? "the daemon that runs is of another version: "
	    "start it again" : strerror(err);
}

void
node_close(struct node *n)
{
	if (n == NULL)
		return;
	close(n->fd);
	op_reply_clear(&n->reply);
	free(n);
}

int
node_link(struct node *n, enum role service)
{
	struct buf b;
	uint16_t status;
	int fd;

	buf_init(&b, 16);
	chan_put_u8(&b, (uint8_t)service);
	status = op_call(n->fd, CONTROL_LINK, &b, -1, &n->reply, ANSWER_MS);
	buf_clear(&b);
	fd = n->reply.fd;
	n->reply.fd = -1;
	if (status == OP_OK && fd != -1)
		return fd;
	errno = status == OP_GONE ? ENOTCONN : ESRCH;
	return -1;
}

bool
node_is_local(const struct node *n)
{
	return n->local;
}

int
node_state(struct node *n, struct node_state *st)
{
	errno = ENOTCONN;
	if (op_call(n->fd, CONTROL_STATUS, NULL, -1, &n->reply, ANSWER_MS) !=
	    OP_OK)
		return -1;
	if (node_state_get(&n->reply.in, st))
		return 0;
	errno = EPROTO;
	return -1;
}

int
node_yield(const char *home)
{
	struct node n = { .fd = lock_connect(home, "control") };
	int rc = -1;

	if (n.fd == -1)
		return -1;
	op_reply_init(&n.reply);
	if (op_call(n.fd, CONTROL_YIELD, NULL, -1, &n.reply, ANSWER_MS) ==
	    OP_OK)
		rc = chan_get_u8(&n.reply.in) ? 1 : 0;
	op_reply_clear(&n.reply);
	close(n.fd);
	return rc;
}

int
node_link_local(void)
{
	struct op_reply r;
	int fd, link = -1;

	if (conf.local_socket == NULL) {
		errno = ENOENT;
		return -1;
	}
	fd = lock_connect_at(conf.local_socket);
	if (fd == -1)
		return -1;
	op_reply_init(&r);
	if (op_call(fd, CONTROL_LINK_LOCAL, NULL, -1, &r, ANSWER_MS) == OP_OK) {
		link = r.fd;
		r.fd = -1;
	}
	op_reply_clear(&r);
	close(fd);
	errno = ENOTCONN;
	return link;
}

/* ---- bans ---- */

static int
ask_ban(struct node *n, uint16_t type, struct buf *b)
{
	uint16_t rc = op_call(n->fd, type, b, -1, &n->reply, ANSWER_MS);

	buf_clear(b);
	if (rc == OP_OK)
		return 0;
	errno = rc == CONTROL_NOTHING ? ENOENT : rc == OP_BAD ? EINVAL :
	    rc == CONTROL_NO_SERVICE ? ENOSPC : ENOTCONN;
	return -1;
}

int
node_ban_at(struct node *n, uint32_t i, struct ban *ban)
{
	struct buf b;

	buf_init(&b, 16);
	chan_put_u32(&b, i);
	if (ask_ban(n, CONTROL_BAN_AT, &b) == -1)
		return -1;
	if (ban_get(&n->reply.in, ban) && chan_end(&n->reply.in))
		return 0;
	errno = ENOTCONN;
	return -1;
}

int
node_ban_add(struct node *n, const char *net, int64_t seconds)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_str(&b, net);
	chan_put_i64(&b, seconds);
	return ask_ban(n, CONTROL_BAN_ADD, &b);
}

static int
by_name(struct node *n, uint16_t type, const char *name)
{
	struct buf b;

	buf_init(&b, 256);
	chan_put_str(&b, name);
	return ask_ban(n, type, &b);
}

int
node_ban_rm(struct node *n, const char *net)
{
	return by_name(n, CONTROL_BAN_RM, net);
}

int
node_ban_forget(struct node *n, const char *device)
{
	return by_name(n, CONTROL_BAN_FORGET, device);
}
