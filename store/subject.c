#include <string.h>
#include <strings.h>

#include "store/subject.h"

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Behind "[…]" and blanks, or p where there is no such thing. */
static const char *
skip_blob(const char *p, const char *end)
{
	const char *q = p;

	if (q == end || *q != '[')
		return p;
	for (q++; q < end && *q != ']'; q++)
		if (*q == '[')
			return p;
	if (q == end)
		return p;
	for (q++; q < end && blank(*q); q++)
		;
	return q;
}

/* subj-refwd: "Re:", "Fw [x]:"; p where there is none. */
static const char *
skip_refwd(const char *p, const char *end)
{
	const char *q = p;

	if (end - p >= 3 && strncasecmp(p, "fwd", 3) == 0)
		q += 3;
	else if (end - p >= 2 && (strncasecmp(p, "re", 2) == 0 ||
	    strncasecmp(p, "fw", 2) == 0))
		q += 2;
	else
		return p;
	while (q < end && blank(*q))
		q++;
	q = skip_blob(q, end);
	return q < end && *q == ':' ? q + 1 : p;
}

/* subj-leader: blobs and then that, or a blank. */
static const char *
skip_leader(const char *p, const char *end, bool *reply)
{
	const char *q = p, *next;

	if (p < end && blank(*p))
		return p + 1;
	while ((next = skip_blob(q, end)) != q)
		q = next;
	next = skip_refwd(q, end);
	if (next == q)
		return p;
	*reply = true;
	return next;
}

static const char *
cut_trailer(const char *p, const char *end, bool *reply)
{
	for (;;) {
		if (end > p && blank(end[-1]))
			end--;
		else if (end - p >= 5 && strncasecmp(end - 5, "(fwd)",
		    5) == 0) {
			end -= 5;
			*reply = true;
		} else
			return end;
	}
}

/* Steps 3 to 5: leaders, and blobs that leave something. */
static const char *
skip_front(const char *p, const char *end, bool *reply)
{
	const char *next;

	for (;;) {
		next = skip_leader(p, end, reply);
		if (next == p) {
			next = skip_blob(p, end);
			if (next == p || next == end)
				return p;
		}
		p = next;
	}
}

bool
subject_base(const char **s, size_t *n)
{
	const char *p = *s, *end = p + *n;
	bool reply = false;

	for (;;) {
		end = cut_trailer(p, end, &reply);
		p = skip_front(p, end, &reply);
		if (end - p < 6 || strncasecmp(p, "[fwd:", 5) != 0 ||
		    end[-1] != ']')
			break;
		p += 5;
		end--;
		reply = true;
	}
	*s = p;
	*n = (size_t)(end - p);
	return reply;
}
