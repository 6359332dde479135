#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mailnode/base/buf.h"
#include "mailnode/smtp/head.h"

enum { MAX = 1 << 20 };

struct sinks {
	struct buf	seen, kept;
};

static void
seen(void *arg, const uint8_t *p, size_t n)
{
	struct sinks *s = arg;

	assert_int_equal(buf_add(&s->seen, p, n), 0);
}

static void
kept(void *arg, const uint8_t *p, size_t n)
{
	struct sinks *s = arg;

	assert_int_equal(buf_add(&s->kept, p, n), 0);
}

static const char *const ids[] = { "mail.node.test", "node.test" };

#define AR	"Authentication-Results: "

static const struct {
	const char	*in;
	const char	*out;		/* NULL: as it was */
	unsigned int	 received, cut;
	const char	*seen;		/* NULL: as in */
} cases[] = {
	{ "Subject: x\r\n\r\nbody\r\n", NULL, 0, 0, NULL },
	{ "", NULL, 0, 0, NULL },
	{ "\r\nbody\r\n", NULL, 0, 0, NULL },
	{ "Subject: x\r\n", NULL, 0, 0, NULL },
	/* counted */
	{ "Received: a\r\n\tb\r\nreceived: c\r\nX: d\r\nRECEIVED : e\r\n\r\n"
	    "Received: body\r\n", NULL, 3, 0, NULL },
	/* ours are cut, whole, with all their lines */
	{ AR "mail.node.test; dkim=pass\r\nA: b\r\n\r\nx\r\n",
	    "A: b\r\n\r\nx\r\n", 0, 1, NULL },
	{ "A: b\r\n" AR "mail.node.test;\r\n\tdkim=pass\r\n spf=pass\r\n"
	    "C: d\r\n\r\n", "A: b\r\nC: d\r\n\r\n", 0, 1, NULL },
	{ "authentication-RESULTS : NODE.test; none\r\n\r\n", "\r\n", 0, 1,
	    NULL },
	{ AR "\r\n mail.node.test; dkim=pass\r\n\r\n", "\r\n", 0, 1, NULL },
	{ AR "(c) \"mail.node.test\" 1; dkim=pass\r\n\r\n", "\r\n", 0, 1,
	    NULL },
	{ AR "mail.node.test", "", 0, 1, NULL },
	/* others' stay */
	{ AR "mx.example.org; dkim=pass\r\n\r\n", NULL, 0, 0, NULL },
	{ AR "mail.node.test.example.org; dkim=pass\r\n\r\n", NULL, 0, 0,
	    NULL },
	{ "X-" AR "mail.node.test; dkim=pass\r\n\r\n", NULL, 0, 0, NULL },
	{ "A: b\r\n\r\n" AR "mail.node.test; dkim=pass\r\n", NULL, 0, 0,
	    NULL },
	/* the return path is ours alone */
	{ "Return-Path: <a@b>\r\nA: b\r\n\r\n", "A: b\r\n\r\n", 0, 1, NULL },
	{ "A: b\r\nreturn-path:\r\n <a@b>\r\n\r\n", "A: b\r\n\r\n", 0, 1,
	    NULL },
	/* what is no field ends the header, for everyone */
	{ "A: b\r\njunk\r\n" AR "mail.node.test; dkim=pass\r\n\r\n",
	    "A: b\r\n\r\njunk\r\n" AR "mail.node.test; dkim=pass\r\n\r\n", 0,
	    0, "A: b\r\n\r\njunk\r\n" AR
	    "mail.node.test; dkim=pass\r\n\r\n" },
	{ "no header\r\n", "\r\nno header\r\n", 0, 0, "\r\nno header\r\n" },
	{ " blank\r\n", "\r\n blank\r\n", 0, 0, "\r\n blank\r\n" },
	{ ": x\r\n", "\r\n: x\r\n", 0, 0, "\r\n: x\r\n" },
	{ "A b: c\r\n", "\r\nA b: c\r\n", 0, 0, "\r\nA b: c\r\n" },
	{ "A: b\r\nunended", "A: b\r\n\r\nunended", 0, 0,
	    "A: b\r\n\r\nunended" },
	{ "S\xc3\xb6: x\r\n", "\r\nS\xc3\xb6: x\r\n", 0, 0,
	    "\r\nS\xc3\xb6: x\r\n" },
};

static void
run(const char *in, size_t n, size_t piece, struct head *h, struct sinks *s)
{
	size_t at, part;

	buf_init(&s->seen, MAX);
	buf_init(&s->kept, MAX);
	head_init(h);
	h->seen = seen;
	h->keep = kept;
	h->arg = s;
	h->ids = ids;
	h->nids = 2;
	for (at = 0; at < n; at += part) {
		part = n - at < piece ? n - at : piece;
		head_push(h, (const uint8_t *)in + at, part);
	}
	head_end(h);
}

static void
clear(struct head *h, struct sinks *s)
{
	head_clear(h);
	buf_clear(&s->seen);
	buf_clear(&s->kept);
}

static void
one(size_t i, size_t piece)
{
	const char *in = cases[i].in;
	struct sinks s;
	struct head h;

	run(in, strlen(in), piece, &h, &s);
	assert_string_equal(buf_str(&s.kept),
	    cases[i].out != NULL ? cases[i].out : in);
	assert_string_equal(buf_str(&s.seen),
	    cases[i].seen != NULL ? cases[i].seen : in);
	assert_int_equal(h.received, cases[i].received);
	assert_int_equal(h.cut, cases[i].cut);
	assert_false(h.over || h.nomem);
	clear(&h, &s);
}

static void
table(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (piece = 1; piece <= strlen(cases[i].in) + 1; piece++)
			one(i, piece);
}

/* An id that comes after more than is ever held counts as ours. */
static void
hidden_id(void **state)
{
	static char in[20000];
	struct sinks s;
	struct head h;
	size_t n = strlen(AR);

	(void)state;
	memcpy(in, AR, n);
	in[n] = '(';
	memset(in + n + 1, 'x', 10000);
	strcpy(in + n + 10001, ") mail.node.test; dkim=pass\r\nA: b\r\n\r\n");
	run(in, strlen(in), 1000, &h, &s);
	assert_string_equal(buf_str(&s.kept), "A: b\r\n\r\n");
	clear(&h, &s);
}

static bool
over(size_t header)
{
	static char in[HEAD_MAX + 4096];
	struct sinks s;
	struct head h;
	bool rc;

	memset(in, 'x', sizeof in);
	memcpy(in, "A: ", 3);
	memcpy(in + header - 2, "\r\n\r\nbody", 8);
	run(in, header + 6, 4096, &h, &s);
	rc = h.over;
	clear(&h, &s);
	return rc;
}

static void
limit(void **state)
{
	(void)state;
	assert_false(over(HEAD_MAX));
	assert_true(over(HEAD_MAX + 1));
}

static void
long_name(void **state)
{
	char in[HEAD_NAME_MAX + 100];
	struct sinks s;
	struct head h;

	(void)state;
	memset(in, 'n', sizeof in);
	strcpy(in + HEAD_NAME_MAX - 1, ": x\r\n");
	run(in, strlen(in), 100, &h, &s);
	assert_string_equal(buf_str(&s.kept), in);
	clear(&h, &s);
	memset(in, 'n', sizeof in);
	strcpy(in + HEAD_NAME_MAX, ": x\r\n");
	run(in, strlen(in), 100, &h, &s);
	assert_memory_equal(buf_str(&s.kept), "\r\nnnn", 5);
	clear(&h, &s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(hidden_id),
		cmocka_unit_test(limit),
		cmocka_unit_test(long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
