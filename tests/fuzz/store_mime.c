/* store: any bytes as a message; what we say of it must read back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/mime.h"
#include "store/mime_imap.h"
#include "store/mime_place.h"
#include "store/mime_row.h"
#include "store/mime_text.h"
#include "store/mtext.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
row(const struct mime *m, struct buf *b)
{
	struct parse_row r;
	struct chan_in in;

	buf_reset(b);
	if (mime_row(m, b) == -1)
		abort();
	chan_in_init(&in, b->data, b->len);
	if (!parse_row_get(&in, &r) || r.size != m->size ||
	    mime_places(r.parts, r.nparts) != m->npart)
		abort();
	parse_row_clear(&r);
}

static void
show(const struct mime *m, struct buf *b, enum parse_want want)
{
	struct parse_show s;
	struct chan_in in;

	buf_reset(b);
	if (mime_show(m, want, b) == -1)
		abort();
	chan_in_init(&in, b->data, b->len);
	if (!parse_show_get(&in, &s) || s.npart != m->npart)
		abort();
	parse_show_clear(&s);
}

/* Each path leads back to its part, unless two share it. */
static void
paths(const struct mime *m, struct buf *b)
{
	size_t i;

	for (i = 0; i < m->npart && i < 50; i++) {
		buf_reset(b);
		mime_path(m, &m->part[i], b);
		if (mime_find(m, buf_str(b)) == NULL)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mime m;
	struct buf b;
	uint8_t *p;

	(void)mtext_init();
	p = malloc(n + 1);
	if (p == NULL)
		return 0;
	if (n > 0)
		memcpy(p, data, n);
	if (mime_open(&m, p, n) == -1)
		abort();
	buf_init(&b, PARSE_ANSWER_MAX);
	row(&m, &b);
	show(&m, &b, PARSE_PLAIN);
	show(&m, &b, PARSE_HTML);
	paths(&m, &b);
	buf_clear(&b);
	mime_close(&m);
	return 0;
}
