/* Databases: newer ones, damaged ones, and what is saved of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "store/alias.h"
#include "store/ask.h"
#include "store/db.h"
#include "store/spool.h"
#include "store/spool_parts.h"
#include "tests/unit/node.h"
#include "store/schema.h"

static const char letter[] = "From: a@b.test\r\nSubject: s\r\n\r\nx\r\n";

static int
fill(int ch, void *arg)
{
	static const char *const me[] = { "me@node.test" };
	struct spool_msg m = { .trace = "t1.1", .sender = "", .rcpt = me,
	    .nrcpt = 1, .folder = "", .tags = "", .verdict = "",
	    .peer = "" };
	struct op_reply r;
	uint16_t s = OP_OK;
	int i;

	op_reply_init(&r);
	for (i = 0; i < *(int *)arg && s == OP_OK; i++)
		s = spool_commit(ch, &r, 0, &m, "", 0, letter,
		    strlen(letter));
	op_reply_clear(&r);
	return s;
}

static int
aliases(int ch, void *arg)
{
	struct op_reply r;
	struct alias a = { .note = "a note of some length, so that the "
	    "table takes up several pages" };
	uint16_t s = OP_OK;
	int i;

	op_reply_init(&r);
	for (i = 0; i < *(int *)arg && s == OP_OK; i++) {
		snprintf(a.address, sizeof a.address, "alias%04d", i);
		s = alias_ask_add(ch, &r, &a);
	}
	op_reply_clear(&r);
	return s;
}

static int
count_aliases(int ch, void *arg)
{
	struct op_reply r;
	struct alias a;
	char after[ALIAS_ADDR_MAX] = "";
	int n = 0;

	(void)arg;
	op_reply_init(&r);
	while (alias_ask_next(ch, &r, after, &a) == OP_OK) {
		memcpy(after, a.address, sizeof after);
		n++;
	}
	op_reply_clear(&r);
	return n > 90 ? 90 : n;
}

static bool
filed(struct node *n, void *arg)
{
	struct spool_status s;

	spool_tell(&n->st, &s);
	return s.entries == 0 && intake_idle_now(&n->st) &&
	    sync_idle(&n->st) && node_files(n, "INBOX/new") == *(int *)arg;
}

/* Octets `at`..`at + len` of a file in home become nonsense. */
static void
damage(const struct node *n, const char *name, long at, size_t len)
{
	char path[128], junk[8192];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", n->home, name);
	memset(junk, 0xa5, sizeof junk);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fwrite(junk, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
a_newer_one_is_refused_by_name(void **state)
{
	static const char *const names[] = { "spool.db", "node.db",
	    "store.db", "events.db" };
	struct node n;
	char cmd[256], why[256];
	size_t i;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	node_stop(&n);
	for (i = 0; i < 4; i++) {
		snprintf(cmd, sizeof cmd, "sqlite3 %s/%s 'PRAGMA "
		    "user_version=99'", n.home, names[i]);
		assert_int_equal(system(cmd), 0);
		assert_int_equal(node_open(&n, why, sizeof why),
		    STORE_NEWER);
		assert_non_null(strstr(why, names[i]));
		snprintf(cmd, sizeof cmd, "sqlite3 %s/%s 'PRAGMA "
		    "user_version=%u'", n.home, names[i],
		    schemas[i].version);
		assert_int_equal(system(cmd), 0);
	}
	assert_string_equal(n.alarms, "");
	node_start(&n);
	node_stop(&n);
	node_remove(&n);
}

/* node.db as version 1 left it: an alias had no end. */
static void
an_older_one_is_migrated(void **state)
{
	struct node n;
	char cmd[256];
	int some = 3;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, aliases, &some), 0);
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/node.db 'ALTER TABLE alias "
	    "DROP COLUMN expires; ALTER TABLE alias DROP COLUMN dest;"
	    "PRAGMA user_version=1'", n.home);
	assert_int_equal(system(cmd), 0);
	node_start(&n);
	assert_string_equal(n.alarms, "");
	assert_int_equal(node_ask(&n, ROLE_OWNER, count_aliases, NULL), 3);
	node_stop(&n);
	node_remove(&n);
}

static int64_t
count_recent(const struct node *n)
{
	return db_int(n->st.db[STORE_CACHE], "SELECT count(*) FROM mail l"
	    " JOIN mailbox b ON b.id=l.mbox WHERE l.uid>=b.recent", -1);
}

static void
a_damaged_cache_is_made_anew(void **state)
{
	struct node n;
	int five = 5;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &five), 0);
	assert_true(node_until(&n, filed, &five));
	node_stop(&n);
	damage(&n, "store.db", 0, 100);
	node_start(&n);
	assert_non_null(strstr(n.alarms, "store.db"));
	assert_true(node_until(&n, filed, &five));
	assert_int_equal(db_int(n.st.db[STORE_CACHE],
	    "SELECT count(*) FROM mail", -1), 5);
	assert_int_equal(count_recent(&n), 0);
	node_stop(&n);
	node_remove(&n);
}

/* store.db as version 6 left it: what was there is recent for nobody. */
static void
an_older_cache_is_migrated(void **state)
{
	struct node n;
	char cmd[256];
	int five = 5, ten = 10;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &five), 0);
	assert_true(node_until(&n, filed, &five));
	assert_int_equal(count_recent(&n), 5);
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/store.db 'ALTER TABLE mailbox "
	    "DROP COLUMN recent; PRAGMA user_version=6'", n.home);
	assert_int_equal(system(cmd), 0);
	node_start(&n);
	assert_string_equal(n.alarms, "");
	assert_int_equal(count_recent(&n), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &five), 0);
	assert_true(node_until(&n, filed, &ten));
	assert_int_equal(count_recent(&n), 5);
	node_stop(&n);
	node_remove(&n);
}

static int64_t
tagged(const struct node *n, const char *tag)
{
	char sql[100];

	snprintf(sql, sizeof sql, "SELECT sum(n) FROM box_tag WHERE tag='%s'",
	    tag);
	return db_int(n->st.db[STORE_CACHE], sql, -1);
}

/* store.db as version 7 left it: what tags there are is looked up once. */
static void
tags_of_an_older_cache_are_counted(void **state)
{
	struct node n;
	char cmd[400];
	int five = 5;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &five), 0);
	assert_true(node_until(&n, filed, &five));
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/store.db 'UPDATE msg SET "
	    "tags=\"a b\" WHERE uid>2; DROP TABLE box_tag;"
	    "DROP TRIGGER tags_came; DROP TRIGGER tags_went;"
	    "DROP TRIGGER tags_are; DROP TRIGGER tags_were;"
	    "PRAGMA user_version=7'", n.home);
	assert_int_equal(system(cmd), 0);
	node_start(&n);
	assert_string_equal(n.alarms, "");
	assert_int_equal(tagged(&n, "a"), 3);
	assert_int_equal(tagged(&n, "b"), 3);
	node_stop(&n);
	node_remove(&n);
}

static off_t
size_of(const struct node *n, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", n->home, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static unsigned long
rows_lost(const struct node *n)
{
	static const char words[] = "saved, about ";
	const char *p = strstr(n->alarms, words);

	assert_non_null(p);
	return strtoul(p + strlen(words), NULL, 10);
}

/* Tables whose first page is lost: nobody knows how much they held. */
static void
what_is_lost_is_not_made_up(void **state)
{
	struct node n;
	int many = 50;
	char cmd[256];

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, aliases, &many), 0);
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/node.db "
	    "'PRAGMA wal_checkpoint(truncate)' >/dev/null", n.home);
	assert_int_equal(system(cmd), 0);
	damage(&n, "node.db", 2 * 4096, 4096);
	damage(&n, "node.db", 3 * 4096, 4096);
	damage(&n, "node.db", 4 * 4096, 4096);
	node_start(&n);
	assert_in_range(rows_lost(&n), 1, 1000);
	node_stop(&n);
	node_remove(&n);
}

static void
node_db_is_salvaged(void **state)
{
	struct node n;
	int many = 600, saved;
	char cmd[256];

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, aliases, &many), 0);
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/node.db "
	    "'PRAGMA wal_checkpoint(truncate)' >/dev/null", n.home);
	assert_int_equal(system(cmd), 0);
	/* A leaf of the one that grew, and one more: the last pages. */
	damage(&n, "node.db", size_of(&n, "node.db") - 8 * 4096, 4096);
	damage(&n, "node.db", size_of(&n, "node.db") - 4 * 4096, 4096);
	node_start(&n);
	assert_non_null(strstr(n.alarms, "node.db was damaged"));
	saved = (int)db_int(n.st.db[STORE_NODE],
	    "SELECT count(*) FROM alias", -1);
	assert_true(saved > many / 2 && saved < many);
	assert_in_range(rows_lost(&n), 1, (unsigned int)many);
	assert_int_equal(node_ask(&n, ROLE_OWNER, count_aliases, NULL), 90);
	assert_true(n.st.salvaged & STORE_BIT(STORE_NODE));
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "ls %s/node.db.damaged-* >/dev/null",
	    n.home);
	assert_int_equal(system(cmd), 0);
	node_remove(&n);
}

/* Reads of that file before some that fail; 0 of them: none does. */
static struct {
	ino_t	ino;
	int	after, failing;
} disk;

/* SQLite's. */
ssize_t
pread64(int fd, void *to, size_t n, off64_t at)
{
	struct stat sb;

	if (disk.failing > 0 && fstat(fd, &sb) == 0 && sb.st_ino == disk.ino &&
	    disk.after-- <= 0) {
		disk.failing--;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, to, n, at);
}

static void
file_is(const struct node *n, const char *name)
{
	char path[128];
	struct stat sb;

	snprintf(path, sizeof path, "%s/%s", n->home, name);
	assert_int_equal(stat(path, &sb), 0);
	disk.ino = sb.st_ino;
}

static int
set_aside(const struct node *n)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "ls %s | grep -q damaged-", n->home);
	return system(cmd) == 0;
}

/* Each read of a start in turn, of what no file gives back. */
static void
a_failing_read(const char *name)
{
	struct node n;
	int many = 80, ten = 10, at;
	char why[256];

	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	ask_hang_up(n.st.filer);
	assert_int_equal(node_ask(&n, ROLE_OWNER, aliases, &many), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &ten), 0);
	node_stop(&n);
	file_is(&n, name);
	for (at = 0; at == 0 || disk.failing == 0; at++) {
		disk.after = at;
		disk.failing = 1;
		if (node_open(&n, why, sizeof why) == STORE_OK) {
			assert_int_equal(n.st.spool->last, 10);
			node_stop(&n);
		} else
			assert_non_null(strstr(why, "refused"));
		assert_string_equal(n.alarms, "");
	}
	disk.failing = 0;
	assert_true(at > 3);
	assert_false(set_aside(&n));
	node_start(&n);
	assert_int_equal(db_int(n.st.db[STORE_NODE],
	    "SELECT count(*) FROM alias", -1), many);
	node_stop(&n);
	node_remove(&n);
}

static void
a_read_that_fails_is_no_damage(void **state)
{
	(void)state;
	a_failing_read("node.db");
	a_failing_read("spool.db");
}

/* Its body is a file. */
static int
fill_large(int ch, void *arg)
{
	static const char *const me[] = { "me@node.test" };
	struct spool_msg m = { .trace = "t1.1", .sender = "", .rcpt = me,
	    .nrcpt = 1, .folder = "", .tags = "", .verdict = "",
	    .peer = "" };
	static char text[SPOOL_CHUNK];
	struct op_reply r;
	uint64_t id;
	uint16_t s;
	int i;

	(void)arg;
	op_reply_init(&r);
	s = spool_begin(ch, &r, &id);
	for (i = 0; i < 4 && s == OP_OK; i++)
		if (spool_data(ch, id, text, sizeof text) == -1)
			s = OP_GONE;
	if (s == OP_OK)
		s = spool_commit(ch, &r, id, &m, "", 0, NULL, 4 * sizeof text);
	op_reply_clear(&r);
	return s;
}

/* Rows before it are more than SQLite keeps in memory. */
static void
no_letter_goes_for_a_row_that_cannot_be_read(void **state)
{
	struct node n;
	int i, reads;
	char why[256], cmd[512];

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	ask_hang_up(n.st.filer);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill_large, NULL), 0);
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/spool.db 'WITH RECURSIVE n(i) AS"
	    " (VALUES(2) UNION ALL SELECT i+1 FROM n WHERE i<1400)"
	    " INSERT INTO spool SELECT i,trace,sender,rcpt,folder,tags,"
	    "received,at,7000,todo,box,uid,name,0,zeroblob(7000),NULL,verdict"
	    " FROM spool, n WHERE id=1;"
	    "UPDATE spool SET id=2000 WHERE id=1'", n.home);
	assert_int_equal(system(cmd), 0);
	file_is(&n, "spool.db");
	disk.after = INT_MAX;
	disk.failing = 1;
	node_start(&n);
	reads = INT_MAX - disk.after;
	node_stop(&n);
	for (i = 1; i < 20; i++) {
		disk.after = reads / 20 * i;
		disk.failing = 1;
		if (node_open(&n, why, sizeof why) == STORE_OK)
			node_stop(&n);
		assert_int_equal(disk.failing, 0);
		assert_int_equal(node_files(&n, ".mailnode/spool"), 1);
	}
	assert_string_equal(n.alarms, "");
	node_remove(&n);
}

static void
what_is_sound_is_kept(void **state)
{
	struct node n;
	int ten = 10;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, aliases, &ten), 0);
	node_stop(&n);
	assert_int_equal(db_condemn(n.home, &schemas[STORE_NODE]), 0);
	node_start(&n);
	assert_string_equal(n.alarms, "");
	assert_int_equal(node_ask(&n, ROLE_OWNER, count_aliases, NULL), 10);
	node_stop(&n);
	assert_false(set_aside(&n));
	node_remove(&n);
}

/* Not even its header is left, nor what it says of its tables. */
static void
spool_without_its_first(size_t octets)
{
	struct node n;
	int ten = 10;
	char cmd[256];

	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, filed, &(int){ 0 }));
	/* Nobody files: the entries stay. */
	ask_hang_up(n.st.filer);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &ten), 0);
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/spool.db "
	    "'PRAGMA wal_checkpoint(truncate)' >/dev/null", n.home);
	assert_int_equal(system(cmd), 0);
	damage(&n, "spool.db", 0, octets);
	node_start(&n);
	assert_non_null(strstr(n.alarms, "spool.db was damaged"));
	assert_true(node_until(&n, filed, &ten));
	node_stop(&n);
	node_remove(&n);
}

static void
the_spool_is_salvaged_and_filed(void **state)
{
	(void)state;
	spool_without_its_first(512);
	spool_without_its_first(8192);
}

/* Does anybody hold a lock on it?  Asked by a child: its own do not count. */
static bool
locked(const struct node *n, const char *name)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[128];
	int status, fd;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		snprintf(path, sizeof path, "%s/%s", n->home, name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		_exit(fd == -1 || fcntl(fd, F_GETLK, &l) == -1 ? 2 :
		    l.l_type != F_UNLCK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

/* Else another program takes itself for the last, and removes its log. */
static void
what_was_salvaged_stays_locked(void **state)
{
	struct node n;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_true(locked(&n, "node.db"));
	node_stop(&n);
	damage(&n, "node.db", 0, 4096);
	node_start(&n);
	assert_non_null(strstr(n.alarms, "node.db was damaged"));
	assert_true(locked(&n, "node.db"));
	node_stop(&n);
	node_remove(&n);
}

/* What is left of a spool whose last page is gone. */
static void
readable_entries_survive(void **state)
{
	struct node n;
	int ten = 10, left;
	char cmd[256];

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, filed, &(int){ 0 }));
	ask_hang_up(n.st.filer);
	for (left = 0; left < 10; left++)
		assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &ten), 0);
	node_stop(&n);
	snprintf(cmd, sizeof cmd, "sqlite3 %s/spool.db "
	    "'PRAGMA wal_checkpoint(truncate)' >/dev/null", n.home);
	assert_int_equal(system(cmd), 0);
	damage(&n, "spool.db", 4 * 8192, 8192);
	node_start(&n);
	assert_non_null(strstr(n.alarms, "spool.db was damaged"));
	left = (int)db_int(n.st.db[STORE_SPOOL],
	    "SELECT count(*) FROM spool", -1);
	assert_true(left > 50 && left < 100);
	assert_true(node_until(&n, filed, &left));
	node_stop(&n);
	node_remove(&n);
}

/* A backup that is put back may get the inode of what it replaces. */
static void
a_copy_with_its_inode_is_another(void **state)
{
	char dir[] = "/tmp/db.XXXXXX", path[PATH_MAX];
	struct db_file was, now;
	int fd, i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/%s", dir,
	    schemas[STORE_CACHE].name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	was = db_file(dir, &schemas[STORE_CACHE]);
	assert_true(was.id != 0 && db_file_is(&was, was.id));
	assert_true(db_file_is(&was, (int64_t)was.ino));
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	now = db_file(dir, &schemas[STORE_CACHE]);
	assert_true(now.id == was.id);
	/* A clock of files may stand for a moment. */
	for (i = 0; i < 1000 && now.id == was.id; i++) {
		assert_int_equal(unlink(path), 0);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		now = db_file(dir, &schemas[STORE_CACHE]);
		(void)usleep(1000);
	}
	assert_false(db_file_is(&now, was.id));
	(void)unlink(path);
	(void)rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_one_is_migrated),
		cmocka_unit_test(an_older_cache_is_migrated),
		cmocka_unit_test(tags_of_an_older_cache_are_counted),
		cmocka_unit_test(a_newer_one_is_refused_by_name),
		cmocka_unit_test(a_damaged_cache_is_made_anew),
		cmocka_unit_test(node_db_is_salvaged),
		cmocka_unit_test(a_read_that_fails_is_no_damage),
		cmocka_unit_test(no_letter_goes_for_a_row_that_cannot_be_read),
		cmocka_unit_test(what_is_sound_is_kept),
		cmocka_unit_test(a_copy_with_its_inode_is_another),
		cmocka_unit_test(what_is_lost_is_not_made_up),
		cmocka_unit_test(the_spool_is_salvaged_and_filed),
		cmocka_unit_test(readable_entries_survive),
		cmocka_unit_test(what_was_salvaged_stays_locked),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
