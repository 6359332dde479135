/*
 * Replies hold one octet 1 before each row and 0 after the last; then what
 * is said of the whole page.  A page ends early when its record is full.
 */
#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "store/list.h"
#include "store/op_list.h"
#include "store/op_list_parts.h"
#include "store/search.h"
#include "store/wire.h"

/* ---- sidebar ---- */

void
list_sidebar_put(struct buf *args)
{
	chan_put_u8(args, 0);
}

static bool
put_box(void *arg, const struct list_box *b)
{
	struct buf *out = arg;
	size_t before = out->len;

	chan_put_u8(out, 1);
	chan_put_u64(out, b->id);
	chan_put_str(out, b->name);
	chan_put_str(out, b->query);
	chan_put_u32(out, b->total);
	chan_put_u32(out, b->unread);
	chan_put_u64(out, b->modseq);
	return wire_fits(out, before, PAGE_TAIL);
}

bool
list_sidebar_get(struct chan_in *in, struct list_sidebar *out)
{
	struct wire w;
	struct list_box *b;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->box, &out->n, sizeof *b)) {
		b = &out->box[out->n - 1];
		b->id = chan_get_u64(in);
		b->name = wire_str(&w);
		b->query = wire_str(&w);
		b->total = chan_get_u32(in);
		b->unread = chan_get_u32(in);
		b->modseq = chan_get_u64(in);
	}
	if (w.bad || !chan_end(in)) {
		list_sidebar_clear(out);
		return false;
	}
	return true;
}

void
list_sidebar_clear(struct list_sidebar *s)
{
	free(s->box);
	free(s->text);
	memset(s, 0, sizeof *s);
}

static uint16_t
do_sidebar(void *service, struct op_call *c)
{
	uint16_t rc;

	(void)chan_get_u8(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	rc = list_each_box(service, put_box, c->out);
	chan_put_u8(c->out, 0);
	return rc;
}

uint16_t
list_sidebar(int ch, struct list_sidebar *out)
{
	struct op_reply r;
	struct buf args;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	wire_call(&args, &r);
	list_sidebar_put(&args);
	rc = op_call(ch, LIST_SIDEBAR, &args, -1, &r, LIST_WAIT_MS);
	if (rc == OP_OK && !list_sidebar_get(&r.in, out))
		rc = OP_BAD;
	wire_done(&args, &r);
	return rc;
}

/* ---- counts of a query ---- */

void
list_count_put(struct buf *args, const char *query)
{
	chan_put_str(args, query);
}

bool
list_count_get(struct chan_in *in, uint32_t *total, uint32_t *unread)
{
	*total = chan_get_u32(in);
	*unread = chan_get_u32(in);
	return chan_end(in);
}

static uint16_t
do_count(void *service, struct op_call *c)
{
	char query[LIST_QUERY_MAX + 1];
	uint32_t total, unread;
	uint16_t rc;

	chan_get_str(&c->in, query, sizeof query);
	if (!chan_end(&c->in))
		return OP_BAD;
	rc = search_count(service, query, &total, &unread);
	chan_put_u32(c->out, total);
	chan_put_u32(c->out, unread);
	return rc;
}

/* ---- threads ---- */

void
list_cursor_put(struct buf *b, const struct list_cursor *c)
{
	chan_put_i64(b, c->date);
	chan_put_u64(b, c->id);
	chan_put_str(b, c->key);
}

struct list_cursor
list_cursor_get(struct chan_in *in)
{
	struct list_cursor c;

	c.date = chan_get_i64(in);
	c.id = chan_get_u64(in);
	chan_get_str(in, c.key, sizeof c.key);
	return c;
}

void
list_threads_put(struct buf *args, const struct list_ask *ask)
{
	chan_put_u64(args, ask->mbox);
	chan_put_str(args, ask->query);
	list_cursor_put(args, &ask->from);
	chan_put_u32(args, ask->n);
	chan_put_u8(args, ask->newer);
	chan_put_u8(args, (uint8_t)ask->sort);
	chan_put_u8(args, ask->reverse);
}

static bool
put_thread(void *arg, const struct list_thread *t)
{
	struct buf *out = arg;
	size_t before = out->len;

	chan_put_u8(out, 1);
	chan_put_u64(out, t->id);
	chan_put_u64(out, t->newest);
	chan_put_i64(out, t->date);
	chan_put_u32(out, t->count);
	chan_put_u32(out, t->unread);
	chan_put_u32(out, t->flags);
	chan_put_u8(out, t->attach);
	chan_put_u64(out, t->size);
	chan_put_str(out, t->authors);
	chan_put_str(out, t->to);
	chan_put_str(out, t->subject);
	chan_put_str(out, t->tags);
	chan_put_str(out, t->msgid);
	chan_put_i64(out, t->rank);
	chan_put_str(out, t->key);
	return wire_fits(out, before, PAGE_TAIL);
}

static void
get_thread(struct wire *w, struct list_thread *t)
{
	t->id = chan_get_u64(w->in);
	t->newest = chan_get_u64(w->in);
	t->date = chan_get_i64(w->in);
	t->count = chan_get_u32(w->in);
	t->unread = chan_get_u32(w->in);
	t->flags = chan_get_u32(w->in);
	t->attach = chan_get_u8(w->in) != 0;
	t->size = chan_get_u64(w->in);
	t->authors = wire_str(w);
	t->to = wire_str(w);
	t->subject = wire_str(w);
	t->tags = wire_str(w);
	t->msgid = wire_str(w);
	t->rank = chan_get_i64(w->in);
	t->key = wire_str(w);
	w->bad = w->bad || strlen(t->key) >= LIST_KEY_MAX;
}

bool
list_threads_get(struct chan_in *in, struct list_threads *out)
{
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->row, &out->n, sizeof *out->row))
		get_thread(&w, &out->row[out->n - 1]);
	out->more = chan_get_u8(in) != 0;
	out->behind = chan_get_u8(in) != 0;
	out->next = list_cursor_get(in);
	if (w.bad || !chan_end(in)) {
		list_threads_clear(out);
		return false;
	}
	return true;
}

void
list_threads_clear(struct list_threads *t)
{
	free(t->row);
	free(t->text);
	memset(t, 0, sizeof *t);
}

static uint16_t
do_threads(void *service, struct op_call *c)
{
	char query[LIST_QUERY_MAX + 1];
	struct list_ask ask = { 0 };
	struct list_cursor next;
	bool more = false;
	uint8_t sort;
	uint16_t rc;

	ask.mbox = chan_get_u64(&c->in);
	chan_get_str(&c->in, query, sizeof query);
	ask.query = query;
	ask.from = list_cursor_get(&c->in);
	ask.n = chan_get_u32(&c->in);
	ask.newer = chan_get_u8(&c->in) != 0;
	sort = chan_get_u8(&c->in);
	ask.reverse = chan_get_u8(&c->in) != 0;
	if (!chan_end(&c->in) || ask.n == 0 || ask.n > LIST_PAGE_MAX ||
	    sort >= LIST_SORT_N || (ask.mbox == 0 && sort != LIST_BY_DATE))
		return OP_BAD;
	ask.sort = sort;
	next = ask.from;
	rc = ask.mbox != 0 ?
	    list_each_thread(service, &ask, put_thread, c->out, &next, &more) :
	    search_each_thread(service, &ask, put_thread, c->out, &next,
	    &more);
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, more);
	chan_put_u8(c->out, ask.mbox == 0 && list_behind(service));
	list_cursor_put(c->out, &next);
	return rc;
}

uint16_t
list_threads(int ch, const struct list_ask *ask, struct list_threads *out)
{
	struct op_reply r;
	struct buf args;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	wire_call(&args, &r);
	list_threads_put(&args, ask);
	rc = op_call(ch, LIST_THREADS, &args, -1, &r, LIST_WAIT_MS);
	if (rc == OP_OK && !list_threads_get(&r.in, out))
		rc = OP_BAD;
	wire_done(&args, &r);
	return rc;
}

enum { READERS = ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP) };

const struct op list_ops[] = {
	{ LIST_SIDEBAR, READERS, do_sidebar },
	{ LIST_COUNT, READERS, do_count },
	{ LIST_THREADS, READERS, do_threads },
	{ LIST_MSGS, READERS, list_do_msgs },
	{ 0, 0, NULL }
};
