#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mailnode/queue/date.h"

/* Not by strftime: the names are those of the RFC in every locale. */
static const char *const days[] = {
	"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
};
static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
	"Nov", "Dec"
};

/* Days since the epoch of a date (H. Hinnant's civil calendar). */
static int64_t
day_number(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void
date_text(int64_t wall_s, char *dst, size_t size)
{
	time_t t = (time_t)wall_s;
	struct tm tm;
	int64_t here;
	long zone;

	if (localtime_r(&t, &tm) == NULL) {
		snprintf(dst, size, "Thu, 01 Jan 1970 00:00:00 +0000");
		return;
	}
	here = day_number(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) *
	    86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
	zone = (long)(here - wall_s) / 60;
	snprintf(dst, size, "%s, %02d %s %d %02d:%02d:%02d %c%02ld%02ld",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    zone < 0 ? '-' : '+', labs(zone) / 60, labs(zone) % 60);
}
