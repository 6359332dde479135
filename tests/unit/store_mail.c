/* Changing messages: flags, tags, moves, copies, expunges, appends. */
#define _GNU_SOURCE
#include <sqlite3.h>
#include <sys/mman.h>

#include "store/box.h"
#include "store/intent.h"
#include "tests/unit/node.h"

static const char letter[] = "From: a@b.test\r\nSubject: hello\r\n"
    "Message-ID: <one@b.test>\r\n\r\nText.\r\n";

struct want {
	uint16_t	type;
	struct mail_set	set;
	uint64_t	ids[4];
	uint32_t	add, del;
	const char	*text;
	uint32_t	n;		/* messages it must act upon */
};

static int
change(int ch, void *arg)
{
	struct want *w = arg;
	struct op_reply r;
	struct mail_done d;
	uint16_t s = OP_UNKNOWN;

	op_reply_init(&r);
	w->set.id = w->ids;
	switch (w->type) {
	case MAIL_FLAGS:
		s = mail_flags(ch, &r, &w->set, w->add, w->del, &d);
		break;
	case MAIL_TAGS:
		s = mail_tags(ch, &r, &w->set, w->text, &d);
		break;
	case MAIL_MOVE:
		s = mail_move(ch, &r, &w->set, w->text, &d);
		break;
	case MAIL_COPY:
		s = mail_copy(ch, &r, &w->set, w->text, &d);
		break;
	case MAIL_EXPUNGE:
		s = mail_expunge(ch, &r, &w->set, &d);
		break;
	}
	op_reply_clear(&r);
	return s != OP_OK ? s : d.n == w->n ? 0 : 97;
}

static int
append(int ch, void *arg)
{
	struct mail_new *m = arg;
	struct mail_done d;
	struct op_reply r;
	uint16_t s;
	int fd = memfd_create("m", MFD_CLOEXEC);

	if (fd == -1 || write(fd, letter, strlen(letter)) == -1)
		return 96;
	op_reply_init(&r);
	s = mail_append(ch, &r, m, fd, &d);
	op_reply_clear(&r);
	return s != OP_OK ? s : d.n == 1 && d.id != 0 && d.last_uid != 0 ?
	    0 : 97;
}

/* Two of the same content, the second before the first is answered. */
static int
append_twice(int ch, void *arg)
{
	struct chan_msg head = { .type = MAIL_APPEND }, m;
	struct buf args, in;
	uint16_t status[2] = { 0, 0 };
	int i;

	buf_init(&args, CHAN_DATA_MAX);
	buf_init(&in, CHAN_RECORD_MAX + 1);
	mail_append_put(&args, arg);
	for (i = 0; i < 2; i++) {
		head.id = (uint32_t)i + 1;
		head.fd = memfd_create("m", MFD_CLOEXEC);
		if (head.fd == -1 || write(head.fd, letter,
		    strlen(letter)) == -1 ||
		    chan_send(ch, &head, &args, false) == -1)
			return 96;
	}
	for (i = 0; i < 2; i++) {
		if (chan_recv(ch, &in, &m, false) != 1 || m.id < 1 ||
		    m.id > 2)
			return 95;
		status[m.id - 1] = m.status;
	}
	if (status[0] != OP_OK)
		return status[0];
	return status[1] == STORE_BUSY || status[1] == STORE_EXISTS ? 0 : 97;
}

static bool
settled(struct node *n, void *arg)
{
	(void)arg;
	return !intent_busy(&n->st) && intake_idle_now(&n->st) &&
	    sync_idle(&n->st);
}

/* Row and file say the same. */
static void
agree(struct node *n, uint64_t id, const char *folder, uint32_t flags,
    const char *tags)
{
	char path[600];
	struct row_at at;
	struct stat st;

	assert_true(node_until(n, settled, NULL));
	assert_int_equal(row_get(n->st.rows, id, &at), 0);
	assert_string_equal(box_by_id(&n->st, at.mbox)->name, folder);
	assert_int_equal(at.flags, flags);
	assert_string_equal(at.tags, tags);
	snprintf(path, sizeof path, "%s/%s/%s", n->mail, folder, at.name);
	assert_int_equal(stat(path, &st), 0);
}

static bool
boxes_there(struct node *n, void *arg)
{
	struct box *b = box_by_name(&n->st, "Trash");

	(void)arg;
	return b != NULL && b->here && b->uidlease > b->uidnext &&
	    b->modlease > 0 && sync_idle(&n->st);
}

static void
begin(struct node *n)
{
	struct mail_new m = { .folder = "INBOX", .tags = "", .trace = "" };

	memset(n, 0, sizeof *n);
	node_dirs(n);
	node_start(n);
	assert_true(node_until(n, boxes_there, NULL));
	assert_int_equal(node_ask(n, ROLE_OWNER, append, &m), 0);
}

static void
end(struct node *n)
{
	assert_string_equal(n->alarms, "");
	node_stop(n);
	node_remove(n);
}

static void
flags_rename_the_file(void **state)
{
	struct want w = { .type = MAIL_FLAGS, .set = { .n = 1 },
	    .ids = { 1 }, .add = STORE_SEEN | STORE_FLAGGED, .n = 1 };
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "INBOX", STORE_SEEN | STORE_FLAGGED, "");
	w.add = STORE_ANSWERED;
	w.del = STORE_FLAGGED;
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "INBOX", STORE_SEEN | STORE_ANSWERED, "");
	w.add = 64;
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), OP_BAD);
	w.add = 0;
	w.ids[0] = 99;		/* no such message: passed over */
	w.n = 0;
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	assert_int_equal(node_files(&n, "INBOX"), 2); /* and mailnode-uid */
	end(&n);
}

static void
tags_are_kept_by_content(void **state)
{
	struct want w = { .type = MAIL_TAGS, .set = { .n = 1 },
	    .ids = { 1 }, .text = "+todo +a -b -unread", .n = 1 };
	char cmd[256];
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "INBOX", STORE_SEEN, "a todo");
	w.text = "-a +-";
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), OP_BAD);
	w.text = "-a +flagged";
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "INBOX", STORE_SEEN | STORE_FLAGGED, "todo");
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "rm %s/store.db*", n.home);
	assert_int_equal(system(cmd), 0);
	node_start(&n);
	assert_true(node_until(&n, settled, NULL));
	agree(&n, 1, "INBOX", STORE_SEEN | STORE_FLAGGED, "todo");
	end(&n);
}

static int
refuse(void *arg)
{
	(void)arg;
	return 1;
}

/* One of the two databases does not take its half: the other gives its own
 * back, so that what was refused can be asked for again. */
static void
a_move_is_in_both_databases_or_in_none(void **state)
{
	struct want w = { .type = MAIL_MOVE, .set = { .n = 1 },
	    .ids = { 1 }, .text = "Archive", .n = 1 };
	struct node n;

	(void)state;
	begin(&n);
	(void)sqlite3_commit_hook(n.st.db[STORE_NODE], refuse, NULL);
	assert_int_not_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "INBOX", 0, "");
	(void)sqlite3_commit_hook(n.st.db[STORE_NODE], NULL, NULL);
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "Archive", 0, "");
	end(&n);
}

/* Found there, as whatever UID and row it is given. */
static bool
in_archive(struct node *n, void *arg)
{
	const struct box *b = box_by_name(&n->st, "Archive");
	struct row_at at;
	uint32_t uid;

	if (row_get(n->st.rows, 1, &at) != SQLITE_DONE)
		return false;
	for (uid = 1; uid < b->uidnext; uid++)
		if (row_at_uid(n->st.rows, b->id, uid, &at) == 0) {
			*(uint64_t *)arg = at.id;
			return true;
		}
	return false;
}

/* The intent stands: the file is moved, and the row found again there. */
static void
a_row_that_was_not_written_follows_its_file(void **state)
{
	struct want w = { .type = MAIL_MOVE, .set = { .n = 1 },
	    .ids = { 1 }, .text = "Archive", .n = 1 };
	struct node n;
	uint64_t id = 0;

	(void)state;
	begin(&n);
	(void)sqlite3_commit_hook(n.st.db[STORE_CACHE], refuse, NULL);
	assert_int_not_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	(void)sqlite3_commit_hook(n.st.db[STORE_CACHE], NULL, NULL);
	assert_true(node_until(&n, in_archive, &id));
	agree(&n, id, "Archive", 0, "");
	end(&n);
}

static void
sql(struct node *n, const char *text)
{
	assert_int_equal(sqlite3_exec(n->st.db[STORE_NODE], text, NULL, NULL,
	    NULL), SQLITE_OK);
}

static void
start_again(struct node *n)
{
	node_stop(n);
	node_start(n);
	assert_true(node_until(n, settled, NULL));
}

/* A crash between the deed and its word: what was done is done again, though
 * the letter, or its copy, was changed since. */
static void
a_copy_done_again(struct want *more, bool before)
{
	struct want copy = { .type = MAIL_COPY, .set = { .n = 1 },
	    .ids = { 1 }, .text = "Archive", .n = 1 };
	struct node n;

	begin(&n);
	assert_true(node_until(&n, settled, NULL));
	ask_hang_up(n.st.filer);
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &copy), 0);
	if (before)
		assert_int_equal(node_ask(&n, ROLE_OWNER, change, more), 0);
	sql(&n, "CREATE TABLE kept AS SELECT * FROM intent");
	start_again(&n);
	if (!before)
		assert_int_equal(node_ask(&n, ROLE_OWNER, change, more), 0);
	assert_true(node_until(&n, settled, NULL));
	sql(&n, "INSERT INTO intent SELECT * FROM kept; DROP TABLE kept");
	start_again(&n);
	assert_int_equal(node_files(&n, "INBOX/cur") +
	    node_files(&n, "INBOX/new"), 1);
	assert_int_equal(node_files(&n, "Archive/cur") +
	    node_files(&n, "Archive/new"), before ? 0 : 1);
	assert_int_equal(node_files(&n, "Trash/cur") +
	    node_files(&n, "Trash/new"), before ? 1 : 0);
	end(&n);
}

static void
a_copy_done_again_is_one(void **state)
{
	struct want w = { .type = MAIL_FLAGS, .set = { .n = 1 },
	    .add = STORE_FLAGGED, .n = 1 };

	(void)state;
	for (w.ids[0] = 1; w.ids[0] <= 2; w.ids[0]++)
		a_copy_done_again(&w, false);
	w.type = MAIL_MOVE;
	w.ids[0] = 2;
	w.text = "Trash";
	a_copy_done_again(&w, true);
}

static void
moves_and_copies(void **state)
{
	struct want w = { .type = MAIL_MOVE, .set = { .n = 1 },
	    .ids = { 1 }, .text = "Archive", .n = 1 };
	struct row_at at;
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "Archive", 0, "");
	assert_int_equal(node_files(&n, "INBOX/new"), 0);
	w.type = MAIL_COPY;
	w.text = "INBOX";
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 2, "INBOX", 0, "");
	assert_int_equal(row_get(n.st.rows, 2, &at), 0);
	assert_int_equal(at.uid, 2);	/* 1 was given there before */
	w.text = "Nowhere";
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w),
	    STORE_NOTFOUND);
	end(&n);
}

static void
expunges(void **state)
{
	struct want w = { .type = MAIL_EXPUNGE, .set = { .n = 1 },
	    .ids = { 1 }, .n = 1 };
	struct row_at at;
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, change, &w), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	assert_true(node_until(&n, settled, NULL));
	assert_int_equal(node_files(&n, "INBOX/new"), 0);
	assert_true(row_get(n.st.rows, 1, &at) != 0);
	end(&n);
}

static void
what_is_wanted_once_is_there_once(void **state)
{
	struct mail_new m = { .folder = "Drafts", .tags = "", .trace = "",
	    .once = true };
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, append_twice, &m), 0);
	assert_true(node_until(&n, settled, NULL));
	assert_int_equal(node_ask(&n, ROLE_OWNER, append, &m), STORE_EXISTS);
	assert_int_equal(node_files(&n, "Drafts/cur") +
	    node_files(&n, "Drafts/new"), 1);
	end(&n);
}

static void
appends(void **state)
{
	struct mail_new m = { .folder = "Drafts", .tags = "b a",
	    .flags = STORE_DRAFT | STORE_SEEN, .trace = "",
	    .received = 1600000000 };
	struct row_at at;
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, append, &m), 0);
	agree(&n, 2, "Drafts", STORE_DRAFT | STORE_SEEN, "a b");
	m.once = true;
	assert_int_equal(node_ask(&n, ROLE_OWNER, append, &m), STORE_EXISTS);
	m.once = false;
	m.replaces = 2;
	assert_int_equal(node_ask(&n, ROLE_OWNER, append, &m), 0);
	agree(&n, 3, "Drafts", STORE_DRAFT | STORE_SEEN, "a b");
	assert_true(row_get(n.st.rows, 2, &at) != 0);
	assert_int_equal(node_files(&n, "Drafts/cur"), 1);
	m.folder = "Nowhere";
	assert_int_equal(node_ask(&n, ROLE_OWNER, append, &m),
	    STORE_NOTFOUND);
	end(&n);
}

/* A second change before filer has done the first. */
static int
two_changes(int ch, void *arg)
{
	struct want w = { .type = MAIL_FLAGS, .set = { .n = 1 },
	    .ids = { 1 }, .add = STORE_SEEN, .n = 1 };
	int i, rc = 0;

	(void)arg;
	for (i = 0; i < 20 && rc == 0; i++) {
		w.type = MAIL_FLAGS;
		w.add = i % 2 ? 0 : STORE_FLAGGED;
		w.del = i % 2 ? STORE_FLAGGED : 0;
		rc = change(ch, &w);
		w.type = MAIL_MOVE;
		w.text = i % 2 ? "INBOX" : "Archive";
		if (rc == 0)
			rc = change(ch, &w);
	}
	return rc;
}

static void
changes_follow_each_other(void **state)
{
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, two_changes, NULL), 0);
	agree(&n, 1, "INBOX", 0, "");
	assert_int_equal(node_files(&n, "Archive/cur"), 0);
	end(&n);
}

/* ---- mailboxes ---- */

static int
boxes(int ch, void *arg)
{
	struct op_reply r;
	struct box_list l;
	uint64_t id;
	size_t n;

	(void)arg;
	op_reply_init(&r);
	if (box_create(ch, &r, "Lists/linux", &id) != OP_OK || id == 0)
		return 1;
	if (box_create(ch, &r, "Lists/linux", &id) != STORE_EXISTS)
		return 2;
	if (box_create(ch, &r, "a/../b", &id) != STORE_NAME ||
	    box_create(ch, &r, "a/cur", &id) != STORE_NAME)
		return 3;
	if (box_rename(ch, &r, "INBOX", "x") != STORE_KEPT ||
	    box_delete(ch, &r, "Sent") != STORE_KEPT)
		return 4;
	if (box_create(ch, &r, "Lists", &id) != OP_OK ||
	    box_delete(ch, &r, "Lists") != STORE_EXISTS)
		return 5;
	if (box_rename(ch, &r, "Lists", "L/ists") != OP_OK)
		return 6;
	if (box_list(ch, &r, &l) != OP_OK)
		return 7;
	n = l.n;
	box_list_clear(&l);
	if (n != 8)
		return 8;
	if (box_delete(ch, &r, "L/ists/linux") != OP_OK ||
	    box_delete(ch, &r, "L/ists/linux") != STORE_NOTFOUND)
		return 9;
	op_reply_clear(&r);
	return 0;
}

static void
mailboxes_come_and_go(void **state)
{
	struct want w = { .type = MAIL_MOVE, .set = { .n = 1 },
	    .ids = { 1 }, .text = "L/ists", .n = 1 };
	struct node n;

	(void)state;
	begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, boxes, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, change, &w), 0);
	agree(&n, 1, "L/ists", 0, "");
	assert_true(box_by_name(&n.st, "L/ists/linux") == NULL);
	end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_rename_the_file),
		cmocka_unit_test(tags_are_kept_by_content),
		cmocka_unit_test(moves_and_copies),
		cmocka_unit_test(a_copy_done_again_is_one),
		cmocka_unit_test(a_move_is_in_both_databases_or_in_none),
		cmocka_unit_test(a_row_that_was_not_written_follows_its_file),
		cmocka_unit_test(expunges),
		cmocka_unit_test(what_is_wanted_once_is_there_once),
		cmocka_unit_test(appends),
		cmocka_unit_test(changes_follow_each_other),
		cmocka_unit_test(mailboxes_come_and_go),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
