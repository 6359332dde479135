#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/node/conf.h"
#include "tui/key.h"

static void
names(void **state)
{
	static const struct { const char *name; uint32_t key; } t[] = {
		{ "j", 'j' }, { "C-f", 6 }, { "M-v", TK_ALT | 'v' },
		{ "Enter", TK_ENTER }, { "Space", ' ' }, { "F1", TK_F1 },
		{ "F12", TK_F12 }, { "é", 0xe9 }, { "M-Enter", TK_ALT | TK_ENTER },
		{ "-", '-' }, { "\\", '\\' }, { "M", 'M' }, { "C", 'C' },
	};
	char name[KEY_NAME_MAX];
	const char *p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		p = t[i].name;
		assert_int_equal(key_read(&p), t[i].key);
		assert_string_equal(p, "");
		key_text(t[i].key, name);
		assert_string_equal(name, t[i].name);
	}
}

static void
no_names(void **state)
{
	static const char *const bad[] = { "", "ab", "C-", "Entre", "F13",
	    "C-ab", "M-ab", "\x01" };
	const char *p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		p = bad[i];
		assert_int_equal(key_read(&p), 0);
	}
}

static const struct conf_key table[] = {
	{ IN_MSG,	"j",	DO_PAGE_DOWN,	NULL },
	{ IN_ALL,	"j",	DO_NEXT,	NULL },
	{ IN_LIST,	"z a",	DO_FOLD,	NULL },
	{ IN_LIST,	"z o",	DO_FOLD_OPEN,	NULL },
	{ IN_LIST,	"1",	DO_SAVED,	"1" },
	{ IN_LIST,	"z",	DO_PAGE_DOWN,	NULL },	/* hidden */
	{ IN_QUEUE,	"r",	DO_RELEASE,	NULL },
	{ IN_ALL,	"r r",	DO_REPLY_ALL,	NULL },	/* hidden in IN_QUEUE */
};

static void
pressing(void **state)
{
	const char *bad;
	struct keymap *m = keymap_new(table, sizeof table / sizeof table[0], &bad);
	const struct conf_key *k;

	(void)state;
	assert_non_null(m);
	assert_int_equal(keymap_press(m, IN_MSG, 'j')->act, DO_PAGE_DOWN);
	assert_int_equal(keymap_press(m, IN_LIST, 'j')->act, DO_NEXT);
	assert_null(keymap_press(m, IN_LIST, 'z'));
	assert_true(keymap_pending(m));
	assert_int_equal(keymap_press(m, IN_LIST, 'o')->act, DO_FOLD_OPEN);
	assert_false(keymap_pending(m));
	assert_null(keymap_press(m, IN_LIST, 'z'));
	assert_null(keymap_press(m, IN_LIST, 'x'));
	assert_false(keymap_pending(m));
	assert_null(keymap_press(m, IN_MSG, 'z'));
	assert_false(keymap_pending(m));
	k = keymap_press(m, IN_LIST, '1');
	assert_string_equal(k->arg, "1");
	assert_int_equal(keymap_press(m, IN_QUEUE, 'r')->act, DO_RELEASE);
	assert_null(keymap_press(m, IN_LIST, 'r'));
	assert_int_equal(keymap_press(m, IN_LIST, 'r')->act, DO_REPLY_ALL);
	assert_string_equal(keymap_of(m, IN_LIST, DO_FOLD), "z a");
	assert_null(keymap_of(m, IN_MSG, DO_FOLD));
	/* What an entry before it took is no key of it. */
	assert_string_equal(keymap_of(m, IN_LIST, DO_NEXT), "j");
	assert_null(keymap_of(m, IN_MSG, DO_NEXT));
	keymap_free(m);
}

static void
refusals(void **state)
{
	static const struct conf_key bad[][1] = {
		{ { IN_ALL, "Entre", DO_OPEN, NULL } },
		{ { IN_ALL, "", DO_OPEN, NULL } },
		{ { IN_ALL, "a b c d e", DO_OPEN, NULL } },
	};
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_null(keymap_new(bad[i], 1, &why));
		assert_string_equal(why, bad[i][0].key);
	}
}

/* Every key shipped is a key, and none hides behind an earlier one. */
static void
shipped_table(void **state)
{
	const struct conf_key *a, *b;
	const char *bad, *pa, *pb;
	struct keymap *m = keymap_new(conf.keys, conf.nkeys, &bad);
	size_t i, j;

	(void)state;
	assert_non_null(m);
	keymap_free(m);
	for (i = 0; i < conf.nkeys; i++)
		for (j = 0; j < i; j++) {
			a = &conf.keys[j];
			b = &conf.keys[i];
			if ((b->views & ~a->views) != 0)
				continue;
			for (pa = a->key, pb = b->key; *pa != '\0'; )
				if (key_read(&pa) != key_read(&pb))
					break;
				else if (*pa == '\0')
					fail_msg("%s hides %s", a->key, b->key);
		}
}

static void
action_names(void **state)
{
	char name[32];
	int i;

	(void)state;
	for (i = 0; i < DO_MAX; i++) {
		assert_non_null(act_text((enum conf_action)i));
		act_name((enum conf_action)i, name, sizeof name);
		assert_int_equal(act_named(name), i);
	}
	assert_int_equal(act_named("page-down"), DO_PAGE_DOWN);
	assert_int_equal(act_named("nonsense"), DO_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(no_names),
		cmocka_unit_test(pressing),
		cmocka_unit_test(refusals),
		cmocka_unit_test(shipped_table),
		cmocka_unit_test(action_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
