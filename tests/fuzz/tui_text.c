/* Bytes of a message on their way to the terminal: cells, wrapped lines,
 * and what must never come out. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tui/doc.h"
#include "tui/text.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct text_cell *c)
{
	unsigned int i;

	if (c->n == 0 || c->n > 1 + TEXT_MARKS_MAX || c->width < 1 ||
	    c->width > 2)
		abort();
	for (i = 0; i < c->n; i++)
		if (c->ch[i] < ' ' || (c->ch[i] >= 0x7f && c->ch[i] < 0xa0) ||
		    (c->ch[i] >= 0x202a && c->ch[i] <= 0x202e))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ready;
	const char *s = (const char *)data, *end = s + size;
	struct text_cell c;
	struct doc d;
	size_t cols;

	if (!ready++ && setlocale(LC_CTYPE, "C.UTF-8") != NULL)
		text_init();
	while (text_next(&s, end, &c))
		check(&c);
	if (s != end)
		abort();
	doc_init(&d);
	doc_body(&d, (const char *)data, size, size % 2 == 0);
	for (cols = 1; cols < 100; cols += 33) {
		doc_layout(&d, cols);
		(void)doc_find(&d, "a", 0, false);
		doc_hide_quoted(&d, cols > 50);
	}
	doc_clear(&d);
	return 0;
}
