/* Over which item the indexer dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/index_blame.h"

static void
die(struct index_blame *b, uint64_t first, uint64_t last)
{
	blame_begin(b, first, last);
	b->held = false;
}

static void
of_several_each_is_tried_alone(void **state)
{
	struct index_blame b = { .first = 0 };

	(void)state;
	assert_int_equal(blame_died(&b), 0);
	assert_false(blame_careful(&b, 1));
	die(&b, 5, 9);
	assert_int_equal(blame_died(&b), 0);
	assert_true(blame_careful(&b, 5));
	assert_true(blame_careful(&b, 9));
	assert_false(blame_careful(&b, 10));
	blame_begin(&b, 5, 5);
	blame_done(&b, 5);
	assert_true(blame_careful(&b, 6));
	blame_done(&b, 9);
	assert_false(blame_careful(&b, 9));
}

static void
one_is_counted(void **state)
{
	struct index_blame b = { .first = 0 };

	(void)state;
	die(&b, 7, 7);
	assert_int_equal(blame_died(&b), 1);
	/* Told once. */
	assert_int_equal(blame_died(&b), 0);
	die(&b, 7, 7);
	assert_int_equal(blame_died(&b), 2);
	assert_int_equal(b.alone, 7);
	die(&b, 7, 7);
	assert_int_equal(blame_died(&b), 3);
	blame_begin(&b, 7, 7);
	blame_done(&b, 7);
	die(&b, 7, 7);
	assert_int_equal(blame_died(&b), 1);
	die(&b, 8, 8);
	assert_int_equal(blame_died(&b), 1);
	/* In company again it is not known. */
	die(&b, 8, 9);
	assert_int_equal(blame_died(&b), 0);
	die(&b, 8, 8);
	assert_int_equal(blame_died(&b), 2);
}

static void
who_lives_is_not_blamed(void **state)
{
	struct index_blame b = { .first = 0 };

	(void)state;
	blame_begin(&b, 3, 3);
	assert_int_equal(blame_died(&b), 0);
	blame_done(&b, 3);
	b.held = false;
	assert_int_equal(blame_died(&b), 0);
	assert_false(blame_careful(&b, 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_several_each_is_tried_alone),
		cmocka_unit_test(one_is_counted),
		cmocka_unit_test(who_lives_is_not_blamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
