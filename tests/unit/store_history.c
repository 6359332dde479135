/* The owner's lists, the history of senders, and the question about both. */
#include "store/db.h"
#include "store/known_as.h"
#include "store/op_history.h"
#include "store/op_listed.h"
#include "tests/unit/node.h"

static void
names(void **state)
{
	static const struct {
		const char	*text, *name;	/* NULL: none */
		enum listed_kind kind;
	} c[] = {
		{ "Ada@X.Test", "ada@x.test", LISTED_ADDRESS },
		{ "X.Test", "x.test", LISTED_DOMAIN },
		{ "@x.test", "x.test", LISTED_DOMAIN },
		{ "test", "test", LISTED_DOMAIN },
		{ "192.0.2.7", "192.0.2.7", LISTED_NETWORK },
		{ "192.0.2.7/24", "192.0.2.0/24", LISTED_NETWORK },
		{ "0.0.0.0/0", "0.0.0.0/0", LISTED_NETWORK },
		{ "2001:DB8::1/32", "2001:db8::/32", LISTED_NETWORK },
		{ "::1", "::1", LISTED_NETWORK },
		{ "192.0.2.7/33", NULL, 0 }, { "2001:db8::/129", NULL, 0 },
		{ "192.0.2.300", NULL, 0 }, { "192.0.2/24", NULL, 0 },
		{ "", NULL, 0 }, { "a b.test", NULL, 0 }, { "a..b", NULL, 0 },
		{ ".a", NULL, 0 }, { "a.", NULL, 0 }, { "a@", NULL, 0 },
		{ "a b@x.test", NULL, 0 }, { "a\n@x.test", NULL, 0 },
		{ "b\xc3\xbc" "cher.test", NULL, 0 }, { "\xff@x.test", NULL, 0 },
	};
	char big[LISTED_NAME_MAX + 1];
	struct listed l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		if (listed_name(c[i].text, &l) != (c[i].name != NULL ?
		    STORE_OK : STORE_NAME))
			fail_msg("%s: %s", c[i].text, l.name);
		if (c[i].name == NULL)
			continue;
		assert_string_equal(l.name, c[i].name);
		assert_int_equal(l.kind, c[i].kind);
	}
	memset(big, 'a', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	assert_int_equal(listed_name(big, &l), STORE_NAME);
}

static void
put(struct node *n, const char *name, bool allow)
{
	struct listed l;

	assert_int_equal(listed_name(name, &l), STORE_OK);
	l.allow = allow;
	assert_int_equal(listed_add(&n->st, &l), STORE_OK);
}

static void
lists(void **state)
{
	struct node n = { .loop = NULL };
	struct listed l;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_false(listed_any(&n.st));
	put(&n, "ada@x.test", true);
	put(&n, "x.test", false);
	put(&n, "10.0.0.0/8", false);
	put(&n, "10.1.0.0/16", true);
	put(&n, "10.1.0.0/24", false);	/* begins where that does */
	put(&n, "2001:db8::/32", true);
	assert_true(listed_any(&n.st));
	assert_int_equal(listed_address(&n.st, "ada@x.test", &l), STORE_OK);
	assert_true(l.allow);
	assert_int_equal(listed_address(&n.st, "x.test", &l), STORE_NOTFOUND);
	assert_int_equal(listed_domain(&n.st, "m.x.test", &l), STORE_OK);
	assert_string_equal(l.name, "x.test");
	assert_int_equal(listed_domain(&n.st, "mx.test", &l), STORE_NOTFOUND);
	assert_int_equal(listed_network(&n.st, "10.1.2.3", &l), STORE_OK);
	assert_string_equal(l.name, "10.1.0.0/16");
	assert_int_equal(listed_network(&n.st, "10.1.0.3", &l), STORE_OK);
	assert_string_equal(l.name, "10.1.0.0/24");
	assert_int_equal(listed_network(&n.st, "10.2.2.3", &l), STORE_OK);
	assert_string_equal(l.name, "10.0.0.0/8");
	assert_int_equal(listed_network(&n.st, "11.0.0.0", &l),
	    STORE_NOTFOUND);
	assert_int_equal(listed_network(&n.st, "2001:db8:1::9", &l),
	    STORE_OK);
	assert_int_equal(listed_network(&n.st, "a file", &l), STORE_NOTFOUND);
	put(&n, "x.test", true);	/* the last word counts */
	assert_int_equal(listed_remove(&n.st, "x.test", false),
	    STORE_NOTFOUND);
	assert_int_equal(listed_next(&n.st, "2001:db8::/32", true, &l),
	    STORE_OK);
	assert_string_equal(l.name, "ada@x.test");
	assert_int_equal(listed_remove(&n.st, "x.test", true), STORE_OK);
	assert_int_equal(listed_next(&n.st, "ada@x.test", true, &l),
	    STORE_NOTFOUND);
	node_stop(&n);
	node_start(&n);		/* written down */
	assert_int_equal(listed_address(&n.st, "ada@x.test", &l), STORE_OK);
	node_stop(&n);
	node_remove(&n);
}

static void
counts(void **state)
{
	struct node n = { .loop = NULL };
	struct history_count c;
	char net[HISTORY_NET_MAX], sql[256];

	(void)state;
	history_network("192.0.2.77", net);
	assert_string_equal(net, "192.0.2.0/24");
	history_network("2001:db8:1:2::3", net);
	assert_string_equal(net, "2001:db8:1::/48");
	history_network("", net);
	assert_string_equal(net, "");
	node_dirs(&n);
	node_start(&n);
	assert_false(history_any(&n.st));
	assert_int_equal(history_add(&n.st, HISTORY_SENDER, "a@x.test", 1, 0),
	    STORE_OK);
	assert_int_equal(history_add(&n.st, HISTORY_SENDER, "a@x.test", 1, 1),
	    STORE_OK);
	assert_int_equal(history_add(&n.st, HISTORY_SENDER, "", 1, 1),
	    STORE_OK);
	history_get(&n.st, HISTORY_SENDER, "a@x.test", &c);
	assert_int_equal(c.good, 2);
	assert_int_equal(c.junk, 1);
	history_get(&n.st, HISTORY_DOMAIN, "a@x.test", &c);
	assert_int_equal(c.good + c.junk, 0);
	/* Taken back, never below nothing, and then forgotten. */
	assert_int_equal(history_add(&n.st, HISTORY_SENDER, "a@x.test", -5,
	    -1), STORE_OK);
	assert_false(history_any(&n.st));
	/* The oldest leave: all but one are there already. */
	snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 0 UNION"
	    " SELECT i + 1 FROM n WHERE i < %d) INSERT INTO history"
	    " SELECT %d, i || '@x.test', 1, 0, i FROM n", HISTORY_MAX - 1,
	    (int)HISTORY_WROTE);
	assert_int_equal(store_begin(&n.st, STORE_NODE), STORE_OK);
	assert_int_equal(db_exec(n.st.db[STORE_NODE], sql), STORE_OK);
	assert_int_equal(history_add(&n.st, HISTORY_WROTE, "new@x.test", 1,
	    0), STORE_OK);
	history_get(&n.st, HISTORY_WROTE, "0@x.test", &c);
	assert_int_equal(c.good, 0);
	history_get(&n.st, HISTORY_WROTE, "1@x.test", &c);
	assert_int_equal(c.good, 1);
	history_get(&n.st, HISTORY_WROTE, "new@x.test", &c);
	assert_int_equal(c.good, 1);
	node_stop(&n);
	node_remove(&n);
}

/* ---- the question ---- */

static const char *const ids[] = { "new.test", "list.test" };

static int
ask(int ch, void *arg)
{
	struct history_ask q = { .author = "ada@x.test", .written = "",
	    .name = "", .domain = "x.test",
	    .sender = "b@list.test", .ip = "192.0.2.7", .ids = ids,
	    .nids = 2 };
	struct history_facts f;
	struct op_reply r;
	uint16_t s;

	(void)arg;
	op_reply_init(&r);
	s = history_ask(ch, &r, &q, &f);
	op_reply_clear(&r);
	if (s != OP_OK)
		return s;
	if (f.list[LISTED_ADDRESS].by != HISTORY_BY_AUTHOR ||
	    !f.list[LISTED_ADDRESS].allow ||
	    strcmp(f.list[LISTED_ADDRESS].name, "ada@x.test") != 0)
		return 51;
	if (f.list[LISTED_DOMAIN].by != HISTORY_BY_ID ||
	    strcmp(f.list[LISTED_DOMAIN].name, "list.test") != 0)
		return 52;
	if (f.list[LISTED_NETWORK].by != HISTORY_BY_IP ||
	    f.list[LISTED_NETWORK].allow)
		return 53;
	if (!f.wrote || f.count[HISTORY_SENDER].good != 1 ||
	    f.count[HISTORY_DOMAIN].junk != 2 ||
	    f.count[HISTORY_NETWORK].good != 3)
		return 54;
	if (f.count[HISTORY_SIGNER].good != 7 ||
	    strcmp(f.signer, "list.test") != 0 ||
	    strcmp(f.network, "192.0.2.0/24") != 0)
		return 55;
	return 0;
}

/* arg: how many domains it says there are. */
static int
malformed(int ch, void *arg)
{
	unsigned int n = *(const unsigned int *)arg, i;
	struct op_reply r;
	struct buf b;
	uint16_t s;

	op_reply_init(&r);
	buf_init(&b, CHAN_DATA_MAX);
	for (i = 0; i < 7; i++)
		chan_put_str(&b, "");
	chan_put_u8(&b, 0);
	chan_put_u8(&b, (uint8_t)n);
	for (i = 0; i < n && i < 9; i++)
		chan_put_str(&b, "x.test");
	s = op_call(ch, HISTORY_ASK, &b, -1, &r, HISTORY_WAIT_MS);
	buf_clear(&b);
	op_reply_clear(&r);
	return s;
}

static int
flagged(int ch, void *arg)
{
	struct op_reply r;
	struct rcpt out;
	uint16_t s;

	(void)arg;
	op_reply_init(&r);
	s = rcpt_check(ch, &r, "me@node.test", &out);
	op_reply_clear(&r);
	return s != OP_OK ? s : 50 + out.knows;
}

static void
question(void **state)
{
	unsigned int most = HISTORY_IDS_MAX, over = HISTORY_IDS_MAX + 1;
	struct node n = { .loop = NULL };

	(void)state;
	node_dirs(&n);
	node_start(&n);
	op_server_more(&n.keeper, history_ops);
	assert_int_equal(node_ask(&n, ROLE_SMTP, flagged, NULL), 50);
	put(&n, "ada@x.test", true);
	put(&n, "x.test", true);
	put(&n, "list.test", true);
	put(&n, "192.0.2.0/28", false);
	(void)history_add(&n.st, HISTORY_WROTE, "ada@x.test", 1, 0);
	(void)history_add(&n.st, HISTORY_SENDER, "ada@x.test", 1, 0);
	(void)history_add(&n.st, HISTORY_DOMAIN, "x.test", 0, 2);
	(void)history_add(&n.st, HISTORY_SIGNER, "list.test", 7, 0);
	(void)history_add(&n.st, HISTORY_NETWORK, "192.0.2.0/24", 3, 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, flagged, NULL), 51);
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_LOCAL, ask, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_SENDER, ask, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_SMTP, malformed, &most), OP_OK);
	assert_int_equal(node_ask(&n, ROLE_SMTP, malformed, &over), OP_BAD);
	node_stop(&n);
	node_remove(&n);
}

/* ---- who looks like whom ---- */

static const struct {
	const char	*address, *name, *shown, *whom;	/* "": nobody */
} looks[] = {
	{ "ada@x.test", "Ada Friend", "x.test", "" },
	{ "ada@y.test", "Ada Friend", "y.test", "ada@x.test" },
	{ "ada@y.test", "ADA  FRIEND", "y.test", "ada@x.test" },
	{ "ada@y.test", "Ada", "y.test", "" },
	{ "ada@y.test", "ada@x.test", "y.test", "ada@x.test" },
	{ "info@y.test", "Info", "y.test", "" },
	{ "o@y.test", "\xc3\x96", "y.test", "" },	/* too short */
	{ "b@paypal.test", "", "paypal.test", "" },
	{ "b@m.paypal.test", "", "m.paypal.test", "" },
	{ "b@paypa1.test", "", "paypa1.test", "paypal.test" },
	{ "b@m.paypa1.test", "", "m.paypa1.test", "paypal.test" },
	{ "b@paypal.test.y.test", "", "paypal.test.y.test", "paypal.test" },
	{ "b@m.paypal.test.y.test", "", "m.paypal.test.y.test",
	    "paypal.test" },
	{ "b@paypal-test.y", "", "paypal-test.y", "paypal.test" },
	{ "b@a.my-paypal-test-x.y", "", "a.my-paypal-test-x.y",
	    "paypal.test" },
	{ "b@paypa1.test-x.y", "", "paypa1.test-x.y", "paypal.test" },
	{ "b@x.t-on-line.de.y.z", "", "x.t-on-line.de.y.z", "t-on-line.de" },
	{ "b@t-on-line-de.z", "", "t-on-line-de.z", "t-on-line.de" },
	{ "b@node.test.y.z", "", "node.test.y.z", "node.test" },
	{ "b@paypal.test.br", "", "paypal.test.br", "" },	/* a country */
	{ "b@paypal-test.br", "", "paypal-test.br", "paypal.test" },
	{ "b@paypal.y.test", "", "paypal.y.test", "" },
	{ "b@paypal-x.test", "", "paypal-x.test", "" },
	{ "b@paypal..test.y.z", "", "paypal..test.y.z", "" },
	{ "b@-.-.", "", "-.-.", "" },
	/* Who is known may be called like others. */
	{ "b@paypal.test.known.z", "", "paypal.test.known.z", "" },
	{ "b@m.paypal.test.node.test", "", "m.paypal.test.node.test", "" },
	{ "b@xn--1.test", "", "p\xd0\xb0ypal.test", "paypal.test" },
	{ "b@xn--bcher-kva.test", "", "b\xc3\xbc" "cher.test", "" },
	{ "b@bucher.test", "", "bucher.test", "b\xc3\xbc" "cher.test" },
	{ "b@n0de.test", "", "n0de.test", "node.test" },
	{ "b@node.test", "", "node.test", "" },
	{ "b@test", "", "test", "" },
	/* Who has no address, or not one alone. */
	{ "", "Ada Friend", "", "ada@x.test" },
	{ "", "=?utf-8?q?Ada_Friend?= <>", "", "ada@x.test" },
	{ "", "=?utf-8?b?YWRhQHgudGVzdA==?=", "", "ada@x.test" },
	{ "", "\"Ada Friend <ada@x.test>\"", "", "ada@x.test" },
	{ "", "Ada Friend <ada>", "", "ada@x.test" },
	{ "", "b@y.test <Ada Friend>", "", "ada@x.test" },
	{ "", "Bob <b@y.test>, Ada Friend <c@y.test>", "", "ada@x.test" },
	{ "", "Bob <b@y.test>, c@paypa1.test", "", "paypal.test" },
	{ "", "Ada Friend <ADA@x.test>, Bob <b@y.test>", "", "" },
	{ "", "Bob <b>", "", "" },
	{ "", "", "", "" },
	/* An address among other words, names as directories have them. */
	{ "b@y.test", "Ada Friend (ada@x.test)", "y.test", "ada@x.test" },
	{ "b@y.test", "\"Ada\" <ada@x.test>", "y.test", "ada@x.test" },
	{ "b@y.test", "Ada ADA@X.TEST:", "y.test", "ada@x.test" },
	{ "b@y.test", "Bob bob@x.test", "y.test", "" },
	{ "ada@x.test", "Ada (ada@x.test)", "x.test", "" },
	{ "b@y.test", "Friend, Ada", "y.test", "ada@x.test" },
	{ "b@y.test", "Friend, Ada, Dr.", "y.test", "" },
	{ "b@y.test", "Friend Ada", "y.test", "" },
	{ "ada@x.test", "Friend, Ada", "x.test", "" },
};

static void
lookalikes(void **state)
{
	struct node n = { .loop = NULL };
	char whom[HISTORY_NAME_MAX], long_name[HISTORY_NAME_MAX + 1];
	char sql[300];
	size_t i;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(history_wrote(&n.st, "ada@x.test"), STORE_OK);
	assert_int_equal(history_wrote(&n.st, "help@PayPal.test"), STORE_OK);
	assert_int_equal(history_wrote(&n.st, "a@b\xc3\xbc" "cher.test"),
	    STORE_OK);
	assert_int_equal(history_wrote(&n.st, "a@t-on-line.de"), STORE_OK);
	assert_int_equal(history_wrote(&n.st, "a@known.z"), STORE_OK);
	assert_int_equal(known_as_name(&n.st, "Ada Friend", "ada@x.test"),
	    STORE_OK);
	assert_int_equal(known_as_name(&n.st, "Info", "info@x.test"),
	    STORE_OK);
	assert_int_equal(known_as_name(&n.st, "My Self", "me@node.test"),
	    STORE_OK);
	for (i = 0; i < sizeof looks / sizeof looks[0]; i++) {
		if (known_as_other(&n.st, looks[i].address, looks[i].name,
		    looks[i].shown, whom) != (looks[i].whom[0] != '\0') ||
		    strcmp(whom, looks[i].whom) != 0)
			fail_msg("%s <%s>: %s", looks[i].name,
			    looks[i].address, whom);
	}
	assert_false(known_as_other(&n.st, "a@y.test", "My Self", "y.test",
	    whom));
	/* What does not fit is nobody. */
	memset(long_name, 'a', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	assert_int_equal(known_as_name(&n.st, "Bob Long", long_name),
	    STORE_OK);
	assert_false(known_as_other(&n.st, "a@y.test", "Bob Long", "y.test",
	    whom));
	/* The oldest leave. */
	snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION"
	    " SELECT i + 1 FROM n WHERE i < %d) INSERT INTO known_as SELECT"
	    " %d, 'x' || i, 'y', 9000000000000000 + i FROM n", KNOWN_AS_MAX - 1,
	    (int)KNOWN_AS_NAME);
	assert_int_equal(db_exec(n.st.db[STORE_NODE], sql), STORE_OK);
	assert_int_equal(known_as_name(&n.st, "Bob New", "b@x.test"),
	    STORE_OK);
	assert_true(known_as_other(&n.st, "a@y.test", "Bob New", "y.test",
	    whom));
	assert_false(known_as_other(&n.st, "a@y.test", "Ada Friend", "y.test",
	    whom));
	node_stop(&n);
	node_remove(&n);
}

/* arg: address, name, what is to be found. */
static int
ask_look(int ch, void *arg)
{
	const char *const *a = arg;
	struct history_ask q = { .author = a[0], .written = "",
	    .name = a[1], .domain = "y.test", .sender = "", .ip = "" };
	struct history_facts f;
	struct op_reply r;
	uint16_t s;

	op_reply_init(&r);
	s = history_ask(ch, &r, &q, &f);
	op_reply_clear(&r);
	return s != OP_OK ? s : strcmp(f.like, a[2]) != 0 ? 51 :
	    50 * (int)f.met;
}

static void
looks_asked(void **state)
{
	const char *ada[] = { "ada@y.test", "Ada Friend", "ada@x.test" };
	const char *self[] = { "me@node.test", "Ada Friend", "" };
	const char *same[] = { "ada@y.test", "Ada Friend", "" };
	struct node n = { .loop = NULL };

	(void)state;
	node_dirs(&n);
	node_start(&n);
	op_server_more(&n.keeper, history_ops);
	(void)known_as_name(&n.st, "Ada Friend", "ada@x.test");
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_look, ada), 0);
	(void)history_add(&n.st, HISTORY_MET, "ada@y.test", 1, 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_look, ada), 50);
	/* Who writes in many names, and good letters. */
	(void)history_add(&n.st, HISTORY_SENDER, "ada@y.test",
	    HISTORY_MANY_NAMES - 1, 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_look, ada), 50);
	(void)history_add(&n.st, HISTORY_SENDER, "ada@y.test", 1, 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_look, same), 50);
	(void)history_add(&n.st, HISTORY_SENDER, "ada@y.test", 0, 1);
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_look, ada), 50);
	/* The owner himself. */
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_look, self), 50);
	/* Whom the owner writes to. */
	(void)history_wrote(&n.st, "ada@y.test");
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_look, same), 50);
	node_stop(&n);
	node_remove(&n);
}

/* ---- the owner's lists over a channel ---- */

static int
list_ops(int ch, void *arg)
{
	char note[LISTED_NOTE_MAX + 1];
	struct op_reply r;
	struct listed l;
	uint16_t s;

	(void)arg;
	op_reply_init(&r);
	s = listed_ask_add(ch, &r, true, "Ada@X.test", "a note");
	if (s != OP_OK)
		return s;
	memset(note, 'n', sizeof note - 1);
	note[sizeof note - 1] = '\0';
	if (listed_ask_add(ch, &r, true, "a b", "") != STORE_NAME ||
	    listed_ask_add(ch, &r, true, "x.test", "two\nlines") != OP_BAD)
		return 51;
	if (listed_ask_remove(ch, &r, false, "ada@x.test") != STORE_NOTFOUND ||
	    listed_ask_remove(ch, &r, true, "") != STORE_NAME)
		return 52;
	if (listed_ask_next(ch, &r, true, "", &l) != OP_OK ||
	    strcmp(l.name, "ada@x.test") != 0 ||
	    strcmp(l.note, "a note") != 0 || l.kind != LISTED_ADDRESS ||
	    listed_ask_next(ch, &r, true, l.name, &l) != STORE_NOTFOUND ||
	    listed_ask_next(ch, &r, false, "", &l) != STORE_NOTFOUND)
		return 53;
	if (listed_ask_remove(ch, &r, true, "ADA@x.test") != OP_OK)
		return 54;
	op_reply_clear(&r);
	return 0;
}

/* A note one octet too long ends the channel: it is malformed. */
static int
long_note(int ch, void *arg)
{
	char note[LISTED_NOTE_MAX + 1];
	struct op_reply r;
	uint16_t s;

	(void)arg;
	memset(note, 'n', sizeof note - 1);
	note[sizeof note - 1] = '\0';
	op_reply_init(&r);
	s = listed_ask_add(ch, &r, true, "x.test", note);
	op_reply_clear(&r);
	return s == OP_BAD || s == OP_GONE ? 0 : 1;
}

static void
owner_only(void **state)
{
	struct node n = { .loop = NULL };
	struct listed l;
	char sql[256];

	(void)state;
	node_dirs(&n);
	node_start(&n);
	op_server_more(&n.keeper, listed_ops);
	assert_int_equal(node_ask(&n, ROLE_OWNER, list_ops, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, list_ops, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_IMAP, list_ops, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_LOCAL, list_ops, NULL), OP_DENIED);
	assert_int_equal(node_ask(&n, ROLE_OWNER, long_note, NULL), 0);
	/* Full. */
	snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION"
	    " SELECT i + 1 FROM n WHERE i < %d) INSERT INTO listed(name, kind,"
	    " allow, note, created) SELECT i || '.test', 1, 1, '', 0 FROM n",
	    LISTED_MAX - 1);
	assert_int_equal(store_begin(&n.st, STORE_NODE), STORE_OK);
	assert_int_equal(db_exec(n.st.db[STORE_NODE], sql), STORE_OK);
	assert_int_equal(listed_name("last.test", &l), STORE_OK);
	assert_int_equal(listed_add(&n.st, &l), STORE_OK);
	assert_int_equal(listed_name("over.test", &l), STORE_OK);
	assert_int_equal(listed_add(&n.st, &l), STORE_TOOBIG);
	assert_int_equal(listed_name("last.test", &l), STORE_OK);
	assert_int_equal(listed_add(&n.st, &l), STORE_OK);
	node_stop(&n);
	node_remove(&n);
}

static void
wrote(void **state)
{
	struct node n = { .loop = NULL };
	struct history_count c;

	(void)state;
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(history_wrote(&n.st, "Ada@X.Test"), STORE_OK);
	history_get(&n.st, HISTORY_WROTE, "ada@x.test", &c);
	assert_int_equal(c.good, 1);
	/* Not to ourselves, nor to what is no address. */
	assert_int_equal(history_wrote(&n.st, "me@node.test"), STORE_OK);
	history_get(&n.st, HISTORY_WROTE, "me@node.test", &c);
	assert_int_equal(c.good, 0);
	assert_int_equal(history_wrote(&n.st, "root"), STORE_OK);
	history_get(&n.st, HISTORY_WROTE, "root", &c);
	assert_int_equal(c.good, 0);
	node_stop(&n);
	node_remove(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(lists),
		cmocka_unit_test(counts),
		cmocka_unit_test(question),
		cmocka_unit_test(lookalikes),
		cmocka_unit_test(looks_asked),
		cmocka_unit_test(owner_only),
		cmocka_unit_test(wrote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
