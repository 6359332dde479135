/* imap/section, store/mime_short: items of FETCH, and a parser's answers that
 * may be anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/section.h"
#include "store/mime_short.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { SIZE = 1000 };

static void
parts(const struct section *sec, const uint8_t *p, size_t n)
{
	struct section_place at;

	if (section_place(sec, p, n, SIZE, SIZE + 10, &at) &&
	    (at.at > SIZE || at.n > SIZE - at.at ||
	    at.head > SIZE || at.nhead > SIZE - at.head))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *lf = n > 0 ? memchr(data, '\n', n) : NULL;
	size_t line = lf != NULL ? (size_t)(lf - data) : n;
	const uint8_t *rest = lf != NULL ? lf + 1 : data + n;
	size_t nrest = n - (size_t)(rest - data);
	struct lex_literal lit;
	struct section sec;
	struct lex_str word;
	struct lex_at at;
	struct buf out;
	struct lex l;

	lex_init(&l);
	buf_init(&out, 1024 * 1024);
	(void)lex_line(&l, (const char *)data, line, &lit);
	at = (struct lex_at){ &l, 0 };
	if (lex_atom(&at, &word)) {
		if (section_parse(&at, &word, &sec)) {
			section_label(&sec, &out);
			parts(&sec, rest, nrest);
			(void)section_fields(&sec, (const char *)rest, nrest,
			    &out);
		}
		section_clear(&sec);
	}
	buf_reset(&out);
	mime_short(&out, rest, nrest);
	if (out.len > nrest + 3)
		abort();
	buf_clear(&out);
	lex_clear(&l);
	return 0;
}
