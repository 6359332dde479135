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
#include "store/index_cut.h"

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
	char cmd[2200];

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
hear_odd(void *arg, const char *tag)
{
	snprintf(arg, 101, "%s", tag);
}

/* 100 tags of nine octets fill what a message may have. */
static void
more_tags_than_a_message_has_stay_there(void **state_)
{
	char cmd[2000] = "tag", tags[2000], odd[101] = "", now[INDEX_STATE_MAX];
	size_t i, n = 3, len = 0;

	(void)state_;
	index_on_odd(x, hear_odd, odd);
	put("INBOX/cur/1:2,", "m1@x");
	assert_int_equal(learn("", "INBOX/cur/1:2,", 0, "", false), 0);
	for (i = 0; i < 101; i++)
		n += (size_t)snprintf(cmd + n, sizeof cmd - n,
		    " +nine.%04zu", i);
	snprintf(cmd + n, sizeof cmd - n, " -- id:m1@x");
	shell(cmd);
	for (i = 0; i < 100; i++)
		len += (size_t)snprintf(tags + len, sizeof tags - len,
		    "%snine.%04zu", i > 0 ? " " : "", i);
	heard[0] = '\0';
	assert_int_equal(index_changed(x, state, now, hear, NULL), STORE_OK);
	assert_memory_equal(heard, "m1@x:0:nine.0000 ", 17);
	assert_string_equal(odd, "nine.0100");
	assert_int_equal(learn("", "INBOX/cur/1:2,", 0, tags, false), 0);
	shell("count tag:nine.0100 and tag:nine.0099 | grep -qx 1");
}

/* Twice is what a crash before keeper hears of the first leads to. */
static void
what_is_new_is_not_looked_for(void **state_)
{
	const struct index_item i = { .was = "", .now = "INBOX/cur/1:2,",
	    .tags = "a" };
	int n;

	(void)state_;
	put(i.now, "m1@x");
	for (n = 0; n < 2; n++) {
		assert_int_equal(index_begin(x), STORE_OK);
		index_untouched(x);
		assert_int_equal(index_apply(x, &i, false), STORE_OK);
		assert_int_equal(index_end(x, state), STORE_OK);
		shell("count tag:a and tag:unread | grep -qx 1");
		shell("search --output=files '*' | grep -c . | grep -qx 1");
	}
	assert_int_equal(learn(i.now, i.now, STORE_SEEN, "b", false), 0);
	shell("count '*' | grep -qx 1");
	shell("count tag:b and not tag:unread and not tag:a | grep -qx 1");
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
what_the_index_calls_no_mail_is_told(void **state_)
{
	char path[256];
	FILE *f;

	(void)state_;
	snprintf(path, sizeof path, "%s/INBOX/cur/draft", maildir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("Date: Sat, 24 Mar 2007 23:00:00 +0200\n\nalone\n", f);
	fclose(f);
	put("INBOX/cur/old", "m1@x");
	assert_int_equal(learn("", "INBOX/cur/old", 0, "", false), STORE_OK);
	assert_int_equal(learn("INBOX/cur/old", "INBOX/cur/draft", 0, "",
	    false), STORE_NOTFOUND);
	shell("count '*' | grep -qx 0");
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

/* ---- large ones ---- */

enum { BIG = INDEX_FILE_MAX + INDEX_FILE_MAX / 2 };

static void
lines(FILE *f, const char *line, size_t octets)
{
	size_t n;

	for (n = 0; n < octets; n += strlen(line))
		fputs(line, f);
}

static FILE *
mail(const char *rel, const char *id)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", maildir, rel);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "From: a@x\r\nSubject: topic %s\r\nMessage-ID: <%s>\r\n",
	    id, id);
	return f;
}

static enum store_err
learn_cut(const char *was, const char *now, enum index_level level)
{
	struct index_item i = { .was = was, .now = now, .tags = "cut",
	    .level = level };
	enum store_err e;

	assert_int_equal(index_begin_cut(x, &i), STORE_OK);
	e = index_apply(x, &i, false);
	assert_int_equal(index_end(x, state), STORE_OK);
	return e;
}

static void
no_copy_is_left(void)
{
	char path[256];

	snprintf(path, sizeof path, "%s/.notmuch/cut", maildir);
	assert_int_equal(access(path, F_OK), -1);
}

static void
a_large_text_is_cut(void **state_)
{
	FILE *f = mail("INBOX/cur/1:2,", "m1@x");

	(void)state_;
	fputs("\r\nearly words\r\n", f);
	lines(f, "filling\r\n", BIG);
	fputs("late words\r\n", f);
	fclose(f);
	assert_int_equal(learn("", "INBOX/cur/1:2,", 0, "", false),
	    STORE_TOOBIG);
	shell("count '*' | grep -qx 0");
	assert_int_equal(learn_cut("", "INBOX/cur/1:2,", 0), STORE_OK);
	assert_true(index_has_less(x));
	no_copy_is_left();
	shell("count path:INBOX/cur folder:INBOX tag:cut early subject:topic |"
	    " grep -qx 1");
	shell("count late | grep -qx 0");
	shell("search --output=files '*' | grep -q '[.][^/]*/INBOX/cur/1:2,$'");
	/* It is known: tags want no copy. */
	assert_int_equal(learn("", "INBOX/cur/1:2,", STORE_SEEN, "y", false),
	    STORE_OK);
	shell("count tag:y and not tag:unread | grep -qx 1");
	assert_int_equal(learn("INBOX/cur/1:2,", "", 0, "", false), STORE_OK);
	shell("count '*' | grep -qx 0");
}

static void
what_is_no_text_is_left_out(void **state_)
{
	FILE *f = mail("INBOX/cur/1:2,", "m1@x");

	(void)state_;
	fputs("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
	    "early\r\n--b\r\nContent-Type: application/x-y; name=fig.bin\r\n"
	    "Content-Disposition: attachment; filename=fig.bin\r\n\r\n", f);
	lines(f, "binary\r\n", BIG);
	fputs("--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: b@x\r\n"
	    "Subject: within\r\nContent-Type: multipart/alternative;"
	    " boundary=\"c d\"\r\n\r\n--c d\r\nContent-Type: text/plain\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n", f);
	lines(f, "aW5uZXIgd29yZHMgaW5uZXIgd29yZHMg\r\n", INDEX_FILE_MAX / 4);
	fputs("--c d--\r\n--b\r\nContent-Type: text/html\r\n\r\n"
	    "<p>footer\r\n--b--\r\n", f);
	fclose(f);
	assert_int_equal(learn_cut("", "INBOX/cur/1:2,", 0), STORE_OK);
	assert_false(index_has_less(x));
	shell("count early inner footer attachment:fig tag:attachment"
	    " mimetype:application/x-y | grep -qx 1");
	shell("count binary | grep -qx 0");
}

static void
of_one_its_header_alone(void **state_)
{
	FILE *f = mail("INBOX/cur/1:2,", "m1@x");

	(void)state_;
	fputs("\r\nsecret\r\n", f);
	fclose(f);
	assert_int_equal(learn_cut("", "INBOX/cur/1:2,", INDEX_HEAD),
	    STORE_OK);
	assert_true(index_has_less(x));
	shell("count subject:topic from:a@x | grep -qx 1");
	shell("count secret | grep -qx 0");
	no_copy_is_left();
	/* A file that is gone, and one that is no mail. */
	assert_int_equal(learn_cut("", "INBOX/cur/2:2,", INDEX_HEAD),
	    STORE_OK);
	put("INBOX/cur/empty", "");
	assert_int_equal(learn_cut("", "INBOX/cur/empty", INDEX_HEAD),
	    STORE_OK);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(our_own_batches_are_no_news),
		T(more_tags_than_a_message_has_stay_there),
		T(what_is_new_is_not_looked_for),
		T(renames_wait_for_their_file),
		T(what_cannot_be_read_is_passed_over),
		T(what_the_index_calls_no_mail_is_told),
		T(another_database_is_recognised),
		T(a_large_text_is_cut),
		T(what_is_no_text_is_left_out),
		T(of_one_its_header_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
