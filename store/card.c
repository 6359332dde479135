#define _GNU_SOURCE	/* timegm, strncasecmp */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mailnode/base/num.h"
#include "store/card.h"
#include "store/mtext.h"

enum { GUESTS_SHOWN = 8 };

/* ---- content lines: RFC 5545 section 3.1 ---- */

struct span {
	const char	*p;
	size_t		 n;
};

struct line {
	struct span	name, params, value;
};

/* A line that begins with a blank goes on with the one before. */
static void
unfold(struct buf *out, const char *s, size_t n)
{
	const char *end;

	if (n == 0)
		return;
	for (end = s + (n < CARD_MAX ? n : CARD_MAX); s < end; s++)
		if (*s == '\n' && s + 1 < end && (s[1] == ' ' || s[1] == '\t'))
			s++;
		else
			(void)buf_addc(out, *s);
}

/* Up to the colon outside of quotes. */
static size_t
before_value(const char *p, const char *end)
{
	const char *at = p;
	bool quoted = false;

	for (; at < end && (quoted || *at != ':'); at++)
		quoted = quoted != (*at == '"');
	return (size_t)(at - p);
}

/* The next one that is one; false at the end. */
static bool
next_line(const char **p, const char *end, struct line *l)
{
	const char *lf, *at, *dot;
	size_t n;

	while (*p < end) {
		at = *p;
		lf = memchr(at, '\n', (size_t)(end - at));
		*p = lf != NULL ? lf + 1 : end;
		if (lf == NULL)
			lf = end;
		n = before_value(at, lf);
		if (at + n == lf)
			continue;
		l->value = (struct span){ at + n + 1, (size_t)(lf - at) - n - 1 };
		for (l->name.p = at; at < l->value.p - 1 && *at != ';'; at++)
			;
		l->params = (struct span){ at, (size_t)(l->value.p - 1 - at) };
		dot = memchr(l->name.p, '.', (size_t)(at - l->name.p));
		if (dot != NULL)		/* a group of RFC 6350 */
			l->name.p = dot + 1;
		l->name.n = (size_t)(at - l->name.p);
		return true;
	}
	return false;
}

static bool
is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* The value of a parameter, without quotes; n 0: it has none. */
static struct span
param(struct span params, const char *name)
{
	const char *p = params.p, *end, *at;
	struct span v = { "", 0 };
	size_t n = strlen(name);
	bool quoted;

	if (params.n == 0)		/* or the field is not there */
		return v;
	for (end = p + params.n; p < end; ) {
		at = ++p;			/* behind the semicolon */
		for (quoted = false; p < end && (quoted || *p != ';'); p++)
			quoted = quoted != (*p == '"');
		if ((size_t)(p - at) <= n || at[n] != '=' ||
		    strncasecmp(at, name, n) != 0)
			continue;
		v = (struct span){ at + n + 1, (size_t)(p - at) - n - 1 };
		if (v.n > 1 && v.p[0] == '"' && v.p[v.n - 1] == '"')
			v = (struct span){ v.p + 1, v.n - 2 };
		return v;
	}
	return v;
}

/* "\n" is a break, what else is escaped stands for itself; between the parts
 * of a value stands what is given for the semicolon. */
static void
unescape(struct buf *out, struct span s, const char *semicolon)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '\\' && i + 1 < s.n) {
			i++;
			(void)buf_addc(out, s.p[i] == 'n' || s.p[i] == 'N' ?
			    '\n' : s.p[i]);
		} else if (s.p[i] == ';' && semicolon != NULL)
			(void)buf_adds(out, semicolon);
		else
			(void)buf_addc(out, s.p[i]);
}

static void
put_text(struct buf *out, struct span s, const char *semicolon)
{
	struct buf b;

	buf_init(&b, CARD_MAX);
	unescape(&b, s, semicolon);
	(void)mtext_line(out, (char *)b.data, b.len, CARD_LINE_MAX);
	buf_clear(&b);
}

static void
put(struct buf *out, const char *name, struct span s)
{
	if (s.n == 0)
		return;
	(void)buf_addf(out, "%s: ", name);
	put_text(out, s, NULL);
	(void)buf_addc(out, '\n');
}

/* ---- times ---- */

struct stamp {
	struct tm	tm;
	bool		day, utc;	/* a day alone; in UTC */
};

static bool
digits(const char *p, size_t n, int *v)
{
	uint32_t u;

	if (num_u32(p, p + n, 0, 9999, &u) == -1)
		return false;
	*v = (int)u;
	return true;
}

/* 20261201, 20261201T150000 or the same with Z. */
static bool
read_stamp(struct span s, struct stamp *t)
{
	memset(t, 0, sizeof *t);
	if (s.n < 8 || !digits(s.p, 4, &t->tm.tm_year) ||
	    !digits(s.p + 4, 2, &t->tm.tm_mon) ||
	    !digits(s.p + 6, 2, &t->tm.tm_mday))
		return false;
	t->tm.tm_year -= 1900;
	t->tm.tm_mon--;
	t->day = s.n < 15 || s.p[8] != 'T';
	if (!t->day && (!digits(s.p + 9, 2, &t->tm.tm_hour) ||
	    !digits(s.p + 11, 2, &t->tm.tm_min)))
		return false;
	t->utc = !t->day && s.n > 15 && s.p[15] == 'Z';
	return timegm(&t->tm) != -1;	/* and sets the day of the week */
}

/* P1DT2H30M, seconds; -1: none. */
static int64_t
read_duration(struct span s)
{
	static const char units[] = "WDHMS";
	static const int64_t secs[] = { 604800, 86400, 3600, 60, 1 };
	int64_t sum = 0, n = 0;
	const char *u;
	size_t i;

	if (s.n < 2 || s.p[0] != 'P')
		return -1;
	for (i = 1; i < s.n; i++)
		if (isdigit((unsigned char)s.p[i]) && n < 100000) {
			n = 10 * n + (s.p[i] - '0');
		} else if ((u = strchr(units, s.p[i])) != NULL && *u != '\0') {
			sum += n * secs[u - units];
			n = 0;
		}
	return sum > 0 ? sum : -1;
}

static void
move(struct stamp *t, int64_t seconds)
{
	time_t at = timegm(&t->tm) + (time_t)seconds;

	(void)gmtime_r(&at, &t->tm);
}

static void
to_local(struct stamp *t)
{
	time_t at = timegm(&t->tm);

	if (t->utc)
		(void)localtime_r(&at, &t->tm);
}

static void
put_stamp(struct buf *out, const struct stamp *t, const struct stamp *behind)
{
	bool same = behind != NULL && behind->tm.tm_yday == t->tm.tm_yday &&
	    behind->tm.tm_year == t->tm.tm_year;
	char s[60];

	if (strftime(s, sizeof s, t->day ? "%a, %d %b %Y" : same ? "%H:%M" :
	    "%a, %d %b %Y %H:%M", &t->tm) > 0)
		(void)buf_adds(out, s);
}

/* ---- events ---- */

enum { SUMMARY, DTSTART, DTEND, DURATION, LOCATION, ORGANIZER, RRULE, STATUS,
    DESCRIPTION, METHOD, FIELDS };

struct event {
	struct line	f[FIELDS];
	bool		found;
};

/* The first VEVENT; what is nested in it, such as an alarm, is not its own. */
static void
read_event(struct event *e, const char *p, const char *end)
{
	static const char *const names[FIELDS] = { "SUMMARY", "DTSTART",
	    "DTEND", "DURATION", "LOCATION", "ORGANIZER", "RRULE", "STATUS",
	    "DESCRIPTION", "METHOD" };
	int depth = 0;
	struct line l;
	size_t i;

	memset(e, 0, sizeof *e);
	while (next_line(&p, end, &l)) {
		if (is(l.name, "BEGIN")) {
			depth += e->found || is(l.value, "VEVENT");
			e->found = e->found || is(l.value, "VEVENT");
		} else if (is(l.name, "END") && depth > 0 && --depth == 0)
			return;
		for (i = 0; i < FIELDS; i++)
			if (is(l.name, names[i]) && e->f[i].name.n == 0 &&
			    depth == (i == METHOD ? 0 : 1))
				e->f[i] = l;
	}
}

static void
put_when(struct buf *out, const struct event *e)
{
	struct span zone = param(e->f[DTSTART].params, "TZID");
	int64_t seconds = read_duration(e->f[DURATION].value);
	struct stamp from, to;
	bool ends;

	if (!read_stamp(e->f[DTSTART].value, &from))
		return;
	ends = read_stamp(e->f[DTEND].value, &to);
	if (!ends && seconds > 0) {
		to = from;
		move(&to, seconds);
		ends = true;
	}
	if (ends && to.day)		/* its end is the day behind the last */
		move(&to, -86400);
	to_local(&from);
	if (ends)
		to_local(&to);
	(void)buf_adds(out, "When: ");
	put_stamp(out, &from, NULL);
	if (ends && !(from.day && to.tm.tm_yday == from.tm.tm_yday &&
	    to.tm.tm_year == from.tm.tm_year)) {
		(void)buf_adds(out, " - ");
		put_stamp(out, &to, &from);
	}
	if (from.utc && from.tm.tm_zone != NULL)
		(void)buf_addf(out, " (%s)", from.tm.tm_zone);
	else if (zone.n > 0) {
		(void)buf_adds(out, " (");
		put_text(out, zone, NULL);
		(void)buf_addc(out, ')');
	}
	(void)buf_addc(out, '\n');
}

/* "WEEKLY, INTERVAL 2, BYDAY MO": RFC 5545 section 3.3.10, made lower case. */
static void
put_rule(struct buf *out, struct span s)
{
	size_t i = 0;

	if (s.n == 0)
		return;
	(void)buf_adds(out, "Repeats: ");
	if (s.n > 5 && strncasecmp(s.p, "FREQ=", 5) == 0)
		i = 5;
	for (; i < s.n && i < CARD_LINE_MAX; i++)
		if (s.p[i] == ';')
			(void)buf_adds(out, ", ");
		else
			(void)buf_addc(out, s.p[i] == '=' ? ' ' :
			    tolower((unsigned char)s.p[i]));
	(void)buf_addc(out, '\n');
}

/* "Ada <ada@x>"; where: the address is wanted, too. */
static void
put_person(struct buf *out, const struct line *l, bool address)
{
	struct span name = param(l->params, "CN"), addr = l->value;

	if (addr.n > 7 && strncasecmp(addr.p, "mailto:", 7) == 0)
		addr = (struct span){ addr.p + 7, addr.n - 7 };
	if (name.n > 0)
		put_text(out, name, NULL);
	else
		put_text(out, addr, NULL);
	if (name.n > 0 && address && addr.n > 0) {
		(void)buf_adds(out, " <");
		put_text(out, addr, NULL);
		(void)buf_addc(out, '>');
	}
}

static void
put_guests(struct buf *out, const char *p, const char *end)
{
	static const char *const says[][2] = { { "ACCEPTED", "yes" },
	    { "DECLINED", "no" }, { "TENTATIVE", "maybe" } };
	struct span answer;
	size_t n = 0, i;
	struct line l;

	while (next_line(&p, end, &l)) {
		if (is(l.name, "END") && is(l.value, "VEVENT"))
			break;
		if (!is(l.name, "ATTENDEE") || ++n > GUESTS_SHOWN)
			continue;
		(void)buf_adds(out, n == 1 ? "With: " : ", ");
		put_person(out, &l, false);
		answer = param(l.params, "PARTSTAT");
		for (i = 0; i < sizeof says / sizeof says[0]; i++)
			if (is(answer, says[i][0]))
				(void)buf_addf(out, " (%s)", says[i][1]);
	}
	if (n > GUESTS_SHOWN)
		(void)buf_addf(out, " and %zu more", n - GUESTS_SHOWN);
	if (n > 0)
		(void)buf_addc(out, '\n');
}

static const char *
kind(const struct event *e)
{
	if (is(e->f[METHOD].value, "CANCEL") ||
	    is(e->f[STATUS].value, "CANCELLED"))
		return "Cancelled";
	if (is(e->f[METHOD].value, "REPLY"))
		return "Answer";
	return is(e->f[METHOD].value, "REQUEST") ? "Invitation" : "Event";
}

void
card_event(struct buf *out, const char *s, size_t n, bool full)
{
	static const struct span none = { "(without a name)", 16 };
	const char *p, *end;
	struct event e;
	struct buf b;

	buf_init(&b, CARD_MAX);
	unfold(&b, s, n);
	p = b.len > 0 ? (char *)b.data : "";
	end = p + b.len;
	read_event(&e, p, end);
	if (e.found) {
		put(out, kind(&e), e.f[SUMMARY].value.n > 0 ?
		    e.f[SUMMARY].value : none);
		put_when(out, &e);
		put_rule(out, e.f[RRULE].value);
		put(out, "Where", e.f[LOCATION].value);
		if (e.f[ORGANIZER].name.n > 0) {
			(void)buf_adds(out, "Organiser: ");
			put_person(out, &e.f[ORGANIZER], true);
			(void)buf_addc(out, '\n');
		}
		put_guests(out, p, end);
		if (full && e.f[DESCRIPTION].value.n > 0) {
			(void)buf_addc(out, '\n');
			unescape(out, e.f[DESCRIPTION].value, NULL);
			(void)buf_addc(out, '\n');
		}
	}
	buf_clear(&b);
}

/* ---- people ---- */

void
card_person(struct buf *out, const char *s, size_t n)
{
	static const char *const names[][2] = { { "FN", "Name" },
	    { "ORG", "Organisation" }, { "TITLE", "Title" },
	    { "EMAIL", "Mail" }, { "TEL", "Telephone" }, { "ADR", "Address" },
	    { "URL", "Web" }, { "BDAY", "Born" }, { "NOTE", "Note" } };
	const char *p, *end;
	struct line l;
	struct buf b;
	size_t i;

	buf_init(&b, CARD_MAX);
	unfold(&b, s, n);
	p = b.len > 0 ? (char *)b.data : "";
	for (end = p + b.len; next_line(&p, end, &l) &&
	    !is(l.name, "END"); )
		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (is(l.name, names[i][0]) && l.value.n > 0) {
				(void)buf_addf(out, "%s: ", names[i][1]);
				put_text(out, l.value, " ");
				(void)buf_addc(out, '\n');
			}
	buf_clear(&b);
}
