/* Transfer encodings as mail has them, whole and octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/decode.h"

enum { OUT_MAX = 4096 };

static void
take(void *arg, const char *p, size_t n)
{
	assert_int_equal(buf_add(arg, p, n), 0);
}

static void
decode(enum cte cte, const char *in, size_t step, bool as_is, struct buf *b)
{
	size_t n = strlen(in), i, k;
	struct decoder d;

	decode_init(&d, cte, take, b);
	if (as_is)
		decode_as_is(&d);
	for (i = 0; i < n; i += k) {
		k = n - i < step ? n - i : step;
		decode_put(&d, in + i, k);
	}
	decode_end(&d);
}

static void
is(enum cte cte, const char *in, const char *want, bool as_is)
{
	static const size_t steps[] = { 1, 2, 3, 7, OUT_MAX };
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		buf_init(&b, OUT_MAX);
		decode(cte, in, steps[i], as_is, &b);
		assert_string_equal(buf_str(&b), want);
		buf_clear(&b);
	}
}

/* RFC 2045 section 6.7. */
static void
quoted_printable(void **state)
{
	static const struct { const char *in, *want; } c[] = {
		{ "=3d=3D", "==" }, { "a=20\r\nb", "a \r\nb" },
		{ "a \t\r\nb", "a\r\nb" }, { "a \nb  c\n", "a\nb  c\n" },
		{ "foo=\r\nbar", "foobar" }, { "foo= \t\r\nbar", "foobar" },
		{ "foo= \nbar", "foobar" }, { "foo=\n", "foo" },
		{ "foo=", "foo" }, { "foo= ", "foo" }, { "foo ", "foo" },
		{ "foo=3", "foo=3" }, { "=FG=", "=FG" }, { "=41==42", "A=B" },
		{ "==\n==", "==" }, { "= x=\t=41", "= x=\tA" },
		{ "a\rb \rc\r", "a\rb \rc\r" }, { " \r\n\r\n", "\r\n\r\n" },
		{ "=4\n=41 =41", "=4\nA A" }, { "\xc3=A9", "\xc3\xa9" },
		{ "=\r=\r\n.", "=\r." },
	};
	char line[OUT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++)
		is(CTE_QP, c[i].in, c[i].want, true);
	/* More blanks than are held stay. */
	memset(line, ' ', sizeof line);
	memcpy(line + 3 * DECODE_HELD, "x", 2);
	is(CTE_QP, line, line, true);
	is(CTE_QP, "a\n=\nb \nc", "a\r\nb\r\nc", false);
}

/* RFC 2045 section 6.8. */
static void
base64(void **state)
{
	static const struct { const char *in, *want; } c[] = {
		{ "Zm9v\r\nYmFy\r\n", "foobar" }, { "Zm9vYg==", "foob" },
		{ "Zm9vYg", "foob" }, { "Zm9vYg=", "foob" },
		{ "Zm9vYmE\n", "fooba" }, { "Zm9vY", "foo" },
		{ "Z m!9-v", "foo" }, { "=Zm9v", "foo" }, { "=", "" },
		{ "Zm9vYg==\r\n--\r\nhow to leave this list", "foob" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++)
		is(CTE_BASE64, c[i].in, c[i].want, false);
}

static void
named(const char *value, enum cte cte)
{
	assert_int_equal(decode_named(value, strlen(value)), cte);
}

static void
names(void **state)
{
	(void)state;
	named(" BASE64\r\n", CTE_BASE64);
	named("base64;", CTE_BASE64);
	named("\"base64\"", CTE_BASE64);
	named("quoted-printable (by hand)", CTE_QP);
	named("8bit", CTE_IDENTITY);
	named("x-uuencode", CTE_UNKNOWN);
	named("", CTE_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoted_printable),
		cmocka_unit_test(base64),
		cmocka_unit_test(names)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
