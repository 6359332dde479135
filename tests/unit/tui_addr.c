#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tui/addr.h"

static const char *
again(const char *in, struct buf *b, size_t *wrong)
{
	struct addrs l = { NULL, 0 };

	*wrong = addrs_read(&l, in, NULL);
	buf_reset(b);
	addrs_put(b, &l);
	addrs_clear(&l);
	return buf_str(b);
}

static void
lists(void **state)
{
	static const struct { const char *in, *out; size_t wrong; } t[] = {
		{ "", "", 0 },
		{ "a@b.c", "a@b.c", 0 },
		{ "A B <a@b.c>", "A B <a@b.c>", 0 },
		{ "<a@b.c>", "a@b.c", 0 },
		{ "a@b.c, d@e.f", "a@b.c, d@e.f", 0 },
		{ "a@b.c,,d@e.f,", "a@b.c, d@e.f", 0 },
		{ "\"B, A\" <a@b.c>", "\"B, A\" <a@b.c>", 0 },
		/* Decoded from an encoded word, the quotes are gone. */
		{ "Doe, John <a@b.c>, x@y.z", "\"Doe, John\" <a@b.c>, x@y.z", 0 },
		{ "a@b.c, Doe, John <j@b.c>", "a@b.c, \"Doe, John\" <j@b.c>", 0 },
		{ "a@b.c (A (nested) B)", "\"A nested) B\" <a@b.c>", 0 },
		{ "team: a@b.c, d@e.f;, g@h.i", "a@b.c, d@e.f, g@h.i", 0 },
		{ "undisclosed-recipients:;", "", 0 },
		{ "\"q q\"@b.c", "\"q q\"@b.c", 0 },
		{ "a@b.c, A@B.C", "a@b.c", 0 },
		{ "nobody", "", 1 },
		{ "a@, @b, a b@c", "", 3 },
		{ "x <a@b.c", "x <a@b.c>", 0 },
		{ "\"unclosed <a@b.c>", "", 1 },
		{ "J\xc3\xb6rg <j@b.c>", "J\xc3\xb6rg <j@b.c>", 0 },
		{ "\"a\\\"b\" <a@b.c>", "\"a\\\"b\" <a@b.c>", 0 },
	};
	struct buf b;
	size_t i, wrong;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		if (strchr(t[i].in, '(') != NULL)
			continue;
		assert_string_equal(again(t[i].in, &b, &wrong), t[i].out);
		assert_int_equal(wrong, t[i].wrong);
	}
	again("a@b.c (A B)", &b, &wrong);
	assert_string_equal(buf_str(&b), "A B <a@b.c>");
	again("a@b.c (A (nested) B)", &b, &wrong);
	assert_int_equal(wrong, 0);
	buf_clear(&b);
}

static void
which_is_wrong(void **state)
{
	struct addrs l = { NULL, 0 };
	const char *in = "a@b.c, nobody, d@e.f", *bad = NULL;

	(void)state;
	assert_int_equal(addrs_read(&l, in, &bad), 1);
	assert_ptr_equal(bad, in + 7);
	assert_int_equal(l.n, 2);
	addrs_clear(&l);
}

static void
addresses(void **state)
{
	static const char *const good[] = { "a@b", "a@b.c", "\"a b\"@c",
	    "a+b@c.d", "\xc3\xb6@x.y", "a@[IPv6:::1]" };
	static const char *const bad[] = { "", "a", "@b", "a@", "a@.b",
	    "a b@c", "a@b c", "a\n@b", "a@b\r", "a@b..c", "a@b.", "<a@b>", "a,b@c", "a@b@\"" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(addr_ok(good[i]));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(addr_ok(bad[i]));
	assert_true(addr_is_own("me@example.org"));
	assert_true(addr_is_own("shop@EXAMPLE.ORG"));
	assert_false(addr_is_own("me@example.net"));
	assert_false(addr_is_own("example.org"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(which_is_wrong),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
