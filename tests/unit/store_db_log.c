/* The log in few pieces: what was committed is there, whatever failed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/db_log.h"

enum { ROUNDS = 4, TIMES = 30, PAGE = 4096 };

static char path[64];
static int writes, fails_at;	/* of more than a page; 0: none */

static ssize_t
counted(int fd, const void *p, size_t n, off_t at)
{
	if (n > PAGE && ++writes == fails_at) {
		errno = ENOSPC;	/* it ends a statement, no transaction */
		return -1;
	}
	return pwrite(fd, p, n, at);
}

static void
count_writes(void)
{
	sqlite3_vfs *v = sqlite3_vfs_find(NULL);

	assert_int_equal(v->xSetSystemCall(v, "pwrite",
	    (sqlite3_syscall_ptr)counted), SQLITE_OK);
	assert_int_equal(v->xSetSystemCall(v, "pwrite64",
	    (sqlite3_syscall_ptr)counted), SQLITE_OK);
}

static sqlite3 *
opened(const char *file, const char *vfs, const char *tune)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, tune, NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static int
does(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static sqlite3_int64
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	sqlite3_int64 v;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	v = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return v;
}

static void
clean(void)
{
	static const char *const with[] = { "", "-wal", "-shm" };
	char name[80];
	size_t i;

	for (i = 0; i < sizeof with / sizeof with[0]; i++) {
		snprintf(name, sizeof name, "%s%s", path, with[i]);
		(void)unlink(name);
	}
}

static const char tune[] = "PRAGMA page_size=4096; PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=1; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=10;"
    "CREATE TABLE IF NOT EXISTS t(round INTEGER, n INTEGER, x BLOB);"
    "CREATE INDEX IF NOT EXISTS i ON t(x);";

static void
a_commit_is_one_write(void **state)
{
	sqlite3 *db = opened(path, db_log_vfs(), tune);

	(void)state;
	assert_int_equal(does(db, "INSERT INTO t VALUES(0, 0, x'')"), 0);
	writes = 0;
	assert_int_equal(does(db, "INSERT INTO t VALUES(1, 1, "
	    "randomblob(20000))"), 0);
	assert_int_equal(writes, 1);
	sqlite3_close(db);
	clean();
}

/* Rows enough that the cache spills: pages of the log are read again, and
 * written anew, before the commit; and an error is no reason to stop. */
static void
one_round(sqlite3 *db, int round)
{
	char sql[256];
	int i;

	(void)does(db, "BEGIN IMMEDIATE");
	for (i = 0; i < 20; i++) {
		snprintf(sql, sizeof sql, "SAVEPOINT s; INSERT INTO t "
		    "VALUES(%d, %d, randomblob(3000)); %s; RELEASE s;"
		    "UPDATE t SET n = n + 0, x = randomblob(300) "
		    "WHERE rowid %% 7 = %d", round, i,
		    i % 5 == 4 ? "ROLLBACK TO s" : "SELECT 1", i % 7);
		(void)does(db, sql);
	}
	(void)does(db, "COMMIT");
	if (!sqlite3_get_autocommit(db))
		(void)does(db, "ROLLBACK");
}

/* What another process sees, which knows nothing of this layer. */
static sqlite3_int64
stands(sqlite3 *other)
{
	assert_int_equal(number(other, "SELECT count(*) FROM "
	    "pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
	return number(other, "SELECT count(*) FROM t");
}

static void
copy(const char *suffix, char *to, size_t size)
{
	char command[256];

	snprintf(to, size, "%s.copy", path);
	snprintf(command, sizeof command, "cp %s%s %s%s", path, suffix, to,
	    suffix);
	assert_int_equal(system(command), 0);
}

/* The log alone, as after a power cut. */
static void
stands_in_log(sqlite3_int64 committed)
{
	char to[80], name[96];
	sqlite3 *db;

	copy("", to, sizeof to);
	copy("-wal", to, sizeof to);
	db = opened(to, NULL, "SELECT 1");
	assert_int_equal(stands(db), committed);
	sqlite3_close(db);
	snprintf(name, sizeof name, "%s-wal", to);
	(void)unlink(name);
	(void)unlink(to);
}

static void
whatever_fails(void **state)
{
	int nth, round, total = 1;
	sqlite3_int64 committed;
	sqlite3 *db, *other;

	(void)state;
	for (nth = 1; nth <= total; nth += 1 + total / TIMES) {
		db = opened(path, db_log_vfs(), tune);
		other = opened(path, NULL, "SELECT 1");
		writes = 0;
		fails_at = nth;
		committed = 0;
		for (round = 0; round < ROUNDS; round++) {
			one_round(db, round);
			committed = stands(other);
			assert_int_equal(stands(db), committed);
			if (round == ROUNDS / 2)
				(void)does(db, "PRAGMA wal_checkpoint");
		}
		total = writes;
		fails_at = 0;
		assert_true(committed > 0);
		stands_in_log(committed);
		sqlite3_close(other);
		sqlite3_close(db);
		clean();
	}
	assert_true(total > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_is_one_write),
		cmocka_unit_test(whatever_fails),
	};

	snprintf(path, sizeof path, "/tmp/mailnode-log.%d", (int)getpid());
	count_writes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
