#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/node/idna.h"

static void
names_become_a_labels(void **state)
{
	static const struct {
		const char	*name, *want;	/* "": none */
	} cases[] = {
		{ "Example.ORG", "example.org" }, { "a.test.", "a.test" },
		{ "_dmarc.A", "_dmarc.a" }, { "xn--BCHER-kva.x",
		    "xn--bcher-kva.x" },
		{ "b\xc3\xbc" "cher.x", "xn--bcher-kva.x" },
		{ "B\xc3\x9c" "CHER.X", "xn--bcher-kva.x" },
		{ "bu\xcc\x88" "cher.x", "xn--bcher-kva.x" },	/* NFD */
		{ "a\xe3\x80\x82x", "a.x" }, { "\xef\xbd\x81.x", "a.x" },
		{ "fa\xc3\x9f.de", "xn--fa-hia.de" },
		{ "", "" }, { ".", "" }, { "a..x", "" }, { "a.x..", "" },
		{ ".a", "" }, { "a b.x", "" }, { "\xff.x", "" },
		{ "\xc3\xbc..x", "" }, { "a\xe2\x80\x8b" "b\xc3\xbc.x",
		    "xn--ab-yka.x" },
	};
	char out[DNS_NAME_MAX], label[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		(void)idna_ascii(cases[i].name, strlen(cases[i].name), out);
		if (strcmp(out, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, out);
	}
	assert_int_equal(idna_ascii("a\0b", 3, out), -1);
	memset(label, 'a', sizeof label);
	assert_int_equal(idna_ascii(label, 63, out), 0);
	assert_int_equal(idna_ascii(label, 64, out), -1);
	assert_true(idna_same("A.x", "a.X."));
	assert_false(idna_same("..", ".."));
}

/* A name of 253 octets is one, and none that is longer. */
static void
names_are_bounded(void **state)
{
	char name[4096], out[DNS_NAME_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof name; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(idna_ascii(name, 253, out), 0);
	assert_int_equal(idna_ascii(name, 255, out), -1);
	assert_int_equal(idna_ascii(name, sizeof name, out), -1);
	name[0] = '\xc3';
	name[1] = '\xbc';
	assert_int_equal(idna_ascii(name, sizeof name, out), -1);
	assert_string_equal(out, "");
}

static void
names_are_shown(void **state)
{
	static const struct { const char *name, *shown; } c[] = {
		{ "xn--bcher-kva.test", "b\xc3\xbc" "cher.test" },
		{ "m.xn--bcher-kva.test", "m.b\xc3\xbc" "cher.test" },
		{ "x.test", "x.test" },
		{ "xn--\xff.test", "xn--\xff.test" },	/* none at all */
		{ "", "" },
	};
	char out[64], small[4];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		idna_shown(c[i].name, out, sizeof out);
		assert_string_equal(out, c[i].shown);
	}
	idna_shown("x.test", small, sizeof small);
	assert_string_equal(small, "x.t");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_a_labels),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(names_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
