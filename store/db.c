#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/fnv.h"
#include "store/db.h"
#include "store/db_log.h"

enum {
	DB_PATH_MAX = 4096,
	DB_BUSY_MS = 5000,		/* a reader in the middle of a check */
	DB_SYNC_NORMAL = 1,
	DB_SYNC_FULL = 2,
	DB_CHECK_MAX = 256 * 1024 * 1024 /* octets checked at each start */
};

enum store_err
db_exec(struct sqlite3 *db, const char *sql)
{
	return store_err_sqlite(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

enum store_err
db_get(struct sqlite3 *db, const char *sql, int64_t *v)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*v = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return store_err_sqlite(code);
}

int64_t
db_int(struct sqlite3 *db, const char *sql, int64_t none)
{
	(void)db_get(db, sql, &none);
	return none;
}

static enum store_err
path_of(char path[DB_PATH_MAX], const char *home, const char *name,
    const char *suffix)
{
	int n = snprintf(path, DB_PATH_MAX, "%s/%s%s", home, name, suffix);

	return n < 0 || n >= DB_PATH_MAX ? STORE_NAME : STORE_OK;
}

/*
 * Before anything is read: who reads beside us, how safe a commit is, that
 * checkpoints are ours to time, and what of a long log stays.  Debian builds
 * SQLite to overwrite what is deleted, which doubles the work of a spool.
 */
static enum store_err
tune(struct sqlite3 *db, const struct schema *s)
{
	char sql[512];
	int n;

	n = snprintf(sql, sizeof sql,
	    "PRAGMA page_size=%u; PRAGMA locking_mode=%s;"
	    "PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=%d; PRAGMA wal_autocheckpoint=0;"
	    "PRAGMA journal_size_limit=%u;"
	    "PRAGMA secure_delete=0; PRAGMA cache_size=-%u;"
	    "PRAGMA temp_store=2; PRAGMA cell_size_check=1;"
	    "PRAGMA trusted_schema=0;",
	    s->page, s->alone ? "EXCLUSIVE" : "NORMAL",
	    s->full ? DB_SYNC_FULL : DB_SYNC_NORMAL, (unsigned int)DB_LOG_MAX,
	    s->cache_kib);
	if (n < 0 || n >= (int)sizeof sql)
		return STORE_NAME;
	(void)sqlite3_busy_timeout(db, DB_BUSY_MS);
	return db_exec(db, sql);
}

static enum store_err
make_tables(struct sqlite3 *db, const struct schema *s, int64_t version)
{
	char sql[128];
	enum store_err rc;
	size_t i;

	rc = db_exec(db, "BEGIN IMMEDIATE");
	for (i = version > 0 ? (size_t)version - 1 : SCHEMA_STEPS;
	    rc == STORE_OK && i + 1 < s->version; i++)
		rc = db_exec(db, s->steps[i]);
	for (i = 0; rc == STORE_OK && i < SCHEMA_PARTS &&
	    s->parts[i] != NULL; i++)
		rc = db_exec(db, s->parts[i]);
	if (rc == STORE_OK && version != s->version) {
		snprintf(sql, sizeof sql, "PRAGMA application_id=%u;"
		    "PRAGMA user_version=%u;", s->app_id, s->version);
		rc = db_exec(db, sql);
	}
	if (rc == STORE_OK)
		rc = db_exec(db, "COMMIT");
	if (rc != STORE_OK && !sqlite3_get_autocommit(db))
		(void)db_exec(db, "ROLLBACK");
	return rc;
}

/* What files cannot give back is read through at each start, and with its
 * indexes where it was said to be damaged. */
static enum store_err
check(struct sqlite3 *db, const struct schema *s, bool doubted)
{
	sqlite3_stmt *st = NULL;
	enum store_err rc;
	int64_t octets = 0;
	int code;

	if (s->cache)
		return STORE_OK;
	rc = db_get(db, "SELECT page_count * page_size FROM "
	    "pragma_page_count, pragma_page_size", &octets);
	if (rc != STORE_OK || (octets > DB_CHECK_MAX && !doubted))
		return rc;
	code = sqlite3_prepare_v2(db, doubted ? "PRAGMA integrity_check(1)" :
	    "PRAGMA quick_check(1)", -1, &st, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	rc = store_err_sqlite(code);
	if (code == SQLITE_ROW && strcmp((const char *)
	    sqlite3_column_text(st, 0), "ok") != 0)
		rc = STORE_CORRUPT;
	sqlite3_finalize(st);
	return rc;
}

static enum store_err
open_one(const char *path, const struct schema *s, struct sqlite3 **db,
    bool *fresh, bool doubted)
{
	enum store_err rc;
	int64_t app = 0, version = 0;

	rc = store_err_sqlite(sqlite3_open_v2(path, db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	    db_log_vfs()));
	if (rc == STORE_OK)
		rc = tune(*db, s);
	if (rc == STORE_OK)
		rc = store_err_sqlite(sqlite3_exec(*db,
		    "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL));
	if (rc == STORE_OK)
		rc = db_get(*db, "PRAGMA application_id", &app);
	if (rc == STORE_OK)
		rc = db_get(*db, "PRAGMA user_version", &version);
	if (rc != STORE_OK)
		return rc;
	if (app < 0 || version < 0 || (app == 0) != (version == 0) ||
	    (app != 0 && app != (int64_t)s->app_id))
		return STORE_CORRUPT;
	if (version > s->version)
		return STORE_NEWER;
	*fresh = version == 0;
	rc = make_tables(*db, s, version);
	return rc == STORE_OK && !*fresh ? check(*db, s, doubted) : rc;
}

/* SQLite takes some reads that fail for damage: what is damaged is so twice. */
static enum store_err
open_twice(const char *path, const struct schema *s, struct sqlite3 **db,
    bool *fresh, bool doubted)
{
	enum store_err rc = open_one(path, s, db, fresh, doubted);

	if (rc != STORE_CORRUPT && rc != STORE_IO)
		return rc;
	db_close(*db);
	*db = NULL;
	return open_one(path, s, db, fresh, doubted);
}

/* What can be made anew is not worth keeping. */
static void
remove_cache(const char *home, const struct schema *s, struct db_found *f)
{
	static const char *const with[] = { "-wal", "-shm", "" };
	char path[DB_PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof with / sizeof with[0]; i++)
		if (path_of(path, home, s->name, with[i]) == STORE_OK)
			(void)unlink(path);
	f->damaged = true;
}

/* With its log, which holds what was committed last. */
static enum store_err
set_aside(const char *home, const struct schema *s, struct db_found *f)
{
	static const char *const with[] = { "-wal", "-shm", "" };
	char from[DB_PATH_MAX], to[DB_PATH_MAX];
	size_t i;

	snprintf(f->aside, sizeof f->aside, "%s.damaged-%lld", s->name,
	    (long long)clock_wall_s());
	for (i = 0; i < sizeof with / sizeof with[0]; i++) {
		if (path_of(from, home, s->name, with[i]) != STORE_OK ||
		    path_of(to, home, f->aside, with[i]) != STORE_OK)
			return STORE_NAME;
		if (rename(from, to) == -1 && errno != ENOENT)
			return store_err_errno(errno);
	}
	f->damaged = true;
	return STORE_OK;
}

static bool
condemned(const char *home, const struct schema *s)
{
	char path[DB_PATH_MAX];

	if (path_of(path, home, s->name, ".condemned") != STORE_OK)
		return false;
	return unlink(path) == 0;
}

struct db_file
db_file(const char *home, const struct schema *s)
{
	char path[DB_PATH_MAX];
	struct db_file f = { 0, 0, 0, 0 };
	struct statx x;
	uint64_t id;

	if (path_of(path, home, s->name, "") != STORE_OK ||
	    statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &x) == -1)
		return f;
	f.dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	f.ino = x.stx_ino;
	f.id = (int64_t)f.ino;
	f.ctime_ns = x.stx_ctime.tv_sec * 1000000000 + x.stx_ctime.tv_nsec;
	if (x.stx_mask & STATX_BTIME) {
		id = fnv_u64(fnv_u64(fnv_u64(FNV_BEGIN, f.ino),
		    (uint64_t)x.stx_btime.tv_sec), x.stx_btime.tv_nsec);
		f.id = (int64_t)(id & INT64_MAX);
	}
	return f;
}

bool
db_file_is(const struct db_file *f, int64_t told)
{
	return told == f->id || told == (int64_t)f->ino;
}

enum store_err
db_condemn(const char *home, const struct schema *s)
{
	char path[DB_PATH_MAX];
	int fd;

	if (path_of(path, home, s->name, ".condemned") != STORE_OK)
		return STORE_NAME;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return store_err_errno(errno);
	close(fd);
	return STORE_OK;
}

enum store_err
db_open(const char *home, const struct schema *s, struct sqlite3 **db,
    struct db_found *found)
{
	char path[DB_PATH_MAX], bad[DB_PATH_MAX];
	enum store_err rc;
	bool doubted;

	memset(found, 0, sizeof *found);
	*db = NULL;
	rc = path_of(path, home, s->name, "");
	if (rc != STORE_OK)
		return rc;
	doubted = condemned(home, s);
	if (doubted && s->cache)
		rc = STORE_CORRUPT;
	else
		rc = open_twice(path, s, db, &found->fresh, doubted);
	if (rc == STORE_CORRUPT) {
		db_close(*db);
		*db = NULL;
		rc = STORE_OK;
		if (s->cache)
			remove_cache(home, s, found);
		else
			rc = set_aside(home, s, found);
		if (rc == STORE_OK)
			rc = open_one(path, s, db, &found->fresh, false);
		if (rc == STORE_OK)
			rc = path_of(bad, home, found->aside, "");
		if (rc == STORE_OK && !s->cache)
			rc = db_salvage(*db, bad, found);
	}
	if (rc != STORE_OK) {
		db_close(*db);
		*db = NULL;
	}
	return rc;
}

void
db_close(struct sqlite3 *db)
{
	(void)sqlite3_close_v2(db);
}

enum store_err
db_checkpoint(struct sqlite3 *db)
{
	return store_err_sqlite(sqlite3_wal_checkpoint_v2(db, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
}
