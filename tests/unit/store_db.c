/* Databases: newer ones, damaged ones, and what is saved of them. */
#include "store/alias.h"
#include "store/ask.h"
#include "store/db.h"
#include "store/spool.h"
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

static void
the_spool_is_salvaged_and_filed(void **state)
{
	struct node n;
	int ten = 10;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_true(node_until(&n, filed, &(int){ 0 }));
	/* Nobody files: the entries stay. */
	ask_hang_up(n.st.filer);
	assert_int_equal(node_ask(&n, ROLE_SMTP, fill, &ten), 0);
	node_stop(&n);
	damage(&n, "spool.db", 0, 512);	/* not even its header is left */
	node_start(&n);
	assert_non_null(strstr(n.alarms, "spool.db was damaged"));
	assert_true(node_until(&n, filed, &ten));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_one_is_migrated),
		cmocka_unit_test(a_newer_one_is_refused_by_name),
		cmocka_unit_test(a_damaged_cache_is_made_anew),
		cmocka_unit_test(node_db_is_salvaged),
		cmocka_unit_test(what_is_lost_is_not_made_up),
		cmocka_unit_test(the_spool_is_salvaged_and_filed),
		cmocka_unit_test(readable_entries_survive),
	};

	if (dyn_gmime() == NULL)
		return 77;
	(void)mtext_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
