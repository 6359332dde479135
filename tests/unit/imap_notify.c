/* NOTIFY: what is asked for rightly, and what becomes of it when there is no
 * memory for news.  What is told is in tests/8056-notify.t. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/imap_fake.h"

enum { SAID_MAX = 256 * 1024 };

static char	said[SAID_MAX];

/* Without other people, unless a test wants them. */
static const char *
say(const char *script)
{
	static const char login[] = "x LOGIN a b\r\n";
	char in[8192];

	assert_true((size_t)snprintf(in, sizeof in, "%s%s", login, script) <
	    sizeof in);
	(void)fake_session(in, strlen(in), said, sizeof said);
	fake_end();
	return said;
}

#define BOTH "MessageNew MessageExpunge"

static void
arguments(void **state)
{
	static const struct { const char *args, *answer; } t[] = {
		{ "NONE", "n OK" }, { "none", "n OK" },
		{ "SET (selected (" BOTH "))", "n OK" },
		{ "SET (SELECTED-delayed (" BOTH " FlagChange))", "n OK" },
		{ "SET STATUS (inboxes (" BOTH ")) (subscribed NONE)",
		    "n OK" },
		{ "SET (subtree (a \"b c\" INBOX) (MailboxName))", "n OK" },
		{ "SET (mailboxes a (SubscriptionChange)) (personal NONE)",
		    "n OK" },
		/* A name that can be none, and one that is none. */
		{ "SET (mailboxes (\"&&&\" nothing) (" BOTH "))", "n OK" },
		{ "SET (selected (MessageNew (uid flags body.peek["
		    "header.fields (from)]<0.9>) MessageExpunge))", "n OK" },
		{ "", "n BAD" }, { "SET", "n BAD" }, { "NONE x", "n BAD" },
		{ "SET STATUS", "n BAD" }, { "STATUS", "n BAD" },
		{ "SET selected (" BOTH ")", "n BAD" },
		{ "SET (selected " BOTH ")", "n BAD" },
		{ "SET (selected ())", "n BAD" },
		{ "SET (selected (" BOTH ") x)", "n BAD" },
		{ "SET (personal (MessageNew))", "n BAD" },
		{ "SET (personal (FlagChange MessageExpunge))", "n BAD" },
		{ "SET (selected (MailboxName))", "n BAD" },
		{ "SET (selected NONE) (selected-delayed NONE)", "n BAD" },
		{ "SET (personal (MessageNew (uid) MessageExpunge))",
		    "n BAD" },
		{ "SET (selected (MessageNew (uid)(flags) MessageExpunge))",
		    "n BAD" },
		{ "SET (selected (MessageNew (uid) MessageNew (uid) "
		    "MessageExpunge))", "n BAD" },
		{ "SET (subtree ((a)) NONE)", "n BAD" },
		{ "SET (mailboxes NONE)", "n BAD" },
		{ "SET (personal (" BOTH " AnnotationChange))",
		    "n NO [BADEVENT (MessageNew " },
		{ "SET (personal (ServerMetadataChange))",
		    "n NO [BADEVENT (MessageNew " },
	};
	char script[1000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		fake_begin();
		fake.alone = true;
		(void)snprintf(script, sizeof script, "n NOTIFY %s\r\n",
		    t[i].args);
		if (strstr(say(script), t[i].answer) == NULL)
			fail_msg("%s: %s", t[i].args, said);
	}
}

/* Section 5.8, be it between commands or in one. */
static void
no_memory_is_an_overflow(void **state)
{
	const char *p;

	(void)state;
	fake_begin();
	fake.alone = true;
	fake.lists = 1;
	(void)say("n NOTIFY SET (personal (" BOTH " MailboxName))\r\n"
	    "c CREATE one\r\nd CREATE two\r\ne NOOP\r\n");
	p = strstr(said, "* OK [NOTIFICATIONOVERFLOW] ");
	assert_non_null(p);
	assert_null(strstr(p + 20, "NOTIFICATIONOVERFLOW"));
	assert_null(strstr(said, "* LIST"));
	assert_non_null(strstr(said, "c OK"));
	assert_non_null(strstr(said, "d OK"));
	assert_non_null(strstr(said, "e OK"));
}

/* What was asked for before holds, when that cannot be had. */
static void
refused_changes_nothing(void **state)
{
	(void)state;
	fake_begin();
	fake.alone = true;
	fake.lists = 0;
	(void)say("s SELECT INBOX\r\n"
	    "a NOTIFY SET (selected (" BOTH "))\r\n"
	    "b NOTIFY SET (personal (" BOTH "))\r\n"
	    "c APPEND INBOX {8+}\r\na: b\r\n\r\n\r\nd NOOP\r\n");
	assert_non_null(strstr(said, "a OK"));
	assert_non_null(strstr(said, "b NO"));
	assert_null(strstr(said, "OVERFLOW"));
	assert_non_null(strstr(said, "* 6 EXISTS\r\n* 1 RECENT\r\nc OK"));
}

/* ---- without NOTIFY ---- */

/* What could not be told is told at the next occasion, not with the next
 * change. */
static void
nothing_is_forgotten(void **state)
{
	const char *c;

	(void)state;
	fake_begin();
	fake.alone = true;
	fake.no_uids = 1;
	(void)say("s SELECT INBOX\r\n"
	    "c APPEND INBOX {8+}\r\na: b\r\n\r\n\r\nd CAPABILITY\r\n");
	assert_non_null(c = strstr(said, "c OK"));
	assert_non_null(strstr(c, "* 6 EXISTS\r\n* 1 RECENT\r\nd OK"));
}

/* An expunge that was not told is one that the client does not know. */
static void
counts_agree(void **state)
{
	const char *e;

	(void)state;
	fake_begin();
	fake.alone = true;
	fake.no_uids = 2;
	(void)say("s SELECT INBOX\r\n"
	    "a STORE 1 +FLAGS.SILENT (\\Deleted)\r\nb SELECT INBOX\r\n"
	    "e EXPUNGE\r\nf NOOP\r\ng FETCH 1 UID\r\n");
	assert_non_null(e = strstr(said, "e OK"));
	assert_non_null(strstr(e, "* 1 EXPUNGE\r\nf OK"));
	assert_null(strstr(said, "* BYE"));
}

/* Between the count and the claim. */
static void
another_session_was_faster(void **state)
{
	(void)state;
	fake_begin();
	fake.alone = true;
	fake.faster = 3;
	(void)say("s SELECT Archive\r\na FETCH 1:* FLAGS\r\n"
	    "b SELECT Archive\r\n");
	assert_non_null(strstr(said, "* 3 EXISTS\r\n* 2 RECENT\r\n"));
	assert_non_null(strstr(said, "* 1 FETCH (FLAGS ())\r\n"
	    "* 2 FETCH (FLAGS (\\Seen \\Recent))\r\n"
	    "* 3 FETCH (FLAGS (\\Recent))\r\n"));
	assert_non_null(strstr(said, "* 3 EXISTS\r\n* 0 RECENT\r\n"));
}

/* A mailbox that has to stay stays selected. */
static void
refused_deletes_nothing(void **state)
{
	(void)state;
	fake_begin();
	fake.alone = true;
	(void)say("s SELECT INBOX\r\nd DELETE INBOX\r\nf FETCH 1 UID\r\n"
	    "c CREATE one\r\nt SELECT one\r\ne DELETE one\r\n"
	    "g FETCH 1 UID\r\nn NOOP\r\n");
	assert_non_null(strstr(said, "d NO "));
	assert_non_null(strstr(said, "f OK "));
	assert_non_null(strstr(said, "e OK "));
	assert_non_null(strstr(said, "g BAD "));
	assert_non_null(strstr(said, "n OK "));
}

static int
start(void **state)
{
	(void)state;
	fake_start();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments),
		cmocka_unit_test(no_memory_is_an_overflow),
		cmocka_unit_test(refused_changes_nothing),
		cmocka_unit_test(nothing_is_forgotten),
		cmocka_unit_test(counts_agree),
		cmocka_unit_test(another_session_was_faster),
		cmocka_unit_test(refused_deletes_nothing),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
