#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tui/when.h"

/* Saturday 2026-11-28 15:00 UTC */
enum { NOW = 1795878000 };

static void
reading(void **state)
{
	static const struct { const char *text, *at; } t[] = {
		{ "1m", "2026-11-28 15:01" }, { " 2h ", "2026-11-28 17:00" },
		{ "3d", "2026-12-01 15:00" }, { "1w", "2026-12-05 15:00" },
		{ "tonight", "2026-11-28 18:00" },
		{ "Tomorrow", "2026-11-29 08:00" },
		{ "tomorrow 9:30", "2026-11-29 09:30" },
		{ "monday", "2026-11-30 08:00" },
		{ "mon 7", "2026-11-30 07:00" },
		{ "sat", "2026-12-05 08:00" },
		{ "next week", "2026-11-30 08:00" },
		{ "2026-12-24", "2026-12-24 08:00" },
		{ "2026-12-24 23:59", "2026-12-24 23:59" },
		{ "15:01", "2026-11-28 15:01" },
		{ "15:00", "2026-11-29 15:00" },
		{ "", NULL }, { "0h", NULL }, { "h", NULL }, { "5001d", NULL },
		{ "1h later", NULL }, { "2026-11-28", NULL },
		{ "2020-01-01", NULL }, { "2026-13-01", NULL },
		{ "24:00", NULL }, { "9:5", NULL }, { "mo", NULL },
		{ "mondays", NULL }, { "next", NULL }, { "next year", NULL },
		{ "tomorrow x", NULL }, { "tomorrow 9 x", NULL },
		{ "-1h", NULL }, { "99999999999h", NULL },
	};
	char text[40];
	struct tm tm;
	int64_t at;
	time_t s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		if (when_read(t[i].text, NOW, &at) != (t[i].at != NULL))
			fail_msg("%s", t[i].text);
		if (t[i].at == NULL)
			continue;
		s = (time_t)at;
		strftime(text, sizeof text, "%Y-%m-%d %H:%M",
		    gmtime_r(&s, &tm));
		assert_string_equal(text, t[i].at);
	}
	when_text(NOW, text, sizeof text);
	assert_string_equal(text, "Sat 28 Nov 15:00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reading) };

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
