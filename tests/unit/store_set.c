/* What IMAP asks of keeper: changes by UID, pieces of a message, and
 * subscriptions, through the ops. */
#define _GNU_SOURCE
#include <sqlite3.h>
#include <sys/mman.h>

#include "store/box.h"
#include "store/op_append.h"
#include "store/op_set.h"
#include "tests/unit/node.h"

static const struct device phone = { .name = "phone",
    .scope = DEVICE_ALL };
static struct node n;

static bool
settled(struct node *node, void *arg)
{
	struct box *b = box_by_name(&node->st, "Trash");

	(void)arg;
	return b != NULL && b->here && b->uidlease > b->uidnext &&
	    b->modlease > 0 && sync_idle(&node->st) &&
	    intake_idle_now(&node->st) && !node->st.rebuild;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&n, 0, sizeof n);
	n.device = &phone;
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, settled, NULL));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	node_stop(&n);
	node_remove(&n);
	return 0;
}

/* One request in a child, whose answer comes back as text. */
struct job {
	uint16_t	 op;
	const char	*box, *text;
	struct set_flags flags;
	struct set_range range[3];
	struct set_range *far;		/* instead of range; or NULL */
	size_t		 nrange;
	bool		 on;
	char		*said;		/* shared with the child */
	size_t		 size;
};

static uint64_t
box_id(const char *name)
{
	struct box *b = box_by_name(&n.st, name);

	assert_non_null(b);
	return b->id;
}

static uint16_t
append(int ch, struct op_reply *r, const struct job *j, struct set_appended *a)
{
	struct set_new m = { .folder = j->box, .keywords = j->flags.keywords !=
	    NULL ? j->flags.keywords : "", .octets = strlen(j->text) };
	uint64_t id;
	uint16_t rc = set_begin(ch, r, m.octets, &id);

	/* In two pieces. */
	if (rc == OP_OK && (set_data(ch, id, j->text, 3) == -1 ||
	    set_data(ch, id, j->text + 3, m.octets - 3) == -1))
		rc = OP_GONE;
	return rc == OP_OK ? set_append(ch, r, id, &m, a) : rc;
}

static int
ask(int ch, void *arg)
{
	struct job *j = arg;
	const struct set uids = { .n = j->nrange,
	    .range = j->far != NULL ? j->far : j->range };
	const struct set_ask a = { .mbox = box_id(j->box), .uids = &uids };
	struct set_appended appended = { .uid = 0 };
	struct set_done d = { .modseq = 0 };
	struct op_reply r;
	struct buf names;
	size_t i, at = 0;
	uint16_t rc;

	op_reply_init(&r);
	buf_init(&names, 1024 * 1024);
	switch (j->op) {
	case SET_STORE:
		rc = set_store(ch, &r, &a, &j->flags, &d);
		break;
	case SET_MOVE:
	case SET_COPY:
		rc = set_move(ch, &r, &a, j->text, j->op == SET_COPY, &d);
		break;
	case SET_EXPUNGE:
		rc = set_expunge(ch, &r, &a, &d);
		break;
	case SET_APPEND:
		rc = append(ch, &r, j, &appended);
		at = (size_t)snprintf(j->said, j->size, "%s%u",
		    appended.known ? "known " : "", appended.uid);
		break;
	case SET_CLAIM:
		rc = set_claim(ch, &r, a.mbox, j->range[0].lo, &appended.uid);
		snprintf(j->said, j->size, "%u", appended.uid);
		break;
	case SET_SUBSCRIBE:
		rc = set_subscribe(ch, &r, j->text, j->on);
		break;
	default:
		rc = set_subscribed(ch, &r, &names);
		for (i = 0; i < names.len && at + 300 < j->size;
		    i += strlen((char *)names.data + i) + 1)
			at += (size_t)snprintf(j->said + at, j->size - at,
			    "%s ", (char *)names.data + i);
	}
	for (i = 1; i <= set_count(&d.was) && rc == OP_OK; i++) {
		at += (size_t)snprintf(j->said + at, j->size - at, "%u ",
		    set_at(&d.was, (uint32_t)i));
		if (d.now.n > 0)
			at += (size_t)snprintf(j->said + at, j->size - at,
			    "%u ", set_at(&d.now, (uint32_t)i));
	}
	set_done_clear(&d);
	op_reply_clear(&r);
	buf_clear(&names);
	return rc;
}

static void
expect(struct job j, int status, const char *said)
{
	static char *shared;
	enum { SIZE = 64 * 1024 };
	int got;

	if (shared == NULL)
		shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	shared[0] = '\0';
	j.said = shared;
	j.size = SIZE;
	got = node_ask(&n, ROLE_IMAP, ask, &j);
	if (got != status || (said != NULL && strcmp(shared, said) != 0))
		fail_msg("op %#x: %d \"%s\", not %d \"%s\"", j.op, got,
		    shared, status, said);
}

static void
put(const char *box, const char *text, const char *said)
{
	expect((struct job){ .op = SET_APPEND, .box = box, .text = text },
	    OP_OK, said);
	assert_true(node_until(&n, settled, NULL));
}

static void
three(void)
{
	static const char *const text[] = {
		"Message-ID: <1@x>\r\n\r\none\r\n",
		"Message-ID: <2@x>\r\n\r\ntwo\r\n",
		"Message-ID: <3@x>\r\n\r\nthree\r\n" };
	char said[4];
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(said, sizeof said, "%d", i + 1);
		put("INBOX", text[i], said);
	}
}

#define ALL	.range = { { 1, 100, 0 } }, .nrange = 1

/* Flags and MODSEQ of INBOX's UID. */
static uint32_t
flags_of(uint32_t uid, uint64_t *modseq, char *tags)
{
	struct row_at at;

	assert_int_equal(row_at_uid(n.st.rows, box_id("INBOX"), uid, &at), 0);
	*modseq = at.modseq;
	strcpy(tags, at.tags);
	return at.flags;
}

static uint32_t
count(const char *box)
{
	struct row_at at;
	uint32_t uid, found = 0;

	for (uid = 1; uid < 50; uid++)
		found += row_at_uid(n.st.rows, box_id(box), uid, &at) == 0;
	return found;
}

static void
flags_and_keywords(void **state)
{
	char tags[1024];
	uint64_t before, now;

	(void)state;
	three();
	(void)flags_of(2, &before, tags);
	expect((struct job){ .op = SET_STORE, .box = "INBOX", .flags = {
	    SET_ADD, STORE_SEEN, "b a", 0 }, .range = { { 2, 2, 0 } },
	    .nrange = 1 }, OP_OK, "");
	assert_int_equal(flags_of(2, &now, tags), STORE_SEEN);
	assert_true(now > before);
	assert_string_equal(tags, "a b");
	/* All of several in one statement; gaps and what is not there. */
	expect((struct job){ .op = SET_STORE, .box = "INBOX", .flags = {
	    SET_ADD, STORE_FLAGGED, "", 0 }, .range = { { 1, 1, 0 }, { 3, 90, 0 } },
	    .nrange = 2 }, OP_OK, "");
	assert_int_equal(flags_of(1, &now, tags), STORE_FLAGGED);
	assert_int_equal(flags_of(2, &now, tags), STORE_SEEN);
	assert_int_equal(flags_of(3, &now, tags), STORE_FLAGGED);
	expect((struct job){ .op = SET_STORE, .box = "INBOX", .flags = {
	    SET_REPLACE, STORE_ANSWERED, "c", 0 }, ALL }, OP_OK, "");
	assert_int_equal(flags_of(2, &now, tags), STORE_ANSWERED);
	assert_string_equal(tags, "c");
	/* UNCHANGEDSINCE: who changed is told, and left alone. */
	expect((struct job){ .op = SET_STORE, .box = "INBOX", .flags = {
	    SET_TAKE, STORE_ANSWERED, "c", now - 1 }, ALL }, OP_OK, "2 3 ");
	assert_int_equal(flags_of(1, &before, tags), 0);
	assert_int_equal(flags_of(2, &before, tags), STORE_ANSWERED);
}

/* RFC 5788 section 2: the same keyword in any case. */
static void
keywords_alike(void **state)
{
	char tags[1024];
	uint64_t modseq;

	(void)state;
	three();
	expect((struct job){ .op = SET_STORE, .box = "INBOX", .flags = {
	    SET_ADD, 0, "c Twice TWICE a twice", 0 }, .range = { { 1, 1, 0 } },
	    .nrange = 1 }, OP_OK, "");
	(void)flags_of(1, &modseq, tags);
	assert_string_equal(tags, "Twice a c");
	expect((struct job){ .op = SET_APPEND, .box = "INBOX",
	    .text = "Subject: alike\r\n\r\nx\r\n", .flags = {
	    .keywords = "c Twice TWICE a twice" } }, OP_OK, "4");
	assert_true(node_until(&n, settled, NULL));
	(void)flags_of(4, &modseq, tags);
	assert_string_equal(tags, "Twice a c");
}

static void
what_is_no_change(void **state)
{
	static const struct set_flags bad[] = {
		{ SET_REPLACE + 1, 0, "", 0 }, { SET_ADD, 1U << 20, "", 0 },
		{ SET_ADD, 0, "a(b", 0 }, { SET_ADD, 0, " ", 0 } };
	size_t i;

	(void)state;
	three();
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect((struct job){ .op = SET_STORE, .box = "INBOX",
		    .flags = bad[i], ALL }, OP_BAD, NULL);
	expect((struct job){ .op = SET_MOVE, .box = "INBOX", .text = "Nowhere",
	    ALL }, STORE_NOTFOUND, NULL);
	assert_int_equal(count("INBOX"), 3);
}

static void
pairs_of_uids(void **state)
{
	(void)state;
	three();
	expect((struct job){ .op = SET_COPY, .box = "INBOX", .text = "Archive",
	    .range = { { 1, 1, 0 }, { 3, 3, 0 } }, .nrange = 2 }, OP_OK,
	    "1 1 3 2 ");
	expect((struct job){ .op = SET_MOVE, .box = "INBOX", .text = "Archive",
	    .range = { { 2, 9, 0 } }, .nrange = 1 }, OP_OK, "2 3 3 4 ");
	assert_int_equal(count("INBOX"), 1);
	assert_int_equal(count("Archive"), 4);
}

static void
only_what_is_deleted_goes(void **state)
{
	(void)state;
	three();
	expect((struct job){ .op = SET_STORE, .box = "INBOX", .flags = {
	    SET_ADD, STORE_DELETED, "", 0 }, .range = { { 1, 2, 0 } },
	    .nrange = 1 }, OP_OK, "");
	expect((struct job){ .op = SET_EXPUNGE, .box = "INBOX",
	    .range = { { 2, 3, 0 } }, .nrange = 1 }, OP_OK, "2 ");
	expect((struct job){ .op = SET_EXPUNGE, .box = "INBOX", ALL }, OP_OK,
	    "1 ");
	assert_int_equal(count("INBOX"), 1);
}

static void
claim(uint32_t below, const char *from)
{
	expect((struct job){ .op = SET_CLAIM, .box = "INBOX",
	    .range = { { below, below, 0 } } }, OP_OK, from);
}

/* Each from where the one before ended, be it before a start; nobody has more
 * than there can be. */
static void
who_is_told_first_claims(void **state)
{
	(void)state;
	three();
	claim(3, "1");
	claim(2, "3");
	claim(99, "3");
	claim(99, "4");
	put("INBOX", "Message-ID: <4@x>\r\n\r\nfour\r\n", "4");
	claim(5, "4");
	node_stop(&n);
	node_start(&n);
	assert_true(node_until(&n, settled, NULL));
	claim(5, "5");
}

static void
exec(enum store_db db, const char *sql)
{
	assert_int_equal(sqlite3_exec(n.st.db[db], sql, NULL, NULL, NULL),
	    SQLITE_OK);
}

/* The third cannot be copied: its file has no name that can be.  A look at
 * the folder, which may come at any time, would mend that. */
static void
no_name(void)
{
	assert_true(node_until(&n, settled, NULL));
	exec(STORE_CACHE, "UPDATE msg SET name='no name' WHERE uid=3");
	exec(STORE_CACHE, "CREATE TEMP TRIGGER named BEFORE UPDATE OF name"
	    " ON msg WHEN old.name='no name'"
	    " BEGIN SELECT RAISE(IGNORE); END");
	exec(STORE_CACHE, "CREATE TEMP TRIGGER there BEFORE DELETE ON msg"
	    " WHEN old.name='no name' BEGIN SELECT RAISE(IGNORE); END");
}

static void
a_copy_that_fails_leaves_nothing(void **state)
{
	(void)state;
	three();
	put("Archive", "Message-ID: <a@x>\r\n\r\nhere before\r\n", "1");
	no_name();
	expect((struct job){ .op = SET_COPY, .box = "INBOX", .text = "Archive",
	    ALL }, STORE_NAME, NULL);
	assert_int_equal(count("Archive"), 1);
	assert_int_equal(count("INBOX"), 3);
	assert_true(node_until(&n, settled, NULL));
	assert_int_equal(node_files(&n, "Archive/cur"), 1);
	/* And what can be copied still is. */
	expect((struct job){ .op = SET_COPY, .box = "INBOX", .text = "Archive",
	    .range = { { 1, 2, 0 } }, .nrange = 1 }, OP_OK, "1 5 2 6 ");
}

/* Two are copied by a request of their own, before the third is asked for. */
static void
nor_what_an_earlier_request_copied(void **state)
{
	static struct set_range far[VIEW_RANGES_MAX + 2];
	size_t i;

	(void)state;
	three();
	no_name();
	exec(STORE_CACHE, "UPDATE mail SET uid=100000 WHERE uid=3");
	exec(STORE_CACHE, "UPDATE msg SET uid=100000 WHERE uid=3");
	far[0] = (struct set_range){ 1, 2, 0 };
	for (i = 1; i <= VIEW_RANGES_MAX; i++)
		far[i].lo = far[i].hi = (uint32_t)(2 * i + 10);
	far[i] = (struct set_range){ 100000, 100000, 0 };
	expect((struct job){ .op = SET_COPY, .box = "INBOX", .text = "Archive",
	    .far = far, .nrange = i + 1 }, STORE_NAME, NULL);
	assert_int_equal(count("Archive"), 0);
}

/* ---- Sent ---- */

static void
sent_has_a_letter_once(void **state)
{
	(void)state;
	put("Sent", "Message-ID: <1@x>\r\nSubject: a\r\n\r\nbody\r\n", "1");
	put("Sent", "Message-ID: <1@x>\r\nBcc: b@x\r\nSubject: a\r\n\r\n"
	    "body\r\n", "known 1");
	assert_int_equal(count("Sent"), 1);
	/* One letter in several, as chat programs send them. */
	put("Sent", "Message-ID: <1@x>\r\nSubject: a\r\n\r\nBody\r\n", "2");
	put("Sent", "Message-ID: <1@x>\r\nSubject: a\r\n\r\nbody, more\r\n",
	    "3");
	put("Sent", "Message-ID: <2@x>\r\nSubject: a\r\n\r\nbody\r\n", "4");
	assert_int_equal(count("Sent"), 4);
	/* Each of them is known again. */
	put("Sent", "Message-ID: <1@x>\r\n\r\nbody, more\r\n", "known 3");
	assert_int_equal(count("Sent"), 4);
}

/* ---- subscriptions ---- */

static void
told(const char *name, bool on, int status)
{
	expect((struct job){ .op = SET_SUBSCRIBE, .box = "INBOX",
	    .text = name, .on = on }, status, NULL);
}

static void
names_that_are_subscribed(void **state)
{
	(void)state;
	told("Lists/a", true, OP_OK);
	told("INBOX", false, OP_OK);
	told("Lists/a", false, OP_OK);
	told("nowhere", true, OP_OK);
	told("no\tname", true, STORE_NAME);
	expect((struct job){ .op = SET_SUBSCRIBED, .box = "INBOX" }, OP_OK,
	    "-INBOX -Lists/a +nowhere ");
}

static void
no_more_than_there_is_room_for(void **state)
{
	(void)state;
	exec(STORE_NODE, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL"
	    " SELECT i+1 FROM c WHERE i < 7999) INSERT INTO subscribed"
	    " SELECT printf('box %05d', i), 1 FROM c");
	told("one more", true, OP_OK);
	told("too many", true, STORE_TOOBIG);
	told("one more", false, OP_OK);
	told("too many", true, STORE_TOOBIG);
}

static void
a_device_knows_its_own_folder_alone(void **state)
{
	static const struct device d = { .name = "tablet",
	    .scope = DEVICE_READ | DEVICE_CHANGE, .folder = "Archive" };

	(void)state;
	told("Secret", true, OP_OK);
	told("Archive", false, OP_OK);
	n.device = &d;
	expect((struct job){ .op = SET_SUBSCRIBED, .box = "INBOX" }, OP_OK,
	    "-Archive ");
	told("Secret", false, OP_SCOPE);
	told("Archive", true, OP_OK);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

/* ---- several at once, into what goes away under them ---- */

static struct loop_timer looks;

/* They have their UIDs, and wait for the commit of their marks. */
static void
look(void *arg)
{
	struct box *b = box_by_name(&n.st, "Archive");

	(void)arg;
	if (b->first != NULL)
		intake_forget(&n.st, b);
	else
		loop_arm(n.loop, &looks, 0);
}

static int
append_several(int ch, void *arg)
{
	static const char text[] = "Subject: s\r\n\r\nx\r\n";
	struct set_new m[3];
	struct append_done d;
	struct op_reply r;
	uint16_t rc = OP_OK;
	size_t i;

	(void)arg;
	op_reply_init(&r);
	for (i = 0; i < 3 && rc == OP_OK; i++) {
		m[i] = (struct set_new){ .folder = "Archive", .keywords = "",
		    .octets = sizeof text - 1 };
		rc = set_begin(ch, &r, m[i].octets, &m[i].id);
		if (rc == OP_OK && set_data(ch, m[i].id, text,
		    sizeof text - 1) == -1)
			rc = OP_GONE;
	}
	if (rc == OP_OK) {
		rc = append_all(ch, &r, m, 3, &d);
		set_clear(&d.uids);
	}
	op_reply_clear(&r);
	return rc;
}

static void
a_mailbox_that_goes_takes_all_that_wait(void **state)
{
	(void)state;
	op_server_more(&n.keeper, append_ops);
	looks = (struct loop_timer){ .fn = look };
	loop_arm(n.loop, &looks, 0);
	assert_int_equal(node_ask(&n, ROLE_IMAP, append_several, NULL),
	    STORE_NOTFOUND);
	assert_true(node_until(&n, settled, NULL));
	assert_int_equal(count("Archive"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(flags_and_keywords), T(keywords_alike),
		T(what_is_no_change),
		T(pairs_of_uids),
		T(only_what_is_deleted_goes),
		T(who_is_told_first_claims),
		T(a_copy_that_fails_leaves_nothing),
		T(nor_what_an_earlier_request_copied),
		T(sent_has_a_letter_once),
		T(names_that_are_subscribed),
		T(no_more_than_there_is_room_for),
		T(a_device_knows_its_own_folder_alone),
		T(a_mailbox_that_goes_takes_all_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
