/*
 * An index that cannot be opened, though its files can: damaged, or of a
 * newer Xapian; or one that was given up.  It is a cache, and made anew; what
 * was there stands beside it as xapian.aside, until the next.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/index_parts.h"

#define GIVEN_UP "%s/.notmuch/xapian/given-up"	/* goes aside with it */

/* Free octets with which a write that is refused is no matter of room. */
enum { ROOM = 16 * 1024 * 1024 };

/* If not, it is not its files that are wrong. */
static bool
may_read(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool ok = d != NULL;

	while (ok && (e = readdir(d)) != NULL)
		ok = faccessat(dirfd(d), e->d_name, R_OK, 0) == 0;
	if (d != NULL)
		closedir(d);
	return ok;
}

/* Xapian makes no directories in its own. */
static int
remove_files(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return rmdir(path);
}

static bool
is_given_up(const struct index *x)
{
	char path[INDEX_PATH_MAX];

	return snprintf(path, sizeof path, GIVEN_UP, x->maildir) <
	    (int)sizeof path && access(path, F_OK) == 0;
}

bool
index_give_up(const struct index *x)
{
	char path[INDEX_PATH_MAX];
	struct statvfs v;
	int fd;

	if (statvfs(x->config, &v) == -1 ||
	    (uint64_t)v.f_bavail * v.f_frsize < ROOM ||
	    snprintf(path, sizeof path, GIVEN_UP, x->maildir) >=
	    (int)sizeof path)
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return false;
	close(fd);
	return true;
}

bool
index_put_aside(struct index *x, char *why, size_t size)
{
	char from[INDEX_PATH_MAX], to[INDEX_PATH_MAX];
	bool opens;

	if (snprintf(from, sizeof from, "%s/.notmuch/xapian", x->maildir) >=
	    (int)sizeof from || snprintf(to, sizeof to, "%s.aside", from) >=
	    (int)sizeof to)
		return false;
	if (access(from, F_OK) == -1)
		return true;
	opens = index_open_read(x) != STORE_GONE && !is_given_up(x);
	index_close(x);
	if (opens || !may_read(from))
		return true;
	x->aside = true;
	if (remove_files(to) == 0 && rename(from, to) == 0)
		return true;
	snprintf(why, size, "%s: %s", from, strerror(errno));
	return false;
}

bool
index_was_damaged(const struct index *x)
{
	return x->aside;
}
