#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/smtp/path.h"

#define L10	"aaaaaaaaaa"
#define L60	L10 L10 L10 L10 L10 L10
#define LABEL	L60 "aaa"	/* 63 */
#define U5	"\xd1\x8a\xd1\x8a\xd1\x8a\xd1\x8a\xd1\x8a"
#define U20	U5 U5 U5 U5

static const struct {
	const char	*in;
	unsigned int	 flags;
	enum path_err	 err;
	const char	*address;	/* canonical */
} cases[] = {
	/* atoms */
	{ "<a@b>", 0, PATH_OK, "a@b" },
	{ "<A.b-c+d@Example.ORG>", 0, PATH_OK, "A.b-c+d@Example.ORG" },
	{ "<!#$%&'*+-/=?^_`{|}~@x.org>", 0, PATH_OK,
	    "!#$%&'*+-/=?^_`{|}~@x.org" },
	{ "<a@under_score.x>", 0, PATH_OK, "a@under_score.x" },
	{ "<.a@b>", 0, PATH_SYNTAX, "" },
	{ "<a.@b>", 0, PATH_SYNTAX, "" },
	{ "<a..b@c>", 0, PATH_SYNTAX, "" },
	{ "<a b@c>", 0, PATH_SYNTAX, "" },
	{ "<a(c)@b>", 0, PATH_SYNTAX, "" },
	{ "<a@b@c>", 0, PATH_SYNTAX, "" },
	{ "<a>", 0, PATH_SYNTAX, "" },
	{ "<@b>", 0, PATH_SYNTAX, "" },
	{ "<a@>", 0, PATH_SYNTAX, "" },
	{ "<a\r@b>", 0, PATH_SYNTAX, "" },
	/* brackets */
	{ "a@b", 0, PATH_SYNTAX, "" },
	{ "<a@b", 0, PATH_SYNTAX, "" },
	{ "<<a@b>>", 0, PATH_SYNTAX, "" },
	{ "< a@b>", 0, PATH_SYNTAX, "" },
	{ "<a@b >", 0, PATH_SYNTAX, "" },
	/* quoted strings: one spelling for one mailbox */
	{ "<\"a\"@b>", 0, PATH_OK, "a@b" },
	{ "<\"a\\b\"@c>", 0, PATH_OK, "ab@c" },
	{ "<\"a b\"@c>", 0, PATH_OK, "\"a b\"@c" },
	{ "<\"a@b\"@c>", 0, PATH_OK, "\"a@b\"@c" },
	{ "<\"a\\\"b\\\\\"@c>", 0, PATH_OK, "\"a\\\"b\\\\\"@c" },
	{ "<\"\"@c>", 0, PATH_OK, "\"\"@c" },
	{ "<\"a>b\"@c>", 0, PATH_OK, "\"a>b\"@c" },
	{ "<\"a@c>", 0, PATH_SYNTAX, "" },
	{ "<\"a\"b@c>", 0, PATH_SYNTAX, "" },
	{ "<\"a\\\"@c>", 0, PATH_SYNTAX, "" },
	{ "<\"a\tb\"@c>", 0, PATH_SYNTAX, "" },
	{ "<a.\"b\"@c>", 0, PATH_SYNTAX, "" },
	/* domains */
	{ "<a@-b>", 0, PATH_SYNTAX, "" },
	{ "<a@b->", 0, PATH_SYNTAX, "" },
	{ "<a@b..c>", 0, PATH_SYNTAX, "" },
	{ "<a@b.>", 0, PATH_SYNTAX, "" },
	{ "<a@.b>", 0, PATH_SYNTAX, "" },
	{ "<a@" LABEL ".x>", 0, PATH_OK, "a@" LABEL ".x" },
	{ "<a@" LABEL "a.x>", 0, PATH_DOMAIN_LONG, "" },
	/* U-labels: 40 times U+044A have 80 octets, and their A-label 45 */
	{ "<a@b\xc3\xbc.x>", PATH_UTF8, PATH_OK, "a@b\xc3\xbc.x" },
	{ "<a@" U20 U20 ".x>", PATH_UTF8, PATH_OK, "a@" U20 U20 ".x" },
	{ "<a@" U20 U20 U20 U20 ".x>", PATH_UTF8, PATH_SYNTAX, "" },
	{ "<a@\xe2\x95\x91.x>", PATH_UTF8, PATH_SYNTAX, "" },
	{ "<a@\xcd\xbe.x>", PATH_UTF8, PATH_SYNTAX, "" },	/* a semicolon */
	{ "<a@b\xef\xbc\x8e.x>", PATH_UTF8, PATH_SYNTAX, "" },
	/* literals */
	{ "<a@[192.0.2.1]>", 0, PATH_OK, "a@[192.0.2.1]" },
	{ "<a@[IPv6:2001:db8::1]>", 0, PATH_OK, "a@[IPv6:2001:db8::1]" },
	{ "<a@[ipv6:::1]>", 0, PATH_OK, "a@[ipv6:::1]" },
	{ "<a@[192.0.2]>", 0, PATH_SYNTAX, "" },
	{ "<a@[192.0.2.256]>", 0, PATH_SYNTAX, "" },
	{ "<a@[2001:db8::1]>", 0, PATH_SYNTAX, "" },
	{ "<a@[IPv6:1::2::3]>", 0, PATH_SYNTAX, "" },
	{ "<a@[]>", 0, PATH_SYNTAX, "" },
	{ "<a@[192.0.2.1>", 0, PATH_SYNTAX, "" },
	{ "<a@[192.0.2.1]x>", 0, PATH_SYNTAX, "" },
	/* null and bare */
	{ "<>", PATH_NULL, PATH_OK, "" },
	{ "<>", 0, PATH_SYNTAX, "" },
	{ "<postmaster>", PATH_BARE, PATH_OK, "postmaster" },
	{ "<PostMaster>", PATH_BARE, PATH_OK, "PostMaster" },
	{ "<postmaster>", 0, PATH_SYNTAX, "" },
	{ "<root>", PATH_BARE, PATH_SYNTAX, "" },
	/* source routes are dropped */
	{ "<@a:u@b>", 0, PATH_OK, "u@b" },
	{ "<@a.x,@b.y:u@c>", 0, PATH_OK, "u@c" },
	{ "<@a,b:u@c>", 0, PATH_SYNTAX, "" },
	{ "<@a>", 0, PATH_SYNTAX, "" },
	{ "<@a:>", 0, PATH_SYNTAX, "" },
	{ "<@:u@c>", 0, PATH_SYNTAX, "" },
	/* UTF-8 */
	{ "<d\xc3\xb6rte@x>", PATH_UTF8, PATH_OK, "d\xc3\xb6rte@x" },
	{ "<a@\xe4\xbe\x8b\xe5\xad\x90.x>", PATH_UTF8, PATH_OK,
	    "a@\xe4\xbe\x8b\xe5\xad\x90.x" },
	{ "<d\xc3\xb6rte@x>", 0, PATH_NOT_ASCII, "" },
	{ "<d\xf6rte@x>", PATH_UTF8, PATH_BAD_UTF8, "" },
	{ "<d\xf6rte@x>", 0, PATH_BAD_UTF8, "" },
	{ "<\xc0\xbc@x>", PATH_UTF8, PATH_BAD_UTF8, "" },
	{ "<a\xc2\x9b" "31m@x>", PATH_UTF8, PATH_BAD_UTF8, "" },
	{ "<\"\xc2\x85\"@x>", PATH_UTF8, PATH_BAD_UTF8, "" },
	/* section 4.5.3.1.1 */
	{ "<" L60 "aaaa@b>", 0, PATH_OK, L60 "aaaa@b" },
	{ "<" L60 "aaaaa@b>", 0, PATH_LOCAL_LONG, "" },
	{ "<" L60 "aaaaa@b>", PATH_LENIENT, PATH_OK, L60 "aaaaa@b" },
};

static void
table(void **state)
{
	struct path path;
	const char *p, *end;
	enum path_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		p = cases[i].in;
		end = p + strlen(p);
		err = path_lex(&p, end, cases[i].flags, &path);
		if (err != cases[i].err || strcmp(path.address,
		    cases[i].address) != 0)
			print_error("%s: %s, %s\n", cases[i].in,
			    path_err_text(err), path.address);
		assert_int_equal(err, cases[i].err);
		assert_string_equal(path.address, cases[i].address);
		assert_ptr_equal(p, err == PATH_OK ? end : cases[i].in);
		if (err != PATH_OK)
			assert_string_equal(path.local, "");
	}
}

static void
parts(void **state)
{
	static const char in[] = "<@r:\"a b\"@[192.0.2.1]> SIZE=1";
	const char *p = in;
	struct path path;

	(void)state;
	assert_int_equal(path_lex(&p, in + sizeof in - 1, 0, &path), PATH_OK);
	assert_string_equal(p, " SIZE=1");
	assert_string_equal(path.local, "a b");
	assert_string_equal(path.domain, "[192.0.2.1]");
	assert_true(path.literal && path.route);
	assert_false(path.null || path.bare || path.utf8);
}

/* n octets of domain in labels of at most 63; behind what begins it. */
static enum path_err
behind(const char *begin, size_t n, unsigned int flags, size_t local)
{
	char in[1024];
	struct path path;
	const char *p = in;
	size_t i, at = strlen(begin);

	memcpy(in, begin, at);
	for (i = 0; i < local; i++)
		in[at++] = 'l';
	in[at++] = '@';
	for (i = 0; i < n; i++)
		in[at++] = i % 64 == 63 && i + 1 < n ? '.' : 'd';
	in[at++] = '>';
	return path_lex(&p, in + at, flags, &path);
}

/* A source route, which is dropped, changes nothing. */
static enum path_err
domain_of(size_t n, unsigned int flags, size_t local)
{
	enum path_err e = behind("<", n, flags, local);

	assert_int_equal(behind("<@r.test,@s.test:", n, flags, local), e);
	return e;
}

static void
lengths(void **state)
{
	char big[2000];
	struct path path;
	const char *p = big;

	(void)state;
	/* 256 with brackets: 1 + 1 + 1 + 252 + 1; RFC 5321 4.5.3.1.3 */
	assert_int_equal(domain_of(252, 0, 1), PATH_OK);
	assert_int_equal(domain_of(253, 0, 1), PATH_LONG);
	assert_int_equal(domain_of(255, 0, 1), PATH_LONG);
	assert_int_equal(domain_of(256, 0, 1), PATH_DOMAIN_LONG);
	assert_int_equal(domain_of(3, PATH_LENIENT, 250), PATH_OK);
	assert_int_equal(domain_of(3, PATH_LENIENT, 251), PATH_LONG);
	assert_int_equal(domain_of(3, PATH_LENIENT, 700), PATH_LONG);
	memset(big, 'a', sizeof big);
	memcpy(big, "<\"", 2);
	memcpy(big + sizeof big - 5, "\"@b>", 4);
	assert_int_equal(path_lex(&p, big + sizeof big - 1, PATH_LENIENT,
	    &path), PATH_LONG);
}

static void
mailboxes(void **state)
{
	struct path path;
	const char *good = "a@b.c", *two = "a@b c";
	const char nul[] = "a\0b@c";

	(void)state;
	assert_int_equal(path_mailbox(good, good + 5, 0, &path), PATH_OK);
	assert_int_equal(path_mailbox(good, good + 2, 0, &path), PATH_SYNTAX);
	assert_int_equal(path_mailbox(two, two + 5, 0, &path), PATH_SYNTAX);
	assert_int_equal(path_mailbox(nul, nul + 5, 0, &path), PATH_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(parts),
		cmocka_unit_test(lengths),
		cmocka_unit_test(mailboxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
