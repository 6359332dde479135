#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/decode.h"

enum cte
decode_named(const char *p, size_t n)
{
	static const struct { const char *name; enum cte cte; } names[] = {
		{ "7bit", CTE_IDENTITY }, { "8bit", CTE_IDENTITY },
		{ "binary", CTE_IDENTITY }, { "base64", CTE_BASE64 },
		{ "quoted-printable", CTE_QP } };
	const char *end = p + n;
	size_t i, len;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' ||
	    *p == '\n'))
		p++;
	for (len = 0; p + len < end && p[len] > ' ' && p[len] != ';' &&
	    p[len] != '('; )
		len++;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i].name) == len &&
		    strncasecmp(p, names[i].name, len) == 0)
			return names[i].cte;
	return CTE_UNKNOWN;
}

void
decode_init(struct decoder *d, enum cte cte,
    void (*out)(void *, const char *, size_t), void *arg)
{
	memset(d, 0, sizeof *d);
	d->cte = cte;
	d->out = out;
	d->arg = arg;
}

enum { CHUNK = 512 };

static void
base64(struct decoder *d, const char *p, size_t n)
{
	char out[CHUNK];
	size_t i, k = 0;
	int v;

	for (i = 0; i < n; i++) {
		v = codec_base64_value(p[i]);
		if (p[i] == '=')
			d->have = 0;	/* what is left is padding */
		if (v == -1)
			continue;
		d->bits = (d->bits << 6 | (uint32_t)v) & 0xffffff;
		d->have += 6;
		if (d->have < 8)
			continue;
		d->have -= 8;
		out[k++] = (char)(d->bits >> d->have & 0xff);
		if (k == sizeof out) {
			d->out(d->arg, out, k);
			k = 0;
		}
	}
	if (k > 0)
		d->out(d->arg, out, k);
}

/* With CRLF, what has LF. */
static void
lines(struct decoder *d, const char *p, size_t n)
{
	const char *end = p + n, *lf;

	while (p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (lf > p)
			d->out(d->arg, p, (size_t)(lf - p));
		if (lf > p ? lf[-1] != '\r' : !d->cr)
			d->out(d->arg, "\r", 1);
		d->out(d->arg, "\n", 1);
		d->cr = false;
		p = lf + 1;
	}
	if (p == end)
		return;
	d->out(d->arg, p, (size_t)(end - p));
	d->cr = end[-1] == '\r';
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
give_up(struct decoder *d)
{
	lines(d, d->held, d->nheld);
	d->nheld = 0;
}

/* Behind "=": two digits, or the end of a line that goes on. */
static void
quoted(struct decoder *d, char c)
{
	int hi;

	d->held[d->nheld++] = c;
	if (d->nheld == 1 || (d->nheld == 2 && (c == '\r' || hex(c) != -1)))
		return;
	if (c == '\n' && (d->nheld == 2 || d->held[1] == '\r')) {
		d->nheld = 0;
		return;
	}
	hi = d->nheld == 3 ? hex(d->held[1]) : -1;
	if (hi != -1 && hex(c) != -1) {
		d->cr = false;
		c = (char)(hi << 4 | hex(c));
		d->out(d->arg, &c, 1);
		d->nheld = 0;
		return;
	}
	give_up(d);
}

void
decode_put(struct decoder *d, const char *p, size_t n)
{
	const char *end = p + n, *q;

	if (d->cte == CTE_IDENTITY || d->cte == CTE_UNKNOWN) {
		lines(d, p, n);
		return;
	}
	if (d->cte == CTE_BASE64) {
		base64(d, p, n);
		return;
	}
	while (p < end) {
		if (d->nheld > 0) {
			quoted(d, *p++);
			continue;
		}
		q = memchr(p, '=', (size_t)(end - p));
		q = q != NULL ? q : end;
		lines(d, p, (size_t)(q - p));
		p = q;
		if (p < end)
			quoted(d, *p++);
	}
}

void
decode_end(struct decoder *d)
{
	give_up(d);
}
