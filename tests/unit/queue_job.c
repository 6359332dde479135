/* What a relay says to the sender: taken only as far as it makes sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/queue/job.h"

static char longest[JOB_TEXT_MAX], longer[JOB_TEXT_MAX + 1];

/* A result as a relay that was taken over may write it. */
static bool
taken(const char *peer, const char *tls, const char *why, const char *text)
{
	struct job_result r;
	struct chan_in in;
	struct buf b;
	bool ok;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u8(&b, 1);
	chan_put_u8(&b, 1);
	chan_put_u8(&b, 0);
	chan_put_u8(&b, 0);
	chan_put_str(&b, peer);
	chan_put_str(&b, tls);
	chan_put_str(&b, why);
	chan_put_u8(&b, 1);
	chan_put_u32(&b, 7);
	chan_put_u8(&b, JOB_DEFERRED);
	chan_put_str(&b, text);
	chan_put_u8(&b, 0);
	chan_in_init(&in, b.data, b.len);
	ok = job_result_get(&in, &r);
	if (ok) {
		assert_int_equal(r.nrcpt, 1);
		assert_string_equal(r.rcpt[0].text, text);
		job_result_clear(&r);
	}
	buf_clear(&b);
	return ok;
}

static void
no_text_is_longer_than_keeper_takes(void **state)
{
	(void)state;
	assert_true(taken(longest, longest, longest, longest));
	assert_false(taken(longer, "", "", ""));
	assert_false(taken("", longer, "", ""));
	assert_false(taken("", "", longer, ""));
	assert_false(taken("", "", "", longer));
}

/* Our own are cut, so that a talkative server is no malformed relay. */
static void
our_own_are_cut(void **state)
{
	struct job_fate_of f = { 7, JOB_REFUSED, longer };
	struct job_result r = { .last = true, .peer = longer, .tls = longer,
	    .why = longer, .rcpt = &f, .nrcpt = 1 }, got;
	struct chan_in in;
	struct buf b;

	(void)state;
	buf_init(&b, CHAN_DATA_MAX);
	job_result_put(&b, &r);
	chan_in_init(&in, b.data, b.len);
	assert_true(job_result_get(&in, &got));
	assert_string_equal(got.why, longest);
	assert_string_equal(got.rcpt[0].text, longest);
	job_result_clear(&got);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_is_longer_than_keeper_takes),
		cmocka_unit_test(our_own_are_cut),
	};

	memset(longest, 'x', sizeof longest - 1);
	memset(longer, 'x', sizeof longer - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
