#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
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

int
cmd_serve(int argc, char **argv)
{
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
		rc = role_parent(main_roles, false, -1);
	free(home);
	return rc;
}

int
cmd_serve_local(const struct role_entry *roles)
{
	char *home = conf_home();

	if (home == NULL || lock_take(home) == -1)
		return 75;	/* EX_TEMPFAIL: the client tries again */
	return role_parent(roles, true, PROC_PARENT_FD);
}
