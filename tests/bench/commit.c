/*
 * The bare commit loop that acceptance is measured against: commit DIR
 * MESSAGES OCTETS BATCH inserts blobs into a WAL database, synchronous
 * FULL, BATCH of them in a transaction, and prints messages a second.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static sqlite3 *db;

static void
run(const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
		fprintf(stderr, "commit: %s: %s\n", sql, error);
		exit(1);
	}
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	char path[4096];
	sqlite3_stmt *st;
	long n, i, batch, octets;
	double start;

	if (argc != 5)
		return 2;
	snprintf(path, sizeof path, "%s/commit.db", argv[1]);
	n = atol(argv[2]);
	octets = atol(argv[3]);
	batch = atol(argv[4]);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		return 1;
	run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)");
	if (sqlite3_prepare_v2(db, "INSERT INTO t(body) VALUES (?)", -1, &st,
	    NULL) != SQLITE_OK)
		return 1;
	start = now();
	for (i = 0; i < n; i++) {
		if (i % batch == 0)
			run("BEGIN");
		sqlite3_bind_zeroblob(st, 1, (int)octets);
		if (sqlite3_step(st) != SQLITE_DONE)
			return 1;
		sqlite3_reset(st);
		if (i % batch == batch - 1 || i == n - 1)
			run("COMMIT");
	}
	printf("%.0f\n", (double)n / (now() - start));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return 0;
}
