#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/num.h"
#include "mailnode/filter/param.h"

struct out {
	char	*dst;
	size_t	 n, size;
};

static void
put(struct out *o, char c)
{
	if (o->n + 1 < o->size)
		o->dst[o->n++] = c;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *
skip(const char *p, const char *end)
{
	while (p < end && blank(*p))
		p++;
	return p;
}

/* %41 or =41; returns where it goes on. */
static const char *
put_hex(struct out *o, const char *p, const char *end)
{
	int c = end - p > 2 ? codec_hex_octet(p + 1) : -1;

	if (c != -1) {
		put(o, (char)c);
		return p + 3;
	}
	put(o, *p);
	return p + 1;
}

/* ---- parameters ---- */

/* Behind the next semicolon that no quotes hold. */
static const char *
next_param(const char *p, const char *end)
{
	bool quoted = false;

	for (; p < end && (quoted || *p != ';'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p + 1 < end)
			p++;
	}
	return p < end ? p + 1 : end;
}

void
param_value(const char *p, const char *end, char *dst, size_t size)
{
	struct out o = { dst, 0, size };

	for (p = skip(p, end); p < end && *p != ';' && *p != '('; p++)
		if (!blank(*p))
			put(&o, *p);
	dst[o.n + 1 < size ? o.n : 0] = '\0';
}

/* Of utf-8'en'text the text. */
static const char *
behind_charset(const char *p, const char *end)
{
	const char *q = memchr(p, '\'', (size_t)(end - p));

	q = q != NULL ? memchr(q + 1, '\'', (size_t)(end - q - 1)) : NULL;
	return q != NULL ? q + 1 : p;
}

/* Until the semicolon: unquoted names with blanks in them are common. */
static void
put_value(struct out *o, const char *p, const char *end, bool encoded,
    bool first)
{
	bool quoted = p < end && *p == '"';
	const char *stop;

	p += quoted;
	for (stop = p; stop < end && *stop != (quoted ? '"' : ';'); stop++)
		if (quoted && *stop == '\\' && stop + 1 < end)
			stop++;
	if (encoded && first)
		p = behind_charset(p, stop);
	while (!quoted && stop > p && blank(stop[-1]))
		stop--;
	while (p < stop) {
		if (encoded && *p == '%') {
			p = put_hex(o, p, stop);
			continue;
		}
		if (quoted && *p == '\\' && p + 1 < stop)
			p++;
		put(o, *p++);
	}
}

/* Is this parameter `name` in that form, and (sections) number `k`? */
static bool
is_it(const char **at, const char *end, const char *name,
    enum param_form form, unsigned int k, bool *encoded)
{
	size_t n = strlen(name);
	const char *p = skip(*at, end), *digits;
	uint32_t v;

	if ((size_t)(end - p) <= n || strncasecmp(p, name, n) != 0)
		return false;
	p += n;
	*encoded = false;
	if (form == PARAM_SECTIONS) {
		if (*p++ != '*')
			return false;
		for (digits = p; p < end && *p >= '0' && *p <= '9'; )
			p++;
		if (num_u32(digits, p, 0, PARAM_SECTIONS_MAX, &v) == -1 ||
		    v != k)
			return false;
	}
	if (form != PARAM_PLAIN && p < end && *p == '*') {
		*encoded = true;
		p++;
	} else if (form == PARAM_EXTENDED)
		return false;
	p = skip(p, end);
	if (p == end || *p != '=')
		return false;
	*at = skip(p + 1, end);
	return true;
}

/* Where it stands; NULL: nowhere. */
static const char *
put_param(struct out *o, const char *p, const char *end, const char *name,
    enum param_form form, unsigned int k)
{
	bool encoded;
	const char *at;

	for (p = next_param(p, end); p < end; p = next_param(p, end)) {
		at = p;
		if (is_it(&at, end, name, form, k, &encoded)) {
			put_value(o, at, end, encoded, k == 0);
			return p;
		}
	}
	return NULL;
}

size_t
param_get(const char **p, const char *end, const char *name,
    enum param_form form, char *dst, size_t size)
{
	struct out o = { dst, 0, size };
	const char *first = put_param(&o, *p, end, name, form, 0);
	unsigned int k;

	for (k = 1; first != NULL && form == PARAM_SECTIONS &&
	    k < PARAM_SECTIONS_MAX; k++)
		if (put_param(&o, *p, end, name, form, k) == NULL)
			break;
	*p = form == PARAM_SECTIONS ? NULL : first;
	dst[o.n] = '\0';
	return o.n;
}

/* ---- encoded words ---- */

static void
put_base64(struct out *o, const char *p, const char *end)
{
	unsigned int v = 0, bits = 0;
	int x;

	for (; p < end; p++) {
		x = codec_base64_value(*p);
		if (x < 0)
			continue;
		v = (v << 6 | (unsigned int)x) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			put(o, (char)(v >> bits & 0xff));
		}
	}
}

static void
put_q(struct out *o, const char *p, const char *end)
{
	while (p < end) {
		if (*p == '=')
			p = put_hex(o, p, end);
		else {
			put(o, *p == '_' ? ' ' : *p);
			p++;
		}
	}
}

/* =?charset?B?text?= at p: behind it; NULL: it is none. */
static const char *
put_word(struct out *o, const char *p, const char *end)
{
	const char *cs, *text, *stop;

	if (end - p < 8 || p[0] != '=' || p[1] != '?')
		return NULL;
	cs = memchr(p + 2, '?', (size_t)(end - p - 2));
	if (cs == NULL || end - cs < 4 || cs[2] != '?')
		return NULL;
	text = cs + 3;
	for (stop = text; stop + 1 < end && (stop[0] != '?' ||
	    stop[1] != '='); )
		stop++;
	if (stop + 1 >= end)
		return NULL;
	if (cs[1] == 'B' || cs[1] == 'b')
		put_base64(o, text, stop);
	else if (cs[1] == 'Q' || cs[1] == 'q')
		put_q(o, text, stop);
	else
		return NULL;
	return stop + 2;
}

size_t
param_words(const char *p, size_t n, char *dst, size_t size)
{
	struct out o = { dst, 0, size };
	const char *end = p + n, *next, *q;

	while (p < end) {
		next = put_word(&o, p, end);
		if (next == NULL) {
			put(&o, *p++);
			continue;
		}
		/* Blanks between two of them are not there: section 6.2. */
		q = skip(next, end);
		p = end - q > 1 && q[0] == '=' && q[1] == '?' ? q : next;
	}
	dst[o.n] = '\0';
	return o.n;
}
