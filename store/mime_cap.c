#include <string.h>
#include <strings.h>

#include "store/mime_cap.h"

enum {
	BOUNDARY_MAX = 256,	/* RFC 2046: 70; others are seen longer */
	CTYPE_MAX = 2000	/* octets of a Content-Type that we look at */
};

struct level {
	char	boundary[BOUNDARY_MAX];	/* "" for message/rfc822 */
	size_t	len;
};

struct scan {
	struct level	level[MIME_DEPTH_MAX];
	size_t		depth, parts, fields, head;
	bool		in_head, in_ctype;
	char		ctype[CTYPE_MAX + 1];
	size_t		nctype;
};

/* The line [p, end) without its end. */
static size_t
chomp(const uint8_t *p, size_t n)
{
	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	return n;
}

static const char *
find_boundary(const char *s)
{
	for (; *s != '\0'; s++)
		if (strncasecmp(s, "boundary", 8) == 0)
			break;
	if (*s == '\0')
		return NULL;
	s += 8 + strspn(s + 8, "*0 \t");
	return *s == '=' ? s + 1 + strspn(s + 1, " \t") : NULL;
}

/* At the blank line: does a container begin?  False: too deep. */
static bool
end_head(struct scan *s)
{
	const char *b, *type = s->ctype;
	struct level *l = &s->level[s->depth];
	bool multi;

	s->in_head = s->in_ctype = false;
	s->ctype[s->nctype] = '\0';
	s->nctype = 0;
	type += strspn(type, " \t");
	multi = strncasecmp(type, "multipart/", 10) == 0;
	if (!multi && strncasecmp(type, "message/rfc822", 14) != 0 &&
	    strncasecmp(type, "message/global", 14) != 0 &&
	    strncasecmp(type, "message/news", 12) != 0)
		return true;
	if (s->depth == MIME_DEPTH_MAX)
		return false;
	b = multi ? find_boundary(type) : NULL;
	if (multi && b == NULL)
		return true;
	l->len = 0;
	if (b != NULL) {
		l->len = *b == '"' ? strcspn(++b, "\"") :
		    strcspn(b, "; \t\r\n(");
		l->len = l->len < BOUNDARY_MAX ? l->len : BOUNDARY_MAX - 1;
		memcpy(l->boundary, b, l->len);
	}
	s->depth++;
	s->in_head = !multi;
	return true;
}

/* False: over a limit. */
static bool
head_line(struct scan *s, const uint8_t *p, size_t n)
{
	size_t take;

	s->head += n;
	if (s->head > MIME_HEAD_MAX)
		return false;
	n = chomp(p, n);
	if (n == 0)
		return end_head(s);
	if (p[0] != ' ' && p[0] != '\t') {
		if (++s->fields > MIME_FIELDS_MAX)
			return false;
		s->in_ctype = n > 13 &&
		    strncasecmp((const char *)p, "content-type:", 13) == 0;
		if (!s->in_ctype)
			return true;
		p += 13;
		n -= 13;
		s->nctype = 0;
	}
	if (s->in_ctype) {
		take = CTYPE_MAX - s->nctype;
		take = n < take ? n : take;
		memcpy(s->ctype + s->nctype, p, take);
		s->nctype += take;
		/* A NUL would end the search for the boundary early. */
		for (n = s->nctype - take; n < s->nctype; n++)
			if (s->ctype[n] == '\0')
				s->ctype[n] = ' ';
	}
	return true;
}

bool
mime_cap_delimits(const uint8_t *p, const uint8_t *end)
{
	if (end - p >= 2 && memcmp(p, "--", 2) == 0)
		p += 2;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p == end || *p == '\n';
}

/* A line that begins with two dashes: of which open multipart, if any? */
static bool
dash_line(struct scan *s, const uint8_t *p, size_t n)
{
	size_t i;
	const struct level *l;

	n = chomp(p, n) - 2;
	p += 2;
	for (i = s->depth; i > 0; i--) {
		l = &s->level[i - 1];
		if (l->len == 0 || l->len > n ||
		    memcmp(p, l->boundary, l->len) != 0 ||
		    !mime_cap_delimits(p + l->len, p + n))
			continue;
		if (n >= l->len + 2 && memcmp(p + l->len, "--", 2) == 0) {
			s->depth = i - 1;
			s->in_head = false;
			return true;
		}
		s->depth = i;
		s->in_head = true;
		s->in_ctype = false;
		s->nctype = 0;
		return ++s->parts <= MIME_PARTS_MAX;
	}
	return true;
}

size_t
mime_cap(const uint8_t *p, size_t n)
{
	static struct scan s;
	const uint8_t *end = p + n, *next, *at;
	size_t len;
	bool ok = true;

	s.depth = s.parts = s.fields = s.head = s.nctype = 0;
	s.in_ctype = false;
	s.in_head = true;
	for (at = p; at < end; at = next) {
		next = memchr(at, '\n', (size_t)(end - at));
		next = next != NULL ? next + 1 : end;
		len = (size_t)(next - at);
		if (len > 2 && at[0] == '-' && at[1] == '-' && s.depth > 0 &&
		    chomp(at, len) > 2)
			ok = dash_line(&s, at, len);
		else if (s.in_head)
			ok = head_line(&s, at, len);
		if (!ok)
			return (size_t)(at - p);
	}
	return n;
}
