#include "tests/unit/auth_zone.h"

#include <stdio.h>
#include <stdlib.h>

#include "mailnode/filter/dnsbl.h"

static const struct zone_rr zone[] = {
	/* a good list, of both families */
	{ "2.0.0.127.bl.test", DNS_A, "127.0.0.2" },
	{ "9.2.0.192.bl.test", DNS_A, "127.0.0.4" },
	{ "9.2.0.192.bl.test", DNS_A, "127.0.0.11" },
	{ "8.2.0.192.bl.test", DNS_A, "127.0.0.30" },
	{ "7.2.0.192.bl.test", DNS_A, "127.255.255.254" },
	{ "6.2.0.192.bl.test", DNS_A, "203.0.113.1" },
	{ "5.2.0.192.bl.test", DNS_A, "127.0.0.1" },
	{ "4.2.0.192.bl.test", DNS_A, "!" },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
	    ".bl.test", DNS_A, "127.0.0.2" },
	/* one that lists everything */
	{ "2.0.0.127.all.test", DNS_A, "127.0.0.2" },
	{ "1.0.0.127.all.test", DNS_A, "127.0.0.2" },
	{ "9.2.0.192.all.test", DNS_A, "127.0.0.2" },
	/* one whose name was sold: everything is a web server */
	{ "2.0.0.127.sold.test", DNS_A, "203.0.113.9" },
	{ "1.0.0.127.sold.test", DNS_A, "203.0.113.9" },
	{ "9.2.0.192.sold.test", DNS_A, "203.0.113.9" },
	/* one that does not serve our resolver */
	{ "2.0.0.127.quota.test", DNS_A, "127.255.255.255" },
	{ "1.0.0.127.quota.test", DNS_A, "127.255.255.255" },
	{ "9.2.0.192.quota.test", DNS_A, "127.255.255.255" },
	/* one that is not there, for the moment */
	{ "2.0.0.127.down.test", DNS_A, "!" },
	{ "1.0.0.127.down.test", DNS_A, "!" },
	{ "9.2.0.192.down.test", DNS_A, "127.0.0.2" },
	/* one that was emptied, but for an entry */
	{ "9.2.0.192.empty.test", DNS_A, "127.0.0.2" },
	/* of domains */
	{ "test.dbl.test", DNS_A, "127.0.1.2" },
	{ "bad.example.dbl.test", DNS_A, "127.0.1.2" },
	{ "xn--bcher-kva.example.dbl.test", DNS_A, "127.0.1.4" },
	{ "ip.example.dbl.test", DNS_A, "127.0.1.255" },
	{ NULL, 0, NULL }
};

static struct dnsbl_verdict
check(const char *list, const char *answers, const char *ip,
    const char *domain, enum conf_list_then then)
{
	struct conf_dnsbl l = { list, domain != NULL ? CONF_BY_DOMAIN :
	    CONF_BY_ADDRESS, answers, then };
	struct lookup dns = zone_lookup(zone);
	struct dnsbl_subject s;
	struct dnsbl_verdict v;

	dnsbl_subject_init(&s, ip);
	if (domain != NULL)
		dnsbl_subject_add(&s, domain, strlen(domain));
	dnsbl_check(&l, 1, &s, &dns, &v);
	return v;
}

static void
addresses(void **state)
{
	static const struct {
		const char	*list, *answers, *ip;
		bool		 listed;
		enum dnsbl_state state;
	} cases[] = {
		{ "bl.test", NULL, "192.0.2.9", true, DNSBL_GOOD },
		{ "bl.test", "127.0.0.2-11", "192.0.2.9", true, DNSBL_GOOD },
		/* the second answer counts */
		{ "bl.test", "127.0.0.11", "192.0.2.9", true, DNSBL_GOOD },
		{ "bl.test", "127.0.0.12-20", "192.0.2.9", false, DNSBL_GOOD },
		{ "bl.test", "127.0.0.2-11", "192.0.2.8", false, DNSBL_GOOD },
		{ "bl.test", "127.0.0.16/28", "192.0.2.8", true, DNSBL_GOOD },
		{ "bl.test", NULL, "192.0.2.1", false, DNSBL_GOOD },
		/* errors are no listings */
		{ "bl.test", NULL, "192.0.2.7", false, DNSBL_GOOD },
		{ "bl.test", NULL, "192.0.2.6", false, DNSBL_GOOD },
		{ "bl.test", NULL, "192.0.2.5", false, DNSBL_GOOD },
		{ "bl.test", NULL, "192.0.2.4", false, DNSBL_GOOD },
		{ "bl.test", NULL, "2001:db8::1", true, DNSBL_GOOD },
		{ "bl.test", NULL, "2001:db8::2", false, DNSBL_GOOD },
		/* lists out of order list nobody */
		{ "all.test", NULL, "192.0.2.9", false, DNSBL_EVERYTHING },
		{ "sold.test", NULL, "192.0.2.9", false, DNSBL_EVERYTHING },
		{ "quota.test", NULL, "192.0.2.9", false, DNSBL_REFUSES },
		{ "down.test", NULL, "192.0.2.9", false, DNSBL_UNKNOWN },
		{ "empty.test", NULL, "192.0.2.9", false, DNSBL_NOTHING },
		/* nobody can list what is private: it is not asked */
		{ "all.test", NULL, "10.1.2.3", false, DNSBL_GOOD },
	};
	struct dnsbl_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		v = check(cases[i].list, cases[i].answers, cases[i].ip, NULL,
		    CONF_LIST_REFUSE);
		if (v.list[0].listed != cases[i].listed ||
		    v.list[0].state != cases[i].state)
			fail_msg("%s %s: listed %d, state %d", cases[i].list,
			    cases[i].ip, v.list[0].listed, v.list[0].state);
		assert_int_equal(v.refuse, cases[i].listed);
		assert_int_equal(v.junk, cases[i].listed);
	}
}

static void
domains(void **state)
{
	struct dnsbl_verdict v;
	struct buf line;
	struct conf_dnsbl l = { "dbl.test", CONF_BY_DOMAIN, NULL,
	    CONF_LIST_JUNK };

	(void)state;
	v = check("dbl.test", NULL, NULL, "Bad.Example.", CONF_LIST_JUNK);
	assert_true(v.junk);
	assert_false(v.refuse);
	buf_init(&line, 1000);
	dnsbl_line(&l, &v, &line);
	assert_string_equal(buf_str(&line),
	    " dnsbl=dbl.test(bad.example:127.0.1.2)");
	buf_clear(&line);
	assert_true(check("dbl.test", NULL, NULL, "b\xc3\xbc" "cher.example",
	    CONF_LIST_JUNK).junk);
	assert_false(check("dbl.test", NULL, NULL, "good.example",
	    CONF_LIST_JUNK).junk);
	assert_false(check("dbl.test", NULL, NULL, "ip.example",
	    CONF_LIST_JUNK).junk);
	v = check("bl.test", NULL, NULL, "bad.example", CONF_LIST_REFUSE);
	assert_int_equal(v.list[0].state, DNSBL_NOTHING);
	buf_init(&line, 1000);
	dnsbl_line(&l, &v, &line);
	assert_string_equal(buf_str(&line),
	    " dnsbl=dbl.test(does not list its test entry)");
	buf_clear(&line);
}

static void
names(void **state)
{
	static const char text[] = "see http://A.example/x, "
	    "https://user@b.example:8443/ http://192.0.2.1/ http://localhost/ "
	    "//c.example https://a.example ://\n http://d.example"
	    " http://e.example http://f.example http://g.example http://";
	struct dnsbl_subject s;
	char label[300];
	size_t i;

	(void)state;
	dnsbl_subject_init(&s, "192.0.2.1");
	dnsbl_subject_add(&s, "author.example", 14);
	dnsbl_subject_add(&s, "AUTHOR.example.", 15);
	dnsbl_subject_add(&s, "192.0.2.7", 9);
	dnsbl_subject_add(&s, "host", 4);
	memset(label, 'a', sizeof label);
	dnsbl_subject_add(&s, label, sizeof label);
	assert_int_equal(s.n, 1);
	dnsbl_subject_links(&s, (const uint8_t *)text, strlen(text));
	assert_int_equal(s.n, 1 + DNSBL_HOSTS);
	assert_string_equal(s.name[1], "a.example");
	assert_string_equal(s.name[2], "b.example");
	assert_string_equal(s.name[3], "d.example");
	for (i = 0; i < 20; i++) {
		(void)snprintf(label, sizeof label, "n%zu.example", i);
		dnsbl_subject_add(&s, label, strlen(label));
	}
	assert_int_equal(s.n, DNSBL_NAMES);
}

/* Cut anywhere: nothing behind the end is read. */
static void
cut(void **state)
{
	static const char text[] = "a://b.example c://user@d.example";
	size_t n = strlen(text), i;
	struct dnsbl_subject s;
	uint8_t *copy;

	(void)state;
	for (i = 0; i <= n; i++) {
		copy = malloc(i > 0 ? i : 1);
		assert_non_null(copy);
		memcpy(copy, text, i);
		dnsbl_subject_init(&s, NULL);
		dnsbl_subject_links(&s, copy, i);
		assert_in_range(s.n, 0, 2);
		free(copy);
	}
	assert_int_equal(s.n, 2);
}

/* Eight lists and as many names: every question is asked, in turns. */
static void
many(void **state)
{
	struct conf_dnsbl l[DNSBL_LISTS + 1];
	struct lookup dns = zone_lookup(zone);
	struct dnsbl_subject s;
	struct dnsbl_verdict v;
	char name[40];
	size_t i;

	(void)state;
	for (i = 0; i < DNSBL_LISTS + 1; i++)
		l[i] = (struct conf_dnsbl){ "dbl.test", CONF_BY_DOMAIN, NULL,
		    CONF_LIST_JUNK };
	dnsbl_subject_init(&s, NULL);
	for (i = 0; i + 1 < DNSBL_NAMES; i++) {
		(void)snprintf(name, sizeof name, "n%zu.example", i);
		dnsbl_subject_add(&s, name, strlen(name));
	}
	dnsbl_subject_add(&s, "bad.example", 11);
	dnsbl_check(l, DNSBL_LISTS + 1, &s, &dns, &v);
	assert_int_equal(v.n, DNSBL_LISTS);
	for (i = 0; i < v.n; i++)
		assert_true(v.list[i].listed);
	assert_int_equal(dns.asked, DNSBL_LISTS * (2 + DNSBL_NAMES));
	l[0].zone = NULL;
	dns.asked = 0;
	dnsbl_check(l, 1, &s, &dns, &v);
	assert_int_equal(dns.asked, 0);
	assert_false(v.junk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(domains),
		cmocka_unit_test(names),
		cmocka_unit_test(cut),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
