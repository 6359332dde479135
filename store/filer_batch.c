/* What is made durable together, and answered then. */
#define _GNU_SOURCE	/* sync_file_range */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/filer.h"

/* "folder/tmp/NAME" of a path in new or cur. */
enum store_err
filer_tmp(char dst[FILER_PATH], const char *folder, const char *rel)
{
	int n = snprintf(dst, FILER_PATH, "%s/tmp/%s", folder, rel + 4);

	return n < 0 || n >= FILER_PATH ? STORE_NAME : STORE_OK;
}

enum store_err
filer_path(char dst[FILER_PATH], const char *folder, const char *rel)
{
	int n = snprintf(dst, FILER_PATH, "%s/%s", folder, rel);

	return n < 0 || n >= FILER_PATH ? STORE_NAME : STORE_OK;
}

enum store_err
filer_later(struct filer *f, struct op_call *c, const char *folder,
    const char *rel, int fd)
{
	struct filer_done *d;

	if (f->ndone == FILER_OPS_MAX)
		filer_flush(f);
	d = &f->done[f->ndone++];
	memset(d, 0, sizeof *d);
	d->peer = c->peer;
	d->type = c->type;
	d->id = c->id;
	d->fd = fd;
	snprintf(d->folder, sizeof d->folder, "%s", folder);
	snprintf(d->rel, sizeof d->rel, "%s", rel);
	f->nopen += fd != -1;
	f->fresh = true;
	if (f->nopen >= FILE_OPEN_MAX)
		filer_flush(f);
	return STORE_OK;
}

enum store_err
filer_dirty(struct filer *f, const char *folder, const char *sub)
{
	char path[BOX_NAME_MAX + 4];
	size_t i;

	if (snprintf(path, sizeof path, "%s%s%.3s", folder,
	    sub[0] != '\0' ? "/" : "", sub) >= (int)sizeof path)
		return STORE_NAME;
	for (i = 0; i < f->ndirs; i++)
		if (strcmp(f->dirs[i], path) == 0)
			return STORE_OK;
	if (f->ndirs == FILER_DIRS_MAX)
		filer_flush(f);
	memcpy(f->dirs[f->ndirs++], path, sizeof path);
	return STORE_OK;
}

/* Into place, once the content is on disk: with all others it is there. */
static void
settle(struct filer *f, struct filer_done *d, bool together)
{
	char from[FILER_PATH], to[FILER_PATH];

	if (d->fd == -1)
		return;
	if (!together && fsync(d->fd) == -1)
		d->rc = store_err_errno(errno);
	close(d->fd);
	d->fd = -1;
	if (filer_tmp(from, d->folder, d->rel) != STORE_OK ||
	    filer_path(to, d->folder, d->rel) != STORE_OK)
		d->rc = STORE_NAME;
	if (d->rc == STORE_OK && renameat(f->root, from, f->root, to) == -1)
		d->rc = store_err_errno(errno);
	if (d->rc != STORE_OK)
		(void)unlinkat(f->root, from, 0);
}

static enum store_err
sync_dir(struct filer *f, const char *path)
{
	enum store_err rc = STORE_OK;
	int fd;

	fd = openat(f->root, path[0] != '\0' ? path : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? STORE_OK : store_err_errno(errno);
	if (fsync(fd) == -1)
		rc = store_err_errno(errno);
	close(fd);
	return rc;
}

static void
reply(struct filer_done *d, enum store_err rc)
{
	struct buf b;

	if (d->peer == NULL || d->id == 0)
		return;
	buf_init(&b, CHAN_DATA_MAX);
	if (rc == STORE_OK)
		chan_put_str(&b, d->rel);
	op_reply(d->peer, d->type, d->id, (uint16_t)rc, &b, -1);
	buf_clear(&b);
}

/* Before the first is waited for, the disk has them all. */
static void
write_back(struct filer *f)
{
	size_t i;

	for (i = 0; f->nopen > 1 && i < f->ndone; i++)
		if (f->done[i].fd != -1)
			(void)sync_file_range(f->done[i].fd, 0, 0,
			    SYNC_FILE_RANGE_WRITE);
}

void
filer_flush(struct filer *f)
{
	enum store_err rc = STORE_OK, one;
	size_t i, n = f->ndone;
	bool together = filer_sync_all(f, f->nopen);

	if (!together)
		write_back(f);
	for (i = 0; i < n; i++)
		settle(f, &f->done[i], together);
	for (i = 0; i < f->ndirs; i++) {
		one = sync_dir(f, f->dirs[i]);
		if (one != STORE_OK)
			rc = one;
	}
	f->ndirs = f->ndone = f->nopen = 0;
	for (i = 0; i < n; i++)
		reply(&f->done[i], f->done[i].rc != STORE_OK ?
		    f->done[i].rc : rc);
}

void
filer_again(void *arg)
{
	(void)arg;		/* what counts is the turn it makes */
}

/* A burst takes several turns: it is over when one brings nothing new. */
void
filer_turn(void *arg)
{
	struct filer *f = arg;

	if (f->ndone == 0 && f->ndirs == 0)
		return;
	if (f->fresh) {
		f->fresh = false;
		loop_arm(f->loop, &f->again, 0);
		return;
	}
	filer_flush(f);
}

void
filer_gone(void *arg, struct op_peer *p, const char *why)
{
	struct filer *f = arg;
	size_t i;

	for (i = 0; i < f->ndone; i++)
		if (f->done[i].peer == p)
			f->done[i].peer = NULL;
	if (why != NULL && f->log != NULL)
		f->log("peer", why);
}
