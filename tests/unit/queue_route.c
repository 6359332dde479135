#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/queue/route.h"

/* The units are linked with config.def.h: example.org and one relay. */

static void
patterns(void **state)
{
	static const struct { const char *pattern, *addr; bool want; } c[] = {
		{ "*", "", true },
		{ "*", "a@b.c", true },
		{ "*@x.test", "a@x.test", true },
		{ "*@x.test", "A@X.TEST", true },
		{ "*@x.test", "a@xx.test", false },
		{ "*@x.test", "a@x.test.", false },
		{ "*@*.test", "a@b.test", true },
		{ "a*b*c", "abbbbbbbbbbbbbbbbbbbbbbc", true },
		{ "a*b*c", "abbbbbbbbbbbbbbbbbbbbbbd", false },
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "me@x.test", "me@x.test", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++)
		assert_int_equal(route_match(c[i].pattern, c[i].addr),
		    c[i].want);
}

static void
our_own_domain_needs_no_way_out(void **state)
{
	(void)state;
	assert_int_equal(route_find("me@example.org", "you@Example.ORG"),
	    ROUTE_LOCAL);
	assert_int_equal(route_find("me@example.org", "you@example.com"), 0);
	assert_int_equal(route_find("", "you@sub.example.org"), 0);
	assert_int_equal(route_by_name("relay"), 0);
	assert_int_equal(route_by_name("rela"), ROUTE_NONE);
}

static void
keys(void **state)
{
	char key[ROUTE_KEY_MAX];

	(void)state;
	route_key(0, "you@Example.COM", key);
	assert_string_equal(key, "relay");
	route_key(ROUTE_NONE, "you@example.com", key);
	assert_string_equal(key, "");
}

static void
hosts(void **state)
{
	static const struct { const char *s, *host, *port; } c[] = {
		{ "smtp.example.net:465", "smtp.example.net", "465" },
		{ "smtp.example.net", "smtp.example.net", "25" },
		{ "[2001:db8::1]:587", "2001:db8::1", "587" },
		{ "[::1]", "::1", "25" },
		{ "[::1", NULL, NULL },
		{ "[::1]25", NULL, NULL },
		{ ":25", NULL, NULL },
		{ "smtp.example.net:", NULL, NULL },
		{ "smtp.example.net:smtps", NULL, NULL },
		{ "smtp.example.net:0", NULL, NULL },
		{ "smtp.example.net:65536", NULL, NULL },
		{ "smtp.example.net:65535", "smtp.example.net", "65535" },
		{ "", NULL, NULL },
	};
	char host[64], port[8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		int rc = route_host(c[i].s, host, sizeof host, port,
		    sizeof port);

		assert_int_equal(rc, c[i].host != NULL ? 0 : -1);
		if (rc == 0) {
			assert_string_equal(host, c[i].host);
			assert_string_equal(port, c[i].port);
		}
	}
	assert_int_equal(route_host("abcdef:25", host, 6, port, 8), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(our_own_domain_needs_no_way_out),
		cmocka_unit_test(keys),
		cmocka_unit_test(hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
