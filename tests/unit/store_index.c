/* The notmuch database as the indexer uses it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/flag.h"
#include "store/index.h"

static char maildir[64];
static struct index *x;
static char state[INDEX_STATE_MAX];
static char heard[1000];

static void
put(const char *rel, const char *id)
{
	char path[256], text[256];
	int fd, n;

	snprintf(path, sizeof path, "%s/%s", maildir, rel);
	n = snprintf(text, sizeof text, "From: a@x\nSubject: s\n"
	    "Message-ID: <%s>\n\ntext\n", id);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
}

static int
set_up(void **state_)
{
	char path[128], why[256];

	(void)state_;
	snprintf(maildir, sizeof maildir, "/tmp/store_index.XXXXXX");
	assert_non_null(mkdtemp(maildir));
	snprintf(path, sizeof path, "%s/INBOX", maildir);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/INBOX/cur", maildir);
	mkdir(path, 0700);
	x = index_new(maildir, why, sizeof why);
	if (x == NULL)
		fail_msg("%s", why);
	assert_true(index_is_new(x));
	heard[0] = '\0';
	return 0;
}

static int
tear_down(void **state_)
{
	char cmd[128];

	(void)state_;
	index_free(x);
	snprintf(cmd, sizeof cmd, "rm -rf %s", maildir);
	return system(cmd);
}

static enum store_err
learn(const char *was, const char *now, uint32_t flags, const char *tags,
    bool force)
{
	struct index_item i = { .was = was, .now = now, .flags = flags,
	    .tags = tags };
	enum store_err e;

	assert_int_equal(index_begin(x), STORE_OK);
	e = index_apply(x, &i, force);
	assert_int_equal(index_end(x, state), STORE_OK);
	return e;
}

static bool
hear(void *arg, const char *msgid, uint32_t flags, const char *tags)
{
	size_t n = strlen(heard);

	(void)arg;
	snprintf(heard + n, sizeof heard - n, "%s:%u:%s;", msgid,
	    (unsigned)flags, tags);
	return true;
}

/* What changed since `from` is exactly `want`. */
static void
changed_is(const char *from, const char *want)
{
	char now[INDEX_STATE_MAX];

	heard[0] = '\0';
	assert_int_equal(index_changed(x, from, now, hear, NULL), STORE_OK);
	assert_string_equal(heard, want);
}

static void
shell(const char *args)
{
	char cmd[512];

	snprintf(cmd, sizeof cmd, "notmuch --config=%s/.notmuch/config %s",
	    maildir, args);
	assert_int_equal(system(cmd), 0);
}

static void
our_own_batches_are_no_news(void **state_)
{
	char before[INDEX_STATE_MAX];

	(void)state_;
	put("INBOX/cur/1:2,", "m1@x");
	assert_int_equal(learn("", "INBOX/cur/1:2,", 0, "b a", false), 0);
	changed_is(state, "");
	memcpy(before, state, sizeof before);
	shell("tag +foreign -unread -- id:m1@x");
	changed_is(before, "m1@x:16:a b foreign;");
	/* The same again is no change: no new revision. */
	assert_int_equal(learn("", "INBOX/cur/1:2,", STORE_SEEN,
	    "a b foreign", false), 0);
	memcpy(before, state, sizeof before);
	assert_int_equal(learn("", "INBOX/cur/1:2,", STORE_SEEN,
	    "a b foreign", false), 0);
	changed_is(before, "");
	shell("count '*' | grep -qx 1");
}

static void
renames_wait_for_their_file(void **state_)
{
	char from[128], to[128];

	(void)state_;
	put("INBOX/cur/1:2,", "m1@x");
	assert_int_equal(learn("", "INBOX/cur/1:2,", 0, "", false), 0);
	assert_int_equal(learn("INBOX/cur/1:2,", "INBOX/cur/1:2,S",
	    STORE_SEEN, "", false), STORE_BUSY);
	shell("search --output=files '*' | grep -q 'cur/1:2,$'");
	snprintf(from, sizeof from, "%s/INBOX/cur/1:2,", maildir);
	snprintf(to, sizeof to, "%s/INBOX/cur/1:2,S", maildir);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(learn("INBOX/cur/1:2,", "INBOX/cur/1:2,S",
	    STORE_SEEN, "", false), 0);
	shell("search --output=files '*' | grep -q 'cur/1:2,S$'");
	shell("count tag:unread | grep -qx 0");
	/* It never comes: taken for gone. */
	put("INBOX/cur/2:2,", "m2@x");
	assert_int_equal(learn("", "INBOX/cur/2:2,", 0, "", false), 0);
	assert_int_equal(learn("INBOX/cur/2:2,", "INBOX/cur/2:2,F",
	    STORE_FLAGGED, "", true), 0);
	shell("count id:m2@x | grep -qx 0");
	assert_int_equal(learn("INBOX/cur/1:2,S", "", 0, "", false), 0);
	shell("count '*' | grep -qx 0");
}

static void
what_cannot_be_read_is_passed_over(void **state_)
{
	(void)state_;
	assert_int_equal(learn("", "INBOX/cur/none", 0, "", false), 0);
	put("INBOX/cur/empty", "");
	assert_int_equal(learn("", "INBOX/cur/empty", 0, "x", false), 0);
	assert_int_equal(learn("INBOX/cur/none", "", 0, "", false), 0);
}

static void
another_database_is_recognised(void **state_)
{
	char now[INDEX_STATE_MAX], cmd[128];

	(void)state_;
	assert_int_equal(index_changed(x, "other:5", now, hear, NULL),
	    STORE_NOTFOUND);
	assert_int_equal(index_changed(x, "nonsense", now, hear, NULL),
	    STORE_NOTFOUND);
	assert_int_equal(index_changed(x, "", now, hear, NULL), STORE_OK);
	snprintf(cmd, sizeof cmd, "rm -rf %s/.notmuch", maildir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(index_changed(x, "", now, hear, NULL), STORE_GONE);
	assert_int_equal(index_begin(x), STORE_GONE);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(our_own_batches_are_no_news),
		T(renames_wait_for_their_file),
		T(what_cannot_be_read_is_passed_over),
		T(another_database_is_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
