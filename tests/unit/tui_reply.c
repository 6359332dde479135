#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tui/reply.h"

enum { MAX = 12 };

/* A message: fields in pairs, NULL at the end. */
struct given {
	const char	*field[2 * MAX];
	const char	*text;
};

static void
show(struct parse_show *s, struct parse_header *h, const struct given *g)
{
	size_t i;

	memset(s, 0, sizeof *s);
	s->header = h;
	for (i = 0; g->field[2 * i] != NULL; i++) {
		h[i].name = g->field[2 * i];
		h[i].value = g->field[2 * i + 1];
	}
	s->nheader = i;
	s->text = (char *)(uintptr_t)(g->text != NULL ? g->text : "");
	s->ntext = strlen(s->text);
}

static void
who(void **state)
{
	static const struct {
		struct given g;
		enum reply_kind kind;
		bool ok;
		const char *to, *cc, *from;
	} t[] = {
		{ { { "From", "A <a@x.y>", "To", "me@example.org, b@x.y",
		    "Cc", "c@x.y" }, NULL }, REPLY_SENDER, true,
		    "A <a@x.y>", "", "me@example.org" },
		{ { { "From", "A <a@x.y>", "To", "me@example.org, b@x.y",
		    "Cc", "c@x.y, ME@Example.Org" }, NULL }, REPLY_ALL, true,
		    "A <a@x.y>", "b@x.y, c@x.y", "me@example.org" },
		/* Reply-To wins over From, but not when a list wrote it. */
		{ { { "From", "a@x.y", "Reply-To", "r@x.y", "To",
		    "me@example.org" }, NULL }, REPLY_SENDER, true,
		    "r@x.y", "", "me@example.org" },
		{ { { "From", "a@x.y", "Reply-To", "l@list", "List-Post",
		    "<mailto:l@list>" }, NULL }, REPLY_SENDER, true,
		    "a@x.y", "", "me@example.org" },
		{ { { "From", "a@x.y", "To", "l@list", "List-Post",
		    "<http://x/>, <mailto:l@list?subject=z>" }, NULL },
		    REPLY_LIST, true, "l@list", "", "me@example.org" },
		{ { { "From", "a@x.y", "List-Post", "NO" }, NULL },
		    REPLY_LIST, false, "", "", "me@example.org" },
		{ { { "From", "a@x.y", "To", "l@list", "Mail-Followup-To",
		    "l@list, me@example.org" }, NULL }, REPLY_ALL, true,
		    "l@list", "", "me@example.org" },
		{ { { "From", "a@x.y", "Mail-Reply-To", "private@x.y",
		    "Reply-To", "r@x.y" }, NULL }, REPLY_SENDER, true,
		    "private@x.y", "", "me@example.org" },
		/* My own letter: to whom it went. */
		{ { { "From", "Me <shop@example.org>", "To", "a@x.y", "Cc",
		    "b@x.y" }, NULL }, REPLY_SENDER, true,
		    "a@x.y", "", "shop@example.org" },
		{ { { "From", "shop@example.org", "To", "a@x.y", "Cc",
		    "b@x.y" }, NULL }, REPLY_ALL, true,
		    "a@x.y", "b@x.y", "shop@example.org" },
		/* From the alias it was given to; nobody twice. */
		{ { { "From", "a@x.y", "To", "A@X.Y, alias@example.org",
		    "Cc", "a@x.y" }, NULL }, REPLY_ALL, true,
		    "a@x.y", "", "alias@example.org" },
		{ { { "From", "a@x.y", "To", "undisclosed:;",
		    "Delivered-To", "hidden@example.org" }, NULL },
		    REPLY_SENDER, true, "a@x.y", "", "hidden@example.org" },
		/* Named by the envelope alone; a stranger's field is none. */
		{ { { "From", "a@x.y", "Received", "from x (y) by "
		    "mail.example.org with ESMTP id z for <shop.x2f@example.org>;"
		    " Mon", "To", "l@list, me@example.org" }, NULL },
		    REPLY_SENDER, true, "a@x.y", "", "shop.x2f@example.org" },
		{ { { "From", "a@x.y", "Received", "from x by other.test with "
		    "ESMTP id z for <shop.x2f@example.org>; Mon", "To",
		    "me@example.org" }, NULL },
		    REPLY_SENDER, true, "a@x.y", "", "me@example.org" },
		/* Only me: then me. */
		{ { { "From", "me@example.org", "To", "me@example.org" },
		    NULL }, REPLY_ALL, true, "me@example.org", "",
		    "me@example.org" },
	};
	struct parse_header h[MAX];
	struct parse_show s;
	struct letter l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		show(&s, h, &t[i].g);
		assert_true(letter_init(&l));
		assert_int_equal(reply_fill(&l, &s, t[i].kind), t[i].ok);
		assert_string_equal(l.field[LETTER_TO], t[i].to);
		assert_string_equal(l.field[LETTER_CC], t[i].cc);
		assert_string_equal(l.field[LETTER_FROM], t[i].from);
		assert_string_equal(l.field[LETTER_BCC], "");
		letter_clear(&l);
	}
}

static void
subjects(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "x", "x" }, { "Re: x", "x" }, { "RE: re: x", "x" },
		{ "AW: Re: x", "x" }, { "Sv: x", "x" }, { "Re[4]: x", "x" },
		{ "Re: ", "" }, { "Regarding: x", "Regarding: x" },
		{ "回复：x", "x" }, { "答复: x", "x" }, { "Antw: x", "x" },
		{ "[list] Re: x", "[list] Re: x" }, { "Reply", "Reply" },
		{ "Re : x", "x" }, { "Fwd: x", "Fwd: x" },
		{ "resume", "resume" }, { "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_string_equal(reply_base(t[i].in), t[i].out);
}

static void
references(void **state)
{
	static const struct given g[] = {
		{ { "From", "a@b", "Message-ID", "<3@x>", "References",
		    "<1@x>\t<2@x>" }, NULL },
		{ { "From", "a@b", "Message-ID", "<3@x>", "In-Reply-To",
		    "<2@x> from somebody" }, NULL },
		{ { "From", "a@b" }, NULL },
	};
	static const char *const want[][2] = {
		{ "<3@x>", "<1@x> <2@x> <3@x>" }, { "<3@x>", "<2@x> <3@x>" },
		{ "", "" },
	};
	struct parse_header h[MAX];
	struct parse_show s;
	struct letter l;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		show(&s, h, &g[i]);
		assert_true(letter_init(&l));
		(void)reply_fill(&l, &s, REPLY_SENDER);
		assert_string_equal(l.field[LETTER_IRT], want[i][0]);
		assert_string_equal(l.field[LETTER_REFS], want[i][1]);
		letter_clear(&l);
	}
}

/* A thousand references: the first stays, and the last. */
static void
many_references(void **state)
{
	struct parse_header h[MAX];
	struct given g = { { "From", "a@b", "Message-ID", "<last@x>",
	    "References", NULL }, NULL };
	struct parse_show s;
	struct letter l;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 100000);
	buf_adds(&b, "<first@x>");
	for (i = 0; i < 1000; i++)
		buf_addf(&b, " <%d@some.where.example>", i);
	g.field[5] = buf_str(&b);
	show(&s, h, &g);
	assert_true(letter_init(&l));
	(void)reply_fill(&l, &s, REPLY_SENDER);
	assert_true(strlen(l.field[LETTER_REFS]) < 8100);
	assert_int_equal(strncmp(l.field[LETTER_REFS], "<first@x> <", 11), 0);
	assert_non_null(strstr(l.field[LETTER_REFS],
	    "<999@some.where.example> <last@x>"));
	letter_clear(&l);
	buf_clear(&b);
}

static void
quoting(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "a\nb\n", "On D, A wrote:\n> a\n> b\n\n" },
		{ "a\n> b\n\nc", "On D, A wrote:\n> a\n>> b\n>\n> c\n\n" },
		{ "a\n-- \nsig\n", "On D, A wrote:\n> a\n\n" },
		{ "-- \nsig\n", "" },
		{ "", "" },
		{ "a\n\n\n", "On D, A wrote:\n> a\n\n" },
	};
	struct given g = { { "From", "A <a@b>", "Date", "D", NULL }, NULL };
	struct parse_header h[MAX];
	struct parse_show s;
	struct letter l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		g.text = t[i].in;
		show(&s, h, &g);
		assert_true(letter_init(&l));
		(void)reply_fill(&l, &s, REPLY_SENDER);
		assert_string_equal(l.body, t[i].out);
		letter_clear(&l);
	}
}

static void
letter_file(void **state)
{
	static const char text[] = "From: a@b\nTo: x@y,\n z@y\nCc: \n"
	    "Subject: s: t\nTo: w@y\nX-Mine: yes\nattach: ~/f\nAttach: /g\n"
	    "\nbody\n\nmore";
	struct letter l, again;
	struct buf b;

	(void)state;
	assert_true(letter_init(&l));
	assert_true(letter_read(&l, text, sizeof text - 1, "/home/me"));
	assert_string_equal(l.field[LETTER_TO], "x@y,  z@y, w@y");
	assert_string_equal(l.field[LETTER_SUBJECT], "s: t");
	assert_string_equal(l.other, "X-Mine: yes\n");
	assert_int_equal(l.nattach, 2);
	assert_string_equal(l.attach[0], "/home/me/f");
	assert_string_equal(l.body, "body\n\nmore");
	buf_init(&b, 10000);
	letter_write(&l, &b);
	assert_true(letter_init(&again));
	assert_true(letter_read(&again, buf_str(&b), b.len, NULL));
	assert_string_equal(again.field[LETTER_TO], l.field[LETTER_TO]);
	assert_string_equal(again.body, l.body);
	assert_string_equal(again.attach[1], "/g");
	letter_clear(&again);
	letter_clear(&l);
	buf_clear(&b);
}

static void
letter_oddities(void **state)
{
	struct letter l;

	(void)state;
	assert_true(letter_init(&l));
	assert_false(letter_read(&l, "To: a\0b\n\nx", 10, NULL));
	/* Without the blank line what is no field is text. */
	assert_true(letter_read(&l, "To: a@b\njust text\n", 18, NULL));
	assert_string_equal(l.body, "just text\n");
	/* A value cannot become two lines. */
	letter_set(&l, LETTER_SUBJECT, " x\nBcc: evil@x\r\n");
	assert_string_equal(l.field[LETTER_SUBJECT], "x Bcc: evil@x");
	letter_clear(&l);
}

static void
came_to(void **state)
{
#define OURS "from x (y) by mail.example.org with ESMTP id z for <"
	static const struct { struct given g; const char *to; } t[] = {
		{ { { "Received", OURS "shop@example.org>; Mon" }, NULL },
		    "shop@example.org" },
		{ { { "Received", OURS "me@example.org>; Mon" }, NULL }, "" },
		{ { { "Envelope-To", "shop@example.org, me@example.org",
		    "Received", "from x by mail.example.org; Mon" }, NULL },
		    "shop@example.org, me@example.org" },
		{ { { "Envelope-To", "ME@example.org, a@x.y", "Received",
		    "from x by mail.example.org; Mon" }, NULL }, "" },
		/* What a stranger wrote. */
		{ { { "Received", OURS "me@example.org>; Mon", "Envelope-To",
		    "shop@example.org" }, NULL }, "" },
		{ { { "Envelope-To", ",,<", NULL }, NULL }, "" },
		{ { { "From", "a@x.y" }, NULL }, "" },
	};
	struct parse_header h[MAX];
	struct parse_show s;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		show(&s, h, &t[i].g);
		buf_init(&b, 100);
		assert_int_equal(reply_alias(&s, &b), t[i].to[0] != '\0');
		if (t[i].to[0] != '\0')
			assert_string_equal(buf_str(&b), t[i].to);
		buf_clear(&b);
	}
	show(&s, h, &t[2].g);
	buf_init(&b, 20);	/* too little room */
	assert_false(reply_alias(&s, &b));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who),
		cmocka_unit_test(subjects),
		cmocka_unit_test(references),
		cmocka_unit_test(many_references),
		cmocka_unit_test(quoting),
		cmocka_unit_test(letter_file),
		cmocka_unit_test(letter_oddities),
		cmocka_unit_test(came_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
