#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/line.h"
#include "mailnode/node/trace.h"

enum { MAX = 100 };	/* of a line, in these tests */

struct pair {
	int		 fd[2];
	struct line	*line;
};

static void
pair_init(struct pair *p)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p->fd), 0);
	p->line = line_new(p->fd[0], LINE_IN_MIN);
	assert_non_null(p->line);
	line_timeout(p->line, 20);
}

static void
pair_clear(struct pair *p)
{
	line_free(p->line);
	close(p->fd[0]);
	close(p->fd[1]);
}

static void
say(struct pair *p, const char *s, size_t n)
{
	assert_int_equal(send(p->fd[1], s, n, 0), n);
}

static const struct {
	const char	*in;
	const char	*lines;		/* each ended by "|" */
	enum line_err	 last;		/* after them */
} cases[] = {
	{ "a\r\nbc\r\n", "a|bc|", LINE_END },
	{ "\r\n\r\n", "||", LINE_END },
	{ "a\r\nb", "a|", LINE_END },
	{ "a\r", "", LINE_END },
	{ "", "", LINE_END },
	{ "a\nb\r\n", "", LINE_BARE },
	{ "a\r\n\n", "a|", LINE_BARE },
	{ "a\rb\r\n", "", LINE_BARE },
	{ "a\r\r\n", "", LINE_BARE },
	{ "\n", "", LINE_BARE },
	{ "\ra", "", LINE_BARE },
};

static void
one(size_t i, size_t piece)
{
	size_t n = strlen(cases[i].in), at = 0, part, len;
	char got[200] = "", *text;
	enum line_err err;
	struct pair p;

	pair_init(&p);
	line_timeout(p.line, 0);
	do {
		err = line_get(p.line, MAX, &text, &len);
		assert_int_equal(len, strlen(text));
		if (err == LINE_OK)
			snprintf(got + strlen(got), sizeof got - strlen(got),
			    "%s|", text);
		if (err != LINE_TIMEOUT)
			continue;
		part = n - at < piece ? n - at : piece;
		say(&p, cases[i].in + at, part);
		at += part;
		if (at == n)
			shutdown(p.fd[1], SHUT_WR);
	} while (err == LINE_OK || err == LINE_TIMEOUT);
	assert_string_equal(got, cases[i].lines);
	assert_int_equal(err, cases[i].last);
	pair_clear(&p);
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

/* A line of n octets, then another; in pieces. */
static enum line_err
long_line(size_t n, size_t piece)
{
	static char in[2 * LINE_SKIP_MAX];
	enum line_err err, next;
	struct pair p;
	size_t at = 0, len;
	char *text;

	pair_init(&p);
	line_timeout(p.line, 0);
	memset(in, 'x', sizeof in);
	in[0] = 'a';
	memcpy(in + n, "\r\nnext\r\n", 8);
	for (;;) {
		err = line_get(p.line, MAX, &text, &len);
		if (err != LINE_TIMEOUT)
			break;
		if (piece > n + 8 - at)
			piece = n + 8 - at;
		say(&p, in + at, piece);
		at += piece;
	}
	if (err == LINE_OK)
		assert_int_equal(len, n);
	else if (err == LINE_LONG) {
		(void)line_head(p.line, &len);
		assert_int_equal(len, n < LINE_HEAD_MAX ? n : LINE_HEAD_MAX);
		assert_memory_equal(line_head(p.line, &len), in, len);
	}
	while (err != LINE_FLOOD && (next = line_get(p.line, MAX, &text,
	    &len)) != LINE_OK) {
		assert_int_equal(next, LINE_TIMEOUT);
		say(&p, in + at, n + 8 - at);
		at = n + 8;
	}
	if (err != LINE_FLOOD)
		assert_string_equal(text, "next");
	pair_clear(&p);
	return err;
}

static void
lengths(void **state)
{
	size_t piece;

	(void)state;
	for (piece = 1; piece < MAX + 10; piece++) {
		assert_int_equal(long_line(MAX, piece), LINE_OK);
		assert_int_equal(long_line(MAX + 1, piece), LINE_LONG);
	}
	assert_int_equal(long_line(LINE_IN_MIN - 2, 50), LINE_LONG);
	assert_int_equal(long_line(LINE_IN_MIN + 3, 4000), LINE_LONG);
	assert_int_equal(long_line(LINE_SKIP_MAX - LINE_IN_MIN, 4000),
	    LINE_LONG);
	assert_int_equal(long_line(LINE_SKIP_MAX + LINE_IN_MIN, 4000),
	    LINE_FLOOD);
}

static void
nul(void **state)
{
	struct pair p;
	size_t len;
	char *text;

	(void)state;
	pair_init(&p);
	say(&p, "a\0b\r\nc\r\n", 8);
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_NUL);
	assert_string_equal(text, "");
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_OK);
	assert_string_equal(text, "c");
	pair_clear(&p);
}

static void
raw(void **state)
{
	const uint8_t *p;
	struct pair pr;
	char four[5] = "";
	size_t n;
	char *text;

	(void)state;
	pair_init(&pr);
	say(&pr, "cmd\r\nda\nta\0+abcdnext\r\n", 22);
	assert_int_equal(line_get(pr.line, MAX, &text, &n), LINE_OK);
	assert_int_equal(line_buffered(pr.line), 17);
	assert_int_equal(line_peek(pr.line, &p, &n), LINE_OK);
	assert_int_equal(n, 17);
	assert_memory_equal(p, "da\nta\0+", 7);
	line_drop(pr.line, 7);
	assert_int_equal(line_read(pr.line, four, 4), LINE_OK);
	assert_string_equal(four, "abcd");
	assert_int_equal(line_get(pr.line, MAX, &text, &n), LINE_OK);
	assert_string_equal(text, "next");
	assert_int_equal(line_read(pr.line, four, 4), LINE_TIMEOUT);
	assert_int_equal(line_received(pr.line), 22);
	pair_clear(&pr);
}

/* Answers to what was pipelined leave together, before the next wait. */
static void
output(void **state)
{
	struct pair p;
	char got[100], *text;
	size_t len;

	(void)state;
	pair_init(&p);
	say(&p, "a\r\nb\r\n", 6);
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_OK);
	line_puts(p.line, "1\r\n");
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_OK);
	line_putf(p.line, "%d\r\n", 2);
	assert_int_equal(recv(p.fd[1], got, sizeof got, MSG_DONTWAIT), -1);
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_TIMEOUT);
	assert_int_equal(recv(p.fd[1], got, sizeof got, MSG_DONTWAIT), 6);
	assert_memory_equal(got, "1\r\n2\r\n", 6);
	pair_clear(&p);
}

static void
output_stuck(void **state)
{
	static char big[1024 * 1024];
	struct pair p;
	int64_t start;
	char *text;
	size_t n;

	(void)state;
	pair_init(&p);
	start = clock_mono_ms();
	line_put(p.line, big, sizeof big);
	assert_int_equal(line_flush(p.line), LINE_TIMEOUT);
	assert_int_equal(line_get(p.line, MAX, &text, &n), LINE_TIMEOUT);
	assert_in_range(clock_mono_ms() - start, 19, 20000);
	pair_clear(&p);
	pair_init(&p);
	close(p.fd[1]);
	p.fd[1] = -1;
	line_puts(p.line, "x");
	assert_int_equal(line_flush(p.line), LINE_END);
	line_free(p.line);
	close(p.fd[0]);
}

static void
wake(void **state)
{
	struct pair p;
	size_t len;
	char *text;
	int fd[2];

	(void)state;
	pair_init(&p);
	assert_int_equal(pipe(fd), 0);
	line_wake(p.line, fd[0]);
	line_timeout(p.line, 5000);
	assert_int_equal(write(fd[1], "x", 1), 1);
	say(&p, "ab", 2);
	/* Input goes first; a wake in the middle of a line loses nothing. */
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_WAKE);
	assert_int_equal(line_pause(p.line, 5000), LINE_WAKE);
	say(&p, "cd\r\n", 4);
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_OK);
	assert_string_equal(text, "abcd");
	close(fd[0]);
	close(fd[1]);
	pair_clear(&p);
}

/* Nor does one while a line that is too long is passed over. */
static void
wake_in_long(void **state)
{
	char x[3 * MAX];
	struct pair p;
	size_t len;
	char *text;
	int fd[2];

	(void)state;
	pair_init(&p);
	memset(x, 'x', sizeof x);
	assert_int_equal(pipe(fd), 0);
	line_wake(p.line, fd[0]);
	assert_int_equal(write(fd[1], "x", 1), 1);
	say(&p, x, sizeof x);
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_WAKE);
	say(&p, "tail\r\nok\r\n", 10);
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_LONG);
	assert_int_equal(line_get(p.line, MAX, &text, &len), LINE_OK);
	assert_string_equal(text, "ok");
	close(fd[0]);
	close(fd[1]);
	pair_clear(&p);
}

static void
rate(void **state)
{
	struct pair p;
	const uint8_t *at;
	int64_t start;
	size_t n;

	(void)state;
	pair_init(&p);
	line_timeout(p.line, 5000);
	line_rate(p.line, 1000, 50);
	start = clock_mono_ms();
	assert_int_equal(line_peek(p.line, &at, &n), LINE_SLOW);
	assert_in_range(clock_mono_ms() - start, 49, 4500);
	/* 200 octets buy 200 ms. */
	line_rate(p.line, 1000, 50);
	say(&p, (char[200]){ 0 }, 200);
	assert_int_equal(line_peek(p.line, &at, &n), LINE_OK);
	line_drop(p.line, n);
	start = clock_mono_ms();
	assert_int_equal(line_peek(p.line, &at, &n), LINE_SLOW);
	assert_in_range(clock_mono_ms() - start, 199, 4500);
	pair_clear(&p);
}

static void
linger(void **state)
{
	struct pair p;
	int64_t start = clock_mono_ms();
	char c;

	(void)state;
	pair_init(&p);
	say(&p, "too late", 8);
	line_puts(p.line, "521\r\n");
	line_bye(p.line);
	shutdown(p.fd[1], SHUT_WR);
	line_linger(p.line);
	assert_true(clock_mono_ms() - start < LINE_LINGER_MS);
	assert_int_equal(recv(p.fd[1], &c, 1, 0), 1);
	assert_int_equal(c, '5');
	pair_clear(&p);
}

static void
trace(void **state)
{
	char a[TRACE_SIZE], b[TRACE_SIZE], part[TRACE_SIZE];

	(void)state;
	trace_new(a, 1);
	trace_new(b, 2);
	assert_int_equal(strlen(a), TRACE_ID);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(a, "0123456789abcdefghjkmnpqrstvwxyz"),
	    TRACE_ID);
	trace_part(part, a, UINT32_MAX);
	assert_memory_equal(part, a, TRACE_ID);
	assert_string_equal(part + TRACE_ID, ".4294967295");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(lengths),
		cmocka_unit_test(nul),
		cmocka_unit_test(raw),
		cmocka_unit_test(output),
		cmocka_unit_test(output_stuck),
		cmocka_unit_test(wake),
		cmocka_unit_test(wake_in_long),
		cmocka_unit_test(rate),
		cmocka_unit_test(linger),
		cmocka_unit_test(trace),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
