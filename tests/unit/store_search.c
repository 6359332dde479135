/* Queries: what the index finds, as rows of lists. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "store/find.h"
#include "store/index.h"
#include "store/reader.h"
#include "store/row.h"
#include "store/search.h"

enum { N = 30 };

static char home[64], maildir[80];
static sqlite3 *db;
static struct rows *rows;
static struct reader r;
static struct index *x;
static char seen[4000];
static size_t nseen;

/* Written and listed; the index learns it in the batch that is open. */
static void
learn(const char *name, const char *id, const char *ref, int64_t date)
{
	char path[512], text[1200], rel[200], field[80];
	const struct tm *tm;
	time_t at = date;
	struct row_new n = { .mbox = 1, .received = date, .name = rel,
	    .tags = "", .index = false };
	struct parse_row p = { .date = date, .size = 5, .wire = 5,
	    .msgid = id, .irt = "", .refs = ref, .subject = id, .base = id,
	    .from = "Ann <a@x>", .to = "", .cc = "", .author = "Ann",
	    .list_id = "", .snippet = "" };
	struct index_item i = { .was = "", .tags = "" };
	static uint32_t uid;
	uint64_t row;
	int fd, len;

	snprintf(rel, sizeof rel, "cur/%s,I=9.%u:2,", name, ++uid);
	snprintf(path, sizeof path, "%s/INBOX/%s", maildir, rel);
	/* The index dates a message by its field, in whole seconds. */
	tm = gmtime(&at);
	strftime(field, sizeof field, "Date: %a, %d %b %Y %T +0000\n", tm);
	len = snprintf(text, sizeof text, "From: Ann <a@x>\nSubject: all\n"
	    "%s%s%s%s\nhello\n", date != 0 ? field : "",
	    strchr(id, '@') != NULL ? "Message-ID: <" : "",
	    strchr(id, '@') != NULL ? id : "",
	    strchr(id, '@') != NULL ? ">\n" : "");
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, text, (size_t)len), len);
	close(fd);
	n.uid = uid;
	n.modseq = uid;
	snprintf((char *)p.hash, sizeof p.hash, "%u", uid);
	assert_int_equal(row_add(rows, &n, &p, &row), 0);
	snprintf(path, sizeof path, "INBOX/%s", rel);
	i.now = path;
	assert_int_equal(index_apply(x, &i, false), STORE_OK);
}

static void
letter(const char *name, const char *id, const char *ref, int64_t date)
{
	char state[INDEX_STATE_MAX];

	assert_int_equal(index_begin(x), STORE_OK);
	learn(name, id, ref, date);
	assert_int_equal(index_end(x, state), STORE_OK);
}

static int
set_up(void **state)
{
	char path[128], why[256];

	(void)state;
	snprintf(home, sizeof home, "/tmp/store_search.XXXXXX");
	assert_non_null(mkdtemp(home));
	snprintf(maildir, sizeof maildir, "%s/mail", home);
	mkdir(maildir, 0700);
	snprintf(path, sizeof path, "%s/INBOX", maildir);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/INBOX/cur", maildir);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/store.db", home);
	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=OFF;"
	    "CREATE TABLE state(name TEXT, value);"
	    "CREATE TABLE mailbox(id INTEGER PRIMARY KEY, name TEXT,"
	    " modseq INTEGER); INSERT INTO mailbox VALUES(1,'INBOX',0);"
	    "CREATE TABLE index_less(msg INTEGER PRIMARY KEY)",
	    NULL, NULL, NULL), 0);
	assert_int_equal(sqlite3_exec(db, row_schema, NULL, NULL, NULL), 0);
	rows = rows_new(db);
	x = index_new(maildir, why, sizeof why);
	assert_non_null(rows);
	assert_non_null(x);
	reader_init(&r, home, maildir);
	seen[0] = '\0';
	nseen = 0;
	return 0;
}

static int
tear_down(void **state)
{
	char cmd[128];

	(void)state;
	reader_clear(&r);
	index_free(x);
	rows_free(rows);
	sqlite3_close(db);
	snprintf(cmd, sizeof cmd, "rm -rf %s", home);
	return system(cmd);
}

static bool
note_msg(void *arg, const struct list_msg *m)
{
	size_t n = strlen(seen);

	(void)arg;
	snprintf(seen + n, sizeof seen - n, "%s ", m->msgid);
	return true;
}

static bool
note_thread(void *arg, const struct list_thread *t)
{
	size_t n = strlen(seen);

	(void)arg;
	snprintf(seen + n, sizeof seen - n, "%s:%u:%s ", t->subject,
	    t->count, t->authors);
	return true;
}

/* Three of each second, pages of four: none twice, none left out. */
static void
pages_of_messages_meet(void **state)
{
	struct list_msgs_ask ask = { .which = LIST_OF_QUERY,
	    .text = "subject:all", .n = 4 };
	char id[32], want[4000] = "";
	bool more = true;
	int i, n, pages = 0;
	const char *p;

	(void)state;
	for (i = 0; i < N; i++) {
		snprintf(id, sizeof id, "m%d@x", i);
		letter(id, id, "", 1767225600 + i / 3);
	}
	while (more) {
		assert_int_equal(search_each_msg(&r, &ask, note_msg, NULL,
		    &ask.from, &more), 0);
		pages++;
	}
	assert_int_equal(pages, 8);
	for (i = 0; i < N; i++) {
		snprintf(want, sizeof want, "m%d@x ", i);
		assert_non_null(strstr(seen, want));
	}
	for (n = 0, p = seen; *p != '\0'; p++)
		n += *p == ' ';
	assert_int_equal(n, N);
	assert_memory_equal(seen, "m2", 2);	/* 29, 28 or 27 */
}

/* To the index it is of 1970 then, which no range of dates reaches. */
static void
pages_end_with_the_undated(void **state)
{
	static const char *const want[] = { "new@x ", "a@x ", "b@x ",
	    "c@x " };
	struct list_msgs_ask ask = { .which = LIST_OF_QUERY,
	    .text = "subject:all", .n = 1 };
	bool more = true;
	size_t i;

	(void)state;
	letter("a", "a@x", "", 0);
	letter("b", "b@x", "", 0);
	letter("c", "c@x", "", 0);
	letter("new", "new@x", "", 1767225600);
	for (i = 0; i < sizeof want / sizeof want[0]; i++) {
		assert_true(more);
		seen[0] = '\0';
		assert_int_equal(search_each_msg(&r, &ask, note_msg, NULL,
		    &ask.from, &more), 0);
		assert_string_equal(seen, want[i]);
	}
	assert_false(more);
}

static void
threads_are_whole(void **state)
{
	struct list_ask ask = { .query = "subject:all", .n = 10 };
	struct list_cursor next;
	bool more;

	(void)state;
	letter("a", "a@x", "", 1767225600);
	letter("b", "b@x", "a@x", 1767225601);
	letter("c", "c@x", "", 1767225602);
	letter("d", "d@x", "b@x", 1767225603);
	assert_int_equal(search_each_thread(&r, &ask, note_thread, NULL,
	    &next, &more), 0);
	assert_string_equal(seen, "d@x:3:Ann c@x:1:Ann ");
	assert_false(more);
	seen[0] = '\0';
	ask.query = "id:a@x";
	assert_int_equal(search_each_thread(&r, &ask, note_thread, NULL,
	    &next, &more), 0);
	assert_string_equal(seen, "a@x:3:Ann ");
	seen[0] = '\0';
	ask = (struct list_ask){ .query = "*", .n = 1 };
	assert_int_equal(search_each_thread(&r, &ask, note_thread, NULL,
	    &next, &more), 0);
	assert_string_equal(seen, "d@x:3:Ann ");
	assert_true(more);
	ask.from = next;
	assert_int_equal(search_each_thread(&r, &ask, note_thread, NULL,
	    &next, &more), 0);
	assert_string_equal(seen, "d@x:3:Ann c@x:1:Ann ");
}

/* Without a Message-ID the index makes one up: the file name tells. */
static void
messages_without_id_are_found(void **state)
{
	struct list_msgs_ask ask = { .which = LIST_OF_QUERY, .text = "hello",
	    .n = 10 };
	struct list_cursor next;
	uint32_t total, unread;
	bool more;

	(void)state;
	letter("a", "no-id", "", 1767225600);
	assert_int_equal(search_each_msg(&r, &ask, note_msg, NULL, &next,
	    &more), 0);
	assert_string_equal(seen, "no-id ");
	assert_int_equal(search_count(&r, "hello", &total, &unread), 0);
	assert_int_equal(total, 1);
	assert_int_equal(unread, 1);
	assert_int_equal(search_count(&r, "*", &total, &unread), 0);
	assert_int_equal(total, 1);
	assert_int_equal(search_count(&r, "", &total, &unread), 0);
	assert_int_equal(unread, 1);
}

static void
nonsense_ends(void **state)
{
	static const char *const q[] = { "((((", "date:nonsense..",
	    "\"", "thread:{", "and", "-", "from:" };
	uint32_t total, unread;
	uint16_t rc;
	size_t i;

	(void)state;
	letter("a", "a@x", "", 1767225600);
	for (i = 0; i < sizeof q / sizeof q[0]; i++) {
		rc = search_count(&r, q[i], &total, &unread);
		assert_true(rc == 0 || rc == STORE_QUERY);
	}
	assert_int_equal(search_count(&r, "hello", &total, &unread), 0);
	assert_int_equal(total, 1);
}

/* The index is of all mail, and a query tells how much of it there is: for
 * who may see another folder there is none. */
static void
one_folder_has_no_index(void **state)
{
	struct list_ask ask = { .query = "hello", .n = 10 };
	struct list_msgs_ask mask = { .which = LIST_OF_QUERY,
	    .text = "hello", .n = 10 };
	struct list_cursor next;
	uint32_t total, unread;
	bool more;

	(void)state;
	letter("a", "a@x", "", 1767225600);
	r.only = "Trash";
	assert_int_equal(search_count(&r, "hello", &total, &unread),
	    STORE_NOTFOUND);
	assert_int_equal(total + unread, 0);
	assert_int_equal(search_each_msg(&r, &mask, note_msg, NULL, &next,
	    &more), STORE_NOTFOUND);
	assert_int_equal(next.date, 0);
	assert_int_equal(search_each_thread(&r, &ask, note_thread, NULL,
	    &next, &more), STORE_NOTFOUND);
	assert_int_equal(next.date, 0);
	assert_string_equal(seen, "");
}

/* ---- while others commit ---- */

enum { MANY = 3000, COMMITS = 4 };

static void
many(void)
{
	char id[32], state[INDEX_STATE_MAX];
	int i;

	assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), 0);
	assert_int_equal(index_begin(x), STORE_OK);
	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "m%d@x", i);
		learn(id, id, "", 1767225600 + i / (MANY / 60));
	}
	assert_int_equal(index_end(x, state), STORE_OK);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), 0);
}

static void
others_commit(void)
{
	char id[32];
	int i;

	for (i = 0; i < COMMITS; i++) {
		snprintf(id, sizeof id, "new%zu-%d@x", nseen, i);
		letter(id, id, "", 1767225660);
	}
}

static bool
count_msg(void *arg, const struct list_msg *m)
{
	(void)arg;
	(void)m;
	if (nseen++ % (MANY / 2) == 5)
		others_commit();
	return true;
}

static void
pages_outlive_commits(void **state)
{
	struct list_msgs_ask ask = { .which = LIST_OF_QUERY,
	    .text = "subject:all", .n = MANY * 2 };
	bool more;

	(void)state;
	many();
	assert_int_equal(search_each_msg(&r, &ask, count_msg, NULL,
	    &ask.from, &more), 0);
	assert_int_equal(nseen, MANY);
}

static bool
count_hit(void *arg, const char *msgid, uint32_t uid)
{
	(void)uid;
	((bool *)arg)[atoi(msgid + 1)] |= msgid[0] == 'm';
	return count_msg(NULL, NULL);
}

static void
hits_outlive_commits(void **state)
{
	bool had[MANY] = { false };
	int i;

	(void)state;
	many();
	assert_int_equal(search_each_hit(&r, "subject:all", "INBOX",
	    count_hit, had), 0);
	for (i = 0; i < MANY; i++)
		assert_true(had[i]);
}

static bool
count_change(void *arg, const char *msgid, uint32_t flags, const char *tags)
{
	(void)flags;
	if (strcmp(tags, "by") == 0)
		((bool *)arg)[atoi(msgid + 1)] = true;
	if (nseen++ == 5)
		others_commit();
	return true;
}

/* Begun again, as the indexer does, it tells of all. */
static void
changes_outlive_commits(void **state)
{
	char cmd[200], was[INDEX_STATE_MAX], now[INDEX_STATE_MAX], why[256];
	struct index *y;
	bool had[MANY] = { false };
	enum store_err e = STORE_BUSY;
	int i;

	(void)state;
	many();
	y = index_new(maildir, why, sizeof why);
	assert_non_null(y);
	assert_int_equal(index_changed(y, "", was, NULL, NULL), STORE_OK);
	snprintf(cmd, sizeof cmd, "notmuch --config=%s/.notmuch/config tag"
	    " +by '*'", maildir);
	assert_int_equal(system(cmd), 0);
	for (i = 0; i < 5 && e == STORE_BUSY; i++)
		e = index_changed(y, was, now, count_change, had);
	assert_int_equal(e, STORE_OK);
	for (i = 0; i < MANY; i++)
		assert_true(had[i]);
	index_free(y);
}

static int
work(void *n)
{
	(*(int *)n)++;
	return 0;
}

/* One by one: the rows of a mailbox are not read through for each. */
static void
hits_are_found_by_id(void **state)
{
	enum { STEP = 100, EACH = 100 };	/* instructions of SQLite */
	struct find_hits hits = { 0 };
	struct find *f;
	int n = 0;

	(void)state;
	many();
	assert_int_equal(reader_begin(&r), STORE_OK);
	f = find_new(&r, 1, UINT32_MAX);
	assert_non_null(f);
	sqlite3_progress_handler(r.sql.db, STEP, work, &n);
	assert_int_equal(find_text(f, "hello", false, &hits), 0);
	sqlite3_progress_handler(r.sql.db, 0, NULL, NULL);
	assert_int_equal(hits.n, MANY);
	assert_in_range(n, 0, MANY * EACH / STEP);
	free(hits.uid);
	find_free(f);
	reader_end(&r);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

#ifdef __SANITIZE_ADDRESS__
/* What the exceptions of a walk leave behind is more than its search for
 * leaks gets over. */
const char *__lsan_default_options(void);
const char *
__lsan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(pages_of_messages_meet),
		T(pages_end_with_the_undated),
		T(threads_are_whole),
		T(messages_without_id_are_found),
		T(nonsense_ends),
		T(one_folder_has_no_index),
		T(pages_outlive_commits),
		T(hits_outlive_commits),
		T(changes_outlive_commits),
		T(hits_are_found_by_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
