#include <stdint.h>
#include <string.h>

#include "mailnode/base/num.h"
#include "store/env.h"

/* Behind the string at p, "…" or {n}CRLF…, whose octets begin at *from;
 * NULL: malformed. */
static const char *
string_end(const char *p, const char *end, const char **from)
{
	uint32_t n;
	const char *close;

	if (*p == '"') {
		for (*from = ++p; p < end && *p != '"'; p++)
			p += *p == '\\' && p + 1 < end;
		return p < end ? p + 1 : NULL;
	}
	close = memchr(p, '}', (size_t)(end - p));
	if (close == NULL || end - close < 3 ||
	    num_u32(p + 1, close, 0, UINT32_MAX, &n) == -1 ||
	    n > (size_t)(end - close) - 3)
		return NULL;
	*from = close + 3;
	return *from + n;
}

/* Behind one element, or NULL. */
static const char *
skip(const char *p, const char *end)
{
	const char *from;
	size_t depth = 0;

	do {
		if (p >= end)
			return NULL;
		if (*p == '"' || *p == '{') {
			p = string_end(p, end, &from);
			if (p == NULL)
				return NULL;
			continue;
		}
		if (*p == '(')
			depth++;
		else if (*p == ')' && depth > 0)
			depth--;
		p++;
	} while (depth > 0 || (p < end && *p != ' ' && *p != ')' &&
	    *p != '('));
	return p;
}

const char *
env_nth(const char *p, const char *end, unsigned int n)
{
	if (p == NULL || p >= end || *p != '(')
		return NULL;
	for (p++; ; n--) {
		while (p < end && *p == ' ')
			p++;
		if (p >= end || *p == ')')
			return NULL;
		if (n == 0)
			return p;
		p = skip(p, end);
		if (p == NULL)
			return NULL;
	}
}

bool
env_string(const char *p, const char *end, struct buf *out)
{
	const char *from, *stop;
	bool quoted;

	if (p == NULL || p >= end || (*p != '"' && *p != '{'))
		return false;
	quoted = *p == '"';
	stop = string_end(p, end, &from);
	if (stop == NULL)
		return false;
	if (!quoted)
		return buf_add(out, from, (size_t)(stop - from)) == 0;
	for (; from < stop - 1; from++) {
		from += *from == '\\' && from + 2 < stop;
		(void)buf_addc(out, *from);
	}
	return out->err == 0;
}

bool
env_address(const char *p, const char *end, enum env_field field,
    enum env_part part, struct buf *out)
{
	p = env_nth(p, end, field);
	p = env_nth(p, end, 0);
	p = env_nth(p, end, part);
	return env_string(p, end, out);
}
