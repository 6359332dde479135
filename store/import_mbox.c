#define _GNU_SOURCE
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "store/flag.h"
#include "store/import.h"
#include "store/import_mbox.h"

enum { LINE_ROOM = 1024 };

/* "12:34" somewhere behind the sender: prose that begins with "From " has
 * none, as a rule. */
static const char *
clock_in(const char *p, size_t n)
{
	size_t i;

	for (i = 5; i + 5 <= n; i++)
		if (isdigit((unsigned char)p[i]) &&
		    isdigit((unsigned char)p[i + 1]) && p[i + 2] == ':' &&
		    isdigit((unsigned char)p[i + 3]) &&
		    isdigit((unsigned char)p[i + 4]))
			return p + i;
	return NULL;
}

bool
import_is_from(const char *p, size_t n)
{
	return n > 5 && memcmp(p, "From ", 5) == 0 && clock_in(p, n) != NULL;
}

static size_t
line_end(const char *p, size_t n, size_t at)
{
	const char *nl = memchr(p + at, '\n', n - at);

	return nl != NULL ? (size_t)(nl - p) + 1 : n;
}

static bool
is_blank(const char *p, size_t at, size_t end)
{
	return end - at <= 2 && (p[at] == '\n' ||
	    (p[at] == '\r' && end - at == 2));
}

/* A blank line that ends at `at`: where it begins.  Else `at`. */
static size_t
blank_before(const char *p, size_t body, size_t at)
{
	size_t line = at;

	if (line == body || p[line - 1] != '\n')
		return at;
	line--;
	if (line > body && p[line - 1] == '\r')
		line--;
	return line == body || p[line - 1] == '\n' ? line : at;
}

/* Text has one 'F' for five line ends: less is looked at so. */
static size_t
next_from(const char *p, size_t n, size_t body)
{
	const char *f = p + body, *end = p + n;
	size_t at;

	for (; f < end && (f = memchr(f, 'F', (size_t)(end - f))) != NULL;
	    f++) {
		at = (size_t)(f - p);
		if ((at == body || blank_before(p, body, at) < at) &&
		    import_is_from(f, line_end(p, n, at) - at))
			return at;
	}
	return n;
}

/* The blank line before the next "From " belongs to the mbox: it is left
 * out by `len`. */
size_t
import_mbox_next(const char *p, size_t n, size_t at, size_t *body,
    size_t *len)
{
	size_t next;

	*body = line_end(p, n, at);
	next = next_from(p, n, *body);
	*len = blank_before(p, *body, next) - *body;
	return next;
}

static int64_t
from_date(const char *p, size_t n)
{
	char line[LINE_ROOM];
	const char *t, *s, *year;
	struct tm tm;

	if (n >= sizeof line)
		return 0;
	memcpy(line, p, n);
	line[n] = '\0';
	t = clock_in(line, n);
	/* "Sat Jan  3 01:05:34 1996": three words stand before the time. */
	if (t == NULL || t - line < 12)
		return 0;
	memset(&tm, 0, sizeof tm);
	for (s = t; s > line && t - s < 12; s--)
		if (isspace((unsigned char)s[-1]) &&
		    (year = strptime(s, "%a %b %e %H:%M:%S", &tm)) != NULL)
			break;
	if (s == line || t - s >= 12)
		return 0;
	/* A zone may stand before the year. */
	year += strcspn(year, "0123456789");
	if (year > line && (year[-1] == '+' || year[-1] == '-'))
		year += strspn(year, "0123456789") + 1;
	if (strptime(year, "%Y", &tm) == NULL)
		return 0;
	tm.tm_isdst = 0;
	return (int64_t)timegm(&tm);
}

static uint32_t
status_flags(const char *s, size_t n)
{
	static const struct { char letter; uint32_t flag; } map[] = {
		{ 'R', STORE_SEEN }, { 'A', STORE_ANSWERED },
		{ 'F', STORE_FLAGGED }, { 'D', STORE_DELETED },
		{ 'T', STORE_DRAFT },
	};
	uint32_t flags = 0;
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < sizeof map / sizeof map[0]; k++)
			if (s[i] == map[k].letter)
				flags |= map[k].flag;
	return flags;
}

void
import_mbox_meta(const char *p, size_t n, uint32_t *flags,
    int64_t *received)
{
	size_t at = line_end(p, n, 0), end;
	int64_t date = from_date(p, at);

	*flags = 0;
	if (date > 0)
		*received = date;
	for (; at < n; at = end) {
		end = line_end(p, n, at);
		if (is_blank(p, at, end))
			return;
		if (end - at > 7 && strncasecmp(p + at, "Status:", 7) == 0)
			*flags |= status_flags(p + at + 7, end - at - 7);
		if (end - at > 9 && strncasecmp(p + at, "X-Status:", 9) == 0)
			*flags |= status_flags(p + at + 9, end - at - 9);
	}
}
