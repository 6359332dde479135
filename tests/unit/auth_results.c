#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/auth/results.h"

static const char *const ids[] = { "mail.example.org", "example.net" };

/* Every spelling that some reader might take for ours. */
static const struct {
	const char		*field;
	enum results_claim	 want;
} claims[] = {
	{ "Authentication-Results: mail.example.org; none", RESULTS_OURS },
	{ "authentication-RESULTS:mail.example.org;none", RESULTS_OURS },
	{ "Authentication-Results \t: MAIL.Example.ORG 1; x=y", RESULTS_OURS },
	{ "Authentication-Results:\r\n\tmail.example.org\r\n\t; x=y",
	    RESULTS_OURS },
	{ "Authentication-Results: (a (nested\\)) x) mail.example.org; x=y",
	    RESULTS_OURS },
	{ "Authentication-Results: \"mail.example.org\"; x=y", RESULTS_OURS },
	{ "Authentication-Results: \"mail.ex\\ample.org\"; x=y",
	    RESULTS_OURS },
	{ "Authentication-Results: mail.example.org.; x=y", RESULTS_OURS },
	{ "Authentication-Results: mail.example.org(x); x=y", RESULTS_OURS },
	{ "Authentication-Results: mail.example.org", RESULTS_OURS },
	{ "Authentication-Results: \"mail.example.org\"", RESULTS_OURS },
	{ "Authentication-Results: \"mx.google.com\"", RESULTS_OTHER },
	{ "Authentication-Results: mail.example.org\r\n", RESULTS_OURS },
	{ "Authentication-Results: a.mail.example.org; x=y", RESULTS_OURS },
	{ "Authentication-Results: example.net; x=y", RESULTS_OURS },
	{ "Authentication-Results: any.example.net; x=y", RESULTS_OURS },
	{ "Authentication-Results: mail.example.org/1; x=y", RESULTS_OURS },
	/* Other spellings of the name. */
	{ "Authentication-Results: \xef\xbd\x8d""ail.example.org; x=y",
	    RESULTS_OURS },
	{ "Authentication-Results: mail\xe3\x80\x82""example.org; x=y",
	    RESULTS_OURS },
	{ "Authentication-Results: \"MAIL.EXAMPLE\xef\xbc\x8eORG\"; x=y",
	    RESULTS_OURS },
	{ "Authentication-Results: m\xc3\xa4il.example.org; x=y",
	    RESULTS_OTHER },
	{ "Authentication-Results:", RESULTS_OURS },
	{ "Authentication-Results: ; dkim=pass", RESULTS_OURS },
	{ "Authentication-Results: (no end", RESULTS_OURS },
	{ "Authentication-Results: \"no end", RESULTS_OURS },
	{ "Authentication-Results: <mail.example.org>; x", RESULTS_OURS },
	{ "Authentication-Results: example.org; x=y", RESULTS_OTHER },
	{ "Authentication-Results: xmail.example.org; x=y", RESULTS_OTHER },
	{ "Authentication-Results: mail.example.org.x; x=y", RESULTS_OTHER },
	{ "Authentication-Results: mx.google.com; dkim=pass", RESULTS_OTHER },
	{ "Authentication-Results: mx.google.com", RESULTS_OTHER },
	{ "Authentication-Results: spf=pass (sender IP is 192.0.2.1)",
	    RESULTS_OTHER },
	{ "ARC-Authentication-Results: i=1; mail.example.org",
	    RESULTS_OTHER },
	{ "Authentication-Results-X: mail.example.org", RESULTS_OTHER },
	{ "X-Authentication-Results: mail.example.org", RESULTS_OTHER },
	{ "Subject: Authentication-Results: mail.example.org",
	    RESULTS_OTHER },
	{ "Authentication-Result", RESULTS_OTHER },
	{ "", RESULTS_OTHER },
};

static void
forged_fields_are_found(void **state)
{
	enum results_claim got;
	size_t i, n, k;

	(void)state;
	for (i = 0; i < sizeof claims / sizeof claims[0]; i++) {
		n = strlen(claims[i].field);
		got = results_claim(claims[i].field, n, true, ids, 2);
		if (got != claims[i].want)
			fail_msg("%s: %d", claims[i].field, got);
		/* A shorter beginning may be undecided, never decided wrong. */
		for (k = 0; k < n; k++) {
			got = results_claim(claims[i].field, k, false, ids, 2);
			if (got != RESULTS_MORE && got != claims[i].want)
				fail_msg("%.*s: %d", (int)k,
				    claims[i].field, got);
		}
	}
}

static void
a_long_beginning_decides(void **state)
{
	char field[RESULTS_PREFIX_MAX + 100];
	int n;

	(void)state;
	n = snprintf(field, sizeof field, "Authentication-Results: (%*s",
	    RESULTS_PREFIX_MAX, " ");
	assert_true(n > RESULTS_PREFIX_MAX);
	assert_int_equal(results_claim(field, RESULTS_PREFIX_MAX - 1, false,
	    ids, 2), RESULTS_MORE);
	assert_int_equal(results_claim(field, RESULTS_PREFIX_MAX, false,
	    ids, 2), RESULTS_OURS);
	/* What comes behind that beginning changes nothing. */
	memcpy(field + 24, "\"", 1);
	memcpy(field + n - 1, "\"", 2);
	assert_int_equal(results_claim(field, RESULTS_PREFIX_MAX, false,
	    ids, 2), results_claim(field, (size_t)n, true, ids, 2));
}

static void
writes_what_it_reads(void **state)
{
	static const struct results_item items[] = {
		{ "dkim", "pass", "", 3, { { "header", "d", "example.org" },
		    { "header", "i", "joe@sub.example.org" },
		    { "header", "b", "a/b=+cde" } } },
		{ "dkim", "fail", "a \"long\" reason \\ with \x01 and \xff", 1,
		    { { "header", "d", "a-very-long-domain-name-that-wants-"
		    "a-line-of-its-own.example.org" } } },
		{ "spf", "none", NULL, 1, { { "smtp", "mailfrom", "" } } },
	};
	struct results r;
	struct buf b;
	const char *v, *p, *lf;

	(void)state;
	buf_init(&b, 4000);
	assert_int_equal(results_put(&b, "mail.example.org", items, 3), 0);
	for (p = buf_str(&b); (lf = strchr(p, '\n')) != NULL; p = lf + 1)
		assert_true(lf - p <= 80 && lf[-1] == '\r');
	assert_int_equal(*p, '\0');
	v = strchr(buf_str(&b), ':') + 1;
	assert_int_equal(results_parse(&r, v, strlen(v)), 0);
	assert_string_equal(r.id, "mail.example.org");
	assert_int_equal(r.nitems, 3);
	assert_string_equal(r.items[0].method, "dkim");
	assert_string_equal(r.items[0].props[1].value, "joe@sub.example.org");
	assert_string_equal(r.items[0].props[2].ptype, "header");
	assert_string_equal(r.items[0].props[2].name, "b");
	assert_string_equal(r.items[0].props[2].value, "a/b=+cde");
	assert_string_equal(r.items[1].reason,
	    "a \"long\" reason \\ with ? and ?");
	assert_string_equal(r.items[1].props[0].value,
	    items[1].props[0].value);
	assert_string_equal(r.items[2].props[0].value, "");
	results_clear(&r);
	buf_reset(&b);
	assert_int_equal(results_put(&b, "x", NULL, 0), 0);
	assert_string_equal(buf_str(&b), "Authentication-Results: x; none\r\n");
	buf_clear(&b);
}

/* RFC 8601 appendix B, and what large hosts write. */
static const struct {
	const char	*value;
	int		 items;		/* -1: malformed */
	const char	*last;		/* method result ptype name value */
} values[] = {
	{ " example.org 1; none\r\n", 0, NULL },
	{ " example.com;\r\n  spf=pass smtp.mailfrom=example.net", 1,
	    "spf pass smtp mailfrom example.net" },
	{ " example.com; auth=pass (cleartext) smtp.auth=sender@example.net;"
	    " spf=pass smtp.mailfrom=example.net", 2,
	    "spf pass smtp mailfrom example.net" },
	{ " foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / "
	    "1 (One yay) = (wait for it) fail\r\n policy (A dot can go here)"
	    ".expired", -1, NULL },
	{ " example.net; dkim = (x) pass header.d (y) = (z) example.org", 1,
	    "dkim pass header d example.org" },
	{ " example.net; dkim/1=pass reason=\"good\" header.b=\"a b\"", 1,
	    "dkim pass header b a b" },
	{ " x; dkim=pass header.i=@x.y header.b=AbC/=;", 1,
	    "dkim pass header b AbC/=" },
	{ " x;;", -1, NULL }, { " x; dkim", -1, NULL }, { "", -1, NULL },
	{ " x; dkim=", -1, NULL }, { " x; dkim=pass d=x", -1, NULL },
	{ " x; dkim=pass (open", -1, NULL }, { " x y", -1, NULL },
	{ " x; dkim=pass header.d", -1, NULL },
};

static void
reads_or_refuses(void **state)
{
	const struct results_item *it;
	struct results r;
	char got[200];
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof values / sizeof values[0]; i++) {
		rc = results_parse(&r, values[i].value,
		    strlen(values[i].value));
		if ((rc == -1) != (values[i].items == -1))
			fail_msg("%s: %d", values[i].value, rc);
		if (rc == 0)
			assert_int_equal(r.nitems, values[i].items);
		if (values[i].last != NULL) {
			it = &r.items[r.nitems - 1];
			snprintf(got, sizeof got, "%s %s %s %s %s",
			    it->method, it->result,
			    it->props[it->nprops - 1].ptype,
			    it->props[it->nprops - 1].name,
			    it->props[it->nprops - 1].value);
			assert_string_equal(got, values[i].last);
		}
		results_clear(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_fields_are_found),
		cmocka_unit_test(a_long_beginning_decides),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(reads_or_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
