/*
 * A commit of a letter was eight writes, one of rows sixty: SQLite writes the
 * header of a page, 24 octets, by itself.  Here is gathered what follows on:
 *
 *	none --header of a new page--> some --what comes right behind it-->
 *	some --the page that ends a commit, a full room, another call--> none
 *
 * Nothing is held back beyond what SQLite relies on.  All of it is with the
 * kernel before xSync() returns, and before the xWrite() of the page does that
 * ends a commit; until then no other process reads these pages.  What could
 * not be written is remembered, since a commit with a hole would be believed:
 * whatever lies behind it fails until the log is written anew from there.
 */
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "store/db_log.h"

enum {
	FRAME_HEADER = 24,	/* octets; 4..7: pages after it, of a commit */
	ROOM = 64 * 1024	/* of the pages of most commits */
};

/* Behind the file of the layer below. */
struct tail {
	sqlite3_int64	at, end;	/* of what waits; of the log */
	sqlite3_int64	hole;		/* where a write failed; or -1 */
	int		why;
	int		len;		/* octets that wait */
	int		commit;		/* the page to come ends one */
};

static sqlite3_vfs layer;
static sqlite3_vfs *below;
static sqlite3_io_methods methods;	/* of a log */
static const sqlite3_io_methods *real;

/* One for all, as one commit is written after the other. */
static struct {
	sqlite3_file	*owner;		/* who has something waiting */
	uint8_t		 data[ROOM];
} room;

static size_t
tail_offset(void)
{
	size_t a = _Alignof(struct tail);

	return ((size_t)below->szOsFile + a - 1) / a * a;
}

static struct tail *
tail_of(sqlite3_file *f)
{
	return (struct tail *)(void *)((char *)f + tail_offset());
}

static int
put(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct tail *t = tail_of(f);
	int rc;

	if (t->hole != -1 && at > t->hole)
		return t->why;
	rc = real->xWrite(f, p, n, at);
	if (rc != SQLITE_OK) {
		t->hole = at;
		t->why = rc;
	} else if (at == t->hole || at == 0)
		t->hole = -1;
	return rc;
}

static int
let_go(sqlite3_file *f)
{
	struct tail *t = tail_of(f);
	int n = t->len;

	if (n == 0)
		return SQLITE_OK;
	t->len = t->commit = 0;
	room.owner = NULL;
	return put(f, room.data, n, t->at);
}

static void
gather(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct tail *t = tail_of(f);
	const uint8_t *h = p;

	if (t->len == 0)
		t->at = at;
	memcpy(room.data + t->len, p, (size_t)n);
	t->len += n;
	room.owner = f;
	if (n == FRAME_HEADER)
		t->commit = (h[4] | h[5] | h[6] | h[7]) != 0;
}

static int
log_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct tail *t = tail_of(f);
	int ends = t->commit && n != FRAME_HEADER, begins, rc = SQLITE_OK;

	if (t->len > 0 && (at != t->at + t->len || n > ROOM - t->len))
		rc = let_go(f);
	if (room.owner != NULL && room.owner != f)
		(void)let_go(room.owner);	/* the hole tells it */
	if (rc != SQLITE_OK)
		return rc;
	/* Headers of pages that are there already are written alone. */
	begins = n == FRAME_HEADER && at >= t->end && t->hole == -1;
	if (at == 0 || at + n > t->end)
		t->end = at + n;
	if (t->len == 0 && !begins)
		return put(f, p, n, at);
	gather(f, p, n, at);
	return ends ? let_go(f) : SQLITE_OK;
}

static int
log_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	struct tail *t = tail_of(f);
	int rc = let_go(f);

	if (rc == SQLITE_OK && t->hole != -1 && at + n > t->hole)
		rc = t->why;
	return rc == SQLITE_OK ? real->xRead(f, p, n, at) : rc;
}

static int
log_sync(sqlite3_file *f, int flags)
{
	int rc = let_go(f);

	return rc == SQLITE_OK ? real->xSync(f, flags) : rc;
}

static int
log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	(void)let_go(f);
	return real->xTruncate(f, size);
}

static int
log_size(sqlite3_file *f, sqlite3_int64 *size)
{
	(void)let_go(f);
	return real->xFileSize(f, size);
}

static int
log_close(sqlite3_file *f)
{
	(void)let_go(f);
	return real->xClose(f);
}

static int
layer_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	int rc = below->xOpen(below, name, f, flags, out);

	(void)v;
	if (rc != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0)
		return rc;
	*tail_of(f) = (struct tail){ .hole = -1 };
	if (real == NULL) {
		real = f->pMethods;
		methods = *real;
		methods.xWrite = log_write;
		methods.xRead = log_read;
		methods.xSync = log_sync;
		methods.xTruncate = log_truncate;
		methods.xFileSize = log_size;
		methods.xClose = log_close;
	}
	if (f->pMethods == real)
		f->pMethods = &methods;
	return rc;
}

const char *
db_log_vfs(void)
{
	if (below != NULL)
		return layer.zName;
	below = sqlite3_vfs_find(NULL);
	if (below == NULL)
		return NULL;
	layer = *below;
	layer.zName = "log";
	layer.szOsFile = (int)(tail_offset() + sizeof(struct tail));
	layer.xOpen = layer_open;
	layer.pNext = NULL;
	if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK)
		below = NULL;
	return below != NULL ? layer.zName : NULL;
}
