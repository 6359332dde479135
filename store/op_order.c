#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "store/order.h"
#include "store/wire.h"

enum {
	PAGE_SORT = 24000,	/* rows of one reply */
	PAGE_THREAD = 12000
};

/* ---- client ---- */

static uint16_t
page(struct op_reply *r, bool threads,
    bool (*fn)(void *, const struct order_row *), void *arg, uint32_t *at,
    bool *more, struct find_done *done)
{
	struct order_row row = { 0 };
	uint32_t n, bits;

	done->n = chan_get_u32(&r->in);
	done->modseq = chan_get_u64(&r->in);
	*more = chan_get_u8(&r->in) != 0;
	for (n = chan_get_u32(&r->in); n > 0 && !r->in.bad; n--) {
		row.uid = chan_get_u32(&r->in);
		bits = threads ? chan_get_u32(&r->in) : 0;
		row.closes = bits >> 1;
		row.opens = bits & 1;
		if (row.uid == 0 && !threads)
			return OP_BAD;
		(*at)++;
		if (!fn(arg, &row))
			return STORE_NOMEM;
	}
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

uint16_t
view_order(int ch, struct op_reply *r, const struct order_ask *ask,
    bool (*fn)(void *, const struct order_row *), void *arg,
    struct find_done *done)
{
	struct buf args;
	uint32_t at = 0;
	bool more = true;
	uint16_t rc;

	memset(done, 0, sizeof *done);
	while (more) {
		buf_init(&args, CHAN_DATA_MAX);
		chan_put_u32(&args, at);
		chan_put_u64(&args, ask->mbox);
		if (at == 0) {
			chan_put_u32(&args, ask->below);
			chan_put_u8(&args, (uint8_t)ask->how);
			chan_put_bytes(&args, ask->key, ask->nkey);
			(void)buf_add(&args, ask->prog->text.data,
			    ask->prog->text.len);
		}
		args.err |= ask->prog->text.err;
		rc = wire_ask(ch, r, VIEW_ORDER, &args, -1);
		if (rc == OP_OK)
			rc = page(r, ask->how != ORDER_SORT, fn, arg, &at,
			    &more, done);
		if (rc != OP_OK)
			return rc;
	}
	return OP_OK;
}

/* ---- the reader's side ---- */

void
order_free(struct order *o)
{
	if (o == NULL)
		return;
	free(o->row);
	free(o);
}

bool
order_add(struct order *o, uint32_t uid, uint32_t closes, bool opens)
{
	size_t cap = o->cap != 0 ? o->cap * 2 : 64;
	struct order_row *p;

	if (o->n == o->cap) {
		p = reallocarray(o->row, cap, sizeof *p);
		if (p == NULL)
			return false;
		o->row = p;
		o->cap = cap;
	}
	o->row[o->n++] = (struct order_row){ uid, closes, opens };
	return true;
}

static void
forget(struct reader *r)
{
	order_free(r->order);
	r->order = NULL;
}

/* One page; the last one takes all of it along. */
static void
answer(struct reader *r, uint32_t at, struct buf *out)
{
	const struct order *o = r->order;
	size_t i, n = o->n > at ? o->n - at : 0;
	size_t most = o->threads ? PAGE_THREAD : PAGE_SORT;

	if (n > most)
		n = most;
	chan_put_u32(out, o->done.n);
	chan_put_u64(out, o->done.modseq);
	chan_put_u8(out, at + n < o->n);
	chan_put_u32(out, (uint32_t)n);
	for (i = at; i < at + n; i++) {
		chan_put_u32(out, o->row[i].uid);
		if (o->threads)
			chan_put_u32(out, o->row[i].closes << 1 |
			    o->row[i].opens);
	}
	if (at + n == o->n)
		forget(r);
}

static bool
keys_ok(enum order_how how, const uint8_t *key, size_t n)
{
	size_t i;

	if (how != ORDER_SORT)
		return n == 0 && how <= ORDER_SUBJECT;
	for (i = 0; i < n; i++)
		if ((key[i] & ~(unsigned int)ORDER_REVERSE) >= ORDER_KEYS)
			return false;
	return n > 0 && n <= ORDER_KEYS_MAX;
}

static uint16_t
run(struct reader *r, struct order *o, struct op_call *c)
{
	uint32_t below = chan_get_u32(&c->in);
	enum order_how how = (enum order_how)chan_get_u8(&c->in);
	struct find *f;
	const uint8_t *key;
	uint16_t rc;
	size_t n;

	key = chan_get_bytes(&c->in, ORDER_KEYS_MAX, &n);
	if (c->in.bad || !keys_ok(how, key, n))
		return OP_BAD;
	o->threads = how != ORDER_SORT;
	f = find_new(r, o->mbox, below);
	rc = f == NULL ? STORE_NOMEM : find_build(f, &c->in);
	if (rc == OP_OK)
		rc = how == ORDER_SORT ? order_sort(o, f, key, n) :
		    order_thread(o, f, how);
	find_free(f);
	return rc;
}

static uint16_t
do_order(void *service, struct op_call *c)
{
	uint32_t at = chan_get_u32(&c->in);
	uint64_t mbox = chan_get_u64(&c->in);
	struct reader *r = service;
	enum store_err e;
	uint16_t rc;

	if (at > 0) {
		if (!chan_end(&c->in) || r->order == NULL ||
		    r->order->mbox != mbox)
			return OP_BAD;
		answer(r, at, c->out);
		return OP_OK;
	}
	forget(r);
	r->order = calloc(1, sizeof *r->order);
	if (r->order == NULL)
		return STORE_NOMEM;
	r->order->mbox = mbox;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = run(r, r->order, c);
	reader_end(r);
	if (rc == OP_OK)
		answer(r, 0, c->out);
	return rc;
}

const struct op order_ops[] = {
	{ VIEW_ORDER, ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP), do_order },
	{ 0, 0, NULL }
};
