#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mailnode/base/date.h"
#include "mailnode/base/num.h"

enum { DAY_S = 86400, YEAR_MAX = 9999 };

static const char *const weekdays[] = {
	"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
};
static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
	"Nov", "Dec"
};

/* Days since 1970 of a day of the Gregorian calendar, months from 1 (H.
 * Hinnant's civil calendar). */
static int64_t
day_number(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    doy - 719468;
}

/* From 1; 0: none starts there. */
static uint32_t
month_at(const char *p, const char *end)
{
	uint32_t m;

	for (m = 0; m < 12 && end - p >= 3; m++)
		if (strncasecmp(p, months[m], 3) == 0)
			return m + 1;
	return 0;
}

/* ---- mail ---- */

/* Not by strftime: the names are those of the RFC in every locale. */
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
	    DAY_S + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
	zone = (long)(here - wall_s) / 60;
	snprintf(dst, size, "%s, %02d %s %d %02d:%02d:%02d %c%02ld%02ld",
	    weekdays[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    zone < 0 ? '-' : '+', labs(zone) / 60, labs(zone) % 60);
}

/* As many digits as there are, but no more than max; how many: *n. */
static int64_t
digits(const char **p, const char *end, int max, int *n)
{
	int64_t v = 0;

	for (*n = 0; *n < max && *p < end && **p >= '0' && **p <= '9'; ++*n)
		v = v * 10 + (*(*p)++ - '0');
	return v;
}

static void
blanks(const char **p, const char *end)
{
	while (*p < end && (**p == ' ' || **p == '-'))
		(*p)++;
}

bool
date_mail_day(const char *p, size_t n, int64_t *day)
{
	enum { WEEKDAY_MAX = 20 };
	const char *end = p + n, *from = p;
	int64_t d, y;
	uint32_t m;
	int have;

	*day = 0;
	while (p < end && (*p < '0' || *p > '9'))
		if (++p - from > WEEKDAY_MAX)
			return false;
	d = digits(&p, end, 2, &have);
	blanks(&p, end);
	m = month_at(p, end);
	if (d == 0 || m == 0)
		return false;
	p += 3;
	blanks(&p, end);
	y = digits(&p, end, 4, &have);
	if (have == 2)
		y += y < 50 ? 2000 : 1900;	/* RFC 5322 section 4.3 */
	*day = day_number(y, m, d);
	return have > 1;
}

/* ---- IMAP ---- */

static bool
number(const char **p, const char *end, size_t n, uint32_t max, uint32_t *v)
{
	if ((size_t)(end - *p) < n || num_u32(*p, *p + n, 0, max, v) == -1)
		return false;
	*p += n;
	return true;
}

static bool
octet(const char **p, const char *end, char c)
{
	if (*p == end || **p != c)
		return false;
	(*p)++;
	return true;
}

/* d-mmm-yyyy, one or two digits or a blank and one for the day. */
static bool
day_at(const char **p, const char *end, int64_t *day)
{
	uint32_t d, y, m;
	bool one;

	if (*p < end && **p == ' ')
		(*p)++;
	one = end - *p > 1 && (*p)[1] == '-';
	if (!number(p, end, one ? 1 : 2, 31, &d) || d == 0 ||
	    !octet(p, end, '-') || (m = month_at(*p, end)) == 0)
		return false;
	*p += 3;
	if (!octet(p, end, '-') || !number(p, end, 4, YEAR_MAX, &y))
		return false;
	*day = day_number(y, m, d);
	return true;
}

bool
date_day(const char *p, size_t n, int64_t *day)
{
	const char *end = p + n;

	*day = 0;
	return day_at(&p, end, day) && p == end;
}

bool
date_time(const char *p, size_t n, int64_t *t)
{
	const char *end = p + n;
	uint32_t h, m, s, zh, zm;
	int64_t day, off;
	bool west;

	*t = 0;
	if (!day_at(&p, end, &day) || !octet(&p, end, ' ') ||
	    !number(&p, end, 2, 23, &h) || !octet(&p, end, ':') ||
	    !number(&p, end, 2, 59, &m) || !octet(&p, end, ':') ||
	    !number(&p, end, 2, 60, &s) || !octet(&p, end, ' ') ||
	    end - p != 5 || (*p != '+' && *p != '-'))
		return false;
	west = *p++ == '-';
	if (!number(&p, end, 2, 23, &zh) || !number(&p, end, 2, 59, &zm))
		return false;
	off = (int64_t)zh * 3600 + zm * 60;
	*t = day * DAY_S + h * 3600 + m * 60 + s + (west ? off : -off);
	return true;
}

void
date_time_put(struct buf *b, int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year + 1900 > YEAR_MAX) {
		t = 0;
		(void)gmtime_r(&t, &tm);
	}
	(void)buf_addf(b, "\"%2d-%s-%04d %02d:%02d:%02d +0000\"",
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}
