/* Lists through the ops, from a reader in another process. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "mailnode/base/clock.h"
#include "store/err.h"
#include "store/op_msg.h"
#include "store/reader.h"
#include "store/row.h"
#include "store/row_sql.h"

static char home[64], maildir[80];
static const char *only;
static sqlite3 *db;
static struct rows *rows;
static int ch = -1;
static pid_t child;
static uint32_t uid;

static void
exec(const char *sql)
{
	char *err = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &err) != SQLITE_OK)
		fail_msg("%s: %s", sql, err);
}

static int64_t ahead;		/* of their arrival, s */

static void
add_full(uint64_t mbox, int64_t date, const char *id, const char *refs,
    const char *subject)
{
	char name[64];
	struct row_new n = { .mbox = mbox, .uid = ++uid, .modseq = uid,
	    .received = date - ahead, .name = name, .tags = "t", .index = false };
	struct parse_row p = { .date = date, .size = 5, .wire = 5,
	    .msgid = id, .irt = "", .refs = refs, .subject = subject,
	    .base = subject, .from = "Ann <a@x>", .to = "b@x", .cc = "",
	    .author = "Ann", .list_id = "", .snippet = "hello" };
	uint64_t row;

	snprintf(name, sizeof name, "cur/%u:2,", uid);
	snprintf((char *)p.hash, sizeof p.hash, "%u", uid);
	assert_int_equal(row_add(rows, &n, &p, &row), 0);
}

static void
add(uint64_t mbox, int64_t date, const char *id, const char *refs)
{
	add_full(mbox, date, id, refs, "subject");
}

static void
serve(int fd)
{
	static const struct saved_query q[] = {
		{ "unread", "tag:unread" }, { "x", "from:x" } };
	struct op_server srv;
	struct reader r;
	struct loop *l = loop_new();

	reader_init(&r, home, maildir);
	r.only = only;
	r.saved = q;
	r.nsaved = 2;
	op_server_init(&srv, l, list_ops, &r);
	op_server_more(&srv, msg_ops);
	op_server_add(&srv, fd, ROLE_OWNER, 1);
	while (srv.peers != NULL && loop_turn(l, 10000) == 0)
		;
	op_server_clear(&srv);
	reader_clear(&r);
	loop_free(l);
	exit(0);
}

static void
open_db(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/store.db", home);
	assert_int_equal(sqlite3_open(path, &db), 0);
	exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
	    "CREATE TABLE state(name TEXT, value);"
	    "CREATE TABLE mailbox(id INTEGER PRIMARY KEY, name TEXT,"
	    " modseq INTEGER);"
	    "INSERT INTO mailbox VALUES(1,'INBOX',7),(2,'Trash',0)");
	exec(row_schema);
	rows = rows_new(db);
	assert_non_null(rows);
}

static int
set_up(void **state)
{
	int fds[2];

	(void)state;
	uid = 0;
	snprintf(home, sizeof home, "/tmp/store_list.XXXXXX");
	assert_non_null(mkdtemp(home));
	snprintf(maildir, sizeof maildir, "%s/mail", home);
	mkdir(maildir, 0700);
	open_db();
	assert_int_equal(chan_pair(fds), 0);
	child = fork();
	if (child == 0) {
		close(fds[0]);
		serve(fds[1]);
	}
	close(fds[1]);
	ch = fds[0];
	return 0;
}

static int
tear_down(void **state)
{
	char cmd[128];
	int status;

	(void)state;
	close(ch);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	rows_free(rows);
	sqlite3_close(db);
	snprintf(cmd, sizeof cmd, "rm -rf %s", home);
	return system(cmd);
}

static void
pages_meet_without_gap(void **state)
{
	struct list_ask ask = { .mbox = 1, .n = 3 };
	struct list_threads t;
	char id[16];
	int64_t last = INT64_MAX;
	uint64_t last_id = 0;
	size_t seen = 0;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		snprintf(id, sizeof id, "m%d", i);
		add(1, 1000 + i / 2, id, "");	/* two of each second */
	}
	do {
		assert_int_equal(list_threads(ch, &ask, &t), 0);
		for (i = 0; i < (int)t.n; i++) {
			assert_true(t.row[i].date < last ||
			    (t.row[i].date == last && t.row[i].id < last_id));
			last = t.row[i].date;
			last_id = t.row[i].id;
			assert_string_equal(t.row[i].authors, "Ann");
			assert_string_equal(t.row[i].tags, "t");
			assert_int_equal(t.row[i].unread, 1);
			seen++;
		}
		ask.from = t.next;
		i = t.more;
		list_threads_clear(&t);
	} while (i);
	assert_int_equal(seen, 10);
	/* And back. */
	ask.newer = true;
	ask.n = 500;
	assert_int_equal(list_threads(ch, &ask, &t), 0);
	assert_int_equal(t.n, 9);
	assert_false(t.more);
	list_threads_clear(&t);
}

/* A Date years ahead is shown, and not believed: also when its thread is
 * counted anew. */
static void
future_is_not_on_top(void **state)
{
	static const char *const want[] = { "late", "future", "now" };
	struct list_ask ask = { .mbox = 1, .n = 10 };
	int64_t far = clock_wall_s() + 400000000;
	struct list_threads t;
	size_t i, round;

	(void)state;
	add(1, 1000, "now", "");
	ahead = far - 1000;
	add(1, far, "future", "");
	ahead = 0;
	add(1, 1000 + 2 * 86400, "late", "");
	for (round = 0; round < 2; round++) {
		assert_int_equal(list_threads(ch, &ask, &t), 0);
		assert_int_equal(t.n, 3);
		for (i = 0; i < 3; i++)
			assert_string_equal(t.row[i].msgid, want[i]);
		assert_true(t.row[1].date == far);
		assert_int_equal(thread_count(rows, 1, t.row[1].id), 0);
		list_threads_clear(&t);
	}
}

/* The order of a whole list by pages of two, as digits of its subjects. */
static void
order_is(enum list_sort sort, bool reverse, const char *want)
{
	struct list_ask ask = { .mbox = 1, .n = 2, .sort = sort,
	    .reverse = reverse };
	struct list_threads t;
	char got[10] = "";
	size_t i, n = 0;
	bool more;

	do {
		assert_int_equal(list_threads(ch, &ask, &t), 0);
		for (i = 0; i < t.n && n < sizeof got - 1; i++)
			got[n++] = t.row[i].subject[1];
		more = t.more;
		ask.from = t.next;
		list_threads_clear(&t);
	} while (more);
	assert_string_equal(got, want);
	/* And up from the end, which is the other way round. */
	memset(&ask.from, 0, sizeof ask.from);
	ask.newer = true;
	do {
		assert_int_equal(list_threads(ch, &ask, &t), 0);
		for (i = 0; i < t.n; i++)
			assert_int_equal(t.row[i].subject[1], got[--n]);
		more = t.more;
		ask.from = t.next;
		list_threads_clear(&t);
	} while (more);
	assert_int_equal(n, 0);
}

static void
every_order(void **state)
{
	static const char *const subject[] = { "C1", "a2", "B3", "a4", "d5" };
	char id[16];
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		snprintf(id, sizeof id, "s%zu", i);
		add_full(1, 1000 + (int64_t)i, id, "", subject[i]);
	}
	exec("UPDATE thread_box SET unread=(date IN (1001,1003)),"
	    "flagged=(date IN (1000,1002)),"
	    "authors=substr('zoeAnnBobbobeve',1+3*(date-1000),3),"
	    "size=CASE date WHEN 1004 THEN 1 ELSE date END");
	order_is(LIST_BY_DATE, false, "54321");
	order_is(LIST_BY_DATE, true, "12345");
	/* The two of Bob are given one author: of a tie the newest first. */
	exec("UPDATE thread_box SET authors='bob' WHERE authors='Bob'");
	order_is(LIST_BY_FROM, false, "24351");
	order_is(LIST_BY_FROM, true, "15342");
	order_is(LIST_BY_SUBJECT, false, "24315");
	order_is(LIST_BY_SUBJECT, true, "51342");
	order_is(LIST_BY_SIZE, false, "43215");
	order_is(LIST_BY_SIZE, true, "51234");
	order_is(LIST_BY_UNREAD, false, "42531");
	order_is(LIST_BY_FLAG, false, "31542");
	order_is(LIST_BY_FLAG, true, "24513");
}

/* However many rows: by an index, with no scan and no sorting. */
static void
orders_have_an_index(void **state)
{
	static const char *const want[] = { "thread_box_date",
	    "thread_box_from", "thread_box_subject", "thread_box_size",
	    "thread_box_unread", "thread_box_flag" };
	char sql[2000], plan[100];
	const char *text;
	sqlite3_stmt *st;
	struct reader r;
	int i, step;

	(void)state;
	reader_init(&r, home, maildir);
	for (i = 0; i < 2 * LIST_SORT_N; i++) {
		snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s",
		    r.sql.text[RSQL_DESC + i]);
		snprintf(plan, sizeof plan, "SEARCH t USING INDEX %s (mbox=? "
		    "AND (", want[i % LIST_SORT_N]);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL),
		    SQLITE_OK);
		for (step = 0; sqlite3_step(st) == SQLITE_ROW; step++) {
			text = (const char *)sqlite3_column_text(st, 3);
			if (strncmp(text, "SEARCH", 6) != 0 || (step == 0 &&
			    strncmp(text, plan, strlen(plan)) != 0))
				fail_msg("%s", text);
		}
		assert_int_equal(step, 3);
		sqlite3_finalize(st);
	}
	reader_clear(&r);
}

static void
sidebar_counts(void **state)
{
	struct list_sidebar s;

	(void)state;
	add(1, 1, "a", "");
	add(1, 2, "b", "");
	add(2, 3, "c", "");
	assert_int_equal(list_sidebar(ch, &s), 0);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.box[0].name, "INBOX");
	assert_int_equal(s.box[0].total, 2);
	assert_int_equal(s.box[0].unread, 2);
	assert_int_equal(s.box[0].modseq, 7);
	assert_string_equal(s.box[2].name, "unread");
	assert_int_equal(s.box[2].unread, 3);
	assert_true(s.box[3].unread == LIST_UNKNOWN);
	list_sidebar_clear(&s);
}

static void
thread_is_a_tree(void **state)
{
	static const struct { const char *id; uint32_t depth; } want[] = {
		{ "a", 0 }, { "b", 1 }, { "d", 2 }, { "c", 1 }, { "c", 1 },
		{ "e", 0 } };
	struct list_msgs_ask ask = { .which = LIST_OF_THREAD, .id = 1,
	    .n = 100 };
	struct list_msgs m;
	size_t i;

	(void)state;
	add(1, 10, "a", "");
	add(1, 20, "b", "a");
	add(1, 30, "c", "a");
	add(1, 40, "d", "a b");
	add(1, 50, "e", "lost");
	add(1, 60, "f", "lost a");	/* joins e to the rest, under a */
	add(2, 70, "c", "a");
	exec("DELETE FROM mail WHERE uid=6; DELETE FROM msg WHERE uid=6");
	assert_int_equal(list_msgs(ch, &ask, &m), 0);
	assert_int_equal(m.n, 6);
	for (i = 0; i < m.n; i++) {
		assert_string_equal(m.row[i].msgid, want[i].id);
		assert_int_equal(m.row[i].depth, want[i].depth);
		assert_int_equal(m.row[i].other_copy, i == 4);
	}
	assert_string_equal(m.row[4].folder, "Trash");
	list_msgs_clear(&m);
	ask.skip = 4;
	ask.n = 1;
	assert_int_equal(list_msgs(ch, &ask, &m), 0);
	assert_int_equal(m.n, 1);
	assert_true(m.more);
	list_msgs_clear(&m);
}

static void
pages_are_put_together(void **state)
{
	static const char *const want[] = { "a", "b", "d", "c" };
	struct list_msgs_ask ask = { .which = LIST_OF_THREAD, .id = 1,
	    .n = 1 };
	struct list_msgs all = { .n = 0 }, m;
	size_t i;

	(void)state;
	add(1, 10, "a", "");
	add(1, 20, "b", "a");
	add(1, 30, "c", "a");
	add(1, 40, "d", "a b");
	do {
		ask.skip = (uint32_t)all.n;
		assert_int_equal(list_msgs(ch, &ask, &m), 0);
		assert_true(list_msgs_append(&all, &m));
		list_msgs_clear(&m);
		ask.n = 2;
	} while (all.more);
	assert_int_equal(all.n, 4);
	for (i = 0; i < all.n; i++) {
		assert_string_equal(all.row[i].msgid, want[i]);
		assert_string_equal(all.row[i].folder, "INBOX");
	}
	list_msgs_clear(&all);
}

/* Two that answer each other, and a chain deeper than any stack. */
static void
thread_survives_rings_and_depth(void **state)
{
	struct list_msgs_ask ask = { .which = LIST_OF_THREAD, .id = 1,
	    .n = 500 };
	struct list_msgs m;
	char id[16], up[16] = "y";
	int i;

	(void)state;
	add(1, 1, "x", "y");
	add(1, 2, "y", "x");
	exec("BEGIN");
	for (i = 0; i < 3000; i++) {
		snprintf(id, sizeof id, "n%d", i);
		add(1, 3 + i, id, up);
		memcpy(up, id, sizeof up);
	}
	exec("COMMIT");
	assert_int_equal(list_msgs(ch, &ask, &m), 0);
	assert_int_equal(m.n, 500);
	assert_true(m.more);
	assert_int_equal(m.row[499].depth, 498);
	list_msgs_clear(&m);
	ask.skip = 3001;
	assert_int_equal(list_msgs(ch, &ask, &m), 0);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.row[0].depth, 1000);
	assert_false(m.more);
	list_msgs_clear(&m);
}

/* A page that does not fit its record ends early and goes on. */
static void
long_rows_make_short_pages(void **state)
{
	struct list_ask ask = { .mbox = 1, .n = 500 };
	struct list_threads t;
	char id[16], *subject;
	size_t seen = 0;
	bool more;
	int i;

	(void)state;
	subject = calloc(1, 1000);
	memset(subject, 's', 999);
	for (i = 0; i < 400; i++) {
		snprintf(id, sizeof id, "m%d", i);
		add_full(1, i, id, "", subject);
	}
	free(subject);
	do {
		assert_int_equal(list_threads(ch, &ask, &t), 0);
		assert_in_range(t.n, 1, 150);
		seen += t.n;
		ask.from = t.next;
		more = t.more;
		list_threads_clear(&t);
	} while (more);
	assert_int_equal(seen, 400);
}

static void
opens_files_read_only(void **state)
{
	struct msg_info info;
	char path[160], seen[160], got[8] = "";
	int fd, out;

	(void)state;
	add(1, 5, "a", "");
	assert_int_equal(msg_open(ch, 1, &info, &fd), STORE_NOTFOUND);
	assert_int_equal(fd, -1);
	snprintf(path, sizeof path, "%s/INBOX", maildir);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/INBOX/cur", maildir);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/INBOX/cur/1:2,", maildir);
	out = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(out, "hello", 5), 5);
	close(out);
	assert_int_equal(msg_open(ch, 1, &info, &fd), 0);
	assert_string_equal(info.folder, "INBOX");
	assert_string_equal(info.msgid, "a");
	assert_int_equal(read(fd, got, 5), 5);
	assert_string_equal(got, "hello");
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
	msg_info_clear(&info);
	/* Another program has marked it; its row does not say so yet. */
	snprintf(seen, sizeof seen, "%s/INBOX/cur/1:2,S", maildir);
	assert_int_equal(rename(path, seen), 0);
	assert_int_equal(msg_open(ch, 1, &info, &fd), 0);
	close(fd);
	msg_info_clear(&info);
	assert_int_equal(msg_open(ch, 99, &info, &fd), STORE_NOTFOUND);
}

static void
a_new_database_is_noticed(void **state)
{
	struct list_sidebar s;
	char path[128];

	(void)state;
	add(1, 1, "a", "");
	assert_int_equal(list_sidebar(ch, &s), 0);
	assert_int_equal(s.box[0].total, 1);
	list_sidebar_clear(&s);
	rows_free(rows);
	sqlite3_close(db);
	snprintf(path, sizeof path, "%s/store.db", home);
	unlink(path);
	assert_int_equal(list_sidebar(ch, &s), STORE_GONE);
	uid = 0;
	open_db();
	assert_int_equal(list_sidebar(ch, &s), 0);
	assert_int_equal(s.box[0].total, 0);
	list_sidebar_clear(&s);
}

static void
refuses_what_is_out_of_range(void **state)
{
	struct list_ask ask = { .mbox = 1, .n = 0 };
	struct list_msgs_ask mask = { .which = LIST_OF_MSG, .n = 501 };
	struct list_threads t;
	struct list_msgs m;

	(void)state;
	assert_int_equal(list_threads(ch, &ask, &t), OP_BAD);
	ask.n = LIST_PAGE_MAX + 1;
	assert_int_equal(list_threads(ch, &ask, &t), OP_BAD);
	assert_int_equal(list_msgs(ch, &mask, &m), OP_BAD);
	mask.n = 1;
	mask.id = 12345;
	assert_int_equal(list_msgs(ch, &mask, &m), STORE_NOTFOUND);
	/* A query needs an index. */
	ask = (struct list_ask){ .query = "x", .n = 1 };
	assert_int_equal(list_threads(ch, &ask, &t), STORE_NOTFOUND);
}

static int
set_up_one(void **state)
{
	only = "INBOX";
	return set_up(state);
}

static int
tear_down_one(void **state)
{
	only = NULL;
	return tear_down(state);
}

/* A reader of one folder: the others are not there, by any op. */
static void
one_folder_is_all_there_is(void **state)
{
	struct list_msgs_ask mask = { .which = LIST_OF_MSG, .n = 10 };
	struct list_ask ask = { .mbox = 1, .n = 10 };
	struct list_sidebar s;
	struct list_threads t;
	struct list_msgs m;

	(void)state;
	add(1, 1000, "in", "");
	add(2, 1001, "out", "<in>");	/* of the same thread */
	assert_int_equal(list_sidebar(ch, &s), 0);
	assert_int_equal(s.n, 3);	/* and the saved queries */
	assert_string_equal(s.box[0].name, "INBOX");
	assert_int_equal(s.box[1].id, 0);
	list_sidebar_clear(&s);
	assert_int_equal(list_threads(ch, &ask, &t), 0);
	assert_int_equal(t.n, 1);
	list_threads_clear(&t);
	ask.mbox = 2;
	assert_int_equal(list_threads(ch, &ask, &t), 0);
	assert_int_equal(t.n, 0);
	list_threads_clear(&t);
	mask.id = 1;
	assert_int_equal(list_msgs(ch, &mask, &m), 0);
	list_msgs_clear(&m);
	mask.id = 2;
	assert_int_equal(list_msgs(ch, &mask, &m), STORE_NOTFOUND);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(pages_meet_without_gap),
		T(every_order),
		T(orders_have_an_index),
		T(sidebar_counts),
		T(future_is_not_on_top), T(thread_is_a_tree), T(pages_are_put_together),
		T(thread_survives_rings_and_depth),
		T(long_rows_make_short_pages),
		T(opens_files_read_only),
		T(a_new_database_is_noticed),
		T(refuses_what_is_out_of_range),
		cmocka_unit_test_setup_teardown(one_folder_is_all_there_is,
		    set_up_one, tear_down_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
