#define _GNU_SOURCE	/* memrchr */
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

/* Of a day from 1 to 31. */
static bool
is_day(int64_t y, int64_t m, int64_t d)
{
	return d <= 28 || day_number(y, m, d) < (m < 12 ?
	    day_number(y, m + 1, 1) : day_number(y + 1, 1, 1));
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
	return have > 1 && is_day(y, m, d);
}

/* RFC 5322 section 3.2.2: behind blanks, commas and comments; NULL: one has
 * no end. */
static const char *
over(const char *p, const char *end)
{
	unsigned int depth = 0;

	for (; p < end; p++) {
		if (*p == '(')
			depth++;
		else if (*p == ')' && depth > 0)
			depth--;
		else if (depth > 0)
			p += *p == '\\' && end - p > 1;
		else if (*p != ',' && (unsigned char)*p > ' ')
			break;
	}
	return depth == 0 ? p : NULL;
}

static bool
letter(const char *p, const char *end)
{
	return p < end && ((*p >= 'a' && *p <= 'z') ||
	    (*p >= 'A' && *p <= 'Z'));
}

static bool
digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static const char *
word_end(const char *p, const char *end)
{
	while (letter(p, end))
		p++;
	return p;
}

/* What a date is made of; -1: not yet. */
struct stamp {
	int64_t	year, month, day, hour, minute, second, zone_s;
	bool	no_time;	/* what stands there is none */
};

static bool
year_of(struct stamp *s, int64_t v, int have)
{
	if (have == 2)		/* section 4.3 */
		v += v < 50 ? 2000 : 1900;
	else if (v < 200)	/* years since 1900, and with a zero before */
		v += 1900;
	s->year = v;
	return have > 1 && v <= YEAR_MAX;
}

/* hh:mm, hh:mm:ss, hh.mm.ss, with fractions of a second; blanks and comments
 * between them (section 4.3). */
static const char *
time_at(struct stamp *s, const char *p, const char *end)
{
	int64_t v[3] = { -1, -1, 0 };
	const char *next;
	size_t i;
	int have;

	for (i = 0; i < 3; i++) {
		v[i] = digits(&p, end, 2, &have);
		if (have == 0)
			return NULL;
		next = over(p, end);
		if (i == 2 || next == NULL || next == end ||
		    (*next != ':' && (*next != '.' || next != p)))
			break;
		p = over(next + 1, end);
		if (p == NULL)
			return NULL;
	}
	if (i == 0 || v[0] > 24 || v[1] > 59 || v[2] > 61)
		return NULL;
	s->hour = v[0];
	s->minute = v[1];
	s->second = v[2] > 59 ? 59 : v[2];
	if (p < end && *p == '.')
		for (p++; digit(p, end); )
			p++;
	return p;
}

/* "+0100", "+01:00", "EST", "GMT+1"; what is unknown is none (section 4.3). */
static void
zone_at(struct stamp *s, const char *p, const char *end)
{
	static const struct { char name[4]; int hours; } known[] = {
		{ "EDT", -4 }, { "EST", -5 }, { "CDT", -5 }, { "CST", -6 },
		{ "MDT", -6 }, { "MST", -7 }, { "PDT", -7 }, { "PST", -8 }
	};
	const char *name = p;
	int64_t h, m = 0;
	int have, west;
	size_t i;

	p = word_end(p, end);
	for (i = 0; p - name == 3 && i < sizeof known / sizeof known[0]; i++)
		if (strncasecmp(name, known[i].name, 3) == 0)
			s->zone_s = known[i].hours * 3600;
	if (p == end || (*p != '+' && *p != '-'))
		return;
	west = *p++ == '-' ? -1 : 1;
	h = digits(&p, end, 4, &have);
	if (have > 2) {
		m = h % 100;
		h /= 100;
	} else if (end - p > 2 && *p == ':') {
		p++;
		m = digits(&p, end, 2, &have);
	}
	if (h < 24 && m < 60)
		s->zone_s = west * (h * 3600 + m * 60);
}

/* 2003-07-01, also with "T" and the time behind it. */
static const char *
iso_day(struct stamp *s, const char *p, const char *end)
{
	int have;

	p++;
	s->month = digits(&p, end, 2, &have);
	if (p == end || *p++ != '-' || have == 0)
		return NULL;
	s->day = digits(&p, end, 2, &have);
	if (p < end && (*p == 'T' || *p == 't'))
		p++;
	return have > 0 && s->month > 0 && s->month <= 12 ? p : NULL;
}

/* A number: day, year or time, by what is known and what stands behind. */
static const char *
number_at(struct stamp *s, const char *p, const char *end)
{
	const char *from = p, *next;
	int have;
	int64_t v = digits(&p, end, 4, &have);

	next = over(p, end);
	if (have == 4 && p < end && *p == '-' && s->day == -1)
		return year_of(s, v, have) ? iso_day(s, p, end) : NULL;
	if (s->day == -1 && have <= 2) {
		s->day = v;
		return v > 0 && v <= 31 ? p : NULL;
	}
	/* Of "9 Jan 1 10:00" the year: what a colon follows is a time. */
	if (s->hour == -1 && have <= 2 && next != NULL && next < end &&
	    (*next == ':' || (*next == '.' && next == p && s->year != -1))) {
		p = time_at(s, from, end);
		s->no_time = p == NULL;
		return p;
	}
	if (s->year == -1)
		return year_of(s, v, have) ? p : NULL;
	return NULL;
}

/* Words before the time are the weekday and the month, those behind it a
 * zone, "PM", or, as the C library has it, before the year. */
static const char *
word_at(struct stamp *s, const char *p, const char *end)
{
	const char *q = word_end(p, end);
	uint32_t m = month_at(p, q);

	if (s->hour == -1 || (s->month == -1 && m != 0)) {
		if (s->month == -1 && m != 0)
			s->month = m;
		return q;
	}
	if (q - p == 2 && (p[1] | 0x20) == 'm' && s->hour <= 12) {
		if ((*p | 0x20) == 'p')
			s->hour += s->hour < 12 ? 12 : 0;
		else if ((*p | 0x20) == 'a' && s->hour == 12)
			s->hour = 0;
		return q;
	}
	zone_at(s, p, end);
	while (q < end && (unsigned char)*q > ' ' && *q != ',')
		q++;
	return q;
}

static bool
mail_at(const char *p, const char *end, int64_t *t)
{
	struct stamp s = { -1, -1, -1, -1, 0, 0, 0, false };

	for (p = over(p, end); p != NULL && p < end; p = p != NULL ?
	    over(p, end) : NULL) {
		if (digit(p, end))
			p = number_at(&s, p, end);
		else if (letter(p, end))
			p = word_at(&s, p, end);
		else if ((*p == '+' || *p == '-') && s.hour != -1) {
			zone_at(&s, p++, end);
			while (digit(p, end) ||
			    (p < end && memchr(":+-", *p, 3) != NULL))
				p++;
		} else
			p++;
	}
	if (s.year == -1 || s.month == -1 || s.day == -1 ||
	    !is_day(s.year, s.month, s.day) ||
	    (p == NULL && s.hour == -1 && !s.no_time))
		return false;
	*t = day_number(s.year, s.month, s.day) * DAY_S - s.zone_s;
	if (s.hour != -1)
		*t += s.hour * 3600 + s.minute * 60 + s.second;
	return true;
}

/* Where a date is not all: behind a semicolon, as in Received. */
bool
date_mail(const char *p, size_t n, int64_t *t)
{
	const char *end = p + n, *semi;

	*t = 0;
	if (mail_at(p, end, t))
		return true;
	semi = n > 0 ? memrchr(p, ';', n) : NULL;
	return semi != NULL && mail_at(semi + 1, end, t);
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
	if (!is_day(y, m, d))
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
