/* RFC 2047 section 8 and what senders make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/queue/words.h"

static void
decodes(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus?= K", "Gr\303\274\303\237e "
		    "aus K" },
		{ "=?utf-8?b?R3LDvMOfZQ==?=", "Gr\303\274\303\237e" },
		{ "Re: =?UTF-8*de?q?=C3=BC?=: x", "Re: \303\274: x" },
		{ "=?ISO-8859-1?Q?a?=", "a" },
		{ "=?ISO-8859-1?Q?a?= b", "a b" },
		{ "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab" },
		{ "=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=", "ab" },
		{ "=?ISO-8859-1?Q?a_b?=", "a b" },
		{ "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?_b?=", "a b" },
		{ "=?iso-8859-1?q?=FC?=", "\303\274" },
		/* a character in two words, against section 5 */
		{ "=?UTF-8?Q?=C3?= =?UTF-8?Q?=BC?=", "\303\274" },
		{ "=?UTF-8?Q?=C3?=", "\357\277\275" },
		{ "=?UTF-8?Q?=zz=?=", "=zz=" },
		{ "=?UTF-8?B?!?=", "\357\277\275" },
		/* no word */
		{ "=?koi8-r?B?zw==?= x", "=?koi8-r?B?zw==?= x" },
		{ "=?UTF-8?X?a?=", "=?UTF-8?X?a?=" },
		{ "=?UTF-8?Q?a b?=", "=?UTF-8?Q?a b?=" },
		{ "=?UTF-8?Q?a", "=?UTF-8?Q?a" },
		{ "=?UTF-8?Q?a?", "=?UTF-8?Q?a?" },
		{ "=?=?=?", "=?=?=?" },
		{ "\374ber", "\357\277\275ber" },
		{ "\303\274ber", "\303\274ber" },
	};
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&b, 1000);
		assert_int_equal(words_decode(&b, cases[i].in,
		    cases[i].in + strlen(cases[i].in)), 0);
		if (strcmp(b.len > 0 ? buf_str(&b) : "", cases[i].out) != 0)
			fail_msg("%s: %s", cases[i].in, buf_str(&b));
		buf_clear(&b);
	}
}

/* One that is longer than WORD_MAX is shown as it is written. */
static void
has_a_limit(void **state)
{
	char text[1100] = "=?UTF-8?Q?";
	struct buf b;
	size_t n;

	(void)state;
	for (n = 1000; n <= 1001; n++) {
		memset(text + 10, 'x', n - 12);
		memcpy(text + n - 2, "?=", 2);
		buf_init(&b, 4000);
		assert_int_equal(words_decode(&b, text, text + n), 0);
		assert_int_equal(b.len, n == 1000 ? n - 12 : n);
		buf_clear(&b);
	}
}

static void
encodes(void **state)
{
	static const struct {
		const char	*in;
		size_t		 most;
		const char	*out;
	} cases[] = {
		{ "", 9, "" },
		{ "plain", 5, "plain" },
		{ "plain", 4, "plai" },
		{ "\303\274", 2, "=?UTF-8?B?w7w=?=" },
		{ "a\303\274", 2, "a" },
		{ "1234567890123456789012345678901234567890\303\274\303\274",
		    99, "=?UTF-8?B?MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
		    "NDU2Nzg5MMO8?=\r\n =?UTF-8?B?w7w=?=" },
	};
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&b, 1000);
		assert_int_equal(words_encode(&b, cases[i].in, cases[i].most),
		    0);
		assert_string_equal(b.len > 0 ? buf_str(&b) : "",
		    cases[i].out);
		buf_clear(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(has_a_limit),
		cmocka_unit_test(encodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
