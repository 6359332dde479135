/* The greylist, whom the owner lets in, and where mail came from. */
#include "store/came.h"
#include "store/db.h"
#include "store/letin.h"
#include "store/op_gate.h"
#include "tests/unit/node.h"

enum { NOW = 1800000000, WAIT = 60 };

static enum grey
ask(struct node *n, const char *ip, const char *domain, bool spf, int64_t at)
{
	struct grey_who w = { ip, domain, spf };
	uint32_t left;
	enum grey g = grey_ask(&n->st, &w, WAIT, at, &left);

	assert_true((g == GREY_WAIT) == (left > 0));
	assert_true(left <= WAIT);
	return g;
}

static void
greylist(void **state)
{
	struct node n;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, NOW),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, NOW + WAIT - 1),
	    GREY_WAIT);
	/* for another domain that network starts anew */
	assert_int_equal(ask(&n, "192.0.2.1", "b.test", false, NOW + WAIT),
	    GREY_WAIT);
	/* a neighbour comes again: it is the same mailer */
	assert_int_equal(ask(&n, "192.0.2.9", "a.test", false, NOW + WAIT),
	    GREY_PASSED);
	/* never twice, whatever it sends */
	assert_int_equal(ask(&n, "192.0.2.1", "b.test", false, NOW + WAIT),
	    GREY_KNOWN);
	assert_int_equal(ask(&n, "192.0.3.1", "a.test", false, NOW + WAIT),
	    GREY_WAIT);
	/* from elsewhere, but the domain sends from there: SPF */
	assert_int_equal(ask(&n, "198.51.100.1", "big.test", true, NOW),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "203.0.113.1", "big.test", true, NOW + WAIT),
	    GREY_PASSED);
	assert_int_equal(ask(&n, "198.51.100.1", "big.test", true, NOW + WAIT),
	    GREY_KNOWN);
	assert_int_equal(ask(&n, "198.51.100.1", "big.test", false,
	    NOW + WAIT), GREY_WAIT);
	/* who came before SPF could be asked need not come twice */
	assert_int_equal(ask(&n, "198.51.200.1", "dark.test", false, NOW),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "198.51.200.2", "dark.test", true,
	    NOW + WAIT - 1), GREY_WAIT);
	assert_int_equal(ask(&n, "198.51.200.2", "dark.test", true,
	    NOW + WAIT), GREY_PASSED);
	/* by /48 */
	assert_int_equal(ask(&n, "2001:db8:1:2::3", "", false, NOW),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "2001:db8:1:ffff::9", "", false, NOW + WAIT),
	    GREY_PASSED);
	/* who has no address is asked nothing */
	assert_int_equal(ask(&n, "", "", false, NOW), GREY_KNOWN);
	node_end(&n);
}

static void
windows(void **state)
{
	struct node n;
	int64_t late = NOW + GREY_WINDOW_S + 1, long_ago;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, NOW),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, late),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, late + WAIT),
	    GREY_PASSED);
	/* the clock went back: it is not asked for years */
	assert_int_equal(ask(&n, "192.0.3.1", "a.test", false, NOW + 9999),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "192.0.3.1", "a.test", false, NOW),
	    GREY_WAIT);
	assert_int_equal(ask(&n, "192.0.3.1", "a.test", false, NOW + WAIT),
	    GREY_PASSED);
	/* who is heard of now and then is remembered */
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, late +
	    GREY_KEEP_S), GREY_KNOWN);
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, late +
	    2 * (int64_t)GREY_KEEP_S), GREY_KNOWN);
	long_ago = late + 3 * (int64_t)GREY_KEEP_S + 1;
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, long_ago),
	    GREY_WAIT);
	node_end(&n);
}

static int64_t
rows(struct node *n, const char *where)
{
	char sql[128];

	(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM grey WHERE %s",
	    where);
	return db_int(n->st.db[STORE_EVENTS], sql, -1);
}

/* A flood of strangers leaves the newest, and those that passed. */
static void
bounded(void **state)
{
	struct node n;
	char sql[400];

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	(void)ask(&n, "192.0.2.1", "a.test", false, NOW - 2 * WAIT);
	assert_int_equal(ask(&n, "192.0.2.1", "a.test", false, NOW - WAIT),
	    GREY_PASSED);
	(void)snprintf(sql, sizeof sql, "WITH RECURSIVE c(i) AS (SELECT 1 "
	    "UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO grey "
	    "SELECT 't ' || i, %d + i, 0 FROM c", GREY_WAITING_MAX + 100,
	    NOW - GREY_WAITING_MAX);
	assert_int_equal(db_exec(n.st.db[STORE_EVENTS], sql), STORE_OK);
	grey_trim(&n.st, NOW + 1000);
	assert_int_equal(rows(&n, "last = 0"), GREY_WAITING_MAX);
	assert_int_equal(rows(&n, "key = 't 100'"), 0);
	assert_int_equal(rows(&n, "key = 't 101'"), 1);
	assert_int_equal(ask(&n, "192.0.2.1", "b.test", false, NOW),
	    GREY_KNOWN);
	grey_trim(&n.st, NOW + 1000 + GREY_WINDOW_S);
	assert_int_equal(rows(&n, "last = 0"), 0);
	grey_trim(&n.st, NOW + 1000 + GREY_KEEP_S);
	assert_int_equal(rows(&n, "1"), 0);
	node_end(&n);
}

static void
letting_in(void **state)
{
	static const struct {
		struct letin_try t;
		bool	in;
	} c[] = {
		{ { "ada@x.test", "b@y.test", "192.0.2.7", "k1", false }, true },
		{ { "", "ada@x.test", "192.0.2.200", "", false }, true },
		/* not from there, but the same message */
		{ { "", "ada@x.test", "198.51.100.1", "k0", false }, true },
		{ { "", "ada@x.test", "198.51.100.1", "k2", false }, false },
		{ { "", "ada@x.test", "198.51.100.1", "", false }, false },
		/* proved to be the author; a sender proves nothing */
		{ { "ada@x.test", "", "198.51.100.1", "k2", true }, true },
		{ { "eve@z.test", "ada@x.test", "198.51.100.1", "", true },
		    false },
		{ { "bob@x.test", "bob@x.test", "192.0.2.7", "k0", true },
		    false },
		{ { "", "", "192.0.2.7", "k0", true }, false },
	};
	struct letin l = { "ada@x.test", "192.0.2.0/24", "k0" };
	struct node n;
	size_t i;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_false(letin_any(&n.st));
	assert_int_equal(letin_add(&n.st, &l, NOW), STORE_OK);
	assert_true(letin_any(&n.st));
	for (i = 0; i < sizeof c / sizeof c[0]; i++)
		if ((letin_find(&n.st, &c[i].t, NOW) == STORE_OK) != c[i].in)
			fail_msg("case %zu", i);
	/* for an hour */
	assert_int_equal(letin_find(&n.st, &c[0].t, NOW + LETIN_S - 1),
	    STORE_OK);
	assert_int_equal(letin_find(&n.st, &c[0].t, NOW + LETIN_S),
	    STORE_NOTFOUND);
	/* for one message */
	letin_used(&n.st, &c[3].t, NOW);
	assert_int_equal(letin_find(&n.st, &c[0].t, NOW), STORE_OK);
	letin_used(&n.st, &c[0].t, NOW);
	assert_int_equal(letin_find(&n.st, &c[0].t, NOW), STORE_NOTFOUND);
	assert_false(letin_any(&n.st));
	node_end(&n);
}

static void
where_from(void **state)
{
	struct node n;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	came_note(&n.st, "ada@x.test", "192.0.2.7", NOW);
	came_note(&n.st, "ada@x.test", "192.0.2.7", NOW + 5);
	came_note(&n.st, "", "192.0.2.7", NOW);
	assert_int_equal(db_int(n.st.db[STORE_EVENTS],
	    "SELECT count(*) FROM came", -1), 1);
	assert_true(came_before(&n.st, "ada@x.test", "192.0.2.200"));
	assert_false(came_before(&n.st, "ada@x.test", "192.0.3.7"));
	assert_false(came_before(&n.st, "bob@x.test", "192.0.2.7"));
	assert_false(came_before(&n.st, "", "192.0.2.7"));
	assert_false(came_before(&n.st, "ada@x.test", ""));
	came_trim(&n.st, NOW + CAME_KEEP_S + 1);
	assert_false(came_before(&n.st, "ada@x.test", "192.0.2.7"));
	node_end(&n);
}

static int
tell(int ch, void *arg)
{
	(void)arg;
	gate_list(ch, "zen.test", "lists everything");
	gate_list(ch, "zen.test", "lists everything");
	gate_list(ch, "two.test", "refuses our resolver");
	return 0;
}

/* Keeper raises it once, and knows it by its text. */
static void
lists_out_of_order(void **state)
{
	struct node n;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	op_server_more(&n.keeper, gate_ops);
	assert_int_equal(node_ask(&n, ROLE_SMTP, tell, NULL), 0);
	assert_string_equal(n.alarms, "DNS list zen.test: lists everything, "
	    "and counts for nothing\nDNS list two.test: refuses our "
	    "resolver, and counts for nothing\n");
	node_end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greylist),
		cmocka_unit_test(windows),
		cmocka_unit_test(bounded),
		cmocka_unit_test(letting_in),
		cmocka_unit_test(where_from),
		cmocka_unit_test(lists_out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
