#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mailnode/base/num.h"
#include "tui/when.h"

enum { SPAN_MAX = 5000 };	/* of one unit */

static const char *const days[] = { "sunday", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday" };

/* One word; its octets, 0 at the end. */
static size_t
word(const char **p)
{
	*p += strspn(*p, " \t");
	return strcspn(*p, " \t");
}

static bool
is(const char *p, size_t n, const char *what)
{
	return strlen(what) == n && strncasecmp(p, what, n) == 0;
}

static bool
number(const char *p, const char *end, uint32_t max, int *v)
{
	uint32_t u;

	if (num_u32(p, end, 0, max, &u) == -1)
		return false;
	*v = (int)u;
	return true;
}

/* "9:30", "9" */
static bool
time_of_day(const char *p, size_t n, struct tm *tm)
{
	const char *colon = memchr(p, ':', n), *end = p + n;

	tm->tm_min = 0;
	if (colon == NULL)
		return number(p, end, 23, &tm->tm_hour);
	return number(p, colon, 23, &tm->tm_hour) && end - colon == 3 &&
	    number(colon + 1, end, 59, &tm->tm_min);
}

/* "2h"; 0 if it is no span. */
static int64_t
span(const char *p, size_t n)
{
	static const struct { char unit; int s; } units[] = { { 'm', 60 },
	    { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
	size_t i;
	int v;

	if (n < 2 || !number(p, p + n - 1, SPAN_MAX, &v))
		return 0;
	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (units[i].unit == p[n - 1])
			return (int64_t)v * units[i].s;
	return 0;
}

/* "2026-12-24" */
static bool
date(const char *p, size_t n, struct tm *tm)
{
	int y, m;

	if (n != 10 || p[4] != '-' || p[7] != '-' ||
	    !number(p, p + 4, 9999, &y) || !number(p + 5, p + 7, 12, &m) ||
	    !number(p + 8, p + 10, 31, &tm->tm_mday) || y < 1970 || m < 1 ||
	    tm->tm_mday < 1)
		return false;
	tm->tm_year = y - 1900;
	tm->tm_mon = m - 1;
	return true;
}

static bool
weekday(const char *p, size_t n, struct tm *tm)
{
	int i;

	for (i = 0; i < 7; i++)
		if (n >= 3 && n <= strlen(days[i]) &&
		    strncasecmp(days[i], p, n) == 0) {
			tm->tm_mday += (i - tm->tm_wday + 6) % 7 + 1;
			return true;
		}
	return false;
}

/* The day that the first word names; *n: octets of it. */
static bool
day(const char **p, size_t *n, struct tm *tm)
{
	if (is(*p, *n, "tonight")) {
		tm->tm_hour = WHEN_EVENING;
	} else if (is(*p, *n, "tomorrow")) {
		tm->tm_mday++;
	} else if (is(*p, *n, "next")) {
		*p += *n;
		*n = word(p);
		if (!is(*p, *n, "week"))
			return false;
		return weekday("monday", 6, tm);
	} else {
		return date(*p, *n, tm) || weekday(*p, *n, tm);
	}
	return true;
}

bool
when_read(const char *text, int64_t now, int64_t *at)
{
	const char *p = text;
	size_t n = word(&p);
	time_t t = (time_t)now;
	struct tm tm;

	*at = now + span(p, n);
	if (*at > now)
		return p[n + strspn(p + n, " \t")] == '\0';
	if (n == 0 || localtime_r(&t, &tm) == NULL)
		return false;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	if (memchr(p, ':', n) != NULL) {
		if (!time_of_day(p, n, &tm))
			return false;
		if (mktime(&tm) <= t)
			tm.tm_mday++;
	} else {
		tm.tm_hour = WHEN_HOUR;
		tm.tm_min = 0;
		if (!day(&p, &n, &tm))
			return false;
		p += n;
		n = word(&p);
		if (n > 0 && !time_of_day(p, n, &tm))
			return false;
	}
	p += n;
	tm.tm_isdst = -1;
	*at = (int64_t)mktime(&tm);
	return word(&p) == 0 && *at > now;
}

void
when_text(int64_t at, char *dst, size_t size)
{
	time_t t = (time_t)at;
	struct tm tm;

	dst[0] = '\0';
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(dst, size, "%a %d %b %H:%M", &tm) == 0)
		dst[0] = '\0';
}
