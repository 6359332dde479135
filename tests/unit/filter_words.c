#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "mailnode/filter/fold.h"
#include "mailnode/filter/markup.h"
#include "mailnode/filter/sample.h"
#include "mailnode/filter/words.h"

static struct tokens t;

static bool
has(const char *name)
{
	size_t i;

	for (i = 0; i < t.n; i++)
		if (strcmp(tokens_name(&t, i), name) == 0)
			return true;
	return false;
}

static void
text(const char *s)
{
	tokens_reset(&t);
	words_text(&t, TOKEN_BODY, s, strlen(s));
}

static void
html(const char *s)
{
	tokens_reset(&t);
	markup_tokens(&t, s, strlen(s));
}

static void
message(const char *s)
{
	tokens_reset(&t);
	assert_int_equal(sample_tokens(&t, (const uint8_t *)s, strlen(s)),
	    0);
}

/* What is written must be among the tokens, or (a "-" before it) must not. */
static const struct {
	const char	*text, *want;
} words[] = {
	{ "Free Money", "free" },
	{ "Free Money", "free money" },
	{ "a.b-c's", "a.b-c's" },
	{ "end. of", "-end." },
	{ "win $$$ now", "$$$" },
	{ "!!!!!!!!", "!!!!" },
	{ "call 5551234", "#####" },
	{ "in 2026", "2026" },
	{ "caf\xc3\xa9", "cafe" },
	{ "cafe\xcc\x81", "cafe" },
	{ "\xc3\x9c" "BER", "uber" },
	{ "v\xe2\x80\x8bi\xe2\x80\x8b" "agra", "viagra" },
	{ "v\xe2\x80\x8bi\xe2\x80\x8b" "agra", "hidden:zero-width" },
	{ "vi\xc2\xad" "agra", "viagra" },
	{ "\xef\xbc\xb6\xef\xbc\xa9\xef\xbc\xa1", "via" },
	{ "\xf0\x9d\x90\x85\xf0\x9d\x90\xab\xf0\x9d\x90\x9e\xf0\x9d\x90\x9e",
	    "free" },
	{ "\xd0\x9f\xd0\xa0\xd0\x98\xd0\x92\xd0\x95\xd0\xa2",
	    "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82" },
	{ "p\xd0\xb0ypal", "hidden:mixed-script" },
	{ "paypal", "-hidden:mixed-script" },
	{ "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd",
	    "\xe6\x9d\xb1\xe4\xba\xac" },
	{ "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd",
	    "\xe4\xba\xac\xe9\x83\xbd" },
	{ "\xed\x95\x9c\xea\xb5\xad", "\xed\x95\x9c\xea\xb5\xad" },
	{ "win \xf0\x9f\x8e\x81 now", "\xf0\x9f\x8e\x81" },
	{ "win \xf0\x9f\x8e\x81 now", "win \xf0\x9f\x8e\x81" },
	{ "see http://Shop.Example.TEST:80/deal/now?x", "url:example.test" },
	{ "see http://shop.example.test:80/deal/now?x", "url:deal" },
	{ "see http://shop.example.test:80/deal/now?x", "url::port" },
	{ "http://10.1.2.3/", "url:#.#.#.#" },
	{ "http://10.1.2.3/", "url:10.1.2.3" },
	{ "http://10.1.2.3/", "url:10.1.2." },
	{ "http://10.1.2.3/", "url:10." },
	{ "http://10.1.2.3/", "-url:2.3" },
	{ "http://bank.test@evil.test/", "url:evil.test" },
	{ "http://bank.test@evil.test/", "-url:bank.test" },
	{ "\xff\xfe\x80 ok", "ok" },
};

static void
test_words(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		text(words[i].text);
		if (words[i].want[0] == '-' ? has(words[i].want + 1) :
		    !has(words[i].want))
			fail_msg("%s: %s", words[i].text, words[i].want);
	}
}

/* A name costs nothing but memory: the hashes are the same without. */
static void
test_names_change_nothing(void **state)
{
	const char *s = "Mixed words, 12345 \xe6\x9d\xb1\xe4\xba\xac "
	    "p\xd0\xb0y http://x.test/y !!! don't";
	struct tokens bare;
	size_t i;

	(void)state;
	text(s);
	assert_int_equal(tokens_init(&bare, t.key, false), 0);
	words_text(&bare, TOKEN_BODY, s, strlen(s));
	assert_int_equal(bare.n, t.n);
	for (i = 0; i < t.n; i++)
		assert_true(bare.hash[i] == t.hash[i]);
	tokens_clear(&bare);
}

static void
test_key(void **state)
{
	struct tokens other;
	size_t i, k;

	(void)state;
	text("one two three four five");
	assert_int_equal(tokens_init(&other, t.key + 1, false), 0);
	words_text(&other, TOKEN_BODY, "one two three four five", 23);
	for (i = 0; i < t.n; i++)
		for (k = 0; k < other.n; k++)
			assert_true(t.hash[i] != other.hash[k]);
	tokens_clear(&other);
}

static void
test_limits(void **state)
{
	char long_word[WORD_MAX + 2], *many;
	size_t i, n = 0;

	(void)state;
	memset(long_word, 'x', sizeof long_word);
	long_word[WORD_MAX] = '\0';
	text(long_word);
	assert_true(has(long_word));
	long_word[WORD_MAX] = 'x';
	long_word[WORD_MAX + 1] = '\0';
	text(long_word);
	assert_true(has("<long>"));
	many = malloc(16 * TOKEN_MAX);
	assert_non_null(many);
	for (i = 0; i < TOKEN_MAX; i++)
		n += (size_t)snprintf(many + n, 16, "a%zu ", i);
	text(many);
	assert_int_equal(t.n, TOKEN_MAX);
	free(many);
}

/* Emptied is empty, whether by slots or at once. */
static void
test_reset(void **state)
{
	static const char *const s[] = { "few words here", NULL };
	size_t i, n;

	(void)state;
	for (i = 0; i < 3; i++) {
		text(s[0]);
		n = t.n;
		text(s[0]);
		assert_int_equal(t.n, n);
		test_limits(state);
	}
}

static void
test_markup(void **state)
{
	(void)state;
	html("<p>mo<b>n</b>ey now<br>next");
	assert_true(has("money") && has("money now") &&
	    !has("html:br") && !has("html:p"));
	html("<form action='http://h.test/'><input type=password></form>");
	assert_true(has("html:form") && has("html:input"));
	html("<font color=#ff0000 size=7>loud</font>");
	assert_true(has("loud") && !has("html:font") &&
	    !has("html:color=#ff0000"));
	html("<p>one</p><div>two</div>");
	assert_true(has("one") && has("two") && !has("onetwo"));
	html("<span style='display: none'>secret <span>in</span> here</span>"
	    "shown");
	assert_true(has("hidden:secret") && has("hidden:in") &&
	    has("hidden:here") && has("shown") && !has("secret"));
	html("<div style=\"FONT-SIZE:0px\">dust</div>text");
	assert_true(has("hidden:dust") && has("text"));
	html("<div style=\"opacity:0.9\">seen</div>");
	assert_true(has("seen"));
	html("<img style=\"display:none\" src=x>text");
	assert_true(has("text"));
	html("<a href=\"https://evil.test/a?b\">bank</a>");
	assert_true(has("url:evil.test") && has("bank"));
	html("<script>var words</script><style>p{}</style>text<!-- no -->");
	assert_true(has("text") && !has("words") && !has("no"));
	html("<!--#rotate>offers <b>here</b>");
	assert_true(has("offers") && has("here") && !has("rotate"));
	html("<!-- one -->two <!-- three>four");
	assert_true(has("two") && has("four") && !has("one") &&
	    !has("three"));
	html("&#70;&#x72;ee &eacute;t&eacute;&nbsp;a < b");
	assert_true(has("free") && has("ete"));
	html("<a title=\"x>y\" href='http://h.test/'>z</a>");
	assert_true(has("url:h.test"));
	html("<p style=\"display:none");
	html("<");
	html("</");
	html("<!--");
}

/* Letters are read eight at a time: words of any length end where they do,
 * whatever octet stands behind. */
static void
test_ends(void **state)
{
	static const char behind[] = " /:;[]`{|}~^\x7f\n";
	char word[WORD_MAX + 1], s[WORD_MAX + 5];
	size_t n, i;

	(void)state;
	for (n = 2; n <= WORD_MAX; n++)
		for (i = 0; behind[i] != '\0'; i++) {
			memset(word, "za90"[n % 4], n);
			word[n] = '\0';
			word[0] = 'Q';
			(void)snprintf(s, sizeof s, "%s%cEnd", word,
			    behind[i]);
			word[0] = 'q';
			text(s);
			assert_true(has(word) && has("end"));
		}
}

static void
test_message(void **state)
{
	(void)state;
	message("From: Ann <ann@mail.club.test>\nSubject: =?utf-8?q?gr=C3=BCn?="
	    "\n =?utf-8?q?e?= wiese\nTo: me@node.test\n\nplain text\n");
	assert_true(has("from:ann@mail.club.test") && has("from:club.test") &&
	    has("from:ann") && has("subject:grune") &&
	    !has("subject:grune wiese") && has("plain text") && has("html:part=none"));
	message("Content-Type: text/plain; charset=koi8-r\n"
	    "Content-Transfer-Encoding: base64\n\n8NLJ18XU\n");
	assert_true(has("\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"));
	message("Content-Type: multipart/alternative; boundary=b\n\n"
	    "--b\nContent-Type: text/plain\n\ninnocent\n"
	    "--b\nContent-Type: text/html\n\n<b>guilty</b>\n"
	    "--b\nContent-Type: application/zip; name=invoice.exe\n"
	    "Content-Disposition: attachment\n\nxx\n--b--\n");
	assert_true(has("innocent") && has("guilty") &&
	    has("file:invoice.exe") && has("html:part=application/zip"));
	/* Of the program, not of the text. */
	message("Content-Type: multipart/mixed; boundary=b\n\n"
	    "Your reader\n--b\n\ninnocent\n--b--\n");
	assert_true(has("head:reader") && !has("reader") && has("innocent"));
	message("Content-Type: multipart/mixed (by); boundary=b\n\n"
	    "Your reader\n--b\n\ninnocent\n--b--\n");
	assert_true(has("head:reader") && !has("reader") && has("innocent"));
	message("Content-Type: text/plain\n\nYour reader\n--b\n");
	assert_true(!has("head:reader") && has("reader"));
	message("Content-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: application/octet-stream; name=Offer.HTM\n"
	    "Content-Transfer-Encoding: base64\n\nPGI+Z3VpbHR5PC9iPg==\n"
	    "--b\nContent-Type: application/octet-stream; name=html\n\n"
	    "<b>unread</b>\n--b--\n");
	assert_true(has("guilty") && has("file:offer.htm") &&
	    !has("unread"));
	/* The same, but for GMime. */
	message("Content-Type: application/octet-stream;\n"
	    " name*=utf-8''a.html (by)\n\n<b>gui</b>lty\n");
	assert_true(has("guilty") && has("html:part="
	    "application/octet-stream"));
	/* The boundary stands nowhere. */
	message("Content-Type: multipart/mixed; boundary=\"b 1\"\n\n"
	    "innocent\n--b  1\nContent-Type: text/html\n\n<b>gui</b>lty\n");
	assert_true(has("innocent") && has("guilty"));
	message("Subject: \xcf\xf0\xe8\n\n");
	assert_true(has("head:8bit"));
	message("From x@y Sat Jan  3 01:05:34 1998\nSubject: box\n\nhi\n");
	assert_true(has("subject:box"));
	message("");
	message("\n");
	message("no header at all\nindeed\n");
	assert_true(has("indeed"));
}

enum { BOMB_MS = 2000 };

/* Of this process, whoever else has the machine. */
static int64_t
cpu_ms(void)
{
	return (int64_t)clock() * 1000 / CLOCKS_PER_SEC;
}

/* n times what, then between that of the head and of the end. */
static void
bomb(const char *head, const char *what, size_t n)
{
	size_t at = strlen(head), len = strlen(what), i;
	char *s = malloc(at + n * len + 1);
	int64_t began = cpu_ms();

	assert_non_null(s);
	memcpy(s, head, at);
	for (i = 0; i < n; i++, at += len)
		memcpy(s + at, what, len);
	tokens_reset(&t);
	assert_int_equal(sample_tokens(&t, (const uint8_t *)s, at), 0);
	free(s);
	assert_in_range(cpu_ms() - began, 0, BOMB_MS);
}

/* What the form of a header says; and what may not be said by it. */
static void
test_traits(void **state)
{
	static const struct {
		const char	*header, *token;
		bool		 there;
	} cases[] = {
		{ "From: a@x.test\nReply-To: b@X.test\n",
		    "head:from/reply-to=same", true },
		{ "From: A <a@m.house.test>\nMessage-ID: <1@n.house.test>\n",
		    "head:from/message-id=related", true },
		{ "From: a@one.co.uk\nTo: b@two.co.uk\n",
		    "head:from/to=other", true },
		{ "From: a@x.test\n", "head:from/to=none", true },
		{ "From: \"A\" <a12@x.test>\n", "head:from=quoted", true },
		{ "From: \"A\" <a12@x.test>\n", "head:from-digits=2",
		    true },
		{ "From: a12345@x.test\n", "head:from=bare", true },
		{ "From: a12345@x.test\n", "head:from-digits=3", true },
		{ "Subject: BUY NOW!\n", "head:subject-capitals=4", true },
		{ "Subject: BUY NOW!\n", "head:subject-end=!", true },
		{ "Subject: hello      x7\n", "head:subject=gap", true },
		{ "Subject: Re: x\n", "head:re=claimed", true },
		{ "Subject: Re: x\nReferences: <1@x>\n",
		    "head:re=answer", true },
		{ "To: a@x, b@x\nCc: c@x\n", "head:recipients=2", true },
		{ "Received: from pc ([10.0.0.1]) by mx with SMTP; x\n",
		    "head:first-hop=bare/none", true },
		{ "Received: by mx with HTTP; x\n",
		    "head:first-hop=local", true },
		{ "Received: from a.x.test (unknown [10.0.0.1])\n by y\n",
		    "head:first-hop=name/unknown", true },
		{ "Received: by b\nReceived: from a.house.test (b.house.test [1.2])\n"
		    "\tby mx with ESMTPS id 1\n",
		    "head:first-hop=name/related", true },
		{ "Received: by b\nReceived: from a.house.test (b.house.test [1.2])\n"
		    "\tby mx with ESMTPS id 1\n",
		    "head:first-hop-with=esmtps", true },
		{ "Received: from relay.test (relay.test [1.2]) by b\n",
		    "head:relay.test", false },
		{ "Received: from relay.Example.test ([10.0.0.1])\n by b\n",
		    "via:example", true },
		{ "Received: from a.x.test by Mx.z with SMTP\n id QWERTY1 for "
		    "<me@here.test>; Mon, 5 Jan\n", "via:smtp", true },
		{ "Received: from a.x.test by Mx.z with SMTP\n id QWERTY1 for "
		    "<me@here.test>; Mon, 5 Jan\n", "via:here", true },
		{ "Received: from a.x.test by Mx.z with SMTP\n id QWERTY1 for "
		    "<me@here.test>; Mon, 5 Jan\n", "via:qwerty", false },
		{ "Received: from a.x.test by Mx.z with SMTP\n id QWERTY1 for "
		    "<me@here.test>; Mon, 5 Jan\n", "via:jan", false },
		{ "Received: from a.x.test by Mx.z with SMTP\n id QWERTY1 for "
		    "<me@here.test>; Mon, 5 Jan\n", "via:mx", false },
		{ "Received: by valid.test\n", "via:valid", true },
		{ "Received: by b.test id", "via:test", true },
		{ "Received-SPF: pass\n", "via:pass", false },
		{ "List-Id: <friends.test>\n", "head:list-id", false },
		{ "List-Id: <friends.test>\n", "head:friends.test", false },
		{ "Date: Mon, 5 Jan 2026 10:00:00 +0000\n", "head:jan",
		    false },
		{ "X-Spam-Flag: YES\n", "head:x-spam-flag", false },
		{ "X-Face: words\n", "head:x-face", true },
		{ "X-Face: words\n", "head:words", false },
		{ "Comments: words\n", "head:words", true },
		{ "Message-Id: <1@x>\n", "head:written=Message-Id: ", true },
		{ "message-ID:<1@x>\n", "head:written=message-ID:", true },
		{ "From: a@x\nReceived: by b\nTO: b@y\n",
		    "head:order=from>to", true },
		{ "Received: by b\nDate: now\nFrom: a@x\n",
		    "head:order=date>from", true },
		{ "Received: by b\n", "head:written=Received: ", false },
		{ "From: \"Ann B.\" <ann77@x-y.test>\n",
		    "head:from-shape=\"Aa A.\" <a9@a-a.a>", true },
		{ "Received:\n", "head:first-hop=local", true },
		{ "Received: from \n", "head:first-hop=bare/none", true },
		{ "From: @\nReply-To: <\nMessage-ID: .@.\n",
		    "head:from/reply-to=none", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		message(cases[i].header);
		if (has(cases[i].token) != cases[i].there)
			fail_msg("%s: %s", cases[i].header, cases[i].token);
	}
}

static void
test_bombs(void **state)
{
	static const char as_html[] = "Content-Type: text/html\n\n";

	(void)state;
	bomb(as_html, "<a>", 1000000);
	bomb(as_html, "<a ", 1000000);
	bomb(as_html, "<a b=\"", 1000000);
	bomb(as_html, "<!--", 1000000);
	bomb(as_html, "<style>", 1000000);
	bomb(as_html, "<p style='display:none'>", 100000);
	bomb(as_html, "&#x", 1000000);
	bomb("", "=?utf-8?b?", 100000);
	bomb("Subject: ", "=?utf-8?q?a?= ", 100000);
	bomb("From: ", "a@b.c.d.e.f.g.h,", 20000);
	bomb("", "X: y\n", 100000);
	bomb("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n",
	    100000);
	bomb("", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 20000);
	bomb("Content-Type: text/plain; charset=utf-7\n\n", "+AGE-", 200000);
	bomb("\n", "http://a.", 100000);
	bomb("\n", "\xe2\x80\x8b", 500000);
}

static int
setup(void **state)
{
	(void)state;
	return sample_init() == -1 || tokens_init(&t, 42, true) == -1;
}

static int
teardown(void **state)
{
	(void)state;
	tokens_clear(&t);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names_change_nothing),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_markup),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_traits),
		cmocka_unit_test(test_bombs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
