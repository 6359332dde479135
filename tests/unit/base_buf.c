#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/buf.h"

static void
grows_to_max_and_no_further(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_int_equal(buf_adds(&b, "12345678"), 0);
	assert_int_equal(buf_addc(&b, '9'), -1);
	assert_int_equal(b.err, EMSGSIZE);
	assert_int_equal(b.len, 8);
	assert_int_equal(buf_add(&b, "", 0), -1);	/* sticky */
	buf_reset(&b);
	assert_int_equal(buf_addf(&b, "%d", 42), 0);
	assert_string_equal(buf_str(&b), "42");
	buf_clear(&b);
}

static void
drops_from_the_front(void **state)
{
	struct buf b;
	size_t n;
	char *s;

	(void)state;
	buf_init(&b, 1000);
	buf_adds(&b, "abcdef");
	buf_drop(&b, 2);
	assert_memory_equal(b.data, "cdef", 4);
	s = buf_take(&b, &n);
	assert_string_equal(s, "cdef");
	assert_int_equal(n, 4);
	assert_int_equal(b.len, 0);
	free(s);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_max_and_no_further),
		cmocka_unit_test(drops_from_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
