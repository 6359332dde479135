#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/imap/binary.h"
#include "mailnode/imap/section.h"

enum cte
binary_cte(const char *head, size_t n)
{
	static const struct { const char *name; enum cte cte; } names[] = {
		{ "7bit", CTE_IDENTITY }, { "8bit", CTE_IDENTITY },
		{ "binary", CTE_IDENTITY }, { "base64", CTE_BASE64 },
		{ "quoted-printable", CTE_QP } };
	static const char field[] = "content-transfer-encoding";
	const char *p = head, *v;
	struct field f;
	size_t i, len;

	while (field_next(&p, head + n, &f)) {
		if (f.nname != sizeof field - 1 ||
		    strncasecmp(f.name, field, f.nname) != 0)
			continue;
		v = memchr(f.p, ':', (size_t)(f.end - f.p));
		for (v++; v < f.end && (*v == ' ' || *v == '\t' ||
		    *v == '\r' || *v == '\n'); )
			v++;
		for (len = 0; v + len < f.end && v[len] > ' ' &&
		    v[len] != ';' && v[len] != '('; )
			len++;
		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strlen(names[i].name) == len &&
			    strncasecmp(v, names[i].name, len) == 0)
				return names[i].cte;
		return CTE_UNKNOWN;
	}
	return CTE_IDENTITY;
}

void
binary_init(struct decoder *d, enum cte cte,
    void (*out)(void *, const char *, size_t), void *arg)
{
	memset(d, 0, sizeof *d);
	d->cte = cte;
	d->out = out;
	d->arg = arg;
}

static void
base64(struct decoder *d, char c)
{
	int v = codec_base64_value(c);
	char octet;

	if (c == '=') {
		d->have = 0;		/* what is left is padding */
		return;
	}
	if (v == -1)
		return;
	d->bits = (d->bits << 6 | (uint32_t)v) & 0xffffff;
	d->have += 6;
	if (d->have < 8)
		return;
	d->have -= 8;
	octet = (char)(d->bits >> d->have & 0xff);
	d->out(d->arg, &octet, 1);
}

/* Line ends are CRLF, also of a file that has LF. */
static void
line_octet(struct decoder *d, char c)
{
	if (c == '\n' && !d->cr)
		d->out(d->arg, "\r", 1);
	d->out(d->arg, &c, 1);
	d->cr = c == '\r';
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
	size_t i;

	for (i = 0; i < d->nheld; i++)
		line_octet(d, d->held[i]);
	d->nheld = 0;
}

/* Behind "=": two digits, or the end of a line that goes on. */
static void
quoted(struct decoder *d, char c)
{
	int hi;

	if (d->nheld == 0 && c != '=') {
		line_octet(d, c);
		return;
	}
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
binary_put(struct decoder *d, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (d->cte == CTE_BASE64)
			base64(d, p[i]);
		else if (d->cte == CTE_QP)
			quoted(d, p[i]);
		else
			line_octet(d, p[i]);
}

void
binary_end(struct decoder *d)
{
	give_up(d);
}
