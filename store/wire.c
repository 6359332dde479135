#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>

#include "store/wire.h"

enum { FIRST_ROWS = 16 };

/* Each string stands behind a length of four octets, so that the text and
 * the NULs of all of them need no more room than the payload. */
bool
wire_init(struct wire *w, struct chan_in *in, char **text)
{
	size_t room = (size_t)(in->end - in->p) + 1;

	memset(w, 0, sizeof *w);
	w->in = in;
	*text = w->at = malloc(room);
	w->end = w->at + (w->at != NULL ? room : 0);
	return w->at != NULL;
}

bool
wire_row(struct wire *w, void **rows, size_t *n, size_t size)
{
	size_t cap;
	uint8_t mark;
	void *p;

	mark = chan_get_u8(w->in);
	w->bad = w->bad || w->in->bad || mark > 1;
	if (w->bad || mark == 0)
		return false;
	if (*n == w->cap) {
		cap = w->cap > 0 ? w->cap * 2 : FIRST_ROWS;
		p = reallocarray(*rows, cap, size);
		if (p == NULL) {
			w->bad = true;
			return false;
		}
		*rows = p;
		w->cap = cap;
	}
	memset((char *)*rows + *n * size, 0, size);
	++*n;
	return true;
}

const char *
wire_str(struct wire *w)
{
	const uint8_t *p;
	char *s = w->at;
	size_t n;

	p = chan_get_bytes(w->in, CHAN_DATA_MAX * 1024u, &n);
	if (p == NULL || memchr(p, '\0', n) != NULL ||
	    (size_t)(w->end - w->at) < n + 1) {
		w->bad = true;
		return "";
	}
	memcpy(s, p, n);
	s[n] = '\0';
	w->at += n + 1;
	return s;
}

bool
wire_fits(struct buf *out, size_t before, size_t tail)
{
	if (!out->err && out->len + tail <= out->max)
		return true;
	out->err = 0;
	out->len = before;
	return false;
}

void
wire_call(struct buf *args, struct op_reply *r)
{
	buf_init(args, CHAN_DATA_MAX);
	op_reply_init(r);
}

void
wire_done(struct buf *args, struct op_reply *r)
{
	buf_clear(args);
	op_reply_clear(r);
}
