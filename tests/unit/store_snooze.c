/* What is put off wakes at its time, whatever lies beside it. */
#define _GNU_SOURCE
#include <sqlite3.h>
#include <sys/mman.h>

#include "store/box.h"
#include "store/db.h"
#include "store/intent.h"
#include "store/job.h"
#include "store/op_snooze.h"
#include "tests/unit/node.h"

static int
append(int ch, void *arg)
{
	struct mail_new m = { .folder = "INBOX", .tags = "", .trace = "",
	    .flags = STORE_SEEN };
	struct mail_done d;
	struct op_reply r;
	uint16_t s;
	int fd = memfd_create("m", MFD_CLOEXEC);

	if (fd == -1 || dprintf(fd, "From: a@b.test\r\nSubject: %d\r\n\r\n"
	    "Text.\r\n", *(int *)arg) == -1)
		return 96;
	op_reply_init(&r);
	s = mail_append(ch, &r, &m, fd, &d);
	op_reply_clear(&r);
	return s;
}

static int
put_off(int ch, void *arg)
{
	struct mail_set set = { .n = 3, .id = arg };
	struct op_reply r;
	uint16_t s;

	op_reply_init(&r);
	s = snooze_put(ch, &r, &set, clock_wall_s() + 3600);
	op_reply_clear(&r);
	return s;
}

static int
take_back(int ch, void *arg)
{
	struct mail_set set = { .n = 1, .id = arg };
	struct op_reply r;
	uint16_t s;

	op_reply_init(&r);
	s = snooze_put(ch, &r, &set, 0);
	op_reply_clear(&r);
	return s;
}

static bool
settled(struct node *n, void *arg)
{
	const struct box *b = box_by_name(&n->st, snooze_box);

	(void)arg;
	return b != NULL && b->here && b->uidlease > b->uidnext &&
	    !intent_busy(&n->st) && intake_idle_now(&n->st) &&
	    sync_idle(&n->st);
}

static void
sql(struct node *n, enum store_db db, const char *text)
{
	assert_int_equal(sqlite3_exec(n->st.db[db], text, NULL, NULL, NULL),
	    SQLITE_OK);
}

static bool
awake(struct node *n, void *arg)
{
	struct row_at at;

	return settled(n, NULL) && row_get(n->st.rows, *(uint64_t *)arg,
	    &at) == 0 && at.mbox == box_by_name(&n->st, "INBOX")->id &&
	    (at.flags & STORE_SEEN) == 0;
}

static void
start(struct node *n)
{
	char make[1200];

	memset(n, 0, sizeof *n);
	node_dirs(n);
	snprintf(make, sizeof make, "mkdir -p %s/Snoozed/cur %s/Snoozed/new "
	    "%s/Snoozed/tmp", n->mail, n->mail, n->mail);
	assert_int_equal(system(make), 0);
	node_start(n);
	op_server_more(&n->keeper, snooze_ops);
	assert_true(node_until(n, settled, NULL));
}

static void
all_of_one_content_wake(void **state)
{
	uint64_t ids[3] = { 1, 2, 3 };
	struct node n;
	int i, same = 1;

	(void)state;
	start(&n);
	for (i = 1; i <= 3; i++)
		assert_int_equal(node_ask(&n, ROLE_OWNER, append, &same), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, put_off, ids), 0);
	assert_true(node_until(&n, settled, NULL));
	/* One goes back by hand: the others still wake. */
	assert_int_equal(node_ask(&n, ROLE_OWNER, take_back, ids), 0);
	assert_true(node_until(&n, settled, NULL));
	sql(&n, STORE_NODE, "UPDATE snooze SET due = 7");
	assert_int_equal(sqlite3_changes(n.st.db[STORE_NODE]), 1);
	loop_arm(n.loop, &n.st.snooze, 0);
	assert_true(node_until(&n, awake, &ids[1]));
	assert_true(node_until(&n, awake, &ids[2]));
	sql(&n, STORE_NODE, "DELETE FROM snooze");
	assert_int_equal(sqlite3_changes(n.st.db[STORE_NODE]), 0);
	node_stop(&n);
	node_remove(&n);
}

/* A look at the folder, which may come at any time, would mend a name. */
static void
name_is_none(struct node *n)
{
	sql(n, STORE_CACHE, "UPDATE msg SET name = 'none' WHERE id = 2;"
	    "CREATE TEMP TRIGGER named BEFORE UPDATE OF name ON msg"
	    " WHEN old.name = 'none' BEGIN SELECT RAISE(IGNORE); END;"
	    "CREATE TEMP TRIGGER there BEFORE DELETE ON msg"
	    " WHEN old.name = 'none' BEGIN SELECT RAISE(IGNORE); END");
}

static void
one_that_cannot_wake_lets_the_others(void **state)
{
	uint64_t ids[3] = { 1, 2, 3 };
	char name[sizeof (struct row_at){ 0 }.name], fix[1200];
	struct row_at at;
	struct node n;
	int i;

	(void)state;
	start(&n);
	for (i = 1; i <= 3; i++)
		assert_int_equal(node_ask(&n, ROLE_OWNER, append, &i), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, put_off, ids), 0);
	assert_true(node_until(&n, settled, NULL));
	assert_int_equal(row_get(n.st.rows, 2, &at), 0);
	memcpy(name, at.name, sizeof name);
	/* The first to wake has a name that is none; another is no hash. */
	name_is_none(&n);
	sql(&n, STORE_NODE, "INSERT INTO snooze VALUES(x'00', 0, 'INBOX');"
	    "UPDATE snooze SET due = 7 WHERE due > 0");
	assert_int_equal(sqlite3_changes(n.st.db[STORE_NODE]), 3);
	loop_arm(n.loop, &n.st.snooze, 0);
	assert_true(node_until(&n, awake, &ids[0]));
	assert_true(node_until(&n, awake, &ids[2]));
	assert_int_equal(row_get(n.st.rows, 2, &at), 0);
	assert_int_equal(at.mbox, box_by_name(&n.st, snooze_box)->id);
	/* Its name again, and the next round takes it. */
	snprintf(fix, sizeof fix, "DROP TRIGGER named; DROP TRIGGER there;"
	    "UPDATE msg SET name = '%s' WHERE id = 2", name);
	sql(&n, STORE_CACHE, fix);
	loop_arm(n.loop, &n.st.snooze, 0);
	assert_true(node_until(&n, awake, &ids[1]));
	node_stop(&n);
	node_remove(&n);
}

static bool
listed(struct node *n, void *arg)
{
	(void)arg;
	return sync_idle(&n->st) && n->st.intake->to_parse.first != NULL;
}

/* Its file is there, its row is not yet: it did not go away. */
static void
a_rebuild_forgets_nobody(void **state)
{
	uint64_t ids[3] = { 1, 1, 1 };
	struct node n;
	char cmd[300];
	int i, one = 1;

	(void)state;
	start(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, append, &one), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, put_off, ids), 0);
	assert_true(node_until(&n, settled, NULL));
	sql(&n, STORE_NODE, "UPDATE snooze SET due = 7");
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "rm %s/store.db*", n.home);
	assert_int_equal(system(cmd), 0);
	n.no_parser = true;
	node_start(&n);
	assert_true(node_until(&n, listed, NULL));
	loop_arm(n.loop, &n.st.snooze, 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(loop_turn(n.loop, 20), 0);
	assert_int_equal(db_int(n.st.db[STORE_NODE],
	    "SELECT count(*) FROM snooze", -1), 1);
	n.no_parser = false;
	node_want_parser(&n);
	assert_true(node_until(&n, awake, &ids[0]));
	node_stop(&n);
	node_remove(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_cannot_wake_lets_the_others),
		cmocka_unit_test(all_of_one_content_wake),
		cmocka_unit_test(a_rebuild_forgets_nobody),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
