#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tui/alias_key.h"

static void
parts(void **state)
{
	static const struct { const char *who, *part; } t[] = {
		{ "Ada <ada@mail.shop.example>", "shop" },
		{ "noreply@bigshop.co.uk", "bigshop" },
		{ "x@ab.com.au", "ab" },
		{ "x@www.ab.de", "ab" },
		{ "Ada.L@gmail.com", "adal" },
		{ "x@gmx.de", "x" },
		{ "Big Shop!", "bigshop" },
		{ "shop.example", "shop" },
		{ "Shop", "shop" },
		{ "a@localhost", "localhost" },
		{ "", "" },
		{ "@", "" },
		{ "@x.y", "x" },
		{ "\xc3\xa4\xc3\xb6", "" },
		{ "x@a-very-long-name-of-a-domain-of-somebody.example",
		    "averylongnameofadomaino" },
		{ "x@1.2.3.4.5.6.7.8.9.10.11.12.13", "9" },
	};
	char part[ALIAS_PART_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		alias_part(t[i].who, part);
		assert_string_equal(part, t[i].part);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(parts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
