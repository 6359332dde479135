#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/smtp/mailbox.h"

static const struct {
	const char	*text;
	const char	*address;	/* NULL: not a mailbox */
} cases[] = {
	{ "a@b.test",				"a@b.test" },
	{ " a@b.test ",				"a@b.test" },
	{ "<a@b.test>",				"a@b.test" },
	{ "Ada <a@b.test>",			"a@b.test" },
	{ "Ada \"the L.\" Love <a@b.test>",	"a@b.test" },
	{ "\"a@x.test\" <a@b.test>",		"a@b.test" },
	{ "(note) a@b.test",			"a@b.test" },
	{ "(note)a@b.test(too (nested \\) one))", "a@b.test" },
	{ "Ada (x) <a@b.test> (y)",		"a@b.test" },
	{ "\"a b\"@c.test",			"\"a b\"@c.test" },
	{ "\"\"@c.test",			"\"\"@c.test" },
	{ "Gr\303\274n <a@b.test>",		"a@b.test" },
	{ "",					NULL },
	{ "(only a comment)",			NULL },
	{ "(not closed a@b.test",		NULL },
	{ "\"not closed <a@b.test>",		NULL },
	{ "Ada <a@b.test",			NULL },
	{ "Ada <a@b.test> more",		NULL },
	{ "Ada <a@b.test> <c@d.test>",		NULL },
	{ "x@y.test <a@b.test>",		NULL },
	{ "a@b.test, c@d.test",			NULL },
	{ "friends: a@b.test;",			NULL },
	{ "Ada <>",				NULL },
	{ "hello a@b.test",			NULL },
	{ "a@b.test c@d.test",			NULL },
};

static void
takes_one_mailbox_and_no_more(void **state)
{
	enum path_err e;
	struct path out;
	const char *s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		s = cases[i].text;
		e = mailbox_lex(s, s + strlen(s), PATH_UTF8, &out);
		if (cases[i].address == NULL) {
			if (e == PATH_OK)
				fail_msg("taken: %s", s);
			assert_string_equal(out.address, "");
		} else {
			if (e != PATH_OK)
				fail_msg("refused: %s", s);
			assert_string_equal(out.address, cases[i].address);
		}
	}
}

static void
nul_is_no_octet_of_a_mailbox(void **state)
{
	struct path out;

	(void)state;
	assert_int_equal(mailbox_lex("a\0@b.test", "a\0@b.test" + 9,
	    PATH_UTF8, &out), PATH_SYNTAX);
}

static void
comments_nest_so_deep_and_no_deeper(void **state)
{
	char text[200];
	struct path out;
	int depth;

	(void)state;
	for (depth = 32; depth <= 33; depth++) {
		memset(text, '(', (size_t)depth);
		memset(text + depth, ')', (size_t)depth);
		memcpy(text + 2 * depth, "a@b.test", 9);
		assert_int_equal(mailbox_lex(text, text + strlen(text), 0,
		    &out), depth == 32 ? PATH_OK : PATH_SYNTAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_mailbox_and_no_more),
		cmocka_unit_test(nul_is_no_octet_of_a_mailbox),
		cmocka_unit_test(comments_nest_so_deep_and_no_deeper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
