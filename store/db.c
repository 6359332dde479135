#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/db.h"

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

int64_t
db_int(struct sqlite3 *db, const char *sql, int64_t none)
{
	sqlite3_stmt *s = NULL;
	int64_t v = none;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		v = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return v;
}

static enum store_err
path_of(char path[DB_PATH_MAX], const char *home, const char *name,
    const char *suffix)
{
	int n = snprintf(path, DB_PATH_MAX, "%s/%s%s", home, name, suffix);

	return n < 0 || n >= DB_PATH_MAX ? STORE_NAME : STORE_OK;
}

/*
 * Before anything is read: who reads beside us, how safe a commit is, and
 * that checkpoints are ours to time.  Debian builds SQLite to overwrite what
 * is deleted, which doubles the work of a spool.
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
	    "PRAGMA secure_delete=0; PRAGMA cache_size=-%u;"
	    "PRAGMA temp_store=2; PRAGMA cell_size_check=1;"
	    "PRAGMA trusted_schema=0;",
	    s->page, s->alone ? "EXCLUSIVE" : "NORMAL",
	    s->full ? DB_SYNC_FULL : DB_SYNC_NORMAL, s->cache_kib);
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

/* What files cannot give back is read through at each start. */
static bool
sound(struct sqlite3 *db, const struct schema *s)
{
	sqlite3_stmt *st = NULL;
	bool ok = true;

	if (s->cache || db_int(db, "SELECT page_count * page_size FROM "
	    "pragma_page_count, pragma_page_size", 0) > DB_CHECK_MAX)
		return true;
	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL) !=
	    SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		ok = false;
	else
		ok = strcmp((const char *)sqlite3_column_text(st, 0),
		    "ok") == 0;
	sqlite3_finalize(st);
	return ok;
}

static enum store_err
open_one(const char *path, const struct schema *s, struct sqlite3 **db,
    bool *fresh)
{
	enum store_err rc;
	int64_t app, version;

	rc = store_err_sqlite(sqlite3_open_v2(path, db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	    NULL));
	if (rc == STORE_OK)
		rc = tune(*db, s);
	if (rc == STORE_OK)
		rc = store_err_sqlite(sqlite3_exec(*db,
		    "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL));
	if (rc != STORE_OK)
		return rc;
	app = db_int(*db, "PRAGMA application_id", -1);
	version = db_int(*db, "PRAGMA user_version", -1);
	if (app < 0 || version < 0 || (app == 0) != (version == 0) ||
	    (app != 0 && app != (int64_t)s->app_id))
		return STORE_CORRUPT;
	if (version > s->version)
		return STORE_NEWER;
	*fresh = version == 0;
	rc = make_tables(*db, s, version);
	if (rc == STORE_OK && !*fresh && !sound(*db, s))
		rc = STORE_CORRUPT;
	return rc;
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

	memset(found, 0, sizeof *found);
	*db = NULL;
	rc = path_of(path, home, s->name, "");
	if (rc != STORE_OK)
		return rc;
	if (condemned(home, s))
		rc = STORE_CORRUPT;
	else
		rc = open_one(path, s, db, &found->fresh);
	if (rc == STORE_CORRUPT) {
		db_close(*db);
		*db = NULL;
		rc = STORE_OK;
		if (s->cache)
			remove_cache(home, s, found);
		else
			rc = set_aside(home, s, found);
		if (rc == STORE_OK)
			rc = open_one(path, s, db, &found->fresh);
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
