#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/auth/canon.h"
#include "mailnode/base/buf.h"

static void
sink(void *arg, const void *p, size_t n)
{
	assert_int_equal(buf_add(arg, p, n), 0);
}

/* RFC 6376 section 3.4.3 to 3.4.5, and what implementations get wrong. */
static const struct {
	const char	*body, *simple, *relaxed;
} bodies[] = {
	{ "", "\r\n", "" },
	{ "\r\n", "\r\n", "" },
	{ "\r\n\r\n\r\n", "\r\n", "" },
	{ " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n" },
	{ "x", "x\r\n", "x\r\n" },
	{ "x\r\n", "x\r\n", "x\r\n" },
	{ "x \t", "x \t\r\n", "x\r\n" },
	{ " \t\r\n", " \t\r\n", "" },
	{ " \r\n\t\r\n\r\n", " \r\n\t\r\n", "" },
	{ "\r\n\r\nx\r\n\r\n", "\r\n\r\nx\r\n", "\r\n\r\nx\r\n" },
	{ "a\r\n \r\nb\r\n", "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n" },
	{ "a  b\t\tc", "a  b\t\tc\r\n", "a b c\r\n" },
	{ "\ta", "\ta\r\n", " a\r\n" },
	{ "a\nb\n", "a\r\nb\r\n", "a\r\nb\r\n" },
	{ "a\rb\r\n", "a\rb\r\n", "a\rb\r\n" },
	{ "a\r", "a\r\r\n", "a\r\r\n" },
	{ "a\r\r\n", "a\r\r\n", "a\r\r\n" },
	{ "a \r\n b", "a \r\n b\r\n", "a\r\n b\r\n" },
	{ "\x80\x01\xff\r\n", "\x80\x01\xff\r\n", "\x80\x01\xff\r\n" },
};

static void
one_body(const char *in, size_t n, size_t step, enum canon how,
    const char *want, size_t wantlen)
{
	struct canon_body c;
	struct buf out;
	size_t i;

	buf_init(&out, 1 << 20);
	canon_body_init(&c, how, sink, &out);
	for (i = 0; i < n; i += step)
		canon_body_feed(&c, in + i, step < n - i ? step : n - i);
	canon_body_end(&c);
	assert_int_equal(out.len, wantlen);
	if (wantlen > 0)
		assert_memory_equal(out.data, want, wantlen);
	assert_true(c.total == wantlen);
	buf_clear(&out);
}

static void
bodies_become_canonical_however_cut(void **state)
{
	size_t i, n, step;

	(void)state;
	for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		n = strlen(bodies[i].body);
		for (step = 1; step <= n + 1; step++) {
			one_body(bodies[i].body, n, step, CANON_SIMPLE,
			    bodies[i].simple, strlen(bodies[i].simple));
			one_body(bodies[i].body, n, step, CANON_RELAXED,
			    bodies[i].relaxed, strlen(bodies[i].relaxed));
		}
	}
}

/* Runs longer than the chunk, blank runs over its edge, many empty lines. */
static void
long_lines_pass_whole(void **state)
{
	struct buf in, want;
	size_t i, steps[] = { 1, 7, 4095, 4096, 4097, 100000 };

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&want, 1 << 20);
	for (i = 0; i < 20000; i++) {
		buf_addf(&in, "w%zu%s", i, i % 3 ? " " : "  \t");
		buf_addf(&want, "w%zu ", i);
	}
	for (i = 0; i < 9000; i++) {
		buf_adds(&in, " \r\n");
		buf_adds(&want, i == 0 ? "" : "\r\n");
	}
	want.data[want.len - 2 * 8999 - 1] = '\r';	/* the last blank */
	want.data[want.len - 2 * 8999] = '\n';
	want.len = want.len - 2 * 8999 + 1;
	for (i = 1; i < 9000; i++)
		buf_adds(&want, "\r\n");
	for (i = 0; i < 10000; i++) {
		buf_addc(&in, 'x');
		buf_addc(&want, 'x');
	}
	buf_adds(&want, "\r\n");
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++)
		one_body((char *)in.data, in.len, steps[i], CANON_RELAXED,
		    (char *)want.data, want.len);
	buf_clear(&in);
	buf_clear(&want);
}

static const struct {
	const char	*field, *relaxed;
} fields[] = {
	{ "A: X\r\n", "a:X" },
	{ "B : Y\t\r\n\tZ  \r\n", "b:Y Z" },
	{ "Subject:", "subject:" },
	{ "Subject: \t \r\n", "subject:" },
	{ "SUBJect \t:\r\n a", "subject:a" },
	{ "X:a:b\r\n", "x:a:b" },
	{ "X: a\r\n \r\n b\r\n", "x:a b" },
};

static void
fields_become_canonical(void **state)
{
	struct buf out;
	size_t i, n, name;

	(void)state;
	buf_init(&out, 1000);
	for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		n = strlen(fields[i].field);
		name = (size_t)(strchr(fields[i].field, ':') -
		    fields[i].field);
		buf_reset(&out);
		canon_field(CANON_RELAXED, (const uint8_t *)fields[i].field,
		    n, name, sink, &out);
		assert_string_equal(buf_str(&out), fields[i].relaxed);
		buf_reset(&out);
		canon_field(CANON_SIMPLE, (const uint8_t *)fields[i].field,
		    n, name, sink, &out);
		assert_memory_equal(buf_str(&out), fields[i].field, out.len);
		assert_int_equal(out.len, n > 2 &&
		    fields[i].field[n - 1] == '\n' ? n - 2 : n);
	}
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_become_canonical_however_cut),
		cmocka_unit_test(long_lines_pass_whole),
		cmocka_unit_test(fields_become_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
