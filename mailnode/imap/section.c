#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/imap/section.h"

void
section_clear(struct section *s)
{
	free(s->want.field);
	s->want.field = NULL;
	s->want.nfield = 0;
}

/* ---- lexing ---- */

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
	struct part_want *w = &s->want;
	struct lex_str name, rest;

	if (!lex_open(at))
		return false;
	w->field = calloc(SECTION_FIELDS_MAX, sizeof *w->field);
	if (w->field == NULL)
		return false;
	while (lex_astring(at, &name)) {
		if (w->nfield == SECTION_FIELDS_MAX)
			return false;
		w->field[w->nfield++] = (struct field_name){ name.p, name.n };
	}
	return w->nfield > 0 && lex_close(at) && lex_stuck(at, &rest) &&
	    rest.p[0] == ']' && suffix(rest.p + 1, rest.p + rest.n, s);
}

/* Numbers with dots between; *p stands behind them and their dot. */
static bool
numbers(const char **p, const char *end, struct part_want *w)
{
	const char *dot;

	while (*p < end && **p >= '0' && **p <= '9') {
		dot = memchr(*p, '.', (size_t)(end - *p));
		if (w->n == PART_DEPTH_MAX || num_u32(*p,
		    dot != NULL ? dot : end, 1, UINT32_MAX,
		    &w->number[w->n++]) == -1)
			return false;
		*p = dot != NULL ? dot + 1 : end;
		if (dot != NULL && *p == end)
			return false;
	}
	return true;
}

/* What may stand in brackets behind the numbers. */
static const char *const whats[] = { [PART_ALL] = "",
	[PART_HEADER] = "HEADER", [PART_FIELDS] = "HEADER.FIELDS",
	[PART_NOT] = "HEADER.FIELDS.NOT", [PART_TEXT] = "TEXT",
	[PART_MIME] = "MIME" };

static bool
what_of(const char *p, const char *end, struct part_want *w)
{
	const struct lex_str word = { p, (size_t)(end - p) };
	size_t i;

	for (i = 0; i < sizeof whats / sizeof whats[0]; i++)
		if (lex_is(&word, whats[i])) {
			w->what = (enum part_what)i;
			return i != PART_MIME || w->n > 0;
		}
	return false;
}

static bool
bracketed(struct lex_at *at, const char *p, const char *end,
    struct section *s)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	const char *stop = close != NULL ? close : end;
	struct part_want *w = &s->want;

	if (!numbers(&p, stop, w) || !what_of(p, stop, w) ||
	    (s->as != AS_BODY && w->what != PART_ALL))
		return false;
	if (w->what == PART_FIELDS || w->what == PART_NOT)
		return close == NULL && fields(at, s);
	return close != NULL && suffix(close + 1, end, s);
}

/* How an item begins, in commands and in answers, and what of the message it
 * is. */
static const struct form {
	const char	*name, *label;
	enum section_as	 as;
	bool		 peek;
	enum part_what	 what;
} forms[] = {
	{ "BODY[",	"BODY[",	AS_BODY,   false, PART_ALL },
	{ "BODY.PEEK[",	"BODY[",	AS_BODY,   true,  PART_ALL },
	{ "BINARY[",	"BINARY[",	AS_BINARY, false, PART_ALL },
	{ "BINARY.PEEK[", "BINARY[",	AS_BINARY, true,  PART_ALL },
	{ "BINARY.SIZE[", "BINARY.SIZE[", AS_SIZE, true,  PART_ALL },
	{ "RFC822",	"RFC822",	AS_NAMED,  false, PART_ALL },
	{ "RFC822.HEADER", "RFC822.HEADER", AS_NAMED, true, PART_HEADER },
	{ "RFC822.TEXT", "RFC822.TEXT",	AS_NAMED,  false, PART_TEXT },
	{ NULL,		NULL,		0,	   false, 0 }
};

bool
section_parse(struct lex_at *at, const struct lex_str *word,
    struct section *s)
{
	const struct form *f;
	size_t n;

	memset(s, 0, sizeof *s);
	for (f = forms; f->name != NULL; f++) {
		n = strlen(f->name);
		if (f->as < AS_NAMED ? word->n < n || strncasecmp(word->p,
		    f->name, n) != 0 : !lex_is(word, f->name))
			continue;
		s->label = f->label;
		s->as = f->as;
		s->peek = f->peek;
		s->want.what = f->what;
		s->want.decoded = f->as == AS_BINARY || f->as == AS_SIZE;
		return f->as == AS_NAMED || bracketed(at, word->p + n,
		    word->p + word->n, s);
	}
	return false;
}

/* ---- the label ---- */

static void
put_field_name(struct buf *out, const struct field_name *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->p[i] <= ' ' || f->p[i] >= 0x7f ||
		    strchr("(){%*\"\\]", f->p[i]) != NULL)
			break;
	if (i == f->n && f->n > 0)
		(void)buf_add(out, f->p, f->n);
	else
		put_quoted(out, f->p, f->n);
}

void
section_label(const struct section *s, struct buf *out)
{
	const struct part_want *w = &s->want;
	size_t i;

	(void)buf_adds(out, s->label);
	if (s->as == AS_NAMED)
		return;
	for (i = 0; i < w->n; i++)
		(void)buf_addf(out, "%s%u", i > 0 ? "." : "", w->number[i]);
	if (w->n > 0 && w->what != PART_ALL)
		(void)buf_addc(out, '.');
	(void)buf_adds(out, whats[w->what]);
	for (i = 0; i < w->nfield; i++) {
		(void)buf_adds(out, i > 0 ? " " : " (");
		put_field_name(out, &w->field[i]);
	}
	(void)buf_adds(out, w->nfield > 0 ? ")]" : "]");
	if (s->partial)
		(void)buf_addf(out, "<%u>", s->from);
}

/* ---- the octets ---- */

static void
to_line(void *arg, const char *p, size_t n)
{
	line_put(arg, p, n);
}

/* Behind the length nothing but the octets may follow: when they cannot be
 * read any more the session ends, as the client counts. */
static void
put_octets(struct session *s, const struct section *sec,
    const struct part *p)
{
	uint64_t from = 0, n = p->octets;

	if (sec->partial) {
		from = sec->from < n ? sec->from : n;
		n -= from;
		n = sec->octets < n ? sec->octets : n;
	}
	(void)buf_addf(&s->out, " %s{%llu}\r\n", p->nul ? "~" : "",
	    (unsigned long long)n);
	send_out(s);
	if (!part_send(p, from, n, to_line, s->line))
		imap_end(s, "file changed");
}

void
section_put(struct session *s, struct view_file *f,
    const struct section *sec)
{
	const char *nothing = sec->as == AS_SIZE ? " 0" : " NIL";
	struct part p = { .octets = 0 };

	section_label(sec, &s->out);
	if (!view_open(reader_of(s), &s->reader, s->view.mbox, f) ||
	    !part_find(f, &sec->want, &p))
		(void)buf_adds(&s->out, nothing);
	else if (p.cte == CTE_UNKNOWN) {
		(void)buf_adds(&s->out, nothing);
		reply_no(s, "UNKNOWN-CTE", "a part in an unknown encoding");
	} else if (sec->as == AS_SIZE)
		(void)buf_addf(&s->out, " %llu", (unsigned long long)p.octets);
	else
		put_octets(s, sec, &p);
	part_clear(&p);
}
