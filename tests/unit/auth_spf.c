#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "auth_zone.h"
#include "mailnode/auth/spf.h"

static const struct zone_rr zone[] = {
	{ "all.test", DNS_TXT, "v=spf1 -all" },
	{ "empty.test", DNS_TXT, "v=spf1" },
	{ "ip.test", DNS_TXT, "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all" },
	{ "a.test", DNS_TXT, "V=SPF1 a a:b.test/24//64 -all" },
	{ "a.test", DNS_A, "192.0.2.1" },
	{ "b.test", DNS_A, "198.51.100.7" },
	{ "b.test", DNS_AAAA, "2001:db8:1::7" },
	{ "mx.test", DNS_TXT, "v=spf1 mx ?all" },
	{ "mx.test", DNS_MX, "b.test" },
	{ "inc.test", DNS_TXT, "v=spf1 include:all.test include:ip.test -all" },
	{ "redir.test", DNS_TXT, "v=spf1 redirect=%{d1r}.test" },
	{ "test.test", DNS_TXT, "v=spf1 +all" },
	{ "ptr.test", DNS_TXT, "v=spf1 ptr -all" },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, "host.ptr.test" },
	{ "host.ptr.test", DNS_A, "192.0.2.1" },
	{ "2.2.0.192.in-addr.arpa", DNS_PTR, "host.ptr.test" },
	{ "dot.test", DNS_TXT, "v=spf1 ptr:ptr.test. -all" },
	{ "dotd.test", DNS_TXT, "v=spf1 redirect=d.dot.test." },
	{ "d.dot.test", DNS_TXT, "v=spf1 exists:%{d2r}.exp6 exists:%{d1}.a -all" },
	{ "test.a", DNS_A, "127.0.0.2" },
	{ "ptrs.test", DNS_TXT, "v=spf1 -ptr:x.test exists:%{p} ptr +all" },
	{ "mxs.test", DNS_TXT, "v=spf1 mx ptr -all" },
	{ "mxs.test", DNS_MX, "n1.test" },
	{ "mxs.test", DNS_MX, "a.test" },
	{ "mxs.test", DNS_MX, "b.test" },
	{ "3.2.0.192.in-addr.arpa", DNS_PTR, "n1.mxs.test" },
	{ "3.2.0.192.in-addr.arpa", DNS_PTR, "n2.mxs.test" },
	{ "3.2.0.192.in-addr.arpa", DNS_PTR, "n3.mxs.test" },
	{ "mxdown.test", DNS_TXT, "v=spf1 mx -all" },
	{ "mxdown.test", DNS_MX, "a.test" },
	{ "mxdown.test", DNS_MX, "down.test" },
	{ "exists.test", DNS_TXT, "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all" },
	{ "1.2.0.192.me._spf.exists.test", DNS_A, "127.0.0.2" },
	{ "blank.test", DNS_TXT, "v=spf1 exists:%{l}.a%_b.test -all" },
	{ "x y.a b.test", DNS_A, "127.0.0.2" },
	{ "exp.test", DNS_TXT, "v=spf1 -all exp=why.%{o}" },
	{ "exp6.test", DNS_TXT, "v=spf1 -all exp=why.%{d}" },
	{ "why.exp6.test", DNS_TXT, "%{c} is %{ir}" },
	{ "why.exp.test", DNS_TXT, "%{c} is not %{S}'s; see http://x/%{L}%_%%" },
	{ "two.test", DNS_TXT, "v=spf1 -all" },
	{ "two.test", DNS_TXT, "v=spf1 +all" },
	{ "other.test", DNS_TXT, "v=spf10 -all" },
	{ "down.test", DNS_TXT, "!" },
	{ "adown.test", DNS_TXT, "v=spf1 a:down.test -all" },
	{ "void.test", DNS_TXT, "v=spf1 a:n1.test a:n2.test a:n3.test +all" },
	{ "void2.test", DNS_TXT, "v=spf1 a:n1.test a:n2.test +all" },
	{ "loop.test", DNS_TXT, "v=spf1 include:loop.test -all" },
	{ "rloop.test", DNS_TXT, "v=spf1 redirect=rloop.test" },
	{ "incnone.test", DNS_TXT, "v=spf1 include:none.test -all" },
	{ "ten.test", DNS_TXT, "v=spf1 a:b.test a:b.test a:b.test a:b.test "
	    "a:b.test a:b.test a:b.test a:b.test a:b.test a:b.test -all" },
	{ "eleven.test", DNS_TXT, "v=spf1 a:b.test a:b.test a:b.test a:b.test "
	    "a:b.test a:b.test a:b.test a:b.test a:b.test a:b.test a:b.test "
	    "-all" },
	{ "unknown.test", DNS_TXT, "v=spf1 moo.cow-far_out=man:dog/cat -all" },
	{ "bad1.test", DNS_TXT, "v=spf1 -all ip:192.0.2.1" },
	{ "bad2.test", DNS_TXT, "v=spf1 a:b.test/33 -all" },
	{ "bad3.test", DNS_TXT, "v=spf1 a:b.test/024 -all" },
	{ "bad4.test", DNS_TXT, "v=spf1 ip4:1.2.3 -all" },
	{ "bad5.test", DNS_TXT, "v=spf1 ip6:::1/129 -all" },
	{ "bad6.test", DNS_TXT, "v=spf1 exists:%{d0}.test -all" },
	{ "bad7.test", DNS_TXT, "v=spf1 exists:%{c}.test -all" },
	{ "bad8.test", DNS_TXT, "v=spf1 exists:100%.test -all" },
	{ "bad9.test", DNS_TXT, "v=spf1 redirect=a.test redirect=b.test" },
	{ "bad10.test", DNS_TXT, "v=spf1 a:test.123 -all" },
	{ "bad11.test", DNS_TXT, "v=spf1 include -all" },
	{ "bad12.test", DNS_TXT, "v=spf1 all:x.test" },
	{ "bad13.test", DNS_TXT, "v=spf1 +a\xc3\xa4 -all" },
	{ "bad14.test", DNS_TXT, "v=spf1 mx: -all" },
	{ "bad15.test", DNS_TXT, "v=spf1 -all =x" },
	{ "xn--bcher-kva.test", DNS_TXT, "v=spf1 exists:%{l}.u.test "
	    "exists:%{h}.u.test exists:%{d}.u.test -all" },
	{ "xn--bcher-kva.test.u.test", DNS_A, "127.0.0.2" },
	{ NULL, 0, NULL }
};

static const struct {
	const char	*ip, *from;
	enum spf_result	 want;
	const char	*reason;	/* NULL: any */
} cases[] = {
	{ "192.0.2.1", "x@all.test", SPF_FAIL, "-all" },
	{ "192.0.2.1", "x@empty.test", SPF_NEUTRAL, "no mechanism matches" },
	{ "192.0.2.1", "x@none.test", SPF_NONE, "no record" },
	{ "192.0.2.1", "x@other.test", SPF_NONE, "no record" },
	{ "192.0.2.1", "x@localhost", SPF_NONE, "no domain name" },
	{ "192.0.2.1", "x@a..test", SPF_NONE, "no domain name" },
	{ "no address", "x@all.test", SPF_NONE, "no address" },
	{ "192.0.2.77", "x@ip.test", SPF_PASS, "ip4:192.0.2.0/24" },
	{ "::ffff:192.0.2.77", "x@ip.test", SPF_PASS, "ip4:192.0.2.0/24" },
	{ "192.0.3.77", "x@ip.test", SPF_SOFTFAIL, "~all" },
	{ "2001:db8:ffff::1", "x@ip.test", SPF_PASS, "ip6:2001:db8::/32" },
	{ "2001:db9::1", "x@ip.test", SPF_SOFTFAIL, "~all" },
	{ "192.0.2.1", "x@A.Test.", SPF_PASS, "a" },
	{ "198.51.100.200", "x@a.test", SPF_PASS, "a:b.test/24//64" },
	{ "2001:db8:1::9", "x@a.test", SPF_PASS, "a:b.test/24//64" },
	{ "2001:db8:1:1::9", "x@a.test", SPF_FAIL, "-all" },
	{ "198.51.100.7", "x@mx.test", SPF_PASS, "mx" },
	{ "198.51.100.8", "x@mx.test", SPF_NEUTRAL, "?all" },
	{ "198.51.100.7", "x@mxs.test", SPF_PASS, "mx" },
	/* An exchange nobody knows of matters only if none before matches. */
	{ "192.0.2.1", "x@mxdown.test", SPF_PASS, "mx" },
	{ "192.0.2.2", "x@mxdown.test", SPF_TEMPERROR, "DNS of an MX" },
	{ "192.0.2.1", "x@inc.test", SPF_PASS, "include:ip.test" },
	{ "192.0.3.1", "x@inc.test", SPF_FAIL, "-all" },
	{ "192.0.2.1", "x@redir.test", SPF_PERMERROR, NULL },
	{ "192.0.2.1", "x@ptr.test", SPF_PASS, "ptr" },
	{ "192.0.2.2", "x@ptr.test", SPF_FAIL, "-all" },
	{ "192.0.2.1", "x@dot.test", SPF_PASS, "ptr:ptr.test." },
	{ "192.0.2.1", "x@dotd.test", SPF_PASS, "exists:%{d1}.a" },
	{ "192.0.2.1", "me+tag@exists.test", SPF_PASS, NULL },
	{ "192.0.2.1", "you@exists.test", SPF_FAIL, "-all" },
	{ "192.0.2.1", "x y@blank.test", SPF_PASS, NULL },
	{ "192.0.2.1", "x@blank.test", SPF_FAIL, "-all" },
	{ "192.0.2.1", "x@two.test", SPF_PERMERROR, "more than one record" },
	{ "192.0.2.1", "x@down.test", SPF_TEMPERROR, NULL },
	{ "192.0.2.1", "x@adown.test", SPF_TEMPERROR, NULL },
	{ "192.0.2.1", "x@void.test", SPF_PERMERROR, "too many void lookups" },
	{ "192.0.2.1", "x@void2.test", SPF_PASS, "+all" },
	{ "192.0.2.1", "x@loop.test", SPF_PERMERROR, "too many lookups" },
	{ "192.0.2.1", "x@rloop.test", SPF_PERMERROR, "too many lookups" },
	{ "192.0.2.1", "x@incnone.test", SPF_PERMERROR,
	    "include of a domain without a record" },
	{ "192.0.2.1", "x@ten.test", SPF_FAIL, "-all" },
	{ "192.0.2.1", "x@eleven.test", SPF_PERMERROR, "too many lookups" },
	{ "192.0.2.1", "x@unknown.test", SPF_FAIL, "-all" },
	{ "192.0.2.9", "x@ptrs.test", SPF_PERMERROR,
	    "too many void lookups" },
	{ "192.0.2.1", "x@ptrs.test", SPF_PASS, "exists:%{p}" },
	/* RFC 8616 section 4 */
	{ "192.0.2.1", "x@b\xc3\xbc""cher.test", SPF_PASS,
	    "exists:%{d}.u.test" },
	{ "192.0.2.1", "j\xc3\xb6rg@B\xc3\x9c""CHER.test", SPF_PASS,
	    "exists:%{d}.u.test" },
	{ "192.0.2.1", "x@\xff.test", SPF_NONE, "no domain name" },
};

static struct spf_verdict
check(const char *ip, const char *helo, const char *from)
{
	struct spf_ask q = { ip, helo, from, "me.test", 1000 };
	struct lookup l = zone_lookup(zone);
	struct spf_verdict v;

	spf_check(&q, &l, &v);
	return v;
}

static void
results_and_reasons(void **state)
{
	struct spf_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		v = check(cases[i].ip, "helo.test", cases[i].from);
		if (v.result != cases[i].want || (cases[i].reason != NULL &&
		    strcmp(v.reason, cases[i].reason) != 0))
			fail_msg("%s %s: %s (%s)", cases[i].ip,
			    cases[i].from, spf_result_text(v.result),
			    v.reason);
	}
}

/* RFC 7208 section 4.6: found before anything is evaluated. */
static void
errors_anywhere_are_permerror(void **state)
{
	struct spf_verdict v;
	char from[32];
	int i;

	(void)state;
	for (i = 1; i <= 15; i++) {
		snprintf(from, sizeof from, "x@bad%d.test", i);
		v = check("192.0.2.1", "helo.test", from);
		if (v.result != SPF_PERMERROR)
			fail_msg("%s: %s (%s)", from,
			    spf_result_text(v.result), v.reason);
	}
}

static void
the_null_sender_is_the_helo_name(void **state)
{
	struct spf_verdict v;

	(void)state;
	v = check("192.0.2.1", "all.test", "");
	assert_int_equal(v.result, SPF_FAIL);
	assert_string_equal(v.domain, "all.test");
	v = check("192.0.2.1", "all.test", NULL);
	assert_int_equal(v.result, SPF_FAIL);
	v = check("192.0.2.1", "all.test", "x@ip.test");
	assert_int_equal(v.result, SPF_PASS);
}

static void
explanations_are_expanded(void **state)
{
	struct spf_verdict v;

	(void)state;
	v = check("192.0.2.1", "helo.test", "a b@exp.test");
	assert_int_equal(v.result, SPF_FAIL);
	assert_string_equal(v.explanation, "192.0.2.1 is not "
	    "a%20b%40exp.test's; see http://x/a%20b %");
	v = check("2001:db8::1", "helo.test", "x@exp6.test");
	assert_string_equal(v.explanation, "2001:db8::1 is 1.0.0.0.0.0.0.0."
	    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2");
	v = check("192.0.2.1", "helo.test", "x@all.test");
	assert_string_equal(v.explanation, "");
}

static unsigned int rounds, questions;	/* of count() */

static void
count(void *arg, struct dns_question *q, size_t n)
{
	rounds++;
	questions += (unsigned int)n;
	zone_ask(arg, q, n);
}

/* Addresses of exchanges and of names are wanted all at once. */
static void
hosts_are_asked_together(void **state)
{
	struct spf_ask q = { "192.0.2.3", "helo.test", "x@mxs.test",
	    "me.test", 1000 };
	struct lookup l = zone_lookup(zone);
	struct spf_verdict v;

	(void)state;
	l.ask = count;
	rounds = questions = 0;
	spf_check(&q, &l, &v);
	assert_int_equal(v.result, SPF_FAIL);
	/* TXT, MX, three addresses; PTR, three addresses */
	assert_int_equal(rounds, 5);
	assert_int_equal(questions, 9);
	assert_int_equal(v.lookups, 2);
	assert_int_equal(v.voids, 0);
}

/* However often %{p} stands in records, its names are sought once. */
static void
the_clients_names_are_asked_for_once(void **state)
{
	static const char p8[] = "%{p}%{p}%{p}%{p}%{p}%{p}%{p}%{p}";
	char record[1024];
	struct zone_rr z[] = { { "p.test", DNS_TXT, record },
	    { "1.2.0.192.in-addr.arpa", DNS_PTR, "a.test" },
	    { "1.2.0.192.in-addr.arpa", DNS_PTR, "b.test" },
	    { "a.test", DNS_A, "192.0.2.1" }, { NULL, 0, NULL } };
	struct lookup l = zone_lookup(z);
	struct spf_ask q = { "192.0.2.1", "helo.test", "x@p.test",
	    "me.test", 1000 };
	struct spf_verdict v;

	(void)state;
	snprintf(record, sizeof record, "v=spf1 a:%s%s.x.test a:%s%s.y.test "
	    "exists:%s.z.test ~all", p8, p8, p8, p8, p8);
	l.ask = count;
	rounds = questions = 0;
	spf_check(&q, &l, &v);
	/* TXT, PTR, two addresses; three terms, the third void too many */
	assert_int_equal(questions, 7);
	assert_int_equal(v.result, SPF_PERMERROR);
	/* TXT, PTR: without one each term is a void. */
	q.ip = "192.0.2.2";
	questions = 0;
	spf_check(&q, &l, &v);
	assert_int_equal(questions, 2);
	assert_int_equal(v.voids, 3);
	assert_int_equal(v.lookups, 3);
}

/* Section 4.6.4: of eleven exchanges the eleventh is not asked for. */
static void
eleven_exchanges(void **state)
{
	struct zone_rr z[14] = { { "x.test", DNS_TXT, "v=spf1 mx -all" } };
	struct lookup l = zone_lookup(z);
	struct spf_ask q = { "192.0.2.1", "helo.test", "x@x.test",
	    "me.test", 1000 };
	struct spf_verdict v;
	size_t i;

	(void)state;
	for (i = 1; i <= 10; i++)
		z[i] = (struct zone_rr){ "x.test", DNS_MX, "no.test" };
	spf_check(&q, &l, &v);
	assert_int_equal(v.result, SPF_FAIL);
	z[i++] = (struct zone_rr){ "x.test", DNS_MX, "yes.test" };
	z[i++] = (struct zone_rr){ "yes.test", DNS_A, "192.0.2.1" };
	spf_check(&q, &l, &v);
	assert_int_equal(v.result, SPF_PERMERROR);
	assert_string_equal(v.reason, "too many MX records");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_and_reasons),
		cmocka_unit_test(errors_anywhere_are_permerror),
		cmocka_unit_test(the_null_sender_is_the_helo_name),
		cmocka_unit_test(explanations_are_expanded),
		cmocka_unit_test(hosts_are_asked_together),
		cmocka_unit_test(the_clients_names_are_asked_for_once),
		cmocka_unit_test(eleven_exchanges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
