/* Names that look the same, and names as they are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/alike.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/phrase.h"

static void
names(void **state)
{
	static const struct { const char *a, *b; int same; } c[] = {
		{ "Ada Friend", "ada  friend", 1 },
		{ "Ada Friend", "Friend Ada", 0 },
		{ "Ada Friend", "\xd0\x90" "d\xd0\xb0 Fri\xd0\xb5nd", 1 },
		{ "Ada Friend", "Ad\xce\xb1 Friend", 1 },
		{ "Ada Friend", "\xc3\x81" "da Fri\xc3\xa9nd", 1 },
		{ "Ada Friend", "Ada\xe2\x80\x8b Friend\xc2\xa0", 1 },
		{ "Ada Friend", "\xef\xbc\xa1" "da Friend", 1 },
		{ "Ada Friend", "\xf0\x9d\x90\x80" "da Friend", 1 },
		{ "Ada Friend", "4da Fr1end", 1 },
		{ "Ada Friend", "Ada\xef\xbc\x8d" "Friend\xef\xbc\x8e", 1 },
		{ "Ada Friend", "\"Ada\" (Friend)", 1 },
		{ "Barnard", "Bamard", 1 },
		{ "Wendy", "Vvendy", 1 },
		{ "Bill", "BiII", 1 },
		{ "Bob", "8o8", 1 },
		{ "Ada", "Eda", 0 },
		{ "\xe5\xb1\xb1\xe7\x94\xb0", "\xe5\xb1\xb1\xe7\x94\xb0", 1 },
		{ "\xe5\xb1\xb1\xe7\x94\xb0", "\xe7\x94\xb0\xe5\xb1\xb1", 0 },
	};
	char a[ALIKE_MAX], b[ALIKE_MAX], big[4 * ALIKE_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		alike_name(c[i].a, a);
		alike_name(c[i].b, b);
		if ((strcmp(a, b) == 0) != (c[i].same != 0))
			fail_msg("%s, %s: %s, %s", c[i].a, c[i].b, a, b);
	}
	alike_name("\xff\xfe", a);
	assert_true(codec_utf8_ok(a, strlen(a)));
	alike_name(" .-\xe2\x80\x8d", a);
	assert_string_equal(a, "");
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	alike_name(big, a);
	assert_int_equal(strlen(a), ALIKE_MAX - 1);
}

static void
domains(void **state)
{
	static const char *const same[] = {
		"PayPal.test", "paypa1.test", "pay-pal.test",
		"p\xd0\xb0yp\xd0\xb0l.test", "\xcf\x81" "aypal.test",
		"paypai.test",
	};
	char a[ALIKE_MAX], b[ALIKE_MAX];
	size_t i;

	(void)state;
	alike_domain("paypal.test", a);
	for (i = 0; i < sizeof same / sizeof same[0]; i++) {
		alike_domain(same[i], b);
		assert_string_equal(a, b);
	}
	alike_domain("pay.pal.test", b);
	assert_string_not_equal(a, b);
}

static void
phrases(void **state)
{
	static const struct { const char *raw, *shown; } c[] = {
		{ "Ada Friend ", "Ada Friend" },
		{ "\"Ada \\\"X\\\" Friend\"", "Ada \"X\" Friend" },
		{ "=?utf-8?q?Ad=C3=A4_Friend?=", "Ad\xc3\xa4 Friend" },
		{ "=?UTF-8?B?QWRh?= =?utf-8?b?IEZyaWVuZA==?=", "Ada Friend" },
		{ "=?UTF-8?B?QWRh?==?utf-8?b?IEZyaWVuZA==?=", "Ada Friend" },
		{ "=?utf-8*en?q?Ada?= Friend", "Ada Friend" },
		{ "\"=?utf-8?q?Ada?=\"", "Ada" },
		{ "=?iso-8859-1?q?J=FCrgen?=", "J\xc3\xbcrgen" },
		{ "=?windows-1251?q?=C0=E4=E0?=",
		    "\xd0\x90\xd0\xb4\xd0\xb0" },
		{ "=?koi8-r?q?=E1=C4=C1?=", "\xd0\x90\xd0\xb4\xd0\xb0" },
		{ "=?iso-8859-5?q?=B0=D4=D0?=", "\xd0\x90\xd0\xb4\xd0\xb0" },
		{ "=?iso-8859-7?q?=C1=E4=E1?=", "\xce\x91\xce\xb4\xce\xb1" },
		{ "=?x-none?q?=C1a?=", "\xef\xbf\xbd" "a" },
		{ "=?utf-8?b?QWRhIEZyaWVuZA?=", "Ada Friend" },
		{ "=?utf-8?b?QWR!hIEZy\naWVuZA==?=", "Ada Friend" },
		{ "=?utf-8?q?=00Ada=00?=", "Ada" },
		{ "=?utf-16?q?=FE=FF=00A=00d?=", "Ad" },
		{ "=?UTF-16?q?=FF=FEA=00d=00?=", "Ad" },
		{ "=?utf-16le?q?A=00=3D=D8=00=DE?=", "A\xf0\x9f\x98\x80" },
		{ "=?utf-16be?q?=00A=D8A=DE?=", "A" },
		{ "=?utf-8?q?open", "=?utf-8?q?open" },
		{ "=?utf-8?x?y?=", "=?utf-8?x?y?=" },
		{ "=?utf-8?b?!!?=", "" },
		{ "=?utf-8?q?=?=", "=" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "", "" },
	};
	char out[PHRASE_MAX], big[3 * PHRASE_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		phrase_decode(c[i].raw, strlen(c[i].raw), out);
		if (strcmp(out, c[i].shown) != 0)
			fail_msg("%s: %s", c[i].raw, out);
	}
	memset(big, 'x', sizeof big);
	phrase_decode(big, sizeof big, out);
	assert_int_equal(strlen(out), PHRASE_MAX - 1);
	/* Nothing that cannot be seen pushes a name out. */
	memset(big, ' ', sizeof big);
	memcpy(big + sizeof big - 3, "Ada", 3);
	phrase_decode(big, sizeof big, out);
	assert_string_equal(out, "Ada");
	for (i = 0; i + 3 < sizeof big; i += 3)
		memcpy(big + i, "\xe2\x80\x8b", 3);
	phrase_decode(big, sizeof big, out);
	assert_string_equal(out, "Ada");
}

static void
mailboxes(void **state)
{
	static const char field[] = "Ada Friend <ada@x.test>, b@y.test ,, "
	    "\"C, D\" <c@z.test>; open <d@z.test";
	const char *p = field, *end = field + sizeof field - 1;
	char big[PHRASE_MAX + 1];
	struct phrase_box m;

	(void)state;
	assert_true(phrase_next(&p, end, &m));
	assert_string_equal(m.name, "Ada Friend");
	assert_string_equal(m.address, "ada@x.test");
	assert_true(phrase_next(&p, end, &m));
	assert_string_equal(m.name, "");
	assert_string_equal(m.address, "b@y.test");
	assert_true(phrase_next(&p, end, &m));
	assert_string_equal(m.name, "C, D");
	assert_string_equal(m.address, "c@z.test");
	assert_true(phrase_next(&p, end, &m));
	assert_string_equal(m.name, "open");
	assert_string_equal(m.address, "d@z.test");
	assert_false(phrase_next(&p, end, &m));
	/* An address is whole, or none. */
	memset(big, 'a', sizeof big);
	p = big;
	assert_true(phrase_next(&p, big + sizeof big, &m));
	assert_string_equal(m.address, "");
	assert_false(phrase_next(&p, big + sizeof big, &m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(domains),
		cmocka_unit_test(phrases),
		cmocka_unit_test(mailboxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
