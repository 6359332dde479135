#define _GNU_SOURCE
#include <stdlib.h>
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
}

/* What one command needed the next may need; a large one is given back. */
void
lex_reset(struct lex *l)
{
	enum { KEPT = 16 * 1024 };

	if (l->text.cap > KEPT)
		buf_clear(&l->text);
	buf_reset(&l->text);
	if (l->cap * sizeof *l->token > KEPT) {
		free(l->token);
		l->token = NULL;
		l->cap = 0;
	}
	l->n = 0;
	l->depth = 0;
}

void
lex_clear(struct lex *l)
{
	buf_clear(&l->text);
	free(l->token);
	memset(l, 0, sizeof *l);
}

/* ---- making them ---- */

static bool
token_add(struct lex *l, enum lex_kind kind, const void *p, size_t n,
    bool glued)
{
	enum lex_kind before = l->n > 0 ? l->token[l->n - 1].kind : LEX_OPEN;
	struct lex_token *t;

	if (l->n == LEX_TOKENS_MAX)
		return false;
	if (l->n == l->cap) {
		t = reallocarray(l->token, l->cap + 64, sizeof *t);
		if (t == NULL)
			return false;
		l->token = t;
		l->cap += 64;
	}
	t = &l->token[l->n];
	*t = (struct lex_token){ .kind = kind, .at = l->text.len, .n = n };
	t->stuck = glued && before != LEX_OPEN && kind != LEX_CLOSE;
	if (buf_add(&l->text, p, n) == -1 || buf_addc(&l->text, 0) == -1)
		return false;
	l->n++;
	return true;
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
quoted(struct lex *l, const char *p, const char *end, bool glued)
{
	size_t at;

	if (!token_add(l, LEX_QUOTED, "", 0, glued))
		return NULL;
	at = --l->text.len;		/* its NUL */
	for (; p < end && *p != '"'; p++) {
		if (*p == '\\' && (++p == end || (*p != '\\' && *p != '"')))
			return NULL;
		if ((unsigned char)*p < ' ' && *p != '\t')
			return NULL;
		(void)buf_addc(&l->text, *p);
	}
	if (p == end || !codec_utf8_ok(l->text.data + at, l->text.len - at))
		return NULL;
	l->token[l->n - 1].n = l->text.len - at;
	(void)buf_addc(&l->text, 0);
	return p + 1;
}

static bool
atom_octet(char c)
{
	return c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '{' &&
	    c != '"';
}

static const char *
atom(struct lex *l, const char *p, const char *end, bool glued)
{
	const char *from = p;

	while (p < end && atom_octet(*p))
		p++;
	if (p == from || !token_add(l, LEX_ATOM, from, (size_t)(p - from),
	    glued))
		return NULL;
	return p;
}

static const char *
parenthesis(struct lex *l, const char *p, bool glued)
{
	if (*p == '(' && l->depth == LEX_DEPTH_MAX)
		return NULL;
	if (*p == ')' && l->depth == 0)
		return NULL;
	l->depth += *p == '(' ? 1U : -1U;
	return token_add(l, *p == '(' ? LEX_OPEN : LEX_CLOSE, "", 0, glued) ?
	    p + 1 : NULL;
}

enum lex_result
lex_line(struct lex *l, const char *p, size_t n, struct lex_literal *lit)
{
	const char *end = p + n;
	bool glued = l->n > 0;

	while (p != NULL && p < end) {
		if (*p == ' ') {
			glued = false;
			p++;
			continue;
		}
		if ((*p == '{' || *p == '~') && literal_at(p, end, lit) &&
		    (!glued || (l->n > 0 &&
		    l->token[l->n - 1].kind == LEX_OPEN)))
			return l->text.err != 0 ? LEX_BIG : LEX_WANT;
		if (*p == '(' || *p == ')')
			p = parenthesis(l, p, glued);
		else if (*p == '"')
			p = quoted(l, p + 1, end, glued);
		else
			p = atom(l, p, end, glued);
		glued = true;
	}
	if (l->text.err != 0 || l->n == LEX_TOKENS_MAX)
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
	char *p;

	if (buf_reserve(&l->text, n + 1) == -1 ||
	    !token_add(l, LEX_LITERAL, "", 0, false))
		return NULL;
	l->token[l->n - 1].n = n;
	l->text.len--;
	p = (char *)l->text.data + l->text.len;
	memset(p, 0, n + 1);
	l->text.len += n + 1;
	return p;
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

/* NULL: there is none. */
static const struct lex_token *
next(const struct lex_at *at)
{
	return at->i < at->l->n ? &at->l->token[at->i] : NULL;
}

/* The next token, if it is of these kinds; an atom has none of `but`.  *s, or
 * NULL, is what it says. */
static bool
take(struct lex_at *at, int kinds, const char *but, struct lex_str *s)
{
	const struct lex_token *t = next(at);
	const char *text = (const char *)at->l->text.data;
	bool good = t != NULL && !t->stuck && kinds & 1 << t->kind &&
	    (t->kind != LEX_ATOM || strpbrk(text + t->at, but) == NULL);

	if (s != NULL)
		*s = good ? (struct lex_str){ text + t->at, t->n } :
		    (struct lex_str){ "", 0 };
	at->i += good;
	return good;
}

bool
lex_next_is(const struct lex_at *at, enum lex_kind kind)
{
	struct lex_at try = *at;

	return take(&try, 1 << kind, "", NULL);
}

bool
lex_end(const struct lex_at *at)
{
	return at->i == at->l->n;
}

bool
lex_open(struct lex_at *at)
{
	return take(at, 1 << LEX_OPEN, "", NULL);
}

bool
lex_close(struct lex_at *at)
{
	return take(at, 1 << LEX_CLOSE, "", NULL);
}

bool
lex_atom(struct lex_at *at, struct lex_str *s)
{
	return take(at, ATOM, "", s);
}

bool
lex_string(struct lex_at *at, struct lex_str *s)
{
	return take(at, STRING, "", s);
}

bool
lex_astring(struct lex_at *at, struct lex_str *s)
{
	return take(at, STRING | ATOM, "%*\\", s);
}

bool
lex_pattern(struct lex_at *at, struct lex_str *s)
{
	return take(at, STRING | ATOM, "\\", s);
}

bool
lex_stuck(struct lex_at *at, struct lex_str *s)
{
	const struct lex_token *t = next(at);

	*s = (struct lex_str){ "", 0 };
	if (t == NULL || !t->stuck || t->kind != LEX_ATOM)
		return false;
	*s = (struct lex_str){ (const char *)at->l->text.data + t->at, t->n };
	at->i++;
	return true;
}

bool
lex_is(const struct lex_str *s, const char *word)
{
	return strlen(word) == s->n && strncasecmp(s->p, word, s->n) == 0;
}

bool
lex_one_of(struct lex_at *at, const struct lex_name *names, unsigned int *v)
{
	struct lex_at try = *at;
	struct lex_str s;

	*v = 0;
	if (!lex_atom(&try, &s))
		return false;
	while (names->name != NULL && !lex_is(&s, names->name))
		names++;
	if (names->name == NULL)
		return false;
	*v = names->v;
	*at = try;
	return true;
}

bool
lex_word(struct lex_at *at, const char *word)
{
	const struct lex_name one[] = { { word, 0 }, { NULL, 0 } };
	unsigned int v;

	return lex_one_of(at, one, &v);
}

bool
lex_number(struct lex_at *at, uint64_t max, uint64_t *v)
{
	struct lex_at try = *at;
	struct lex_str s;

	*v = 0;
	if (!lex_atom(&try, &s) || num_u64(s.p, s.p + s.n, 0, max, v) == -1)
		return false;
	*at = try;
	return true;
}
