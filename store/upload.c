#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/store.h"
#include "store/upload.h"

struct upload {
	struct upload	*next, **prev;
	struct uploads	*all;
	struct op_peer	*peer;		/* NULL: finished or given up */
	uint64_t	 id, octets;
	uint64_t	 own;		/* octets of upload_own() */
	int		 fd, dir;	/* fd -1: in memory so far */
	struct buf	 mem;
	enum store_err	 rc;
};

struct uploads {
	struct upload	*first;
	size_t		 mem;		/* octets of all in memory */
};

static void
name_of(char name[17], uint64_t id)
{
	snprintf(name, 17, "%016llx", (unsigned long long)id);
}

static void
release(struct upload *u)
{
	u->all->mem -= u->mem.len;
	buf_clear(&u->mem);
	*u->prev = u->next;
	if (u->next != NULL)
		u->next->prev = u->prev;
	if (u->fd != -1)
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
	if (u->fd != -1)
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

	if (p == NULL)		/* keeper itself */
		return false;
	for (u = st->uploads->first; u != NULL; u = u->next)
		n += u->peer == p;
	return n >= (op_peer_role(p) == ROLE_IMAP ? UPLOAD_PER_IMAP :
	    UPLOAD_PER_PEER);
}

/* A number nobody can guess, so that O_EXCL hardly ever refuses it. */
static enum store_err
make_id(struct upload *u)
{
	do {
		if (getrandom(&u->id, sizeof u->id, 0) !=
		    (ssize_t)sizeof u->id)
			return STORE_IO;
		u->id &= INT64_MAX;
	} while (u->id == 0);
	return STORE_OK;
}

static enum store_err
make_file(struct upload *u)
{
	char name[17];

	name_of(name, u->id);
	u->fd = openat(u->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	return u->fd != -1 ? STORE_OK : store_err_errno(errno);
}

enum store_err
upload_begin(struct store *st, struct op_peer *p, const char *dir,
    bool mem, uint64_t *id)
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
	u->fd = -1;
	u->all = st->uploads;
	buf_init(&u->mem, UPLOAD_MEM_MAX);
	rc = u->dir == -1 ? store_err_errno(errno) : make_id(u);
	if (rc == STORE_OK && !mem)
		rc = make_file(u);
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

static enum store_err
write_all(int fd, const uint8_t *at, size_t n)
{
	ssize_t got;

	while (n > 0) {
		got = write(fd, at, n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return store_err_errno(got == 0 ? ENOSPC : errno);
		at += got;
		n -= (size_t)got;
	}
	return STORE_OK;
}

/* Into memory as long as there is room for it, else all of it to a file,
 * which leaves the reserve alone. */
static enum store_err
append(struct store *st, struct upload *u, const void *data, size_t n)
{
	enum store_err rc = STORE_OK;

	if (u->fd == -1 && n <= UPLOAD_MEM_MAX - u->mem.len &&
	    n <= UPLOAD_MEM_ALL - u->all->mem) {
		if (buf_add(&u->mem, data, n) == -1)
			return STORE_NOMEM;
		u->all->mem += n;
		return STORE_OK;
	}
	if (!store_space(st, n + u->mem.len))
		return STORE_NOSPACE;
	store_space_take(st, n + u->mem.len);
	if (u->fd == -1) {
		rc = make_file(u);
		if (rc == STORE_OK)
			rc = write_all(u->fd, u->mem.data, u->mem.len);
		u->all->mem -= u->mem.len;
		buf_clear(&u->mem);
	}
	return rc != STORE_OK ? rc : write_all(u->fd, data, n);
}

static void
add(struct store *st, struct upload *u, const void *data, size_t n)
{
	if (u == NULL || u->rc != STORE_OK)
		return;
	u->octets += n;
	u->rc = append(st, u, data, n);
}

void
upload_data(struct store *st, struct op_peer *p, uint64_t id,
    const void *data, size_t n)
{
	struct upload *u = find(st, p, id);

	/* What was accepted is sent on with what we put before it. */
	if (u != NULL && u->rc == STORE_OK && p != NULL &&
	    (n > st->conf->message_max ||
	    u->octets - u->own > st->conf->message_max - n))
		u->rc = STORE_TOOBIG;
	add(st, u, data, n);
}

void
upload_own(struct store *st, struct op_peer *p, uint64_t id,
    const void *data, size_t n)
{
	struct upload *u = find(st, p, id);

	if (u != NULL)
		u->own += n;
	add(st, u, data, n);
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
	if (u->fd != -1)
		(void)sync_file_range(u->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	*out = u;
	return STORE_OK;
}

enum store_err
upload_sync(struct upload *u)
{
	return fsync(u->fd) == -1 ? store_err_errno(errno) : STORE_OK;
}

enum store_err
upload_sync_dir(struct upload *u)
{
	return fsync(u->dir) == -1 ? store_err_errno(errno) : STORE_OK;
}

const void *
upload_bytes(const struct upload *u)
{
	if (u->fd != -1)
		return NULL;
	return u->mem.data != NULL ? (const void *)u->mem.data : "";
}

int
upload_fd(struct upload *u)
{
	int fd = u->fd;
	char name[17];

	name_of(name, u->id);
	if (fd != -1)
		(void)unlinkat(u->dir, name, 0);
	else
		fd = memfd_create("upload", MFD_CLOEXEC);
	if (fd != -1 && u->fd == -1 &&
	    write_all(fd, u->mem.data, u->mem.len) != STORE_OK) {
		close(fd);
		fd = -1;
	}
	u->fd = -1;
	release(u);
	return fd;
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
