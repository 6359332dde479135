#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "mailnode/node/lock.h"
#include "mailnode/role/roles.h"

enum { YIELD_MS = 20000, YIELD_STEP_MS = 20 };

/* A local node gives way to a daemon; another daemon does not. */
static int
take_over(const char *home)
{
	int64_t until = clock_mono_ms() + YIELD_MS;
	int fd;

	for (;;) {
		fd = lock_take(home);
		if (fd != -1 || errno != EWOULDBLOCK)
			return fd;
		if (node_yield(home) == 0 || clock_mono_ms() > until) {
			errno = EWOULDBLOCK;
			return -1;
		}
		(void)poll(NULL, 0, YIELD_STEP_MS);
	}
}

static int
atoi_fd(const char *s)
{
	uint32_t n;

	return num_u32(s, s + strlen(s), 0, INT32_MAX, &n) == 0 ? (int)n : -1;
}

/* "role serve LOCK DOOR…": what stays open over the exec. */
static int
serve_again(int lock, const struct parent_start *s)
{
	char text[PARENT_DOORS + 1][12];
	char *argv[PARENT_DOORS + 5] = { "mailnode", "role", "serve" };
	size_t i, n = 3;

	for (i = 0; i <= PARENT_DOORS; i++) {
		int fd = i == 0 ? lock : s->doors[i - 1];

		if (fd != -1)
			(void)fcntl(fd, F_SETFD, 0);
		snprintf(text[i], sizeof text[i], "%d", fd);
		argv[n++] = text[i];
	}
	argv[n] = NULL;
	execv("/proc/self/exe", argv);
	return cmd_fail("/proc/self/exe", strerror(errno));
}

static int
serve(int lock, struct parent_start *s)
{
	int rc = role_parent(s);

	return rc == PARENT_AGAIN ? serve_again(lock, s) : rc;
}

int
cmd_serve(int argc, char **argv)
{
	struct parent_start s = { .roles = main_roles, .control = -1 };
	char *home;
	int rc, fd;

	if (argc > 1)
		return cmd_usage(argv[0], strcmp(argv[1], "-h") == 0);
	home = conf_home();
	if (home == NULL)
		return cmd_fail("home", strerror(errno));
	fd = take_over(home);
	if (fd == -1)
		rc = cmd_fail(home, errno == EWOULDBLOCK ?
		    "a daemon runs here already" : strerror(errno));
	else
		rc = serve(fd, &s);
	free(home);
	return rc;
}

int
cmd_serve_again(int argc, char **argv)
{
	struct parent_start s = { .roles = main_roles, .control = -1,
	    .again = true };
	int fd, i;

	if (argc != PARENT_DOORS + 1)
		return cmd_fail("serve", "not for you");
	for (i = 0; i < argc; i++) {
		fd = atoi_fd(argv[i]);
		if (fd != -1)
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (i > 0)
			s.doors[i - 1] = fd;
	}
	return serve(atoi_fd(argv[0]), &s);
}

int
cmd_serve_local(void)
{
	struct parent_start s = { .roles = main_roles, .local = true,
	    .control = PROC_PARENT_FD };
	char *home = conf_home();

	if (home == NULL || lock_take(home) == -1)
		return 75;	/* EX_TEMPFAIL: the client tries again */
	return role_parent(&s);
}
