#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "mailnode/base/codec.h"
#include "tui/text.h"

/* What text_next makes of s, as UTF-8. */
static const char *
shown(const char *s, size_t n, struct buf *b)
{
	const char *end = s + n;
	struct text_cell c;
	unsigned int i;

	buf_reset(b);
	while (text_next(&s, end, &c)) {
		assert_true(c.width == 1 || c.width == 2);
		for (i = 0; i < c.n; i++)
			codec_utf8_put(b, c.ch[i]);
	}
	return buf_str(b);
}

static void
never_a_control_character(void **state)
{
	struct buf b;
	struct text_cell c;
	const char *p, *end;
	char in[8];
	size_t i, n;

	(void)state;
	buf_init(&b, 1000);
	for (i = 1; i < 0x100; i++) {	/* ASCII and C1 */
		buf_reset(&b);
		codec_utf8_put(&b, (uint32_t)i);
		n = b.len;
		memcpy(in, b.data, n);
		for (p = in, end = in + n; text_next(&p, end, &c); ) {
			assert_true(c.ch[0] >= 0x20);
			assert_false(c.ch[0] >= 0x7f && c.ch[0] < 0xa0);
		}
	}
	for (i = 0x80; i < 0x100; i++) {	/* and bare octets */
		in[0] = (char)i;
		for (p = in, end = in + 1; text_next(&p, end, &c); )
			assert_false(c.ch[0] >= 0x7f && c.ch[0] < 0xa0);
	}
	buf_clear(&b);
}

static void
cells(void **state)
{
	static const struct { const char *in, *out; size_t cols; } t[] = {
		{ "abc", "abc", 3 },
		{ "\x1b[31mred\x07", "\xef\xbf\xbd[31mred\xef\xbf\xbd", 9 },
		{ "\xc2\x9b" "2J", "\xef\xbf\xbd" "2J", 3 },
		{ "日本", "日本", 4 },
		{ "e\xcc\x81", "e\xcc\x81", 1 },
		{ "\xcc\x81", " \xcc\x81", 1 },
		{ "\xe2\x80\xae" "abc", "abc", 3 },	/* RLO */
		{ "a\xe2\x80\x8d" "b", "ab", 2 },	/* joiner */
		{ "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", "DE", 2 },
		{ "\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4", 1 },
		{ "👍\xf0\x9f\x8f\xbd", "👍", 2 },
		{ "a\nb\rc\td", "a b c d", 7 },
		{ "\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd", 2 },
		{ "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
		    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 1 },
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_string_equal(shown(t[i].in, strlen(t[i].in), &b),
		    t[i].out);
		assert_int_equal(text_width(t[i].in, strlen(t[i].in)),
		    t[i].cols);
	}
	buf_clear(&b);
}

static void
fitting(void **state)
{
	(void)state;
	assert_int_equal(text_fit("abc", 3, 2), 2);
	assert_int_equal(text_fit("日本", 6, 3), 3);
	assert_int_equal(text_fit("日本", 6, 1), 0);
	assert_int_equal(text_fit("e\xcc\x81x", 4, 1), 3);
}

static void
wrapping(void **state)
{
	static const struct { const char *in; size_t cols, take, skip; } t[] = {
		{ "short", 10, 5, 0 },
		{ "two words", 5, 3, 1 },
		{ "two words", 3, 3, 1 },
		{ "two   words", 4, 3, 3 },
		{ "unbreakable", 4, 4, 0 },
		{ "  unbreakable", 6, 6, 0 },
		{ "日本語", 4, 6, 0 },
		{ "日本語", 1, 3, 0 },
	};
	size_t i, skip;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(text_wrap(t[i].in, strlen(t[i].in),
		    t[i].cols, &skip), t[i].take);
		assert_int_equal(skip, t[i].skip);
	}
}

static void
tabs(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	text_untab(&b, "a\tb\t", 4, 0);
	assert_string_equal(buf_str(&b), "a       b       ");
	buf_reset(&b);
	text_untab(&b, "\tx", 2, 6);
	assert_string_equal(buf_str(&b), "  x");
	buf_clear(&b);
}

static void
ascii_alone(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_non_null(setlocale(LC_CTYPE, "C"));
	text_init();
	assert_string_equal(shown("\xe2\x80\x9cJ\xc3\xb6rg\xe2\x80\x9d", 11, &b),
	    "\"J?rg\"");
	assert_string_equal(shown("\x1b[0m\xe6\x97\xa5", 7, &b), "?[0m?");
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	text_init();
	buf_clear(&b);
}

/* Needs localedef and its sources (Debian: locales). */
static void
letters_of_a_language(void **state)
{
	char dir[] = "/tmp/mailnode-unit.XXXXXX", cmd[300];
	struct buf b;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(cmd, sizeof cmd, "localedef -i tr_TR -f UTF-8 "
	    "%s/tr_TR.UTF-8 && cp -r /usr/lib/locale/C.utf8 %s", dir, dir);
	assert_int_equal(system(cmd), 0);
	setenv("LOCPATH", dir, 1);
	setenv("LC_ALL", "tr_TR.UTF-8", 1);
	text_locale();
	assert_int_equal(strcasecmp("Message-ID", "message-id"), 0);
	buf_init(&b, 100);
	assert_string_equal(shown("J\xc3\xb6rg", 5, &b), "J\xc3\xb6rg");
	/* Brought along by ssh, and not on this machine. */
	setenv("LC_ALL", "de_XX.utf8", 1);
	text_locale();
	assert_string_equal(shown("J\xc3\xb6rg", 5, &b), "J\xc3\xb6rg");
	setenv("LC_ALL", "de_XX", 1);
	text_locale();
	assert_string_equal(shown("J\xc3\xb6rg", 5, &b), "J?rg");
	buf_clear(&b);
	setenv("LC_ALL", "C.UTF-8", 1);
	text_locale();
	unsetenv("LOCPATH");
	snprintf(cmd, sizeof cmd, "rm -r %s", dir);
	assert_int_equal(system(cmd), 0);
}

static void
sizes(void **state)
{
	static const struct { uint64_t n; const char *text; } t[] = {
		{ 0, "0" }, { 1023, "1023" }, { 1024, "1.0k" },
		{ 10240, "10k" }, { 1048575, "1023k" }, { 1048576, "1.0M" },
		{ UINT64_C(5) << 30, "5.0G" }, { UINT64_C(9) << 40, "9.0T" },
	};
	char text[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		text_size(text, sizeof text, t[i].n);
		assert_string_equal(text, t[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_a_control_character),
		cmocka_unit_test(cells),
		cmocka_unit_test(fitting),
		cmocka_unit_test(wrapping),
		cmocka_unit_test(tabs),
		cmocka_unit_test(ascii_alone),
		cmocka_unit_test(letters_of_a_language),
		cmocka_unit_test(sizes),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
