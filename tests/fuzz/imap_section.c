/* imap/section, store/part, store/mime_short: items of FETCH, and a parser's answers that
 * may be anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/imap/section.h"
#include "store/mime_short.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { SIZE = 1000 };

/* The parts are in no file: only how much of it is asked for matters. */
static void
parts(const struct section *sec, const uint8_t *p, size_t n)
{
	struct view_file f = { .fd = -1, .size = SIZE, .wire = SIZE + 10 };
	struct part at;

	buf_init(&f.parts, n);
	(void)buf_add(&f.parts, p, n);
	if (part_find(&f, &sec->want, &at) &&
	    (at.at > SIZE || at.n > SIZE - at.at))
		abort();
	part_clear(&at);
	buf_clear(&f.parts);
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
	struct buf out;
	struct lex l;

	lex_init(&l);
	buf_init(&out, 1024 * 1024);
	(void)lex_line(&l, (const char *)data, line, &lit);
	if (lex_atom(&l, &word)) {
		if (section_parse(&l, &word, &sec)) {
			section_label(&sec, &out);
			parts(&sec, rest, nrest);
			(void)field_pick(sec.want.field, sec.want.nfield,
			    sec.want.what == PART_NOT, (const char *)rest,
			    (const char *)rest + nrest, &out);
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
