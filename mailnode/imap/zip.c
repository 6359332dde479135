#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "mailnode/imap/talk.h"
#include "mailnode/imap/zip.h"

enum {
	LEVEL = 4,		/* speed before size: what is large is base64 */
	MEMORY = 7,		/* 192 KiB for both directions */
	CHUNK = 16 * 1024	/* octets, at a time */
};

struct compress {
	z_stream	 in, out;
	struct line_codec codec;
};

static int
decode(void *arg, const uint8_t *p, size_t *n, uint8_t *to, size_t *room)
{
	z_stream *z = &((struct compress *)arg)->in;
	uInt had = (uInt)*n, free_room = (uInt)*room;
	int rc;

	z->next_in = (z_const Bytef *)(uintptr_t)p;
	z->avail_in = had;
	z->next_out = to;
	z->avail_out = free_room;
	rc = inflate(z, Z_SYNC_FLUSH);
	*n = had - z->avail_in;
	*room = free_room - z->avail_out;
	/* A stream that ends has no place in RFC 4978. */
	return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : -1;
}

static int
encode(void *arg, const void *p, size_t n, struct buf *out)
{
	z_stream *z = &((struct compress *)arg)->out;

	z->next_in = (z_const Bytef *)(uintptr_t)p;
	z->avail_in = (uInt)n;
	do {
		if (buf_reserve(out, CHUNK) == -1)
			return -1;
		z->next_out = out->data + out->len;
		z->avail_out = CHUNK;
		if (deflate(z, Z_SYNC_FLUSH) == Z_STREAM_ERROR)
			return -1;
		out->len += CHUNK - z->avail_out;
	} while (z->avail_out == 0);
	return 0;
}

void
zip_free(struct session *s)
{
	if (s->compress == NULL)
		return;
	(void)inflateEnd(&s->compress->in);
	(void)deflateEnd(&s->compress->out);
	free(s->compress);
	s->compress = NULL;
}

static bool
begin(struct session *s)
{
	struct compress *c = calloc(1, sizeof *c);

	if (c == NULL)
		return false;
	s->compress = c;
	c->codec = (struct line_codec){ c, decode, encode };
	return inflateInit2(&c->in, -MAX_WBITS) == Z_OK &&
	    deflateInit2(&c->out, LEVEL, Z_DEFLATED, -MAX_WBITS, MEMORY,
	    Z_DEFAULT_STRATEGY) == Z_OK;
}

void
on_compress(struct session *s, struct lex_at *at)
{
	if (!lex_word(at, "DEFLATE") || !lex_end(at))
		return;
	if (s->compress != NULL) {
		reply_no(s, "COMPRESSIONACTIVE", "so it is already");
		return;
	}
	if (!begin(s)) {
		zip_free(s);
		reply_no(s, "UNAVAILABLE", "out of memory");
		return;
	}
	reply_ok(s, "", "from here on");
	answer_out(s);
	if (line_code(s->line, &s->compress->codec) != LINE_OK)
		imap_end(s, "compress");
}
