/* The queue's states, who may change them, and what a crash leaves. */
#include <dirent.h>
#include <sqlite3.h>

#include "store/queue.h"
#include "tests/unit/node.h"

static const char letter[] = "From: <me@node.test>\r\nSubject: s\r\n\r\nx\r\n";

static const struct queue_to two[] = {
	{ "a@far.test", "", 0 }, { "b@far.test", "rfc822;b@far.test", 4 }
};

static struct queue_envelope
envelope(void)
{
	return (struct queue_envelope){ .from = "me@node.test",
	    .msgid = "one@node.test", .subject = "s", .envid = "",
	    .to = two, .nto = 2 };
}

static int
submit(int ch, void *arg)
{
	struct queue_envelope e = envelope();
	char id[QUEUE_ID_MAX];

	if (arg != NULL)
		e = *(struct queue_envelope *)arg;
	return queue_submit(ch, &e, letter, sizeof letter - 1, id);
}

/* The id of the only letter; 0 if there is not one. */
static uint64_t
only(struct node *n)
{
	sqlite3_stmt *s;
	uint64_t id = 0;

	assert_int_equal(sqlite3_prepare_v2(n->st.db[STORE_NODE],
	    "SELECT max(id), count(*) FROM queue_letter", -1, &s, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	if (sqlite3_column_int(s, 1) == 1)
		id = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return id;
}

static int64_t
count(struct node *n, const char *sql)
{
	sqlite3_stmt *s;
	int64_t v;

	assert_int_equal(sqlite3_prepare_v2(n->st.db[STORE_NODE], sql, -1,
	    &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	v = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return v;
}

static enum queue_state
state_of(struct node *n, uint64_t id)
{
	struct queue_facts f;

	assert_int_equal(queue_facts(&n->st, id, &f), STORE_OK);
	return f.state;
}

static int
files(const struct node *n, const char *ending)
{
	char path[128];
	struct dirent *e;
	int k = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/queue", n->home);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		k += e->d_name[0] != '.' && (ending == NULL ||
		    strstr(e->d_name, ending) != NULL);
	closedir(d);
	return k;
}

static void
path_of(const struct node *n, uint64_t id, char *path, size_t size)
{
	char name[QUEUE_ID_MAX];

	queue_id_text(id, name);
	snprintf(path, size, "%s/queue/%s", n->home, name);
}

static int
show(int ch, void *arg)
{
	struct queue_letter l;
	char id[QUEUE_ID_MAX];
	int ok;

	queue_id_text(*(uint64_t *)arg, id);
	if (queue_show(ch, id, &l) != STORE_OK)
		return 1;
	ok = l.nrcpt == 2 && strcmp(l.rcpt[1].addr, "b@far.test") == 0 &&
	    l.rcpt[1].notify == 4 && l.rcpt[0].fate == QUEUE_WAITING &&
	    strcmp(l.row.msgid, "one@node.test") == 0 &&
	    l.row.size == sizeof letter - 1 && l.row.state == QUEUE_ACTIVE;
	queue_letter_clear(&l);
	if (!ok || queue_fate(ch, "one@node.test", &l) != STORE_OK)
		return 2;
	ok = strcmp(l.row.id, id) == 0;
	queue_letter_clear(&l);
	if (!ok || queue_fate(ch, "two@node.test", &l) != STORE_NOTFOUND)
		return 3;
	return 0;
}

static int
list(int ch, void *arg)
{
	struct queue_rows r;
	int n;

	(void)arg;
	if (queue_list(ch, QUEUE_OPEN_ONES, "", &r) != STORE_OK)
		return 99;
	n = (int)r.n;
	queue_rows_clear(&r);
	return n;
}

static void
submitted_letters_are_files_and_rows(void **state)
{
	struct queue_head h;
	struct node n;
	char path[160];
	uint64_t id;
	int fd;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	id = only(&n);
	path_of(&n, id, path, sizeof path);
	fd = open(path, O_RDONLY);
	assert_int_equal(queue_head_read(fd, &h), STORE_OK);
	assert_string_equal(h.env.from, "me@node.test");
	assert_int_equal(h.env.nto, 2);
	assert_string_equal(h.env.to[1].orcpt, "rfc822;b@far.test");
	assert_int_equal(h.size, sizeof letter - 1);
	queue_head_clear(&h);
	close(fd);
	assert_int_equal(node_ask(&n, ROLE_OWNER, show, &id), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, list, NULL), 1);
	node_end(&n);
}

/* The second recipient cannot be written: neither row nor file stays, and
 * the turn's other letters are kept. */
static void
half_a_letter_is_none(void **state)
{
	struct node n;

	(void)state;
	node_begin(&n);
	assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE], "CREATE TRIGGER"
	    " no BEFORE INSERT ON queue_rcpt WHEN NEW.n = 2 BEGIN SELECT"
	    " RAISE(FAIL, 'no'); END", NULL, NULL, NULL), SQLITE_OK);
	assert_int_not_equal(node_ask(&n, ROLE_OWNER, submit, NULL),
	    STORE_OK);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_letter"), 0);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_rcpt"), 0);
	assert_int_equal(files(&n, NULL), 0);
	assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE], "DROP TRIGGER no",
	    NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	assert_int_equal(files(&n, NULL), 1);
	node_end(&n);
}

/* ---- refusals ---- */

static int
commit_first(int ch, void *arg)
{
	(void)arg;
	return queue_commit(ch);
}

static int
data_first(int ch, void *arg)
{
	(void)arg;
	return queue_data(ch, "x", 1);
}

static int
begin_twice(int ch, void *arg)
{
	struct queue_envelope e = envelope();
	char id[QUEUE_ID_MAX];
	uint16_t rc = queue_begin(ch, &e, id);

	(void)arg;
	return rc == STORE_OK ? queue_begin(ch, &e, id) : 99;
}

static int
too_big(int ch, void *arg)
{
	static char chunk[QUEUE_CHUNK_MAX];
	struct queue_envelope e = envelope();
	char id[QUEUE_ID_MAX];
	uint16_t rc = queue_begin(ch, &e, id);
	int i;

	(void)arg;
	for (i = 0; i < 600 && rc == STORE_OK; i++)
		rc = queue_data(ch, chunk, sizeof chunk);
	return rc;
}

/* What stands before it in the file is not its size. */
static void
the_limit_is_of_the_letter(void **state)
{
	struct node n;

	(void)state;
	node_begin(&n);
	n.conf.message_max = sizeof letter - 1;
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	n.conf.message_max--;
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL),
	    STORE_TOOBIG);
	node_end(&n);
}

static int
due(int ch, void *arg)
{
	struct op_reply r;
	uint16_t rc;

	(void)arg;
	op_reply_init(&r);
	rc = sender_due(ch, &r, true);
	op_reply_clear(&r);
	return rc;
}

static void
refusals(void **state)
{
	static const struct queue_to bad[][1] = {
		{ { "", "", 0 } }, { { "nobody", "", 0 } },
		{ { "@far.test", "", 0 } }, { { "a@", "", 0 } },
		{ { "a b@far.test", "", 0 } }, { { "<a@far.test>", "", 0 } },
		{ { "a@far.test,b@far.test", "", 0 } },
		{ { "a@far.test", "with blank", 0 } },
		{ { "a@far.test", "", 16 } },
	};
	struct queue_envelope e;
	struct node n;
	size_t i;

	(void)state;
	node_begin(&n);
	e = envelope();
	e.from = "me@far.test";
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, &e),
	    QUEUE_E_IDENTITY);
	e.from = "nobody@node.test";
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, &e),
	    QUEUE_E_IDENTITY);
	e.from = "";
	n.device = &(struct device){ .scope = DEVICE_SEND };
	assert_int_equal(node_ask(&n, ROLE_SUBMISSION, submit, &e),
	    QUEUE_E_IDENTITY);
	n.device = NULL;
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, &e), STORE_OK);
	e = envelope();
	e.nto = 0;
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, &e), QUEUE_E_RCPT);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		e = envelope();
		e.to = bad[i];
		e.nto = 1;
		assert_int_equal(node_ask(&n, ROLE_OWNER, submit, &e),
		    QUEUE_E_RCPT);
	}
	e = envelope();
	e.msgid = "a\nb";
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, &e), OP_BAD);
	assert_int_equal(node_ask(&n, ROLE_OWNER, commit_first, NULL),
	    STORE_STATE);
	assert_int_equal(node_ask(&n, ROLE_OWNER, data_first, NULL),
	    STORE_STATE);
	assert_int_equal(node_ask(&n, ROLE_OWNER, begin_twice, NULL),
	    STORE_STATE);
	assert_int_equal(node_ask(&n, ROLE_OWNER, too_big, NULL),
	    STORE_TOOBIG);
	assert_int_equal(node_ask(&n, ROLE_SMTP, submit, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_SENDER, submit, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_LOCAL, list, NULL), 99);
	assert_int_equal(node_ask(&n, ROLE_OWNER, due, NULL), OP_DENIED);
	/* What was not committed left nothing behind. */
	assert_int_equal(files(&n, NULL), 1);
	node_end(&n);
}

static void
another_user_has_his_name_in_the_sender(void **state)
{
	struct queue_envelope e = envelope();
	char path[160], text[4096] = "";
	struct queue_facts f;
	struct node n;
	int fd;

	(void)state;
	node_begin(&n);
	e.from = "root@elsewhere.test";
	e.flags = QUEUE_COPY | QUEUE_HOLD;
	assert_int_equal(node_ask(&n, ROLE_LOCAL, submit, &e), STORE_OK);
	assert_int_equal(queue_facts(&n.st, only(&n), &f), STORE_OK);
	assert_int_equal(f.flags, QUEUE_ENVID);
	assert_int_equal(f.state, QUEUE_ACTIVE);
	path_of(&n, only(&n), path, sizeof path);
	fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof text - 1) > 0);
	close(fd);
	assert_non_null(strstr(text, "\nfrom me@node.test\n"));
	assert_null(strstr(text, "elsewhere"));
	/* The service's own From comes first; the letter's is one too many,
	 * and is refused when it is to be signed. */
	assert_non_null(strstr(text, "\n\nFrom: "));
	node_end(&n);
}

/* ---- the sender's part ---- */

struct plan {
	uint64_t	id;
	enum { CLAIM_ONLY, MARK, RESULT, TWICE } what;
	enum queue_fate	fate;
};

static uint16_t
result(int ch, struct op_reply *r, uint64_t id, enum queue_fate fate)
{
	struct sender_fate f[2] = {
		{ 1, fate, true, 2000000000, "hop", "450 later" },
		{ 2, fate, true, 2000000000, "hop", "450 later" } };
	struct sender_result x = { .id = id, .why = "450 later",
	    .route = "hop", .peer = "hop 192.0.2.1:25", .tls = "none",
	    .reply = "450 later", .fate = f, .nfate = 2 };

	return sender_result(ch, r, &x);
}

static int
send_it(int ch, void *arg)
{
	const struct plan *p = arg;
	static const uint32_t both[] = { 1, 2 };
	struct sender_letter l;
	struct op_reply r;
	uint16_t rc;
	int64_t next;

	op_reply_init(&r);
	rc = sender_due(ch, &r, true);
	if (rc == STORE_OK)
		rc = sender_claim(ch, &r, p->id, &l);
	if (rc == STORE_OK && l.nrcpt != 2)
		rc = 97;
	if (rc == STORE_OK && p->what == TWICE)
		rc = sender_claim(ch, &r, p->id, &l);
	if (rc == STORE_OK && p->what >= MARK)
		rc = sender_mark(ch, &r, p->id, "hop", both, 2);
	if (rc == STORE_OK && p->what == RESULT)
		rc = result(ch, &r, p->id, p->fate);
	if (rc == STORE_OK && p->what == RESULT)
		rc = sender_release(ch, &r, p->id, &next);
	if (rc == STORE_OK && p->what == RESULT && next !=
	    (p->fate <= QUEUE_UNKNOWN ? 2000000000 : 0))
		rc = 96;
	op_reply_clear(&r);
	return rc;
}

static int
mark_unclaimed(int ch, void *arg)
{
	static const uint32_t both[] = { 1, 2 };
	struct op_reply r;
	uint16_t rc;

	op_reply_init(&r);
	rc = sender_due(ch, &r, true);
	if (rc == STORE_OK)
		rc = sender_mark(ch, &r, *(uint64_t *)arg, "hop", both, 2);
	op_reply_clear(&r);
	return rc;
}

static void
results_end_letters_and_their_files(void **state)
{
	struct plan p = { .what = RESULT, .fate = QUEUE_WAITING };
	struct node n;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	p.id = only(&n);
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_OK);
	assert_int_equal(state_of(&n, p.id), QUEUE_ACTIVE);
	assert_int_equal(count(&n, "SELECT sum(attempts) FROM queue_rcpt"),
	    2);
	p.fate = QUEUE_SENT;
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_OK);
	assert_int_equal(state_of(&n, p.id), QUEUE_DONE);
	assert_int_equal(files(&n, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_STATE);
	/* Its story is kept 90 days, and no longer. */
	assert_int_equal(queue_clean(&n.st), STORE_OK);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_letter"), 1);
	(void)count(&n, "SELECT 1");
	assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE], "UPDATE queue_letter"
	    " SET finished = finished - 7776001", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(queue_clean(&n.st), STORE_OK);
	assert_int_equal(count(&n, "SELECT (SELECT count(*) FROM queue_letter)"
	    " + (SELECT count(*) FROM queue_rcpt)"
	    " + (SELECT count(*) FROM queue_attempt)"), 0);
	node_end(&n);
}

static void
a_mark_without_a_result_is_unknown(void **state)
{
	struct plan p = { .what = MARK };
	struct node n;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	p.id = only(&n);
	assert_int_equal(node_ask(&n, ROLE_SENDER, mark_unclaimed, &p.id),
	    STORE_STATE);
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_OK);
	node_stop(&n);
	node_start(&n);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_rcpt WHERE"
	    " fate = 1 AND route = 'hop' AND twice = 0"), 2);
	/* Again: the second mark says so. */
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_OK);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_rcpt WHERE"
	    " fate = 1 AND twice = 1"), 2);
	/* Who has a final fate cannot be marked again. */
	p.what = RESULT;
	p.fate = QUEUE_SENT;
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_OK);
	node_end(&n);
}

static int
change(int ch, void *arg)
{
	const struct plan *p = arg;
	char id[QUEUE_ID_MAX];

	queue_id_text(p->id, id);
	return queue_change(ch, id, (enum queue_change)p->fate, "");
}

static int
try(struct node *n, uint64_t id, enum queue_change what)
{
	struct plan p = { .id = id, .fate = (enum queue_fate)what };

	return node_ask(n, ROLE_OWNER, change, &p);
}

static void
the_owners_hand(void **state)
{
	struct plan p = { .what = TWICE };
	struct node n;
	uint64_t id;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	p.id = id = only(&n);
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_STATE);
	/* Under way. */
	assert_true(queue_claim(n.st.queue, id));
	assert_int_equal(try(&n, id, QUEUE_DO_HOLD), STORE_STATE);
	assert_int_equal(try(&n, id, QUEUE_DO_DROP), STORE_STATE);
	assert_int_equal(try(&n, id, QUEUE_DO_ROUTE), STORE_STATE);
	assert_int_equal(try(&n, id, QUEUE_DO_RETRY), STORE_OK);
	queue_unclaim(n.st.queue, id);
	assert_int_equal(try(&n, id, QUEUE_DO_RELEASE), STORE_STATE);
	assert_int_equal(try(&n, id, QUEUE_DO_HOLD), STORE_OK);
	assert_int_equal(try(&n, id, QUEUE_DO_HOLD), STORE_STATE);
	p.what = CLAIM_ONLY;
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_STATE);
	assert_int_equal(try(&n, id, QUEUE_DO_RELEASE), STORE_OK);
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p), STORE_OK);
	assert_int_equal(try(&n, id, QUEUE_DO_DROP), STORE_OK);
	assert_int_equal(state_of(&n, id), QUEUE_DONE);
	assert_int_equal(files(&n, NULL), 0);
	assert_int_equal(try(&n, id, QUEUE_DO_RETRY), STORE_STATE);
	assert_int_equal(try(&n, id + 1, QUEUE_DO_RETRY), STORE_NOTFOUND);
	node_end(&n);
}

/* ---- what a crash and a bad disk leave ---- */

static void
lose_database(struct node *n)
{
	char cmd[160];

	node_stop(n);
	snprintf(cmd, sizeof cmd, "rm -f %s/node.db*", n->home);
	assert_int_equal(system(cmd), 0);
	node_start(n);
}

static void
without_its_row_a_letter_comes_back_held(void **state)
{
	struct node n;
	uint64_t id;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	id = only(&n);
	lose_database(&n);
	assert_int_equal(only(&n), id);
	assert_int_equal(state_of(&n, id), QUEUE_HELD);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_rcpt WHERE"
	    " fate = 0 AND addr LIKE '%@far.test'"), 2);
	assert_non_null(strstr(n.alarms, "held"));
	node_end(&n);
}

static void
cut(const char *path, off_t by)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - by), 0);
}

static void
a_file_cut_short_was_never_acknowledged(void **state)
{
	char path[160];
	struct node n;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	path_of(&n, only(&n), path, sizeof path);
	cut(path, 1);
	lose_database(&n);
	assert_int_equal(only(&n), 0);
	assert_int_equal(files(&n, NULL), 0);
	node_end(&n);
}

static void
a_damaged_letter_is_set_aside_and_the_rest_goes_on(void **state)
{
	struct plan p = { .what = CLAIM_ONLY };
	struct node n;
	char path[160];
	uint64_t id;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	p.id = id = only(&n);
	path_of(&n, id, path, sizeof path);
	cut(path, 40);
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p),
	    STORE_CORRUPT);
	assert_int_equal(state_of(&n, id), QUEUE_DAMAGED);
	assert_non_null(strstr(n.alarms, "set aside"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(try(&n, id, QUEUE_DO_RETRY), STORE_OK);
	assert_int_equal(node_ask(&n, ROLE_SENDER, send_it, &p),
	    STORE_CORRUPT);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_letter"
	    " WHERE state = 0"), 1);
	assert_int_equal(try(&n, id, QUEUE_DO_DROP), STORE_OK);
	node_end(&n);
}

static void
bytes_that_are_no_letter_are_set_aside(void **state)
{
	static const char *const junk[] = { "hello\nworld\n",
	    "mailnode-letter 2\nid 1\n\n", "mailnode-letter 1\n\n",
	    "mailnode-letter 1\nid 0\n\n",
	    /* what a crash leaves of a beginning goes without a word */
	    "", "mailnode-le", "mailnode-letter 1\nid 00" };
	char path[160];
	struct node n;
	size_t i;
	FILE *f;

	(void)state;
	node_begin(&n);
	for (i = 0; i < 7; i++) {
		path_of(&n, i + 1, path, sizeof path);
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(junk[i], f);
		fclose(f);
	}
	node_stop(&n);
	node_start(&n);
	assert_int_equal(files(&n, ".damaged"), 4);
	assert_int_equal(files(&n, NULL), 4);
	assert_int_equal(count(&n, "SELECT count(*) FROM queue_letter"), 0);
	node_end(&n);
}

static void
a_done_letters_file_goes_at_the_next_start(void **state)
{
	struct node n;
	char path[160];
	uint64_t id;
	FILE *f;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	id = only(&n);
	assert_int_equal(try(&n, id, QUEUE_DO_DROP), STORE_OK);
	path_of(&n, id, path, sizeof path);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	node_stop(&n);
	node_start(&n);
	assert_int_equal(files(&n, NULL), 0);
	node_end(&n);
}

/* Written by a clock a day ahead, which then was set right. */
static void
a_clock_set_back_keeps_no_letter_waiting(void **state)
{
	static const struct {
		int64_t waits, left;	/* seconds: it waited, and does now */
	} c[] = {
		{ 450, 450 }, { 5 * 3600, 5 * 3600 },
		{ 5 * 3600 + 1, 86400 + 5 * 3600 + 1 },
	};
	char sql[200];
	struct node n;
	int64_t left;
	size_t i;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		snprintf(sql, sizeof sql, "UPDATE queue_rcpt SET changed ="
		    " unixepoch() + 86400, due = unixepoch() + 86400 + %lld",
		    (long long)c[i].waits);
		assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE], sql, NULL,
		    NULL, NULL), SQLITE_OK);
		assert_int_equal(node_ask(&n, ROLE_SENDER, due, NULL),
		    STORE_OK);
		left = count(&n, "SELECT min(due) - unixepoch() FROM"
		    " queue_rcpt");
		assert_in_range(left, c[i].left - 5, c[i].left);
	}
	node_end(&n);
}

/* The clock is set back while a letter is under way. */
static int
set_back(int ch, void *arg)
{
	uint64_t id = *(uint64_t *)arg;
	struct sender_letter l, again;
	struct op_reply r;
	int64_t next = 0, now = clock_wall_s();
	uint16_t rc;

	op_reply_init(&r);
	rc = sender_due(ch, &r, false);
	if (rc == STORE_STATE)
		rc = sender_due(ch, &r, true);
	if (rc == STORE_OK)
		rc = sender_claim(ch, &r, id, &l);
	if (rc == STORE_OK)
		rc = sender_due(ch, &r, false);
	if (rc == STORE_OK && sender_claim(ch, &r, id, &again) != STORE_STATE)
		rc = 97;
	if (rc == STORE_OK)
		rc = sender_release(ch, &r, id, &next);
	if (rc == STORE_OK && (next < now + 440 || next > now + 460))
		rc = 96;
	op_reply_clear(&r);
	return rc;
}

static void
a_clock_set_back_leaves_what_is_under_way(void **state)
{
	struct node n;
	uint64_t id;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	id = only(&n);
	assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE], "UPDATE queue_rcpt"
	    " SET changed = unixepoch() + 86400, due = unixepoch() + 86400 +"
	    " 450", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(node_ask(&n, ROLE_SENDER, set_back, &id), STORE_OK);
	node_end(&n);
}

/* ---- the same letter twice ---- */

static void
send_op(int ch, uint16_t type, struct buf *b)
{
	const struct chan_msg m = { .type = type, .id = 1, .fd = -1 };

	assert_int_equal(chan_send(ch, &m, b, true), 0);
	buf_clear(b);
}

static uint16_t
answer_of(struct node *n, int ch)
{
	struct chan_msg m = { .fd = -1 };
	struct buf in;
	int i;

	buf_init(&in, CHAN_RECORD_MAX + 1);
	for (i = 0; i < 500 && chan_recv(ch, &in, &m, true) != 1; i++)
		assert_int_equal(loop_turn(n->loop, 5), 0);
	assert_true(i < 500);
	buf_clear(&in);
	return m.status;
}

/* All but its commit. */
static int
letter_once(struct node *n)
{
	static const uint8_t hash[QUEUE_HASH] = { 1 };
	struct queue_envelope e = envelope();
	struct buf b;
	int fds[2];

	assert_int_equal(chan_pair(fds), 0);
	assert_non_null(op_server_add(&n->keeper, fds[1], ROLE_SUBMISSION,
	    7));
	node_login(n, ROLE_SUBMISSION);
	buf_init(&b, CHAN_DATA_MAX);
	queue_begin_put(&b, &e);
	send_op(fds[0], QUEUE_BEGIN, &b);
	assert_int_equal(answer_of(n, fds[0]), STORE_OK);
	chan_put_bytes(&b, letter, sizeof letter - 1);
	send_op(fds[0], QUEUE_DATA, &b);
	assert_int_equal(answer_of(n, fds[0]), STORE_OK);
	chan_put_bytes(&b, hash, sizeof hash);
	send_op(fds[0], QUEUE_ONCE, &b);
	assert_int_equal(answer_of(n, fds[0]), STORE_OK);
	return fds[0];
}

static int
no_commit(void *arg)
{
	(void)arg;
	return 1;
}

/* The second says that it is the first: what the first is not, it is not. */
static void
the_same_letter_is_not_there_before_its_row(void **state)
{
	struct node n;
	struct buf b;
	int ch[2];

	(void)state;
	node_begin(&n);
	n.device = &(struct device){ .name = "phone", .scope = DEVICE_SEND };
	ch[0] = letter_once(&n);
	ch[1] = letter_once(&n);
	(void)sqlite3_commit_hook(n.st.db[STORE_NODE], no_commit, NULL);
	buf_init(&b, 16);
	send_op(ch[0], QUEUE_COMMIT, &b);
	send_op(ch[1], QUEUE_COMMIT, &b);
	assert_int_not_equal(answer_of(&n, ch[0]), STORE_OK);
	assert_int_not_equal(answer_of(&n, ch[1]), STORE_OK);
	(void)sqlite3_commit_hook(n.st.db[STORE_NODE], NULL, NULL);
	assert_int_equal(only(&n), 0);
	close(ch[0]);
	close(ch[1]);
	node_end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submitted_letters_are_files_and_rows),
		cmocka_unit_test(half_a_letter_is_none),
		cmocka_unit_test(refusals),
		cmocka_unit_test(the_limit_is_of_the_letter),
		cmocka_unit_test(another_user_has_his_name_in_the_sender),
		cmocka_unit_test(results_end_letters_and_their_files),
		cmocka_unit_test(a_mark_without_a_result_is_unknown),
		cmocka_unit_test(the_owners_hand),
		cmocka_unit_test(without_its_row_a_letter_comes_back_held),
		cmocka_unit_test(a_file_cut_short_was_never_acknowledged),
		cmocka_unit_test(
		    a_damaged_letter_is_set_aside_and_the_rest_goes_on),
		cmocka_unit_test(bytes_that_are_no_letter_are_set_aside),
		cmocka_unit_test(a_done_letters_file_goes_at_the_next_start),
		cmocka_unit_test(a_clock_set_back_keeps_no_letter_waiting),
		cmocka_unit_test(a_clock_set_back_leaves_what_is_under_way),
		cmocka_unit_test(the_same_letter_is_not_there_before_its_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
