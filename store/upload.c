#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/store.h"
#include "store/upload.h"

enum { UPLOAD_PATH = 4096, UPLOAD_TRIES = 8 };

struct upload {
	struct upload	*next, **prev;
	struct op_peer	*peer;		/* NULL: finished or given up */
	uint64_t	 id, octets;
	int		 fd, dir;
	enum store_err	 rc;
};

struct uploads {
	struct upload	*first;
};

static void
name_of(char name[17], uint64_t id)
{
	snprintf(name, 17, "%016llx", (unsigned long long)id);
}

static void
release(struct upload *u)
{
	*u->prev = u->next;
	if (u->next != NULL)
		u->next->prev = u->prev;
	close(u->fd);
	close(u->dir);
	free(u);
}

uint64_t
upload_id(const struct upload *u)
{
	return u->id;
}

void
upload_abort(struct upload *u)
{
	char name[17];

	if (u == NULL)
		return;
	name_of(name, u->id);
	(void)unlinkat(u->dir, name, 0);
	release(u);
}

void
upload_keep(struct upload *u)
{
	if (u != NULL)
		release(u);
}

static struct upload *
find(const struct store *st, const struct op_peer *p, uint64_t id)
{
	struct upload *u;

	for (u = st->uploads != NULL ? st->uploads->first : NULL; u != NULL;
	    u = u->next)
		if (u->id == id && u->peer == p)
			return u;
	return NULL;
}

static bool
too_many(const struct store *st, const struct op_peer *p)
{
	const struct upload *u;
	int n = 0;

	for (u = st->uploads->first; u != NULL; u = u->next)
		n += u->peer == p;
	return n >= UPLOAD_PER_PEER;
}

/* A number nobody can guess and, with O_EXCL, nobody has. */
static enum store_err
make_file(struct upload *u)
{
	char name[17];
	int tries;

	u->fd = -1;
	for (tries = 0; tries < UPLOAD_TRIES && u->fd == -1; tries++) {
		if (getrandom(&u->id, sizeof u->id, 0) !=
		    (ssize_t)sizeof u->id)
			return STORE_IO;
		u->id &= INT64_MAX;
		if (u->id == 0)
			continue;
		name_of(name, u->id);
		u->fd = openat(u->dir, name, O_RDWR | O_CREAT | O_EXCL |
		    O_CLOEXEC, 0600);
		if (u->fd == -1 && errno != EEXIST)
			return store_err_errno(errno);
	}
	return u->fd != -1 ? STORE_OK : STORE_IO;
}

enum store_err
upload_begin(struct store *st, struct op_peer *p, const char *dir,
    uint64_t *id)
{
	struct upload *u;
	enum store_err rc = STORE_NOMEM;

	*id = 0;
	if (st->uploads == NULL)
		st->uploads = calloc(1, sizeof *st->uploads);
	if (st->uploads == NULL)
		return STORE_NOMEM;
	if (too_many(st, p))
		return STORE_STATE;
	u = calloc(1, sizeof *u);
	if (u == NULL)
		return rc;
	u->peer = p;
	u->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = u->dir == -1 ? store_err_errno(errno) : make_file(u);
	if (rc != STORE_OK) {
		if (u->dir != -1)
			close(u->dir);
		free(u);
		return rc;
	}
	u->prev = &st->uploads->first;
	u->next = st->uploads->first;
	if (u->next != NULL)
		u->next->prev = &u->next;
	st->uploads->first = u;
	*id = u->id;
	return STORE_OK;
}

void
upload_data(struct store *st, struct op_peer *p, uint64_t id,
    const void *data, size_t n)
{
	struct upload *u = find(st, p, id);
	const uint8_t *at = data;
	ssize_t got;

	if (u == NULL || u->rc != STORE_OK)
		return;
	if (n > st->conf->message_max ||
	    u->octets > st->conf->message_max - n) {
		u->rc = STORE_TOOBIG;
		return;
	}
	u->octets += n;
	while (n > 0) {
		got = write(u->fd, at, n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0) {
			u->rc = store_err_errno(got == 0 ? ENOSPC : errno);
			return;
		}
		at += got;
		n -= (size_t)got;
	}
}

enum store_err
upload_finish(struct store *st, struct op_peer *p, uint64_t id,
    uint64_t octets, struct upload **out)
{
	struct upload *u = find(st, p, id);

	*out = NULL;
	if (u == NULL)
		return STORE_NOTFOUND;
	if (u->rc != STORE_OK)
		return u->rc;
	if (u->octets != octets)
		return STORE_STATE;
	u->peer = NULL;
	(void)sync_file_range(u->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	*out = u;
	return STORE_OK;
}

enum store_err
upload_sync(struct upload *u)
{
	if (fsync(u->fd) == -1 || fsync(u->dir) == -1)
		return store_err_errno(errno);
	return STORE_OK;
}

void
upload_abort_id(struct store *st, struct op_peer *p, uint64_t id)
{
	upload_abort(find(st, p, id));
}

void
upload_gone(struct store *st, struct op_peer *p)
{
	struct upload *u, *next;

	if (st->uploads == NULL)
		return;
	for (u = st->uploads->first; u != NULL; u = next) {
		next = u->next;
		if (p == NULL || u->peer == p)
			upload_abort(u);
	}
	if (p == NULL) {
		free(st->uploads);
		st->uploads = NULL;
	}
}
