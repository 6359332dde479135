/* Statements of the keeper: how many, what is bound, what is answered. */
#include "tests/unit/node.h"

static void
many(void **state)
{
	static struct store_slot slot[1000];
	struct node n = { .loop = NULL };
	size_t i;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	for (i = 0; i < sizeof slot / sizeof slot[0]; i++)
		assert_int_equal(store_int(&n.st, STORE_NODE, &slot[i],
		    "SELECT ?1", "i", (int64_t)i), i);
	/* Each is still its own, and of its own database. */
	for (i = 0; i < sizeof slot / sizeof slot[0]; i++)
		assert_int_equal(store_int(&n.st, STORE_NODE, &slot[i],
		    "SELECT -1", "i", (int64_t)i), i);
	assert_int_equal(store_int(&n.st, STORE_EVENTS, &slot[0],
	    "SELECT -?1", "i", (int64_t)7), -7);
	node_stop(&n);
	/* Another store prepares them anew. */
	node_start(&n);
	assert_int_equal(store_int(&n.st, STORE_NODE, &slot[999],
	    "SELECT -2", ""), -2);
	node_stop(&n);
	node_remove(&n);
}

static void
bound(void **state)
{
	static struct store_slot s[5];
	struct node n = { .loop = NULL };
	static const uint8_t blob[] = { 0, 1, 2 };

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(store_int(&n.st, STORE_NODE, &s[0], "SELECT"
	    " ?1 = -5 AND ?2 = 'x' AND ?3 = x'000102'", "isb", (int64_t)-5,
	    "x", blob, sizeof blob), 1);
	assert_int_equal(store_int(&n.st, STORE_NODE, &s[1], "SELECT"
	    " ?1 IS NULL AND ?2 IS x''", "sb", NULL, NULL, (size_t)0), 1);
	/* No row, no such table, more arguments than it has. */
	assert_int_equal(store_int(&n.st, STORE_NODE, &s[2],
	    "SELECT 1 WHERE 0", ""), 0);
	assert_int_equal(store_int(&n.st, STORE_NODE, &s[3],
	    "SELECT 1 FROM nothing", ""), 0);
	assert_null(store_ask(&n.st, STORE_NODE, &s[4], "SELECT ?1", "ii",
	    (int64_t)1, (int64_t)2));
	node_stop(&n);
	node_remove(&n);
}

static void
done(void **state)
{
	static struct store_slot s[4];
	struct node n = { .loop = NULL };

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(store_do(&n.st, STORE_NODE, &s[0], "INSERT INTO"
	    " setting(name, value) VALUES(?1, ?2)", "si", "x", (int64_t)3),
	    STORE_OK);
	assert_true(n.st.began & STORE_BIT(STORE_NODE));
	assert_int_equal(store_do(&n.st, STORE_NODE, &s[1],
	    "INSERT INTO nothing VALUES(1)", ""), STORE_IO);
	store_turn(&n.st);
	assert_int_equal(store_int(&n.st, STORE_NODE, &s[2],
	    "SELECT value FROM setting WHERE name = 'x'", ""), 3);
	assert_int_equal(store_do(&n.st, STORE_EVENTS, &s[3],
	    "DELETE FROM event", ""), STORE_OK);
	assert_false(n.st.began & STORE_BIT(STORE_EVENTS));
	node_stop(&n);
	node_remove(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(bound),
		cmocka_unit_test(done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
