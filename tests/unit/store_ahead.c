/* Which pages a range of rows lies in, against what SQLite says. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/ahead.h"

enum { ROWS = 40000 };		/* three levels of pages */

static char path[64];
static int fd;
static uint32_t root;

static int
number(void *arg, int n, char **v, char **names)
{
	(void)n;
	(void)names;
	return sscanf(v[0], "%u", (unsigned int *)arg) != 1;
}

static void
make(void)
{
	sqlite3 *db;

	snprintf(path, sizeof path, "/tmp/mailnode-ahead.%d", (int)getpid());
	(void)unlink(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA page_size=4096; PRAGMA "
	    "synchronous=0; CREATE TABLE mail(mbox INTEGER NOT NULL,"
	    " uid INTEGER NOT NULL, msg INTEGER NOT NULL, flags INTEGER,"
	    " modseq INTEGER, saved INTEGER, PRIMARY KEY(mbox, uid))"
	    " WITHOUT ROWID; WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
	    " FROM n WHERE i < 40000) INSERT INTO mail SELECT 1 + i % 3, i,"
	    " i + 100000, 16, i + 70000, 1700000000 FROM n", NULL, NULL,
	    NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "SELECT rootpage FROM sqlite_schema"
	    " WHERE name='mail'", number, &root, NULL), SQLITE_OK);
	sqlite3_close(db);
	fd = open(path, O_RDONLY);
	assert_int_not_equal(fd, -1);
}

static unsigned int
asked(uint64_t mbox, uint32_t lo, uint32_t hi)
{
	const struct ahead a = { mbox, lo, hi };

	return ahead_mail(fd, root, &a);
}

static void
the_leaves_of_a_range(void **state)
{
	unsigned int all, third;

	(void)state;
	make();
	third = asked(2, 1, UINT32_MAX);
	assert_true(third > 50 && third < ROWS / 3 / 50);
	assert_int_equal(asked(2, 1, ROWS), third);
	all = asked(1, 1, ROWS) + third + asked(3, 1, ROWS);
	/* One leaf may hold the end of one and the start of the next. */
	assert_true(all > 2 * third && all < 4 * third);
	assert_int_equal(asked(2, 500, 500), 1);
	assert_in_range(asked(2, 1, ROWS / 2), third / 2 - 1, third / 2 + 2);
	assert_in_range(asked(9, 1, ROWS), 0, 1);
}

static void
anything_else_is_no_page(void **state)
{
	uint32_t page;
	size_t n;

	(void)state;
	/* Each page taken for the root, and some behind the end. */
	for (page = root, n = 0; n < 600; n++) {
		root = (uint32_t)n;
		assert_true(asked(2, 1, ROWS) < ROWS);
	}
	root = page;
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	assert_int_equal(asked(2, 1, ROWS), 0);
	close(fd);
	(void)unlink(path);
}

/* It would be looked through 300 to the power of four times. */
static void
a_page_that_names_itself(void **state)
{
	static const uint8_t cell[] = { 0, 0, 0, 2, 5, 3, 1, 1, 2, 5 };
	uint8_t page[2 * 4096] = { 0 }, *p = page + 4096;
	size_t i;

	(void)state;
	p[0] = 2;
	p[3] = 300 >> 8;
	p[4] = 300 & 255;
	p[11] = 2;
	for (i = 0; i < 300; i++) {
		p[12 + 2 * i] = 4000 >> 8;
		p[13 + 2 * i] = 4000 & 255;
	}
	memcpy(p + 4000, cell, sizeof cell);
	snprintf(path, sizeof path, "/tmp/mailnode-ahead.%d", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, page, sizeof page), sizeof page);
	root = 2;
	assert_int_equal(asked(2, 1, 10), 0);
	close(fd);
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_leaves_of_a_range),
		cmocka_unit_test(anything_else_is_no_page),
		cmocka_unit_test(a_page_that_names_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
