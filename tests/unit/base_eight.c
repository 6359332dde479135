#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/eight.h"

/* Every octet at every place, between all that it could be mistaken for. */
static void
test_masks(void **state)
{
	static const uint8_t beside[] = { 0, 0x7f, 0x80, 0xff, 'a', '\n' };
	uint64_t range, is, bit;
	uint8_t p[8];
	size_t i, k;
	unsigned int c;

	(void)state;
	for (i = 0; i < 8 * sizeof beside; i++)
		for (c = 0; c < 256; c++) {
			k = i % 8;
			memset(p, beside[i / 8], sizeof p);
			p[k] = (uint8_t)c;
			bit = UINT64_C(0x80) << 8 * k;
			range = eight_from_to(eight_at(p), 'a', 'z');
			is = eight_is(eight_at(p), '\n');
			assert_int_equal((range & bit) != 0, (c & 0x7f) >=
			    'a' && (c & 0x7f) <= 'z');
			assert_int_equal((is & bit) != 0, c == '\n');
			assert_int_equal((range | is) & ~EIGHT_HIGH, 0);
			assert_int_equal(is & ~bit, beside[i / 8] == '\n' ?
			    EIGHT_HIGH & ~bit : 0);
		}
}

static void
test_first(void **state)
{
	uint8_t p[8], q[8];
	size_t i;

	(void)state;
	assert_int_equal(eight_first(0), 8);
	for (i = 0; i < 8; i++) {
		memset(p, 'x', sizeof p);
		memset(p + i, ';', sizeof p - i);
		assert_int_equal(eight_first(eight_is(eight_at(p), ';')), i);
		eight_put(q, eight_at(p));
		assert_memory_equal(p, q, sizeof p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
