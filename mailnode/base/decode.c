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
	    *p == '\n' || *p == '"'))
		p++;
	for (len = 0; p + len < end && p[len] > ' ' &&
	    strchr(";(\"", p[len]) == NULL; )
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

void
decode_as_is(struct decoder *d)
{
	d->as_is = true;
}

enum { CHUNK = 512 };

static void
base64(struct decoder *d, const char *p, size_t n)
{
	char out[CHUNK];
	size_t i, k = 0;
	int v;

	for (i = 0; i < n && !d->padded; i++) {
		v = codec_base64_value(p[i]);
		if (p[i] == '=')
			d->padded = d->have > 0;
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

	if (d->as_is) {
		if (n > 0)
			d->out(d->arg, p, n);
		return;
	}
	while (p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (lf > p ? lf[-1] == '\r' : d->cr)
			d->out(d->arg, p, (size_t)(lf + 1 - p));
		else {
			if (lf > p)
				d->out(d->arg, p, (size_t)(lf - p));
			d->out(d->arg, "\r\n", 2);
		}
		d->cr = false;
		p = lf + 1;
	}
	if (p == end)
		return;
	d->out(d->arg, p, (size_t)(end - p));
	d->cr = end[-1] == '\r';
}

/* What is held is no coding after all. */
static void
give_up(struct decoder *d)
{
	size_t n = d->nheld;

	d->nheld = 0;
	lines(d, d->held, n);
}

/* A line ends: held blanks fall away, and with "=" before them it too. */
static void
line_ends(struct decoder *d)
{
	bool cr = d->nheld > 0 && d->held[d->nheld - 1] == '\r';
	bool soft = d->nheld > 0 && d->held[0] == '=';

	d->nheld = 0;
	if (!soft)
		lines(d, cr ? "\r\n" : "\n", cr ? 2 : 1);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* May c follow what is held, if a line ends soon? */
static bool
may_end(const struct decoder *d, char c)
{
	char last = d->nheld > 0 ? d->held[d->nheld - 1] : '=';

	return (is_blank(c) || c == '\r') && last != '\r' &&
	    (is_blank(last) || last == '=');
}

/* Behind something that is held: "=", "=4", "= ", blanks, a CR. */
static void
held(struct decoder *d, char c)
{
	int hi;

	if (c == '\n' && (d->nheld == 1 || codec_hex_value(d->held[1]) == -1)) {
		line_ends(d);
		return;
	}
	hi = d->nheld == 2 && d->held[0] == '=' ?
	    codec_hex_value(d->held[1]) : -1;
	if (hi != -1 && codec_hex_value(c) != -1) {
		d->nheld = 0;
		d->cr = false;
		c = (char)(hi << 4 | codec_hex_value(c));
		d->out(d->arg, &c, 1);
		return;
	}
	if (d->nheld == sizeof d->held || !((d->nheld == 1 &&
	    d->held[0] == '=' && codec_hex_value(c) != -1) || may_end(d, c)))
		give_up(d);
	if (d->nheld == 0 && c != '=' && c != '\r' && !is_blank(c))
		lines(d, &c, 1);
	else
		d->held[d->nheld++] = c;
}

/* Behind blanks and line ends at p that stay; p itself: it must be seen what
 * follows. */
static const char *
kept(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && is_blank(*q))
		q++;
	if (q == end || *q == '=')
		return p;
	if (*q != '\r')
		return *q != '\n' ? q : p;
	return q == p && q + 1 < end && q[1] == '\n' ? q + 2 : p;
}

/* At p, where nothing is held: up to what must be. */
static const char *
plain(struct decoder *d, const char *p, const char *end)
{
	const char *q = p, *next;

	for (; q < end && *q != '='; q = next) {
		next = *q == '\r' || is_blank(*q) ? kept(q, end) : q + 1;
		if (next == q)
			break;
	}
	lines(d, p, (size_t)(q - p));
	if (q < end)
		d->held[d->nheld++] = *q++;
	return q;
}

void
decode_put(struct decoder *d, const char *p, size_t n)
{
	const char *end = p + n;

	if (d->cte == CTE_IDENTITY || d->cte == CTE_UNKNOWN) {
		lines(d, p, n);
		return;
	}
	if (d->cte == CTE_BASE64) {
		base64(d, p, n);
		return;
	}
	while (p < end)
		if (d->nheld > 0)
			held(d, *p++);
		else
			p = plain(d, p, end);
}

/* The end is one of a line, too; but not half a character, nor a bare CR. */
void
decode_end(struct decoder *d)
{
	if ((d->nheld > 1 && codec_hex_value(d->held[1]) != -1) ||
	    (d->nheld == 1 && d->held[0] == '\r'))
		give_up(d);
	d->nheld = 0;
}

bool
decode_goes_on(const struct decoder *d)
{
	return d->cte == CTE_BASE64 && !d->padded &&
	    (d->bits & ((1U << d->have) - 1)) != 0;
}
