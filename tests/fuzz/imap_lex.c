/* imap/lex: commands in lines and literals; what is read stays inside. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/lex.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct lex_token
token(const struct lex *l, size_t i)
{
	struct lex_token t;

	memcpy(&t, l->tokens.data + i * sizeof t, sizeof t);
	return t;
}

static void
read_all(struct lex *l)
{
	struct lex_str s;
	uint64_t v;

	while (!lex_end(l)) {
		if (lex_open(l) || lex_close(l) ||
		    lex_number(l, 1000, &v) || lex_word(l, "UID") ||
		    lex_astring(l, &s) || lex_pattern(l, &s) ||
		    lex_atom(l, &s) || lex_stuck(l, &s))
			continue;
		if (!token(l, l->at).stuck)
			abort();
		l->at++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data, *end = p + n, *lf;
	char tag[LEX_TAG_MAX + 1], *to;
	struct lex_literal lit;
	enum lex_result r = LEX_WANT;
	struct lex_token t;
	struct lex l;
	size_t i;

	lex_tag(p, n, tag);
	if (strlen(tag) > LEX_TAG_MAX)
		abort();
	lex_init(&l);
	while (r == LEX_WANT && p <= end) {
		lf = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		if (lf == NULL)
			lf = end;
		r = lex_line(&l, p, (size_t)(lf - p), &lit);
		p = lf + 1;
		if (r != LEX_WANT || p >= end ||
		    lit.octets > (uint64_t)(end - p))
			break;
		to = lex_literal(&l, (size_t)lit.octets);
		if (to == NULL)
			break;
		memcpy(to, p, (size_t)lit.octets);
		p += lit.octets;
	}
	if (l.n > LEX_TOKENS_MAX || l.depth > LEX_DEPTH_MAX)
		abort();
	for (i = 0; i < l.n && r == LEX_END; i++) {
		t = token(&l, i);
		if (t.at + t.n >= l.text.len || l.text.data[t.at + t.n] != 0)
			abort();
	}
	if (r == LEX_END)
		read_all(&l);
	lex_clear(&l);
	return 0;
}
