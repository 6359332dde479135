#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "store/row.h"

static sqlite3 *db;
static struct rows *rows;
static uint32_t uid;
static uint64_t modseq;

static void
exec(const char *sql)
{
	char *err = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &err) != SQLITE_OK)
		fail_msg("%s: %s", sql, err);
}

static int64_t
one(const char *sql)
{
	sqlite3_stmt *s;
	int64_t v;

	assert_int_equal(rows_settle(rows), 0);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), 0);
	v = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	sqlite3_finalize(s);
	return v;
}

static void
text_is(const char *sql, const char *want)
{
	sqlite3_stmt *s;

	assert_int_equal(rows_settle(rows), 0);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), 0);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(s, 0), want);
	sqlite3_finalize(s);
}

static int
set_up(void **state)
{
	(void)state;
	uid = 0;
	modseq = 0;
	assert_int_equal(sqlite3_open(":memory:", &db), 0);
	exec("CREATE TABLE mailbox(id INTEGER PRIMARY KEY, name TEXT);"
	    "INSERT INTO mailbox VALUES(1,'INBOX'),(2,'Lists/linux')");
	exec(row_schema);
	rows = rows_new(db);
	assert_non_null(rows);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rows_free(rows);
	sqlite3_close(db);
	return 0;
}

struct m {
	uint64_t	mbox;
	const char	*id, *refs, *irt, *subject, *author;
	int64_t		date;
	uint32_t	flags;
	const char	*tags;
};

static uint64_t
add(const struct m *m)
{
	char name[64];
	struct row_new n = { .mbox = m->mbox, .uid = ++uid,
	    .modseq = ++modseq, .flags = m->flags, .received = 99,
	    .name = name, .tags = m->tags != NULL ? m->tags : "",
	    .index = true };
	struct parse_row p = { .date = m->date, .size = 10, .wire = 10,
	    .msgid = m->id, .irt = m->irt != NULL ? m->irt : "",
	    .refs = m->refs != NULL ? m->refs : "",
	    .subject = m->subject != NULL ? m->subject : "s",
	    .from = "f", .to = "t", .cc = "",
	    .author = m->author != NULL ? m->author : "A",
	    .list_id = "", .snippet = "" };
	uint64_t id;

	snprintf(name, sizeof name, "new/%u", uid);
	snprintf((char *)p.hash, sizeof p.hash, "%u", uid);
	p.base = strncmp(p.subject, "Re: ", 4) == 0 ? p.subject + 4 :
	    p.subject;
	assert_int_equal(row_add(rows, &n, &p, &id), 0);
	assert_int_not_equal(id, 0);
	return id;
}

static uint64_t
thread_of_row(uint64_t id)
{
	struct row_at at;

	assert_int_equal(row_get(rows, id, &at), 0);
	return at.thread;
}

static void
references_join(void **state)
{
	uint64_t a = add(&(struct m){ 1, "a", .date = 10 });
	uint64_t b = add(&(struct m){ 1, "b", .refs = "a", .date = 20 });
	uint64_t c = add(&(struct m){ 1, "c", .irt = "b", .date = 30 });
	uint64_t x = add(&(struct m){ 1, "x", .date = 40 });

	(void)state;
	assert_int_equal(thread_of_row(a), thread_of_row(b));
	assert_int_equal(thread_of_row(a), thread_of_row(c));
	assert_int_not_equal(thread_of_row(a), thread_of_row(x));
	assert_int_equal(one("SELECT count FROM thread_box"
	    " ORDER BY date LIMIT 1"), 3);
}

/* An id that is given once more is not taken for the thread of before. */
static void
an_id_comes_again(void **state)
{
	uint64_t a = add(&(struct m){ 1, "a", .date = 10 }), b, c;

	(void)state;
	b = add(&(struct m){ 1, "b", .date = 20 });
	c = add(&(struct m){ 1, "c", .refs = "a b", .date = 30 });
	assert_int_equal(thread_of_row(b), thread_of_row(a));
	assert_int_equal(row_remove(rows, b, ++modseq), 0);
	assert_int_equal(row_remove(rows, c, ++modseq), 0);
	rows_free(rows);
	rows = rows_new(db);
	assert_non_null(rows);
	b = add(&(struct m){ 1, "d", .date = 40 });
	c = add(&(struct m){ 1, "e", .irt = "d", .date = 50 });
	assert_int_not_equal(thread_of_row(b), thread_of_row(a));
	assert_int_equal(thread_of_row(c), thread_of_row(b));
}

static void
a_late_parent_joins_two_threads(void **state)
{
	uint64_t b = add(&(struct m){ 1, "b", .refs = "r a", .date = 20 });
	uint64_t d = add(&(struct m){ 2, "d", .irt = "c", .date = 40 });
	uint64_t c, e;

	(void)state;
	assert_int_not_equal(thread_of_row(b), thread_of_row(d));
	c = add(&(struct m){ 1, "c", .refs = "r a", .date = 30 });
	assert_int_equal(thread_of_row(b), thread_of_row(c));
	assert_int_equal(thread_of_row(d), thread_of_row(c));
	/* An id that was known by the thread that is no more. */
	e = add(&(struct m){ 2, "e", .irt = "d", .date = 50 });
	assert_int_equal(thread_of_row(e), thread_of_row(b));
	assert_int_equal(one("SELECT count FROM thread_box WHERE mbox=1"), 2);
	assert_int_equal(one("SELECT count FROM thread_box WHERE mbox=2"), 2);
	assert_int_equal(one("SELECT count(*) FROM thread_box"), 2);
}

static void
a_subject_joins_only_bare_answers(void **state)
{
	uint64_t a = add(&(struct m){ 1, "a", .subject = "Lunch",
	    .date = 1000000 });
	uint64_t b = add(&(struct m){ 1, "b", .subject = "Re: Lunch",
	    .date = 1000100 });
	uint64_t c = add(&(struct m){ 1, "c", .subject = "Lunch",
	    .date = 1000200 });
	uint64_t d = add(&(struct m){ 1, "d", .subject = "Re: Lunch",
	    .irt = "elsewhere", .date = 1000300 });
	uint64_t e = add(&(struct m){ 1, "e", .subject = "Re: Lunch",
	    .date = 1000000 + 100 * 86400 });

	(void)state;
	assert_int_equal(thread_of_row(a), thread_of_row(b));
	assert_int_not_equal(thread_of_row(a), thread_of_row(c));
	assert_int_not_equal(thread_of_row(a), thread_of_row(d));
	assert_int_not_equal(thread_of_row(a), thread_of_row(e));
}

static void
lines_follow_flags_tags_and_moves(void **state)
{
	uint64_t a = add(&(struct m){ 1, "a", .author = "Ann", .date = 10,
	    .tags = "work" });
	uint64_t b = add(&(struct m){ 1, "b", .refs = "a", .author = "Bob",
	    .date = 20, .tags = "later work" });
	uint64_t c = add(&(struct m){ 1, "c", .refs = "a", .author = "Ann",
	    .date = 30, .flags = STORE_SEEN });

	(void)state;
	text_is("SELECT authors FROM thread_box", "Ann, Bob");
	text_is("SELECT tags FROM thread_box", "work later");
	assert_int_equal(one("SELECT unread FROM thread_box"), 2);
	assert_int_equal(one("SELECT unread FROM box_count"), 2);
	assert_int_equal(one("SELECT newest FROM thread_box"), (int64_t)c);
	assert_int_equal(row_flags(rows, b, STORE_SEEN | STORE_FLAGGED,
	    "cur/2:2,FS", ++modseq), 0);
	assert_int_equal(one("SELECT unread FROM thread_box"), 1);
	assert_int_equal(one("SELECT flagged FROM thread_box"), 1);
	assert_int_equal(one("SELECT unread FROM box_count"), 1);
	assert_int_equal(row_tags(rows, b, "", ++modseq), 0);
	text_is("SELECT tags FROM thread_box", "work");
	assert_int_equal(row_move(rows, c, 2, 77, "cur/9:2,S", 101,
	    102), 0);
	assert_int_equal(one("SELECT newest FROM thread_box WHERE mbox=1"),
	    (int64_t)b);
	assert_int_equal(one("SELECT count FROM thread_box WHERE mbox=2"), 1);
	assert_int_equal(one("SELECT total FROM box_count WHERE mbox=1"), 2);
	assert_int_equal(one("SELECT total FROM box_count WHERE mbox=2"), 1);
	assert_int_equal(one("SELECT uid FROM gone WHERE mbox=1"), 3);
	assert_int_equal(row_remove(rows, a, ++modseq), 0);
	assert_int_equal(row_remove(rows, b, ++modseq), 0);
	assert_int_equal(row_remove(rows, b, ++modseq), 0);	/* again */
	assert_int_equal(one("SELECT count(*) FROM thread_box WHERE mbox=1"),
	    0);
	assert_int_equal(one("SELECT total FROM box_count WHERE mbox=1"), 0);
	assert_int_equal(row_remove(rows, c, ++modseq), 0);
	assert_int_equal(one("SELECT count(*) FROM msg"), 0);
	assert_int_equal(one("SELECT count(*) FROM thread_id"), 1);
}

static int
work(void *n)
{
	(*(int *)n)++;
	return 0;
}

/* Of a large thread many change at once: it is read through once. */
static void
a_large_thread_is_counted_once(void **state)
{
	uint64_t id[1000];
	sqlite3_stmt *s = NULL;
	char name[16];
	int i, n = 0;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "m%d", i);
		id[i] = add(&(struct m){ 1, name, .refs = "root",
		    .date = i });
	}
	assert_int_equal(one("SELECT count FROM thread_box"), 1000);
	sqlite3_progress_handler(db, 1000, work, &n);
	for (i = 0; i < 300; i++)
		assert_int_equal(row_remove(rows, id[i], ++modseq), 0);
	for (; i < 600; i++)
		assert_int_equal(row_move(rows, id[i], 2, ++uid, "cur/x:2,",
		    modseq, modseq + 1), 0);
	for (; i < 900; i++)
		assert_int_equal(row_tags(rows, id[i], "t", ++modseq), 0);
	assert_int_equal(one("SELECT count FROM thread_box WHERE mbox=1"),
	    400);
	text_is("SELECT tags FROM thread_box WHERE mbox=1", "t");
	assert_int_equal(one("SELECT count FROM thread_box WHERE mbox=2"),
	    300);
	assert_in_range(n, 0, 1000);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	/* And in the order of its index. */
	while ((s = sqlite3_next_stmt(db, s)) != NULL)
		assert_int_equal(sqlite3_stmt_status(s,
		    SQLITE_STMTSTATUS_SORT, 0), 0);
}

static void
the_index_learns_each_step(void **state)
{
	uint64_t a = add(&(struct m){ 1, "a", .date = 10 });

	(void)state;
	text_is("SELECT now FROM index_todo WHERE was=''", "INBOX/new/1");
	row_move(rows, a, 2, 5, "cur/1:2,S", 101, 102);
	text_is("SELECT was||' '||now FROM index_todo"
	    " ORDER BY seq DESC LIMIT 1",
	    "INBOX/new/1 Lists/linux/cur/1:2,S");
	exec("UPDATE mailbox SET name='L' WHERE id=2");
	assert_int_equal(row_mbox_renamed(rows, 2, "Lists/linux"), 0);
	text_is("SELECT was||' '||now FROM index_todo"
	    " ORDER BY seq DESC LIMIT 1",
	    "Lists/linux/cur/1:2,S L/cur/1:2,S");
	assert_int_equal(row_mbox_gone(rows, 2), 0);
	text_is("SELECT was||'|'||now FROM index_todo"
	    " ORDER BY seq DESC LIMIT 1", "L/cur/1:2,S|");
	assert_int_equal(one("SELECT count(*) FROM msg"), 0);
}

static void
finds_content_and_uids(void **state)
{
	uint64_t a = add(&(struct m){ 1, "a", .date = 10 }), id;
	uint8_t hash[32] = "1";
	struct row_at at;

	(void)state;
	assert_int_equal(row_by_hash(rows, 1, hash, &id), 0);
	assert_int_equal(id, a);
	assert_int_equal(row_by_hash(rows, 2, hash, &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(row_at_uid(rows, 1, 1, &at), 0);
	assert_int_equal(at.id, a);
	assert_string_equal(at.name, "new/1");
	assert_int_equal(row_at_uid(rows, 1, 2, &at), SQLITE_DONE);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(references_join),
		T(an_id_comes_again),
		T(a_late_parent_joins_two_threads),
		T(a_subject_joins_only_bare_answers),
		T(lines_follow_flags_tags_and_moves),
		T(a_large_thread_is_counted_once),
		T(the_index_learns_each_step),
		T(finds_content_and_uids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
