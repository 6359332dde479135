#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/imap/section.h"

void
section_clear(struct section *s)
{
	free(s->want.field);
}

/* ---- lexing ---- */

/* "" or "<from.octets>". */
static bool
suffix(const char *p, const char *end, struct section *s)
{
	const char *dot;

	if (p == end)
		return true;
	if (*p != '<' || end[-1] != '>' || s->form->as == AS_SIZE)
		return false;
	dot = memchr(p, '.', (size_t)(end - p));
	s->partial = true;
	return dot != NULL &&
	    num_u32(p + 1, dot, 0, UINT32_MAX, &s->from) == 0 &&
	    num_u32(dot + 1, end - 1, 1, UINT32_MAX, &s->octets) == 0;
}

static bool
fields(struct lex *l, struct section *s)
{
	struct part_want *w = &s->want;
	struct lex_str name, rest;

	if (!lex_open(l))
		return false;
	w->field = calloc(SECTION_FIELDS_MAX, sizeof *w->field);
	if (w->field == NULL)
		return false;
	while (lex_astring(l, &name)) {
		if (w->nfield == SECTION_FIELDS_MAX)
			return false;
		w->field[w->nfield++] = (struct field_name){ name.p, name.n };
	}
	return w->nfield > 0 && lex_close(l) && lex_stuck(l, &rest) &&
	    rest.p[0] == ']' && suffix(rest.p + 1, rest.p + rest.n, s);
}

static bool
bracketed(struct lex *l, const char *p, const char *end, struct section *s)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	const char *stop = close != NULL ? close : end;
	struct part_want *w = &s->want;

	if (!part_want_parse(w, p, stop) ||
	    (s->form->as != AS_BODY && w->what != PART_ALL))
		return false;
	if (w->what == PART_FIELDS || w->what == PART_NOT)
		return close == NULL && fields(l, s);
	return close != NULL && suffix(close + 1, end, s);
}

static const struct section_form forms[] = {
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
section_parse(struct lex *l, const struct lex_str *word, struct section *s)
{
	const struct section_form *f;
	size_t n;

	memset(s, 0, sizeof *s);
	for (f = forms; f->name != NULL; f++) {
		n = strlen(f->name);
		if (f->as < AS_NAMED ? word->n < n || strncasecmp(word->p,
		    f->name, n) != 0 : !lex_is(word, f->name))
			continue;
		s->form = f;
		s->want.what = f->what;
		s->want.decoded = f->as == AS_BINARY || f->as == AS_SIZE;
		return f->as == AS_NAMED || bracketed(l, word->p + n,
		    word->p + word->n, s);
	}
	return false;
}

/* ---- the label ---- */

void
section_label(const struct section *s, struct buf *out)
{
	(void)buf_adds(out, s->form->label);
	if (s->form->as == AS_NAMED)
		return;
	part_want_put(&s->want, out);
	(void)buf_addc(out, ']');
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
put_octets(struct session *s, const struct section *sec, const struct part *p)
{
	uint64_t from = sec->from < p->octets ? sec->from : p->octets;
	uint64_t n = p->octets - from;

	if (sec->partial && sec->octets < n)
		n = sec->octets;
	(void)buf_addf(&s->out, " %s{%llu}\r\n", p->nul ? "~" : "",
	    (unsigned long long)n);
	send_out(s);
	if (!part_send(p, from, n, to_line, s->line))
		imap_end(s, "file changed");
}

void
section_put(struct session *s, struct view_file *f, const struct section *sec)
{
	const char *nothing = sec->form->as == AS_SIZE ? " 0" : " NIL";
	struct part p = { .octets = 0 };

	section_label(sec, &s->out);
	if (!view_open(reader_of(s), &s->reader, s->view.mbox, f) ||
	    !part_find(f, &sec->want, &p))
		(void)buf_adds(&s->out, nothing);
	else if (p.cte == CTE_UNKNOWN) {
		(void)buf_adds(&s->out, nothing);
		reply_no(s, "UNKNOWN-CTE", "a part in an unknown encoding");
	} else if (sec->form->as == AS_SIZE)
		(void)buf_addf(&s->out, " %llu", (unsigned long long)p.octets);
	else
		put_octets(s, sec, &p);
	part_clear(&p);
}
