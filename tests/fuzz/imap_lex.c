/* imap/lex: commands in lines and literals; what is read stays inside. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/lex.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_all(const struct lex *l)
{
	struct lex_at at = { l, 0 };
	struct lex_str s;
	uint64_t v;

	while (!lex_end(&at)) {
		if (lex_open(&at) || lex_close(&at) ||
		    lex_number(&at, 1000, &v) || lex_word(&at, "UID") ||
		    lex_astring(&at, &s) || lex_pattern(&at, &s) ||
		    lex_atom(&at, &s) || lex_stuck(&at, &s))
			continue;
		if (!l->token[at.i].stuck)
			abort();
		at.i++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data, *end = p + n, *lf;
	char tag[LEX_TAG_MAX + 1], *to;
	struct lex_literal lit;
	enum lex_result r = LEX_WANT;
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
	for (i = 0; i < l.n && r == LEX_END; i++)
		if (l.token[i].at + l.token[i].n >= l.text.len ||
		    l.text.data[l.token[i].at + l.token[i].n] != 0)
			abort();
	if (r == LEX_END)
		read_all(&l);
	lex_clear(&l);
	return 0;
}
