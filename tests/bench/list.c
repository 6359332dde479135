/*
 * Lists of a mailbox of ROWS messages, in threads of up to eight, straight
 * from the code of the reader: list DIR ROWS.  Prints microseconds, the
 * first time (nothing cached in the process) and the median of many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>

#include "mailnode/base/clock.h"
#include "store/list.h"
#include "store/reader.h"
#include "store/row.h"

enum { TIMES = 101, PAGE = 100 };

static sqlite3 *db;

static void
run(const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
		fprintf(stderr, "list: %s\n", error);
		exit(1);
	}
}

static void
add(struct rows *rows, int i)
{
	static uint8_t blob[600];
	char id[64], ref[64] = "", subject[80], name[80], author[32];
	struct row_new n = { .mbox = 1, .uid = (uint32_t)i + 1,
	    .modseq = (uint64_t)i + 1, .received = 1500000000 + i * 100,
	    .name = name, .tags = "work", .flags = rand() % 10 ?
	    STORE_SEEN : 0, .index = false };
	struct parse_row p = { .date = 1500000000 + i * 100, .size = 4096,
	    .wire = 4096, .msgid = id, .irt = ref, .refs = ref,
	    .subject = subject, .base = subject, .to = "me@node.test",
	    .from = "Some Body <somebody@example.org>", .cc = "",
	    .author = author, .list_id = "", .snippet = "First words of a "
	    "letter of the usual kind, which says something", .env = blob,
	    .nenv = sizeof blob, .body = blob, .nbody = 300, .parts = blob,
	    .nparts = 136 };
	uint64_t row;

	snprintf(id, sizeof id, "%08x.%d@example.org",
	    (unsigned)i * 2654435761u, i);
	if (i % 8 != 0)
		snprintf(ref, sizeof ref, "%08x.%d@example.org",
		    (unsigned)(i - 1) * 2654435761u, i - 1);
	snprintf(subject, sizeof subject, "Subject %d of usual length",
	    i / 8);
	snprintf(name, sizeof name, "cur/1500000000.M1P1Q%d.h,S=4096,"
	    "I=9.%d:2,S", i, i + 1);
	snprintf(author, sizeof author, "Author %d", rand() % 500);
	memcpy(p.hash, &i, sizeof i);
	if (row_add(rows, &n, &p, &row) != 0)
		exit(1);
}

static void
fill(const char *dir, int n)
{
	char path[4096];
	struct rows *rows;
	int64_t begun = clock_wall_us();
	int i;

	snprintf(path, sizeof path, "%s/store.db", dir);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(1);
	run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
	    "CREATE TABLE state(name TEXT, value);"
	    "CREATE TABLE mailbox(id INTEGER PRIMARY KEY, name TEXT,"
	    " modseq INTEGER); INSERT INTO mailbox VALUES(1,'INBOX',0)");
	run(row_schema);
	rows = rows_new(db);
	run("BEGIN");
	for (i = 0; i < n; i++) {
		add(rows, i);
		if (i % 1000 == 999)
			run("COMMIT; BEGIN");
	}
	run("COMMIT");
	rows_free(rows);
	printf("row with its thread, each:      %8lld us\n",
	    (long long)(clock_wall_us() - begun) / n);
}

static bool
note_thread(void *arg, const struct list_thread *t)
{
	(void)t;
	++*(int *)arg;
	return true;
}

static bool
note_box(void *arg, const struct list_box *b)
{
	(void)b;
	++*(int *)arg;
	return true;
}

static int
by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int64_t
page(struct reader *r, struct list_cursor from)
{
	struct list_ask ask = { .mbox = 1, .n = PAGE, .from = from };
	struct list_cursor next;
	int64_t begun = clock_wall_us();
	int n = 0;
	bool more;

	if (list_each_thread(r, &ask, note_thread, &n, &next, &more) != 0 ||
	    n != PAGE)
		exit(1);
	return clock_wall_us() - begun;
}

static int64_t
sidebar(struct reader *r, struct list_cursor from)
{
	int64_t begun = clock_wall_us();
	int n = 0;

	(void)from;
	if (list_each_box(r, note_box, &n) != 0 || n != 1)
		exit(1);
	return clock_wall_us() - begun;
}

static void
measure(const char *dir, const char *what, int64_t (*fn)(struct reader *,
    struct list_cursor), struct list_cursor from)
{
	struct reader r;
	int64_t t[TIMES], first;
	int i;

	reader_init(&r, dir, dir);
	first = fn(&r, from);
	for (i = 0; i < TIMES; i++)
		t[i] = fn(&r, from);
	qsort(t, TIMES, sizeof t[0], by_time);
	printf("%-32s%8lld us, first time %lld us\n", what,
	    (long long)t[TIMES / 2], (long long)first);
	reader_clear(&r);
}

int
main(int argc, char **argv)
{
	struct list_cursor none = { 0 }, middle;
	int n;

	if (argc != 3 || (n = atoi(argv[2])) < 8 * PAGE * 4)
		return 2;
	fill(argv[1], n);
	middle = (struct list_cursor){ .id = 1,
	    .date = 1500000000 + (int64_t)n * 50 };
	measure(argv[1], "newest 100 threads:", page, none);
	measure(argv[1], "100 threads in the middle:", page, middle);
	measure(argv[1], "sidebar:", sidebar, none);
	sqlite3_close(db);
	return 0;
}
