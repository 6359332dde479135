/* Names of mail files, and what another program makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "store/maildir.h"
#include "store/op_box.h"
#include "store/tag.h"

static void
reads_names(void **state)
{
	static const struct {
		const char	*rel;
		bool		 ok, paired;
		uint32_t	 flags, validity, uid;
	} cases[] = {
		{ "new/1.M2P3Q4.h,S=5,I=6.7", true, true, 0, 6, 7 },
		{ "cur/1.M2P3Q4.h,S=5,I=6.7:2,FS", true, true,
		    STORE_FLAGGED | STORE_SEEN, 6, 7 },
		{ "cur/1.M2P3Q4.h,S=5,I=6.7,U=9:2,RTaD", true, true,
		    STORE_ANSWERED | STORE_DELETED | STORE_DRAFT, 6, 7 },
		{ "cur/x,I=6", true, false, 0, 0, 0 },
		{ "cur/x,I=0.7", true, false, 0, 0, 0 },
		{ "cur/x,I=6.0", true, false, 0, 0, 0 },
		{ "cur/x,I=6.7x", true, false, 0, 0, 0 },
		{ "cur/x,I=4294967296.7", true, false, 0, 0, 0 },
		{ "cur/x", true, false, 0, 0, 0 },
		{ "cur/.x", false, false, 0, 0, 0 },
		{ "cur/", false, false, 0, 0, 0 },
		{ "cur/:2,S", false, false, 0, 0, 0 },
		{ "cur/a/b", false, false, 0, 0, 0 },
		{ "cur/../x", false, false, 0, 0, 0 },
		{ "tmp/x", false, false, 0, 0, 0 },
		{ "x", false, false, 0, 0, 0 },
	};
	struct maildir_name n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (maildir_parse(cases[i].rel, &n) != cases[i].ok)
			fail_msg("%s", cases[i].rel);
		if (!cases[i].ok)
			continue;
		if (n.paired != cases[i].paired || n.flags != cases[i].flags)
			fail_msg("%s", cases[i].rel);
		if (n.paired) {
			assert_int_equal(n.uidvalidity, cases[i].validity);
			assert_int_equal(n.uid, cases[i].uid);
		}
	}
}

/* Without when it was saved, which is now. */
static const char *
undated(char *rel)
{
	char *p = strstr(rel, ",D="), *end;
	struct maildir_name n;

	assert_non_null(p);
	assert_true(maildir_parse(rel, &n));
	assert_true(n.saved > 1700000000);
	end = p + 3 + strspn(p + 3, "0123456789");
	memmove(p, end, strlen(end) + 1);
	return rel;
}

static void
makes_names(void **state)
{
	char base[MAILDIR_REL_MAX], rel[MAILDIR_REL_MAX];
	struct maildir_name n;

	(void)state;
	assert_int_equal(maildir_base(base, sizeof base, 1700000000,
	    "a/b:c", 42), 0);
	assert_int_equal(maildir_make(rel, sizeof rel, base, strlen(base), 5,
	    9, 0, "", true), 0);
	assert_memory_equal(rel, "new/1700000000.M", 16);
	assert_non_null(strstr(undated(rel), ".a_b_c,S=42,I=5.9"));
	assert_true(maildir_parse(rel, &n));
	assert_int_equal(n.seconds, 1700000000);
	/* An old pair goes, and with it what mbsync wrote for the folder. */
	assert_int_equal(maildir_make(rel, sizeof rel, "x,I=1.2,U=3,Z", 13, 5,
	    9, STORE_SEEN, "a", false), 0);
	assert_string_equal(undated(rel), "cur/x,I=5.9,Z:2,Sa");
	/* So does the time it was saved in the folder before. */
	assert_int_equal(maildir_make(rel, sizeof rel, "x,S=3,D=7,I=1.2", 15,
	    5, 9, 0, "", false), 0);
	assert_string_equal(undated(rel), "cur/x,S=3,I=5.9:2,");
	assert_int_equal(maildir_make(rel, sizeof rel, "x,U=3", 5, 5, 9, 0,
	    "", false), 0);
	assert_string_equal(undated(rel), "cur/x,U=3,I=5.9:2,");
	assert_int_equal(maildir_make(rel, 12, "x,I=1.2,U=3", 11, 5, 9, 0,
	    "", false), STORE_NAME);
}

static void
knows_files_again(void **state)
{
	static const struct { const char *a, *b; bool same; } cases[] = {
		{ "new/x,I=1.2", "cur/x,I=1.2:2,S", true },
		{ "cur/x,I=1.2:2,", "cur/x,I=1.2,U=3:2,F", true },
		{ "cur/x,I=1.2,U=4:2,", "cur/x,I=1.2,U=3:2,F", true },
		{ "cur/y,I=1.2:2,", "cur/x,I=1.2:2,", true },
		{ "cur/x,I=1.2:2,", "cur/x,I=1.3:2,", false },
		{ "cur/x,I=1.2:2,", "cur/x,I=2.2:2,", false },
		{ "cur/x,I=1.2:2,", "cur/x:2,", false },
		{ "new/x", "cur/x:2,", true },
		{ "new/x", "cur/x,U=7:2,F", true },
		{ "new/x,U=", "cur/x:2,", false },
		{ "new/x,U=7,S=1", "cur/x,S=1:2,", true },
		{ "new/x", "cur/y:2,", false },
	};
	struct maildir_name a, b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(maildir_parse(cases[i].a, &a));
		assert_true(maildir_parse(cases[i].b, &b));
		if (maildir_same(&a, &b) != cases[i].same ||
		    maildir_same(&b, &a) != cases[i].same)
			fail_msg("%s %s", cases[i].a, cases[i].b);
	}
}

static void
follows_others(void **state)
{
	static const struct { const char *was, *want, *is, *now; } cases[] = {
		/* flags: ours are added to theirs */
		{ "cur/x,I=1.2:2,", "cur/x,I=1.2:2,F", "cur/x,I=1.2,U=3:2,S",
		    "cur/x,I=1.2,U=3:2,FS" },
		{ "cur/x,I=1.2:2,FS", "cur/x,I=1.2:2,S", "cur/x,I=1.2:2,FRSa",
		    "cur/x,I=1.2:2,RSa" },
		{ "new/x,I=1.2", "cur/x,I=1.2:2,S", "cur/x,I=1.2,U=3:2,",
		    "cur/x,I=1.2,U=3:2,S" },
		/* another folder: what mbsync wrote for this one goes */
		{ "cur/x,I=1.2:2,S", "cur/x,I=9.1:2,S", "cur/x,I=1.2,U=3:2,",
		    "cur/x,I=9.1:2," },
		{ "new/x,I=1.2", "new/x,I=9.1", "new/x,I=1.2,U=3",
		    "new/x,I=9.1" },
		{ "new/x,I=1.2", "new/x,I=9.1", "cur/x,I=1.2:2,",
		    "cur/x,I=9.1:2," },
		/* a pair for one that has none */
		{ "new/x", "new/x,I=1.2", "cur/x,U=3:2,F",
		    "cur/x,I=1.2,U=3:2,F" },
		{ "cur/x,U=3:2,", "cur/x,U=3,I=1.2:2,", "cur/x:2,",
		    "cur/x,I=1.2:2," },
	};
	char now[MAILDIR_REL_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(maildir_follow(now, cases[i].was,
		    cases[i].want, cases[i].is), STORE_OK);
		assert_string_equal(now, cases[i].now);
	}
	assert_int_equal(maildir_follow(now, "tmp/x", "cur/x", "cur/x"),
	    STORE_NAME);
}

static void
changes_flags(void **state)
{
	char rel[MAILDIR_REL_MAX];

	(void)state;
	assert_int_equal(maildir_reflag(rel, sizeof rel, "new/x", 0), 0);
	assert_string_equal(rel, "new/x");
	assert_int_equal(maildir_reflag(rel, sizeof rel, "new/x",
	    STORE_SEEN | STORE_DRAFT), 0);
	assert_string_equal(rel, "cur/x:2,DS");
	assert_int_equal(maildir_reflag(rel, sizeof rel, "cur/x:2,Sab", 0),
	    0);
	assert_string_equal(rel, "cur/x:2,ab");
	assert_int_equal(maildir_reflag(rel, sizeof rel, "tmp/x", 0),
	    STORE_NAME);
}

static void
mailbox_names(void **state)
{
	static const char *const good[] = { "INBOX", "Lists/linux", "a b",
	    "Gesch\303\244ft", "a.b", "a:b", "a\\b", "a\"b" };
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".",
	    "..", "a/..", ".a", "cur", "a/new", "tmp/x", "a\nb",
	    "a\177", " a", "a ", "\377",
	    "1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7" };
	char longest[BOX_NAME_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(box_name_ok(good[i]));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (box_name_ok(bad[i]))
			fail_msg("\"%s\"", bad[i]);
	memset(longest, 'a', sizeof longest);
	longest[BOX_NAME_MAX] = '\0';
	assert_false(box_name_ok(longest));
	longest[BOX_NAME_MAX - 1] = '\0';
	assert_true(box_name_ok(longest));
}

static void
tags(void **state)
{
	struct tag_change c;
	char out[64];

	(void)state;
	assert_true(mail_tag_ok("a"));
	assert_false(mail_tag_ok(""));
	assert_false(mail_tag_ok("-a"));
	assert_false(mail_tag_ok("a b"));
	assert_false(mail_tag_ok("a\"b"));
	assert_true(tag_change_parse("+b -c +unread -flagged", &c));
	assert_int_equal(c.add, 0);
	assert_int_equal(c.del, STORE_SEEN | STORE_FLAGGED);
	assert_int_equal(tag_change_apply(&c, "c a b", out, sizeof out), 0);
	assert_string_equal(out, "a b");
	assert_int_equal(tag_change_apply(&c, "c a b", out, 3),
	    STORE_TOOBIG);
	assert_false(tag_change_parse("b", &c));
	assert_false(tag_change_parse("+", &c));
	assert_true(tag_change_parse("", &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_names),
		cmocka_unit_test(makes_names),
		cmocka_unit_test(knows_files_again),
		cmocka_unit_test(follows_others),
		cmocka_unit_test(changes_flags),
		cmocka_unit_test(mailbox_names),
		cmocka_unit_test(tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
