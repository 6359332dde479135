#include <stdlib.h>
#include <zlib.h>

#include "mailnode/node/deflate.h"

enum {
	LEVEL = 4,		/* speed before size: what is large is base64 */
	MEMORY = 7,		/* 192 KiB for both directions */
	CHUNK = 16 * 1024	/* octets, at a time */
};

struct deflate {
	z_stream	 in, out;
	struct line_codec codec;
};

static int
decode(void *arg, const uint8_t *p, size_t *n, uint8_t *to, size_t *room)
{
	z_stream *z = &((struct deflate *)arg)->in;
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
	z_stream *z = &((struct deflate *)arg)->out;

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

struct deflate *
deflate_new(void)
{
	struct deflate *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->codec = (struct line_codec){ d, decode, encode };
	if (inflateInit2(&d->in, -MAX_WBITS) == Z_OK &&
	    deflateInit2(&d->out, LEVEL, Z_DEFLATED, -MAX_WBITS, MEMORY,
	    Z_DEFAULT_STRATEGY) == Z_OK)
		return d;
	deflate_free(d);
	return NULL;
}

void
deflate_free(struct deflate *d)
{
	if (d == NULL)
		return;
	(void)inflateEnd(&d->in);
	(void)deflateEnd(&d->out);
	free(d);
}

const struct line_codec *
deflate_codec(const struct deflate *d)
{
	return &d->codec;
}
