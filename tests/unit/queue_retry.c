#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mailnode/queue/retry.h"

static void
doubles_up_to_the_cap(void **state)
{
	static const struct { uint32_t attempts; int64_t middle; } c[] = {
		{ 1, 450 }, { 2, 900 }, { 3, 1800 }, { 4, 3600 },
		{ 5, 7200 }, { 6, RETRY_CAP_S }, { 7, RETRY_CAP_S },
		{ UINT32_MAX, RETRY_CAP_S },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		int64_t spread = c[i].middle / 5;

		assert_int_equal(retry_delay_s(c[i].attempts, 0),
		    c[i].middle - spread);
		assert_int_equal(retry_delay_s(c[i].attempts,
		    (uint32_t)(2 * spread)), c[i].middle + spread);
	}
}

static void
jitter_stays_within_its_share(void **state)
{
	uint32_t r;

	(void)state;
	for (r = 0; r < 100000; r += 7) {
		int64_t d = retry_delay_s(1, r * 2654435761U);

		assert_true(d >= 360 && d <= 540);
	}
}

static void
order_of_the_times(void **state)
{
	(void)state;
	/* Tried a few times before the owner hears, often before the end. */
	assert_true(RETRY_FIRST_S * 8 < RETRY_NOTICE_S);
	assert_true(RETRY_NOTICE_S * 10 < RETRY_LIFE_S);
	assert_true(RETRY_CAP_S * 10 < RETRY_LIFE_S);
	assert_true(RETRY_FIRST_S - RETRY_FIRST_S / 5 > 300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_up_to_the_cap),
		cmocka_unit_test(jitter_stays_within_its_share),
		cmocka_unit_test(order_of_the_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
