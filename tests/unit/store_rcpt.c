/* Whose address is it; aliases; events. */
#include "mailnode/base/clock.h"
#include "store/alias.h"
#include "store/alias_own.h"
#include "tests/unit/node.h"

static void
addresses(void **state)
{
	static const struct {
		const char	*addr;
		enum rcpt_class	 class;
		const char	*canonical, *detail;
	} cases[] = {
		{ "me@node.test", RCPT_USER, "me@node.test", "" },
		{ "ME@Node.Test", RCPT_USER, "me@node.test", "" },
		{ "me@two.test", RCPT_USER, "me@two.test", "" },
		{ "me+shop@node.test", RCPT_USER, "me+shop@node.test",
		    "shop" },
		{ "me+@node.test", RCPT_USER, "me+@node.test", "" },
		{ "meme@node.test", RCPT_UNKNOWN, "meme@node.test", "" },
		{ "+me@node.test", RCPT_UNKNOWN, "+me@node.test", "" },
		{ "postmaster", RCPT_SYSTEM, "postmaster", "" },
		{ "Postmaster@node.test", RCPT_SYSTEM,
		    "postmaster@node.test", "" },
		{ "postmaster@mail.node.test", RCPT_SYSTEM,
		    "postmaster@mail.node.test", "" },
		{ "me@mail.node.test", RCPT_UNKNOWN, "me@mail.node.test",
		    "" },
		{ "abuse@two.test", RCPT_SYSTEM, "abuse@two.test", "" },
		{ RCPT_DMARC_LOCAL "@node.test", RCPT_SYSTEM,
		    RCPT_DMARC_LOCAL "@node.test", "" },
		{ RCPT_TLSRPT_LOCAL "@node.test", RCPT_SYSTEM,
		    RCPT_TLSRPT_LOCAL "@node.test", "" },
		{ "abuse+x@node.test", RCPT_UNKNOWN, "abuse+x@node.test",
		    "" },
		{ "shop@node.test", RCPT_ALIAS, "shop@node.test", "" },
		{ "shop+1@node.test", RCPT_ALIAS, "shop@node.test", "1" },
		{ "shop@two.test", RCPT_UNKNOWN, "shop@two.test", "" },
		{ "old@node.test", RCPT_BURNED, "old@node.test", "" },
		{ "old+x@node.test", RCPT_BURNED, "old@node.test", "x" },
		{ "soon@node.test", RCPT_ALIAS, "soon@node.test", "" },
		{ "over@node.test", RCPT_BURNED, "over@node.test", "" },
		{ "over+x@node.test", RCPT_BURNED, "over@node.test", "x" },
		{ "SRS0=abcdefgh=ab=x.test=Y@node.test", RCPT_SRS,
		    "srs0=abcdefgh=ab=x.test=y@node.test", "" },
		{ "srs1=abcdefgh=x.test==a=b@two.test", RCPT_SRS,
		    "srs1=abcdefgh=x.test==a=b@two.test", "" },
		{ "SRS0=abcdefgh=ab=x.test=Y@other.test", RCPT_FOREIGN,
		    "SRS0=abcdefgh=ab=x.test=Y@other.test", "" },
		{ "srs@node.test", RCPT_UNKNOWN, "srs@node.test", "" },
		{ "me@other.test", RCPT_FOREIGN, "me@other.test", "" },
		{ "me%other.test@node.test", RCPT_UNKNOWN,
		    "me%other.test@node.test", "" },
		{ "@node.test", RCPT_FOREIGN, "@node.test", "" },
		{ "me@node.test@other.test", RCPT_FOREIGN,
		    "me@node.test@other.test", "" },
		{ "me", RCPT_FOREIGN, "me", "" },
		{ "", RCPT_FOREIGN, "", "" },
	};
	struct alias a = { .address = "shop@node.test", .tags = "shop",
	    .folder = "Archive" };
	struct node n;
	struct rcpt r;
	size_t i;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(alias_add(&n.st, &a), 0);
	assert_int_equal(alias_add(&n.st, &a), STORE_EXISTS);
	snprintf(a.address, sizeof a.address, "old@node.test");
	assert_int_equal(alias_add(&n.st, &a), 0);
	assert_int_equal(alias_burn(&n.st, "old@node.test", 5), 0);
	a.expires = clock_wall_s() + 1000;
	snprintf(a.address, sizeof a.address, "soon@node.test");
	assert_int_equal(alias_add(&n.st, &a), 0);
	a.expires = clock_wall_s();
	snprintf(a.address, sizeof a.address, "over@node.test");
	assert_int_equal(alias_add(&n.st, &a), 0);
	assert_int_equal(alias_burn(&n.st, "none@node.test", 5),
	    STORE_NOTFOUND);
	store_turn(&n.st);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		rcpt_resolve(&n.st, cases[i].addr, &r);
		if (r.class != cases[i].class)
			fail_msg("%s: class %d", cases[i].addr, r.class);
		assert_string_equal(r.address, cases[i].canonical);
		assert_string_equal(r.detail, cases[i].detail);
	}
	rcpt_resolve(&n.st, "shop@node.test", &r);
	assert_string_equal(r.folder, "Archive");
	assert_string_equal(r.tags, "shop");
	n.conf.catchall = "Junk";
	rcpt_resolve(&n.st, "any@node.test", &r);
	assert_int_equal(r.class, RCPT_CATCHALL);
	assert_string_equal(r.folder, "Junk");
	rcpt_resolve(&n.st, "old@node.test", &r);
	assert_int_equal(r.class, RCPT_BURNED);
	node_stop(&n);
	node_remove(&n);
}

static void
alias_names(void **state)
{
	char name[ALIAS_ADDR_MAX];
	struct node n;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(alias_name(&n.st, "Shop", name), 0);
	assert_string_equal(name, "shop@node.test");
	assert_int_equal(alias_name(&n.st, "a.b@TWO.test", name), 0);
	assert_string_equal(name, "a.b@two.test");
	assert_int_equal(alias_name(&n.st, "a@other.test", name), STORE_NAME);
	assert_int_equal(alias_name(&n.st, "a b", name), STORE_NAME);
	assert_int_equal(alias_name(&n.st, "", name), STORE_NAME);
	assert_int_equal(alias_name(&n.st, "me", name), STORE_KEPT);
	assert_int_equal(alias_name(&n.st, "Abuse@two.test", name),
	    STORE_KEPT);
	node_stop(&n);
	node_remove(&n);
}

static uint16_t
add(int ch, struct op_reply *r, const char *address, const char *folder,
    const char *tags, const char *note)
{
	struct alias a = { .created = 0 };

	snprintf(a.address, sizeof a.address, "%s", address);
	snprintf(a.folder, sizeof a.folder, "%s", folder);
	snprintf(a.tags, sizeof a.tags, "%s", tags);
	snprintf(a.note, sizeof a.note, "%s", note);
	return alias_ask_add(ch, r, &a);
}

static int
alias_ops_over_a_channel(int ch, void *arg)
{
	struct alias soon = { .address = "soon", .expires = clock_wall_s() +
	    100 }, late = { .address = "late", .expires = clock_wall_s() };
	struct op_reply r;
	struct alias a;

	(void)arg;
	op_reply_init(&r);
	if (add(ch, &r, "b", "", "x y", "note") != OP_OK ||
	    add(ch, &r, "a", "Nowhere", "", "") != STORE_NOTFOUND ||
	    add(ch, &r, "a", "", "", "") != OP_OK ||
	    add(ch, &r, "a", "", "", "") != STORE_EXISTS)
		return 1;
	if (alias_ask_next(ch, &r, "", &a) != OP_OK ||
	    strcmp(a.address, "a@node.test") != 0 ||
	    alias_ask_next(ch, &r, a.address, &a) != OP_OK ||
	    strcmp(a.tags, "x y") != 0 || strcmp(a.note, "note") != 0 ||
	    alias_ask_next(ch, &r, a.address, &a) != STORE_NOTFOUND)
		return 2;
	if (alias_ask_burn(ch, &r, "b") != OP_OK ||
	    alias_ask_remove(ch, &r, "c") != STORE_NOTFOUND ||
	    alias_ask_remove(ch, &r, "a") != OP_OK)
		return 3;
	if (add(ch, &r, "d", "", "", "two\nlines") != OP_BAD)
		return 4;
	if (alias_ask_add(ch, &r, &soon) != OP_OK ||
	    alias_ask_add(ch, &r, &late) != OP_BAD ||
	    alias_ask_next(ch, &r, "b@node.test", &a) != OP_OK ||
	    strcmp(a.address, "soon@node.test") != 0 ||
	    a.expires != soon.expires)
		return 5;
	op_reply_clear(&r);
	return 0;
}

static int
ask_rcpt(int ch, void *arg)
{
	struct op_reply r;
	struct rcpt out;
	uint16_t s;

	op_reply_init(&r);
	s = rcpt_check(ch, &r, arg, &out);
	op_reply_clear(&r);
	return s != OP_OK ? s : 50 + (int)out.class;
}

static void
ops(void **state)
{
	struct node n;
	struct alias a;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_OWNER, alias_ops_over_a_channel,
	    NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_SMTP, alias_ops_over_a_channel,
	    NULL), 1);
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_rcpt, "me@node.test"),
	    50 + RCPT_USER);
	assert_int_equal(node_ask(&n, ROLE_SMTP, ask_rcpt, "b@node.test"),
	    50 + RCPT_BURNED);
	assert_int_equal(node_ask(&n, ROLE_WEB, ask_rcpt, "b@node.test"),
	    OP_DENIED);
	store_turn(&n.st);
	assert_int_equal(alias_get(&n.st, "b@node.test", &a), 0);
	assert_int_equal(a.refused, 1);
	node_stop(&n);
	node_remove(&n);
}

/* ---- events ---- */

static int
tell(int ch, void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 500; i++)
		if (event_tell(ch, i % 2 ? "t1.1" : "t2.1", i % 50 ? "" :
		    "Me@node.test", "attempt", "line one\r\nline two") == -1)
			return 1;
	return 0;
}

static int
query(int ch, void *arg)
{
	struct event_list l;
	struct op_reply r;
	uint64_t after = 0;
	uint16_t s = OP_OK;
	size_t i;
	bool more = true;
	int n = 0;

	op_reply_init(&r);
	while (more && s == OP_OK) {
		s = event_query(ch, &r, arg, after, &l);
		for (i = 0; i < l.n; i++, n++) {
			if (l.event[i].id <= after ||
			    strpbrk(l.event[i].text, "\r\n") != NULL)
				return 99;
			after = l.event[i].id;
		}
		more = l.more;
		event_list_clear(&l);
	}
	op_reply_clear(&r);
	return s != OP_OK && n == 0 ? s : n == 250 ? 0 : 98;
}

static void
stories(void **state)
{
	struct node n;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(node_ask(&n, ROLE_SENDER, tell, NULL), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, query, "t1.1"), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, query, "me@NODE.test"), 0);
	assert_int_equal(node_ask(&n, ROLE_OWNER, query, "nobody"),
	    STORE_NOTFOUND);
	assert_int_equal(node_ask(&n, ROLE_SMTP, query, "t1.1"), OP_DENIED);
	node_stop(&n);
	node_start(&n);		/* written down */
	assert_int_equal(node_ask(&n, ROLE_OWNER, query, "t2.1"), 0);
	node_stop(&n);
	node_remove(&n);
}

static int
how_many(int ch, void *arg)
{
	struct event_list l;
	struct op_reply r;
	uint64_t after = 0;
	bool more = true;
	int n = 0;

	op_reply_init(&r);
	while (more && event_query(ch, &r, arg, after, &l) == OP_OK) {
		n += (int)l.n;
		after = l.n > 0 ? l.event[l.n - 1].id : after;
		more = l.more && l.n > 0;
		event_list_clear(&l);
	}
	op_reply_clear(&r);
	return n / 2;		/* an exit status has eight bits */
}

static void
who_may_tell_and_how_much(void **state)
{
	struct node n = { .loop = NULL };

	(void)state;
	node_dirs(&n);
	node_start(&n);
	/* 500 told, 256 of them taken, half of those with this id. */
	(void)node_ask(&n, ROLE_SMTP, tell, NULL);
	assert_int_equal(node_ask(&n, ROLE_OWNER, how_many, "t1.1"), 64);
	(void)node_ask(&n, ROLE_LOCAL, tell, NULL);
	assert_int_equal(node_ask(&n, ROLE_OWNER, how_many, "t1.1"), 64);
	(void)node_ask(&n, ROLE_SENDER, tell, NULL);
	assert_int_equal(node_ask(&n, ROLE_OWNER, how_many, "t1.1"), 189);
	node_stop(&n);
	node_remove(&n);
}

/* Before its login a device's session is no better known. */
static void
who_has_not_logged_in_tells_little(void **state)
{
	static const enum role roles[] = { ROLE_SUBMISSION, ROLE_IMAP };
	static const struct device phone = { .name = "phone",
	    .scope = DEVICE_SEND };
	struct node n;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(&n, 0, sizeof n);
		node_dirs(&n);
		node_start(&n);
		(void)node_ask(&n, roles[i], tell, NULL);
		assert_int_equal(node_ask(&n, ROLE_OWNER, how_many, "t1.1"),
		    64);
		n.device = &phone;
		(void)node_ask(&n, roles[i], tell, NULL);
		n.device = NULL;
		assert_int_equal(node_ask(&n, ROLE_OWNER, how_many, "t1.1"),
		    189);
		node_stop(&n);
		node_remove(&n);
	}
}

static void
owners(void **state)
{
	static const struct { const char *a, *b; bool same; } cases[] = {
		{ "shop.test", "shop.test", true },
		{ "shop.test", "Mail.Shop.TEST", true },
		{ "shop.test", "hop.test", false },
		{ "a.co.uk", "b.co.uk", false },
		{ "x.a.co.uk", "y.a.co.uk", true },
		{ "a.info.de", "b.info.de", true },
		{ "test", "test", true }, { "test", "a.test", false },
		{ "", "", true }, { ".", "a", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (alias_own_same(cases[i].a, cases[i].b) != cases[i].same)
			fail_msg("%s %s", cases[i].a, cases[i].b);
}

/* Four domains are learnt, in a week; what is beyond leaked. */
static void
own_domains(void **state)
{
	struct alias a = { .address = "shop@node.test" };
	char domain[32];
	struct node n;
	int i;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	assert_int_equal(alias_add(&n.st, &a), 0);
	assert_false(alias_own_check(&n.st, a.address, "junk.test", false, 1));
	for (i = 0; i < ALIAS_OWN_DOMAINS; i++) {
		snprintf(domain, sizeof domain, "d%d.test", i);
		assert_false(alias_own_check(&n.st, a.address, domain, true,
		    1 + (i > 0 ? ALIAS_LEARN_S : 0)));
	}
	assert_true(alias_own_check(&n.st, a.address, "more.test", true, 2));
	assert_false(alias_own_check(&n.st, a.address, "d0.test", true, 2));
	assert_false(alias_own_check(&n.st, "none@node.test", "d", true, 2));
	assert_int_equal(alias_remove(&n.st, a.address), 0);
	assert_int_equal(alias_add(&n.st, &a), 0);
	assert_false(alias_own_check(&n.st, a.address, "d1.test", true, 1));
	assert_true(alias_own_check(&n.st, a.address, "late.test", true,
	    2 + ALIAS_LEARN_S));
	store_turn(&n.st);
	node_stop(&n);
	node_remove(&n);
}

static void
catchall_patterns(void **state)
{
	static const char *const refused[] = { "info", "*sales*", "a*b*c" };
	static const struct { const char *addr; bool taken; } cases[] = {
		{ "info@node.test", false }, { "INFO@node.test", false },
		{ "infos@node.test", true }, { "sales@node.test", false },
		{ "xsalesx@node.test", false }, { "sale@node.test", true },
		{ "abc@node.test", false }, { "aXbXbXc@node.test", false },
		{ "abcd@node.test", true }, { "ac@node.test", true },
	};
	struct node n;
	struct rcpt r;
	size_t i;

	(void)state;
	memset(&n, 0, sizeof n);
	node_dirs(&n);
	node_start(&n);
	n.conf.catchall = "Archive";
	n.conf.catchall_refused = refused;
	n.conf.ncatchall_refused = 3;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		rcpt_resolve(&n.st, cases[i].addr, &r);
		if ((r.class == RCPT_CATCHALL) != cases[i].taken)
			fail_msg("%s: class %d", cases[i].addr, r.class);
	}
	node_stop(&n);
	node_remove(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(owners),
		cmocka_unit_test(own_domains),
		cmocka_unit_test(catchall_patterns),
		cmocka_unit_test(alias_names),
		cmocka_unit_test(ops),
		cmocka_unit_test(stories),
		cmocka_unit_test(who_may_tell_and_how_much),
		cmocka_unit_test(who_has_not_logged_in_tells_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
