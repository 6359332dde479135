#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/filter/parts.h"
#include "store/mime.h"

static struct parts parts;

#define MULTI(b) "Content-Type: multipart/mixed; boundary=" b "\n"

/* MIME fields, body, and each leaf as "type/subtype;charset;file;octets|". */
static const struct {
	const char	*head, *body, *want;
} plain[] = {
	{ "Content-Type: text/plain\n", "hi\n", "text/plain;;;3|" },
	{ "Content-Type: TEXT/HTML; Charset=\"utf-8\"\n", "hi\n",
	    "TEXT/HTML;utf-8;;3|" },
	{ "Content-Type: text/plain;\n\tcharset=us-ascii;\n"
	    " format=flowed;\n", "hi\n", "text/plain;us-ascii;;3|" },
	{ "Content-Transfer-Encoding: 8bit\n", "hi\n", "text/plain;;;3|" },
	{ "Content-Type: image/png; name=a.png\n"
	    "Content-Transfer-Encoding: base64\n", "aGk=\n",
	    "image/png;;a.png;2|" },
	{ "Content-Type: image/png; name=a.png\n"
	    "Content-Disposition: attachment; filename=\"b c.png\"\n",
	    "hi\n", "image/png;;b c.png;3|" },
	{ MULTI("b"), "preamble\n--b\n\none\n--b\nContent-Type: text/html\n\n"
	    "two\n\n--b--\nepilogue\n--b\n\nno\n",
	    "text/plain;;;3|text/html;;;4|" },
	{ MULTI("\"a b\""), "--a b\r\n\r\none\r\n--a b--\r\n",
	    "text/plain;;;3|" },
	{ MULTI("b"), "--b  \n\none\n--bb\n--b-\n--b\t\n\ntwo\n",
	    "text/plain;;;13|text/plain;;;4|" },
	{ MULTI("out"), "--out\n" MULTI("in") "\n--in\n\none\n--in\n\n"
	    "two\n--in--\nnot\n--out\n\nthree\n--out--\n",
	    "text/plain;;;3|text/plain;;;3|text/plain;;;5|" },
	/* The inner one is never closed. */
	{ MULTI("out"), "--out\n" MULTI("in") "\n--in\n\none\n--out\n\n"
	    "two\n--out--\n", "text/plain;;;3|text/plain;;;3|" },
	{ MULTI("b"), "--b\nContent-Type: application/zip;\n\tname=\"x.exe\""
	    "\n\n--b\n\n--b--\n", "application/zip;;x.exe;0|text/plain;;;0|" },
};

static const struct {
	const char	*head, *body;
} other[] = {
	{ "Content-Type: text/plain (comment)\n", "" },
	{ "Content-Type: text\n", "" },
	{ "Content-Type: text/plain; name*=utf-8''a\n", "" },
	{ "Content-Type: text/plain; name=\"a\\\"b\"\n", "" },
	{ "Content-Type: text/plain; name=\"open\n", "" },
	{ "Content-Type: text/plain; name=\"=?utf-8?q?a?=\"\n", "" },
	{ "Content-Type: text/plain; name=\xc3\xa9\n", "" },
	{ "Content-Type: text/plain; name=a; name=b\n", "" },
	{ "Content-Type: text/plain\nContent-Type: text/html\n", "" },
	{ "Content-Transfer-Encoding: x-uuencode\n", "" },
	{ "Content-Type: message/rfc822\n", "Subject: x\n\n" },
	{ "Content-Type: multipart/mixed\n", "--b\n\nx\n" },
	{ "Content-Type: multipart/digest; boundary=b\n", "--b\n\nx\n" },
	{ MULTI("b") "Content-Transfer-Encoding: base64\n", "--b\n\nx\n" },
	{ MULTI("b"), "no part\n" },
	{ MULTI("b"), "--b\nno field\n\nx\n" },
	{ MULTI("b:c"), "--b:c\nA: b\n--b:c\n\nx\n" },
	{ MULTI("b"), "--b\nContent-Type: message/rfc822\n\nA: b\n\nx\n" },
};

static bool
find(const char *head, const char *body)
{
	return parts_find(&parts, head, strlen(head), body, strlen(body));
}

static void
count(void *arg, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		*(size_t *)arg += p[i] != '\r';
}

static void
put(struct buf *b, const struct parts_text *t)
{
	buf_add(b, t->p != NULL ? t->p : "", t->n);
}

static void
said(struct buf *b)
{
	const struct parts_leaf *l;
	struct decoder d;
	size_t i, n;

	for (i = 0; i < parts.n; i++) {
		l = &parts.leaf[i];
		n = 0;
		decode_init(&d, l->cte, count, &n);
		decode_put(&d, l->body.p, l->body.n);
		decode_end(&d);
		put(b, &l->type);
		buf_addc(b, '/');
		put(b, &l->subtype);
		buf_addc(b, ';');
		put(b, &l->charset);
		buf_addc(b, ';');
		put(b, &l->file);
		buf_addf(b, ";%zu|", n);
	}
}

/* What GMime says of the same message. */
static void
gmime_said(struct buf *b, const char *head, const char *body)
{
	size_t nhead = strlen(head), n = nhead + 1 + strlen(body), i, k;
	char *copy = malloc(n + 1);
	const char *charset, *file;
	struct buf text;
	struct mime m;

	assert_non_null(copy);
	(void)snprintf(copy, n + 1, "%s\n%s", head, body);
	assert_int_equal(mime_open(&m, (uint8_t *)copy, n), 0);
	for (i = 0; i < m.npart; i++) {
		if (m.part[i].kind != MIME_LEAF)
			continue;
		charset = mime_param(&m, &m.part[i], "charset");
		file = mime_filename(&m, &m.part[i]);
		buf_init(&text, 1000);
		assert_int_equal(mime_decode(&m, &m.part[i], &text), 0);
		n = 0;
		for (k = 0; k < text.len; k++)
			n += text.data[k] != '\r';
		buf_addf(b, "%s/%s;%s;%s;%zu|", mime_type(&m, &m.part[i]),
		    mime_subtype(&m, &m.part[i]),
		    charset != NULL ? charset : "", file != NULL ? file : "",
		    n);
		buf_clear(&text);
	}
	mime_close(&m);
}

static void
test_plain(void **state)
{
	struct buf ours, theirs;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		buf_init(&ours, 1000);
		buf_init(&theirs, 1000);
		if (!find(plain[i].head, plain[i].body))
			fail_msg("%s%s: not plain", plain[i].head,
			    plain[i].body);
		said(&ours);
		assert_string_equal(buf_str(&ours), plain[i].want);
		gmime_said(&theirs, plain[i].head, plain[i].body);
		assert_string_equal(buf_str(&theirs), plain[i].want);
		buf_clear(&ours);
		buf_clear(&theirs);
	}
}

static void
test_other(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof other / sizeof other[0]; i++)
		if (find(other[i].head, other[i].body))
			fail_msg("%s%s: taken for plain", other[i].head,
			    other[i].body);
}

static void
repeat(char *dst, size_t size, const char *what, size_t n)
{
	size_t i, at = 0;

	for (i = 0; i < n; i++)
		at += (size_t)snprintf(dst + at, size - at, "%s", what);
}

static void
test_limits(void **state)
{
	char body[8000], head[400], bound[PARTS_BOUNDARY_MAX + 2];
	size_t i, at = 0;

	(void)state;
	repeat(body, sizeof body, "--b\n\nx\n", PARTS_MAX);
	assert_true(find(MULTI("b"), body));
	repeat(body, sizeof body, "--b\n\nx\n", PARTS_MAX + 1);
	assert_false(find(MULTI("b"), body));

	memset(bound, 'x', sizeof bound);
	bound[PARTS_BOUNDARY_MAX] = '\0';
	(void)snprintf(head, sizeof head, MULTI("%s"), bound);
	(void)snprintf(body, sizeof body, "--%s\n\nx\n", bound);
	assert_true(find(head, body));
	bound[PARTS_BOUNDARY_MAX] = 'x';
	bound[PARTS_BOUNDARY_MAX + 1] = '\0';
	(void)snprintf(head, sizeof head, MULTI("%s"), bound);
	assert_false(find(head, body));

	for (i = 1; i < PARTS_DEPTH_MAX; i++)
		at += (size_t)snprintf(body + at, sizeof body - at,
		    "--b%zu\n" MULTI("b%zu") "\n", i, i + 1);
	(void)snprintf(body + at, sizeof body - at, "--b%zu\n\nx\n", i);
	assert_true(find(MULTI("b1"), body));
	(void)snprintf(body + at, sizeof body - at, "--b%zu\n" MULTI("c")
	    "\n--c\n\nx\n", i);
	assert_false(find(MULTI("b1"), body));
}

static int
setup(void **state)
{
	(void)state;
	return dyn_gmime() == NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
