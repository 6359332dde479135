/*
 * Rejects: copies that nobody waits for.  They are not fsynced, the folder
 * is no mailbox and is not watched.  See reject.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/filer.h"

enum { PATH_OCTETS = 512 };

static const char *const dirs[] = { "Rejects", "Rejects/tmp", "Rejects/new",
	"Rejects/cur" };

static enum store_err
make_dirs(struct filer *f)
{
	size_t i;

	for (i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		if (mkdirat(f->root, dirs[i], 0700) == -1 && errno != EEXIST)
			return store_err_errno(errno);
	return STORE_OK;
}

/* A base of maildir.h: no slash, no dot in front. */
static bool
name_ok(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static int
create(struct filer *f, const char *path)
{
	int fd = openat(f->root, path, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1 && errno == ENOENT && make_dirs(f) == STORE_OK)
		fd = openat(f->root, path, O_WRONLY | O_CREAT | O_TRUNC |
		    O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd;
}

enum store_err
filer_reject(struct filer *f, const struct file_put *p, int body)
{
	char from[PATH_OCTETS], to[PATH_OCTETS];
	enum store_err rc;
	int fd;

	if (!name_ok(p->rel) ||
	    snprintf(from, sizeof from, "%s/%s", dirs[1], p->rel) >=
	    (int)sizeof from ||
	    snprintf(to, sizeof to, "%s/%s", dirs[2], p->rel) >=
	    (int)sizeof to)
		return STORE_NAME;
	fd = create(f, from);
	if (fd == -1)
		return store_err_errno(errno);
	rc = filer_fill(fd, p, body);
	close(fd);
	if (rc == STORE_OK && renameat(f->root, from, f->root, to) == -1)
		rc = store_err_errno(errno);
	if (rc != STORE_OK)
		(void)unlinkat(f->root, from, 0);
	return rc;
}

enum store_err
filer_unreject(struct filer *f, const char *name)
{
	char path[PATH_OCTETS], found[MAILDIR_REL_MAX];

	if (!name_ok(name) ||
	    snprintf(path, sizeof path, "%s/%s", dirs[2], name) >=
	    (int)sizeof path)
		return STORE_NAME;
	if (unlinkat(f->root, path, 0) == 0)
		return STORE_OK;
	if (maildir_find(f->root, dirs[0], path + strlen(dirs[0]) + 1,
	    found) == -1 || snprintf(path, sizeof path, "%s/%s", dirs[0],
	    found) >= (int)sizeof path)
		return STORE_NOTFOUND;
	return unlinkat(f->root, path, 0) == 0 ? STORE_OK :
	    store_err_errno(errno);
}

static void
sweep_dir(struct filer *f, const char *path, int64_t before)
{
	struct dirent *d;
	struct stat st;
	DIR *dir;
	int fd;

	fd = openat(f->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && fstatat(dirfd(dir), d->d_name,
		    &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    st.st_mtim.tv_sec < before)
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
}

void
filer_sweep(struct filer *f, int64_t before)
{
	size_t i;

	for (i = 1; i < sizeof dirs / sizeof dirs[0]; i++)
		sweep_dir(f, dirs[i], before);
}
