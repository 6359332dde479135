#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/imap/date.h"

/* Days since 1970 of a day in the Gregorian calendar, months from 1. */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    doy - 719468;
}

static bool
number(const char **p, const char *end, size_t digits, uint32_t max,
    uint32_t *v)
{
	if ((size_t)(end - *p) < digits ||
	    num_u32(*p, *p + digits, 0, max, v) == -1)
		return false;
	*p += digits;
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
day_of(const char **p, const char *end, int64_t *day)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint32_t d, y, m;
	bool one;

	if (*p < end && **p == ' ')
		(*p)++;
	one = end - *p > 1 && (*p)[1] == '-';
	if (!number(p, end, one ? 1 : 2, 31, &d) || d == 0 ||
	    !octet(p, end, '-') || end - *p < 3)
		return false;
	for (m = 0; m < 12; m++)
		if (strncasecmp(*p, months + m * 3, 3) == 0)
			break;
	*p += 3;
	if (m == 12 || !octet(p, end, '-') || !number(p, end, 4, 9999, &y))
		return false;
	*day = days(y, m + 1, d);
	return true;
}

bool
date_day(const char *p, size_t n, int64_t *day)
{
	const char *end = p + n;

	*day = 0;
	return day_of(&p, end, day) && p == end;
}

bool
date_time(const char *p, size_t n, int64_t *t)
{
	const char *end = p + n;
	uint32_t h, m, s, zh, zm;
	int64_t day, off;
	bool west;

	*t = 0;
	if (!day_of(&p, end, &day) || !octet(&p, end, ' ') ||
	    !number(&p, end, 2, 23, &h) || !octet(&p, end, ':') ||
	    !number(&p, end, 2, 59, &m) || !octet(&p, end, ':') ||
	    !number(&p, end, 2, 60, &s) || !octet(&p, end, ' ') ||
	    end - p != 5 || (*p != '+' && *p != '-'))
		return false;
	west = *p++ == '-';
	if (!number(&p, end, 2, 23, &zh) || !number(&p, end, 2, 59, &zm))
		return false;
	off = (int64_t)zh * 3600 + zm * 60;
	*t = day * 86400 + h * 3600 + m * 60 + s + (west ? off : -off);
	return true;
}
