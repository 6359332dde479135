#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "store/filer.h"

enum {
	COPY_CHUNK = 256 * 1024,	/* octets copied at a time */
	FIND_TRIES = 20			/* of a file that others rename */
};

/* ---- where a file stands ---- */

static bool
exists(struct filer *f, const char *path)
{
	struct stat st;

	return fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One file of two names keeps both when the first is given the second. */
static int
rename_one(struct filer *f, const char *from, const char *to, bool redo)
{
	struct stat a, b;

	if (renameat(f->root, from, f->root, to) == -1)
		return -1;
	if (redo && fstatat(f->root, from, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(f->root, to, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		return unlinkat(f->root, from, 0);
	return 0;
}

static int
link_one(struct filer *f, const char *from, const char *to)
{
	if (linkat(f->root, from, f->root, to, 0) == -1 && errno != EEXIST)
		return -1;
	return 0;
}

/*
 * Where it stands, whatever others have made of its name.  A rename while
 * the folder is read may hide it; then the watch has heard of it.
 */
static enum store_err
find(struct filer *f, const char *folder, const char *rel,
    char found[MAILDIR_REL_MAX])
{
	size_t mark;
	int tries;

	for (tries = 0; tries < FIND_TRIES; tries++) {
		mark = filer_watch_mark(f);
		if (maildir_find(f->root, folder, rel, found) == 0)
			return STORE_OK;
		if (errno != ENOENT)
			return store_err_errno(errno);
		if (!filer_watch_named(f, folder, rel, mark))
			return STORE_NOTFOUND;
	}
	return STORE_BUSY;
}

/* ---- making a file ---- */

static enum store_err
write_all(int fd, struct iovec *v, int n)
{
	ssize_t got;

	while (n > 0) {
		if (v->iov_len == 0) {
			v++;
			n--;
			continue;
		}
		got = writev(fd, v, n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return store_err_errno(got == 0 ? ENOSPC : errno);
		while (n > 0 && (size_t)got >= v->iov_len) {
			got -= (ssize_t)v->iov_len;
			v++;
			n--;
		}
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + got;
			v->iov_len -= (size_t)got;
		}
	}
	return STORE_OK;
}

static enum store_err
copy_fd(int to, int from, uint64_t octets)
{
	struct iovec v;
	enum store_err rc = STORE_OK;
	char *chunk;
	uint64_t at = 0;
	size_t want;
	ssize_t n;

	chunk = malloc(COPY_CHUNK);
	if (chunk == NULL)
		return STORE_NOMEM;
	while (rc == STORE_OK && at < octets) {
		want = octets - at < COPY_CHUNK ? (size_t)(octets - at) :
		    COPY_CHUNK;
		n = pread(from, chunk, want, (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = STORE_CORRUPT;	/* shorter than was said */
			break;
		}
		v = (struct iovec){ chunk, (size_t)n };
		rc = write_all(to, &v, 1);
		at += (uint64_t)n;
	}
	free(chunk);
	return rc;
}

enum store_err
filer_fill(int fd, const struct file_put *p, int body)
{
	struct iovec v[2];
	struct timespec when[2];
	enum store_err rc;

	/* writev() does not write through these. */
	memcpy(&v[0].iov_base, &p->head, sizeof p->head);
	memcpy(&v[1].iov_base, &p->body, sizeof p->body);
	v[0].iov_len = p->nhead;
	v[1].iov_len = p->body != NULL ? (size_t)p->nbody : 0;
	rc = write_all(fd, v, 2);
	if (rc == STORE_OK && p->body == NULL)
		rc = copy_fd(fd, body, p->nbody);
	if (rc != STORE_OK)
		return rc;
	when[0] = when[1] = (struct timespec){ .tv_sec = p->received };
	if (p->received > 0)
		(void)futimens(fd, when);
	return STORE_OK;
}

enum store_err
filer_put(struct filer *f, struct op_call *c, const struct file_put *p)
{
	char path[FILER_PATH], found[MAILDIR_REL_MAX];
	enum store_err rc;
	int fd;

	/* A flush between these would forget the folder that the rename,
	 * which comes with the next one, makes dirty. */
	if (f->ndone == FILER_OPS_MAX)
		filer_flush(f);
	rc = filer_dirty(f, p->folder, p->rel);
	if (rc != STORE_OK)
		return rc;
	/* Done before a crash, and perhaps renamed since: never twice. */
	rc = p->redo ? find(f, p->folder, p->rel, found) : STORE_NOTFOUND;
	if (rc != STORE_NOTFOUND)
		return rc == STORE_OK ? filer_later(f, c, p->folder, found,
		    -1) : rc;
	rc = filer_tmp(path, p->folder, p->rel);
	if (rc != STORE_OK)
		return rc;
	fd = openat(f->root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd == -1)
		return store_err_errno(errno);
	rc = filer_fill(fd, p, c->fd);
	if (rc != STORE_OK) {
		close(fd);
		(void)unlinkat(f->root, path, 0);
		return rc;
	}
	return filer_later(f, c, p->folder, p->rel, fd);
}

/* ---- changing names ---- */

/* A second file of one UID, or one with the UID of elsewhere, gets its own:
 * whatever else has the same pair is another file. */
static bool
gets_its_own(const char *folder, const char *rel, const char *dfolder,
    const char *drel)
{
	struct maildir_name from, to;

	return strcmp(folder, dfolder) == 0 && maildir_parse(rel, &from) &&
	    maildir_parse(drel, &to) && from.paired && to.paired &&
	    !maildir_same(&from, &to);
}

struct move {
	const char	*folder, *rel, *dfolder, *drel;
	bool		 copy, redo;
	char		 is[MAILDIR_REL_MAX];	/* its name now */
	char		 now[MAILDIR_REL_MAX];	/* what it becomes */
};

/* -1 with errno; ENOENT: it is not called so (any more). */
static int
move_once(struct filer *f, const struct move *m)
{
	char from[FILER_PATH], to[FILER_PATH];

	if (filer_path(from, m->folder, m->is) != STORE_OK ||
	    filer_path(to, m->dfolder, m->now) != STORE_OK) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (strcmp(from, to) == 0)
		return exists(f, to) ? 0 : (errno = ENOENT, -1);
	return m->copy ? link_one(f, from, to) :
	    rename_one(f, from, to, m->redo);
}

/* When it is gone and what it shall be stands, a crash came after the
 * deed, and others may have renamed it since. */
static enum store_err
done_before(struct filer *f, struct move *m)
{
	char path[FILER_PATH];

	if (filer_path(path, m->dfolder, m->drel) == STORE_OK &&
	    exists(f, path)) {
		snprintf(m->now, sizeof m->now, "%s", m->drel);
		return STORE_OK;
	}
	return find(f, m->dfolder, m->drel, m->now);
}

/* From a path that another program may have renamed meanwhile. */
static enum store_err
move_found(struct filer *f, struct move *m)
{
	enum store_err rc;
	int tries;

	snprintf(m->is, sizeof m->is, "%s", m->rel);
	snprintf(m->now, sizeof m->now, "%s", m->drel);
	for (tries = 0; tries < FIND_TRIES; tries++) {
		if (move_once(f, m) == 0)
			return STORE_OK;
		if (errno != ENOENT)
			return store_err_errno(errno);
		if (gets_its_own(m->folder, m->rel, m->dfolder, m->drel))
			return done_before(f, m);
		rc = find(f, m->folder, m->rel, m->is);
		if (rc == STORE_NOTFOUND)
			return done_before(f, m);
		if (rc == STORE_OK)
			rc = maildir_follow(m->now, m->rel, m->drel, m->is);
		if (rc != STORE_OK)
			return rc;
	}
	return STORE_BUSY;
}

/* A new file gets its place when its batch ends: now, if it is asked for. */
static void
settle_first(struct filer *f, const char *folder, const char *rel)
{
	size_t i;

	for (i = 0; i < f->ndone; i++)
		if (f->done[i].fd != -1 &&
		    strcmp(f->done[i].rel, rel) == 0 &&
		    strcmp(f->done[i].folder, folder) == 0) {
			filer_flush(f);
			return;
		}
}

enum store_err
filer_move(struct filer *f, struct op_call *c, const struct file_move *to,
    bool copy)
{
	struct move m = { .folder = to->folder, .rel = to->rel,
	    .dfolder = to->dfolder, .drel = to->drel, .copy = copy,
	    .redo = to->redo };
	enum store_err rc = STORE_NOTFOUND;

	settle_first(f, m.folder, m.rel);
	/* It may have another name by now, and so may what it is a copy of:
	 * a second one would be a message of its own. */
	if (copy && m.redo)
		rc = find(f, m.dfolder, m.drel, m.now);
	if (rc == STORE_NOTFOUND)
		rc = move_found(f, &m);
	if (rc == STORE_OK)
		rc = filer_dirty(f, m.dfolder, m.now);
	if (rc == STORE_OK && !copy)
		rc = filer_dirty(f, m.folder, m.is);
	return rc != STORE_OK ? rc : filer_later(f, c, m.dfolder, m.now, -1);
}

enum store_err
filer_drop(struct filer *f, struct op_call *c, const char *folder,
    const char *rel)
{
	char path[FILER_PATH], found[MAILDIR_REL_MAX];
	enum store_err rc;
	int tries;

	settle_first(f, folder, rel);
	snprintf(found, sizeof found, "%s", rel);
	for (tries = 0; tries < FIND_TRIES; tries++) {
		rc = filer_path(path, folder, found);
		if (rc != STORE_OK || unlinkat(f->root, path, 0) == 0)
			break;
		if (errno != ENOENT)
			return store_err_errno(errno);
		rc = find(f, folder, rel, found);
		if (rc != STORE_OK)
			break;
	}
	if (tries == FIND_TRIES)
		rc = STORE_BUSY;
	if (rc == STORE_OK || rc == STORE_NOTFOUND)
		rc = filer_dirty(f, folder, found);
	return rc != STORE_OK ? rc : filer_later(f, c, folder, rel, -1);
}

/* ---- life ---- */

enum store_err
filer_open(struct filer *f, struct loop *l, const char *maildir)
{
	memset(f, 0, sizeof *f);
	f->loop = l;
	f->maildir = maildir;
	f->again = (struct loop_timer){ .fn = filer_again, .arg = f };
	(void)mkdir(maildir, 0700);
	f->root = open(maildir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root == -1)
		return store_err_errno(errno);
	f->done = calloc(FILER_OPS_MAX, sizeof *f->done);
	if (f->done == NULL) {
		close(f->root);
		return STORE_NOMEM;
	}
	filer_sync_open(f);
	return filer_watch_open(f);
}

/* The first that a keeper asks for is the folders. */
uint16_t
filer_may(void *arg, const struct op_call *c)
{
	struct filer *f = arg;
	struct stat there, ours;

	if (c->type == FILE_FOLDERS)
		f->moved = stat(f->maildir, &there) == 0 &&
		    fstat(f->root, &ours) == 0 &&
		    (there.st_dev != ours.st_dev ||
		    there.st_ino != ours.st_ino);
	return f->moved ? STORE_GONE : OP_OK;
}

void
filer_close(struct filer *f)
{
	filer_flush(f);
	loop_disarm(f->loop, &f->again);
	filer_scan_close(f);
	filer_watch_close(f);
	filer_sync_close(f);
	free(f->done);
	close(f->root);
}
