#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tui/hyper.h"

static struct buf b;

/* No octet of a URL ends the escape, or starts another one. */
static void
urls_are_cleaned(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "https://a/b?c=d#e", "https://a/b?c=d#e" },
		{ "https://a/\x1b\\\x07;x", "https://a/%1B\\%07;x" },
		{ "https://a/\xc3\xa4 \x9c\n\x7f",
		    "https://a/%C3%A4%20%9C%0A%7F" },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&b);
		assert_true(hyper_open(&b, t[i].in, strlen(t[i].in)));
		n = strlen(t[i].out);
		assert_int_equal(b.len, n + 7);
		assert_memory_equal(b.data, "\033]8;;", 5);
		assert_memory_equal(b.data + 5, t[i].out, n);
		assert_memory_equal(b.data + 5 + n, "\033\\", 2);
	}
}

static void
long_ones_are_none(void **state)
{
	char url[HYPER_URL_MAX + 1];

	(void)state;
	memset(url, 'x', sizeof url);
	buf_reset(&b);
	assert_true(hyper_open(&b, url, HYPER_URL_MAX));
	buf_reset(&b);
	assert_false(hyper_open(&b, url, HYPER_URL_MAX + 1));
	assert_false(hyper_open(&b, url, 0));
	assert_int_equal(b.len, 0);
}

static void
terminals(void **state)
{
	static const char *const names[] = { "TERM", "TERM_PROGRAM",
	    "VTE_VERSION", "KITTY_WINDOW_ID", "KONSOLE_VERSION",
	    "WT_SESSION" };
	static const struct {
		const char *name, *value;
		bool known;
	} t[] = {
		{ "TERM", "xterm-kitty", true }, { "TERM", "foot-extra", true },
		{ "TERM", "xterm-256color", false }, { "TERM", "linux", false },
		{ "TERM", "screen", false },
		{ "VTE_VERSION", "7002", true }, { "VTE_VERSION", "4999", false },
		{ "TERM_PROGRAM", "iTerm.app", true },
		{ "TERM_PROGRAM", "Apple_Terminal", false },
		{ "WT_SESSION", "x", true }, { "WT_SESSION", "", false },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		for (k = 0; k < sizeof names / sizeof names[0]; k++)
			assert_int_equal(unsetenv(names[k]), 0);
		assert_int_equal(setenv(t[i].name, t[i].value, 1), 0);
		assert_int_equal(hyper_known(), t[i].known);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_cleaned),
		cmocka_unit_test(long_ones_are_none),
		cmocka_unit_test(terminals),
	};

	buf_init(&b, 3 * HYPER_URL_MAX + 100);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
