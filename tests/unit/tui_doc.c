#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <string.h>
#include <cmocka.h>

#include "tui/doc.h"
#include "tui/doing.h"
#include "tui/text.h"

static struct doc d;

static void
fill(const char *s, bool numbers, size_t cols)
{
	doc_clear(&d);
	doc_body(&d, s, strlen(s), numbers);
	doc_layout(&d, cols);
}

static void
row_is(size_t i, const char *want)
{
	assert_true(i < d.nrows);
	assert_int_equal(d.row[i].n, strlen(want));
	assert_memory_equal(d.text.data + d.row[i].at, want, strlen(want));
}

static void
wraps(void **state)
{
	(void)state;
	fill("one two three\n\n  x\r\nlast", false, 8);
	assert_int_equal(d.nrows, 5);
	row_is(0, "one two");
	row_is(1, "three");
	row_is(2, "");
	row_is(3, "  x");
	row_is(4, "last");
	doc_layout(&d, 80);
	assert_int_equal(d.nrows, 4);
	assert_int_equal(doc_row_at(&d, 14), 2);
}

/* Laid out, and come in, bit by bit: the same rows as at once. */
static void
grows(void **state)
{
	static const char text[] = "one two three\n> q\n> r\n> s\nlast\n"
	    "-- \nme, too long for it\n";
	struct doc_row want[20];
	size_t n, i, hide, at;

	(void)state;
	for (hide = 0; hide < 2; hide++) {
		fill(text, false, 8);
		doc_hide_quoted(&d, hide == 1);
		n = d.nrows;
		memcpy(want, d.row, n * sizeof want[0]);
		doc_clear(&d);
		d.hide_quoted = hide == 1;
		for (at = 0; text[at] != '\0'; at += i) {
			i = strcspn(text + at, "\n") + 1;
			doc_body(&d, text + at, i, false);
			(void)doc_layout_to(&d, 8, d.nrows, 0);
		}
		assert_true(doc_layout_to(&d, 8, SIZE_MAX, 0));
		assert_int_equal(d.nrows, n);
		assert_memory_equal(d.row, want, n * sizeof want[0]);
		assert_int_equal(d.line[6].paint, PAINT_SIGNATURE);
	}
	fill("a\nb\nc\nd\n", false, 8);
	assert_false(doc_layout_to(&d, 9, 1, 0));
	assert_int_equal(d.nrows, 2);
	assert_false(doc_layout_to(&d, 9, 0, 1));
	assert_int_equal(d.nrows, 2);
}

static void
quotes(void **state)
{
	(void)state;
	fill("a\n> b\n>> c\n> > d\nno > quote\n-- \nsig\n", false, 80);
	assert_int_equal(d.line[1].quote, 1);
	assert_int_equal(d.line[2].quote, 2);
	assert_int_equal(d.line[3].quote, 2);
	assert_int_equal(d.line[4].quote, 0);
	assert_int_equal(d.line[1].paint, PAINT_QUOTE1);
	assert_int_equal(d.line[3].paint, PAINT_QUOTE2);
	assert_int_equal(d.line[6].paint, PAINT_SIGNATURE);
	assert_int_equal(doc_skip_quoted(&d, 0), 4);
	assert_int_equal(doc_skip_quoted(&d, 4), 4);
	doc_hide_quoted(&d, true);
	assert_int_equal(d.nrows, 5);
	assert_true(d.row[1].folded);
	assert_int_equal(d.row[1].n, 3);
	doc_hide_quoted(&d, false);
	assert_int_equal(d.nrows, 7);
}

static void
urls(void **state)
{
	static const struct { const char *in; size_t n; } t[] = {
		{ "https://a.b/c", 13 }, { "http://a", 8 }, { "http://", 0 },
		{ "https://a.b/c.", 13 }, { "https://a/(b)", 13 },
		{ "https://a/b)", 11 }, { "HTTPS://a/b>", 11 },
		{ "mailto:a@b", 10 }, { "ftp://x", 0 }, { "https://a b", 9 },
		{ "https://a\x1b[0m", 9 }, { "https://a/b]", 11 },
		{ "https://a/[b]", 13 }, { "www.a.b/c.", 9 }, { "www.a", 0 },
		{ "WWW.a.b", 7 }, { "www..b", 0 }, { "https://a/\xc3\xa4.", 12 },
		/* A full stop of Japanese, a closing quote. */
		{ "https://a/b\xe3\x80\x82\xe6\xac\xa1", 11 },
		{ "https://a/b\xe2\x80\x9d", 11 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_int_equal(doc_url(t[i].in, t[i].in,
		    t[i].in + strlen(t[i].in)), t[i].n);
}

static void
numbered(void **state)
{
	(void)state;
	fill("see https://a/b and http://c\nhttps://a/b again: x", true, 80);
	assert_int_equal(d.nlinks, 2);
	assert_string_equal(d.link[1].url, "http://c");
	row_is(0, "see https://a/b[1] and http://c[2]");
	row_is(1, "https://a/b[1] again: x");
	fill("plain: https://a/b", false, 80);
	assert_int_equal(d.nlinks, 1);
	row_is(0, "plain: https://a/b");
	fill("www.a.b (www.c.d) xwww.e.f a@www.g.h https://www.a.b/c", true,
	    80);
	row_is(0, "www.a.b[1] (www.c.d[2]) xwww.e.f a@www.g.h "
	    "https://www.a.b/c[3]");
	assert_string_equal(d.link[0].url, "https://www.a.b");
	fill("https://www.a.b www.a.b", true, 80);
	assert_int_equal(d.nlinks, 1);
	fill(".: www.", true, 80);
	assert_int_equal(d.nlinks, 0);
}

/* The numbers that a browser writes are those to be typed. */
static void
numbered_by_a_browser(void **state)
{
	static const char w3m[] = "see www.a.b, [1]one [2]two [3]one\n\n"
	    "References:\n\n[1] https://one/\n[2] mailto:two@a\n"
	    "[3] https://one/\n";
	static const char lynx[] = "[1]one\n\nReferences\n\n"
	    "   1. https://one/\n   3. https://three/\n";

	(void)state;
	doc_clear(&d);
	doc_references(&d, w3m, sizeof w3m - 1);
	assert_int_equal(d.nlinks, 3);
	doc_body(&d, w3m, sizeof w3m - 1, true);
	doc_layout(&d, 80);
	row_is(0, "see www.a.b[4], [1]one [2]two [3]one");
	assert_int_equal(d.nlinks, 4);
	assert_string_equal(d.link[1].url, "mailto:two@a");
	assert_string_equal(d.link[2].url, "https://one/");
	doc_clear(&d);
	doc_references(&d, lynx, sizeof lynx - 1);
	assert_int_equal(d.nlinks, 1);
	doc_clear(&d);
	doc_references(&d, "References\n[1] x\n", 17);
	doc_references(&d, "\nReferences", 11);
	assert_int_equal(d.nlinks, 0);
}

static void
finds(void **state)
{
	(void)state;
	fill("Needle\nhay\nhay needle needle\nhay NEED\nle\n", false, 80);
	assert_int_equal(doc_find(&d, "needle", SIZE_MAX, false), 0);
	assert_int_equal(doc_find(&d, "needle", 0, false), 2);
	assert_int_equal(doc_find(&d, "needle", 2, false), SIZE_MAX);
	assert_int_equal(doc_find(&d, "needle", 2, true), 0);
	assert_int_equal(doc_find(&d, "", 0, false), SIZE_MAX);
	/* Over the end of a row. */
	fill("aaa needle", false, 7);
	assert_int_equal(d.nrows, 2);
	fill("aaaneedle", false, 5);
	assert_int_equal(doc_find(&d, "needle", SIZE_MAX, false), 0);
}

static void
tags(void **state)
{
	static const struct { const char *from, *to, *change, *back; } t[] = {
		{ "a b", "b c", "-a +c", "+a -c" },
		{ "", "x", "+x", "-x" },
		{ "x", "", "-x", "+x" },
		{ "a", "a", "", "" },
		{ "ab", "a", "-ab +a", "+ab -a" },
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		buf_reset(&b);
		doing_tag_change(&b, t[i].from, t[i].to);
		assert_string_equal(buf_str(&b), t[i].change);
		buf_reset(&b);
		doing_tag_back(&b, t[i].from, t[i].change);
		assert_string_equal(buf_str(&b), t[i].back);
	}
	/* What was so before is not taken back. */
	buf_reset(&b);
	doing_tag_back(&b, "a b", "+a -c +d");
	assert_string_equal(buf_str(&b), "-d");
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps),
		cmocka_unit_test(grows),
		cmocka_unit_test(quotes),
		cmocka_unit_test(urls),
		cmocka_unit_test(numbered),
		cmocka_unit_test(numbered_by_a_browser),
		cmocka_unit_test(finds),
		cmocka_unit_test(tags),
	};
	int rc;

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	text_init();
	doc_init(&d);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	doc_clear(&d);
	return rc;
}
