#include <string.h>

#include "mailnode/queue/addrs.h"
#include "mailnode/smtp/mailbox.h"

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the quoted string, comment or <...> that begins at p; a lone octet
 * is passed over by itself. */
static const char *
skip(const char *p, const char *end)
{
	char open = *p++, close;
	int depth = 1;

	if (open != '"' && open != '(' && open != '<')
		return p;
	close = open == '"' ? '"' : open == '(' ? ')' : '>';
	while (p < end && depth > 0) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == close)
			depth--;
		else if (*p == '(' && open == '(')
			depth++;
		else if (*p == '"' && open == '<') {
			p = skip(p, end);
			continue;
		}
		p++;
	}
	return p;
}

/* A word alone, as cron and old programs write it. */
static bool
is_local(const char *p, const char *end, struct path *out)
{
	const char *word = p;
	size_t n;

	while (p < end && !blank(*p) && *p != '(')
		p++;
	n = (size_t)(p - word);
	while (p < end && (blank(*p) || *p == '('))
		p = *p == '(' ? skip(p, end) : p + 1;
	if (p < end || n == 0 || n > PATH_LOCAL_MAX)
		return false;
	for (p = word; p < word + n; p++)
		if ((unsigned char)*p <= ' ' || *p == 127 ||
		    strchr("<>\"@,;:\\()[]", *p) != NULL)
			return false;
	memset(out, 0, sizeof *out);
	memcpy(out->local, word, n);
	return true;
}

/* "NAME <root>": what stands in the angles, if anything does. */
static bool
is_local_in_angles(const char *p, const char *end, struct path *out)
{
	const char *close;

	while (p < end && *p != '<')
		p = skip(p, end);
	close = p < end ? memchr(p, '>', (size_t)(end - p)) : NULL;
	return close != NULL && is_local(p + 1, close, out);
}

enum addrs_found
addrs_next(const char **p, const char *end, struct path *out,
    const char **at, size_t *n)
{
	const char *q;

	memset(out, 0, sizeof *out);
	for (;;) {
		while (*p < end && (blank(**p) || **p == ',' || **p == ';'))
			(*p)++;
		if (*p == end)
			return ADDRS_END;
		q = *p;
		while (q < end && *q != ',' && *q != ';' && *q != ':')
			q = skip(q, end);
		if (q == end || *q != ':')
			break;
		*p = q + 1;		/* the name of a group */
	}
	*at = *p;
	*p = q;
	while (q > *at && blank(q[-1]))
		q--;
	*n = (size_t)(q - *at);
	if (mailbox_lex(*at, q, PATH_UTF8, out) == PATH_OK)
		return ADDRS_ONE;
	if (is_local(*at, q, out) || is_local_in_angles(*at, q, out))
		return ADDRS_LOCAL;
	return ADDRS_BAD;
}
