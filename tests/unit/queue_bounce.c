#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/base/buf.h"
#include "mailnode/queue/bounce.h"

static struct bounce b;

static const char *
told(const char *text)
{
	static char out[2000];
	const struct bounce_rcpt *r;
	size_t i;

	bounce_parse(&b, text, strlen(text));
	out[0] = '\0';
	for (i = 0; i < b.n; i++) {
		r = &b.rcpt[i];
		snprintf(out + strlen(out), sizeof out - strlen(out),
		    "%s|%s|%s|%s|%s|%s\n", bounce_action_text(r->action),
		    r->status, r->final, r->original, r->diagnostic, r->mta);
	}
	return out;
}

static void
groups_are_recipients(void **state)
{
	(void)state;
	assert_string_equal(told(
	    "Reporting-MTA: dns; mx.test\r\n"
	    "Original-Envelope-Id: QQ1\r\n"
	    "\r\n"
	    "Original-Recipient: rfc822;a+b@x.test\r\n"
	    "Final-Recipient: RFC822 ; <c@y.test>\r\n"
	    "ACTION : Failed (for good)\r\n"
	    "Status: 5.1.1 (no such user)\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1\r\n"
	    "\tno such user\r\n"
	    "Remote-MTA: dns; mx.y.test\r\n"
	    "\r\n \t\r\n"
	    "Final-Recipient: d@z.test\n"
	    "Action: delayed\n"
	    "Status: 4\n"),
	    "failed|5.1.1|c@y.test|a+b@x.test|550 5.1.1 no such user|"
	    "mx.y.test\n"
	    "delayed||d@z.test|||\n");
	assert_string_equal(b.reporting_mta, "mx.test");
	assert_string_equal(b.envid, "QQ1");
	assert_string_equal(told("Reporting-MTA: dns; mx.test\n"
	    "Action: failed\n\nFinal-Recipient: rfc822; a@x.test\n\n"
	    "Final-Recipient: rfc822; b@x.test\n"),
	    "failed||a@x.test|||\nunknown||b@x.test|||\n");
}

/* RFC 6533 section 3: three encodings of one address. */
static void
addresses_beyond_ascii(void **state)
{
	(void)state;
	assert_string_equal(told(
	    "Final-Recipient: utf-8;j\\x{F6}rg@b\\x{FC}cher.test\r\n"
	    "Action: failed\r\n\r\n"
	    "Final-Recipient: UTF-8; j\xc3\xb6rg@x.test\r\n\r\n"
	    "Final-Recipient: utf-8;a\\x{}b\\x{D800}\\x{7}@x.test\r\n"),
	    "failed||j\xc3\xb6rg@b\xc3\xbc" "cher.test|||\n"
	    "unknown||j\xc3\xb6rg@x.test|||\n"
	    "unknown||a\\x{}b\xef\xbf\xbd\\x{7}@x.test|||\n");
}

static void
what_is_none_is_none(void **state)
{
	static const char *const none[] = { "", "\r\n\r\n", "hello", ":\n",
	    "Reporting-MTA: dns; x\r\n\r\nSubject: x\r\n", "\t\r\n x: y" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_string_equal(told(none[i]), "");
	assert_string_equal(told("Action: exploded\nStatus: 9.1.1\n\n"
	    "Action: failed\nStatus: 5..1\n\nAction: relayed\nStatus: 2.1.\n"
	    "\nAction: expanded\nStatus: 5.1.1.1\n"),
	    "unknown|||||\nfailed|||||\nrelayed|||||\nexpanded|||||\n");
}

static void
many_are_counted(void **state)
{
	struct buf t;
	size_t i;

	(void)state;
	buf_init(&t, 8 << 20);
	for (i = 0; i < 20000; i++)
		buf_addf(&t, "Final-Recipient: rfc822; u%zu@x.test\r\n"
		    "Action: failed\r\n\r\n", i);
	bounce_parse(&b, (const char *)t.data, t.len);
	assert_int_equal(b.n, BOUNCE_RCPTS_MAX);
	assert_int_equal(b.total, 20000);
	assert_string_equal(b.rcpt[BOUNCE_RCPTS_MAX - 1].final,
	    "u199@x.test");
	/* A field over its limit is left out, and nothing else. */
	buf_reset(&t);
	buf_adds(&t, "Final-Recipient: rfc822; a@x.test\nDiagnostic-Code: ");
	for (i = 0; i < 1000000; i++)
		buf_addc(&t, 'x');
	buf_adds(&t, "\nAction: failed\n");
	bounce_parse(&b, (const char *)t.data, t.len);
	assert_int_equal(b.rcpt[0].action, BOUNCE_FAILED);
	assert_string_equal(b.rcpt[0].diagnostic, "");
	buf_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_recipients),
		cmocka_unit_test(addresses_beyond_ascii),
		cmocka_unit_test(what_is_none_is_none),
		cmocka_unit_test(many_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
