#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "store/mime_short.h"

enum { FIELDS = 7, FIELDS_TEXT = 8, FIELDS_MESSAGE = 10 };

/* Behind one string, literal, number or NIL; NULL: malformed. */
static const char *
word(const char *p, const char *end)
{
	const char *close;
	uint32_t n;

	if (p < end && *p == '"') {
		for (p++; p < end && *p != '"'; p++)
			if (*p == '\\')
				p++;
		return p < end ? p + 1 : NULL;
	}
	if (p < end && *p == '{') {
		close = memchr(p, '}', (size_t)(end - p));
		if (close == NULL || num_u32(p + 1, close, 0, INT32_MAX, &n) ==
		    -1 || (uint64_t)(end - close) < (uint64_t)n + 3)
			return NULL;
		return close + 3 + n;
	}
	while (p < end && *p != ' ' && *p != '(' && *p != ')')
		p++;
	return p;
}

/* Behind one item of any kind, lists without recursion. */
static const char *
item(const char *p, const char *end)
{
	unsigned int depth = 0;

	do {
		if (p == end)
			return NULL;
		if (*p == '(') {
			depth++;
			p++;
		} else if (*p == ')') {
			if (depth-- == 0)
				return NULL;
			p++;
		} else if (*p == ' ' && depth > 0)
			p++;
		else {
			const char *next = word(p, end);

			if (next == NULL || next == p)
				return NULL;
			p = next;
		}
	} while (depth > 0);
	return p;
}

static bool
is(const char *p, const char *end, const char *quoted)
{
	size_t n = strlen(quoted);

	return (size_t)(end - p) == n && strncasecmp(p, quoted, n) == 0;
}

static const char *body(struct buf *out, const char *p, const char *end,
    unsigned int depth);

/* How many fields a part has before its extension data. */
static unsigned int
fields_of(const char *p, const char *end)
{
	const char *type = item(p, end), *sub;

	if (type == NULL || type == end)
		return FIELDS;
	sub = item(type + 1, end);
	if (is(p, type, "\"text\""))
		return FIELDS_TEXT;
	if (sub != NULL && is(p, type, "\"message\"") &&
	    (is(type + 1, sub, "\"rfc822\"") ||
	    is(type + 1, sub, "\"global\"")))
		return FIELDS_MESSAGE;
	return FIELDS;
}

/* From behind "("; up to, but without, what follows the last field. */
static const char *
single(struct buf *out, const char *p, const char *end, unsigned int depth)
{
	unsigned int i, n = fields_of(p, end);
	const char *next;

	for (i = 0; i < n; i++) {
		if (p == NULL || p == end)
			return NULL;
		if (i > 0) {
			if (*p != ' ')
				return n == FIELDS_MESSAGE && i == FIELDS ?
				    p : NULL;
			(void)buf_addc(out, *p++);
		}
		if (n == FIELDS_MESSAGE && i == FIELDS_MESSAGE - 2) {
			p = body(out, p, end, depth + 1);
			continue;
		}
		next = item(p, end);
		if (next == NULL)
			return NULL;
		(void)buf_add(out, p, (size_t)(next - p));
		p = next;
	}
	return p;
}

static const char *
multi(struct buf *out, const char *p, const char *end, unsigned int depth)
{
	const char *next;

	while (p != NULL && p < end && *p == '(')
		p = body(out, p, end, depth + 1);
	if (p == NULL || p == end || *p != ' ')
		return NULL;
	next = item(p + 1, end);
	if (next == NULL)
		return NULL;
	(void)buf_add(out, p, (size_t)(next - p));
	return next;
}

/* One body; returns where it ends. */
static const char *
body(struct buf *out, const char *p, const char *end, unsigned int depth)
{
	const char *behind = item(p, end);

	if (behind == NULL || *p != '(' || depth > MIME_SHORT_DEPTH)
		return NULL;
	(void)buf_addc(out, '(');
	p = p[1] == '(' ? multi(out, p + 1, behind, depth) :
	    single(out, p + 1, behind, depth);
	(void)buf_addc(out, ')');
	return p != NULL ? behind : NULL;
}

void
mime_short(struct buf *out, const uint8_t *p, size_t n)
{
	const char *at = (const char *)p;
	size_t before = out->len;

	if (n > 0 && body(out, at, at + n, 0) == at + n)
		return;
	if (out->err == 0)
		out->len = before;
	(void)buf_adds(out, "NIL");
}
