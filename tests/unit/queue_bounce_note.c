/* Notices without a status part: who is named, why, and who is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/queue/bounce_note.h"

static struct bounce b;

static const char *
told(struct bounce_note n, const char *text)
{
	static char out[4000];
	const struct bounce_rcpt *r;
	bool any;
	size_t i;

	n.path = n.path != NULL ? n.path : "";
	n.from = n.from != NULL ? n.from : "";
	n.subject = n.subject != NULL ? n.subject : "";
	n.failed = n.failed != NULL ? n.failed : "";
	n.to = n.to != NULL ? n.to : "";
	n.text = text;
	n.n = strlen(text);
	any = bounce_note(&b, &n);
	assert_int_equal(any, b.n > 0);
	assert_int_equal(b.n, b.total);
	out[0] = '\0';
	for (i = 0; i < b.n; i++) {
		r = &b.rcpt[i];
		snprintf(out + strlen(out), sizeof out - strlen(out),
		    "%s|%s|%s|%s\n", bounce_action_text(r->action),
		    r->status, r->final, r->diagnostic);
	}
	return out;
}

#define FROM(x)	(struct bounce_note){ .from = x }

static void
programs(void **state)
{
	(void)state;
	assert_string_equal(told(FROM("MAILER-DAEMON@gate.test"),
	    "Hi. This is the qmail-send program at gate.test.\n"
	    "I'm afraid I wasn't able to deliver your message.\n"
	    "This is a permanent error; I've given up.\n\n"
	    "<a@x.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
	    "<b@y.test>:\n10.0.0.1 failed after I sent the message.\n"
	    "Remote host said: 452 full\n\n"
	    "--- Below this line is a copy of the message.\n\n"
	    "Return-Path: <c@z.test>\n"),
	    "failed|5.1.1|a@x.test|Sorry, no mailbox here by that name. "
	    "(#5.1.1)\n"
	    "failed|4.0.0|b@y.test|10.0.0.1 failed after I sent the message."
	    " Remote host said: 452 full\n");
	assert_string_equal(told(FROM("MAILER-DAEMON@p.test (Mail Delivery "
	    "System)"),
	    "For further assistance, please contact <postmaster@p.test>\n\n"
	    "<a@x.test>: host mx.x.test[10.0.0.1] said: 550 5.1.1\n"
	    "    <a@x.test>... User unknown\n"
	    "<b@x.test>: mail for x.test loops back to myself\n"),
	    "failed|5.1.1|a@x.test|host mx.x.test[10.0.0.1] said: 550 5.1.1 "
	    "<a@x.test>... User unknown\n"
	    "failed||b@x.test|mail for x.test loops back to myself\n");
	assert_string_equal(told((struct bounce_note){ .failed =
	    "a@x.test, b@y.test" },
	    "The following address(es) failed:\n\n"
	    "  a@x.test:\n    retry timeout exceeded\n"),
	    "failed||a@x.test|retry timeout exceeded\n"
	    "failed||b@y.test|\n");
	assert_string_equal(told(FROM("postmaster@ex.test"),
	    "did not reach the following recipient(s):\n\n"
	    "A@X.test on Fri, 18 Oct 2002 09:13:24 -0600\n"
	    "    The recipient name is not recognized\n"),
	    "failed||A@X.test|on Fri, 18 Oct 2002 09:13:24 -0600 The "
	    "recipient name is not recognized\n");
	assert_string_equal(told((struct bounce_note){ .subject =
	    "Undeliverable Mail" },
	    "Delivery failed 20 attempts: a@x.test\n"),
	    "failed||a@x.test|Delivery failed 20 attempts: a@x.test\n");
	assert_string_equal(told(FROM("Mailer-Daemon@d.test"),
	    "The following message, addressed to 'a@x.test',\n"
	    "failed because it has not been collected after 30 days\n"),
	    "failed||a@x.test|The following message, addressed to "
	    "'a@x.test', failed because it has not been collected after 30 "
	    "days\n");
}

/* Others name one address, or more than the one that failed. */
static void
others(void **state)
{
	(void)state;
	assert_string_equal(told(FROM("postmaster@d.test"),
	    "Your message\n\n  Subject: x\n\nwas not delivered to:\n\n"
	    "  a@x.test\n\nbecause:\n\n  550 5.1.1 not listed\n"),
	    "failed|5.1.1|a@x.test|because: 550 5.1.1 not listed\n");
	assert_string_equal(told((struct bounce_note){ .report = true,
	    .to = "me@home.test" },
	    "Message de me@home.test : a@x.test n'existe pas.\n"),
	    "failed||a@x.test|Message de me@home.test : a@x.test n'existe "
	    "pas.\n");
	assert_string_equal(told(FROM("MAILER-DAEMON@x.test"),
	    "a@x.test, b@x.test: na\n"), "failed||a@x.test|b@x.test: na\n");
	assert_string_equal(told(FROM("MAILER-DAEMON@x.test"),
	    "x a@x.test\nx b@x.test\n"), "");
	assert_string_equal(told((struct bounce_note){ .from = "shop@y.test",
	    .subject = "Your parcel is delayed" },
	    "Ask parcels@x.test where it is.\n"), "");
	assert_string_equal(told((struct bounce_note){ .path = "<>" },
	    "Write to a@x.test while I am away.\n"), "");
	assert_string_equal(told(FROM("postmaster@x.test"),
	    "c=US;dda:SMTP=a@x.test; on Friday\n"),
	    "failed||a@x.test|c=US;dda:SMTP=a@x.test; on Friday\n");
	assert_string_equal(told(FROM("MAILER-DAEMON@s.test"),
	    "<a@x.test>\n    (reason: 550 no)\n    (expanded from: "
	    "<b@y.test>)\na@x.test...User unknown\n"),
	    "failed|5.0.0|a@x.test|(reason: 550 no) (expanded from: "
	    "<b@y.test>) a@x.test...User unknown\n");
	assert_string_equal(b.rcpt[0].original, "b@y.test");
}

static void
delays(void **state)
{
	(void)state;
	assert_string_equal(told((struct bounce_note){ .path = "<>" },
	    "Your message to:\n\ta@x.test\n\nhas not yet been delivered.\n"
	    "This is just a warning.\n"), "delayed||a@x.test|has not yet been "
	    "delivered. This is just a warning.\n");
	assert_string_equal(told((struct bounce_note){ .path = "<>" },
	    "a@x.test\nWe will retry no more: it has failed for good.\n"),
	    "failed||a@x.test|We will retry no more: it has failed for "
	    "good.\n");
}

static void
none(void **state)
{
	(void)state;
	assert_string_equal(told(FROM("friend@x.test"),
	    "<a@x.test>: is unknown to me\n"), "");
	assert_string_equal(told(FROM("MAILER-DAEMON@x.test"),
	    "It failed.\nPlease contact help@x.test if it fails again.\n"
	    "<postmaster@x.test>\n<mailer-daemon@x.test>: me\n"
	    "@ <@> a@ @b <a@b <>\n"), "");
	assert_string_equal(told(FROM("MAILER-DAEMON@x.test"), ""), "");
	/* The letter that came back is not read. */
	assert_string_equal(told(FROM("MAILER-DAEMON@x.test"),
	    "Failed.\n\n------ original message ------\n<a@x.test>\n"), "");
	assert_string_equal(told(FROM("MAILER-DAEMON@x.test"),
	    "Failed.\nReceived: by x\n<a@x.test>\n"), "");
}

/* More than are kept, lines without end, one character again and again. */
static void
large(void **state)
{
	enum { N = 1024 * 1024 };
	static char text[N];
	static const char *const unit[] = { "<a@b.c>: failed ", "a@", "<",
	    "\n<aa@b>:", "5.1.", "(", " " };
	size_t i, k, n;

	(void)state;
	for (i = 0; i < sizeof unit / sizeof unit[0]; i++) {
		n = strlen(unit[i]);
		for (k = 0; k + n < N; k += n)
			memcpy(text + k, unit[i], n);
		text[k] = '\0';
		(void)told((struct bounce_note){ .path = "<>",
		    .failed = text + N - 4096 }, text);
	}
	for (i = k = 0; i < 3 * BOUNCE_RCPTS_MAX; i++)
		k += (size_t)snprintf(text + k, N - k, "<a%zu@x.test>: no\n",
		    i);
	(void)told((struct bounce_note){ .path = "<>" }, text);
	assert_int_equal(b.n, BOUNCE_RCPTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs),
		cmocka_unit_test(others),
		cmocka_unit_test(delays),
		cmocka_unit_test(none),
		cmocka_unit_test(large)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
