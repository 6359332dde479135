/* Where quoted strings and comments end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/quote.h"

static const struct { const char *text; size_t n; } quotes[] = {
	{ "\"\"", 2 },
	{ "\"a b\" c\"", 5 },
	{ "\"a\\\"b\"x", 6 },
	{ "\"a\\\\\"b\"", 5 },
	{ "\"", 0 },
	{ "\"a", 0 },
	{ "\"a\\\"", 0 },
	{ "\"a\\", 0 },
}, comments[] = {
	{ "()", 2 },
	{ "(a (b) c) d)", 9 },
	{ "(a \\) b)x", 8 },
	{ "(a \"b)\" c)", 6 },
	{ "(", 0 },
	{ "(a (b)", 0 },
	{ "(a\\)", 0 },
	{ "(a\\", 0 },
};

static void
ends(void **state)
{
	const char *p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof quotes / sizeof quotes[0]; i++) {
		p = quotes[i].text;
		assert_int_equal(quote_octets(p, p + strlen(p)), quotes[i].n);
	}
	for (i = 0; i < sizeof comments / sizeof comments[0]; i++) {
		p = comments[i].text;
		assert_int_equal(comment_octets(p, p + strlen(p)),
		    comments[i].n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
