#define _GNU_SOURCE	/* memrchr */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tui/message_text.h"

enum {
	SLICE = 128 * 1024	/* octets read between two keys */
};

void
message_text_init(struct message_text *mt, struct tui *t,
    void (*grown)(void *arg, size_t from), void *arg)
{
	memset(mt, 0, sizeof *mt);
	mt->t = t;
	mt->fd = -1;
	mt->grown = grown;
	mt->arg = arg;
	buf_init(&mt->all, PARSE_ANSWER_MAX);
	buf_init(&mt->tail, PARSE_ANSWER_MAX);
}

void
message_text_stop(struct message_text *mt)
{
	fetch_forget(mt->t, mt);
	loop_disarm(mt->t->loop, &mt->step);
	if (mt->fd != -1)
		close(mt->fd);
	mt->fd = -1;
	buf_clear(&mt->all);
	buf_clear(&mt->tail);
	mt->f = NULL;
}

const char *
message_text_get(const struct message_text *mt, size_t *n)
{
	if (mt->all.len > 0) {
		*n = mt->all.len;
		return (const char *)mt->all.data;
	}
	*n = mt->f->show.ntext;
	return mt->f->show.text;
}

bool
message_text_partial(const struct message_text *mt)
{
	return mt->f != NULL && (mt->f->show.flags & PARSE_MORE) != 0;
}

/* That was all of it, or all there will be. */
static void
finish(struct message_text *mt)
{
	if (mt->fd != -1)
		close(mt->fd);
	mt->fd = -1;
	buf_clear(&mt->tail);
	mt->f->show.flags &= ~(uint32_t)PARSE_MORE;
	mt->grown(mt->arg, mt->all.len);
}

/* A slice behind what is in tail; false at the end. */
static bool
read_slice(struct message_text *mt)
{
	struct buf *b = &mt->tail;
	size_t n = mt->size - mt->at < SLICE ? (size_t)(mt->size - mt->at) :
	    SLICE;
	ssize_t got;

	if (n == 0 || buf_reserve(b, n) == -1)
		return false;
	do
		got = pread(mt->fd, b->data + b->len, n, (off_t)mt->at);
	while (got == -1 && errno == EINTR);
	if (got <= 0)
		return false;
	b->len += (size_t)got;
	mt->at += (size_t)got;
	return true;
}

/* Whole lines go over, so that nothing is cut in the middle. */
static void
on_step(void *arg)
{
	struct message_text *mt = arg;
	bool more = read_slice(mt);
	const uint8_t *lf = NULL;
	size_t n = mt->tail.len, from = mt->all.len;

	if (more && mt->at < mt->size) {
		lf = n > 0 ? memrchr(mt->tail.data, '\n', n) : NULL;
		n = lf != NULL ? (size_t)(lf + 1 - mt->tail.data) : 0;
	}
	if (n > 0 && (!parse_text_ok((char *)mt->tail.data, n) ||
	    buf_add(&mt->all, mt->tail.data, n) == -1)) {
		app_error(mt->t, "decoding: the rest is no text");
		finish(mt);
		return;
	}
	if (n > 0) {
		buf_drop(&mt->tail, n);
		mt->grown(mt->arg, from);
	}
	if (more && mt->at < mt->size)
		loop_arm(mt->t->loop, &mt->step, 0);
	else
		finish(mt);
}

static void
got_text(void *arg, int fd, uint64_t size)
{
	struct message_text *mt = arg;

	mt->fd = fd;
	mt->at = 0;
	mt->size = fd != -1 ? size : 0;
	mt->step.fn = on_step;
	mt->step.arg = mt;
	on_step(mt);
}

static void
got_shape(void *arg, struct fetched *f)
{
	struct message_text *mt = arg;

	if (f == NULL) {
		finish(mt);
		return;
	}
	parse_show_clear(&mt->f->show);
	mt->f->show = f->show;
	memset(&f->show, 0, sizeof f->show);
	f->parsed = false;
	if ((mt->f->show.flags & PARSE_MORE) != 0)
		fetch_text(mt->t, mt->f->fd, mt->how, got_text, mt);
	mt->grown(mt->arg, SIZE_MAX);
}

void
message_text_start(struct message_text *mt, struct fetched *f,
    enum fetch_how how)
{
	message_text_stop(mt);
	mt->f = f;
	mt->how = how;
	if (message_text_partial(mt))
		fetch_shape(mt->t, f->fd, how, got_shape, mt);
}
