/* Accepting and filing: the way of a message into a mailbox. */
#define _GNU_SOURCE	/* memfd_create */
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <errno.h>
#include <limits.h>
#include "tests/unit/node.h"
#include "store/alias.h"
#include "store/job.h"
#include "store/parts.h"

static const char body[] = "From: a@b.test\r\nTo: me@node.test\r\n"
    "Subject: hello\r\nMessage-ID: <one@b.test>\r\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nText.\r\n";
static const char head[] = "Return-Path: <a@b.test>\r\n";

static const char *const me[] = { "me@node.test" };

static struct spool_msg
message(const char *trace)
{
	return (struct spool_msg){ .trace = trace, .sender = "a@b.test",
	    .rcpt = me, .nrcpt = 1, .folder = "", .tags = "",
	    .verdict = "ok", .peer = "192.0.2.1", .received = 1700000000 };
}

static int
commit(int ch, const char *const *rcpt, size_t n, const char *folder)
{
	struct spool_msg m = message("t1.1");
	struct op_reply r;
	uint16_t status;

	m.rcpt = rcpt;
	m.nrcpt = n;
	m.folder = folder;
	op_reply_init(&r);
	status = spool_commit(ch, &r, 0, &m, head, strlen(head), body,
	    strlen(body));
	op_reply_clear(&r);
	return status;
}

static int
send_one(int ch, void *arg)
{
	(void)arg;
	return commit(ch, me, 1, "");
}

static bool
listed(struct node *n, void *arg)
{
	struct row_at at;
	uint64_t id;

	for (id = 1; id <= *(uint64_t *)arg; id++)
		if (row_get(n->st.rows, id, &at) != 0)
			return false;
	return true;
}

static bool
spool_empty(struct node *n, void *arg)
{
	struct spool_status s;

	(void)arg;
	spool_tell(&n->st, &s);
	return s.entries == 0;
}

static bool
no_bodies(struct node *n, void *arg)
{
	(void)arg;
	return node_files(n, ".mailnode/spool") == 0;
}

static bool
synced(struct node *n, void *arg)
{
	(void)arg;
	return sync_idle(&n->st);
}

static void
files_and_lists_what_is_handed_in(void **state)
{
	struct node n = { .loop = NULL };
	struct row_at at;
	struct box *b;
	uint64_t one = 1;
	int fd;
	char text[512];
	ssize_t len;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, listed, &one));
	assert_true(node_until(&n, spool_empty, NULL));
	assert_int_equal(row_get(n.st.rows, 1, &at), 0);
	b = box_by_name(&n.st, "INBOX");
	assert_non_null(b);
	assert_int_equal(at.mbox, b->id);
	assert_int_equal(at.uid, 1);
	assert_int_equal(at.flags, 0);
	assert_memory_equal(at.name, "new/1700000000.M", 16);
	fd = maildir_open(intake_root(&n.st), "INBOX", at.name, NULL);
	assert_true(fd != -1);
	len = read(fd, text, sizeof text);
	close(fd);
	assert_int_equal(len, strlen(head) + strlen(body));
	assert_memory_equal(text, head, strlen(head));
	assert_memory_equal(text + strlen(head), body, strlen(body));
	assert_string_equal(n.alarms, "");
	node_stop(&n);
	node_remove(&n);
}

/* The wait for more ends; so many came meanwhile. */
static bool
waits_on(struct node *n, uint64_t came)
{
	struct intake *in = n->st.intake;

	loop_disarm(n->loop, &in->gather);
	in->due = false;
	in->seen = spool_committed(&n->st) - came;
	in->gather.fn(in->gather.arg);
	assert_true(in->due != in->gather.armed);
	return in->gather.armed;
}

/* Do so many that are not filed yet wait at the end of a turn? */
static bool
kept_waiting(struct node *n, uint64_t waiting)
{
	struct intake *in = n->st.intake;
	uint64_t cursor = in->cursor;

	loop_disarm(n->loop, &in->gather);
	in->due = false;
	in->cursor = in->old = spool_committed(&n->st) - waiting;
	intake_kick(&n->st);
	in->cursor = in->old = cursor;
	return in->gather.armed;
}

static void
a_burst_is_filed_behind_it(void **state)
{
	struct node n = { .loop = NULL };
	uint64_t one = 1;
	int i;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_false(waits_on(&n, INTAKE_FEW - 1));
	n.st.intake->waits = 0;
	for (i = 1; i < INTAKE_FEW_WAITS; i++)
		assert_true(waits_on(&n, i % 2 ? INTAKE_FEW :
		    INTAKE_BATCH - 1));
	assert_false(waits_on(&n, INTAKE_BATCH - 1));
	n.st.intake->waits = 0;
	for (i = 1; i < INTAKE_WAITS; i++)
		assert_true(waits_on(&n, INTAKE_BATCH));
	assert_false(waits_on(&n, INTAKE_BATCH));
	assert_true(kept_waiting(&n, INTAKE_BURST - 1));
	assert_false(kept_waiting(&n, INTAKE_BURST));
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, listed, &one));
	node_stop(&n);
	node_remove(&n);
}

/* Larger than a record: in pieces. */
static int
send_large(int ch, void *arg)
{
	size_t n = *(size_t *)arg, at, part;
	struct spool_msg m = message("t2.1");
	struct op_reply r;
	uint16_t status;
	uint64_t id;
	char *text = calloc(1, n);

	memset(text, 'x', n);
	memcpy(text, body, strlen(body));
	op_reply_init(&r);
	status = spool_begin(ch, &r, &id);
	for (at = 0; status == OP_OK && at < n; at += part) {
		part = n - at < SPOOL_CHUNK ? n - at : SPOOL_CHUNK;
		if (spool_data(ch, id, text + at, part) == -1)
			return 90;
	}
	if (status == OP_OK)
		status = spool_commit(ch, &r, id, &m, head, strlen(head),
		    NULL, n);
	op_reply_clear(&r);
	free(text);
	return status;
}

static void
takes_large_ones_in_pieces(void **state)
{
	struct node n = { .loop = NULL };
	size_t size = 3 * 1024 * 1024 + 17;
	char path[512];
	struct row_at at;
	struct stat st;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_large, &size), 0);
	assert_true(node_until(&n, spool_empty, NULL));
	assert_int_equal(row_get(n.st.rows, 1, &at), 0);
	snprintf(path, sizeof path, "%s/INBOX/%s", n.mail, at.name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size + strlen(head));
	assert_true(node_until(&n, no_bodies, NULL));
	node_stop(&n);
	node_remove(&n);
}

/* There is room when it begins, and not for all of it. */
static void
an_upload_leaves_the_reserve_alone(void **state)
{
	struct node n = { .loop = NULL };
	size_t size = 40 * 1024 * 1024;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_true(store_space(&n.st, 0));
	n.conf.reserve = n.st.free_octets - 20 * 1024 * 1024;
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_large, &size),
	    STORE_NOSPACE);
	assert_true(node_until(&n, no_bodies, NULL));
	n.conf.reserve = 0;
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_large, &size), 0);
	node_stop(&n);
	node_remove(&n);
}

static int
wrong_length(int ch, void *arg)
{
	struct spool_msg m = message("t3.1");
	struct op_reply r;
	uint16_t status;
	uint64_t id;

	(void)arg;
	op_reply_init(&r);
	assert_int_equal(spool_begin(ch, &r, &id), OP_OK);
	assert_int_equal(spool_data(ch, id, body, 10), 0);
	status = spool_commit(ch, &r, id, &m, head, 0, NULL, 11);
	op_reply_clear(&r);
	return status;
}

/* One that has no octets, in the same turn as one that has. */
static int
empty_beside_another(int ch, void *arg)
{
	struct spool_msg m = message("t4.1");
	struct op_reply r;
	uint16_t status;
	uint64_t id;
	struct buf b;

	(void)arg;
	op_reply_init(&r);
	assert_int_equal(spool_begin(ch, &r, &id), OP_OK);
	buf_init(&b, 1024);
	chan_put_u64(&b, id);
	chan_put_u64(&b, 0);
	chan_put_str(&b, "t4.2");
	chan_put_str(&b, "a@b.test");
	chan_put_str(&b, "");
	chan_put_str(&b, "");
	chan_put_str(&b, "ok");
	chan_put_str(&b, "192.0.2.1");
	chan_put_i64(&b, 1700000000);
	chan_put_u8(&b, 0);
	chan_put_str(&b, "");
	chan_put_str(&b, "");
	chan_put_str(&b, "");
	chan_put_str(&b, "");
	chan_put_u32(&b, 1);
	chan_put_str(&b, me[0]);
	chan_put_bytes(&b, head, strlen(head));
	/* Told, not asked: the other is sent before any answer. */
	assert_int_equal(op_tell(ch, SPOOL_COMMIT, &b, -1), 0);
	status = spool_commit(ch, &r, 0, &m, head, strlen(head), body,
	    strlen(body));
	buf_clear(&b);
	op_reply_clear(&r);
	return status;
}

static void
an_empty_one_harms_nobody(void **state)
{
	struct node n = { .loop = NULL };
	uint64_t two = 2;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, empty_beside_another, NULL),
	    0);
	assert_true(node_until(&n, listed, &two));
	assert_true(node_until(&n, spool_empty, NULL));
	node_stop(&n);
	node_remove(&n);
}

static int
not_ours(int ch, void *arg)
{
	static const char *const to[] = { "x@other.test", "nobody@node.test" };

	(void)arg;
	return commit(ch, to, 2, "");
}

static int
other_folder(int ch, void *arg)
{
	(void)arg;
	return commit(ch, me, 1, "Sent");
}

static int
own_tags(int ch, void *arg)
{
	struct spool_msg m = message("t9.1");
	struct op_reply r;
	uint16_t status;

	(void)arg;
	m.tags = "list work";
	op_reply_init(&r);
	status = spool_commit(ch, &r, 0, &m, head, strlen(head), body,
	    strlen(body));
	op_reply_clear(&r);
	return status;
}

static void
refuses_what_a_session_may_not(void **state)
{
	struct node n = { .loop = NULL };

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, wrong_length, NULL),
	    STORE_STATE);
	assert_int_equal(node_ask(&n, ROLE_SMTP, not_ours, NULL),
	    STORE_NORCPT);
	assert_int_equal(node_ask(&n, ROLE_SMTP, other_folder, NULL),
	    STORE_NAME);
	assert_int_equal(node_ask(&n, ROLE_SMTP, own_tags, NULL),
	    STORE_NAME);
	assert_int_equal(node_ask(&n, ROLE_IMAP, send_one, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_SENDER, other_folder, NULL), 0);
	assert_true(node_until(&n, spool_empty, NULL));
	assert_int_equal(node_files(&n, "INBOX/new"), 0);
	assert_int_equal(node_files(&n, "Sent/cur"), 1);	/* seen */
	assert_int_equal(node_files(&n, ".mailnode/spool"), 0);
	node_stop(&n);
	node_remove(&n);
}

static int
refuse(void *arg)
{
	(void)arg;
	return 1;
}

static int
append_one(int ch, void *arg)
{
	struct mail_new m = { .folder = "INBOX", .tags = "" };
	int fd = memfd_create("m", MFD_CLOEXEC);
	struct mail_done d;
	struct op_reply r;
	uint16_t rc;

	(void)arg;
	if (fd == -1 || write(fd, body, strlen(body)) == -1)
		return 96;
	op_reply_init(&r);
	rc = mail_append(ch, &r, &m, fd, &d);
	op_reply_clear(&r);
	return rc;
}

/* Its number was given, and nothing of that number ever comes. */
static void
nobody_waits_for_what_was_not_accepted(void **state)
{
	struct node n;

	(void)state;
	node_begin(&n);
	assert_true(node_until(&n, synced, NULL));
	(void)sqlite3_commit_hook(n.st.db[STORE_SPOOL], refuse, NULL);
	assert_int_not_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), OP_OK);
	(void)sqlite3_commit_hook(n.st.db[STORE_SPOOL], NULL, NULL);
	assert_int_equal(node_ask(&n, ROLE_OWNER, append_one, NULL), OP_OK);
	assert_int_equal(node_files(&n, "INBOX/cur") + node_files(&n,
	    "INBOX/new"), 1);
	node_end(&n);
}

static int
send_board(int ch, void *arg)
{
	static const char *const board[] = { "board@node.test" };

	(void)arg;
	return commit(ch, board, 1, "");
}

/* What was accepted may be sent on with what we put before it: else its
 * entry would never end, and defer all mail. */
static void
the_largest_is_sent_on(void **state)
{
	struct alias a = { .address = "board@node.test",
	    .dest = "INBOX\nyou@far.test", .folder = "INBOX" };
	struct node n;

	(void)state;
	node_begin(&n);
	assert_true(node_until(&n, synced, NULL));
	n.conf.message_max = strlen(body);
	assert_int_equal(store_begin(&n.st, STORE_NODE), STORE_OK);
	assert_int_equal(alias_add(&n.st, &a), STORE_OK);
	store_turn(&n.st);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_board, NULL), OP_OK);
	assert_true(node_until(&n, spool_empty, NULL));
	assert_int_equal(node_files(&n, "INBOX/new"), 1);
	assert_int_equal(node_files(&n, "../home/queue"), 1);
	node_end(&n);
}

/* Files that are newer than the numbers beside them: of a backup that was put
 * back over them. */
static void
a_number_beyond_those_that_may_be_given(void **state)
{
	struct node n = { .loop = NULL };
	char cmd[512];

	(void)state;
	node_dirs(&n);
	snprintf(cmd, sizeof cmd, "cd %s && mkdir -p Mail/INBOX/cur "
	    "Mail/INBOX/new Mail/INBOX/tmp && printf 'mailnode-uid 1\n"
	    "uidvalidity 7\nuid 5\nmodseq 5\n' >Mail/INBOX/mailnode-uid &&"
	    " printf 'Subject: s\r\n\r\nx\r\n' >"
	    "Mail/INBOX/cur/1.M2P3Q4.h,S=17,I=7.40000:2,", n.dir);
	assert_int_equal(system(cmd), 0);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), OP_OK);
	assert_true(node_until(&n, spool_empty, NULL));
	assert_int_equal(node_files(&n, "INBOX/new"), 1);
	node_end(&n);
}

/* A mailbox goes away while the commit of a job is under way: of its place,
 * or of its row. */
struct going {
	struct node		*n;
	struct loop_timer	 look;
	bool			 row;
};

static void
look(void *arg)
{
	struct going *g = arg;
	struct store *st = &g->n->st;
	struct box *b = box_by_name(st, "Going");
	const struct job *j = st->intake->jobs;
	char cmd[128];

	if (j == NULL || j->sent || (g->row ? j->row : j->uid) == 0) {
		loop_arm(g->n->loop, &g->look, 0);
		return;
	}
	assert_int_equal(store_begin(st, STORE_CACHE), STORE_OK);
	intake_forget(st, b);
	assert_int_equal(row_mbox_gone(st->rows, b->id), 0);
	assert_int_equal(box_remove(st, b), STORE_OK);
	snprintf(cmd, sizeof cmd, "rm -r %s/Going", g->n->mail);
	assert_int_equal(system(cmd), 0);
}

static int
send_going(int ch, void *arg)
{
	(void)arg;
	return commit(ch, me, 1, "Going");
}

static void
accepted_mail_outlives_its_mailbox(void **state)
{
	struct going g = { .look = { .fn = look, .arg = &g } };
	char cmd[128];
	struct node n = { .loop = NULL };
	struct box *b;
	int row;

	(void)state;
	for (row = 0; row < 2; row++) {
		node_dirs(&n);
		snprintf(cmd, sizeof cmd, "cd %s && mkdir -p Mail/Going/cur "
		    "Mail/Going/new Mail/Going/tmp", n.dir);
		assert_int_equal(system(cmd), 0);
		node_start(&n);
		assert_true(node_until(&n, synced, NULL));
		g.n = &n;
		g.row = row != 0;
		/* No UID to give yet: it gets its place by a commit. */
		b = box_by_name(&n.st, "Going");
		b->uidlease = g.row ? b->uidlease : b->uidnext;
		loop_arm(n.loop, &g.look, 0);
		assert_int_equal(node_ask(&n, ROLE_SENDER, send_going,
		    NULL), OP_OK);
		assert_true(node_until(&n, spool_empty, NULL));
		assert_int_equal(node_files(&n, "INBOX/new") +
		    node_files(&n, "INBOX/cur"), 1);
		node_end(&n);
	}
}

/* Whatever is renamed by a batch, its folder is synced by that batch. */
static void
a_full_batch_keeps_its_folders(void **state)
{
	static const char rel[] = "new/1.M2P3Q4.h,S=5,I=6.7";
	struct file_put p = { .folder = "INBOX", .rel = rel, .body = "12345",
	    .nbody = 5 };
	struct op_call c = { .fd = -1 };
	struct node n = { .loop = NULL };
	struct stat st;
	char path[256];
	int i;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	filer_flush(&n.filer);
	for (i = 0; i < FILER_OPS_MAX; i++)
		assert_int_equal(filer_later(&n.filer, &c, "Sent", "cur/x",
		    -1), STORE_OK);
	assert_int_equal(filer_put(&n.filer, &c, &p), STORE_OK);
	assert_int_equal(n.filer.nopen, 1);
	assert_int_equal(n.filer.ndirs, 1);
	assert_string_equal(n.filer.dirs[0], "INBOX/new");
	filer_flush(&n.filer);
	snprintf(path, sizeof path, "%s/INBOX/%s", n.mail, rel);
	assert_int_equal(stat(path, &st), 0);
	node_stop(&n);
	node_remove(&n);
}

/* ---- a message that went away before it was listed ---- */

static bool
filed_unread(struct node *n, void *arg)
{
	(void)arg;
	return node_files(n, "INBOX/new") == 1;
}

static bool
told(struct node *n, void *arg)
{
	return strstr(n->alarms, arg) != NULL;
}

/* What was told of is told when it is over. */
static void
tried_in_vain_and_then_not(void **state)
{
	struct node n = { .loop = NULL };
	char cmd[600];

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	snprintf(cmd, sizeof cmd, "cd %s/INBOX && rmdir tmp && : >tmp",
	    n.mail);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, told, "mail cannot be filed"));
	assert_false(told(&n, "over: mail cannot be filed"));
	snprintf(cmd, sizeof cmd, "cd %s/INBOX && rm tmp && mkdir tmp",
	    n.mail);
	assert_int_equal(system(cmd), 0);
	assert_true(node_until(&n, filed_unread, NULL));
	assert_true(node_until(&n, told, "over: mail cannot be filed"));
	node_stop(&n);
	node_remove(&n);
}

/* Its reader had it in another folder before it had a row: it is not filed
 * once more. */
static void
moved_before_it_was_listed(void **state)
{
	struct node n = { .loop = NULL, .no_parser = true };
	char cmd[256];
	int i;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, filed_unread, NULL));
	snprintf(cmd, sizeof cmd, "mv %s/INBOX/new/* %s/Archive/new", n.mail,
	    n.mail);
	assert_int_equal(system(cmd), 0);
	n.no_parser = false;
	node_want_parser(&n);
	assert_true(node_until(&n, spool_empty, NULL));
	for (i = 0; i < 20; i++)
		assert_int_equal(loop_turn(n.loop, 20), 0);
	assert_int_equal(node_files(&n, "INBOX/new"), 0);
	assert_int_equal(node_files(&n, "Archive/new"), 1);
	node_stop(&n);
	node_remove(&n);
}

static bool
to_be_read(struct node *n, void *arg)
{
	(void)arg;
	return n->st.intake->to_parse.first != NULL;
}

/* No descriptor for its file is no word that it went away. */
static void
out_of_descriptors_before_it_was_listed(void **state)
{
	struct node n = { .loop = NULL, .no_parser = true };
	struct rlimit whole, none;
	int fds[2], free_fd;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, to_be_read, NULL));
	assert_int_equal(chan_pair(fds), 0);
	assert_non_null(op_server_add(&n.parser, fds[1], ROLE_KEEPER, 0));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &whole), 0);
	free_fd = dup(0);
	close(free_fd);
	none = whole;
	none.rlim_cur = (rlim_t)free_fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	store_parser(&n.st, fds[0]);
	assert_int_equal(loop_turn(n.loop, 0), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &whole), 0);
	assert_int_equal(n.st.intake->nspool, 1);
	assert_true(node_until(&n, spool_empty, NULL));
	assert_true(node_until(&n, listed, &(uint64_t){ 1 }));
	node_stop(&n);
	node_remove(&n);
}

static int failing;	/* reads of a file */

ssize_t
pread(int fd, void *to, size_t n, off_t at)
{
	if (failing > 0) {
		failing--;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, to, n, at);
}

static bool
subject_is(struct node *n, void *arg)
{
	struct row_at at;
	char subject[64] = "";
	sqlite3_stmt *s = NULL;

	if (row_get(n->st.rows, 1, &at) != 0)
		return false;
	assert_int_equal(sqlite3_prepare_v2(n->st.db[STORE_CACHE],
	    "SELECT subject FROM msg", -1, &s, NULL), SQLITE_OK);
	if (sqlite3_step(s) == SQLITE_ROW)
		snprintf(subject, sizeof subject, "%s",
		    (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	assert_string_equal(subject, arg);
	return true;
}

static bool
no_alarm(struct node *n, void *arg)
{
	(void)arg;
	return strstr(n->alarms, "over: a message cannot be parsed") != NULL;
}

/* It opens, and its parser gets EIO. */
static void
a_disk_that_fails_says_nothing_of_a_message(void **state)
{
	struct node n = { .loop = NULL };
	char cmd[128];

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	failing = 2;
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, subject_is, "hello"));
	assert_int_equal(failing, 0);
	assert_string_equal(n.alarms, "");
	node_stop(&n);
	node_remove(&n);

	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	failing = INT_MAX;
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, subject_is,
	    "(this message cannot be parsed)"));
	failing = 0;
	assert_non_null(strstr(n.alarms, "a message cannot be parsed"));
	snprintf(cmd, sizeof cmd, "rm %s/INBOX/*/*", n.mail);
	assert_int_equal(system(cmd), 0);
	assert_true(node_until(&n, no_alarm, NULL));
	node_stop(&n);
	node_remove(&n);
}

static int
send_many(int ch, void *arg)
{
	static char large[60000];
	struct spool_msg m = message("t1.1");
	struct op_reply r;
	uint16_t status = 0;
	int i;

	(void)arg;
	memset(large, 'x', sizeof large);
	memcpy(large, body, strlen(body));
	memcpy(large + sizeof large - 2, "\r\n", 2);
	op_reply_init(&r);
	for (i = 0; i < 1300 && status == 0; i++)
		status = spool_commit(ch, &r, 0, &m, head, strlen(head),
		    large, sizeof large);
	op_reply_clear(&r);
	return status;
}

/* 78 MB, and never a second of rest. */
static void
its_log_begins_anew_under_load(void **state)
{
	struct node n = { .loop = NULL };
	char path[512];
	struct stat st;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_many, NULL), 0);
	snprintf(path, sizeof path, "%s/spool.db-wal", n.home);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1, 48 * 1024 * 1024);
	node_stop(&n);
	node_remove(&n);
}

/* What waited while no daemon ran is filed before anybody is deferred. */
static void
an_old_entry_defers_nobody_at_the_start(void **state)
{
	struct node n = { .loop = NULL };
	char path[128];
	sqlite3 *db;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	node_stop(&n);
	snprintf(path, sizeof path, "%s/spool.db", n.home);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "INSERT INTO spool(id, trace,"
	    " sender, rcpt, folder, tags, received, size, todo, box, uid,"
	    " name, file, head, body, at) VALUES(1, 't', '', 'me@node.test',"
	    " 'INBOX', '', 1000, 5, 0, '', 0, '', 0, x'', x'410d0a0d0a',"
	    " 1000)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	node_start(&n);
	assert_int_equal(spool_may(&n.st, 0), STORE_OK);
	assert_true(node_until(&n, spool_empty, NULL));
	assert_int_equal(node_files(&n, "INBOX/new"), 1);
	node_stop(&n);
	node_remove(&n);
}

static void
starts_again_with_the_same_numbers(void **state)
{
	struct node n = { .loop = NULL };
	struct row_at at, after;
	struct box *b;
	uint32_t validity;
	uint64_t modseq;
	char cmd[256];

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, spool_empty, NULL));
	assert_int_equal(row_get(n.st.rows, 2, &at), 0);
	b = box_by_name(&n.st, "INBOX");
	validity = b->uidvalidity;
	modseq = b->modseq;
	node_stop(&n);

	/* Cleanly: the next number follows. */
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	b = box_by_name(&n.st, "INBOX");
	assert_int_equal(b->uidvalidity, validity);
	assert_int_equal(b->uidnext, 3);
	node_stop(&n);

	/* Without its cache: same UIDs, MODSEQ above all that were given. */
	snprintf(cmd, sizeof cmd, "rm %s/store.db*", n.home);
	assert_int_equal(system(cmd), 0);
	node_start(&n);
	assert_true(node_until(&n, synced, NULL));
	assert_true(node_until(&n, listed, &(uint64_t){ 2 }));
	b = box_by_name(&n.st, "INBOX");
	assert_int_equal(b->uidvalidity, validity);
	assert_int_equal(row_at_uid(n.st.rows, b->id, at.uid, &after), 0);
	assert_string_equal(after.name, at.name);
	assert_memory_equal(after.hash, at.hash, 32);
	assert_true(after.modseq > modseq);
	assert_true(b->uidnext > 2);
	assert_int_equal(node_ask(&n, ROLE_SMTP, send_one, NULL), 0);
	assert_true(node_until(&n, listed, &(uint64_t){ 3 }));
	assert_int_equal(row_get(n.st.rows, 3, &after), 0);
	assert_true(after.uid > 2);
	node_stop(&n);
	node_remove(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_lists_what_is_handed_in),
		cmocka_unit_test(a_burst_is_filed_behind_it),
		cmocka_unit_test(its_log_begins_anew_under_load),
		cmocka_unit_test(takes_large_ones_in_pieces),
		cmocka_unit_test(refuses_what_a_session_may_not),
		cmocka_unit_test(an_empty_one_harms_nobody),
		cmocka_unit_test(nobody_waits_for_what_was_not_accepted),
		cmocka_unit_test(the_largest_is_sent_on),
		cmocka_unit_test(a_number_beyond_those_that_may_be_given),
		cmocka_unit_test(accepted_mail_outlives_its_mailbox),
		cmocka_unit_test(a_full_batch_keeps_its_folders),
		cmocka_unit_test(an_upload_leaves_the_reserve_alone),
		cmocka_unit_test(tried_in_vain_and_then_not),
		cmocka_unit_test(moved_before_it_was_listed),
		cmocka_unit_test(out_of_descriptors_before_it_was_listed),
		cmocka_unit_test(a_disk_that_fails_says_nothing_of_a_message),
		cmocka_unit_test(an_old_entry_defers_nobody_at_the_start),
		cmocka_unit_test(starts_again_with_the_same_numbers),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
