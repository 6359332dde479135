#include <errno.h>
#include <unistd.h>

#include "mailnode/base/chan.h"
#include "mailnode/node/child_cmd.h"

int
child_cmd(int (*fn)(int, void *), void *arg)
{
	int fds[2], err;
	pid_t pid;

	if (chan_pair(fds) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		_exit(fn(fds[1], arg));
	}
	err = errno;
	close(fds[1]);
	if (pid > 0)
		return fds[0];
	close(fds[0]);
	errno = err;
	return -1;
}
