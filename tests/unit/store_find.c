/* A search's program as SQL, on tables as keeper has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "store/err.h"
#include "store/field.h"
#include "store/find.h"

enum { MAILS = 20000, SPARSE = 8000 };

static struct reader reader;

static int
begin(void **state)
{
	(void)state;
	memset(&reader, 0, sizeof reader);
	reader.root = -1;
	if (sqlite3_open(":memory:", &reader.sql.db) != SQLITE_OK)
		return -1;
	return sqlite3_exec(reader.sql.db, "CREATE TABLE mail(uid INTEGER,"
	    " mbox INTEGER, msg INTEGER, flags INTEGER, modseq INTEGER,"
	    " PRIMARY KEY(mbox, uid)) WITHOUT ROWID;"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 20000) INSERT INTO mail SELECT i, 1, i, i % 2, i"
	    " FROM n", NULL, NULL, NULL);
}

static int
end(void **state)
{
	(void)state;
	return sqlite3_close(reader.sql.db);
}

static void
put(struct buf *b, uint8_t key)
{
	chan_put_u8(b, key);
}

/* Every other UID: n ranges of one. */
static void
put_sparse(struct buf *b, uint32_t n)
{
	uint32_t i;

	put(b, FIND_UIDS);
	chan_put_u32(b, n);
	for (i = 0; i < n; i++) {
		chan_put_u32(b, 2 * i + 1);
		chan_put_u32(b, 2 * i + 1);
	}
}

/* How many are found. */
static uint32_t
search(const struct buf *prog)
{
	struct find *f = find_new(&reader, 1, MAILS + 1);
	struct chan_in in;
	uint32_t n;

	assert_non_null(f);
	chan_in_init(&in, prog->data, prog->len);
	assert_int_equal(find_build(f, &in), OP_OK);
	assert_int_equal(find_run(f), SQLITE_OK);
	n = f->done.n;
	find_free(f);
	return n;
}

/* What a client saved of one search, it asks for in the next: RFC 5182. */
static void
a_set_may_have_many_holes(void **state)
{
	static const uint32_t sizes[] = { 1, 127, 128, 129, 1000, SPARSE };
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		buf_init(&b, CHAN_DATA_MAX);
		put_sparse(&b, sizes[i]);
		assert_int_equal(search(&b), sizes[i]);
		buf_clear(&b);
	}
	buf_init(&b, CHAN_DATA_MAX);
	put_sparse(&b, 0);
	assert_int_equal(search(&b), 0);
	buf_clear(&b);
}

/* As many keys as there may be, beside each other. */
static void
a_search_may_have_many_keys(void **state)
{
	uint32_t i, n = FIND_NODES_MAX - 1;
	struct buf b;

	(void)state;
	buf_init(&b, CHAN_DATA_MAX);
	put(&b, FIND_AND);
	chan_put_u32(&b, n);
	for (i = 0; i < n; i++) {
		put(&b, FIND_FLAGS);
		chan_put_u32(&b, 1);
	}
	assert_int_equal(search(&b), MAILS / 2);
	buf_clear(&b);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, begin, end)

/* Nothing is overlooked for the sake of speed: not asked is only who lacks
 * the field. */
static void
names_of_fields(void **state)
{
	static const char head[] = "Received: a\r\n\tb\r\nX-Spam : yes\r\n"
	    "no field\r\nreceived: c\r\n\r\nX-Body: no\r\n";
	char line[32];
	struct buf many, b;
	int i;

	(void)state;
	buf_init(&b, 10000);
	buf_init(&many, 10000);
	assert_true(field_names_may(NULL, 0, "X-Spam"));
	field_names_put(&b, head, head + strlen(head));
	assert_int_equal(b.len, 6);
	assert_true(field_names_may(b.data, b.len, "x-spam"));
	assert_true(field_names_may(b.data, b.len, "RECEIVED"));
	assert_false(field_names_may(b.data, b.len, "X-Body"));
	assert_false(field_names_may(b.data, b.len, "X-Spa"));
	/* Of no header at all it is known that it has none. */
	buf_reset(&b);
	field_names_put(&b, "", "");
	assert_false(field_names_may(b.data, b.len, "X-Spam"));
	/* At the limit, and one past it. */
	for (i = 0; i < FIELD_NAMES_MAX; i++) {
		snprintf(line, sizeof line, "X-%d: v\n", i * 7919);
		(void)buf_adds(&many, line);
	}
	buf_reset(&b);
	field_names_put(&b, (char *)many.data, (char *)many.data + many.len);
	assert_true(b.len > 2 && field_names_may(b.data, b.len, "X-7919") &&
	    !field_names_may(b.data, b.len, "X-Spam"));
	(void)buf_adds(&many, "X-Spam: yes\nX-Spam-2: yes\nX-Spam-3: 3\n");
	buf_reset(&b);
	field_names_put(&b, (char *)many.data, (char *)many.data + many.len);
	assert_true(field_names_may(b.data, b.len, "X-Spam"));
	assert_int_equal(b.len, 0);
	buf_clear(&many);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_set_may_have_many_holes),
		T(a_search_may_have_many_keys),
		T(names_of_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
