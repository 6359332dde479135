#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mailnode/node/lock.h"

enum { PATH_SIZE = 4096 };

static int
close_err(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

/* Like mkdir -p: MAILNODE_HOME may be deep and new. */
static int
make_dirs(char *path)
{
	char *p;

	for (p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return mkdir(path, 0700) == -1 && errno != EEXIST ? -1 : 0;
}

static int
run_path(const char *home, const char *name, char path[PATH_SIZE])
{
	if (snprintf(path, PATH_SIZE, "%s/run/%s", home, name) < PATH_SIZE)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
lock_take(const char *home)
{
	char path[PATH_SIZE];
	int fd;

	if (run_path(home, "lock", path) == -1)
		return -1;
	*strrchr(path, '/') = '\0';
	if (make_dirs(path) == -1)
		return -1;
	path[strlen(path)] = '/';
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		return close_err(fd);
	return fd;
}

static int
unix_addr(const char *path, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof *sun);
	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof sun->sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun->sun_path, path, strlen(path));
	return 0;
}

int
lock_socket_at(const char *path, mode_t mode)
{
	struct sockaddr_un sun;
	int fd;

	if (unix_addr(path, &sun) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return -1;
	/* Under the lock: what is there is a dead parent's. */
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    chmod(path, mode) == -1 || listen(fd, 64) == -1)
		return close_err(fd);
	return fd;
}

int
lock_connect_at(const char *path)
{
	struct sockaddr_un sun;
	int fd;

	if (unix_addr(path, &sun) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1)
		return close_err(fd);
	return fd;
}

int
lock_socket(const char *home, const char *name, mode_t mode)
{
	char path[PATH_SIZE];

	if (run_path(home, name, path) == -1)
		return -1;
	return lock_socket_at(path, mode);
}

int
lock_connect(const char *home, const char *name)
{
	char path[PATH_SIZE];

	if (run_path(home, name, path) == -1)
		return -1;
	return lock_connect_at(path);
}

void
lock_user_name(uid_t uid, char *dst, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(dst, size, "%s", pw->pw_name);
	else
		snprintf(dst, size, "%lu", (unsigned long)uid);
}
