/* Notices as keeper is told of them: which letter, which recipients, who
 * vouches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mailnode/queue/report.h"
#include "store/mime_report.h"
#include "store/mime_row.h"
#include "store/op_parse.h"
#include "store/op_report.h"

#define DSN_HEAD \
	"From: MAILER-DAEMON@mx.y.test\nSubject: Undelivered\n" \
	"MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b;\n" \
	" report-type=delivery-status\n\n" \
	"--b\nContent-Type: text/plain\n\nIt failed.\n\n" \
	"--b\nContent-Type: message/delivery-status\n\n"
#define DSN_COPY \
	"--b\nContent-Type: text/rfc822-headers\n\nSubject: s\n" \
	"Message-ID:\n <one@node.test>\nTo: a@y.test\n\n--b--\n"
#define RESULTS \
	"Authentication-Results: mail.example.org; spf=pass " \
	"smtp.helo=mx.y.test;\n dkim=pass header.d=y.test; dkim=fail " \
	"header.d=z.test; dmarc=none header.from=mx.y.test\n"

static uint8_t *
copy_of(const char *text)
{
	uint8_t *p = malloc(strlen(text) + 1);

	assert_non_null(p);
	memcpy(p, text, strlen(text) + 1);
	return p;
}

/* One line of the notice, one of each recipient. */
static const char *
told(const char *text)
{
	static char out[8000];
	struct chan_in in;
	struct report r;
	struct buf b;
	size_t i;

	buf_init(&b, CHAN_DATA_MAX);
	assert_int_equal(report_message(copy_of(text), strlen(text), &b), 0);
	chan_in_init(&in, b.data, b.len);
	assert_true(report_get(&in, &r));
	snprintf(out, sizeof out, "%s|%s|%s|%u|", r.envid, r.msgid, r.by,
	    r.total);
	for (i = 0; i < r.nids; i++)
		snprintf(out + strlen(out), sizeof out - strlen(out), "%s ",
		    r.id[i]);
	if (r.author[0] != '\0')
		snprintf(out + strlen(out), sizeof out - strlen(out),
		    "by %s", r.author);
	for (i = 0; i < r.n; i++)
		snprintf(out + strlen(out), sizeof out - strlen(out),
		    "\n%s|%s|%s|%s|%s|%s", bounce_action_text(
		    (enum bounce_action)r.rcpt[i].action),
		    r.rcpt[i].original, r.rcpt[i].final, r.rcpt[i].status,
		    r.rcpt[i].said, r.rcpt[i].mta);
	report_clear(&r);
	buf_clear(&b);
	return out;
}

static void
delivery(void **state)
{
	(void)state;
	assert_string_equal(told(RESULTS DSN_HEAD
	    "Original-Envelope-Id: 0123\nReporting-MTA: dns; mx.y.test\n\n"
	    "Original-Recipient: rfc822;a@y.test\n"
	    "Final-Recipient: rfc822;b@y.test\nAction: failed\n"
	    "Status: 5.1.1\nRemote-MTA: dns; in.y.test\n"
	    "Diagnostic-Code: smtp; 550 no\n  such \033[1muser\n\n"
	    "Final-Recipient: rfc822;c@y.test\nAction: delayed\n\n" DSN_COPY),
	    "0123|one@node.test|mx.y.test|2|mx.y.test y.test by mx.y.test\n"
	    "failed|a@y.test|b@y.test|5.1.1|550 no such [1muser|in.y.test\n"
	    "delayed||c@y.test|||");
}

/* The first field is above what a stranger wrote, and names us. */
static void
only_our_results_vouch(void **state)
{
	(void)state;
	assert_string_equal(told("Authentication-Results: other.test; "
	    "dkim=pass header.d=y.test\n" RESULTS DSN_HEAD "Action: failed\n"
	    "Final-Recipient: rfc822;a@y.test\n\n" DSN_COPY),
	    "|one@node.test||1|\nfailed||a@y.test|||");
}

static void
notes(void **state)
{
	(void)state;
	assert_string_equal(told("Return-Path: <>\n"
	    "From: MAILER-DAEMON@gate.test\nSubject: failure notice\n\n"
	    "Hi. This is the qmail-send program at gate.test.\n"
	    "This is a permanent error; I've given up.\n\n"
	    "<a@y.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
	    "--- Below this line is a copy of the message.\n\n"
	    "Return-Path: <me@node.test>\nReceived: by gate.test\n"
	    "Message-ID: <two@node.test>\nSubject: s\n\ntext\n"),
	    "|two@node.test||1|\nfailed||a@y.test|5.1.1|Sorry, no mailbox "
	    "here by that name. (#5.1.1)|");
	assert_string_equal(told("Return-Path: <>\nFrom: a@y.test\n"
	    "Subject: I am away\n\nUntil Monday.\n"), "|||0|");
	assert_string_equal(told(""), "|||0|");
	/* Its type says what it is, and nothing else does. */
	assert_string_equal(told("Subject: Utilisateur inconnu\n"
	    "To: me@node.test\nMIME-Version: 1.0\nContent-Type: "
	    "multipart/report;\n report-type=delivery-status; boundary=b\n\n"
	    "--b\n\nDe me@node.test : a@y.test n'existe pas\n\n--b\n"
	    "Content-Type: message/delivery-status\n\nremoved\n\n--b--\n"),
	    "|||1|\nfailed||a@y.test||De me@node.test : a@y.test n'existe pas|");
	/* Who is away has no sender either, and names somebody. */
	assert_string_equal(told("Return-Path: <>\nFrom: a@y.test\n"
	    "Subject: Away: your letter\n\nYour message could not be read "
	    "by:\n\n<b@y.test>:\nno such user until Monday\n"), "|||0|");
}

/* OpenSMTPD, and Exim of what failed within it, say why to people alone. */
static void
reasons(void **state)
{
	(void)state;
	assert_string_equal(told("From: Mailer Daemon <MAILER-DAEMON@mx.y.test>"
	    "\nSubject: Delivery status notification: failed\n"
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: text/plain\n\n    Of these it failed:\n\n"
	    "a@y.test: 550 5.1.1 no such mailbox\n"
	    "b@y.test: 451 later\nc@y.test: 550 over\n\n"
	    "--b\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; mx.y.test\n\n"
	    "Final-Recipient: rfc822; A@y.test\nAction: failed\n"
	    "Status: 5.0.0\n\n"
	    "Final-Recipient: rfc822; b@y.test\nAction: failed\n"
	    "Status: 5.0.0\n\n"
	    "Final-Recipient: rfc822; c@y.test\nAction: failed\n"
	    "Diagnostic-Code: smtp; 550 its own\n\n"
	    "Final-Recipient: rfc822; d@y.test\nAction: failed\n\n"
	    DSN_COPY), "|one@node.test|mx.y.test|4|\n"
	    "failed||A@y.test|5.1.1|550 5.1.1 no such mailbox|\n"
	    "failed||b@y.test|5.0.0|451 later|\n"
	    "failed||c@y.test||550 its own|\n"
	    "failed||d@y.test|||");
	assert_string_equal(told("X-Failed-Recipients: a@y.test, b@y.test\n"
	    "From: Mail Delivery System <Mailer-Daemon@mx.y.test>\n"
	    "Subject: Mail delivery failed\n"
	    "MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b;\n"
	    " report-type=delivery-status\n\n"
	    "--b\nContent-Type: text/plain\n\nIt failed for:\n\n"
	    "  a@y.test\n    who is gone\n"
	    "  b@y.test\n    (generated from c@y.test)\n    who, too\n\n"
	    "--b\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; mx.y.test\n\nAction: failed\n"
	    "Final-Recipient: rfc822;a@y.test\nStatus: 5.0.0\n\n"
	    "Action: failed\nFinal-Recipient: rfc822;b@y.test\n"
	    "Status: 5.0.0\n\n" DSN_COPY), "|one@node.test|mx.y.test|2|\n"
	    "failed||a@y.test|5.0.0|who is gone|\n"
	    "failed||b@y.test|5.0.0|(generated from c@y.test) who, too|");
}

static void
reading(void **state)
{
	static const char head[] = "From: a@y.test\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/report; boundary=b;\n"
	    " report-type=disposition-notification\n\n"
	    "--b\nContent-Type: text/plain\n\nread\n\n"
	    "--b\nContent-Type: message/disposition-notification\n\n"
	    "Final-Recipient: rfc822;a@y.test\n"
	    "Original-Message-ID: <one@node.test>\n";
	char text[2000];

	(void)state;
	snprintf(text, sizeof text, "%sDisposition: manual-action/"
	    "MDN-sent-manually; displayed\n\n--b--\n", head);
	assert_string_equal(told(text),
	    "|one@node.test||1|\nread||a@y.test|||");
	snprintf(text, sizeof text, "%sDisposition: automatic-action/"
	    "MDN-sent-automatically; deleted\n\n--b--\n", head);
	assert_string_equal(told(text),
	    "|one@node.test||1|\nunknown||a@y.test|||");
}

/* More than are kept, and more than a record holds. */
static void
limits(void **state)
{
	struct chan_in in;
	struct report r;
	struct buf text, b;
	int i;

	(void)state;
	buf_init(&text, 4 * 1024 * 1024);
	buf_adds(&text, DSN_HEAD);
	for (i = 0; i < 2 * REPORT_RCPTS_MAX; i++)
		buf_addf(&text, "Final-Recipient: rfc822;%0*d@y.test\n"
		    "Original-Recipient: rfc822;%0*d@y.test\n"
		    "Remote-MTA: dns; %0*d\nAction: failed\n\n", 400, i, 400,
		    i, 400, i);
	buf_adds(&text, DSN_COPY);
	buf_init(&b, CHAN_DATA_MAX);
	assert_int_equal(report_message(copy_of(buf_str(&text)), text.len,
	    &b), 0);
	chan_in_init(&in, b.data, b.len);
	assert_true(report_get(&in, &r));
	assert_int_equal(r.total, 2 * REPORT_RCPTS_MAX);
	assert_true(r.n > 0 && r.n <= REPORT_RCPTS_MAX);
	assert_string_equal(r.msgid, "one@node.test");
	report_clear(&r);
	buf_clear(&b);
	buf_clear(&text);
}

static void
malformed(void **state)
{
	static const uint8_t bad[] = { 1, 0, 0, 0, 'x', 0, 0, 0, 0, 0, 0, 0,
	    0, 99 };
	struct report r = { .msgid = "a\033b", .envid = "", .by = "" };
	struct chan_in in;
	struct buf b;

	(void)state;
	chan_in_init(&in, bad, sizeof bad);
	assert_false(report_get(&in, &r));
	r = (struct report){ .msgid = "a\033b", .envid = "", .by = "" };
	buf_init(&b, CHAN_DATA_MAX);
	report_put(&b, &r);
	chan_in_init(&in, b.data, b.len);
	assert_false(report_get(&in, &r));
	buf_clear(&b);
}

static void
row_of(const char *text, uint32_t *flags, char irt[100])
{
	struct parse_row row;
	struct chan_in in;
	struct mime m;
	struct buf b;

	assert_int_equal(mime_open(&m, copy_of(text), strlen(text)), 0);
	buf_init(&b, PARSE_ANSWER_MAX);
	assert_int_equal(mime_row(&m, &b), 0);
	chan_in_init(&in, b.data, b.len);
	assert_true(parse_row_get(&in, &row));
	*flags = row.flags & PARSE_REPORT;
	snprintf(irt, 100, "%s", row.irt);
	parse_row_clear(&row);
	buf_clear(&b);
	mime_close(&m);
}

/* A report stands below its letter; what only carries one is none. */
static void
in_the_thread(void **state)
{
	uint32_t flags;
	char irt[100];

	(void)state;
	row_of(DSN_HEAD "Action: failed\n\n" DSN_COPY, &flags, irt);
	assert_int_equal(flags, PARSE_REPORT);
	assert_string_equal(irt, "one@node.test");
	row_of("In-Reply-To: <x@y>\n" DSN_HEAD "Action: failed\n\n" DSN_COPY,
	    &flags, irt);
	assert_string_equal(irt, "x@y");
	row_of("From: a@y.test\nMIME-Version: 1.0\nContent-Type: "
	    "multipart/mixed; boundary=c\n\n--c\n\nlook\n\n--c\n"
	    "Content-Type: message/rfc822\n\n" DSN_HEAD "Action: failed\n\n"
	    DSN_COPY "\n--c--\n", &flags, irt);
	assert_int_equal(flags, 0);
	assert_string_equal(irt, "");
	row_of("Return-Path: <>\nFrom: a\n\nMessage-ID: <q@y>\n", &flags,
	    irt);
	assert_int_equal(flags, PARSE_REPORT);
	assert_string_equal(irt, "q@y");
	row_of("Return-Path: <a@y>\nFrom: a\n\nMessage-ID: <q@y>\n", &flags,
	    irt);
	assert_int_equal(flags, 0);
	assert_string_equal(irt, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivery),
		cmocka_unit_test(only_our_results_vouch),
		cmocka_unit_test(notes),
		cmocka_unit_test(reasons),
		cmocka_unit_test(reading),
		cmocka_unit_test(limits),
		cmocka_unit_test(malformed),
		cmocka_unit_test(in_the_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
