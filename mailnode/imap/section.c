#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/imap/section.h"
#include "store/field.h"
#include "store/mime_place.h"

void
section_clear(struct section *s)
{
	free(s->field);
	s->field = NULL;
	s->nfield = 0;
}

/* ---- lexing ---- */

static bool
has_prefix(const struct lex_str *w, const char *prefix)
{
	size_t n = strlen(prefix);

	return w->n >= n && strncasecmp(w->p, prefix, n) == 0;
}

/* "" or "<from.octets>". */
static bool
suffix(const char *p, const char *end, struct section *s)
{
	const char *dot;

	if (p == end)
		return true;
	if (*p != '<' || end[-1] != '>' || s->as == AS_SIZE)
		return false;
	dot = memchr(p, '.', (size_t)(end - p));
	s->partial = true;
	return dot != NULL &&
	    num_u32(p + 1, dot, 0, UINT32_MAX, &s->from) == 0 &&
	    num_u32(dot + 1, end - 1, 1, UINT32_MAX, &s->octets) == 0;
}

static bool
fields(struct lex_at *at, struct section *s)
{
	struct lex_str name, rest;

	if (!lex_open(at))
		return false;
	s->field = calloc(SECTION_FIELDS_MAX, sizeof *s->field);
	if (s->field == NULL)
		return false;
	while (lex_astring(at, &name)) {
		if (s->nfield == SECTION_FIELDS_MAX)
			return false;
		s->field[s->nfield++] = name;
	}
	return s->nfield > 0 && lex_close(at) && lex_stuck(at, &rest) &&
	    rest.p[0] == ']' && suffix(rest.p + 1, rest.p + rest.n, s);
}

/* Numbers with dots between; *p stands behind them and their dot. */
static bool
numbers(const char **p, const char *end, struct section *s)
{
	const char *dot;

	while (*p < end && **p >= '0' && **p <= '9') {
		dot = memchr(*p, '.', (size_t)(end - *p));
		if (s->npart == SECTION_DEPTH_MAX || num_u32(*p,
		    dot != NULL ? dot : end, 1, UINT32_MAX,
		    &s->part[s->npart]) == -1)
			return false;
		s->npart++;
		*p = dot != NULL ? dot + 1 : end;
		if (dot != NULL && *p == end)
			return false;
	}
	return true;
}

static bool
text_of(const char *p, const char *end, struct section *s)
{
	static const struct { const char *name; enum section_what what; }
	    names[] = { { "HEADER", SEC_HEADER }, { "TEXT", SEC_TEXT },
	    { "MIME", SEC_MIME }, { "HEADER.FIELDS", SEC_FIELDS },
	    { "HEADER.FIELDS.NOT", SEC_NOT } };
	size_t i, n = (size_t)(end - p);

	if (n == 0)
		return true;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i].name) == n &&
		    strncasecmp(p, names[i].name, n) == 0) {
			s->what = names[i].what;
			return s->what != SEC_MIME || s->npart > 0;
		}
	return false;
}

static bool
bracketed(struct lex_at *at, const char *p, const char *end,
    struct section *s)
{
	const char *close = memchr(p, ']', (size_t)(end - p));

	if (!numbers(&p, close != NULL ? close : end, s) ||
	    !text_of(p, close != NULL ? close : end, s))
		return false;
	if (s->as != AS_BODY && s->what != SEC_ALL)
		return false;
	if (close == NULL)
		return (s->what == SEC_FIELDS || s->what == SEC_NOT) &&
		    fields(at, s);
	return s->what != SEC_FIELDS && s->what != SEC_NOT &&
	    suffix(close + 1, end, s);
}

bool
section_parse(struct lex_at *at, const struct lex_str *word,
    struct section *s)
{
	static const struct {
		const char *name;
		enum section_as as;
		bool peek;
	} forms[] = {
		{ "BODY[", AS_BODY, false }, { "BODY.PEEK[", AS_BODY, true },
		{ "BINARY[", AS_BINARY, false },
		{ "BINARY.PEEK[", AS_BINARY, true },
		{ "BINARY.SIZE[", AS_SIZE, true },
	};
	size_t i;

	memset(s, 0, sizeof *s);
	if (lex_is(word, "RFC822")) {
		s->as = AS_RFC822;
		return true;
	}
	if (lex_is(word, "RFC822.HEADER") || lex_is(word, "RFC822.TEXT")) {
		s->as = lex_is(word, "RFC822.TEXT") ? AS_RFC822_TEXT :
		    AS_RFC822_HEADER;
		s->what = s->as == AS_RFC822_TEXT ? SEC_TEXT : SEC_HEADER;
		s->peek = s->as == AS_RFC822_HEADER;
		return true;
	}
	for (i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (has_prefix(word, forms[i].name)) {
			s->as = forms[i].as;
			s->peek = forms[i].peek;
			return bracketed(at, word->p + strlen(forms[i].name),
			    word->p + word->n, s);
		}
	return false;
}

/* ---- the label ---- */

static bool
plain(const struct lex_str *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->p[i] <= ' ' || f->p[i] >= 0x7f ||
		    strchr("(){%*\"\\]", f->p[i]) != NULL)
			return false;
	return f->n > 0;
}

static void
put_field_name(struct buf *out, const struct lex_str *f)
{
	size_t i;

	if (plain(f)) {
		(void)buf_add(out, f->p, f->n);
		return;
	}
	(void)buf_addc(out, '"');
	for (i = 0; i < f->n; i++) {
		if (f->p[i] == '"' || f->p[i] == '\\')
			(void)buf_addc(out, '\\');
		(void)buf_addc(out, f->p[i] == '\r' || f->p[i] == '\n' ?
		    '?' : f->p[i]);
	}
	(void)buf_addc(out, '"');
}

void
section_label(const struct section *s, struct buf *out)
{
	static const char *const forms[] = { [AS_BODY] = "BODY[",
	    [AS_BINARY] = "BINARY[", [AS_SIZE] = "BINARY.SIZE[",
	    [AS_RFC822] = "RFC822", [AS_RFC822_HEADER] = "RFC822.HEADER",
	    [AS_RFC822_TEXT] = "RFC822.TEXT" };
	static const char *const names[] = { [SEC_ALL] = "",
	    [SEC_HEADER] = "HEADER", [SEC_FIELDS] = "HEADER.FIELDS (",
	    [SEC_NOT] = "HEADER.FIELDS.NOT (", [SEC_TEXT] = "TEXT",
	    [SEC_MIME] = "MIME" };
	size_t i;

	(void)buf_adds(out, forms[s->as]);
	if (s->as >= AS_RFC822)
		return;
	for (i = 0; i < s->npart; i++)
		(void)buf_addf(out, "%s%u", i > 0 ? "." : "", s->part[i]);
	if (s->npart > 0 && s->what != SEC_ALL)
		(void)buf_addc(out, '.');
	(void)buf_adds(out, names[s->what]);
	for (i = 0; i < s->nfield; i++) {
		if (i > 0)
			(void)buf_addc(out, ' ');
		put_field_name(out, &s->field[i]);
	}
	(void)buf_adds(out, s->nfield > 0 ? ")]" : "]");
	if (s->partial)
		(void)buf_addf(out, "<%u>", s->from);
}

/* ---- the place ---- */

bool
section_place(const struct section *s, const uint8_t *parts, size_t nparts,
    uint64_t size, uint64_t wire, struct section_place *out)
{
	const struct mime_table t = { parts, nparts, size };
	struct mime_place p;
	bool header = s->what == SEC_HEADER || s->what == SEC_FIELDS ||
	    s->what == SEC_NOT;

	memset(out, 0, sizeof *out);
	if (s->npart == 0 && s->what == SEC_ALL) {
		out->n = size;
		out->lf = wire > size ? wire - size : 0;
		return true;
	}
	if (!mime_place_find(&t, s->part, s->npart,
	    header || s->what == SEC_TEXT, &p))
		return false;
	out->head = p.head;
	out->nhead = p.nhead;
	out->leaf = p.kind == MIME_LEAF;
	if (header || s->what == SEC_MIME) {
		out->at = p.head;
		out->n = p.nhead;
		out->lf = p.lf_head;
	} else {
		out->at = p.body;
		out->n = p.nbody;
		out->lf = p.lf_body;
	}
	return true;
}

/* ---- fields ---- */

static bool
wanted(const struct section *s, const struct field *f)
{
	size_t i;

	for (i = 0; i < s->nfield; i++)
		if (s->field[i].n == f->nname && f->nname > 0 &&
		    strncasecmp(s->field[i].p, f->name, f->nname) == 0)
			return s->what == SEC_FIELDS;
	return s->what == SEC_NOT;
}

static void
put_crlf(struct buf *out, const char *p, const char *end)
{
	const char *next;

	for (; p < end; p = next) {
		next = field_line(p, end);
		if (next[-1] != '\n') {
			(void)buf_add(out, p, (size_t)(next - p));
			(void)buf_adds(out, "\r\n");
		} else if (next - 1 > p && next[-2] == '\r')
			(void)buf_add(out, p, (size_t)(next - p));
		else {
			(void)buf_add(out, p, (size_t)(next - p) - 1);
			(void)buf_adds(out, "\r\n");
		}
	}
}

int
section_fields(const struct section *s, const char *p, size_t n,
    struct buf *out)
{
	const char *end = p + n;
	struct field f;

	while (field_next(&p, end, &f))
		if (wanted(s, &f))
			put_crlf(out, f.p, f.end);
	return buf_adds(out, "\r\n");
}
