/* Commands, sets, names, dates and sections: what is taken, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "mailnode/imap/lex.h"
#include "mailnode/imap/name.h"
#include "mailnode/imap/section.h"
#include "store/mime_short.h"

/* ---- lex ---- */

/* Tokens as text: a atom, q quoted, l literal, ( and ), ! before stuck. */
static const char *
shape(const char *line, enum lex_result *r)
{
	static char out[256];
	static const char letter[] = "aql()";
	struct lex_literal lit;
	struct lex_token t;
	struct lex l;
	size_t i, n = 0;

	lex_init(&l);
	*r = lex_line(&l, line, strlen(line), &lit);
	for (i = 0; i < l.n && n + 3 < sizeof out; i++) {
		memcpy(&t, l.tokens.data + i * sizeof t, sizeof t);
		if (t.stuck)
			out[n++] = '!';
		out[n++] = letter[t.kind];
	}
	out[n] = '\0';
	lex_clear(&l);
	return out;
}

static void
lines(void **state)
{
	static const struct { const char *line, *shape; enum lex_result r; }
	    t[] = {
		{ "a NOOP", "aa", LEX_END },
		{ "a LOGIN \"me\" \"a \\\"b\\\\\"", "aaqq", LEX_END },
		{ "a FETCH 1:* (FLAGS BODY[TEXT])", "aaa(aa)", LEX_END },
		{ "a FETCH 1 BODY[HEADER.FIELDS (A B)]<0.1>", "aaaa(aa)!a",
		    LEX_END },
		{ "a STORE 1 +FLAGS(\\Seen)", "aaaa!(a)", LEX_END },
		{ "a APPEND x {10}", "aaa", LEX_WANT },
		{ "a APPEND x {10+}", "aaa", LEX_WANT },
		{ "a APPEND x ~{10}", "aaa", LEX_WANT },
		{ "a LIST ({3}", "aa(", LEX_WANT },
		{ "a (", "a(", LEX_BAD },
		{ "a )", "a", LEX_BAD },
		{ "a \"x", "a", LEX_BAD },
		{ "a \"\\x\"", "a", LEX_BAD },
		{ "a \"\xff\"", "aq", LEX_END },
		{ "a \"\xc3\xa4\"", "aq", LEX_END },
		{ "a \x01", "a", LEX_BAD },
		{ "a \xc3\xa4", "a", LEX_BAD },
		{ "a x{3}", "aa", LEX_BAD },
		{ "a {-1}", "a", LEX_BAD },
		{ "a {}", "a", LEX_BAD },
		{ "a {1", "a", LEX_BAD },
		{ "a {99999999999999999999}", "a", LEX_BAD },
		{ "", "", LEX_END },
	};
	enum lex_result r;
	const char *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		got = shape(t[i].line, &r);
		if (r != t[i].r || strcmp(got, t[i].shape) != 0)
			fail_msg("%s: %s %d", t[i].line, got, (int)r);
	}
}

static void
depth(void **state)
{
	char line[LEX_DEPTH_MAX * 2 + 8];
	enum lex_result r;
	size_t n;

	(void)state;
	for (n = LEX_DEPTH_MAX; n <= LEX_DEPTH_MAX + 1; n++) {
		memcpy(line, "a ", 2);
		memset(line + 2, '(', n);
		memset(line + 2 + n, ')', n);
		line[2 + 2 * n] = '\0';
		(void)shape(line, &r);
		assert_int_equal(r, n == LEX_DEPTH_MAX ? LEX_END : LEX_BAD);
	}
}

static void
tokens(void **state)
{
	struct lex_literal lit;
	struct lex l;
	char *line;
	size_t n;

	(void)state;
	for (n = LEX_TOKENS_MAX - 1; n <= LEX_TOKENS_MAX; n++) {
		line = malloc(2 * n);
		assert_non_null(line);
		memset(line, 'x', 2 * n);
		for (size_t i = 1; i < 2 * n; i += 2)
			line[i] = ' ';
		lex_init(&l);
		assert_int_equal(lex_line(&l, line, 2 * n - 1, &lit),
		    n < LEX_TOKENS_MAX ? LEX_END : LEX_BIG);
		lex_clear(&l);
		free(line);
	}
}

static void
literals(void **state)
{
	static const char head[] = "a LOGIN {2}", tail[] = " {1+}";
	struct lex_literal lit;
	struct lex_str s;
	struct lex l;

	(void)state;
	lex_init(&l);
	assert_int_equal(lex_line(&l, head, strlen(head), &lit), LEX_WANT);
	assert_true(lit.octets == 2 && lit.sync && !lit.binary);
	memcpy(lex_literal(&l, 2), "me", 2);
	assert_int_equal(lex_line(&l, tail, strlen(tail), &lit), LEX_WANT);
	assert_true(lit.octets == 1 && !lit.sync);
	memcpy(lex_literal(&l, 1), "\"", 1);
	assert_int_equal(lex_line(&l, "", 0, &lit), LEX_END);
	l.at = 2;
	assert_true(lex_astring(&l, &s));
	assert_string_equal(s.p, "me");
	assert_true(lex_astring(&l, &s));
	assert_string_equal(s.p, "\"");
	assert_true(lex_end(&l));
	assert_null(lex_literal(&l, LEX_TEXT_MAX));
	lex_clear(&l);
}

static void
tags(void **state)
{
	static const struct { const char *line, *tag; } t[] = {
		{ "a1 NOOP", "a1" }, { "a1", "a1" }, { "", "" },
		{ " a", "" }, { "+ a", "" }, { "a+b c", "" },
		{ "a\x01 b", "" }, { "* OK", "" }, { "A.b-C NOOP", "A.b-C" },
	};
	char tag[LEX_TAG_MAX + 1], longest[LEX_TAG_MAX + 3];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		lex_tag(t[i].line, strlen(t[i].line), tag);
		assert_string_equal(tag, t[i].tag);
	}
	memset(longest, 'x', sizeof longest);
	lex_tag(longest, LEX_TAG_MAX, tag);
	assert_int_equal(strlen(tag), LEX_TAG_MAX);
	lex_tag(longest, LEX_TAG_MAX + 1, tag);
	assert_string_equal(tag, "");
}

/* ---- names ---- */

static void
names(void **state)
{
	static const struct { const char *in, *out; bool utf8; } t[] = {
		{ "inbox", "INBOX", false }, { "InBoX/x", "INBOX/x", false },
		{ "inboxes", "inboxes", false },
		{ "Entw&APw-rfe", "Entw\xc3\xbcrfe", false },
		{ "&U,BTFw-/&ZeVnLIqe-", "\xe5\x8f\xb0\xe5\x8c\x97/"
		    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", false },
		{ "a&-b", "a&b", false },
		{ "&2D3eAA-", "\xf0\x9f\x98\x80", false },
		{ "&", NULL, false }, { "&APw", NULL, false },
		{ "&AGE-", NULL, false },	/* "a" needs no shift */
		{ "&2D0-", NULL, false },	/* half of a pair */
		{ "&3gA-", NULL, false },
		{ "&AP-", NULL, false }, { "&APx-", NULL, false },
		{ "&A*w-", NULL, false }, { "\xc3\xbc", NULL, false },
		{ "&APw-&APw-", NULL, false }, { "a\x01", NULL, false },
		{ "\xc3\xbc&", "\xc3\xbc&", true }, { "\xff", NULL, true },
		{ "&AAE-", NULL, false }, { "&AH8-", NULL, false },
		{ "a\x01", NULL, true }, { "a\x7f", NULL, true },
	};
	char name[BOX_NAME_MAX];
	struct buf b;
	size_t i;
	bool good;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		good = name_in(t[i].in, strlen(t[i].in), t[i].utf8, name,
		    sizeof name);
		if (good != (t[i].out != NULL) ||
		    (good && strcmp(name, t[i].out) != 0))
			fail_msg("%s: %s", t[i].in, name);
		if (!good || strncasecmp(t[i].in, "inbox", 5) == 0)
			continue;
		buf_init(&b, 1000);
		assert_int_equal(name_out(&b, name, t[i].utf8), 0);
		assert_int_equal(b.len, strlen(t[i].in) + 2);
		assert_memory_equal(b.data + 1, t[i].in, b.len - 2);
		buf_clear(&b);
	}
}

static void
patterns(void **state)
{
	static const struct { const char *pattern, *name; bool want; } t[] = {
		{ "*", "a/b", true }, { "%", "a", true }, { "%", "a/b", false },
		{ "%/%", "a/b", true }, { "a*", "a", true }, { "*b", "a/b", true },
		{ "a%b", "axb", true }, { "a%b", "a/b", false }, { "", "", true },
		{ "", "a", false }, { "a", "", false }, { "**", "", true },
		{ "%*", "a/b", true }, { "a/%", "a", false },
		{ "iNb%", "INBOX", true }, { "*oX", "INBOX", true },
		{ "i%/a", "INBOX/a", true }, { "i%/A", "INBOX/a", false },
		{ "inbox", "aINBOX", false }, { "*x", "INBOX/X", false },
		{ "inbox*", "INBOXES", false }, { "%/inbox", "a/INBOX", false },
		{ "*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		if (name_match(t[i].pattern, t[i].name) != t[i].want)
			fail_msg("%s %s", t[i].pattern, t[i].name);
}

/* ---- sections ---- */

static void
sections(void **state)
{
	static const struct { const char *text, *label; } t[] = {
		{ "BODY[]", "BODY[]" }, { "body.peek[text]", "BODY[TEXT]" },
		{ "BODY[1.2.3.MIME]<0.5>", "BODY[1.2.3.MIME]<0>" },
		{ "BODY[HEADER.FIELDS (From \"To\")]",
		    "BODY[HEADER.FIELDS (From To)]" },
		{ "BODY[4.HEADER.FIELDS.NOT (A)]<3.4>",
		    "BODY[4.HEADER.FIELDS.NOT (A)]<3>" },
		{ "RFC822.HEADER", "RFC822.HEADER" },
		{ "BINARY[1.2]", "BINARY[1.2]" },
		{ "BINARY.SIZE[1]", "BINARY.SIZE[1]" },
		{ "BODY[MIME]", NULL }, { "BODY[0]", NULL },
		{ "BODY[1.]", NULL }, { "BODY[1.FOO]", NULL },
		{ "BODY[]<0.0>", NULL }, { "BODY[]<0>", NULL },
		{ "BODY[]x", NULL }, { "BODY[", NULL },
		{ "BODY[HEADER.FIELDS ()]", NULL },
		{ "BODY[HEADER.FIELDS (A)", NULL },
		{ "BINARY[TEXT]", NULL }, { "BINARY.SIZE[1]<0.1>", NULL },
		{ "BODY[4294967296]", NULL }, { "FOO[]", NULL },
	};
	struct lex_literal lit;
	struct section sec;
	struct lex_str word;
	struct buf label;
	struct lex l;
	size_t i;
	bool good;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		lex_init(&l);
		(void)lex_line(&l, t[i].text, strlen(t[i].text), &lit);
		assert_true(lex_atom(&l, &word));
		good = section_parse(&l, &word, &sec);
		if (good != (t[i].label != NULL))
			fail_msg("%s", t[i].text);
		if (good) {
			buf_init(&label, 1000);
			section_label(&sec, &label);
			assert_string_equal(buf_str(&label), t[i].label);
			buf_clear(&label);
		}
		section_clear(&sec);
		lex_clear(&l);
	}
}

static void
fields(void **state)
{
	static const char head[] = "From: a\r\nX: 1\n 2\r\nsubject : s\r\n"
	    "junk\r\nTo: b\r\n\r\nFrom: no\r\n";
	static const struct field_name two[] = { { "FROM", 4 },
	    { "Subject", 7 } };
	const char *end = head + sizeof head - 1;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(field_pick(two, 2, false, head, end, &b), 0);
	assert_string_equal(buf_str(&b), "From: a\r\nsubject : s\r\n\r\n");
	buf_reset(&b);
	assert_int_equal(field_pick(two, 2, true, head, end, &b), 0);
	assert_string_equal(buf_str(&b), "X: 1\r\n 2\r\njunk\r\nTo: b\r\n"
	    "\r\n");
	buf_clear(&b);
}

static void
structures(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1 NIL NIL NIL "
		    "NIL)", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1)" },
		{ "(\"image\" \"png\" (\"a\" \"b\") NIL NIL \"base64\" 3 NIL "
		    "NIL NIL NIL)", "(\"image\" \"png\" (\"a\" \"b\") NIL NIL "
		    "\"base64\" 3)" },
		{ "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1 NIL NIL NIL "
		    "NIL)(\"a\" \"b\" NIL NIL NIL \"7bit\" 3 NIL NIL NIL NIL) "
		    "\"mixed\" (\"x\" \"y\") NIL NIL NIL)", "((\"text\" "
		    "\"plain\" NIL NIL NIL \"7bit\" 3 1)(\"a\" \"b\" NIL NIL "
		    "NIL \"7bit\" 3) \"mixed\")" },
		{ "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 3 (NIL NIL) "
		    "(\"text\" \"x\" NIL NIL NIL \"7bit\" 3 1 NIL) 4 NIL NIL)",
		    "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 3 (NIL NIL) "
		    "(\"text\" \"x\" NIL NIL NIL \"7bit\" 3 1) 4)" },
		{ "(\"text\" {5}\r\np\")l\" NIL NIL NIL \"7bit\" 3 1 NIL)",
		    "(\"text\" {5}\r\np\")l\" NIL NIL NIL \"7bit\" 3 1)" },
		{ "", "NIL" }, { "(", "NIL" }, { "(\"text\")", "NIL" },
		{ "(\"text\" {50}\r\nx)", "NIL" }, { "((((", "NIL" },
	};
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_init(&b, 10000);
		mime_short(&b, (const uint8_t *)t[i].in,
		    strlen(t[i].in));
		assert_string_equal(buf_str(&b), t[i].out);
		buf_clear(&b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(depth),
		cmocka_unit_test(tokens),
		cmocka_unit_test(literals),
		cmocka_unit_test(tags),
		cmocka_unit_test(names),
		cmocka_unit_test(patterns),
		cmocka_unit_test(sections),
		cmocka_unit_test(fields),
		cmocka_unit_test(structures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
