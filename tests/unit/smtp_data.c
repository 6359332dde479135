#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/buf.h"
#include "mailnode/smtp/data.h"

enum { MAX = 1 << 20 };

static void
collect(void *arg, const uint8_t *p, size_t n)
{
	assert_int_equal(buf_add(arg, p, n), 0);
}

static const struct {
	const char	*in;
	bool		 dots;
	enum data_err	 err;
	const char	*out;	/* with DATA_END */
	const char	*rest;	/* octets that were not the message's */
} cases[] = {
	{ ".\r\n", true, DATA_END, "", "" },
	{ "a\r\n.\r\n", true, DATA_END, "a\r\n", "" },
	{ "a\r\n.\r\nQUIT\r\n", true, DATA_END, "a\r\n", "QUIT\r\n" },
	{ "a\r\n\r\nb\r\n.\r\n", true, DATA_END, "a\r\n\r\nb\r\n", "" },
	{ "..\r\n.\r\n", true, DATA_END, ".\r\n", "" },
	{ "..a\r\n...\r\n.b\r\n.\r\n", true, DATA_END, ".a\r\n..\r\nb\r\n",
	    "" },
	{ "a.\r\n.\r\n", true, DATA_END, "a.\r\n", "" },
	{ "a\r\n", true, DATA_MORE, "", "" },
	{ "a\r\n.", true, DATA_MORE, "", "" },
	{ "a\r\n.\r", true, DATA_MORE, "", "" },
	/* every way that smuggling was done */
	{ "a\n.\n", true, DATA_BARE, "", NULL },
	{ "a\n.\r\n", true, DATA_BARE, "", NULL },
	{ "a\r\n.\n", true, DATA_BARE, "", NULL },
	{ "a\r.\r\n", true, DATA_BARE, "", NULL },
	{ "a\r\n.\r.\r\n", true, DATA_BARE, "", NULL },
	{ "a\r\n.\r\r\n", true, DATA_BARE, "", NULL },
	{ "a\r.\r", true, DATA_BARE, "", NULL },
	{ "a\r\r\n.\r\n", true, DATA_BARE, "", NULL },
	{ "a\n\r\n.\r\n", true, DATA_BARE, "", NULL },
	{ "\n", true, DATA_BARE, "", NULL },
	{ "\ra", true, DATA_BARE, "", NULL },
	{ ".\n", true, DATA_BARE, "", NULL },
	{ ".a\nb", true, DATA_BARE, "", NULL },
	/* BDAT */
	{ "a\r\n.\r\n..b\r\n", false, DATA_MORE, "a\r\n.\r\n..b\r\n", "" },
	{ "a\nb", false, DATA_BARE, "", NULL },
	{ "a\rb", false, DATA_BARE, "", NULL },
	{ "a\r\n.\n", false, DATA_BARE, "", NULL },
};

/* Fed in pieces of `piece` octets. */
static void
one(size_t i, size_t piece)
{
	const char *in = cases[i].in;
	size_t n = strlen(in), at = 0, part, used;
	enum data_err err = DATA_MORE;
	struct data d;
	struct buf b;

	buf_init(&b, MAX);
	data_init(&d, cases[i].dots, collect, &b);
	while (at < n && err == DATA_MORE) {
		part = n - at < piece ? n - at : piece;
		err = data_push(&d, (const uint8_t *)in + at, part, &used);
		assert_true(used <= part);
		assert_true(err != DATA_MORE || used == part);
		at += used;
	}
	if (err != cases[i].err)
		fail_msg("%s in pieces of %zu", in, piece);
	if (err == DATA_END || !cases[i].dots)
		assert_int_equal(d.octets, b.len);
	if (err == DATA_END || (!cases[i].dots && err == DATA_MORE)) {
		assert_string_equal(buf_str(&b), cases[i].out);
		assert_string_equal(in + at, cases[i].rest);
	}
	buf_clear(&b);
}

static void
table(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (piece = 1; piece <= strlen(cases[i].in); piece++)
			one(i, piece);
}

static void
last_line(void **state)
{
	struct data d;
	struct buf b;
	size_t used;

	(void)state;
	buf_init(&b, MAX);
	data_init(&d, false, collect, &b);
	data_push(&d, (const uint8_t *)"a\r\nb", 4, &used);
	assert_int_equal(data_last(&d), DATA_END);
	assert_string_equal(buf_str(&b), "a\r\nb\r\n");
	buf_reset(&b);
	data_init(&d, false, collect, &b);
	data_push(&d, (const uint8_t *)"a\r\n", 3, &used);
	assert_int_equal(data_last(&d), DATA_END);
	assert_string_equal(buf_str(&b), "a\r\n");
	data_init(&d, false, collect, &b);
	data_push(&d, (const uint8_t *)"a\r", 2, &used);
	assert_int_equal(data_last(&d), DATA_BARE);
	data_init(&d, false, collect, &b);
	assert_int_equal(data_last(&d), DATA_END);
	buf_clear(&b);
}

/* A line of n octets between two others. */
static bool
too_long(size_t n, size_t piece)
{
	static uint8_t in[MAX];
	size_t at, part, used;
	struct data d;
	struct buf b;

	memset(in, 'x', sizeof in);
	memcpy(in, "a\r\n", 3);
	memcpy(in + 3 + n, "\r\n.\r\n", 5);
	buf_init(&b, MAX);
	data_init(&d, true, collect, &b);
	for (at = 0; at < n + 8; at += used) {
		part = n + 8 - at < piece ? n + 8 - at : piece;
		(void)data_push(&d, in + at, part, &used);
		assert_int_equal(used, part);
	}
	assert_int_equal(b.len, n + 5);
	buf_clear(&b);
	return d.too_long;
}

static void
line_limit(void **state)
{
	(void)state;
	assert_false(too_long(998, 4096));
	assert_false(too_long(999, 4096));
	assert_false(too_long(DATA_LINE_MAX, 4096));
	assert_false(too_long(DATA_LINE_MAX, MAX));
	assert_true(too_long(DATA_LINE_MAX + 1, 4096));
	assert_true(too_long(DATA_LINE_MAX + 1, MAX));
	assert_true(too_long(100000, 1000));
}

static void
nul(void **state)
{
	static const uint8_t in[] = "a\0b\r\n.\r\n", behind[] = ".\r\n\0";
	struct data d;
	struct buf b;
	size_t used;

	(void)state;
	buf_init(&b, MAX);
	data_init(&d, true, collect, &b);
	assert_int_equal(data_push(&d, in, sizeof in - 1, &used), DATA_END);
	assert_true(d.nul);
	/* One that is not the message's is not its fault. */
	data_init(&d, true, collect, &b);
	assert_int_equal(data_push(&d, behind, 4, &used), DATA_END);
	assert_false(d.nul);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(last_line),
		cmocka_unit_test(line_limit),
		cmocka_unit_test(nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
