#define _GNU_SOURCE
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/num.h"
#include "mailnode/imap/lex.h"

void
lex_init(struct lex *l)
{
	memset(l, 0, sizeof *l);
	buf_init(&l->text, LEX_TEXT_MAX);
	buf_init(&l->tokens, (LEX_TOKENS_MAX - 1) * sizeof(struct lex_token));
}

/* What one command needed the next may need; a large one is given back. */
void
lex_reset(struct lex *l)
{
	enum { KEPT = 16 * 1024 };

	if (l->text.cap > KEPT || l->tokens.cap > KEPT)
		lex_clear(l);
	buf_reset(&l->text);
	buf_reset(&l->tokens);
	l->n = l->at = 0;
	l->depth = 0;
	l->odd = false;
}

void
lex_clear(struct lex *l)
{
	buf_clear(&l->text);
	buf_clear(&l->tokens);
}

/* ---- making them ---- */

static struct lex_token *
token_at(const struct lex *l, size_t i)
{
	return (struct lex_token *)(void *)l->tokens.data + i;
}

/* What was added to the text from `at` on is one. */
static bool
token(struct lex *l, enum lex_kind kind, bool stuck, size_t at)
{
	const struct lex_token t = { .kind = kind, .stuck = stuck, .at = at,
	    .n = l->text.len - at };

	if (buf_add(&l->tokens, &t, sizeof t) == -1)
		return false;
	l->n++;
	return buf_addc(&l->text, 0) == 0;
}

/* {n}, {n+}, ~{n}, ~{n+} at the end of the line. */
static bool
literal_at(const char *p, const char *end, struct lex_literal *lit)
{
	*lit = (struct lex_literal){ .sync = true };
	if (p < end && *p == '~') {
		lit->binary = true;
		p++;
	}
	if (end - p < 3 || *p != '{' || end[-1] != '}')
		return false;
	p++;
	end--;
	if (end[-1] == '+') {
		lit->sync = false;
		end--;
	}
	return num_u64(p, end, 0, INT64_MAX, &lit->octets) == 0;
}

/* From behind the quote; NULL: it has no end, or holds what it may not. */
static const char *
quoted(struct lex *l, const char *p, const char *end, bool stuck)
{
	size_t at = l->text.len;

	for (; p < end && *p != '"'; p++) {
		if (*p == '\\' && (++p == end || (*p != '\\' && *p != '"')))
			return NULL;
		if ((unsigned char)*p < ' ' && *p != '\t')
			return NULL;
		(void)buf_addc(&l->text, *p);
	}
	if (!codec_utf8_ok(l->text.data + at, l->text.len - at))
		l->odd = true;
	return p < end && token(l, LEX_QUOTED, stuck, at) ? p + 1 : NULL;
}

static bool
atom_octet(char c)
{
	return c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '{' &&
	    c != '"';
}

static const char *
atom(struct lex *l, const char *p, const char *end, bool stuck)
{
	size_t at = l->text.len;

	for (; p < end && atom_octet(*p); p++)
		(void)buf_addc(&l->text, *p);
	return l->text.len > at && token(l, LEX_ATOM, stuck, at) ? p : NULL;
}

static const char *
parenthesis(struct lex *l, const char *p, bool stuck)
{
	bool open = *p == '(';

	if (l->depth == (open ? LEX_DEPTH_MAX : 0))
		return NULL;
	l->depth += open ? 1U : -1U;
	return token(l, open ? LEX_OPEN : LEX_CLOSE, open && stuck,
	    l->text.len) ? p + 1 : NULL;
}

enum lex_result
lex_line(struct lex *l, const char *p, size_t n, struct lex_literal *lit)
{
	const char *end = p + n;
	bool stuck, glued = l->n > 0;

	while (p != NULL && p < end) {
		stuck = glued && token_at(l, l->n - 1)->kind != LEX_OPEN;
		glued = *p != ' ';
		if (!glued)
			p++;
		else if (!stuck && literal_at(p, end, lit))
			return l->text.err != 0 ? LEX_BIG : LEX_WANT;
		else if (*p == '(' || *p == ')')
			p = parenthesis(l, p, stuck);
		else if (*p == '"')
			p = quoted(l, p + 1, end, stuck);
		else
			p = atom(l, p, end, stuck);
	}
	if (l->text.err != 0 || l->tokens.err != 0)
		return LEX_BIG;
	return p == NULL || l->depth != 0 ? LEX_BAD : LEX_END;
}

bool
lex_tail(const char *p, size_t n, struct lex_literal *lit)
{
	const char *brace = memrchr(p, '{', n);

	return brace != NULL && literal_at(brace, p + n, lit);
}

char *
lex_literal(struct lex *l, size_t n)
{
	size_t at = l->text.len;

	if (buf_reserve(&l->text, n + 1) == -1)
		return NULL;
	memset(l->text.data + at, 0, n);
	l->text.len += n;
	return token(l, LEX_LITERAL, false, at) ?
	    (char *)l->text.data + at : NULL;
}

void
lex_tag(const char *p, size_t n, char tag[LEX_TAG_MAX + 1])
{
	size_t i;

	for (i = 0; i < n && i < LEX_TAG_MAX && atom_octet(p[i]) &&
	    strchr("+%*\\", p[i]) == NULL; i++)
		tag[i] = p[i];
	if (i == 0 || (i < n && p[i] != ' '))
		i = 0;
	tag[i] = '\0';
}

/* ---- reading them ---- */

enum {
	ATOM = 1 << LEX_ATOM,
	STRING = 1 << LEX_QUOTED | 1 << LEX_LITERAL
};

/* The next token, if it is of these kinds, and stuck or not; an atom has none
 * of `but`.  *s, or NULL, is what it says. */
static bool
take(struct lex *l, int kinds, bool stuck, const char *but, struct lex_str *s)
{
	const struct lex_token *t = l->at < l->n ? token_at(l, l->at) : NULL;
	const char *text = (const char *)l->text.data;
	bool good = t != NULL && t->stuck == stuck &&
	    kinds & 1 << t->kind &&
	    (t->kind != LEX_ATOM || strpbrk(text + t->at, but) == NULL);

	if (s != NULL)
		*s = good ? (struct lex_str){ text + t->at, t->n } :
		    (struct lex_str){ "", 0 };
	l->at += good;
	return good;
}

bool
lex_next_is(const struct lex *l, enum lex_kind kind)
{
	return l->at < l->n && token_at(l, l->at)->kind == kind &&
	    !token_at(l, l->at)->stuck;
}

bool
lex_end(const struct lex *l)
{
	return l->at == l->n;
}

bool
lex_open(struct lex *l)
{
	return take(l, 1 << LEX_OPEN, false, "", NULL);
}

bool
lex_close(struct lex *l)
{
	return take(l, 1 << LEX_CLOSE, false, "", NULL);
}

bool
lex_atom(struct lex *l, struct lex_str *s)
{
	return take(l, ATOM, false, "", s);
}

bool
lex_string(struct lex *l, struct lex_str *s)
{
	return take(l, STRING, false, "", s);
}

bool
lex_astring(struct lex *l, struct lex_str *s)
{
	return take(l, STRING | ATOM, false, "%*\\", s);
}

bool
lex_pattern(struct lex *l, struct lex_str *s)
{
	return take(l, STRING | ATOM, false, "\\", s);
}

bool
lex_stuck(struct lex *l, struct lex_str *s)
{
	return take(l, ATOM, true, "", s);
}

bool
lex_is(const struct lex_str *s, const char *word)
{
	return strlen(word) == s->n && strncasecmp(s->p, word, s->n) == 0;
}

bool
lex_one_of(struct lex *l, const struct lex_name *names, unsigned int *v)
{
	size_t was = l->at;
	struct lex_str s;

	*v = 0;
	if (!lex_atom(l, &s))
		return false;
	for (; names->name != NULL; names++)
		if (lex_is(&s, names->name)) {
			*v = names->v;
			return true;
		}
	l->at = was;
	return false;
}

bool
lex_word(struct lex *l, const char *word)
{
	const struct lex_name one[] = { { word, 0 }, { NULL, 0 } };
	unsigned int v;

	return lex_one_of(l, one, &v);
}

bool
lex_number(struct lex *l, uint64_t max, uint64_t *v)
{
	size_t was = l->at;
	struct lex_str s;

	*v = 0;
	if (lex_atom(l, &s) && num_u64(s.p, s.p + s.n, 0, max, v) == 0)
		return true;
	l->at = was;
	return false;
}
