/* Answers to fates, notices to text, times to an order, jobs over a wire. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/base/codec.h"
#include "mailnode/queue/dsn.h"
#include "mailnode/queue/due.h"
#include "mailnode/queue/job.h"
#include "mailnode/queue/outcome.h"
#include "mailnode/queue/retry.h"
#include "store/op_spool.h"

enum { NOW = 1700000000 };

static void
fates(void **state)
{
	static const struct {
		enum job_fate	job;
		enum queue_fate	was;
		bool		counts;
		int64_t		age;
		enum queue_fate	want;
	} c[] = {
		{ JOB_TAKEN, QUEUE_WAITING, true, 0, QUEUE_SENT },
		{ JOB_TAKEN, QUEUE_UNKNOWN, true, 9999999, QUEUE_SENT },
		{ JOB_REFUSED, QUEUE_WAITING, true, 0, QUEUE_FAILED },
		{ JOB_DEFERRED, QUEUE_WAITING, true, 0, QUEUE_WAITING },
		{ JOB_DEFERRED, QUEUE_UNKNOWN, true, 0, QUEUE_UNKNOWN },
		{ JOB_DEFERRED, QUEUE_WAITING, true, RETRY_LIFE_S,
		    QUEUE_WAITING },
		{ JOB_DEFERRED, QUEUE_WAITING, true, RETRY_LIFE_S + 1,
		    QUEUE_EXPIRED },
		{ JOB_DEFERRED, QUEUE_WAITING, false, RETRY_LIFE_S * 2,
		    QUEUE_WAITING },
		{ JOB_UNKNOWN, QUEUE_WAITING, true, 0, QUEUE_UNKNOWN },
		{ JOB_UNKNOWN, QUEUE_WAITING, true, RETRY_LIFE_S + 1,
		    QUEUE_EXPIRED },
		{ JOB_LOCKED, QUEUE_WAITING, true, RETRY_LIFE_S * 2,
		    QUEUE_WAITING },
		{ JOB_LOCKED, QUEUE_UNKNOWN, false, 0, QUEUE_UNKNOWN },
		{ JOB_NO_DNS, QUEUE_WAITING, true, RETRY_LIFE_S * 2,
		    QUEUE_WAITING },
	};
	struct sender_rcpt r = { .n = 1, .addr = "a@b.c", .attempts = 2 };
	struct outcome o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		r.fate = c[i].was;
		outcome_judge(&o, &r, c[i].job, "x", c[i].counts,
		    NOW - c[i].age, NOW, 0);
		assert_int_equal(o.fate, c[i].want);
		assert_true(o.due > NOW);
		if (c[i].job == JOB_NO_DNS) {
			assert_false(o.counts);
			assert_int_equal(o.due, NOW + RETRY_NO_DNS_S);
		}
		if (c[i].job == JOB_LOCKED) {
			assert_false(o.counts);
			assert_int_equal(o.due, NOW + RETRY_LOCKED_S);
		}
	}
	outcome_judge(&o, &r, JOB_DEFERRED, "x", true, NOW, NOW, 0);
	assert_int_equal(o.due - NOW, retry_delay_s(3, 0));
}

static void
whom_a_notice_is_for(void **state)
{
	static const struct {
		enum queue_fate	fate;
		uint32_t	notify;
		bool		failed, delayed;
	} c[] = {
		{ QUEUE_FAILED, 0, true, false },
		{ QUEUE_EXPIRED, 0, true, false },
		{ QUEUE_SENT, 0, false, false },
		{ QUEUE_WAITING, 0, false, true },
		{ QUEUE_UNKNOWN, 0, false, true },
		{ QUEUE_FAILED, QUEUE_NOTIFY_NEVER, false, false },
		{ QUEUE_FAILED, QUEUE_NOTIFY_DELAY, false, false },
		{ QUEUE_FAILED, QUEUE_NOTIFY_FAILURE, true, false },
		{ QUEUE_WAITING, QUEUE_NOTIFY_FAILURE, false, false },
		{ QUEUE_WAITING, QUEUE_NOTIFY_DELAY, false, true },
	};
	struct sender_rcpt r = { .n = 1, .addr = "a@b.c" };
	struct outcome o = { .rcpt = &r };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		o.fate = c[i].fate;
		r.notify = c[i].notify;
		assert_int_equal(outcome_tells(&o, DSN_FAILED), c[i].failed);
		assert_int_equal(outcome_tells(&o, DSN_DELAYED),
		    c[i].delayed);
		assert_false(outcome_tells(&o, DSN_DELIVERED));
	}
	/* Of success only where the next hop will not say it. */
	r.notify = QUEUE_NOTIFY_SUCCESS;
	o.fate = QUEUE_SENT;
	assert_false(outcome_tells(&o, DSN_DELIVERED));
	o.silent = true;
	assert_true(outcome_tells(&o, DSN_DELIVERED));
	o.fate = QUEUE_WAITING;
	assert_false(outcome_tells(&o, DSN_DELIVERED));
}

static void
notice_text(void **state)
{
	static const struct dsn_rcpt rcpt[] = {
		{ "a@far.test", "rfc822;orig@far.test", "550 5.1.1 nobody",
		    "mx.far.test 192.0.2.1:25", false },
		{ "b@far.test", "", "the relay process ended", "", false },
		{ "c@far.test", "", "450 4.2.2 full", "", true },
		{ "d@far.test", "", "450 come back", "", true },
		{ "e@far.test", "", "no answer", "", true },
	};
	static const char header[] = "Subject: hi\r\nX: y\r\n";
	struct dsn d = { .kind = DSN_FAILED, .hostname = "mail.x.test",
	    .to = "me@x.test", .id = "0123", .msgid = "m@x.test",
	    .subject = "hi", .envid = "e1", .now = NOW, .created = NOW - 60,
	    .expires = NOW + 60, .rcpt = rcpt, .nrcpt = 5, .header = header,
	    .nheader = sizeof header - 1 };
	struct buf b;
	char *s;

	(void)state;
	buf_init(&b, 100000);
	dsn_put(&b, &d, "uniq");
	s = buf_str(&b);
	assert_non_null(strstr(s, "To: <me@x.test>\r\n"));
	assert_non_null(strstr(s, "Auto-Submitted: auto-replied\r\n"));
	assert_non_null(strstr(s, "report-type=delivery-status"));
	assert_non_null(strstr(s, "Original-Envelope-Id: e1\r\n"));
	assert_non_null(strstr(s, "\r\n\r\nOriginal-Recipient: "
	    "rfc822;orig@far.test\r\nFinal-Recipient: rfc822; a@far.test\r\n"
	    "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.far.test"
	    "\r\nDiagnostic-Code: smtp; 550 5.1.1 nobody\r\n"));
	assert_non_null(strstr(s, "Final-Recipient: rfc822; b@far.test\r\n"
	    "Action: failed\r\nStatus: 5.0.0\r\n"
	    "Diagnostic-Code: x-mailnode; the relay process ended\r\n"));
	/* RFC 3463, X.4.7: rather what stood in the way. */
	assert_non_null(strstr(s, "c@far.test\r\nAction: failed\r\n"
	    "Status: 4.2.2\r\n"));
	assert_non_null(strstr(s, "d@far.test\r\nAction: failed\r\n"
	    "Status: 4.4.7\r\n"));
	assert_non_null(strstr(s, "e@far.test\r\nAction: failed\r\n"
	    "Status: 4.4.7\r\n"));
	assert_non_null(strstr(s, "  c@far.test: tried in vain for five days"
	    "\r\n    450 4.2.2 full\r\n"));
	assert_non_null(strstr(s, "text/rfc822-headers\r\n"));
	assert_non_null(strstr(s, "Subject: hi\r\nX: y\r\n\r\n--=_uniq--"));
	assert_null(strstr(s, "Will-Retry-Until"));
	buf_reset(&b);
	d.kind = DSN_DELAYED;
	dsn_put(&b, &d, "uniq");
	s = buf_str(&b);
	assert_non_null(strstr(s, "Action: delayed\r\nStatus: 4.0.0\r\n"));
	assert_non_null(strstr(s, "Will-Retry-Until: "));
	buf_clear(&b);
}

/* n octets that begin so. */
/* RFC 6533 section 3: what is no ASCII; and what is no UTF-8 either. */
static void
notice_in_utf8(void **state)
{
	static const struct dsn_rcpt rcpt[] = {
		{ "\303\274@far.test", "", "550 5.1.1 Empf\344nger", "",
		    false },
		{ "b@far.test", "", "550 5.1.1 nobody", "", false },
	};
	struct dsn d = { .kind = DSN_FAILED, .hostname = "mail.x.test",
	    .to = "me@x.test", .id = "0123", .msgid = "", .subject = "",
	    .envid = "", .rcpt = rcpt, .nrcpt = 2, .header = "" };
	struct buf b;
	char *s;

	(void)state;
	buf_init(&b, 100000);
	dsn_put(&b, &d, "uniq");
	s = buf_str(&b);
	assert_true(codec_utf8_ok(s, b.len));
	assert_non_null(strstr(s, "Content-Type: message/global-delivery-"
	    "status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"));
	assert_non_null(strstr(s, "Final-Recipient: utf-8; "
	    "\303\274@far.test\r\n"));
	assert_non_null(strstr(s, "Final-Recipient: rfc822; b@far.test\r\n"));
	assert_non_null(strstr(s, "Diagnostic-Code: smtp; 550 5.1.1 Empf"));
	buf_clear(&b);
}

static const char *
long_text(const char *begin, size_t n)
{
	char *s = malloc(n + 1);

	assert_non_null(s);
	memset(s, 'x', n);
	memcpy(s, begin, strlen(begin));
	s[n] = '\0';
	return s;
}

/* One that keeper cannot take would never be told: whom it is for would be
 * sent to again and again. */
static void
the_longest_notice_fits(void **state)
{
	const char *addr = long_text("a@", QUEUE_ADDR_MAX - 1);
	const char *reply = long_text("550 5.1.1 ", JOB_TEXT_MAX - 1);
	const char *line = long_text("", QUEUE_LINE_MAX - 1);
	struct dsn_rcpt rcpt[DSN_RCPTS_MAX];
	struct dsn d = { .kind = DSN_DELAYED, .hostname = long_text("", 253),
	    .to = addr, .id = "0123456789abcdef", .msgid = line,
	    .subject = line, .envid = line, .rcpt = rcpt,
	    .nrcpt = DSN_RCPTS_MAX, .nheader = DSN_HEADER_MAX };
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < DSN_RCPTS_MAX; i++)
		rcpt[i] = (struct dsn_rcpt){ addr, addr, reply, addr, true };
	d.header = long_text("", DSN_HEADER_MAX);
	buf_init(&b, SPOOL_INLINE);
	buf_adds(&b, "Return-Path: <>\r\n");
	dsn_put(&b, &d, "0123456789abcdef01234567");
	assert_int_equal(b.err, 0);
	buf_clear(&b);
	free((void *)(uintptr_t)addr);
	free((void *)(uintptr_t)reply);
	free((void *)(uintptr_t)line);
	free((void *)(uintptr_t)d.hostname);
	free((void *)(uintptr_t)d.header);
}

static void
due_times(void **state)
{
	struct due d = { NULL, 0, 0 };
	struct due_item first;
	int64_t last = 0;
	uint64_t i;

	(void)state;
	assert_false(due_first(&d, &first));
	for (i = 1; i <= 1000; i++)
		assert_int_equal(due_set(&d, i, (int64_t)(i * 7919 % 1009)),
		    0);
	for (i = 1; i <= 1000; i += 3)
		due_drop(&d, i);
	due_drop(&d, 5000);
	for (i = 2; i <= 1000; i += 3)
		assert_int_equal(due_set(&d, i, (int64_t)(i * 31 % 997)), 0);
	assert_int_equal(d.n, 666);
	while (due_first(&d, &first)) {
		assert_true(first.at >= last);
		assert_int_not_equal(first.id % 3, 1);
		last = first.at;
		due_drop(&d, first.id);
	}
	due_clear(&d);
}

static void
jobs_over_the_wire(void **state)
{
	struct job_rcpt rcpt[] = { { 1, "a@b.c", "", 0 },
	    { 7, "d@e.f", "rfc822;x@y", 4 } };
	struct job j = { .route = 3, .domain = "b.c", .from = "me@x.test",
	    .envid = "", .flags = 5, .offset = 9, .size = 10, .rcpt = rcpt,
	    .nrcpt = 2 }, got;
	struct chan_in in;
	struct buf b;
	size_t n;

	(void)state;
	buf_init(&b, 10000);
	job_put(&b, &j);
	chan_in_init(&in, b.data, b.len);
	assert_true(job_get(&in, 1, dup(0), &got));
	assert_int_equal(got.route, 3);
	assert_string_equal(got.rcpt[1].addr, "d@e.f");
	assert_int_equal(got.rcpt[1].n, 7);
	assert_int_equal(got.size, 10);
	job_clear(&got);
	/* Cut anywhere, or without its file, it is none. */
	for (n = 0; n < b.len; n++) {
		chan_in_init(&in, b.data, n);
		assert_false(job_get(&in, 1, dup(0), &got));
	}
	chan_in_init(&in, b.data, b.len);
	assert_false(job_get(&in, 1, -1, &got));
	buf_clear(&b);
}

static void
results_and_marks_over_the_wire(void **state)
{
	struct job_fate_of f[] = { { 1, JOB_TAKEN, "250 ok" },
	    { 2, JOB_UNKNOWN, "" } };
	struct job_result r = { .last = true, .tried = true, .peer = "p",
	    .tls = "t", .why = "w", .rcpt = f, .nrcpt = 2 }, got;
	uint32_t n[JOB_CHUNK + 1] = { 5, 6 };
	struct chan_in in;
	struct buf b;
	size_t count;

	(void)state;
	buf_init(&b, 10000);
	job_result_put(&b, &r);
	chan_in_init(&in, b.data, b.len);
	assert_true(job_result_get(&in, &got));
	assert_int_equal(got.nrcpt, 2);
	assert_int_equal(got.rcpt[1].fate, JOB_UNKNOWN);
	job_result_clear(&got);
	f[1].fate = JOB_FATES;
	buf_reset(&b);
	job_result_put(&b, &r);
	chan_in_init(&in, b.data, b.len);
	assert_false(job_result_get(&in, &got));
	buf_reset(&b);
	job_mark_put(&b, n, 2);
	chan_in_init(&in, b.data, b.len);
	assert_true(job_mark_get(&in, n, &count));
	assert_int_equal(count, 2);
	buf_reset(&b);
	job_mark_put(&b, n, JOB_CHUNK + 1);
	chan_in_init(&in, b.data, b.len);
	assert_false(job_mark_get(&in, n, &count));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fates),
		cmocka_unit_test(whom_a_notice_is_for),
		cmocka_unit_test(notice_text),
		cmocka_unit_test(notice_in_utf8),
		cmocka_unit_test(the_longest_notice_fits),
		cmocka_unit_test(due_times),
		cmocka_unit_test(jobs_over_the_wire),
		cmocka_unit_test(results_and_marks_over_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
