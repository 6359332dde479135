/* A mailbox as IMAP asks for it, through the ops, from a reader in another
 * process: that of the owner, and that of a device with one folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "store/err.h"
#include "store/op_find.h"
#include "store/reader.h"
#include "store/row.h"
#include "store/view.h"

enum { BOX = 1, OTHER = 2, MAILS = 5000, BLOCK = 1024 };

static char home[64];
static sqlite3 *db;
static struct rows *rows;
static struct op_reply reply;
static int ch = -1;
static pid_t child;
static bool here[MAILS + 1];
static uint64_t modseq;

static void
exec(const char *sql)
{
	char *err = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &err) != SQLITE_OK)
		fail_msg("%s: %s", sql, err);
}

/* Every seventh is tagged, flags go by the UID, and some envelopes are as
 * only a parser would have it. */
static void
add(uint64_t mbox, uint32_t uid)
{
	static const char *const envs[] = {
		"(\"Tue, 17 Jul 1996 02:44:25 -0700\" \"a (b) \\\"c\\\"\" "
		    "((NIL NIL \"x\" \"y\")) NIL NIL NIL NIL NIL "
		    "\"<Before@it>\" \"<Own-%u@id>\")",
		"(NIL {5}\r\na\")(b NIL NIL NIL NIL NIL NIL NIL {11}\r\n<%u@litl>)",
		"(NIL", "",
	};
	char name[64], env[300], msgid[40];
	struct row_new n = { .mbox = mbox, .uid = uid, .modseq = ++modseq,
	    .received = 1000 + uid, .name = name, .index = false,
	    .tags = uid % 7 == 0 ? "odd work" : "",
	    .flags = uid % 2 == 0 ? STORE_SEEN : 0 };
	struct parse_row p = { .date = 1000, .size = 5, .wire = 5 + uid,
	    .msgid = msgid, .irt = "", .refs = "", .base = "s",
	    .subject = uid % 100 == 0 ? "Grüße an ALLE" : "s",
	    .from = uid % 50 == 0 ? "Änne <a@x>" : "Ben <b@x>", .to = "c@x",
	    .cc = "", .author = "Ann", .list_id = "", .snippet = "hello" };
	uint64_t row;

	snprintf(name, sizeof name, "cur/%u:2,", uid);
	snprintf(msgid, sizeof msgid, "%u.%u@x", (unsigned)mbox, uid);
	snprintf(env, sizeof env, envs[uid <= 3 ? uid - 1 : 3], 1000 + uid);
	p.env = (uint8_t *)env;
	p.nenv = strlen(env);
	p.body = p.parts = (const uint8_t *)"body";
	p.nbody = p.nparts = 4;
	snprintf((char *)p.hash, sizeof p.hash, "%u", uid);
	assert_int_equal(row_add(rows, &n, &p, &row), 0);
	if (mbox == BOX)
		here[uid] = true;
}

static void
drop(uint32_t uid)
{
	struct row_at at;

	assert_int_equal(row_at_uid(rows, BOX, uid, &at), 0);
	assert_int_equal(row_remove(rows, at.id, ++modseq), 0);
	here[uid] = false;
}

static void
serve(int fd, const char *only)
{
	struct op_server srv;
	struct reader r;
	struct loop *l = loop_new();

	reader_init(&r, home, home);
	r.only = only;
	r.small = true;
	reader_warm(&r);
	op_server_init(&srv, l, view_ops, &r);
	op_server_more(&srv, view_row_ops);
	op_server_more(&srv, view_file_ops);
	op_server_more(&srv, find_ops);
	op_server_add(&srv, fd, ROLE_IMAP, 1);
	while (srv.peers != NULL && loop_turn(l, 10000) == 0)
		;
	op_server_clear(&srv);
	reader_clear(&r);
	loop_free(l);
	exit(0);
}

static void
fill(void)
{
	uint32_t uid;

	exec("BEGIN");
	for (uid = 1; uid <= MAILS; uid++)
		add(BOX, uid);
	for (uid = 1; uid <= 10; uid++)
		add(OTHER, uid);
	/* The second and the fourth block stay whole. */
	for (uid = 10; uid <= MAILS; uid += 37)
		if ((uid - 1) / BLOCK != 1 && (uid - 1) / BLOCK != 3)
			drop(uid);
	exec("UPDATE mailbox SET modseq=(SELECT max(modseq) FROM mail)+1000");
	exec("COMMIT");
}

static void
join(const char *only)
{
	int fds[2];

	assert_int_equal(chan_pair(fds), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		close(fds[0]);
		serve(fds[1], only);
	}
	close(fds[1]);
	ch = fds[0];
	op_reply_init(&reply);
}

static void
part(void)
{
	close(ch);
	(void)waitpid(child, NULL, 0);
	op_reply_clear(&reply);
}

static int
start(void **state, const char *only)
{
	char path[128];

	(void)state;
	modseq = 0;
	memset(here, 0, sizeof here);
	snprintf(home, sizeof home, "/tmp/store_view.XXXXXX");
	assert_non_null(mkdtemp(home));
	snprintf(path, sizeof path, "%s/store.db", home);
	assert_int_equal(sqlite3_open(path, &db), 0);
	exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
	    "CREATE TABLE state(name TEXT, value);"
	    "CREATE TABLE mailbox(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
	    " uidvalidity INTEGER, modseq INTEGER, recent INTEGER);"
	    "INSERT INTO mailbox VALUES(1,'Box',7,0,1),(2,'Other',8,0,1)");
	exec(row_schema);
	exec(row_tag_schema);
	rows = rows_new(db);
	assert_non_null(rows);
	fill();
	join(only);
	return 0;
}

static int
set_up(void **state)
{
	return start(state, NULL);
}

static int
set_up_one(void **state)
{
	return start(state, "Box");
}

static int
tear_down(void **state)
{
	char cmd[128];

	(void)state;
	part();
	rows_free(rows);
	sqlite3_close(db);
	snprintf(cmd, sizeof cmd, "rm -rf %s", home);
	return system(cmd);
}

/* ---- */

static uint32_t
count_here(void)
{
	uint32_t uid, n = 0;

	for (uid = 1; uid <= MAILS; uid++)
		n += here[uid];
	return n;
}

static void
numbers_of_a_mailbox(void **state)
{
	struct view_box b = { .id = 0 };

	(void)state;
	assert_int_equal(view_box(ch, &reply, "Box", VIEW_SIZE | VIEW_DELETED,
	    &b), OP_OK);
	assert_string_equal(b.name, "Box");
	assert_int_equal(b.id, BOX);
	assert_int_equal(b.uidvalidity, 7);
	assert_int_equal(b.uidnext, MAILS + 1);
	assert_int_equal(b.total, count_here());
	assert_true(b.size > b.total);
	assert_int_equal(b.deleted, 0);
	assert_int_equal(view_box(ch, &reply, "None", 0, &b),
	    STORE_NOTFOUND);
}

/* Below each of these all has been read. */
static void
the_first_unseen(void **state)
{
	static const uint32_t below[] = { 1, 2, 3, BLOCK, BLOCK + 1,
	    BLOCK + 2, 2 * BLOCK + 1, 4 * BLOCK, MAILS - 1, MAILS + 1 };
	struct view_box b = { .id = 0 };
	uint32_t uid, nth, want;
	char sql[100];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof below / sizeof below[0]; i++) {
		snprintf(sql, sizeof sql, "UPDATE mail SET flags=flags|%d"
		    " WHERE mbox=%d AND uid<%u", STORE_SEEN, BOX, below[i]);
		exec(sql);
		for (uid = 1, nth = want = 0; uid <= MAILS; uid++) {
			nth += here[uid];
			if (want == 0 && here[uid] && uid % 2 == 1 &&
			    uid >= below[i])
				want = nth;
		}
		assert_int_equal(view_box(ch, &reply, "Box", VIEW_UNSEEN, &b),
		    OP_OK);
		assert_int_equal(b.unseen, want);
	}
}

static void
those_that_are_recent(void **state)
{
	static const uint32_t told[] = { 1, 2, BLOCK, BLOCK + 1, BLOCK + 2,
	    3 * BLOCK + 7, MAILS, MAILS + 1, MAILS + 1000 };
	struct view_box b = { .id = 0 };
	uint32_t uid, want;
	char sql[100];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof told / sizeof told[0]; i++) {
		snprintf(sql, sizeof sql, "UPDATE mailbox SET recent=%u"
		    " WHERE id=%d", told[i], BOX);
		exec(sql);
		for (uid = told[i], want = 0; uid <= MAILS; uid++)
			want += here[uid];
		assert_int_equal(view_box(ch, &reply, "Box", VIEW_RECENT, &b),
		    OP_OK);
		assert_int_equal(b.told, told[i]);
		assert_int_equal(b.recent, want);
	}
}

/* Of those that are there: what goes takes its tags along. */
static void
those_that_are_tagged(void **state)
{
	static const struct { const char *sql, *want; } does[] = {
		{ "UPDATE msg SET tags='new odd' WHERE mbox=1 AND uid=21",
		    "new odd work" },
		{ "UPDATE msg SET tags='' WHERE mbox=1 AND uid=21",
		    "odd work" },
		{ "UPDATE msg SET tags='x' WHERE mbox=1 AND uid=35",
		    "odd work x" },
		{ "UPDATE msg SET mbox=9 WHERE mbox=1 AND uid=35",
		    "odd work" },
		{ "UPDATE msg SET mbox=1 WHERE mbox=9", "odd work x" },
		{ "UPDATE msg SET tags='work' WHERE mbox=1 AND tags<>''",
		    "work" },
		{ "DELETE FROM msg WHERE mbox=1 AND tags='work'", "" },
	};
	struct view_box b = { .id = 0 };
	size_t i;

	(void)state;
	assert_int_equal(view_box(ch, &reply, "Box", VIEW_KEYWORDS, &b),
	    OP_OK);
	assert_string_equal(b.keywords, "odd work");
	for (i = 0; i < sizeof does / sizeof does[0]; i++) {
		exec(does[i].sql);
		assert_int_equal(view_box(ch, &reply, "Box", VIEW_KEYWORDS,
		    &b), OP_OK);
		assert_string_equal(b.keywords, does[i].want);
	}
	assert_int_equal(view_box(ch, &reply, "Box", 0, &b), OP_OK);
	assert_string_equal(b.keywords, "");
}

static void
one_folder_is_all_there_is(void **state)
{
	struct view_box b = { .id = OTHER };
	struct view_boxes all;

	(void)state;
	assert_int_equal(view_box(ch, &reply, NULL, 0, &b), STORE_NOTFOUND);
	assert_int_equal(view_boxes(ch, &reply, 0, &all), OP_OK);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.box[0].name, "Box");
	view_boxes_clear(&all);
}

/* [from, below) is what is there, as if each had been looked at. */
static void
uids(uint32_t from, uint32_t below, uint64_t since, const bool *want)
{
	struct set s = { 0 };
	uint32_t uid;

	assert_int_equal(view_uids(ch, &reply, BOX, from, below, since, &s),
	    OP_OK);
	for (uid = 1; uid <= MAILS; uid++)
		if (set_has(&s, uid) != (uid >= from && uid < below &&
		    want[uid]))
			fail_msg("[%u,%u) since %llu: %u", from, below,
			    (unsigned long long)since, uid);
	assert_true(set_last(&s) <= MAILS);
	set_clear(&s);
}

static void
uids_by_blocks(void **state)
{
	static const uint32_t ends[] = { 1, 2, BLOCK, BLOCK + 1, BLOCK + 2,
	    2 * BLOCK, 2 * BLOCK + 1, 2 * BLOCK + 2, 4 * BLOCK, 4 * BLOCK + 1,
	    4 * BLOCK + 2, MAILS, MAILS + 1 };
	size_t i, k, n = sizeof ends / sizeof ends[0];

	(void)state;
	for (i = 0; i < n; i++)
		for (k = i; k < n; k++)
			uids(ends[i], ends[k], UINT64_MAX, here);
}

/* What went since is still there for who has not been told. */
static void
uids_as_they_were(void **state)
{
	bool then[MAILS + 1];
	uint64_t since = modseq;
	uint32_t uid;

	(void)state;
	memcpy(then, here, sizeof then);
	for (uid = BLOCK + 1; uid <= 2 * BLOCK; uid++)
		drop(uid);		/* all of a block */
	drop(3 * BLOCK + 5);		/* one of a whole one */
	drop(MAILS - 1);
	uids(1, MAILS + 1, since, then);
	uids(1, MAILS + 1, UINT64_MAX, here);
	uids(BLOCK + 3, BLOCK + 900, since, then);
}

static void
what_went(void **state)
{
	uint64_t since = modseq;
	struct view_then then = { .mbox = BOX, .below = 2006,
	    .upto = INT64_MAX };
	struct set l = { 0 }, known = { 0 };
	bool whole;
	uint32_t uid;

	(void)state;
	assert_int_equal(row_mbox_new(rows, BOX, 1, 0), 0);
	for (uid = 2001; uid <= 2020; uid++)
		drop(uid);
	assert_int_equal(view_gone(ch, &reply, BOX, since, modseq - 5,
	    &l, &whole), OP_OK);
	assert_true(whole);
	assert_int_equal(set_count(&l), 15);
	assert_true(set_first(&l) == 2001 && set_last(&l) == 2015);
	/* Of those that the client knows, also by what is there. */
	then.since = since;
	l.n = 0;
	assert_int_equal(view_vanished(ch, &reply, &then, &l), OP_OK);
	assert_int_equal(set_count(&l), 5);
	then.since = 0;
	assert_true(set_add(&known, 2001, 2002));
	then.known = &known;
	l.n = 0;
	assert_int_equal(view_vanished(ch, &reply, &then, &l), OP_OK);
	assert_int_equal(set_count(&l), 2);
	set_clear(&known);
	set_clear(&l);
}

/* What is remembered no longer is not said to be all that went. */
static void
what_went_long_ago(void **state)
{
	uint64_t since = modseq;
	struct view_then then = { .mbox = BOX, .below = 2003, .since = since,
	    .upto = INT64_MAX };
	struct set l = { 0 };
	bool whole;

	(void)state;
	assert_int_equal(row_mbox_new(rows, BOX, 1, 0), 0);
	drop(2001);
	modseq += 2000000;
	drop(2002);
	assert_int_equal(view_gone(ch, &reply, BOX, since, INT64_MAX, &l,
	    &whole), OP_OK);
	assert_false(whole);
	l.n = 0;
	assert_int_equal(view_vanished(ch, &reply, &then, &l), OP_OK);
	assert_true(set_has(&l, 2001) && set_has(&l, 2002));
	l.n = 0;
	assert_int_equal(view_gone(ch, &reply, BOX, modseq - 1, INT64_MAX, &l,
	    &whole), OP_OK);
	assert_true(whole);
	assert_int_equal(set_count(&l), 1);
	set_clear(&l);
}

/* ---- rows ---- */

static void
check_row(const struct view_row *r, uint32_t cols)
{
	assert_true(here[r->uid]);
	assert_int_equal(r->flags, r->uid % 2 == 0 ? STORE_SEEN : 0);
	assert_string_equal(r->tags, cols & VIEW_TAG && r->uid % 7 == 0 ?
	    "odd work" : "");
	if (cols & VIEW_META) {
		assert_int_equal(r->wire, 5 + r->uid);
		assert_int_equal(r->received, 1000 + r->uid);
	}
	if (cols & VIEW_BODY) {
		assert_int_equal(r->nbody, 4);
		assert_memory_equal(r->body, "body", 4);
	}
	if (cols & VIEW_TEXT)
		assert_string_equal(r->snippet, "hello");
}

static void
rows_of_ranges(void **state)
{
	static const uint32_t cols[] = { 0, VIEW_TAG, VIEW_META,
	    VIEW_TAG | VIEW_META, VIEW_ENV, VIEW_TAG | VIEW_BODY,
	    VIEW_TAG | VIEW_META | VIEW_ENV | VIEW_BODY | VIEW_TEXT };
	const struct set_range r[] = { { 1, 7, 0 }, { 900, 3100, 0 },
	    { MAILS - 3, MAILS + 50, 0 } };
	uint32_t n, want, uid, last;
	struct view_row row;
	size_t i;

	(void)state;
	for (want = 0, i = 0; i < 3; i++)
		for (uid = r[i].lo; uid <= r[i].hi && uid <= MAILS; uid++)
			want += here[uid];
	for (i = 0; i < sizeof cols / sizeof cols[0]; i++) {
		struct view_ask ask = { .mbox = BOX, .cols = cols[i],
		    .range = r, .n = 3 };

		for (n = last = 0; !ask.done; ) {
			assert_int_equal(view_rows(ch, &reply, &ask), OP_OK);
			while (view_row_next(&reply, &ask, &row)) {
				check_row(&row, cols[i]);
				assert_true(row.uid > last);
				last = row.uid;
				n++;
			}
		}
		assert_int_equal(n, want);
	}
}

static void
rows_changed_since(void **state)
{
	static const uint32_t cols[] = { 0, VIEW_TAG, VIEW_META, VIEW_ENV,
	    VIEW_BODY };
	uint64_t since = modseq, last;
	struct view_row row;
	struct row_at at;
	uint32_t uid, n;
	size_t i;

	(void)state;
	for (uid = 4000; uid > 1000; uid -= 500) {
		assert_int_equal(row_at_uid(rows, BOX, uid, &at), 0);
		assert_int_equal(row_flags(rows, at.id, STORE_SEEN, at.name,
		    ++modseq), 0);
	}
	for (i = 0; i < sizeof cols / sizeof cols[0]; i++) {
		struct view_ask ask = { .mbox = BOX, .cols = cols[i],
		    .since = since };

		for (n = 0, last = since; !ask.done; ) {
			assert_int_equal(view_rows(ch, &reply, &ask), OP_OK);
			while (view_row_next(&reply, &ask, &row)) {
				assert_true(row.modseq > last);
				last = row.modseq;
				assert_int_equal(row.uid, 4000 - n * 500);
				n++;
			}
		}
		assert_int_equal(n, 6);
	}
}

static void
a_blob(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(view_blob(ch, &reply, BOX, 1, VIEW_BLOB_PARTS, &b),
	    OP_OK);
	assert_int_equal(b.len, 4);
	assert_int_equal(view_blob(ch, &reply, BOX, 10, VIEW_BLOB_BODY, &b),
	    STORE_NOTFOUND);
	buf_clear(&b);
}

/* ---- search ---- */

static uint32_t
find_in(uint64_t mbox, struct find_prog *prog)
{
	struct find_done done;
	struct set found = { 0 };

	assert_int_equal(view_search(ch, &reply, mbox, MAILS + 1, prog,
	    &found, &done), OP_OK);
	assert_int_equal(set_count(&found), done.n);
	assert_true(set_last(&found) <= MAILS);
	set_clear(&found);
	find_prog_clear(prog);
	return done.n;
}

static uint32_t
header(const char *name, const char *needle)
{
	struct find_prog p;

	find_prog_init(&p);
	assert_true(find_string(&p, FIND_HEADER, name, needle));
	return find_in(BOX, &p);
}

static uint32_t
every(uint32_t n)
{
	uint32_t uid, found = 0;

	for (uid = n; uid <= MAILS; uid += n)
		found += here[uid];
	return found;
}

static void
strings_of_columns(void **state)
{
	(void)state;
	assert_int_equal(header("subject", "grüSSE"), 0);
	assert_int_equal(header("subject", "GRÜßE an"), every(100));
	assert_int_equal(header("Subject", "an alle"), every(100));
	assert_int_equal(header("from", "äNNE"), every(50));
	assert_int_equal(header("from", "@X"), count_here());
	assert_int_equal(header("to", "c@x"), count_here());
	assert_int_equal(header("to", "d@x"), 0);
}

/* Message-ID, In-Reply-To and Date stand in the envelope alone; one that is
 * cut short has none. */
static void
strings_of_envelopes(void **state)
{
	(void)state;
	assert_int_equal(header("message-id", "own-1"), 1);
	assert_int_equal(header("message-id", "1002@LITL"), 1);
	assert_int_equal(header("in-reply-to", "before@"), 1);
	assert_int_equal(header("date", "jul 1996"), 1);
	exec("UPDATE msg SET env=(SELECT replace(env,'NIL {11}','NIL {99}')"
	    " FROM msg WHERE mbox=1 AND uid=2) WHERE mbox=1 AND uid=3");
	assert_int_equal(header("message-id", "litl"), 1);
	/* The id whole, as an index has it. */
	assert_int_equal(header("message-id", "<1.77@x>"), 1);
	assert_int_equal(header("message-id", "<1.7@x"), 0);
}

static uint32_t
flagged(uint32_t flags, bool not)
{
	struct find_prog p;

	find_prog_init(&p);
	assert_true(!not || find_put(&p, FIND_NOT));
	assert_true(find_number(&p, FIND_FLAGS, flags));
	return find_in(BOX, &p);
}

static void
keys_together(void **state)
{
	struct set some = { 0 };
	struct find_prog p;
	uint32_t uid, want = 0;
	size_t all;

	(void)state;
	assert_int_equal(flagged(STORE_SEEN, false) +
	    flagged(STORE_SEEN, true), count_here());
	find_prog_init(&p);
	assert_true(find_begin(&p, &all));
	assert_true(find_number(&p, FIND_FLAGS, STORE_SEEN));
	assert_true(find_string(&p, FIND_KEYWORD, NULL, "Work"));
	assert_true(find_number(&p, FIND_LARGER, 1005));
	find_end(&p, all, 3);
	for (uid = 1001; uid <= MAILS; uid++)
		want += here[uid] && uid % 14 == 0;
	assert_int_equal(find_in(BOX, &p), want);
	/* And named by UID, from where the narrow rows start. */
	find_prog_init(&p);
	assert_true(set_add(&some, 50, 120));
	assert_true(find_begin(&p, &all));
	assert_true(find_uids(&p, &some));
	assert_true(find_string(&p, FIND_HEADER, "subject", "alle"));
	find_end(&p, all, 2);
	assert_int_equal(find_in(BOX, &p), here[100]);
	set_clear(&some);
}

static void
another_folder_is_empty(void **state)
{
	struct find_prog p;

	(void)state;
	find_prog_init(&p);
	assert_true(find_put(&p, FIND_AND));
	assert_int_equal(find_in(OTHER, &p), 0);
	find_prog_init(&p);
	assert_true(find_string(&p, FIND_HEADER, "from", "@x"));
	assert_int_equal(find_in(OTHER, &p), 0);
}

/* No more keys than a program may have, and no deeper. */
static void
limits_of_a_program(void **state)
{
	struct find_prog p;
	size_t i, at;

	(void)state;
	find_prog_init(&p);
	for (i = 0; i < FIND_NODES_MAX; i++)
		assert_true(find_put(&p, FIND_AND));
	assert_false(find_put(&p, FIND_AND));
	find_prog_clear(&p);
	find_prog_init(&p);
	for (i = 0; i < FIND_DEPTH_MAX / 2; i++)
		assert_true(find_begin(&p, &at));
	assert_false(find_begin(&p, &at));
	find_prog_clear(&p);
}

/* A program that makes no sense is refused, and the next is answered. */
static void
no_program(void **state)
{
	static const struct { uint8_t p[12]; size_t n; } bad[] = {
		{ { 0 }, 0 }, { { 99 }, 1 }, { { FIND_NOT }, 1 },
		{ { FIND_AND, 2, 0, 0, 0, FIND_FLAGS }, 6 },
		{ { FIND_AND, 0, 0, 0, 0, 1 }, 6 },
		{ { FIND_HEADER, 255, 255, 255, 255 }, 5 },
		{ { FIND_UIDS, 255, 255, 255, 255 }, 5 },
	};
	struct find_done done;
	struct find_prog p;
	struct set found = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		find_prog_init(&p);
		(void)buf_add(&p.text, bad[i].p, bad[i].n);
		if (view_search(ch, &reply, BOX, 10, &p, &found, &done) !=
		    OP_BAD)
			fail_msg("%zu", i);
		find_prog_clear(&p);
		part();			/* it is not heard again */
		join(NULL);
	}
	set_clear(&found);
	assert_int_equal(header("from", "@x"), count_here());
}

#define ALL(fn) \
	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
#define ONE(fn) \
	cmocka_unit_test_setup_teardown(fn, set_up_one, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALL(numbers_of_a_mailbox), ONE(numbers_of_a_mailbox),
		ONE(one_folder_is_all_there_is),
		ALL(the_first_unseen), ONE(the_first_unseen),
		ALL(those_that_are_recent), ONE(those_that_are_recent),
		ALL(those_that_are_tagged), ONE(those_that_are_tagged),
		ALL(uids_by_blocks), ONE(uids_by_blocks),
		ALL(uids_as_they_were), ONE(uids_as_they_were),
		ALL(what_went), ONE(what_went),
		ALL(what_went_long_ago), ONE(what_went_long_ago),
		ALL(rows_of_ranges), ONE(rows_of_ranges),
		ALL(rows_changed_since), ONE(rows_changed_since),
		ALL(a_blob),
		ALL(strings_of_columns), ONE(strings_of_columns),
		ALL(strings_of_envelopes),
		ALL(keys_together), ONE(keys_together),
		ONE(another_folder_is_empty),
		ALL(no_program),
		cmocka_unit_test(limits_of_a_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
