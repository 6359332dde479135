#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/err.h"
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

int
wire_seal(const struct buf *b)
{
	int fd = memfd_create("mailnode", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t at = 0;
	ssize_t n;

	if (fd == -1)
		return -1;
	while (at < b->len) {
		n = write(fd, b->data + at, b->len - at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			goto fail;
		at += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
	    F_SEAL_GROW | F_SEAL_WRITE) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
fail:
	close(fd);
	return -1;
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

uint16_t
wire_ask(int ch, struct op_reply *r, uint16_t op, struct buf *args,
    int wait_ms)
{
	uint16_t status;

	status = args->err != 0 ? STORE_TOOBIG :
	    op_call(ch, op, args, -1, r, wait_ms);
	buf_clear(args);
	return status;
}

uint16_t
wire_ask_str(int ch, struct op_reply *r, uint16_t op, const char *s,
    int wait_ms)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, s);
	return wire_ask(ch, r, op, &b, wait_ms);
}

void
wire_tell_u64(int ch, uint16_t op, uint64_t v)
{
	struct buf b;

	buf_init(&b, 16);
	chan_put_u64(&b, v);
	(void)op_tell(ch, op, &b, -1);
	buf_clear(&b);
}
