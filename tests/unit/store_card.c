#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "store/card.h"

static struct buf out;

static void
event_is(const char *in, bool full, const char *want)
{
	buf_reset(&out);
	card_event(&out, in, strlen(in), full);
	assert_string_equal(out.len > 0 ? buf_str(&out) : "", want);
}

#define CAL(method, lines) "BEGIN:VCALENDAR\nMETHOD:" method "\n" \
	"BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\n" \
	"DTSTART:19701025T030000\nEND:STANDARD\nEND:VTIMEZONE\n" \
	"BEGIN:VEVENT\n" lines "END:VEVENT\nBEGIN:VEVENT\nSUMMARY:second\n" \
	"END:VEVENT\nEND:VCALENDAR\n"

static void
invitation(void **state)
{
	(void)state;
	event_is(CAL("REQUEST", "SUMMARY;LANGUAGE=en:Plans\\, large\n  and small\n"
	    "DTSTART;TZID=Europe/Berlin:20261201T150000\n"
	    "DTEND;TZID=Europe/Berlin:20261201T160000\n"
	    "LOCATION:Room 1\\; upstairs\\nHouse B\n"
	    "ORGANIZER;CN=\"Eve: E\":mailto:eve@x.test\n"
	    "ATTENDEE;PARTSTAT=ACCEPTED;CN=Ada:mailto:ada@x.test\n"
	    "ATTENDEE;ROLE=REQ-PARTICIPANT:MAILTO:me@x.test\n"
	    "RRULE:FREQ=WEEKLY;BYDAY=MO\n"
	    "BEGIN:VALARM\nDESCRIPTION:ring\nDURATION:PT5M\nEND:VALARM\n"
	    "DESCRIPTION:Bring\\nnothing\n"), false,
	    "Invitation: Plans, large and small\n"
	    "When: Tue, 01 Dec 2026 15:00 - 16:00 (Europe/Berlin)\n"
	    "Repeats: weekly, byday mo\n"
	    "Where: Room 1; upstairs House B\n"
	    "Organiser: Eve: E <eve@x.test>\n"
	    "With: Ada (yes), me@x.test\n");
	event_is(CAL("CANCEL", "SUMMARY:Lunch\nDESCRIPTION:a\\nb\n"), true,
	    "Cancelled: Lunch\n\na\nb\n");
}

static void
times(void **state)
{
	(void)state;
	event_is(CAL("PUBLISH", "DTSTART:20261201T233000Z\nDURATION:PT1H\n"),
	    false, "Event: (without a name)\n"
	    "When: Wed, 02 Dec 2026 01:30 - 02:30 (EET)\n");
	event_is(CAL("REPLY", "SUMMARY:x\nDTSTART;VALUE=DATE:20261224\n"
	    "DTEND;VALUE=DATE:20261225\n"), false,
	    "Answer: x\nWhen: Thu, 24 Dec 2026\n");
	event_is(CAL("REQUEST", "SUMMARY:x\nDTSTART;VALUE=DATE:20261224\n"
	    "DTEND;VALUE=DATE:20261227\n"), false,
	    "Invitation: x\nWhen: Thu, 24 Dec 2026 - Sat, 26 Dec 2026\n");
	event_is(CAL("REQUEST", "SUMMARY:x\nDTSTART:20261224T220000\n"
	    "DTEND:20261225T020000\n"), false, "Invitation: x\n"
	    "When: Thu, 24 Dec 2026 22:00 - Fri, 25 Dec 2026 02:00\n");
}

/* Nothing is made of what is none, and nothing breaks. */
static void
nonsense(void **state)
{
	static const char *const none[] = { "", "BEGIN:VCALENDAR\n", ":", ";:",
	    "BEGIN:VTODO\nSUMMARY:x\nEND:VTODO\n", "\n \n", "text\n" };
	static const char odd[] = "BEGIN:VEVENT\nSUMMARY;;=;X=\":\nSUMMARY;:a"
	    "\\\nDTSTART:2026\nDTEND:99999999T\nDURATION:P\nATTENDEE:\n"
	    "ORGANIZER;CN=:\nRRULE:=;=\n";
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof none / sizeof none[0]; i++)
		event_is(none[i], true, "");
	for (n = 0; n < sizeof odd; n++) {
		char *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, odd, n);
		buf_reset(&out);
		card_event(&out, copy, n, true);
		card_person(&out, copy, n);
		free(copy);
	}
}

static void
person(void **state)
{
	static const char in[] = "BEGIN:VCARD\nVERSION:3.0\nN:L;Ada\nFN:Ada L.\n"
	    "ORG:Engines;Analytic\nitem1.TEL;TYPE=cell:+44 1\nEMAIL:\n"
	    "ADR;TYPE=home:;;1 Road;Town;;;UK\nEND:VCARD\nFN:no\n";

	(void)state;
	buf_reset(&out);
	card_person(&out, in, sizeof in - 1);
	assert_string_equal(buf_str(&out), "Name: Ada L.\n"
	    "Organisation: Engines Analytic\nTelephone: +44 1\n"
	    "Address: 1 Road Town UK\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invitation), cmocka_unit_test(times),
		cmocka_unit_test(nonsense), cmocka_unit_test(person)
	};

	(void)setenv("TZ", "EET-2", 1);
	tzset();
	buf_init(&out, 1024 * 1024);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
