/* Mboxes and Maildirs of others. */
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
#include "store/import.h"

static const char mbox[] =
    "From ann@x.test Sat Jan  3 01:05:34 1998\n"
    "Subject: one\nStatus: RO\nX-Status: AF\n\n"
    "text\n>From here\n>>From there\n\nFrom my point of view\n\n"
    "From bob@y.test  Sun Jan  4 02:00:00 1998\n"
    "Subject: two\n\nno empty line before the end\n";

static void
splits_an_mbox(void **state)
{
	size_t body, len, at, n = sizeof mbox - 1;
	uint32_t flags;
	int64_t when = 7;

	(void)state;
	at = import_mbox_next(mbox, n, 0, &body, &len);
	assert_memory_equal(mbox + at, "From bob", 8);
	assert_memory_equal(mbox + body, "Subject: one", 12);
	assert_memory_equal(mbox + body + len - 5, "view\n", 5);
	import_mbox_meta(mbox, at, &flags, &when);
	assert_int_equal(when, 883789534);
	assert_int_equal(flags, STORE_SEEN | STORE_ANSWERED | STORE_FLAGGED);
	assert_int_equal(import_mbox_next(mbox, n, at, &body, &len), n);
	assert_int_equal(body + len, n);
	import_mbox_meta(mbox + at, n - at, &flags, &when);
	assert_int_equal(flags, 0);
	assert_int_equal(when, 883879200);
}

static void
dates_that_are_none_change_nothing(void **state)
{
	static const char *const lines[] = { "From x 12:34\n",
	    "From x Sat Foo  3 01:05:34 1998\n", "From 01:05:34\n",
	    "From x Sat Jan  3 01:05:34\n", "From " };
	uint32_t flags;
	int64_t when;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		when = 7;
		import_mbox_meta(lines[i], strlen(lines[i]), &flags, &when);
		assert_int_equal(when, 7);
	}
}

static void
content_is(int fd, const char *want)
{
	char b[256];
	ssize_t n;

	assert_int_not_equal(fd, -1);
	n = read(fd, b, sizeof b - 1);
	assert_true(n >= 0);
	b[n] = '\0';
	assert_string_equal(b, want);
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
}

static void
lines_end_in_crlf(void **state)
{
	(void)state;
	content_is(import_crlf("a\nb\r\n>From c\n>x\nd", 17, true),
	    "a\r\nb\r\nFrom c\r\n>x\r\nd\r\n");
	content_is(import_crlf(">From c\n", 8, false), ">From c\r\n");
	content_is(import_crlf("", 0, false), "");
}

static void
names(void **state)
{
	char dst[BOX_NAME_MAX];

	(void)state;
	assert_true(import_name(dst, NULL, "inbox"));
	assert_string_equal(dst, "INBOX");
	assert_true(import_name(dst, NULL, ""));
	assert_string_equal(dst, "INBOX");
	assert_true(import_name(dst, "Old", "a//b"));
	assert_string_equal(dst, "Old/a/b");
	assert_true(import_name(dst, NULL, "../x:y"));
	assert_string_equal(dst, "_./x:y");
	assert_false(import_name(dst, NULL, "a/cur"));
}

static char dir[64];

static void
put(const char *path, const char *text)
{
	char full[256];
	char *p;
	int fd;

	snprintf(full, sizeof full, "%s/%s", dir, path);
	for (p = full + strlen(dir) + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(full, 0700);
			*p = '/';
		}
	fd = open(full, O_WRONLY | O_CREAT, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static char seen[2000];

static bool
note(void *arg, struct import_item *i)
{
	size_t n = strlen(seen);

	(void)arg;
	snprintf(seen + n, sizeof seen - n, "%s:%u ", i->folder, i->flags);
	return true;
}

static bool
note_data(void *arg, struct import_item *i)
{
	size_t n = strlen(seen);

	(void)arg;
	assert_int_equal(i->fd, -1);
	snprintf(seen + n, sizeof seen - n, "%.*s%s|", (int)i->size, i->data,
	    i->mbox ? "(mbox)" : "");
	return true;
}

static const char want_data[] =
    "Subject: a\n\n|Subject: b\r\n\r\n|Subject: c\n\n|Subject: d\n\n|"
    "Subject: e\n\n|no mail\n|"
    "Subject: one\nStatus: RO\nX-Status: AF\n\ntext\n>From here\n"
    ">>From there\n\nFrom my point of view\n(mbox)|"
    "Subject: two\n\nno empty line before the end\n(mbox)|";

static void
walks_a_tree(void **state)
{
	struct import im = { .item = note };
	char cmd[128];

	(void)state;
	snprintf(dir, sizeof dir, "/tmp/store_import.XXXXXX");
	assert_non_null(mkdtemp(dir));
	put("cur/1:2,FS", "Subject: a\n\n");
	put("new/2", "Subject: b\r\n\r\n");
	put("tmp/3", "not this\n");
	put("cur/.hidden", "nor this\n");
	put(".Sent.2020/cur/4:2,", "Subject: c\n\n");
	put(".Sent.2020/new/x", "Subject: d\n\n");
	put("Lists/linux/cur/5:2,R", "Subject: e\n\n");
	put("Lists/linux/tmp/y", "");
	put("Lists/old.mbox", mbox);
	put("Lists/note.txt", "no mail\n");
	assert_true(import_walk(&im, dir));
	assert_string_equal(seen, "INBOX:18 INBOX:0 Sent/2020:0 Sent/2020:0 "
	    "Lists/linux:8 Lists/old:26 Lists/old:0 ");
	seen[0] = '\0';
	im.into = "In";
	im.count = true;
	assert_true(import_walk(&im, dir));
	assert_true(strncmp(seen, "In:18 In:0 In/Sent/2020:0 ", 26) == 0);
	/* Looked at as they are, without a copy; what is in them counts. */
	seen[0] = '\0';
	im = (struct import){ .item = note_data, .bytes = true,
	    .loose = true };
	assert_true(import_walk(&im, dir));
	assert_string_equal(seen, want_data);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	assert_int_equal(system(cmd), 0);
}

static void
note_bad(void *arg, const char *path, const char *why)
{
	(void)why;
	snprintf(arg, 200, "%s", path + strlen(dir));
}

static void
tells_of_what_it_cannot_read(void **state)
{
	char bad[200] = "", cmd[128];
	struct import im = { .item = note, .bad = note_bad, .arg = bad };

	(void)state;
	seen[0] = '\0';
	snprintf(dir, sizeof dir, "/tmp/store_import.XXXXXX");
	assert_non_null(mkdtemp(dir));
	put("Odd/cur/1:2,", "Subject: a\n\n");
	put("Odd/tmp/x", "");
	assert_true(import_walk(&im, dir));
	assert_string_equal(bad, "");
	put("Odd/new", "not even a folder");
	assert_true(import_walk(&im, dir));
	assert_string_equal(bad, "/Odd/new");
	assert_string_equal(seen, "Odd:0 Odd:0 ");
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	assert_int_equal(system(cmd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_an_mbox),
		cmocka_unit_test(dates_that_are_none_change_nothing),
		cmocka_unit_test(lines_end_in_crlf),
		cmocka_unit_test(names),
		cmocka_unit_test(walks_a_tree),
		cmocka_unit_test(tells_of_what_it_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
