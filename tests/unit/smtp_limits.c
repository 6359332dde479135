/* Limits of sessions: at each, and one past it; time; trouble behind. */
#include "tests/unit/smtp_fake.h"

/* ---- limits: at each, and one past it ---- */

static void
line_limit(void **state)
{
	char in[CMD_LINE_MAX + 64];

	(void)state;
	memset(in, 'x', sizeof in);
	memcpy(in, "NOOP ", 5);
	memcpy(in + CMD_LINE_MAX, "\r\n" BYE, 8);
	expect("at the limit", in, CMD_LINE_MAX + 8, "220 250 221", 0);
	in[CMD_LINE_MAX] = 'x';
	memcpy(in + CMD_LINE_MAX + 1, "\r\n" BYE, 8);
	expect("past the limit", in, CMD_LINE_MAX + 9, "220 500 221", 0);
}

static void
line_flood(void **state)
{
	static char in[100000 + 64], flood[2 * 1024 * 1024];

	(void)state;
	memset(in, 'x', sizeof in);
	memcpy(in + 100000, "\r\n" BYE, 8);
	expect("100000", in, 100008, "220 500 221", 0);
	memset(flood, 'x', sizeof flood);
	expect("no end", flood, sizeof flood, "220 500", 0);
}

static void
octets(void **state)
{
	static const char nul[] = "NOOP \0x\r\n" BYE;
	static const char body[] = HI ENV "DATA\r\nA: b\r\n\r\nx\0y\r\n"
	    ".\r\n" BYE;
	static const char high[] = HI ENV "DATA\r\nA: \xff\r\n\r\n\xfe\r\n"
	    ".\r\n" BYE;

	(void)state;
	expect("NUL", nul, sizeof nul - 1, "220 500 221", 0);
	expect("NUL in a body", body, sizeof body - 1,
	    "220 250 250 250 354 554 221", 0);
	expect("8 bits", "\xff\xfe\x80\r\n\x1b[2J\r\n" BYE, 17,
	    "220 500 500 221", 0);
	expect("8 bits in a body", high, sizeof high - 1,
	    "220 250 250 250 354 250 221", 1);
}

/* A message whose octets on the wire are `lines` lines of `len` octets. */
static size_t
compose(char *in, size_t lines, size_t len)
{
	size_t n = (size_t)sprintf(in, HI ENV "DATA\r\n\r\n"), i;

	for (i = 0; i < lines; i++) {
		memset(in + n, 'x', len);
		memcpy(in + n + len, "\r\n", 2);
		n += len + 2;
	}
	return n + (size_t)sprintf(in + n, ".\r\n" BYE);
}

static void
text_lines(void **state)
{
	static char in[256 * 1024];

	(void)state;
	expect("998", in, compose(in, 2, 998), "220 250 250 250 354 250 221",
	    1);
	expect("999", in, compose(in, 2, 999), "220 250 250 250 354 250 221",
	    1);
	expect("limit", in, compose(in, 2, DATA_LINE_MAX),
	    "220 250 250 250 354 250 221", 1);
	expect("past", in, compose(in, 2, DATA_LINE_MAX + 1),
	    "220 250 250 250 354 554 221", 0);
	expect("100000", in, compose(in, 1, 100000),
	    "220 250 250 250 354 554 221", 0);
}

/* The answer to a message of n octets where max are allowed. */
static void
sized(size_t n, uint64_t max, bool bdat, const char *want)
{
	static char in[IN_MAX];
	struct run r;
	char got[200];
	size_t at;

	run_init(&r);
	r.start.limits.message = max;
	at = (size_t)sprintf(in, HI ENV);
	at += (size_t)(bdat ? sprintf(in + at, "BDAT %zu LAST\r\n", n) :
	    sprintf(in + at, "DATA\r\n"));
	memset(in + at, 'x', n);
	memcpy(in + at, "A: ", 3);
	memcpy(in + at + 70, "\r\n\r\n", 4);
	memcpy(in + at + n - 2, "\r\n", 2);
	at += n;
	at += (size_t)sprintf(in + at, "%s" BYE, bdat ? "" : ".\r\n");
	codes(talk_n(&r, in, at), got, sizeof got);
	if (strcmp(got, want) != 0)
		fail_msg("%zu of %llu: %s, want %s", n,
		    (unsigned long long)max, got, want);
	assert_int_equal(r.fake.stored, strstr(want, "552") == NULL);
	/* What was handed on is either kept or forgotten. */
	assert_int_equal(r.fake.begun, r.fake.aborted +
	    (r.fake.begun > 0 ? r.fake.stored : 0));
	if (r.fake.stored > 0)
		assert_int_equal(r.fake.body.len, n);
	run_clear(&r);
}

static void
sizes(void **state)
{
	static const char data[] = "220 250 250 250 354 250 221";
	static const char data_big[] = "220 250 250 250 354 552 221";
	static const char bdat[] = "220 250 250 250 250 221";
	static const char bdat_big[] = "220 250 250 250 552 221";
	size_t n;

	(void)state;
	sized(1000, 1000, false, data);
	sized(1001, 1000, false, data_big);
	sized(1000, 1000, true, bdat);
	sized(1001, 1000, true, bdat_big);
	/* around what one record holds, and what is handed on in chunks */
	for (n = SPOOL_INLINE - 1; n <= SPOOL_INLINE + 1; n++)
		sized(n, IN_MAX, true, bdat);
	sized(DATA_LINE_MAX - 100, IN_MAX, false, data);
	sized(3999, 1000, true, bdat_big);
	sized(5000, 1000, true, "220 250 250 250 552");
	sized(8000, 1000, false, "220 250 250 250 354 552");
}

static void
large(void **state)
{
	static char in[IN_MAX];
	struct run r;
	size_t n;
	char *out;

	(void)state;
	run_init(&r);
	n = compose(in, 60000, 70);
	out = talk_n(&r, in, n);
	assert_non_null(strstr(out, "250 2.0.0 accepted"));
	assert_int_equal(r.fake.stored, 1);
	assert_int_equal(r.fake.body.len, 2 + 60000 * 72);
	assert_int_equal(r.fake.max_chunk, SPOOL_CHUNK);
	run_clear(&r);
}

/* The pages of the code itself are not what is counted. */
static void
warm_up(void)
{
	struct run r;

	run_init(&r);
	assert_true(send(r.fd[0], HI ENV DATA BYE, strlen(HI ENV DATA BYE),
	    0) > 0);
	session_run(&r.start);
	run_clear(&r);
}

/* 50 MiB, in a process whose memory is counted. */
static void
memory(void **state)
{
	static char in[64 * 1024];
	struct rusage before, after;
	struct run r;
	pid_t pid;
	long grown;
	int status, i;

	(void)state;
	memset(in, 'x', sizeof in);
	for (i = 70; i < (int)sizeof in; i += 72)
		memcpy(in + i, "\r\n", 2);
	memcpy(in + sizeof in - 3, "x\r\n", 3);
	run_init(&r);
	pid = fork();
	if (pid == 0) {
		warm_up();
		r.fake.keep_chunks = false;
		getrusage(RUSAGE_SELF, &before);
		session_run(&r.start);
		getrusage(RUSAGE_SELF, &after);
		grown = after.ru_maxrss - before.ru_maxrss;	/* KiB */
		if (grown > 1024)
			print_error("%ld KiB more\n", grown);
		_exit(r.fake.stored != 1 ? 1 : grown > 1024 ? 2 : 0);
	}
	close(r.fd[1]);
	assert_true(say(&r, HI ENV "DATA\r\nA: b\r\n\r\n",
	    strlen(HI ENV) + 14));
	for (i = 0; i < 799; i++)
		assert_true(say(&r, in, sizeof in));
	assert_true(say(&r, "\r\n.\r\n" BYE, 11));
	assert_true(hear(&r, WAIT_MS));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	run_clear(&r);
}

static size_t
put_rcpts(char *in, unsigned int n, const char *fmt)
{
	size_t at = (size_t)sprintf(in, HI "MAIL FROM:<a@b>\r\n");
	unsigned int i;

	for (i = 0; i < n; i++)
		at += (size_t)sprintf(in + at, fmt, i);
	return at + (size_t)sprintf(in + at, DATA BYE);
}

static unsigned int
count(const char *s, const char *what)
{
	unsigned int n = 0;

	for (s = strstr(s, what); s != NULL; s = strstr(s + 1, what))
		n++;
	return n;
}

static void
recipients(void **state)
{
	static char in[1024 * 1024];
	struct run r;
	const char *out;

	(void)state;
	run_init(&r);
	out = talk_n(&r, in, put_rcpts(in, 100,
	    "RCPT TO:<me+%u@example.org>\r\n"));
	assert_int_equal(count(out, "250 2.1.5"), 100);
	assert_int_equal(count(out, "452"), 0);
	run_clear(&r);
	/* The rest of ten thousand gets 452 and comes again. */
	run_init(&r);
	out = talk_n(&r, in, put_rcpts(in, 10000,
	    "RCPT TO:<me+%u@example.org>\r\n"));
	assert_int_equal(count(out, "250 2.1.5"), 100);
	assert_int_equal(count(out, "452 4.5.3"), 9900);
	assert_int_equal(r.fake.stored, 1);
	assert_true(count(buf_str(&r.fake.events), "refuse") <= 50);
	run_clear(&r);
	/* Guessing names ends soon. */
	run_init(&r);
	out = talk_n(&r, in, put_rcpts(in, 10000,
	    "RCPT TO:<guess%u@example.org>\r\n"));
	assert_int_equal(count(out, "550 5.1.1"), 20);
	assert_int_equal(count(out, "421 4.7.0"), 1);
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
}

static size_t
put_hops(char *in, unsigned int n)
{
	size_t at = (size_t)sprintf(in, HI ENV "DATA\r\n");
	unsigned int i;

	for (i = 0; i < n; i++)
		at += (size_t)sprintf(in + at, "Received: from %u\r\n", i);
	return at + (size_t)sprintf(in + at, "\r\n.\r\n" BYE);
}

static void
hops(void **state)
{
	static char in[65536];

	(void)state;
	expect("50 hops", in, put_hops(in, MAIL_HOPS_MAX),
	    "220 250 250 250 354 250 221", 1);
	expect("51 hops", in, put_hops(in, MAIL_HOPS_MAX + 1),
	    "220 250 250 250 354 554 221", 0);
}

static void
big_header(void **state)
{
	static char in[IN_MAX];
	size_t at = (size_t)sprintf(in, HI ENV "DATA\r\n");
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		at += (size_t)sprintf(in + at, "X-Header-%05d: %040d\r\n", i,
		    0);
	at += (size_t)sprintf(in + at, "\r\n.\r\n" BYE);
	expect("5.7 MB of header", in, at, "220 250 250 250 354 552 221", 0);
}

static void
errors(void **state)
{
	char in[1024] = "", want[1024] = "220";
	int i;

	(void)state;
	for (i = 0; i < 30; i++)
		strcat(in, "FOO\r\n");
	for (i = 0; i < 20; i++)
		strcat(want, " 500");
	strcat(want, " 421");
	expect("hard", in, strlen(in), want, 0);
}

static void
errors_soft(void **state)
{
	struct run r;
	int64_t start;

	(void)state;
	run_init(&r);
	r.start.limits.pause_ms = 100;
	start = clock_mono_ms();
	(void)talk(&r, "FOO\r\nFOO\r\nFOO\r\nFOO\r\nFOO\r\nNOOP\r\nFOO\r\n");
	assert_in_range(clock_mono_ms() - start, 200, 20000);
	run_clear(&r);
}

static void
junk(void **state)
{
	static char in[4096], want[4096];
	int i;

	(void)state;
	strcpy(want, "220");
	for (i = 0; i < 120; i++)
		strcat(in, "NOOP\r\n");
	for (i = 0; i < 100; i++)
		strcat(want, " 250");
	strcat(want, " 421");
	expect("junk", in, strlen(in), want, 0);
}

/* ---- time ---- */

/* Says `in`, then nothing more; what the server says in the end. */
static void
silent(const char *in, void (*set)(struct session_limits *),
    const char *want)
{
	struct run r;
	char got[200];

	run_init(&r);
	set(&r.start.limits);
	/* Before the clock runs. */
	assert_true(say(&r, in, strlen(in)));
	run_start(&r);
	assert_true(hear(&r, WAIT_MS));
	codes(finish(&r), got, sizeof got);
	assert_string_equal(got, want);
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
}

static void
fast_command(struct session_limits *l)
{
	l->command_ms = 50;
}

static void
fast_data(struct session_limits *l)
{
	l->data_ms = 50;
}

static void
fast_rate(struct session_limits *l)
{
	l->rate = 1000;
	l->rate_grace_ms = 50;
}

static void
timeouts(void **state)
{
	(void)state;
	silent("", fast_command, "220 421");
	silent(HI "MAIL", fast_command, "220 250 421");
	silent(HI ENV, fast_command, "220 250 250 250 421");
	silent(HI ENV "DATA\r\nx", fast_data, "220 250 250 250 354 421");
	silent(HI ENV "BDAT 5\r\nx", fast_data, "220 250 250 250 421");
	silent(HI ENV "DATA\r\nx", fast_rate, "220 250 250 250 354 421");
}

/* An octet each 20 ms never times out, but the mean is too low; and a
 * command must be whole within its time. */
static void
trickle(void **state)
{
	struct run r;
	const char *out;
	int i;

	(void)state;
	run_init(&r);
	fast_rate(&r.start.limits);
	r.start.limits.command_ms = 200;
	assert_true(say(&r, HI ENV "DATA\r\n", strlen(HI ENV) + 6));
	run_start(&r);
	for (i = 0; i < 50 && !hear(&r, 20); i++)
		if (!say(&r, "x", 1))
			break;
	out = finish(&r);
	assert_non_null(strstr(out, "421 4.4.2 too slow"));
	run_clear(&r);
	run_init(&r);
	r.start.limits.command_ms = 200;
	run_start(&r);
	for (i = 0; i < 50 && !hear(&r, 20); i++)
		if (!say(&r, "x", 1))
			break;
	assert_true(i < 20);
	assert_non_null(strstr(finish(&r), "421 4.4.2 timed out"));
	run_clear(&r);
}

static void
idle(void **state)
{
	struct run r;
	int i;

	(void)state;
	run_init(&r);
	r.start.limits.idle_ms = 100;
	run_start(&r);
	for (i = 0; i < 100 && !hear(&r, 20); i++)
		if (!say(&r, "NOOP\r\n", 6))
			break;
	assert_true(i < 30);
	assert_non_null(strstr(finish(&r), "421 4.4.2 no mail"));
	run_clear(&r);
}

static void
stop(void **state)
{
	struct run r;
	char got[200];

	(void)state;
	run_init(&r);
	run_start(&r);
	assert_true(say(&r, HI, strlen(HI)));
	(void)hear(&r, 50);
	/* News from the parent changes nothing … */
	assert_int_equal(write(r.wake[1], "n", 1), 1);
	(void)hear(&r, 50);
	assert_true(say(&r, "NOOP\r\n", 6));
	(void)hear(&r, 50);
	/* … a stop does. */
	assert_int_equal(write(r.wake[1], "s", 1), 1);
	assert_true(hear(&r, WAIT_MS));
	codes(finish(&r), got, sizeof got);
	assert_string_equal(got, "220 250 250 421");
	assert_non_null(strstr(buf_str(&r.out), "421 4.3.2 "));
	run_clear(&r);
	run_init(&r);
	run_start(&r);
	assert_true(say(&r, HI ENV "DATA\r\nx", strlen(HI ENV) + 7));
	(void)hear(&r, 50);
	assert_int_equal(write(r.wake[1], "s", 1), 1);
	assert_true(hear(&r, WAIT_MS));
	codes(finish(&r), got, sizeof got);
	assert_string_equal(got, "220 250 250 250 354 421");
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
}

/* ---- trouble behind us ---- */

static void
store_says(void **state)
{
	static const struct {
		uint16_t	 status;
		const char	*code;
	} t[] = {
		{ STORE_NOSPACE, "452 4.3.1" }, { STORE_BUSY, "452 4.3.1" },
		{ STORE_IO, "451 4.3.0" }, { STORE_READONLY, "451 4.3.0" },
		{ STORE_TOOBIG, "552 5.3.4" }, { STORE_NORCPT, "550 5.1.1" },
		{ STORE_NOMEM, "451 4.3.0" }, { OP_GONE, "451 4.3.0" },
		{ OP_DENIED, "451 4.3.0" }, { OP_BAD, "451 4.3.0" },
	};
	struct run r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		run_init(&r);
		r.fake.commit_status = t[i].status;
		assert_non_null(strstr(talk(&r, HI ENV DATA BYE), t[i].code));
		run_clear(&r);
		if (t[i].code[0] == '5')
			continue;
		run_init(&r);
		r.fake.rcpt_status = t[i].status;
		assert_non_null(strstr(talk(&r, HI ENV DATA BYE), t[i].code));
		assert_int_equal(r.fake.stored, 0);
		run_clear(&r);
	}
}

static void
store_says_early(void **state)
{
	static char in[IN_MAX];
	struct run r;
	size_t n = compose(in, 10000, 70);

	(void)state;
	run_init(&r);
	r.fake.full = true;
	assert_non_null(strstr(talk(&r, HI "MAIL FROM:<a@b> SIZE=70000\r\n"
	    BYE), "\r\n452 4.3.1"));
	run_clear(&r);
	run_init(&r);
	r.fake.begin_status = STORE_NOSPACE;
	assert_non_null(strstr(talk_n(&r, in, n), "452 4.3.1"));
	assert_int_equal(r.fake.aborted, 0);
	run_clear(&r);
	run_init(&r);
	r.fake.data_errno = EPIPE;
	assert_non_null(strstr(talk_n(&r, in, n), "451 4.3.0"));
	assert_int_equal(r.fake.aborted, 1);
	assert_int_equal(r.fake.stored, 0);
	run_clear(&r);
	/* Cut off in the middle of what was handed on. */
	run_init(&r);
	(void)talk_n(&r, in, n - 100);
	assert_int_equal(r.fake.begun, 1);
	assert_int_equal(r.fake.aborted, 1);
	run_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(line_limit),
		cmocka_unit_test(line_flood),
		cmocka_unit_test(octets),
		cmocka_unit_test(text_lines),
		cmocka_unit_test(sizes),
		cmocka_unit_test(large),
		cmocka_unit_test(recipients),
		cmocka_unit_test(hops),
		cmocka_unit_test(big_header),
		cmocka_unit_test(errors),
		cmocka_unit_test(errors_soft),
		cmocka_unit_test(junk),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(trickle),
		cmocka_unit_test(idle),
		cmocka_unit_test(stop),
		cmocka_unit_test(store_says),
		cmocka_unit_test(store_says_early),
	};

	return fake_main("smtp_limits", tests, sizeof tests / sizeof tests[0]);
}
