/* Dates as text, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "mailnode/base/date.h"

static void
zone(const char *name)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static void
written(void **state)
{
	char text[48];

	(void)state;
	zone("UTC");
	date_text(1700000000, text, sizeof text);
	assert_string_equal(text, "Tue, 14 Nov 2023 22:13:20 +0000");
	zone("XXX-5:30");
	date_text(1700000000, text, sizeof text);
	assert_string_equal(text, "Wed, 15 Nov 2023 03:43:20 +0530");
	zone("XXX3:30");
	date_text(951782400, text, sizeof text);
	assert_string_equal(text, "Mon, 28 Feb 2000 20:30:00 -0330");
}

static void
mail_days(void **state)
{
	static const struct { const char *text; int64_t want; } t[] = {
		{ "Tue, 17 Jul 1996 02:44:25 -0700", 9694 },
		{ "17 Jul 96", 9694 }, { "1 Jan 1970", 0 },
		{ "17-Jul-1996", 9694 }, { "Fri, 1 jan 49 x", 28855 },
		{ "Thu, 01 Jan 50", -7305 }, { "01 Jan 1", -1 },
		{ "29 Feb 1972", 789 }, { "29 Feb 1973", -1 },
		{ "31 Apr 1973", -1 }, { "31 Dec 1970", 364 },
		{ "0 Jan 1970", -1 }, { "1 Foo 1970", -1 }, { "1 Ja", -1 },
		{ "a weekday that has no end 1 Jan 1970", -1 },
		{ "no digit", -1 }, { "1", -1 }, { "", -1 },
	};
	int64_t v;
	size_t i;
	bool good;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		good = date_mail_day(t[i].text, strlen(t[i].text), &v);
		if (good != (t[i].want != -1) || (good && v != t[i].want))
			fail_msg("%s: %lld", t[i].text, (long long)v);
	}
}

static void
imap_times(void **state)
{
	static const struct { const char *text; int64_t want; } t[] = {
		{ "17-Jul-1996 02:44:25 -0700", 837596665 },
		{ " 1-Jan-1970 00:00:00 +0000", 0 },
		{ "29-Feb-2024 23:59:59 +0100", 1709247599 },
		{ "1-Jan-1970 00:00:00 +0000", 0 },
		{ "32-Jan-1970 00:00:00 +0000", -1 },
		{ "29-Feb-2023 00:00:00 +0000", -1 },
		{ "31-Dec-1970 00:00:00 +0000", 31449600 },
		{ "00-Jan-1970 00:00:00 +0000", -1 },
		{ "01-Foo-1970 00:00:00 +0000", -1 },
		{ "01-Jan-1970 24:00:00 +0000", -1 },
		{ "01-Jan-1970 00:00:00", -1 }, { "01-Jan-70 00:00:00 +0000", -1 },
		{ "01-Jan-1970 00:00:00 +0000 ", -1 }, { "", -1 },
	};
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		if (date_time(t[i].text, strlen(t[i].text), &v) !=
		    (t[i].want >= 0) || (t[i].want >= 0 && v != t[i].want))
			fail_msg("%s: %lld", t[i].text, (long long)v);
	assert_true(date_day("2-Jan-1970", 10, &v) && v == 1);
	assert_false(date_day("2-Jan-1970 ", 11, &v));
}

static void
imap_written(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	date_time_put(&b, 837596665);
	assert_string_equal(buf_str(&b), "\"17-Jul-1996 09:44:25 +0000\"");
	buf_reset(&b);
	date_time_put(&b, INT64_C(253402300800));	/* the year 10000 */
	assert_string_equal(buf_str(&b), "\" 1-Jan-1970 00:00:00 +0000\"");
	buf_clear(&b);
}

/* RFC 5322 sections 3.3 and 4.3, and others. */
static void
mail_times(void **state)
{
	static const struct { const char *text; int64_t want; } t[] = {
		{ "Fri, 21 Nov 1997 09:55:06 -0600", 880127706 },
		{ " Fri,\r\n 21 Nov\r\n 1997 09(c):   55  :  06 -0600",
		    880127706 },
		{ "21 Nov 97 09:55:06 CST", 880127706 },
		{ "21 Nov 97 09:55:06 cst (a (b\\) c))", 880127706 },
		{ "(x) Friday, 21-November-1997 09:55 -0600 (CST", 880127700 },
		{ "Fri, 21 Nov 1997 09:55:06-0600", 880127706 },
		{ "21 Nov 1997 09.55.06 -06:00", 880127706 },
		{ "Fri Nov 21 09:55:06 1997 -0600", 880127706 },
		{ "Fri Nov 21 09:55:06 CST 1997", 880127706 },
		{ "Fri Nov  1 09:55:06 1997", 878378106 },
		{ "Nov 21, 1997 3:55:06 PM", 880127706 },
		{ "21 Nov 1997 12:00:00 AM", 880070400 },
		{ "1997-11-21T09:55:06.123-06:00", 880127706 },
		{ "1997-11-21 15:55:06Z", 880127706 },
		{ "21 Nov 1997 15:55:06 GMT", 880127706 },
		{ "21 Nov 1997 16:55:06 GMT+0100", 880127706 },
		{ "21 Nov 1997 15:55:06 A", 880127706 },
		{ "21 Nov 1997 15:55:06 XYZ", 880127706 },
		{ "Mon, 10 Jun 0102 16:27:33 +0600", 1023704853 },
		{ "21 Nov 097 15:55:06 -0000", 880127706 },
		{ "21 Nov 1997", 880070400 }, { "1 Jan 1970 00:00", 0 },
		{ "31 Dec 1969 23:59:59 +0000", -1 },
		{ "21 Nov 1997 24:00:00", 880156800 },
		{ "21 Nov 1997 25:00:00 -0600", 880070400 },
		{ "21 Nov 1997 10:60", 880070400 },
		{ "21 Nov 1997 10:", 880070400 },
		{ "21 Nov 1997    59:10 -0500", 880070400 },
		{ "21 Nov 1997 15:55:06 +-0800", 880127706 },
		{ "by 2002::1 with x id 7; 21 Nov 1997 15:55:06", 880127706 },
	};
	static const char *const bad[] = { "", "Fri", "21 Nov", "Nov 1997",
	    "32 Nov 1997 10:00", "0 Nov 1997", "31 Nov 1997", "21 Foo 1997 10:00",
	    "21 Nov 1",
	    "Tue, 1 Jul 2003 ((open) 10:52:37 +0200", "1997-13-01",
	    "11/21/1997 10:00", "25:00 21 Nov" };
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		if (!date_mail(t[i].text, strlen(t[i].text), &v) ||
		    v != t[i].want)
			fail_msg("%s: %lld", t[i].text, (long long)v);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (date_mail(bad[i], strlen(bad[i]), &v))
			fail_msg("%s: %lld", bad[i], (long long)v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written),
		cmocka_unit_test(mail_days),
		cmocka_unit_test(mail_times),
		cmocka_unit_test(imap_times),
		cmocka_unit_test(imap_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
