#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/ops/replace.h"

enum { NAME_LONGEST = 255, PATH_LONGEST = 4095 };

int
file_read(int dir, const char *name, struct buf *b)
{
	int fd, rc = -1;
	ssize_t n;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	for (;;) {
		if (buf_reserve(b, 1) == -1) {
			errno = b->err == EMSGSIZE ? EFBIG : b->err;
			break;
		}
		n = read(fd, b->data + b->len, b->cap - b->len - 1 <
		    b->max - b->len ? b->cap - b->len - 1 : b->max - b->len);
		if (n <= 0) {
			rc = n == 0 ? 0 : -1;
			break;
		}
		b->len += (size_t)n;
	}
	(void)close(fd);
	return rc;
}

static int
write_all(int fd, const char *p, size_t n)
{
	ssize_t w;

	for (; n > 0; p += w, n -= (size_t)w) {
		w = write(fd, p, n);
		if (w == -1 && errno == EINTR)
			w = 0;
		else if (w == -1)
			return -1;
	}
	return 0;
}

static int
write_new(int dir, const char *name, mode_t mode, const void *p, size_t n)
{
	int fd, rc;

	/* what a crash left is of no use to anybody */
	if (unlinkat(dir, name, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1)
		return -1;
	rc = write_all(fd, p, n) == 0 && fchmod(fd, mode) == 0 &&
	    fsync(fd) == 0 ? 0 : -1;
	if (close(fd) == -1)
		rc = -1;
	return rc;
}

int
file_replace(int dir, const char *name, mode_t mode, const void *p, size_t n)
{
	char aside[NAME_LONGEST + 1];
	int saved;

	BUG_ON(strchr(name, '/') != NULL);
	if (snprintf(aside, sizeof aside, "%s.new", name) >=
	    (int)sizeof aside) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (write_new(dir, aside, mode, p, n) == -1 ||
	    renameat(dir, aside, dir, name) == -1) {
		saved = errno;
		(void)unlinkat(dir, aside, 0);
		errno = saved;
		return -1;
	}
	return fsync(dir);
}

/* The name of what was made is in its parent. */
static int
sync_parent(const char *path)
{
	char parent[PATH_LONGEST + 1];
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;
	int fd, rc;

	memcpy(parent, path, n);
	parent[n] = '\0';
	fd = open(n > 0 ? parent : slash != NULL ? "/" : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = fsync(fd);
	(void)close(fd);
	return rc;
}

int
dir_make(const char *path, mode_t mode, bool *made)
{
	char at[PATH_LONGEST + 1];
	size_t i, n = strlen(path);

	*made = false;
	if (n == 0 || n >= sizeof at) {
		errno = n == 0 ? ENOENT : ENAMETOOLONG;
		return -1;
	}
	memcpy(at, path, n + 1);
	for (i = 1; i <= n; i++) {
		if (at[i] != '/' && at[i] != '\0')
			continue;
		at[i] = '\0';
		*made = mkdir(at, mode) == 0;
		if (*made ? sync_parent(at) == -1 : errno != EEXIST)
			return -1;
		at[i] = path[i];
	}
	return 0;
}
