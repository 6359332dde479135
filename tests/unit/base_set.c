/* Sets: what text they are, and what stands where in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/set.h"

static const char *
ranges(const struct set *s)
{
	static char out[512];
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < s->n; i++)
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%u:%u",
		    i > 0 ? "," : "", s->range[i].lo, s->range[i].hi);
	return out;
}

static void
sets(void **state)
{
	static const struct { const char *text; uint32_t max; const char *want;
	    } t[] = {
		{ "1", 9, "1:1" }, { "1:3,2:5", 9, "1:5" },
		{ "5:1", 9, "1:5" }, { "*", 9, "9:9" }, { "7:*", 9, "7:9" },
		{ "20:*", 9, "9:20" }, { "1,3,2", 9, "1:3" },
		{ "4294967295", 9, "4294967295:4294967295" },
		{ "1,9,5", 9, "1:1,5:5,9:9" }, { "*", 0, "" },
		{ "0", 9, NULL }, { "", 9, NULL }, { "1,", 9, NULL },
		{ ",1", 9, NULL }, { "1:", 9, NULL }, { "1:2:3", 9, NULL },
		{ "a", 9, NULL }, { "01", 9, NULL }, { "-1", 9, NULL },
		{ "4294967296", 9, NULL }, { "1 2", 9, NULL },
	};
	struct set s = { 0 };
	size_t i;
	bool good;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		good = set_parse(&s, t[i].text, strlen(t[i].text), t[i].max);
		if (good != (t[i].want != NULL) ||
		    (good && strcmp(ranges(&s), t[i].want) != 0))
			fail_msg("%s: %s", t[i].text, ranges(&s));
	}
	set_clear(&s);
}

static void
many_ranges(void **state)
{
	char *text = malloc(SET_RANGES_MAX * 12), *p;
	struct set s = { 0 };
	uint32_t n, i;

	(void)state;
	assert_non_null(text);
	for (n = SET_RANGES_MAX; n <= SET_RANGES_MAX + 1; n++) {
		for (i = 0, p = text; i < n; i++)
			p += sprintf(p, "%s%u", i > 0 ? "," : "", i * 2 + 1);
		assert_int_equal(set_parse(&s, text, (size_t)(p - text), 9),
		    n == SET_RANGES_MAX);
	}
	set_clear(&s);
	free(text);
}

/* In their order, also where they touch. */
static void
places(void **state)
{
	struct set s = { 0 }, some = { 0 };
	size_t i;

	(void)state;
	assert_int_equal(set_remove(&s, 1), 0);
	assert_int_equal(set_rank(&s, 1), 0);
	assert_int_equal(set_at(&s, 1), 0);
	assert_true(set_add(&s, 2, 5) && set_add(&s, 6, 6) &&
	    set_add(&s, 10, 12));
	assert_int_equal(s.n, 2);
	assert_int_equal(set_count(&s), 8);
	assert_int_equal(set_at(&s, 1), 2);
	assert_int_equal(set_at(&s, 6), 10);
	assert_int_equal(set_at(&s, 9), 0);
	assert_int_equal(set_at(&s, 0), 0);
	assert_int_equal(set_rank(&s, 12), 8);
	assert_int_equal(set_rank(&s, 7), 0);
	assert_int_equal(set_rank(&s, 13), 0);
	assert_true(set_slice(&s, 4, 4, &some));
	assert_string_equal(ranges(&some), "5:6,10:11");
	some.n = 0;
	assert_true(set_slice(&s, 8, UINT32_MAX, &some));
	assert_true(set_slice(&s, 9, 1, &some));
	assert_string_equal(ranges(&some), "12:12");
	/* from the middle, the start, the end, and a whole range */
	assert_int_equal(set_remove(&s, 4), 3);
	assert_int_equal(set_rank(&s, 5), 3);
	assert_int_equal(set_rank(&s, 10), 5);
	assert_int_equal(set_remove(&s, 2), 1);
	assert_int_equal(set_rank(&s, 3), 1);
	assert_int_equal(set_remove(&s, 12), 6);
	assert_int_equal(set_remove(&s, 3), 1);
	assert_int_equal(set_remove(&s, 3), 0);
	assert_int_equal(set_count(&s), 4);
	assert_string_equal(ranges(&s), "5:6,10:11");
	assert_int_equal(set_at(&s, 1), 5);
	assert_int_equal(set_at(&s, 4), 11);
	for (i = 4; i > 0; i--)
		assert_int_equal(set_remove(&s, set_at(&s, 1)), 1);
	assert_int_equal(set_count(&s), 0);
	assert_int_equal(s.n, 0);
	set_clear(&s);
	set_clear(&some);
}

/* A list keeps its order, and says where each stands. */
static void
lists(void **state)
{
	static const uint32_t v[] = { 7, 3, 4, 9, 100 };
	struct set list = { 0 }, s = { 0 }, out = { 0 };
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_true(set_note(&list, v[i]));
	assert_int_equal(set_count(&list), 5);
	assert_int_equal(set_first(&list), 7);
	assert_int_equal(set_last(&list), 100);
	assert_true(set_add(&s, 3, 4) && set_add(&s, 7, 9));
	assert_true(set_ranks(&s, &list, &out));
	buf_init(&b, 100);
	set_text(&out, &b);
	assert_string_equal(buf_str(&b), "3,1:2,5");
	buf_clear(&b);
	set_order(&list);
	assert_string_equal(ranges(&list), "3:4,7:7,9:9,100:100");
	assert_int_equal(set_at(&list, 4), 9);
	set_clear(&list);
	set_clear(&s);
	set_clear(&out);
}

/* Two sets against plain arrays of what is in them. */
static void
at_random(void **state)
{
	enum { N = 300 };
	struct set a = { 0 }, b = { 0 }, both = { 0 }, less = { 0 };
	bool in_a[N + 1] = { false }, in_b[N + 1] = { false };
	uint32_t i, n = 0;

	(void)state;
	srand(7);
	for (i = 1; i <= N; i++) {
		in_a[i] = rand() % 3 != 0;
		in_b[i] = rand() % 5 != 0;
		assert_true(!in_a[i] || set_add(&a, i, i));
		assert_true(!in_b[i] || set_add(&b, i, i));
		n += in_a[i];
	}
	assert_true(set_both(&a, &b, &both) && set_less(&a, &b, &less));
	for (i = 1; i <= N; i++) {
		assert_int_equal(set_has(&both, i), in_a[i] && in_b[i]);
		assert_int_equal(set_has(&less, i), in_a[i] && !in_b[i]);
	}
	assert_int_equal(set_count(&both) + set_count(&less), n);
	set_clear(&a);
	set_clear(&b);
	set_clear(&both);
	set_clear(&less);
}

/* Against a plain array, removed from at random. */
static void
remove_random(void **state)
{
	uint32_t v[500], n = 0, i, at;
	struct set s = { 0 };

	(void)state;
	srand(7);
	for (i = 1; n < 500; i++)
		if (rand() % 3 != 0) {
			v[n++] = i;
			assert_true(set_add(&s, i, i));
		}
	while (n > 0) {
		at = (uint32_t)rand() % n;
		assert_int_equal(set_remove(&s, v[at]), at + 1);
		memmove(v + at, v + at + 1, (n - at - 1) * sizeof *v);
		n--;
		assert_int_equal(set_count(&s), n);
		for (i = 0; i < n; i += 7) {
			assert_int_equal(set_at(&s, i + 1), v[i]);
			assert_int_equal(set_rank(&s, v[i]), i + 1);
		}
	}
	set_clear(&s);
}

static void
parts(void **state)
{
	static const struct { const char *part, *of; } t[] = {
		{ "1:3", "3:5" }, { "3:1", "3:5" }, { "7:9", "9,20" },
		{ "8:8", "20" }, { "9:10", "" }, { "1:4294967295", "3:9,20" },
		{ "-1:-1", "20" }, { "-3:-2", "8:9" }, { "-8:-100", "3" },
		{ "-9:-9", "" },
		{ "1", NULL }, { "", NULL }, { ":", NULL }, { "1:", NULL },
		{ "-1", NULL }, { "-1:2", NULL }, { "1:-2", NULL },
		{ "0:1", NULL }, { "-0:-1", NULL }, { "1:2:3", NULL },
		{ "1:4294967296", NULL }, { "-:-", NULL }, { "1:*", NULL },
	};
	struct set all = { 0 }, some = { 0 };
	struct set_part p;
	struct buf b;
	size_t i;

	(void)state;
	assert_true(set_add(&all, 3, 9) && set_add(&all, 20, 20));
	buf_init(&b, 100);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		if (set_part_parse(&p, t[i].part, strlen(t[i].part)) !=
		    (t[i].of != NULL))
			fail_msg("%s", t[i].part);
		if (t[i].of == NULL)
			continue;
		some.n = 0;
		buf_reset(&b);
		assert_true(set_part(&p, &all, &some));
		set_text(&some, &b);
		assert_string_equal(buf_str(&b), t[i].of);
	}
	buf_clear(&b);
	set_clear(&some);
	set_clear(&all);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets),
		cmocka_unit_test(many_ranges),
		cmocka_unit_test(places),
		cmocka_unit_test(lists),
		cmocka_unit_test(at_random),
		cmocka_unit_test(remove_random),
		cmocka_unit_test(parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
