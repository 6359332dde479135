/* What is reported of letters: to which it belongs, who is believed, and
 * that it is written down once. */
#include <sqlite3.h>

#include "store/queue.h"
#include "store/returned.h"
#include "tests/unit/node.h"

static const char letter[] = "From: <me@node.test>\r\nSubject: s\r\n\r\nx\r\n";

static int
submit(int ch, void *arg)
{
	static const struct queue_to to[] = {
		{ "a@far.test", "", 0 }, { "b@far.test", "rfc822;B@old.test", 0 }
	};
	struct queue_envelope e = { .from = "me@node.test", .msgid =
	    "one@node.test", .subject = "s", .envid = arg != NULL ? arg : "",
	    .to = to, .nto = arg != NULL ? 1 : 2 };
	char id[QUEUE_ID_MAX];

	return queue_submit(ch, &e, letter, sizeof letter - 1, id);
}

static const char *
column(struct node *n, const char *sql)
{
	static char text[4000];
	sqlite3_stmt *s;
	int i;

	text[0] = '\0';
	assert_int_equal(sqlite3_prepare_v2(n->st.db[STORE_NODE], sql, -1,
	    &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		for (i = 0; i < sqlite3_column_count(s); i++)
			snprintf(text + strlen(text), sizeof text -
			    strlen(text), "%s ", sqlite3_column_text(s, i));
	sqlite3_finalize(s);
	return text;
}

#define ROWS	"SELECT n, action, belief, who FROM queue_returned" \
		" ORDER BY n, belief, who"

/* A report of one recipient; its hash is its number. */
struct told {
	const char	*envid, *msgid, *original, *final, *domain;
	const char	*sender, *given, *author;
};

static struct returned
tell(struct node *n, uint8_t number, const struct told *t)
{
	struct report_rcpt rcpt = { .action = REPORT_FAILED, .original =
	    t->original != NULL ? t->original : "", .final = t->final,
	    .status = "5.1.1", .said = "no", .mta = "mx.far.test" };
	struct report rep = { .envid = t->envid != NULL ? t->envid : "",
	    .msgid = t->msgid != NULL ? t->msgid : "", .by = "far.test",
	    .id = { t->domain }, .nids = t->domain != NULL, .author =
	    t->author != NULL ? t->author : "", .total = 1,
	    .rcpt = &rcpt, .n = 1 };
	struct rule_row r = { .hash = { number }, .trace = "t.1" };
	struct returned out;

	snprintf(r.sender, sizeof r.sender, "%s", t->sender != NULL ?
	    t->sender : "");
	snprintf(r.given, sizeof r.given, "%s", t->given != NULL ?
	    t->given : "ME@node.test");
	assert_int_equal(store_begin(&n->st, STORE_NODE), STORE_OK);
	assert_int_equal(returned_note(&n->st, &r, &rep, &out), STORE_OK);
	store_turn(&n->st);
	return out;
}

static void
the_envelope_is_believed(void **state)
{
	char envid[64];
	struct node n;
	struct returned x;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	snprintf(envid, sizeof envid, "%s", column(&n,
	    "SELECT envid FROM queue_letter"));
	envid[strcspn(envid, " ")] = '\0';
	assert_int_equal(strlen(envid), 32);
	x = tell(&n, 1, &(struct told){ .envid = envid,
	    .final = "A@FAR.test" });
	assert_true(x.found && x.failed);
	assert_string_equal(x.msgid, "one@node.test");
	/* By ORCPT; by nothing that the letter named. */
	x = tell(&n, 2, &(struct told){ .envid = envid,
	    .original = "b@OLD.test", .final = "c@new.test" });
	assert_true(x.found && x.failed);
	x = tell(&n, 3, &(struct told){ .envid = envid,
	    .final = "d@new.test" });
	assert_true(x.found && x.failed);
	assert_string_equal(column(&n, ROWS),
	    "0 1 3 d@new.test 1 1 3  2 1 3 c@new.test ");
	/* Read again, after a crash. */
	x = tell(&n, 1, &(struct told){ .envid = envid,
	    .final = "A@FAR.test" });
	assert_true(x.found && x.failed);
	assert_string_equal(column(&n,
	    "SELECT count(*) FROM queue_returned"), "3 ");
	/* A fate of its own it has not. */
	assert_string_equal(column(&n, "SELECT fate FROM queue_rcpt"),
	    "0 0 ");
	assert_int_equal(returned_since(&n.st, 0), 1);
	x = tell(&n, 4, &(struct told){ .envid =
	    "00000000000000000000000000000000", .final = "a@far.test" });
	assert_false(x.found);
	assert_true(x.named);
	node_end(&n);
}

/* One that its submitter made up may be anybody's guess. */
static void
only_our_own_id_counts(void **state)
{
	static char theirs[] = "QQ1";
	struct returned x;
	struct node n;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, theirs), STORE_OK);
	assert_string_equal(column(&n, "SELECT envid FROM queue_letter"),
	    "QQ1 ");
	x = tell(&n, 1, &(struct told){ .envid = "QQ1",
	    .final = "a@far.test" });
	assert_false(x.found);
	node_end(&n);
}

static void
the_message_id_wants_a_domain(void **state)
{
	static const struct {
		struct told	 t;
		bool		 believed;
	} cases[] = {
		{ { .domain = "far.test" }, true },
		{ { .domain = "mx.far.test" }, true },
		{ { .domain = "test" }, false },
		{ { .domain = "afar.test" }, false },
		{ { .domain = "evil.test" }, false },
		{ { .domain = NULL }, false },
		{ { .domain = "far.test", .sender = "x@far.test" }, false },
		{ { .domain = "far.test", .given = "me+x@node.test" },
		    false },
		/* It signs what it carries, for whomever. */
		{ { .domain = "relay.test" }, false },
		{ { .domain = "smtp.relay.test" }, false },
		{ { .domain = "smtp.relay.test", .author = "evil.test" },
		    false },
		{ { .domain = "relay.test", .author = "mx.relay.test" },
		    false },
		{ { .domain = "relay.test", .author = "relay.test" }, true },
		{ { .domain = "relay.test", .author = "smtp.relay.test" },
		    true },
	};
	static const struct told known = { .msgid = "one@node.test",
	    .final = "a@far.test", .domain = "relay.test",
	    .author = "relay.test" };
	struct returned x;
	struct told t;
	struct node n;
	size_t i;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE], "INSERT INTO"
	    " queue_attempt SELECT 1, id, 0, 'relay',"
	    " 'smtp.relay.test 192.0.2.1:465', '', '1', '' FROM queue_letter",
	    NULL, NULL, NULL), SQLITE_OK);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		t = cases[i].t;
		t.msgid = "one@node.test";
		t.final = "a@far.test";
		x = tell(&n, (uint8_t)i, &t);
		assert_true(x.found);
		assert_int_equal(x.failed, cases[i].believed);
	}
	/* A relay that was told the envelope's id would name that. */
	assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE], "UPDATE"
	    " queue_letter SET flags = flags | 256;"
	    " DELETE FROM queue_returned", NULL, NULL, NULL),
	    SQLITE_OK);
	x = tell(&n, 100, &known);
	assert_true(x.found && !x.failed);
	assert_string_equal(column(&n, "SELECT proof FROM"
	    " queue_returned"), "the relay was told the"
	    " envelope's id, which it does not know ");
	node_end(&n);
}

static void
limits(void **state)
{
	struct returned x;
	struct told t = { .msgid = "one@node.test", .final = "a@far.test" };
	struct node n;
	uint8_t i;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	for (i = 0; i < 2 * RETURNED_MAX; i++)
		(void)tell(&n, i, &t);
	assert_string_equal(column(&n,
	    "SELECT count(*) FROM queue_returned"), "8 ");
	/* They hide none that is believed. */
	t.domain = "far.test";
	x = tell(&n, 100, &t);
	assert_true(x.failed);
	assert_string_equal(column(&n, "SELECT count(*) FROM queue_returned"
	    " WHERE belief = 2"), "1 ");
	node_end(&n);
}

static void
one_that_names_no_letter_is_a_guess(void **state)
{
	struct told t = { .final = "a@far.test", .domain = "far.test" };
	struct returned x;
	struct node n;

	(void)state;
	node_begin(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, submit, NULL), STORE_OK);
	x = tell(&n, 1, &t);
	assert_false(x.found);		/* nothing was sent yet */
	assert_int_equal(sqlite3_exec(n.st.db[STORE_NODE],
	    "UPDATE queue_rcpt SET fate = 2", NULL, NULL, NULL), SQLITE_OK);
	x = tell(&n, 1, &t);
	assert_true(x.found && !x.failed && !x.named);
	assert_string_equal(column(&n, ROWS), "1 1 0  ");
	node_end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_envelope_is_believed),
		cmocka_unit_test(only_our_own_id_counts),
		cmocka_unit_test(the_message_id_wants_a_domain),
		cmocka_unit_test(limits),
		cmocka_unit_test(one_that_names_no_letter_is_a_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
