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
#include "mailnode/imap/seqmap.h"
#include "store/mime_short.h"

/* ---- lex ---- */

/* Tokens as text: a atom, q quoted, l literal, ( and ), ! before stuck. */
static const char *
shape(const char *line, enum lex_result *r)
{
	static char out[256];
	static const char letter[] = "aql()";
	struct lex_literal lit;
	struct lex l;
	size_t i, n = 0;

	lex_init(&l);
	*r = lex_line(&l, line, strlen(line), &lit);
	for (i = 0; i < l.n && n + 3 < sizeof out; i++) {
		if (l.token[i].stuck)
			out[n++] = '!';
		out[n++] = letter[l.token[i].kind];
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
		{ "a \"x", "aq", LEX_BAD },
		{ "a \"\\x\"", "aq", LEX_BAD },
		{ "a \"\xff\"", "aq", LEX_BAD },
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
	struct lex_at at;
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
	at = (struct lex_at){ &l, 2 };
	assert_true(lex_astring(&at, &s));
	assert_string_equal(s.p, "me");
	assert_true(lex_astring(&at, &s));
	assert_string_equal(s.p, "\"");
	assert_true(lex_end(&at));
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

/* ---- sets and maps ---- */

static const char *
ranges(const struct set *s)
{
	static char out[512];
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < s->n; i++)
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%u:%u",
		    i > 0 ? "," : "", s->range[i].lo, s->range[i].hi);
	return out;
}

static void
sets(void **state)
{
	static const struct { const char *text; uint32_t max; const char *want;
	    } t[] = {
		{ "1", 9, "1:1" }, { "1:3,2:5", 9, "1:5" },
		{ "5:1", 9, "1:5" }, { "*", 9, "9:9" }, { "7:*", 9, "7:9" },
		{ "20:*", 9, "9:20" }, { "1,3,2", 9, "1:3" },
		{ "4294967295", 9, "4294967295:4294967295" },
		{ "1,9,5", 9, "1:1,5:5,9:9" }, { "*", 0, "" },
		{ "0", 9, NULL }, { "", 9, NULL }, { "1,", 9, NULL },
		{ ",1", 9, NULL }, { "1:", 9, NULL }, { "1:2:3", 9, NULL },
		{ "a", 9, NULL }, { "01", 9, NULL }, { "-1", 9, NULL },
		{ "4294967296", 9, NULL }, { "1 2", 9, NULL },
	};
	struct set s;
	size_t i;
	bool good;

	(void)state;
	set_init(&s);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		good = set_parse(&s, t[i].text, strlen(t[i].text), t[i].max);
		if (good != (t[i].want != NULL) ||
		    (good && strcmp(ranges(&s), t[i].want) != 0))
			fail_msg("%s: %s", t[i].text, ranges(&s));
	}
	set_clear(&s);
}

static void
many_ranges(void **state)
{
	char *text = malloc(SET_RANGES_MAX * 12), *p;
	struct set s;
	uint32_t n, i;

	(void)state;
	assert_non_null(text);
	set_init(&s);
	for (n = SET_RANGES_MAX; n <= SET_RANGES_MAX + 1; n++) {
		for (i = 0, p = text; i < n; i++)
			p += sprintf(p, "%s%u", i > 0 ? "," : "", i * 2 + 1);
		assert_int_equal(set_parse(&s, text, (size_t)(p - text), 9),
		    n == SET_RANGES_MAX);
	}
	set_clear(&s);
	free(text);
}

static void
maps(void **state)
{
	struct set seqs, uids;
	struct seqmap m;

	(void)state;
	seqmap_init(&m);
	set_init(&seqs);
	set_init(&uids);
	assert_true(seqmap_add(&m, 2, 5) && seqmap_add(&m, 6, 6) &&
	    seqmap_add(&m, 10, 12));
	assert_int_equal(m.n, 2);
	assert_int_equal(seqmap_count(&m), 8);
	assert_int_equal(seqmap_uid(&m, 1), 2);
	assert_int_equal(seqmap_uid(&m, 6), 10);
	assert_int_equal(seqmap_uid(&m, 9), 0);
	assert_int_equal(seqmap_uid(&m, 0), 0);
	assert_int_equal(seqmap_seq(&m, 12), 8);
	assert_int_equal(seqmap_seq(&m, 7), 0);
	assert_true(set_parse(&seqs, "4:7", 3, 8));
	assert_true(seqmap_uids(&m, &seqs, &uids));
	assert_string_equal(ranges(&uids), "5:6,10:11");
	assert_true(set_parse(&seqs, "9", 1, 8));
	assert_false(seqmap_uids(&m, &seqs, &uids));
	/* from the middle, the start, the end, and a whole run */
	assert_int_equal(seqmap_remove(&m, 4), 3);
	assert_int_equal(seqmap_seq(&m, 5), 3);
	assert_int_equal(seqmap_seq(&m, 10), 5);
	assert_int_equal(seqmap_remove(&m, 2), 1);
	assert_int_equal(seqmap_seq(&m, 3), 1);
	assert_int_equal(seqmap_remove(&m, 12), 6);
	assert_int_equal(seqmap_remove(&m, 3), 1);
	assert_int_equal(seqmap_remove(&m, 3), 0);
	assert_int_equal(seqmap_count(&m), 4);
	assert_int_equal(seqmap_uid(&m, 1), 5);
	assert_int_equal(seqmap_uid(&m, 4), 11);
	seqmap_clear(&m);
	set_clear(&seqs);
	set_clear(&uids);
}

/* A map against a plain array, removed from at random. */
static void
map_random(void **state)
{
	uint32_t uid[500], n = 0, i, at, seq;
	struct seqmap m;

	(void)state;
	seqmap_init(&m);
	srand(7);
	for (i = 1; n < 500; i++)
		if (rand() % 3 != 0) {
			uid[n++] = i;
			assert_true(seqmap_add(&m, i, i));
		}
	while (n > 0) {
		at = (uint32_t)rand() % n;
		seq = seqmap_remove(&m, uid[at]);
		assert_int_equal(seq, at + 1);
		memmove(uid + at, uid + at + 1, (n - at - 1) * sizeof *uid);
		n--;
		assert_int_equal(seqmap_count(&m), n);
		for (i = 0; i < n; i += 7) {
			assert_int_equal(seqmap_uid(&m, i + 1), uid[i]);
			assert_int_equal(seqmap_seq(&m, uid[i]), i + 1);
		}
	}
	seqmap_clear(&m);
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
	struct lex_at at;
	struct buf label;
	struct lex l;
	size_t i;
	bool good;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		lex_init(&l);
		(void)lex_line(&l, t[i].text, strlen(t[i].text), &lit);
		at = (struct lex_at){ &l, 0 };
		assert_true(lex_atom(&at, &word));
		good = section_parse(&at, &word, &sec);
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
	struct lex_str names_[2] = { { "FROM", 4 }, { "Subject", 7 } };
	struct section sec = { .what = SEC_FIELDS, .field = names_,
	    .nfield = 2 };
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(section_fields(&sec, head, sizeof head - 1, &b), 0);
	assert_string_equal(buf_str(&b), "From: a\r\nsubject : s\r\n\r\n");
	buf_reset(&b);
	sec.what = SEC_NOT;
	assert_int_equal(section_fields(&sec, head, sizeof head - 1, &b), 0);
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
		cmocka_unit_test(sets),
		cmocka_unit_test(many_ranges),
		cmocka_unit_test(maps),
		cmocka_unit_test(map_random),
		cmocka_unit_test(names),
		cmocka_unit_test(patterns),
		cmocka_unit_test(sections),
		cmocka_unit_test(fields),
		cmocka_unit_test(structures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
