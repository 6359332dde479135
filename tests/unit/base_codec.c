#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"

#define N(s)	(s), (s) + strlen(s)

static struct buf b;

static int
setup(void **state)
{
	(void)state;
	buf_init(&b, 1000);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_clear(&b);
	return 0;
}

static void
base64_both_ways(void **state)
{
	static const struct { const char *plain, *text; } t[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&b);
		codec_base64_put(&b, t[i].plain, strlen(t[i].plain));
		assert_string_equal(buf_str(&b), t[i].text);
		buf_reset(&b);
		assert_int_equal(codec_base64_get(&b, t[i].text,
		    strlen(t[i].text), false), 0);
		assert_string_equal(buf_str(&b), t[i].plain);
	}
}

static void
base64_refuses(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "=Zg=",
	    "Zh==", "Zm9=", "Zm9v\n", "Zm 9v", "Zm9v====", "Zm-v", "Zg==Zg==" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(codec_base64_get(&b, bad[i], strlen(bad[i]),
		    false), -1);
	assert_int_equal(b.len, 0);
	assert_int_equal(codec_base64_get(&b, "Zm\r\n 9v", 7, true), 0);
}

static void
hex(void **state)
{
	(void)state;
	codec_hex_put(&b, "\x00\xff\x1a", 3);
	assert_string_equal(buf_str(&b), "00ff1a");
	buf_reset(&b);
	assert_int_equal(codec_hex_get(&b, "00FF", 4), 0);
	assert_memory_equal(b.data, "\x00\xff", 2);
	assert_int_equal(codec_hex_get(&b, "0", 1), -1);
	assert_int_equal(codec_hex_get(&b, "0g", 2), -1);
}

static void
utf8(void **state)
{
	static const char *const good[] = { "", "a", "\xc3\xa9",
	    "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf",
	    "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8",
	    "\xff", "\xc3", "\xe2\x82", "\xc3\x28" };
	const uint8_t *p = (const uint8_t *)"\xc3\xa9\x80";
	const uint8_t *end = p + 3;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(codec_utf8_ok(good[i], strlen(good[i])));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(codec_utf8_ok(bad[i], strlen(bad[i])));
	assert_int_equal(codec_utf8_next(&p, end), 0xe9);
	assert_int_equal(codec_utf8_next(&p, end), 0xfffd);
	assert_ptr_equal(p, end);
	codec_utf8_put(&b, 0x1f600);
	codec_utf8_put(&b, 0xd800);
	assert_string_equal(buf_str(&b), "\xf0\x9f\x98\x80\xef\xbf\xbd");
	/* no terminal is told anything; what is text stays */
	buf_reset(&b);
	assert_int_equal(codec_plain(&b, "a\x1b[2J\n\x7f\xc2\x9b" "2J\xc2\xa0"
	    "\xc3\xa9\x9b"), 0);
	assert_string_equal(buf_str(&b), "a?[2J???2J\xc2\xa0\xc3\xa9"
	    "\xef\xbf\xbd");
}

static void
numbers(void **state)
{
	uint32_t v;
	uint64_t w;

	(void)state;
	assert_int_equal(num_u32(N("4294967295"), 0, UINT32_MAX, &v), 0);
	assert_true(v == UINT32_MAX);
	assert_int_equal(num_u32(N("4294967296"), 0, UINT32_MAX, &v), -1);
	assert_int_equal(v, 0);
	assert_int_equal(num_u64(N("18446744073709551615"), 0, UINT64_MAX,
	    &w), 0);
	assert_int_equal(num_u64(N("18446744073709551616"), 0, UINT64_MAX,
	    &w), -1);
	assert_int_equal(num_u32(N("7"), 8, 9, &v), -1);
	assert_int_equal(num_u32(N("10"), 8, 9, &v), -1);
	assert_int_equal(num_u32(N(""), 0, 9, &v), -1);
	assert_int_equal(num_u32(N("+1"), 0, 9, &v), -1);
	assert_int_equal(num_u32(N(" 1"), 0, 9, &v), -1);
	assert_int_equal(num_u32(N("1x"), 0, 9, &v), -1);
}

static void
json(void **state)
{
	(void)state;
	json_string(&b, "a\"b\\c\n\x1b\xc3\xa9\xff");
	assert_string_equal(buf_str(&b),
	    "\"a\\\"b\\\\c\\u000a\\u001b\xc3\xa9\xef\xbf\xbd\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(base64_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(base64_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(hex, setup, teardown),
		cmocka_unit_test_setup_teardown(utf8, setup, teardown),
		cmocka_unit_test(numbers),
		cmocka_unit_test_setup_teardown(json, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
