/*
 * Folders: making, renaming and removing them.
 *
 * mailnode-uid, one in each folder, version 1, text:
 *
 *	mailnode-uid 1
 *	uidvalidity N	of this folder, for good
 *	uid N		UIDs below it may have been given, never those above
 *	modseq N	likewise
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/filer.h"

static const char *const subs[] = { "cur", "new", "tmp" };

/* ---- mailnode-uid ---- */

static enum store_err
replace(struct filer *f, const char *folder, const char *text, size_t n)
{
	char from[FILER_PATH], to[FILER_PATH];
	enum store_err rc = STORE_OK;
	int fd;

	if (filer_path(from, folder, FILER_LEASE ".new") != STORE_OK ||
	    filer_path(to, folder, FILER_LEASE) != STORE_OK)
		return STORE_NAME;
	fd = openat(f->root, from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd == -1)
		return store_err_errno(errno);
	if (write(fd, text, n) != (ssize_t)n)
		rc = store_err_errno(errno != 0 ? errno : ENOSPC);
	else if (fsync(fd) == -1)
		rc = store_err_errno(errno);
	close(fd);
	if (rc == STORE_OK && renameat(f->root, from, f->root, to) == -1)
		rc = store_err_errno(errno);
	if (rc != STORE_OK)
		(void)unlinkat(f->root, from, 0);
	return rc;
}

enum store_err
filer_lease(struct filer *f, const char *folder, uint32_t uidvalidity,
    uint32_t uid, uint64_t modseq)
{
	char text[FILER_LEASE_MAX], cur[FILER_PATH];
	struct stat sb;
	enum store_err rc;
	int n;

	/* An empty directory, whose disk is away, is to stay that. */
	if (filer_path(cur, folder, "cur") != STORE_OK)
		return STORE_NAME;
	if (fstatat(f->root, cur, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return store_err_errno(errno);
	n = snprintf(text, sizeof text, "mailnode-uid 1\nuidvalidity %u\n"
	    "uid %u\nmodseq %llu\n", (unsigned int)uidvalidity,
	    (unsigned int)uid, (unsigned long long)modseq);
	if (n < 0 || n >= (int)sizeof text)
		return STORE_NAME;
	rc = replace(f, folder, text, (size_t)n);
	return rc != STORE_OK ? rc : filer_dirty(f, folder, "");
}

/* ---- making and removing ---- */

static enum store_err
make_dir(struct filer *f, const char *path, const char *parent)
{
	if (mkdirat(f->root, path, 0700) == 0)
		return filer_dirty(f, parent, "");
	return errno == EEXIST ? STORE_OK : store_err_errno(errno);
}

enum store_err
filer_mkbox(struct filer *f, const char *folder)
{
	char path[FILER_PATH], parent[BOX_NAME_MAX];
	enum store_err rc = STORE_OK;
	const char *p = folder;
	size_t i;

	parent[0] = '\0';
	while (rc == STORE_OK && p != NULL) {
		p = strchr(p, '/');
		snprintf(path, sizeof path, "%.*s", p != NULL ?
		    (int)(p - folder) : BOX_NAME_MAX - 1, folder);
		rc = make_dir(f, path, parent);
		snprintf(parent, sizeof parent, "%.255s", path);
		if (p != NULL)
			p++;
	}
	for (i = 0; rc == STORE_OK && i < 3; i++) {
		rc = filer_path(path, folder, subs[i]);
		if (rc == STORE_OK)
			rc = make_dir(f, path, folder);
	}
	if (rc == STORE_OK)
		filer_watch_again(f);
	return rc;
}

static enum store_err
empty_dir(struct filer *f, const char *path)
{
	struct dirent *d;
	enum store_err rc = STORE_OK;
	DIR *dir;
	int fd;

	fd = openat(f->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return errno == ENOENT ? STORE_OK : store_err_errno(errno);
	}
	while (rc == STORE_OK && (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0 &&
		    unlinkat(dirfd(dir), d->d_name, 0) == -1 &&
		    errno != ENOENT)
			rc = store_err_errno(errno);
	closedir(dir);
	if (rc == STORE_OK && unlinkat(f->root, path, AT_REMOVEDIR) == -1 &&
	    errno != ENOENT)
		rc = store_err_errno(errno);
	return rc;
}

static void
parent_of(char dst[BOX_NAME_MAX], const char *folder)
{
	const char *p = strrchr(folder, '/');

	snprintf(dst, BOX_NAME_MAX, "%.*s",
	    p != NULL ? (int)(p - folder) : 0, folder);
}

/* What has become of the levels above a folder that went: those that were
 * there for it alone go, too. */
static enum store_err
tidy_above(struct filer *f, const char *folder)
{
	char above[BOX_NAME_MAX];
	char *p;

	parent_of(above, folder);
	while (above[0] != '\0' &&
	    unlinkat(f->root, above, AT_REMOVEDIR) == 0) {
		p = strrchr(above, '/');
		*(p != NULL ? p : above) = '\0';
	}
	return filer_dirty(f, above, "");
}

enum store_err
filer_rmbox(struct filer *f, const char *folder)
{
	char path[FILER_PATH];
	enum store_err rc = STORE_OK;
	size_t i;

	filer_flush(f);		/* what is on its way there */
	for (i = 0; rc == STORE_OK && i < 3; i++) {
		rc = filer_path(path, folder, subs[i]);
		if (rc == STORE_OK)
			rc = empty_dir(f, path);
	}
	if (rc == STORE_OK)
		rc = filer_path(path, folder, FILER_LEASE);
	if (rc != STORE_OK)
		return rc;
	if (unlinkat(f->root, path, 0) == -1 && errno != ENOENT)
		return store_err_errno(errno);
	/* Mailboxes below it keep it as a plain folder. */
	if (unlinkat(f->root, folder, AT_REMOVEDIR) == -1 &&
	    errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		return store_err_errno(errno);
	rc = tidy_above(f, folder);
	filer_watch_again(f);
	return rc;
}

enum store_err
filer_mvbox(struct filer *f, const char *from, const char *to)
{
	char parent[BOX_NAME_MAX], above[BOX_NAME_MAX];
	enum store_err rc = STORE_OK;
	char *p;

	filer_flush(f);		/* what is on its way there */
	parent_of(parent, to);
	for (p = parent; rc == STORE_OK && p != NULL && *p != '\0'; ) {
		p = strchr(p, '/');
		if (p != NULL)
			*p = '\0';
		parent_of(above, parent);
		rc = make_dir(f, parent, above);
		if (p != NULL)
			*p++ = '/';
	}
	if (rc != STORE_OK)
		return rc;
	/* A level that nothing stands below is no mailbox. */
	(void)unlinkat(f->root, to, AT_REMOVEDIR);
	if (renameat2(f->root, from, f->root, to, 1 /* RENAME_NOREPLACE */) ==
	    -1 && errno != ENOENT)
		return store_err_errno(errno);
	rc = filer_dirty(f, parent, "");
	if (rc == STORE_OK)
		rc = tidy_above(f, from);
	filer_watch_again(f);
	return rc;
}
