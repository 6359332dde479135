#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/ballast.h"

enum { PATH_ROOM = 4096 };

static void
make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd == -1)
		return;
	if (posix_fallocate(fd, 0, BALLAST_OCTETS) != 0)
		(void)unlink(path);
	close(fd);
}

void
ballast(const char *home)
{
	char path[PATH_ROOM];
	struct statvfs v;
	uint64_t octets;

	if (snprintf(path, sizeof path, "%s/ballast", home) >=
	    (int)sizeof path || statvfs(home, &v) == -1)
		return;
	octets = (uint64_t)v.f_bavail * v.f_frsize;
	if (octets < BALLAST_OCTETS)
		(void)unlink(path);
	else if (octets / BALLAST_FREE >= BALLAST_OCTETS)
		make(path);
}
