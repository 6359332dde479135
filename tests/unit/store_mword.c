/* Encoded words as they are sent, and what they must not become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "store/mword.h"

enum { OUT_MAX = 64 * 1024 };

struct pair {
	const char	*in, *want;
};

static void
all(const struct pair *c, size_t n, int (*fn)(struct buf *, const char *,
    size_t))
{
	struct buf b;

	for (; n > 0; c++, n--) {
		buf_init(&b, OUT_MAX);
		assert_int_equal(fn(&b, c->in, strlen(c->in)), 0);
		assert_string_equal(buf_str(&b), c->want);
		buf_clear(&b);
	}
}

static void
texts(void **state)
{
	static const struct pair c[] = {
		{ "", "" }, { "a  b=c?=", "a  b=c?=" },
		/* RFC 2047 section 8 */
		{ "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
		{ "=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab" },
		{ "=?ISO-8859-1?Q?a?=\r\n =?ISO-8859-1?Q?b?=", "ab" },
		{ "=?ISO-8859-1?Q?a_b?=", "a b" },
		{ "=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?= c", "a b c" },
		{ "=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore" },
		{ "=?utf-8?b?dmk?=", "vi" }, { "=?utf-8?B?dm?=", "v" },
		{ "=?utf-8?B?w6?= =?utf-8?B?k=?=", "\xc3\xa9" },
		{ "=?utf-8?q?=C3?= =?UTF-8?b?qQ==?=!", "\xc3\xa9!" },
		{ "Sm=?iso-8859-1?q?=F6?=rg", "Sm\xc3\xb6rg" },
		{ "=?utf-8?q?a b?= c", "a b c" },
		{ "=?utf-8?B?w6\r\n k=?=", "\xc3\xa9" },
		{ "=?utf-8?q?a_?==?utf-8?q?(=C3=\r\n A9_?=\r\n =?utf-8?q?b?=",
		    "a (\xc3\xa9 b" },
		{ "=?utf-8?q?what?\?= x", "what? x" },
		{ "=?utf-8?q?a?=3Fb?= c", "a?\?b c" },
		{ "=?utf-8?q?a=3D?=", "a=" }, { "=?utf-8?q?a=?=", "a=" },
		{ "=?utf-8?q?=?=", "=" },
		{ "=?utf-8?q?\?=x", "x" }, { "=?utf-8?q?=ZZ?=", "=ZZ" },
		{ "=?iso-2022-jp?B?GyRCJCIbKEI=?=", "\xe3\x81\x82" },
		{ "=?gb2312?B?xOM=?= =?gb2312?B?usM=?=",
		    "\xe4\xbd\xa0\xe5\xa5\xbd" },
		{ "=?no-such?q?a=E4?=", "a\xc3\xa4" },
		{ "=?ucs-4?q?4abcd?=", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		/* None. */
		{ "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
		{ "=?utf-8?q?a", "=?utf-8?q?a" }, { "=?\?q?a?=", "=?\?q?a?=" },
		{ "=?utf-8?q?a =?utf-8?q?b?=", "=?utf-8?q?a b" },
		/* Octets, controls, words in words. */
		{ "caf\xe9 \xc3\xa9", "caf\xc3\xa9 \xc3\x83\xc2\xa9" },
		{ "=?utf-8?q?a=0D=0ABcc:_b=00?=", "a  Bcc: b " },
		{ "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=", "=?utf-8?q?a?=" },
	};

	(void)state;
	all(c, sizeof c / sizeof c[0], mword_text);
}

static void
addresses(void **state)
{
	static const struct pair c[] = {
		{ "=?utf-8?q?J=C3=B6rg?= <j@x>", "J\xc3\xb6rg <j@x>" },
		{ "=?utf-8?q?Doe=2C?= =?utf-8?q?_J=2E?= <j@x>",
		    "\"Doe, J.\" <j@x>" },
		{ "=?utf-8?q?a_=3Cb=40y=3E?= <j@x>", "\"a <b@y>\" <j@x>" },
		{ "=?utf-8?q?a=22b=5C?= <j@x>", "\"a\\\"b\\\\\" <j@x>" },
		{ "\"=?utf-8?q?a=22=2Cb?=\" <j@x>", "\"a\\\",b\" <j@x>" },
		{ "\"a\\\" =?utf-8?q?=3C?=\" <j@x>", "\"a\\\" <\" <j@x>" },
		{ "j@x (=?utf-8?q?=29=2C_b=40y?= (c))", "j@x (\\), b@y (c))" },
		{ "j@x (c) =?utf-8?q?=2C?= <j@x>", "j@x (c) \",\" <j@x>" },
		{ "<=?utf-8?q?a=40b=2C?=@x>", "<=?utf-8?q?a=40b=2C?=@x>" },
		{ "=?utf-8?q?a=2Cb?=@x", "=?utf-8?q?a=2Cb?=@x" },
		{ "=?utf-8?q?g=3A?=: a@x, b@y;", "\"g:\": a@x, b@y;" },
		{ "J.R. <j@x>, =?utf-8?q?A=2E?= <a@x>",
		    "J.R. <j@x>, A. <a@x>" },
	};

	(void)state;
	all(c, sizeof c / sizeof c[0], mword_addresses);
}

static void
by_name(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, OUT_MAX);
	assert_int_equal(mword_field(&b, "resent-TO", "=?utf-8?q?=2C?= <a@b>",
	    21), 0);
	assert_int_equal(mword_field(&b, "Subject", "=?utf-8?q?=2C?=", 15), 0);
	assert_string_equal(buf_str(&b), "\",\" <a@b>,");
	buf_clear(&b);
}

/* As long as a header may be, in one step each. */
static void
many_in_time(void **state)
{
	enum { N = 200000 };
	static char text[N * 4 + 1];
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < N; i++)
		memcpy(text + 4 * i, i % 2 == 0 ? "=?u?" : "q?a?", 4);
	buf_init(&b, 4 * sizeof text);
	assert_int_equal(mword_text(&b, text, sizeof text - 1), 0);
	buf_clear(&b);
	for (i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "=?", 2);
	buf_init(&b, 4 * sizeof text);
	assert_int_equal(mword_addresses(&b, text, sizeof text - 1), 0);
	assert_int_equal(b.len, sizeof text - 1);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(addresses),
		cmocka_unit_test(by_name),
		cmocka_unit_test(many_in_time)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
