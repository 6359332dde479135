/* Parameters by the rules, and as they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "store/mparam.h"

static void
value_is(const char *field, const char *name, const char *want)
{
	struct mparams m;
	const char *got;

	assert_int_equal(mparams_read(&m, field, strlen(field)), 0);
	got = mparams_get(&m, name);
	if (want == NULL)
		assert_null(got);
	else {
		assert_non_null(got);
		assert_string_equal(got, want);
	}
	mparams_clear(&m);
}

static void
types(void **state)
{
	static const struct { const char *field; bool good; } c[] = {
		{ "text/plain", true }, { " Text / Plain ;x=y", true },
		{ "text (a) / (b) plain (c)", true }, { "a/b c", true },
		{ "text/plain charset=utf-8", true }, { "text", false },
		{ "text/", false }, { "/plain", false }, { "", false },
		{ ";charset=utf-8", false }, { "name=a/b", false },
		{ "text; charset=us-ascii", false }, { "text/;a=b", false },
		{ "<a/b>", false }, { "\"text\"/plain", false },
	};
	struct mparams m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		assert_int_equal(mparams_read(&m, c[i].field,
		    strlen(c[i].field)), 0);
		assert_int_equal(m.good, c[i].good);
		mparams_clear(&m);
	}
}

/* RFC 2045 section 5.1. */
static void
plain(void **state)
{
	(void)state;
	value_is("text/plain; charset=us-ascii (Plain text)", "charset",
	    "us-ascii");
	value_is("text/plain; charset=\"us-ascii\"", "CHARSET", "us-ascii");
	value_is("text/plain;\r\n\tcharset = (a) \"a\\\"b;\\\\c\" (d) ; x=y",
	    "charset", "a\"b;\\c");
	value_is("text/plain; (x=z;) a=b; x=y", "x", "y");
	value_is("text/plain; a=\"b; x=1\"; x=y;;", "x", "y");
	value_is("text/plain; a; b; x=y", "x", "y");
	value_is("text/plain; a; b; x=y", "a", NULL);
	value_is("text/plain; x=; y=1", "x", "");
	value_is("text/plain; x=\"\"", "x", "");
	value_is("text; x=y", "x", "y");
	value_is("a/b; name=\"long\r\n name\r\n\t.txt\"", "name",
	    "long name .txt");
	value_is("a/b; x=1; X=2", "x", "1");
}

static void
as_they_come(void **state)
{
	(void)state;
	value_is("a/b; name=This is a test.txt; x=y", "name",
	    "This is a test.txt");
	value_is("a/b; name=Report (1).pdf", "name", "Report (1).pdf");
	value_is("a/b; name=(1).pdf", "name", "(1).pdf");
	value_is("a/b; filename=a/b[1]=2.txt", "filename", "a/b[1]=2.txt");
	value_is("text/plain charset=utf-8 format=flowed", "charset", "utf-8");
	value_is("text/plain charset=utf-8 format=flowed", "format", "flowed");
	value_is("text/plain; a=\"x\" charset=utf-8", "charset", "utf-8");
	value_is("a/b; x=mail-server\n server=\"l@b\"; y=1", "x", "mail-server");
	value_is("a/b; x=mail-server\n server=\"l@b\"; y=1", "server", "l@b");
	value_is("a/b; name=\"open; x=y", "name", "open");
	value_is("a/b; charset='utf-8'", "charset", "utf-8");
	value_is("a/b; name='a b'", "name", "'a b'");
	value_is("a/b; name=caf\xe9.txt", "name", "caf\xc3\xa9.txt");
	value_is("a/b; name=\"=?utf-8?q?J=C3=B6rg?= =?utf-8?b?Lmk?=\"",
	    "name", "J\xc3\xb6rg.i");
	value_is("a/b; name==?utf-8?q?a=2Cb?=; x=y", "name", "a,b");
	value_is("a/b; name=a\x01\x7f" "b", "name", "a  b");
}

/* RFC 2231. */
static void
extended(void **state)
{
	(void)state;
	value_is("m/e; URL*0=\"ftp://\";\r\n URL*1=\"cs.utk.edu/x\"", "url",
	    "ftp://cs.utk.edu/x");
	value_is("a/b; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A",
	    "title", "This is ***fun*");
	value_is("a/b; title*0*=us-ascii'en'This%20is%20even%20more%20;\n"
	    " title*1*=%2A%2A%2Afun%2A%2A%2A%20;\n title*2=\"isn't it!\"",
	    "title", "This is even more ***fun*** isn't it!");
	value_is("a/b; n*1=b; n*0=a; n*2=c; n*4=e", "n", "abc");
	value_is("a/b; n*1=b; n*2=c", "n", "bc");
	value_is("a/b; n*7=b", "n", NULL);
	value_is("a/b; n*0=a; n*01=b; n*00=c", "n", "a");
	value_is("a/b; n=plain; n*=utf-8''%c3%a9", "n", "\xc3\xa9");
	value_is("a/b; n*=utf-8''%c3%a9; n=plain", "n", "\xc3\xa9");
	value_is("a/b; n=plain; n*0*=utf-8''%c3; n*1*=%a9", "n", "\xc3\xa9");
	value_is("a/b; n*=iso-8859-1''%e9", "n", "\xc3\xa9");
	value_is("a/b; n*=''%e9", "n", "\xc3\xa9");
	value_is("a/b; n*=no%20charset", "n", "no charset");
	value_is("a/b; n*=utf-8''a%zz%", "n", "a%zz%");
	value_is("a/b; n*=utf-8''a%00%0d%0ab", "n", "a   b");
	value_is("a/b; n*=\"utf-8''%41b\"", "n", "Ab");
	value_is("a/b; n*0=us-ascii'en-us'My; n*1*=\" Doc\"", "n", "My Doc");
	value_is("a/b; n*0=\"a'b'My\"; n*1*=%20x", "n", "a'b'My x");
	value_is("a/b; n*0=\"=?utf-8?q?a=2\"; n*1=\"Cb?=\"", "n", "a,b");
	value_is("a/b; *=x; *0=y; n*x=z", "n", NULL);
}

/* No size of a header is slow. */
static void
large(void **state)
{
	enum { N = 1024 * 1024 };
	static const char *const unit[] = { "; (", " ", "; a=\"\\\"", "\\\"",
	    "; a*0=x", " charset", "; a=(", " (", ";;", "; a=' ", "=?a?q?" };
	static char text[N];
	struct mparams m;
	size_t i, k, n;

	(void)state;
	for (i = 0; i < sizeof unit / sizeof unit[0]; i++) {
		n = strlen(unit[i]);
		memcpy(text, "a/b; x=\"", 8);
		for (k = 7 + i % 2; k + n < N; k += n)
			memcpy(text + k, unit[i], n);
		assert_int_equal(mparams_read(&m, text, k), 0);
		assert_true(m.n <= MPARAM_MAX);
		mparams_clear(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(plain),
		cmocka_unit_test(as_they_come),
		cmocka_unit_test(extended),
		cmocka_unit_test(large)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
