/* What a message says: parts and offsets, IMAP's view, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/field.h"
#include "store/html.h"
#include "store/mime.h"
#include "store/mime_cap.h"
#include "store/mime_imap.h"
#include "store/mime_place.h"
#include "store/mime_row.h"
#include "store/mime_text.h"
#include "store/mtext.h"
#include "store/op_parse.h"

static struct mime m;
static struct buf out;

static void
parse(const char *text, size_t n)
{
	uint8_t *p = malloc(n + 1);

	assert_non_null(p);
	memcpy(p, text, n);
	assert_int_equal(mime_open(&m, p, n), 0);
}

static void
parse_s(const char *text)
{
	parse(text, strlen(text));
}

static int
set_up(void **state)
{
	(void)state;
	memset(&m, 0, sizeof m);
	buf_init(&out, PARSE_ANSWER_MAX);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	mime_close(&m);
	buf_clear(&out);
	return 0;
}

/* The octets of a section, as IMAP would send them. */
static void
section_is(const char *path, const char *want)
{
	const struct mime_part *p = mime_find(&m, path);

	assert_non_null(p);
	assert_int_equal(p->nbody, strlen(want));
	assert_memory_equal(m.data + p->body, want, p->nbody);
}

static void
header_is(const char *path, const char *want)
{
	const struct mime_part *p = mime_find(&m, path);

	assert_non_null(p);
	assert_int_equal(p->nhead, strlen(want));
	assert_memory_equal(m.data + p->head, want, p->nhead);
}

#define NESTED \
	"From: \"Ann B.\" <a@x.test>\r\nTo: b@y.test, Group: c@z.test;\r\n" \
	"Subject: =?iso-8859-1?Q?caf=E9?=\r\nMessage-ID: <1@x.test>\r\n" \
	"Date: Sat, 21 Nov 2026 06:00:00 +0100\r\n" \
	"Content-Type: multipart/mixed; boundary=X\r\n\r\n" \
	"preamble\r\n--X\r\n\r\nplain\r\n\r\n--X\r\n" \
	"Content-Type: multipart/alternative; boundary=XY\r\n\r\n" \
	"--XY\r\nContent-Type: text/plain; charset=iso-8859-1\r\n" \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\nna=EFve\r\n" \
	"--XY\r\nContent-Type: text/html\r\n\r\n<p>naive</p>\r\n--XY--\r\n" \
	"epilogue\r\n--X\r\nContent-Type: message/rfc822\r\n\r\n" \
	"From: q@r.test\r\nSubject: inner\r\n\r\ninner text\r\n--X\r\n" \
	"Content-Type: image/png; name=old.png\r\n" \
	"Content-Disposition: attachment;\r\n" \
	" filename*=utf-8''%e2%82%ac%2Fb.png\r\n" \
	"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--X--\r\n"

static void
sections_are_octets_of_the_file(void **state)
{
	(void)state;
	parse_s(NESTED);
	assert_int_equal(m.npart, 8);
	section_is("1", "plain\r\n");
	header_is("1", "\r\n");
	section_is("2", "--XY\r\nContent-Type: text/plain; "
	    "charset=iso-8859-1\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\nna=EFve\r\n"
	    "--XY\r\nContent-Type: text/html\r\n\r\n<p>naive</p>\r\n"
	    "--XY--\r\nepilogue");
	section_is("2.1", "na=EFve");
	section_is("2.2", "<p>naive</p>");
	section_is("3", "From: q@r.test\r\nSubject: inner\r\n\r\n"
	    "inner text");
	section_is("3.1", "inner text");
	header_is("3", "Content-Type: message/rfc822\r\n\r\n");
	section_is("4", "aGVsbG8=");
	assert_null(mime_find(&m, "5"));
	assert_null(mime_find(&m, "2.3"));
	assert_null(mime_find(&m, "1.1"));
}

static void
structure_as_imap_wants_it(void **state)
{
	(void)state;
	parse_s(NESTED);
	assert_int_equal(mime_bodystructure(&m, &out), 0);
	assert_string_equal(buf_str(&out),
	    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
	    "\"7BIT\" 7 1 NIL NIL NIL NIL)"
	    "((\"text\" \"plain\" (\"charset\" \"iso-8859-1\") NIL NIL "
	    "\"quoted-printable\" 7 0 NIL NIL NIL NIL)"
	    "(\"text\" \"html\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" "
	    "12 0 NIL NIL NIL NIL) \"alternative\" (\"boundary\" \"XY\") "
	    "NIL NIL NIL)"
	    "(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 44 "
	    "(NIL \"inner\" ((NIL NIL \"q\" \"r.test\")) "
	    "((NIL NIL \"q\" \"r.test\")) ((NIL NIL \"q\" \"r.test\")) "
	    "NIL NIL NIL NIL NIL) "
	    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
	    "\"7BIT\" 10 0 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)"
	    "(\"image\" \"png\" (\"name\" \"old.png\") NIL NIL \"base64\" 8 "
	    "NIL (\"attachment\" (\"filename*\" "
	    "\"utf-8''%E2%82%AC%2Fb.png\")) NIL NIL) "
	    "\"mixed\" (\"boundary\" \"X\") NIL NIL NIL)");
	buf_reset(&out);
	assert_int_equal(mime_envelope(&m, &out), 0);
	assert_string_equal(buf_str(&out),
	    "(\"Sat, 21 Nov 2026 06:00:00 +0100\" "
	    "\"=?iso-8859-1?Q?caf=E9?=\" "
	    "((\"Ann B.\" NIL \"a\" \"x.test\")) "
	    "((\"Ann B.\" NIL \"a\" \"x.test\")) "
	    "((\"Ann B.\" NIL \"a\" \"x.test\")) "
	    "((NIL NIL \"b\" \"y.test\")(NIL NIL \"Group\" NIL)"
	    "(NIL NIL \"c\" \"z.test\")(NIL NIL NIL NIL)) NIL NIL NIL "
	    "\"<1@x.test>\")");
}

/* What is no address is told by its name, a route by its domains. */
static void
odd_addresses(void **state)
{
	(void)state;
	parse_s("From: MAILER DAEMON <>\r\nTo: <@a.test,@b.test:c@d.test>\r\n"
	    "Cc: \xff\xfe\r\nBcc: (nobody)\r\n\r\n");
	buf_reset(&out);
	assert_int_equal(mime_envelope(&m, &out), 0);
	assert_string_equal(buf_str(&out), "(NIL NIL "
	    "((\"MAILER DAEMON\" NIL \"\" \"\")) "
	    "((\"MAILER DAEMON\" NIL \"\" \"\")) "
	    "((\"MAILER DAEMON\" NIL \"\" \"\")) "
	    "((NIL \"@a.test,@b.test\" \"c\" \"d.test\")) "
	    "((NIL NIL \"\" \"\")) NIL NIL NIL)");
}

static void
to_is(const char *to, const char *want)
{
	char text[400], end[400];

	(void)snprintf(text, sizeof text, "To: %s\r\n\r\n", to);
	(void)snprintf(end, sizeof end, "(NIL NIL NIL NIL NIL %s NIL NIL NIL "
	    "NIL)", want);
	mime_close(&m);
	parse_s(text);
	buf_reset(&out);
	assert_int_equal(mime_envelope(&m, &out), 0);
	assert_string_equal(buf_str(&out), end);
}

/* One that nobody can read hides none beside it, and is there to see. */
static void
unreadable_addresses(void **state)
{
	(void)state;
	to_is("a@b, foo@, c@d", "((NIL NIL \"a\" \"b\")"
	    "(NIL NIL \"foo\" \"\")(NIL NIL \"c\" \"d\"))");
	to_is("A <a b@c>, x..y@z, @q, r s", "((\"A\" NIL \"a b\" \"c\")"
	    "(NIL NIL \"x..y\" \"z\")(NIL NIL \"\" \"q\")"
	    "(\"r s\" NIL \"\" \"\"))");
	to_is("\"a b\"@c, \"d\\\"e\\\\\"@f, \"@\"@h", "((NIL NIL \"a b\" "
	    "\"c\")(NIL NIL \"d\\\"e\\\\\" \"f\")(NIL NIL \"@\" \"h\"))");
	to_is("<a@b>, C: <c@d>, C: <e@f>, C: <g@h>;;;, i@j",
	    "((NIL NIL \"a\" \"b\")(NIL NIL \"C\" NIL)(NIL NIL \"c\" \"d\")"
	    "(NIL NIL \"e\" \"f\")(NIL NIL \"g\" \"h\")(NIL NIL NIL NIL)"
	    "(NIL NIL \"i\" \"j\"))");
	to_is("a@b; \"c; d\" <c@d>;", "((NIL NIL \"a\" \"b\")"
	    "(\"c; d\" NIL \"c\" \"d\"))");
	to_is("g: a@b, c@d;e@f, (x, y) u@[IPv6:::1], v@w",
	    "((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")"
	    "(NIL NIL \"c\" \"d\")(NIL NIL NIL NIL)"
	    "(NIL NIL \"e\" \"f\")(NIL NIL \"u\" \"[IPv6:::1]\")"
	    "(NIL NIL \"v\" \"w\"))");
	to_is("\"u, n <a@b>, c@d", "((\"u\" NIL \"\" \"\")"
	    "(\"n\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d\"))");
	to_is("(c), , ;", "NIL");
}

/* Octets that a word may not hold are encoded once. */
static void
words_with_raw_octets(void **state)
{
	(void)state;
	to_is("=?utf-8?q?J\303\274?= <a@b>, =?latin1?Q?\374=20?= =?q? <c@d>",
	    "((\"=?utf-8?q?J=C3=BC?=\" NIL \"a\" \"b\")"
	    "(\"=?latin1?Q?=FC=20?= =?q?\" NIL \"c\" \"d\"))");
}

/* Encoded words stay as they are in a structure; text has a charset. */
static void
words_of_parameters(void **state)
{
	(void)state;
	parse_s("Content-Type: text/plain; format=flowed;\r\n"
	    " name=\"=?utf-8?q?=C3=A4?=\r\n =?utf-8?q?=C3=B6?=\"\r\n\r\n");
	buf_reset(&out);
	assert_int_equal(mime_bodystructure(&m, &out), 0);
	assert_string_equal(buf_str(&out), "(\"text\" \"plain\" "
	    "(\"format\" \"flowed\" "
	    "\"name\" \"=?utf-8?q?=C3=A4?= =?utf-8?q?=C3=B6?=\" "
	    "\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL)");
}

static void
decoded_is(const char *path, const char *want)
{
	const struct mime_part *p = mime_find(&m, path);

	assert_non_null(p);
	buf_reset(&out);
	assert_int_equal(mime_decode(&m, p, &out), 0);
	assert_string_equal(buf_str(&out), want);
}

/* RFC 2046 section 5.1.1, also where the file ends with the delimiter. */
static void
no_line_break_is_of_the_part(void **state)
{
	(void)state;
	parse_s("Content-Type: multipart/mixed; boundary=X\r\n\r\n"
	    "--X\r\nContent-Transfer-Encoding: x-none\r\n\r\none\r\n"
	    "--X\r\n\r\ntwo\r\n\r\n--X--");
	section_is("1", "one");
	decoded_is("1", "one");
	section_is("2", "two\r\n");
	decoded_is("2", "two\r\n");
}

static void
encodings_are_undone(void **state)
{
	(void)state;
	parse_s("Content-Type: multipart/mixed; boundary=X\n\n"
	    "--X\nContent-Transfer-Encoding: base64;\n\nZm9vYg\n"
	    "--X\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "a=3D \nb=\t\n\xc3=A9\n"
	    "--X\nContent-Transfer-Encoding: x-uuencode\n\n"
	    "begin 644 a\n#9F]O\n`\nend\n--X--");
	decoded_is("1", "foob");
	decoded_is("2", "a=\nb\xc3\xa9");
	decoded_is("3", "foo");
}

/* RFC 2045 section 5.2: a type that is none is text/plain; what stands there
 * of parameters counts. */
static void
no_type_is_text(void **state)
{
	uint32_t flags[5];

	(void)state;
	parse_s("Content-Type: multipart/mixed; boundary=X\n\n"
	    "--X\nContent-Type: text; charset=iso-8859-1 (x)\n\na\xe9\n"
	    "--X\nContent-Type: pdf; name=a.pdf\n\nb\n"
	    "--X\nContent-Type: message/rfc822; name=in\n"
	    "Content-Disposition: attachment; filename*=utf-8''%c3%a9\n\n"
	    "Subject: c\n\nc\n--X--\n");
	assert_true(mime_is(&m, &m.part[1], "text", "plain"));
	assert_string_equal(mime_param(&m, &m.part[1], "charset"),
	    "iso-8859-1");
	assert_int_equal(mime_text(&m, &m.part[1], &out), 0);
	assert_string_equal(buf_str(&out), "a\xc3\xa9");
	assert_string_equal(mime_filename(&m, &m.part[2]), "a.pdf");
	assert_string_equal(mime_filename(&m, &m.part[3]), "\xc3\xa9");
	mime_pick(&m, PARSE_PLAIN, flags);
	assert_int_equal(flags[2] & PARSE_P_ATTACH, PARSE_P_ATTACH);
}

/* RFC 2045 section 5.1 has comments; some have no semicolon.  The octets stay
 * what they are. */
static void
boundaries_are_found(void **state)
{
	static const char *const type[] = {
		"multipart/mixed; boundary=X (that is (\\)) it)",
		"multipart/mixed; boundary=X(c); type=y",
		"Multipart/Mixed;\r\n boundary = X\r\n (c)",
		"multipart/mixed boundary=X", "multipart/mixed\r\n\tboundary=X",
		"multipart/mixed; type=a boundary=\"X\"",
		"multipart/mixed; a=\"; boundary=Y\"; boundary=X (c)",
		"multipart/mixed (boundary=Y); boundary=X" };
	char text[500], head[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof type / sizeof type[0]; i++) {
		snprintf(head, sizeof head, "Content-Type: %s\r\n\r\n",
		    type[i]);
		snprintf(text, sizeof text, "%s--X\r\n\r\n%s\r\n--X\r\n\r\n"
		    "two\r\n--X--\r\n", head, head);
		parse_s(text);
		assert_int_equal(m.npart, 3);
		assert_memory_equal(m.data, text, strlen(text));
		assert_int_equal(m.part[0].nhead, strlen(head));
		section_is("1", head);
		section_is("2", "two");
		mime_close(&m);
	}
}

static void
multipart_of_nothing_is_read(void **state)
{
	uint32_t flags[2];
	bool html;

	(void)state;
	parse_s("Content-Type: multipart/alternative; boundary=X\n\n"
	    "--Y\nContent-Type: text/plain\n\nna\303\257ve\n--Y--\n");
	mime_pick(&m, PARSE_PLAIN, flags);
	assert_int_equal(mime_body(&m, flags, &out, &html), 0);
	assert_string_equal(buf_str(&out), "--Y\nContent-Type: text/plain\n\n"
	    "na\303\257ve\n--Y--\n");
	mime_close(&m);
	buf_reset(&out);
	parse_s("Content-Type: multipart/mixed\n\n");
	mime_pick(&m, PARSE_PLAIN, flags);
	assert_int_equal(mime_body(&m, flags, &out, &html), 0);
	assert_int_equal(out.len, 0);
}

/* The words stand in the other part: "text/calendar" is for programs. */
static void
invitations_are_not_read(void **state)
{
	static const char mail[] =
	    "Content-Type: multipart/alternative; boundary=X\n\n"
	    "--X\nContent-Type: text/%s\n\nlunch?\n"
	    "--X\nContent-Type: text/calendar; method=REQUEST\n\n"
	    "BEGIN:VCALENDAR\n--X--\n";
	static const enum parse_want want[] = { PARSE_PLAIN, PARSE_HTML };
	char s[sizeof mail + 10];
	uint32_t flags[3];
	bool html;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		(void)snprintf(s, sizeof s, mail, i < 2 ? "plain" : "html");
		parse_s(s);
		mime_pick(&m, want[i % 2], flags);
		buf_reset(&out);
		assert_int_equal(mime_body(&m, flags, &out, &html), 0);
		assert_memory_equal(buf_str(&out), "lunch?", 6);
		assert_null(strstr(buf_str(&out), "BEGIN"));
		mime_close(&m);
	}
}

/* What is no header is text, though no blank line says so. */
static void
text_needs_no_blank_line(void **state)
{
	(void)state;
	parse_s("From: a@x.test\nSubject: s\nthere is: no blank line\nhere\n");
	section_is("1", "there is: no blank line\nhere\n");
	header_is("1", "From: a@x.test\nSubject: s\n");
	mime_close(&m);
	parse_s("From a@x.test\nFrom : a@x.test\n folded\nSubject: s\n");
	section_is("1", "");
	mime_close(&m);
	/* There is one, but behind the text. */
	parse_s("Subject: s\n \nno blank line\n was here\n\nmore\n");
	section_is("1", "no blank line\n was here\n\nmore\n");
	mime_close(&m);
	parse_s("Content-Type: multipart/mixed; boundary=X\n\n--X\nA: b\nc\n"
	    "\n--X\nContent-Transfer-Encoding: base64\nc\n\nZm9v\n--X\n"
	    "A: b\nbadly folded\nC: d\n\ntext\n--X--\n");
	section_is("1", "c\n");
	section_is("2", "Zm9v");
	section_is("3", "text");
	mime_close(&m);
	parse_s("Content-Type: multipart/mixed; boundary=X\r\n\r\n"
	    "--X\r\nContent-Type: text/html\r\n<p>one\r\n--X\r\nx: y\r\n"
	    "--X\r\n\r\n--X\r\ny: z\r\n\r\n--X\r\n\r\nfive\r\n--X--");
	section_is("1", "<p>one");
	header_is("1", "Content-Type: text/html\r\n");
	section_is("2", "");
	header_is("2", "x: y");
	section_is("3", "");
	header_is("3", "\r\n");
	header_is("4", "y: z\r\n\r\n");
	section_is("5", "five");
}

/* Also a first line that continues nothing. */
static void
blanks_around_the_header(void **state)
{
	static const char head[] = "Content-Type: multipart/mixed; "
	    "boundary=X\n\n--X\n\none\n--X--\n";
	static const char *const first[] = { "     \n", " \r\n", "\t From: a\n" };
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof first / sizeof first[0]; i++) {
		snprintf(text, sizeof text, "%s%s", first[i], head);
		parse_s(text);
		section_is("1", "one");
		assert_memory_equal(m.data, text, strlen(text));
		mime_close(&m);
	}
	parse_s("  no field\nFollows: or not\n no: field\n");
	mime_close(&m);
	/* Nor does one hide the parts, as an attachment that is refused. */
	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof text, "Content-Type: multipart/mixed; "
		    "boundary=X\r\n \t%s\n--X\nA: b\n\none\n--X--\n",
		    i == 0 ? "" : "\r");
		parse_s(text);
		assert_int_equal(m.npart, 2);
		section_is("1", "one");
		header_is("1", "A: b\n\n");
		assert_int_equal(m.part[0].nhead, 46 + i);
		mime_close(&m);
	}
	parse_s("  no field\nfollows\n");
	assert_true(m.nohead);
}

/* Encoded words are not decoded, and what is raw is encoded. */
static void
names_stay_encoded(void **state)
{
	(void)state;
	parse_s("From: =?utf-8?q?B=C3=B6b?= <b@d.test>\r\n"
	    "Sender: \"=?utf-8?b?QsO2Yg==?= =!\" <b@d.test>\r\n"
	    "Reply-To: \"B\303\266b, junior\" <b@d.test>\r\n"
	    "To: \"a \\\"q\\\"\" <=?x@d.test>, :;\r\n\r\n");
	assert_int_equal(mime_envelope(&m, &out), 0);
	assert_string_equal(buf_str(&out), "(NIL NIL "
	    "((\"=?utf-8?q?B=C3=B6b?=\" NIL \"b\" \"d.test\")) "
	    "((\"=?utf-8?b?QsO2Yg==?= =!\" NIL \"b\" \"d.test\")) "
	    "((\"=?UTF-8?b?QsO2Yiw=?= junior\" NIL \"b\" \"d.test\")) "
	    "((\"a \\\"q\\\"\" NIL \"=?x\" \"d.test\")"
	    "(NIL NIL \"\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL)");
}

/* With LF ends in the file the numbers are those of CRLF, offsets are not. */
static void
bare_lf_counts_as_crlf(void **state)
{
	struct mime_place p;

	(void)state;
	parse_s("Subject: x\n\none\ntwo\n");
	assert_int_equal(mime_bodystructure(&m, &out), 0);
	assert_string_equal(buf_str(&out), "(\"text\" \"plain\" "
	    "(\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 10 2 "
	    "NIL NIL NIL NIL)");
	buf_reset(&out);
	assert_int_equal(mime_parts(&m, &out), 0);
	assert_int_equal(mime_places(out.data, out.len), 1);
	assert_true(mime_place(out.data, out.len, 0, m.size, &p));
	assert_int_equal(p.body, 12);
	assert_int_equal(p.nbody, 8);
	assert_int_equal(p.lf_head, 2);
	assert_int_equal(p.lf_body, 2);
	assert_int_equal(p.lines, 2);
}

static void
tables_are_checked(void **state)
{
	struct mime_place p;

	(void)state;
	parse_s(NESTED);
	assert_int_equal(mime_parts(&m, &out), 0);
	assert_int_equal(mime_places(out.data, out.len), 8);
	assert_int_equal(mime_places(out.data, out.len - 1), 0);
	assert_int_equal(mime_places(out.data, 7), 0);
	assert_false(mime_place(out.data, out.len, 8, m.size, &p));
	assert_true(mime_place(out.data, out.len, 7, m.size, &p));
	assert_false(mime_place(out.data, out.len, 7, p.body, &p));
	out.data[8 + 64 + 4] = 9;	/* a parent behind its child */
	assert_false(mime_place(out.data, out.len, 1, m.size, &p));
	out.data[0] = 2;		/* a version we do not know */
	assert_int_equal(mime_places(out.data, out.len), 0);
}

static void
row_of(struct parse_row *r)
{
	struct chan_in in;

	buf_reset(&out);
	assert_int_equal(mime_row(&m, &out), 0);
	chan_in_init(&in, out.data, out.len);
	assert_true(parse_row_get(&in, r));
}

static void
rows_are_decoded(void **state)
{
	struct parse_row r;

	(void)state;
	parse_s(NESTED);
	row_of(&r);
	assert_string_equal(r.subject, "caf\xc3\xa9");
	assert_string_equal(r.author, "Ann B.");
	assert_string_equal(r.msgid, "1@x.test");
	assert_string_equal(r.snippet, "plain");
	assert_true(r.flags & PARSE_ATTACH);
	assert_false(r.flags & (PARSE_LF | PARSE_CUT | PARSE_NODATE));
	assert_int_equal(r.date, 1795237200);
	assert_int_equal(r.size, strlen(NESTED));
	assert_int_equal(r.wire, r.size);
	parse_row_clear(&r);
}

static void
dates_before_1970(void **state)
{
	struct parse_row r;

	(void)state;
	parse_s("Date: Wed, 31 Dec 1969 23:59:00 +0000\r\n\r\n");
	row_of(&r);
	assert_int_equal(r.date, -60);
	assert_false(r.flags & PARSE_NODATE);
	parse_row_clear(&r);
}

#define L(s)	s, sizeof s - 1

static void
no_message_is_too_bad(void **state)
{
	static const struct { const char *text; size_t n; uint32_t flags; }
	bad[] = {
		{ L(""), PARSE_NOHEAD | PARSE_NODATE },
		{ L("no header\nat all\n"), PARSE_NOHEAD | PARSE_NODATE |
		    PARSE_LF },
		{ L("\0\0\0"), PARSE_NOHEAD | PARSE_NODATE },
		{ L("Subject: x"), PARSE_NODATE },
		{ L("Content-Type: multipart/mixed\r\n\r\n--\r\n"),
		    PARSE_NODATE },
		{ L("Content-Type: message/rfc822\r\n\r\n"), PARSE_NODATE },
		{ L("Date: yesterday\r\n\r\n"), PARSE_NODATE },
		{ L("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n"
		    "--\r\n"), PARSE_NODATE },
	};
	struct parse_show s;
	struct parse_row r;
	struct chan_in in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		parse(bad[i].text, bad[i].n);
		row_of(&r);
		assert_int_equal(r.flags & ~(uint32_t)PARSE_ATTACH,
		    bad[i].flags);
		assert_true(strlen(r.msgid) > 0);
		parse_row_clear(&r);
		buf_reset(&out);
		assert_int_equal(mime_show(&m, PARSE_PLAIN, &out), 0);
		chan_in_init(&in, out.data, out.len);
		assert_true(parse_show_get(&in, &s));
		assert_true(s.npart > 0);
		parse_show_clear(&s);
		mime_close(&m);
	}
}

/* Limits: at each one, and one past it. */
static size_t
capped(const char *head, const char *each, size_t n, const char *tail)
{
	struct buf b;
	size_t i, cap;

	buf_init(&b, 64 * 1024 * 1024);
	buf_adds(&b, head);
	for (i = 0; i < n; i++)
		buf_adds(&b, each);
	buf_adds(&b, tail);
	assert_int_equal(b.err, 0);
	cap = mime_cap(b.data, b.len);
	i = b.len - cap;
	buf_clear(&b);
	return i;		/* octets that are left out */
}

static void
limits_hold(void **state)
{
	static const char mixed[] =
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
	static const char deeper[] = "--b\r\nContent-Type: multipart/mixed;\r\n"
	    " boundary=b\r\n\r\n";

	(void)state;
	assert_int_equal(capped("", "A: b\r\n", MIME_FIELDS_MAX, "\r\n"), 0);
	assert_true(capped("", "A: b\r\n", MIME_FIELDS_MAX + 1, "\r\n") > 0);
	assert_int_equal(capped(mixed, "--b\r\n\r\nx\r\n", MIME_PARTS_MAX,
	    "--b--\r\n"), 0);
	assert_true(capped(mixed, "--b\r\n\r\nx\r\n", MIME_PARTS_MAX + 1,
	    "--b--\r\n") > 0);
	/* b within b: the inner one counts, each is one level more. */
	assert_true(capped(mixed, deeper, MIME_DEPTH_MAX, "") > 0);
	assert_int_equal(capped(mixed, deeper, MIME_DEPTH_MAX - 1, ""), 0);
}

static void
nesting_bombs_are_cut(void **state)
{
	struct parse_row r;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 64 * 1024 * 1024);
	for (i = 0; i < 20000; i++)
		buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d"
		    "\r\n\r\n--b%d\r\n", i, i);
	parse((char *)b.data, b.len);
	buf_clear(&b);
	row_of(&r);
	assert_true(r.flags & PARSE_CUT);
	assert_true(m.npart <= MIME_DEPTH_MAX + 2);
	parse_row_clear(&r);
	mime_close(&m);
	for (i = 0; i < 20000; i++)
		buf_adds(&b, "Content-Type: message/rfc822\r\n\r\n");
	parse((char *)b.data, b.len);
	buf_clear(&b);
	row_of(&r);
	assert_true(r.flags & PARSE_CUT);
	assert_true(m.npart <= MIME_DEPTH_MAX + 2);
	parse_row_clear(&r);
}

static void
shown(enum parse_want want, struct parse_show *s)
{
	struct chan_in in;

	buf_reset(&out);
	assert_int_equal(mime_show(&m, want, &out), 0);
	chan_in_init(&in, out.data, out.len);
	assert_true(parse_show_get(&in, s));
}

/* Where in a line an octet stands makes no difference. */
static void
each_octet_anywhere(void **state)
{
	enum { LINE = 20 };
	char line[LINE + 1], want[LINE + 8], c;
	struct buf alone, whole;
	int i, at;

	(void)state;
	buf_init(&alone, 16);
	buf_init(&whole, 2 * LINE);
	for (i = 0; i <= UINT8_MAX; i++)
		for (at = 0; at < LINE; at++) {
			c = (char)i;
			memset(line, 'a', LINE);
			line[at] = c;
			buf_reset(&alone);
			buf_reset(&whole);
			assert_int_equal(mtext_clean(&alone, &c, 1), 0);
			assert_int_equal(mtext_clean(&whole, line, LINE), 0);
			line[LINE] = '\0';
			snprintf(want, sizeof want, "%.*s%s%s", at,
			    "aaaaaaaaaaaaaaaaaaaa", alone.len > 0 ?
			    buf_str(&alone) : "", line + at + 1);
			assert_string_equal(buf_str(&whole), want);
		}
	buf_clear(&alone);
	buf_clear(&whole);
}

static void
text_is_chosen_and_clean(void **state)
{
	struct parse_show s;

	(void)state;
	parse_s(NESTED);
	shown(PARSE_PLAIN, &s);
	assert_string_equal(s.text, "plain\n\nna\xc3\xafve\n\n"
	    "From: q@r.test\nSubject: inner\n\ninner text");
	assert_false(s.text_is_html);
	assert_string_equal(s.html_path, "2.2");
	assert_int_equal(s.npart, 8);
	assert_string_equal(s.part[7].filename, "b.png");
	assert_string_equal(s.part[7].type, "image/png");
	assert_string_equal(s.part[7].path, "4");
	assert_true(s.part[7].flags & PARSE_P_ATTACH);
	parse_show_clear(&s);
	shown(PARSE_HTML, &s);
	assert_true(strstr(s.text, "naive") != NULL);
	assert_true(s.text_is_html);
	parse_show_clear(&s);
}

/* Of a long text the start; it is cut between characters. */
static void
starts_are_short(void **state)
{
	struct parse_show s;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1024 * 1024);
	buf_adds(&b, "Subject: x\r\n\r\nn");
	for (i = 0; i < PARSE_START_TEXT; i++)
		buf_adds(&b, "\xc3\xa4");
	parse((char *)b.data, b.len);
	m.text_max = PARSE_START_TEXT;
	shown(PARSE_PLAIN, &s);
	assert_true(s.flags & PARSE_MORE);
	assert_int_equal(s.ntext, PARSE_START_TEXT - 1);
	parse_show_clear(&s);
	m.text_max = 2 * PARSE_START_TEXT + 1;
	shown(PARSE_PLAIN, &s);
	assert_false(s.flags & PARSE_MORE);
	assert_int_equal(s.ntext, 2 * PARSE_START_TEXT + 1);
	parse_show_clear(&s);
	m.part_of_it = true;
	shown(PARSE_PLAIN, &s);
	assert_true(s.flags & PARSE_MORE);
	parse_show_clear(&s);
	buf_reset(&out);
	m.text_max = 0;
	assert_int_equal(mime_show_text(&m, PARSE_PLAIN, &out), 0);
	assert_int_equal(out.len, 2 * PARSE_START_TEXT + 1);
	mime_close(&m);
	buf_clear(&b);
}

/* Nothing that a message holds may command a terminal. */
static void
controls_never_come_through(void **state)
{
	struct parse_show s;
	struct parse_row r;

	(void)state;
	parse_s("From: \x1b]0;x\x07y <a@b>\r\n"
	    "Subject: =?utf-8?B?G1szMW1yZWQbWzBtwptr?=\r\n"
	    "X: \xe2\x80\xae" "drow\r\n"
	    "Content-Type: text/plain; charset=utf-8; name=\"\x1b[2J.txt\""
	    "\r\n\r\n\x1b[31mred\x1b[0m \xc2\x9b" "31m \x07\x08 ok\r\n");
	row_of(&r);
	assert_string_equal(r.subject, "[31mred [0mk");
	assert_null(strchr(r.from, '\x1b'));
	assert_string_equal(r.snippet, "[31mred[0m 31m ok");
	parse_row_clear(&r);
	shown(PARSE_PLAIN, &s);
	assert_string_equal(s.text, "[31mred[0m 31m  ok\n");
	assert_string_equal(s.part[0].filename, "[2J.txt");
	parse_show_clear(&s);
}

static void
charsets(void **state)
{
	static const struct { const char *cs, *in, *want; } t[] = {
		{ "utf-8", "na\xc3\xafve", "na\xc3\xafve" },
		{ NULL, "na\xefve", "na\xc3\xafve" },
		{ "us-ascii", "\x80", "\xe2\x82\xac" },
		{ "iso-8859-1", "a\x81\x9f\xa0\xffz", "a\xef\xbf\xbd\xc5\xb8"
		    "\xc2\xa0\xc3\xbfz" },
		{ "windows-1252", "12345678\x93x\x94", "12345678"
		    "\xe2\x80\x9cx\xe2\x80\x9d" },
		{ "utf-8", "12345678\xff" "2345678\xc3\xa9\xc3\xa9\xc3\xa9",
		    "12345678\xef\xbf\xbd" "2345678\xc3\xa9\xc3\xa9\xc3\xa9" },
		{ "x-no-such", "na\xc3\xafve", "na\xc3\xafve" },
		{ "koi8-r", "\xf0\xf2\xe9", "\xd0\x9f\xd0\xa0\xd0\x98" },
		{ "gb2312", "\xc4\xe3", "\xe4\xbd\xa0" },
		{ "iso-2022-jp", "\x1b$B$\"\x1b(B", "\xe3\x81\x82" },
		{ "utf-8", "ab\xff" "cd\xc3\xa9\xc3\xa9\xc3\xa9",
		    "ab\xef\xbf\xbd" "cd\xc3\xa9\xc3\xa9\xc3\xa9" },
		{ "utf-8//TRANSLIT", "x", "x" },
		{ "utf-7", "+AOk-", "\xc3\xa9" },
		{ NULL, "\xef\xbb\xbfhi", "hi" },
	};
	size_t i;

	(void)state;
	assert_true(mtext_init() > 30);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&out);
		assert_int_equal(mtext_utf8(&out, t[i].cs, t[i].in,
		    strlen(t[i].in)), 0);
		assert_string_equal(buf_str(&out), t[i].want);
	}
}

static void
flowed_text_is_unfolded(void **state)
{
	(void)state;
	parse_s("Content-Type: text/plain; format=flowed\r\n\r\n"
	    "one \r\ntwo\r\n> quoted \r\n> too\r\n-- \r\nsig\r\n"
	    " From here\r\n");
	assert_int_equal(mime_text(&m, m.part, &out), 0);
	assert_string_equal(buf_str(&out), "one two\n> quoted too\n-- \n"
	    "sig\nFrom here\n");
	buf_reset(&out);
	assert_int_equal(mtext_unflow(&out, "a \nb\n", 5, true), 0);
	assert_string_equal(buf_str(&out), "ab\n");
}

static void
html_becomes_text(void **state)
{
	static const struct { const char *in, *want; } t[] = {
		{ "<p>One  two\n three</p><p>four</p>",
		    "One two three\n\nfour\n" },
		{ "a<br>b<br/>c", "a\nb\nc\n" },
		{ "x &amp; &lt;y&gt; &#228; &#xe4; &bogus; &",
		    "x & <y> \xc3\xa4 \xc3\xa4 &bogus; &\n" },
		{ "<style>p{}</style>a<script>alert('<b>')</script>b", "ab\n" },
		{ "<a href=\"https://x.test/?a=1&amp;b=2\">here</a>.",
		    "here <https://x.test/?a=1&b=2>.\n" },
		{ "<a href='https://x.test/'>x.test/</a>", "x.test/\n" },
		{ "<a href=\"javascript:alert(1)\">here</a>", "here\n" },
		{ "<ul><li>one<li>two</ul>", "* one\n* two\n" },
		{ "<blockquote>said<br>this</blockquote>I",
		    "> said\n> this\nI\n" },
		{ "<pre>a  b\n c</pre>", "a  b\n c\n" },
		{ "<!-- <b>no</b> -->yes", "yes\n" },
		{ "<img src=http://t.test/p.gif><img alt='A cat'>",
		    "[A cat]\n" },
		{ "<td>a</td><td>b</td>", "a b\n" },
		{ "1 < 2 <", "1 < 2 <\n" },
		{ "<b", "" },
		{ "<script>never closed", "" },
		{ "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&out);
		assert_int_equal(html_plain(&out, t[i].in, strlen(t[i].in)),
		    0);
		assert_string_equal(buf_str(&out), t[i].want);
	}
}

/* What newsletters hide: the preview line, and what a phone would show. */
static void
html_hides(void **state)
{
	static const struct { const char *in, *want; } t[] = {
		{ "<div style=\"display:none\">no</div>yes", "yes" },
		{ "<DIV STYLE='color:red; Display : NONE !important'><div>a"
		    "</div>b</DIV>yes", "yes" },
		{ "<span style=\"max-height:0px;overflow:hidden\">no</span>y",
		    "y" },
		{ "<p hidden>no</p>yes", "yes" },
		{ "<p title=\"a hidden one\">yes</p>",
		    "<p title=\"a hidden one\">yes</p>" },
		{ "<p style=\"max-height:0.5em\">y</p>",
		    "<p style=\"max-height:0.5em\">y</p>" },
		{ "<p style=\"x-display:none\">y</p>",
		    "<p style=\"x-display:none\">y</p>" },
		{ "<div style=\"display:none\">never closed, so shown",
		    "<div style=\"display:none\">never closed, so shown" },
		{ "<!-- <b style=\"display:none\"> -->a<b>c</b>",
		    "<!-- <b style=\"display:none\"> -->a<b>c</b>" },
		{ "<i hidden><!-- </i> -->no</i>yes", "yes" },
		{ "<img hidden>1 < 2 <", "<img hidden>1 < 2 <" },
		{ "<b", "<b" },
		{ "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&out);
		assert_int_equal(html_shown(&out, t[i].in, strlen(t[i].in)),
		    0);
		assert_string_equal(buf_str(&out), t[i].want);
	}
	buf_reset(&out);
	assert_int_equal(html_plain(&out, t[0].in, strlen(t[0].in)), 0);
	assert_string_equal(buf_str(&out), "yes\n");
}

/* What is never closed is looked for once: else a stranger's megabyte of it
 * would keep the parser for hours, and all mail behind it. */
static void
html_takes_no_longer_than_it_is(void **state)
{
	enum { TAGS = 300000 };
	static const char *const tags[] = { "<svg>", "<title>",
	    "<noscript><object>", "<div hidden>", "<!-- ", "<p x=\"" };
	struct buf in;
	size_t i, k;

	(void)state;
	buf_init(&in, TAGS * 40);
	(void)alarm(60);
	for (i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		buf_reset(&in);
		buf_reset(&out);
		for (k = 0; k < TAGS; k++)
			assert_int_equal(buf_adds(&in, tags[i]), 0);
		assert_int_equal(html_plain(&out, (char *)in.data, in.len), 0);
		assert_int_equal(html_shown(&out, (char *)in.data, in.len), 0);
	}
	(void)alarm(0);
	buf_clear(&in);
}

static void
ids_and_subjects(void **state)
{
	(void)state;
	assert_int_equal(mime_ids("<a@b>\r\n <c@d>junk<e @f><g@h", 10, &out),
	    2);
	assert_string_equal(buf_str(&out), "a@b c@d");
	buf_reset(&out);
	assert_int_equal(mime_ids("<1><2><3><4>", 2, &out), 2);
	assert_string_equal(buf_str(&out), "3 4");
	assert_string_equal(mime_base_subject("Re: AW: Fwd[2]: x"), "x");
	assert_string_equal(mime_base_subject("re:re:"), "");
	assert_string_equal(mime_base_subject("Reply: x"), "Reply: x");
	assert_string_equal(mime_base_subject("\xe5\x9b\x9e\xe5\xa4\x8d"
	    "\xef\xbc\x9a x"), "x");
}

/* Answers are read like network data. */
static void
answers_are_checked(void **state)
{
	static const uint8_t names[FIELD_NAMES_OCTETS + 2];
	struct parse_row r, was;
	struct parse_show s;
	struct chan_in in;
	size_t i, whole;

	(void)state;
	parse_s(NESTED);
	row_of(&r);
	parse_row_clear(&r);
	whole = out.len;
	for (i = 0; i < whole; i++) {
		chan_in_init(&in, out.data, i);
		assert_false(parse_row_get(&in, &r));
	}
	/* A part that reaches beyond the file. */
	chan_in_init(&in, out.data, whole);
	memset(out.data + 12, 0, 8);
	out.data[12] = 100;		/* size */
	assert_false(parse_row_get(&in, &r));
	/* Names of fields, at the limit and one past it. */
	for (i = 0; i < 2; i++) {
		row_of(&was);
		was.names = names;
		was.nnames = FIELD_NAMES_OCTETS + 2 * i;
		buf_reset(&out);
		parse_row_put(&out, &was);
		chan_in_init(&in, out.data, out.len);
		assert_true(parse_row_get(&in, &r) == (i == 0));
		parse_row_clear(&r);
		parse_row_clear(&was);
	}
	buf_reset(&out);
	assert_int_equal(mime_show(&m, PARSE_PLAIN, &out), 0);
	for (i = 0; i < out.len; i++) {
		chan_in_init(&in, out.data, i);
		assert_false(parse_show_get(&in, &s));
	}
	for (i = 0; i + 5 < out.len; i++)
		if (memcmp(out.data + i, "plain\n", 6) == 0)
			out.data[i] = '\x1b';
	chan_in_init(&in, out.data, out.len);
	assert_false(parse_show_get(&in, &s));
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(sections_are_octets_of_the_file),
		T(structure_as_imap_wants_it),
		T(names_stay_encoded),
		T(bare_lf_counts_as_crlf),
		T(tables_are_checked),
		T(rows_are_decoded),
		T(dates_before_1970),
		T(odd_addresses),
		T(unreadable_addresses),
		T(words_with_raw_octets),
		T(words_of_parameters),
		T(no_line_break_is_of_the_part),
		T(encodings_are_undone),
		T(text_needs_no_blank_line),
		T(blanks_around_the_header),
		T(no_type_is_text),
		T(boundaries_are_found),
		T(multipart_of_nothing_is_read),
		T(no_message_is_too_bad),
		T(limits_hold),
		T(nesting_bombs_are_cut),
		T(each_octet_anywhere),
		T(text_is_chosen_and_clean),
		T(starts_are_short),
		T(controls_never_come_through),
		T(charsets),
		T(flowed_text_is_unfolded),
		T(html_becomes_text),
		T(html_hides),
		T(html_takes_no_longer_than_it_is),
		T(invitations_are_not_read),
		T(ids_and_subjects),
		T(answers_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
