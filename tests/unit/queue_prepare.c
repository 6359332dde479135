/* Letters as programs hand them in, and addresses as headers hold them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/queue/addrs.h"
#include "mailnode/queue/prepare.h"

static void
address_lists(void **state)
{
	/* '+' an address, '-' a bare name, '!' none; blank between. */
	static const struct { const char *in, *want; } c[] = {
		{ "", "" }, { " , ,", "" },
		{ "a@b.c", "+a@b.c" },
		{ "A B <a@b.c>", "+a@b.c" },
		{ "\"A, B\" <a@b.c>, d@e.f", "+a@b.c +d@e.f" },
		{ "a@b.c (x, y), d@e.f", "+a@b.c +d@e.f" },
		{ "a@b.c (x (y, z)), d@e.f", "+a@b.c +d@e.f" },
		{ "Group: a@b.c, d@e.f;", "+a@b.c +d@e.f" },
		{ "undisclosed-recipients:;", "" },
		{ "G:;, a@b.c", "+a@b.c" },
		{ "root", "-root" },
		{ "root (Cron Daemon)", "-root" },
		{ "Cron Daemon <root>", "-root" },
		{ "\"a, b\"@c.d", "+\"a, b\"@c.d" },
		{ "\"a\\\"b\" <a@b.c>", "+a@b.c" },
		{ "a b c", "!a b c" },
		{ "a@, b@c.d", "!a@ +b@c.d" },
		{ "<>", "!<>" },
		{ "\"open", "!\"open" },
		{ "(open", "!(open" },
		{ "<a@b.c", "!<a@b.c" },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		const char *p = c[i].in, *end = p + strlen(p), *at;
		enum addrs_found f;
		struct path a;
		char got[200] = "";

		while ((f = addrs_next(&p, end, &a, &at, &n)) != ADDRS_END) {
			size_t k = strlen(got);

			snprintf(got + k, sizeof got - k, "%s%c%.*s",
			    k > 0 ? " " : "",
			    f == ADDRS_ONE ? '+' : f == ADDRS_LOCAL ? '-' :
			    '!', f == ADDRS_BAD ? (int)n : 100,
			    f == ADDRS_ONE ? a.address :
			    f == ADDRS_LOCAL ? a.local : at);
		}
		assert_string_equal(got, c[i].want);
	}
}

static void
line_ends(void **state)
{
	static const struct { const char *in; size_t n; const char *want; }
	c[] = {
		{ "", 0, "" }, { "a", 1, "a\r\n" }, { "a\n", 2, "a\r\n" },
		{ "a\r\nb", 4, "a\r\nb\r\n" }, { "a\rb", 3, "a\r\nb\r\n" },
		{ "a\r\r\nb", 5, "a\r\n\r\nb\r\n" },
		{ "\r", 1, "\r\n" }, { "\n\n", 2, "\r\n\r\n" },
		{ "a\0b\n", 4, "ab\r\n" }, { "\r\n", 2, "\r\n" },
		{ "a\r", 2, "a\r\n" },
	};
	struct buf b;
	bool eight;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		buf_init(&b, 100);
		assert_int_equal(prepare_lines(&b, c[i].in, c[i].n, &eight),
		    0);
		assert_false(eight);
		assert_int_equal(b.len, strlen(c[i].want));
		assert_memory_equal(b.data == NULL ? "" : (char *)b.data,
		    c[i].want, b.len);
		buf_clear(&b);
	}
}

static size_t
longest(const struct buf *b)
{
	size_t i, n = 0, most = 0;

	for (i = 0; i < b->len; i++) {
		n = b->data[i] == '\n' ? 0 : n + (b->data[i] != '\r');
		most = n > most ? n : most;
	}
	return most;
}

static void
long_lines_at_the_limit_and_past_it(void **state)
{
	char line[3000];
	struct buf b;
	bool eight;

	(void)state;
	memset(line, 'x', sizeof line);
	buf_init(&b, 10000);
	assert_int_equal(prepare_lines(&b, line, 994, &eight), 0);
	assert_int_equal(b.len, 996);
	buf_reset(&b);
	assert_int_equal(prepare_lines(&b, line, sizeof line, &eight), 0);
	assert_true(longest(&b) <= PREPARE_LINE_MAX);
	buf_reset(&b);
	/* Characters stay whole. */
	memset(line, '\244', sizeof line);
	for (size_t i = 0; i < sizeof line; i += 2)
		line[i] = '\303';
	assert_int_equal(prepare_lines(&b, line, sizeof line, &eight), 0);
	assert_true(eight);
	assert_true(longest(&b) <= PREPARE_LINE_MAX);
	for (size_t i = 2; i < b.len; i++)
		if (b.data[i] == ' ')
			assert_int_equal(b.data[i + 1], 0303);
	buf_reset(&b);
	/* What is no UTF-8 is cut all the same. */
	memset(line, '\200', sizeof line);
	assert_int_equal(prepare_lines(&b, line, sizeof line, &eight), 0);
	assert_true(longest(&b) <= PREPARE_LINE_MAX);
	buf_clear(&b);
}

static enum prepare_err
make(struct prepare *p, const char *text)
{
	prepare_init(p, 100000);
	p->from = "me@example.org";
	p->domain = "example.org";
	p->unique = "u1";
	p->now = 1700000000;
	return prepare_letter(p, text, strlen(text));
}

static void
fields(void **state)
{
	struct prepare p;
	const char *s;

	(void)state;
	assert_int_equal(make(&p, "Bcc: x@y.z\nReceived: from secret\n\tby me\n"
	    "x-mailer: m\nSubject: one\n two\nMessage-ID: <k@l>\nMessage-Id: <m@n>\n"
	    "Date: then\n\nbody\n"), PREPARE_OK);
	s = buf_str(&p.text);
	assert_null(strstr(s, "Bcc"));
	assert_null(strstr(s, "secret"));
	assert_null(strstr(s, "x-mailer"));
	assert_null(strstr(s, "<m@n>"));
	assert_non_null(strstr(s, "Subject: one\r\n two\r\n"));
	assert_non_null(strstr(s, "From: <me@example.org>\r\n"));
	assert_non_null(strstr(s, "Date: then\r\n"));
	assert_non_null(strstr(s, "\r\n\r\nbody\r\n"));
	assert_string_equal(p.msgid, "k@l");
	assert_string_equal(p.subject, "one two");
	assert_string_equal(p.author, "me@example.org");
	prepare_clear(&p);
	assert_int_equal(make(&p, "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\n"
	    " =?UTF-8?B?IGF1cw==?= x\n\n"), PREPARE_OK);
	assert_string_equal(p.subject, "Gr\303\274\303\237e aus x");
	assert_non_null(strstr(buf_str(&p.text), "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?="));
	prepare_clear(&p);
	assert_int_equal(make(&p, "Message-ID: none\n\n"), PREPARE_OK);
	assert_string_equal(p.msgid, "u1@example.org");
	prepare_clear(&p);
	assert_int_equal(make(&p, "From: A <a@b.c>\nFrom: d@e.f\n\n"),
	    PREPARE_FROM);
	prepare_clear(&p);
	assert_int_equal(make(&p, "From: a@b.c, d@e.f\n\n"), PREPARE_FROM);
	prepare_clear(&p);
	assert_int_equal(make(&p, "From: a b c\n\n"), PREPARE_FROM);
	prepare_clear(&p);
}

static void
append(char *text, size_t size, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, size - n, fmt, ap);
	va_end(ap);
}

static void
senders(void **state)
{
	static const char in[] = "From: me@example.org\n"
	    "Sender: L <l@b.c>\nResent-From: r@b.c, L@B.C\n"
	    "resent-sender: <s@b.c>\n\n";
	char many[PREPARE_SENDERS_MAX * 8 + 100] = "Resent-From: l0@b.c";
	struct prepare p;
	int i;

	(void)state;
	assert_int_equal(make(&p, in), PREPARE_OK);
	assert_int_equal(p.nsenders, 3);
	assert_memory_equal(p.senders.data, "l@b.c\0r@b.c\0s@b.c", 18);
	assert_non_null(strstr(buf_str(&p.text), "\r\nSender: L <l@b.c>\r\n"));
	prepare_clear(&p);
	/* The names of this machine's users stay here. */
	assert_int_equal(make(&p, "Sender: root\n\n"), PREPARE_OK);
	assert_int_equal(p.nsenders, 0);
	assert_null(strstr(buf_str(&p.text), "root"));
	prepare_clear(&p);
	assert_int_equal(make(&p, "Sender: a b c\n\n"), PREPARE_SENDER);
	prepare_clear(&p);
	for (i = 1; i < PREPARE_SENDERS_MAX; i++)
		append(many, sizeof many, ",l%d@b.c", i);
	append(many, sizeof many, "\n");
	assert_int_equal(make(&p, many), PREPARE_OK);
	assert_int_equal(p.nsenders, PREPARE_SENDERS_MAX);
	prepare_clear(&p);
	append(many, sizeof many, "Sender: more@b.c\n");
	assert_int_equal(make(&p, many), PREPARE_SENDER);
	prepare_clear(&p);
}

static void
where_the_header_ends(void **state)
{
	static const struct { const char *in, *body; } c[] = {
		{ "", "\r\n\r\n" },
		{ "text\nmore\n", "\r\n\r\ntext\r\nmore\r\n" },
		{ "A: b\ntext\n", "A: b\r\n" },
		{ "A: b\ntext\n", "\r\n\r\ntext\r\n" },
		{ "From me@x Sat Nov 21\nA: b\n\nx\n", "\r\nA: b\r\n" },
		{ "two words: no field\n\nx\n",
		    "\r\n\r\ntwo words: no field\r\n\r\nx\r\n" },
		{ "A: b", "A: b\r\n" },
		{ "\nbody\n", "\r\n\r\nbody\r\n" },
	};
	struct prepare p;
	size_t i;
	char *s;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		char *at;

		assert_int_equal(make(&p, c[i].in), PREPARE_OK);
		/* Ours came first, or the fields that were kept. */
		s = buf_str(&p.text);
		at = strstr(s, c[i].body[0] == '\r' && c[i].body[2] == 'A' ?
		    c[i].body + 2 : c[i].body);
		assert_non_null(at);
		assert_null(strstr(s, "From me@x"));
		prepare_clear(&p);
	}
}

static void
limits(void **state)
{
	static char big[PREPARE_HEADER_MAX + 1000];
	struct prepare p;

	(void)state;
	memset(big, 'x', sizeof big - 1);
	memcpy(big, "X: ", 3);
	prepare_init(&p, 10 * sizeof big);
	p.from = "a@b.c";
	p.domain = "b.c";
	p.unique = "u";
	assert_int_equal(prepare_letter(&p, big, sizeof big - 1),
	    PREPARE_HEADER);
	prepare_clear(&p);
	prepare_init(&p, 1000);
	assert_int_equal(prepare_letter(&p, big, 2000), PREPARE_TOOBIG);
	prepare_clear(&p);
	prepare_init(&p, 1000);
	p.domain = "b.c";
	assert_int_equal(prepare_rcpt(&p, "root, <A@b.c>, ROOT@B.C", 23),
	    PREPARE_OK);
	assert_int_equal(p.nrcpts, 2);
	assert_int_equal(prepare_rcpt(&p, "no such", 7), PREPARE_RCPT);
	assert_string_equal(p.bad, "no such");
	prepare_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_lists),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(long_lines_at_the_limit_and_past_it),
		cmocka_unit_test(fields),
		cmocka_unit_test(senders),
		cmocka_unit_test(where_the_header_ends),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
