/*
 * Row by row out of a damaged database.  A table is read by row id: where
 * reading fails, the search goes on behind it, in growing steps, until the
 * highest row id.  Tables without row ids are read from both ends.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/buf.h"
#include "store/db.h"

enum {
	SQL_MAX = 16 * 1024,
	NAME_MAX_SQL = 128,
	COLUMNS_MAX = 64,
	STEP_MAX = 1 << 20,	/* row ids passed over at once */
	PAGE_MAX = 8192,	/* of ours */
	FAILS_MAX = 200		/* places where a table cannot be read */
};

struct table {
	char		 name[NAME_MAX_SQL];
	char		 columns[2048];	/* "\"a\",\"b\"" */
	int		 ncolumns;
	bool		 rowid;
};

/* The columns of our table: a damaged one may lack some. */
static bool
describe(struct sqlite3 *db, struct table *t)
{
	sqlite3_stmt *s = NULL;
	struct buf b;
	char *text;

	buf_init(&b, sizeof t->columns - 1);
	t->ncolumns = 0;
	if (sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?)",
	    -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(s, 1, t->name, -1, SQLITE_STATIC) != SQLITE_OK) {
		sqlite3_finalize(s);
		return false;
	}
	while (sqlite3_step(s) == SQLITE_ROW && t->ncolumns < COLUMNS_MAX) {
		buf_addf(&b, "%s\"%s\"", t->ncolumns > 0 ? "," : "",
		    (const char *)sqlite3_column_text(s, 0));
		t->ncolumns++;
	}
	sqlite3_finalize(s);
	text = buf_str(&b);
	if (text != NULL)
		snprintf(t->columns, sizeof t->columns, "%s", text);
	buf_clear(&b);
	return text != NULL && t->ncolumns > 0;
}

static int
copy_row(sqlite3_stmt *to, sqlite3_stmt *from, int first, int n)
{
	int i, rc = SQLITE_OK;

	(void)sqlite3_reset(to);
	for (i = 0; rc == SQLITE_OK && i < n; i++)
		rc = sqlite3_bind_value(to, i + 1,
		    sqlite3_column_value(from, first + i));
	return rc == SQLITE_OK ? sqlite3_step(to) : rc;
}

static sqlite3_stmt *
insert_into(struct sqlite3 *db, const struct table *t)
{
	sqlite3_stmt *s = NULL;
	struct buf b;
	char *sql;
	int i;

	buf_init(&b, SQL_MAX);
	buf_addf(&b, "INSERT OR IGNORE INTO \"%s\"(%s) VALUES(", t->name,
	    t->columns);
	for (i = 0; i < t->ncolumns; i++)
		buf_adds(&b, i > 0 ? ",?" : "?");
	buf_adds(&b, ")");
	sql = buf_str(&b);
	if (sql == NULL || sqlite3_prepare_v2(db, sql, -1, &s, NULL) !=
	    SQLITE_OK)
		s = NULL;
	buf_clear(&b);
	return s;
}

static sqlite3_stmt *
select_from(struct sqlite3 *bad, const struct table *t, const char *what,
    const char *tail)
{
	char sql[SQL_MAX];
	sqlite3_stmt *s = NULL;

	snprintf(sql, sizeof sql, "SELECT %s%s FROM \"%s\" %s", what,
	    t->columns, t->name, tail);
	if (sqlite3_prepare_v2(bad, sql, -1, &s, NULL) != SQLITE_OK)
		return NULL;
	return s;
}

/* From one row id on; returns where it stopped, or INT64_MAX at the end. */
static int64_t
run(sqlite3_stmt *from, sqlite3_stmt *to, const struct table *t, int64_t at,
    struct db_found *f)
{
	int rc;

	(void)sqlite3_reset(from);
	if (sqlite3_bind_int64(from, 1, at) != SQLITE_OK)
		return INT64_MAX;
	while ((rc = sqlite3_step(from)) == SQLITE_ROW) {
		at = sqlite3_column_int64(from, 0) + 1;
		if (copy_row(to, from, 1, t->ncolumns) == SQLITE_DONE)
			f->saved++;
	}
	(void)sqlite3_reset(from);
	return rc == SQLITE_DONE ? INT64_MAX : at;
}

static void
by_rowid(struct sqlite3 *bad, sqlite3_stmt *to, const struct table *t,
    struct db_found *f)
{
	sqlite3_stmt *from;
	int64_t at = 0, was, step = 1;
	uint64_t saved, skipped = 0;
	int fails = 0;

	from = select_from(bad, t, "rowid,", "WHERE rowid >= ? ORDER BY rowid");
	if (from == NULL)
		return;
	while (fails < FAILS_MAX) {
		was = at;
		saved = f->saved;
		at = run(from, to, t, at, f);
		if (f->saved > saved) {
			f->lost += skipped;
			skipped = 0;
		}
		if (at == INT64_MAX)
			break;
		step = at > was ? 1 : step < STEP_MAX ? step * 2 : STEP_MAX;
		fails++;
		skipped += (uint64_t)step;
		at += step;
	}
	/* Behind the last one saved nobody knows how many there were. */
	f->lost += skipped > 0;
	sqlite3_finalize(from);
}

static void
by_key(struct sqlite3 *bad, sqlite3_stmt *to, const struct table *t,
    struct db_found *f)
{
	static const char *const ends[] = { "", "ORDER BY 1 DESC" };
	sqlite3_stmt *from;
	size_t i;
	int rc = SQLITE_ROW;

	for (i = 0; i < 2 && rc != SQLITE_DONE; i++) {
		from = select_from(bad, t, "", ends[i]);
		if (from == NULL)
			return;
		while ((rc = sqlite3_step(from)) == SQLITE_ROW)
			if (copy_row(to, from, 0, t->ncolumns) == SQLITE_DONE)
				f->saved++;
		sqlite3_finalize(from);
	}
}

static void
table(struct sqlite3 *db, struct sqlite3 *bad, struct table *t,
    struct db_found *f)
{
	sqlite3_stmt *to;

	if (!describe(db, t))
		return;
	to = insert_into(db, t);
	if (to == NULL)
		return;
	if (t->rowid)
		by_rowid(bad, to, t, f);
	else
		by_key(bad, to, t, f);
	sqlite3_finalize(to);
}

/*
 * The first page of a fresh database; 0, or its octets.  By SQLite's own
 * descriptor: to close another one would take the locks off the file, as
 * those of POSIX are the process's.
 */
static size_t
first_page(struct sqlite3 *db, uint8_t page[PAGE_MAX])
{
	int64_t n = db_int(db, "PRAGMA page_size", 0);
	sqlite3_file *f = NULL;

	(void)db_checkpoint(db);
	if (n <= 0 || n > PAGE_MAX || sqlite3_file_control(db, "main",
	    SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK || f == NULL ||
	    f->pMethods == NULL ||
	    f->pMethods->xRead(f, page, (int)n, 0) != SQLITE_OK)
		return 0;
	return (size_t)n;
}

/*
 * A file whose first page is lost says nothing of its tables.  Ours are made
 * by the same statements in the same order, so that the roots of a fresh one
 * stand on the same pages: its first page is put in place, but for the count
 * of pages, which SQLite then takes from the size of the file.
 */
static void
graft(struct sqlite3 *db, const char *path)
{
	uint8_t page[PAGE_MAX];
	size_t n = first_page(db, page);
	int to = open(path, O_RDWR | O_CLOEXEC);

	if (n > 0 && to != -1) {
		memset(page + 28, 0, 4);
		(void)!pwrite(to, page, n, 0);
	}
	if (to != -1)
		close(to);
}

static struct sqlite3 *
open_bad(const char *path)
{
	struct sqlite3 *bad = NULL;

	if (sqlite3_open_v2(path, &bad, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    db_int(bad, "SELECT count(*) FROM sqlite_schema", 0) > 0)
		return bad;
	db_close(bad);
	return NULL;
}

enum store_err
db_salvage(struct sqlite3 *db, const char *path, struct db_found *found)
{
	struct sqlite3 *bad = open_bad(path);
	sqlite3_stmt *s = NULL;
	struct table t;
	enum store_err rc = STORE_OK;

	if (bad == NULL) {
		graft(db, path);
		bad = open_bad(path);
	}
	/* What cannot even be opened has nothing to give. */
	if (bad == NULL)
		goto out;
	(void)db_exec(bad, "PRAGMA writable_schema=1");
	rc = db_exec(db, "BEGIN IMMEDIATE");
	if (rc != STORE_OK)
		goto out;
	if (sqlite3_prepare_v2(db, "SELECT name, sql NOT LIKE "
	    "'%WITHOUT ROWID%' FROM sqlite_schema WHERE type = 'table' AND "
	    "name NOT LIKE 'sqlite_%'", -1, &s, NULL) == SQLITE_OK)
		while (sqlite3_step(s) == SQLITE_ROW) {
			snprintf(t.name, sizeof t.name, "%s",
			    (const char *)sqlite3_column_text(s, 0));
			t.rowid = sqlite3_column_int(s, 1) != 0;
			table(db, bad, &t, found);
		}
	sqlite3_finalize(s);
	rc = db_exec(db, "COMMIT");
	if (rc != STORE_OK && !sqlite3_get_autocommit(db))
		(void)db_exec(db, "ROLLBACK");
out:
	db_close(bad);
	return rc;
}
