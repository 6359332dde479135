/* Base subjects, keys and threads of RFC 5256, without a mailbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/collate.h"
#include "store/env.h"
#include "store/order.h"
#include "store/subject.h"

/* ---- RFC 5256 section 2.1 ---- */

static void
base_subjects(void **state)
{
	static const struct { const char *s, *base; bool reply; } t[] = {
		{ "", "", false }, { "hello", "hello", false },
		{ "Re: hello", "hello", true }, { "RE:hello", "hello", true },
		{ "re  [2] : hello ", "hello", true },
		{ "Fw: hello", "hello", true }, { "fwd: hello", "hello", true },
		{ "Fwdx: hello", "Fwdx: hello", false },
		{ "Re: Fwd: Re: hello", "hello", true },
		{ "hello (fwd)", "hello", true },
		{ "hello (fwd) (FWD) ", "hello", true },
		{ "[list] hello", "hello", false },
		{ "[a] [b] Re: [c] hello", "hello", true },
		{ "[only]", "[only]", false }, { "Re: [only]", "[only]", true },
		{ "[a] [only]", "[only]", false },
		{ "[fwd: hello]", "hello", true },
		{ "[Fwd: Re: hello (fwd)] ", "hello", true },
		{ "Re: [fwd: [x] hello]", "hello", true },
		{ "[open hello", "[open hello", false },
		{ "[a[b]] hello", "[a[b]] hello", false },
		{ "Re hello", "Re hello", false }, { "Re:", "", true },
		{ "(fwd)", "", true }, { "AW: hello", "AW: hello", false },
	};
	const char *s;
	char got[80];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		s = t[i].s;
		n = strlen(s);
		assert_int_equal(subject_base(&s, &n), t[i].reply);
		snprintf(got, sizeof got, "%.*s", (int)n, s);
		assert_string_equal(got, t[i].base);
	}
}

/* ---- RFC 5051 ---- */

static int
compare(const char *a, const char *b)
{
	struct buf x, y;
	int d;

	buf_init(&x, 200);
	buf_init(&y, 200);
	assert_int_equal(collate_key(a, strlen(a), &x), 0);
	assert_int_equal(collate_key(b, strlen(b), &y), 0);
	assert_non_null(buf_str(&x));
	assert_non_null(buf_str(&y));
	d = strcmp(buf_str(&x), buf_str(&y));
	buf_clear(&x);
	buf_clear(&y);
	return d;
}

static void
letters(void **state)
{
	(void)state;
	assert_int_equal(compare("abc", "ABC"), 0);
	assert_true(compare("a_", "aZ") > 0);	/* titles: Z is before _ */
	assert_int_equal(compare("\xc3\xa4", "\xc3\x84"), 0);	/* ä Ä */
	assert_true(compare("\xc3\xa4z", "b") < 0);	/* as an a */
	assert_true(compare("a", "\xc3\xa4") < 0);
	assert_int_equal(compare("\xc3\xa4", "a\xcc\x88"), 0);
	assert_int_equal(compare("\xd0\xb6", "\xd0\x96"), 0);	/* ж Ж */
	assert_int_equal(compare("\xcf\x83", "\xcf\x82"), 0);	/* σ ς */
	assert_true(compare("\xe6\xb8\xa1", "z") > 0);
	assert_int_equal(compare("", ""), 0);
}

/* ---- the ENVELOPE ---- */

static void
addresses(void **state)
{
	static const char env[] = "(\"Mon, 7 Feb\" \"a \\\"b\\\"\" ((\"Terry)\" "
	    "NIL \"gray\" \"cac\")(NIL NIL \"two\" \"x\")) NIL NIL "
	    "((NIL NIL {3}\r\ni)p \"cac\")) NIL NIL NIL \"<B2@x>\")";
	const char *end = env + sizeof env - 1;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_true(env_string(env_nth(env, end, ENV_SUBJECT), end, &b));
	assert_string_equal(buf_str(&b), "a \"b\"");
	buf_reset(&b);
	assert_true(env_address(env, end, ENV_FROM, ENV_NAME, &b));
	assert_string_equal(buf_str(&b), "Terry)");
	buf_reset(&b);
	assert_true(env_address(env, end, ENV_TO, ENV_MAILBOX, &b));
	assert_string_equal(buf_str(&b), "i)p");
	buf_reset(&b);
	assert_false(env_address(env, end, ENV_TO, ENV_NAME, &b));
	assert_false(env_address(env, end, ENV_CC, ENV_MAILBOX, &b));
	assert_true(env_string(env_nth(env, end, ENV_MSGID), end, &b));
	assert_string_equal(buf_str(&b), "<B2@x>");
	assert_null(env_nth(env, end, ENV_MSGID + 1));
	buf_clear(&b);
}

/* ---- RFC 5256 section 3 ---- */

struct given {
	const char	*msgid, *refs, *subject;
	int64_t		 date;
};

/* The answer as IMAP has it. */
static void
thread(const struct given *g, size_t n, char *dst, size_t size)
{
	struct order_refs *t = order_refs_new();
	struct order o = { .row = NULL };
	struct order_msg m;
	const char *base;
	size_t i, k, at = 0;

	assert_non_null(t);
	for (i = 0; i < n; i++) {
		base = g[i].subject;
		m = (struct order_msg){ .uid = (uint32_t)i + 1, .irt = "",
		    .date = g[i].date, .msgid = g[i].msgid,
		    .refs = g[i].refs, .nbase = strlen(base) };
		m.reply = subject_base(&base, &m.nbase);
		m.base = base;
		assert_int_equal(order_refs_add(t, &m), OP_OK);
	}
	assert_int_equal(order_refs_put(t, &o), OP_OK);
	for (i = 0; i < o.n && at + 40 < size; i++) {
		for (k = 0; k < o.row[i].closes; k++)
			dst[at++] = ')';
		at += (size_t)snprintf(dst + at, size - at, "%s",
		    o.row[i].opens ? "(" : " ");
		if (o.row[i].uid != 0)
			at += (size_t)snprintf(dst + at, size - at, "%u",
			    (unsigned int)o.row[i].uid);
	}
	if (at > 0 && dst[at - 1] == ' ')
		at--;
	dst[at] = '\0';
	free(o.row);
	order_refs_free(t);
}

#define THREAD(want, ...) do { \
	const struct given g[] = { __VA_ARGS__ }; \
	char got[400]; \
	thread(g, sizeof g / sizeof g[0], got, sizeof got); \
	assert_string_equal(got, want); \
} while (0)

static void
threads(void **state)
{
	(void)state;
	THREAD("(1)", { "a", "", "x", 1 });
	THREAD("(1 2 3)", { "a", "", "x", 1 }, { "b", "a", "Re: x", 2 },
	    { "c", "a b", "Re: x", 3 });
	THREAD("(1(3)(2))", { "a", "", "x", 1 }, { "b", "a", "Re: x", 5 },
	    { "c", "a", "Re: x", 3 });
	/* Whom it answers came later, or never. */
	THREAD("(2 1)", { "b", "a", "Re: x", 2 }, { "a", "", "x", 1 });
	THREAD("(1)", { "b", "lost", "Re: x", 2 });
	THREAD("((1)(2))", { "b", "lost", "x", 2 }, { "c", "lost", "x", 3 });
	THREAD("(1 2)", { "b", "lost1", "x", 2 },
	    { "c", "lost1 b lost2", "x", 3 });
	/* Oldest thread first. */
	THREAD("(2)(1)", { "a", "", "x", 9 }, { "b", "", "y", 1 });
	/* A subject joins threads: two of a kind, or a reply and its cause. */
	THREAD("((1)(2))", { "a", "", "x", 1 }, { "b", "", "x", 2 });
	THREAD("(1 2)", { "a", "", "x", 1 }, { "b", "", "Re: x", 2 });
	THREAD("(2 1)", { "a", "", "Re: x", 1 }, { "b", "", "x", 2 });
	THREAD("((1)(2)(3))", { "a", "", "x", 1 }, { "b", "", "x", 2 },
	    { "c", "", "x", 3 });
	THREAD("((1 4)(2)(3))", { "b", "lost", "x", 1 },
	    { "c", "lost", "x", 2 }, { "a", "", "x", 3 },
	    { "d", "b", "Re: x", 4 });
	/* No subject joins nothing. */
	THREAD("(1)(2)", { "a", "", "", 1 }, { "b", "", "", 2 });
	/* The same id twice: a message of its own. */
	THREAD("(1 3)(2)", { "a", "", "x", 1 }, { "a", "", "y", 2 },
	    { "b", "a", "Re: x", 3 });
	/* Circles: each is listed once. */
	THREAD("(2 1)", { "a", "b", "x", 1 }, { "b", "a", "Re: x", 2 });
	THREAD("(1)", { "a", "a", "x", 1 });
	THREAD("(3 2 1)", { "a", "c b", "p", 1 }, { "b", "a c", "q", 2 },
	    { "c", "b a", "r", 3 });
}

/* Depth is the sender's: a hundred thousand that answer each other. */
static void
deep(void **state)
{
	enum { N = 100000 };
	struct order_refs *t = order_refs_new();
	struct order o = { .row = NULL };
	char id[20], ref[20];
	struct order_msg m = { .irt = "", .base = "", .refs = ref,
	    .msgid = id };
	uint32_t i;

	(void)state;
	for (i = 0; i < N; i++) {
		snprintf(id, sizeof id, "%u", (unsigned int)i);
		snprintf(ref, sizeof ref, "%u", (unsigned int)i + 1);
		m.uid = i + 1;
		assert_int_equal(order_refs_add(t, &m), OP_OK);
	}
	assert_int_equal(order_refs_put(t, &o), OP_OK);
	assert_int_equal(o.n, N + 1);
	assert_int_equal(o.row[0].uid, N);
	assert_int_equal(o.row[N - 1].uid, 1);
	assert_int_equal(o.row[N].closes, 1);
	free(o.row);
	order_refs_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_subjects),
		cmocka_unit_test(letters),
		cmocka_unit_test(addresses),
		cmocka_unit_test(threads),
		cmocka_unit_test(deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
