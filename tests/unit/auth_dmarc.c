#include <stdio.h>
#include "auth_zone.h"
#include "mailnode/auth/dmarc.h"

static const struct zone_rr zone[] = {
	{ "_dmarc.plain.test", DNS_TXT, "v=DMARC1; p=reject; sp=quarantine" },
	{ "_dmarc.own.plain.test", DNS_TXT, "v=DMARC1; p=none" },
	{ "_dmarc.np.test", DNS_TXT, "v=DMARC1; p=none; sp=quarantine; np=reject" },
	{ "there.np.test", DNS_AAAA, "2001:db8::1" },
	{ "odd.np.test", DNS_A, "!" },
	{ "_dmarc.strict.test", DNS_TXT, "v=DMARC1; p=reject; adkim=s; aspf=S" },
	{ "_dmarc.two.test", DNS_TXT, "v=DMARC1; p=reject" },
	{ "_dmarc.two.test", DNS_TXT, "v=DMARC1; p=none" },
	{ "_dmarc.one.two.test", DNS_TXT, "v=spf1 -all" },
	{ "_dmarc.one.two.test", DNS_TXT, "v=DMARC1; p=reject" },
	{ "_dmarc.suffix", DNS_TXT, "v=DMARC1; p=reject; psd=y" },
	{ "_dmarc.have.suffix", DNS_TXT, "v=DMARC1; p=quarantine" },
	{ "_dmarc.unit.big.test", DNS_TXT, "v=DMARC1; p=reject; psd=n" },
	{ "_dmarc.big.test", DNS_TXT, "v=DMARC1; p=none" },
	{ "_dmarc.test.test", DNS_TXT, "v=DMARC1; p=reject; t=y; pct=1; ri=x; rf=y" },
	{ "_dmarc.bad.test", DNS_TXT, "v=DMARC1; p=maybe" },
	{ "_dmarc.badrua.test", DNS_TXT, "v=DMARC1; p=reject; sp=x; rua=mailto:a@b.c" },
	{ "_dmarc.nop.test", DNS_TXT, "v=DMARC1; rua=junk, https://x.test/" },
	{ "_dmarc.twice.plain.test", DNS_TXT, "v=DMARC1; p=none; P=none" },
	{ "_dmarc.again.plain.test", DNS_TXT, "v=DMARC1; p=none; x=1; x=2" },
	{ "_dmarc.down.test", DNS_TXT, "!" },
	{ "_dmarc.up.down.test", DNS_TXT, "v=DMARC1; p=reject" },
	{ "_dmarc.z.example", DNS_TXT, "v=DMARC1; p=reject" },
	{ "_dmarc.t.u.v.w.x.y.z.example", DNS_TXT, "v=DMARC1; p=none; psd=n" },
	{ "_dmarc.v.w.x.y.z.example", DNS_TXT, "v=DMARC1; p=quarantine; psd=n" },
	{ "_dmarc.xn--bcher-kva.test", DNS_TXT, "v=DMARC1; p=reject" },
	{ NULL, 0, NULL }
};

static const struct {
	const char	*from, *dkim, *spf;	/* NULL: nothing passed */
	enum dmarc_result want;
	const char	*policy, *record, *org;
} cases[] = {
	{ "a@plain.test", "plain.test", NULL, DMARC_PASS, "reject",
	    "plain.test", "plain.test" },
	{ "a@plain.test", NULL, "m.plain.test", DMARC_PASS, "reject",
	    "plain.test", "plain.test" },
	{ "a@plain.test", "plain.test.evil.example", "notplain.test",
	    DMARC_FAIL, "reject", "plain.test", "plain.test" },
	{ "a@x.plain.test", NULL, NULL, DMARC_FAIL, "quarantine",
	    "plain.test", "plain.test" },
	{ "a@own.plain.test", NULL, NULL, DMARC_FAIL, "none",
	    "own.plain.test", "plain.test" },
	/* Both below the same organization. */
	{ "a@own.plain.test", "b.plain.test", NULL, DMARC_PASS, "none",
	    "own.plain.test", "plain.test" },
	{ "a@there.np.test", NULL, NULL, DMARC_FAIL, "quarantine",
	    "np.test", "np.test" },
	{ "a@gone.np.test", NULL, NULL, DMARC_FAIL, "reject", "np.test",
	    "np.test" },
	{ "a@odd.np.test", NULL, NULL, DMARC_TEMPERROR, NULL, NULL, NULL },
	{ "a@np.test", NULL, NULL, DMARC_FAIL, "none", "np.test",
	    "np.test" },
	{ "a@strict.test", "m.strict.test", "m.strict.test", DMARC_FAIL,
	    "reject", "strict.test", "strict.test" },
	{ "a@strict.test", "strict.test", NULL, DMARC_PASS, "reject",
	    "strict.test", "strict.test" },
	{ "a@two.test", NULL, NULL, DMARC_NONE, NULL, "", "two.test" },
	{ "a@one.two.test", NULL, NULL, DMARC_FAIL, "reject",
	    "one.two.test", "one.two.test" },
	{ "a@none.test", "none.test", NULL, DMARC_NONE, NULL, "",
	    "none.test" },
	{ "a@b.none.suffix", NULL, "none.suffix", DMARC_PASS, "reject",
	    "suffix", "none.suffix" },
	{ "a@none.suffix", "other.suffix", "suffix", DMARC_FAIL, "reject",
	    "suffix", "none.suffix" },
	{ "a@b.have.suffix", "have.suffix", NULL, DMARC_PASS, "quarantine",
	    "have.suffix", "have.suffix" },
	{ "a@suffix", "suffix", NULL, DMARC_PASS, "reject", "suffix",
	    "suffix" },
	{ "a@m.unit.big.test", "big.test", NULL, DMARC_FAIL, "reject",
	    "unit.big.test", "unit.big.test" },
	{ "a@m.unit.big.test", "unit.big.test", NULL, DMARC_PASS, "reject",
	    "unit.big.test", "unit.big.test" },
	{ "a@big.test", "unit.big.test", NULL, DMARC_FAIL, "none",
	    "big.test", "big.test" },
	{ "a@test.test", NULL, NULL, DMARC_FAIL, "quarantine", "test.test",
	    "test.test" },
	{ "a@bad.test", NULL, NULL, DMARC_NONE, NULL, "bad.test",
	    "bad.test" },
	{ "a@x.badrua.test", NULL, NULL, DMARC_FAIL, "none", "badrua.test",
	    "badrua.test" },
	{ "a@nop.test", NULL, NULL, DMARC_FAIL, "none", "nop.test",
	    "nop.test" },
	/* A tag that is there twice: no record, and the walk goes on. */
	{ "a@twice.plain.test", NULL, NULL, DMARC_FAIL, "quarantine",
	    "plain.test", "plain.test" },
	{ "a@again.plain.test", NULL, NULL, DMARC_FAIL, "quarantine",
	    "plain.test", "plain.test" },
	{ "a@down.test", NULL, NULL, DMARC_TEMPERROR, NULL, "", "" },
	{ "a@x.down.test", "x.down.test", NULL, DMARC_TEMPERROR, NULL, "",
	    "" },
	/* Its own record holds whatever is above it. */
	{ "a@up.down.test", "up.down.test", NULL, DMARC_PASS, "reject",
	    "up.down.test", "" },
	{ "a@up.down.test", NULL, NULL, DMARC_FAIL, "reject",
	    "up.down.test", "" },
	{ "a@up.down.test", "m.up.down.test", NULL, DMARC_TEMPERROR,
	    "reject", "up.down.test", "" },
	/* Section 4.10: nine labels; the eight-label record is not asked. */
	{ "a@s.t.u.v.w.x.y.z.example", NULL, NULL, DMARC_FAIL, "quarantine",
	    "v.w.x.y.z.example", "v.w.x.y.z.example" },
	{ "a@t.u.v.w.x.y.z.example", NULL, NULL, DMARC_FAIL, "none",
	    "t.u.v.w.x.y.z.example", "t.u.v.w.x.y.z.example" },
	{ "a@B\xc3\x9c""cher.test", "xn--bcher-kva.test", NULL, DMARC_PASS,
	    "reject", "xn--bcher-kva.test", "xn--bcher-kva.test" },
	{ "a@[192.0.2.1]", NULL, NULL, DMARC_NONE, NULL, "", "" },
	{ "nobody", NULL, NULL, DMARC_NONE, NULL, "", "" },
	/* More than one author: the worst of them. */
	{ "a@plain.test, b@none.test", "none.test", NULL, DMARC_FAIL,
	    "reject", "plain.test", "plain.test" },
	{ "a@own.plain.test, b@plain.test", NULL, "plain.test", DMARC_PASS,
	    "none", "own.plain.test", "plain.test" },
	{ "a@a.x, a@b.x, a@c.x, a@d.x, a@e.x", NULL, NULL, DMARC_PERMERROR,
	    NULL, "", "a.x" },
};

static struct dmarc_verdict
check(const char *from, const char *dkim, const char *spf)
{
	struct dmarc_id ids[2];
	struct lookup l = zone_lookup(zone);
	struct dmarc_verdict v;
	struct from f;
	size_t n = 0;

	from_init(&f);
	from_add(&f, from, strlen(from));
	if (dkim != NULL)
		ids[n++] = (struct dmarc_id){ dkim, true, false };
	if (spf != NULL)
		ids[n++] = (struct dmarc_id){ spf, false, false };
	dmarc_check_from(&f, ids, n, &l, &v);
	return v;
}

static void
policies_and_alignment(void **state)
{
	struct dmarc_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		v = check(cases[i].from, cases[i].dkim, cases[i].spf);
		if (v.result != cases[i].want || (cases[i].policy != NULL &&
		    strcmp(dmarc_policy_text(v.policy),
		    cases[i].policy) != 0) || (cases[i].record != NULL &&
		    strcmp(v.record, cases[i].record) != 0) ||
		    (cases[i].org != NULL &&
		    strcmp(v.org, cases[i].org) != 0))
			fail_msg("%s: %s %s record=%s org=%s (%s)",
			    cases[i].from, dmarc_result_text(v.result),
			    dmarc_policy_text(v.policy), v.record, v.org,
			    v.reason);
	}
}

static void
records_are_told_from_others(void **state)
{
	static const char *const yes[] = { "v=DMARC1", "v=DMARC1;p=none",
	    "v = DMARC1 ; p=none", "V=DMARC1;", " v=DMARC1" };
	static const char *const no[] = { "", "v=dmarc1", "v=DMARC1x; p=none",
	    "p=none; v=DMARC1", "v=DMARC", "DMARC1", "v=", ";v=DMARC1",
	    "x; v=DMARC1" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof yes / sizeof yes[0]; i++)
		assert_true(dmarc_is_record(yes[i], strlen(yes[i])));
	for (i = 0; i < sizeof no / sizeof no[0]; i++)
		assert_false(dmarc_is_record(no[i], strlen(no[i])));
}

/* RFC 9989 section 5.3.6: what the DNS hides might have been a pass. */
static void
not_known_is_not_failed(void **state)
{
	struct dmarc_id ids[] = { { "m.plain.test", true, true },
	    { "other.test", false, true } };
	struct lookup l = zone_lookup(zone);
	struct dmarc_verdict v;

	(void)state;
	dmarc_check("plain.test", ids, 2, &l, &v);
	assert_int_equal(v.result, DMARC_TEMPERROR);
	dmarc_check("plain.test", ids + 1, 1, &l, &v);
	assert_int_equal(v.result, DMARC_FAIL);
	ids[1] = (struct dmarc_id){ "plain.test", false, false };
	dmarc_check("plain.test", ids, 2, &l, &v);
	assert_int_equal(v.result, DMARC_PASS);
}

/* A thousand domains that might align cost no more than a few walks. */
static void
walks_are_bounded(void **state)
{
	static char name[1000][64];
	static struct dmarc_id ids[1000];
	struct lookup l = zone_lookup(zone);
	struct dmarc_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(name[i], sizeof name[i], "a.b.c.d.e.%zu.u.unit.big."
		    "test", i);
		ids[i] = (struct dmarc_id){ name[i], true, false };
	}
	dmarc_check("big.test", ids, 1000, &l, &v);
	assert_int_equal(v.result, DMARC_FAIL);
	assert_true(l.asked <= DMARC_LABELS_MAX * (DMARC_WALKS_MAX + 1));
}

/* ---- From ---- */

static void
author_domains(void **state)
{
	static const struct {
		const char	*text, *domains;
		size_t		 addresses;
	} froms[] = {
		{ " Me <me@A.test>\r\n", "a.test ", 1 },
		{ "me@a.test (me@b.test)", "a.test ", 1 },
		{ "\"x@b.test\" <me@a.test>", "a.test ", 1 },
		{ "x@b.test <me@a.test>", "a.test ", 1 },
		{ "me@a.test, you@b.test,us@A.TEST.", "a.test b.test ", 3 },
		{ "Group: me@a.test, <you@b.test>;, x@c.test",
		    "a.test b.test c.test ", 3 },
		{ "Undisclosed: ;", "", 0 },
		{ "<@x.test,@y.test:me@a.test>", "a.test ", 1 },
		{ "\"a b@c\"@a.test", "a.test ", 1 },
		{ "me @ a . test", "a.test ", 1 },
		{ "me@(c)a(d).test(e)", "a.test ", 1 },
		{ "<me@a.test", "a.test ", 1 },
		{ "<me@a.test><you@b.test>", "a.test b.test ", 2 },
		{ "\"no end <me@a.test>", "a.test ", 1 },
		{ "(no end <me@a.test>", "a.test ", 1 },
		{ "=?utf-8?q?=22x=40b.test=22?= <me@a.test>", "a.test ", 1 },
		{ "=?utf-8?q?x=40b.test?=@a.test", "a.test ", 1 },
		{ "me@b\xc3\xbc""cher.test", "xn--bcher-kva.test ", 1 },
		{ "me@\xef\xbd\x81.test", "a.test ", 1 },
		{ "me@a\xe3\x80\x82test", "a.test ", 1 },
		{ "me@[192.0.2.1]", "", 1 },
		{ "me@[IPv6:::1]", "", 1 },
		{ "me@", "", 1 },
		/* No addresses, but some readers show one. */
		{ "me@a.test>", "a.test ", 1 },
		{ "me@a.test\\>", "a.test ", 1 },
		{ "me@a.test]", "a.test ", 1 },
		{ "me@a.test)", "a.test ", 1 },
		{ "me@a.test@", "a.test ", 1 },
		{ "me@a.test\"", "a.test ", 1 },
		{ "me@a.test\"x@b.test\"", "a.test ", 1 },
		{ "me@a.test[192.0.2.1]", "a.test ", 1 },
		{ "me@a.test x", "a.test a.testx ", 1 },
		{ "me@a.test(c)x", "a.test a.testx ", 1 },
		{ "me@a.t\x01x\x7fst", "a.t a.txst ", 1 },
		{ "me@a.test x@b.test", "a.test a.testx b.test ", 1 },
		{ "me@a.test@b.test:", "a.test b.test ", 1 },
		{ "me@a.test: us@b.test;", "a.test b.test ", 2 },
		{ "<x@b.test>me@a.test", "b.test a.test ", 2 },
		{ "<x@b.test,me@a.test>", "b.test a.test ", 2 },
		{ "<x@b.t<me@a.test>", "b.t a.test ", 2 },
		{ "me@a.\x7ftest\x01", "a.test ", 1 },
		{ "me@.a.test..", "a.test ", 1 },
		{ "me@a.test=?utf-8?q?x?=", "a.test ", 1 },
		/* Names that some readers show as the author. */
		{ "me@a.test Me <x@b.test>", "a.test a.testme b.test ", 2 },
		{ "me@a.test[192.0.2.1] <x@b.test>", "a.test b.test ", 2 },
		{ "me@a.test\"<<x@b.test", "a.test b.test ", 2 },
		{ "me@a.test@us@c.test <x@b.test>",
		    "a.test us c.test b.test ", 2 },
		{ "me@a.test <", "a.test ", 0 },
		{ "me@a.test <>", "a.test ", 1 },
		{ "\"me@a.test\"", "a.test ", 0 },
		{ "\"me@a.test\" <>", "a.test ", 1 },
		{ "x@b.test, \"me@a.test\"", "b.test a.test ", 1 },
		{ "x@b.test, me@a.test <", "b.test a.test ", 1 },
		{ "Group: \"me@a.test\";", "a.test ", 0 },
		{ "<me>", "", 1 },
		{ "", "", 0 },
	};
	char got[4 * DNS_NAME_MAX];
	struct from f;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof froms / sizeof froms[0]; i++) {
		from_init(&f);
		from_add(&f, froms[i].text, strlen(froms[i].text));
		got[0] = '\0';
		for (k = 0; k < f.ndomains; k++)
			snprintf(got + strlen(got), sizeof got - strlen(got),
			    "%s ", f.domain[k]);
		if (strcmp(got, froms[i].domains) != 0 ||
		    f.addresses != froms[i].addresses)
			fail_msg("%s: %s (%zu)", froms[i].text, got,
			    f.addresses);
	}
}

/* 5,000 addresses, and what must not be scanned again and again. */
static void
froms_are_bounded(void **state)
{
	static const char *const junk[] = { "(", "\"", "<", "\\\"", "a@b.c<",
	    "=?utf-8?b?PT91dGYtOD9i", ":;" };
	struct from f;
	struct buf b;
	size_t i, k;

	(void)state;
	buf_init(&b, 4 << 20);
	for (i = 0; i < 5000; i++)
		buf_addf(&b, "u%zu <u@d%zu.test>, ", i, i);
	from_init(&f);
	from_add(&f, (char *)b.data, b.len);
	assert_int_equal(f.addresses, 5000);
	assert_int_equal(f.ndomains, FROM_DOMAINS_MAX);
	assert_true(f.more);
	for (i = 0; i < sizeof junk / sizeof junk[0]; i++) {
		buf_reset(&b);
		for (k = 0; k < 200000; k++)
			buf_adds(&b, junk[i]);
		from_init(&f);
		from_add(&f, (char *)b.data, b.len);
	}
	/* Too long for one that is kept; readers show it all the same. */
	buf_reset(&b);
	for (k = 0; k < 5000; k++)
		buf_addc(&b, 'x');
	buf_adds(&b, "@a.test");
	from_init(&f);
	from_add(&f, (char *)b.data, b.len);
	assert_int_equal(f.ndomains, 1);
	assert_string_equal(f.domain[0], "a.test");
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_and_alignment),
		cmocka_unit_test(records_are_told_from_others),
		cmocka_unit_test(not_known_is_not_failed),
		cmocka_unit_test(walks_are_bounded),
		cmocka_unit_test(author_domains),
		cmocka_unit_test(froms_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
