#include <string.h>

#include "store/find.h"
#include "store/wire.h"

enum { PAGE = 12000 };		/* ranges of one reply */

/* ---- client ---- */

static uint16_t
page(struct op_reply *r, bool (*fn)(void *, uint32_t, uint32_t), void *arg,
    uint32_t *at, bool *more, struct find_done *done)
{
	uint32_t n, lo, hi, before = 0;

	done->n = chan_get_u32(&r->in);
	done->modseq = chan_get_u64(&r->in);
	*more = chan_get_u8(&r->in) != 0;
	for (n = chan_get_u32(&r->in); n > 0 && !r->in.bad; n--) {
		lo = chan_get_u32(&r->in);
		hi = chan_get_u32(&r->in);
		if (lo <= before || hi < lo)
			return OP_BAD;
		before = hi;
		(*at)++;
		if (!fn(arg, lo, hi))
			return STORE_NOMEM;
	}
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

uint16_t
view_search(int ch, struct op_reply *r, uint64_t mbox, uint32_t below,
    const struct buf *prog, bool (*fn)(void *, uint32_t, uint32_t),
    void *arg, struct find_done *done)
{
	struct buf args;
	uint32_t at = 0;
	bool more = true;
	uint16_t rc;

	memset(done, 0, sizeof *done);
	while (more) {
		buf_init(&args, CHAN_DATA_MAX);
		chan_put_u32(&args, at);
		chan_put_u64(&args, mbox);
		chan_put_u32(&args, below);
		if (at == 0)
			(void)buf_add(&args, prog->data, prog->len);
		rc = args.err != 0 ? STORE_TOOBIG :
		    op_call(ch, VIEW_SEARCH, &args, -1, r, -1);
		buf_clear(&args);
		if (rc == OP_OK)
			rc = page(r, fn, arg, &at, &more, done);
		if (rc != OP_OK)
			return rc;
	}
	return OP_OK;
}

/* ---- the reader's side ---- */

static void
answer(struct find *f, uint32_t at, struct buf *out)
{
	size_t i, n = f->nfound > at ? f->nfound - at : 0;

	if (n > PAGE)
		n = PAGE;
	chan_put_u32(out, f->done.n);
	chan_put_u64(out, f->done.modseq);
	chan_put_u8(out, at + n < f->nfound);
	chan_put_u32(out, (uint32_t)n);
	for (i = at; i < at + n; i++) {
		chan_put_u32(out, f->found[i].lo);
		chan_put_u32(out, f->found[i].hi);
	}
}

static void
forget(struct reader *r)
{
	find_free(r->find);
	r->find = NULL;
}

/* The first page searches, the others are of what was found. */
static uint16_t
do_search(void *service, struct op_call *c)
{
	uint32_t at = chan_get_u32(&c->in);
	uint64_t mbox = chan_get_u64(&c->in);
	uint32_t below = chan_get_u32(&c->in);
	struct reader *r = service;
	uint16_t rc = OP_OK;
	enum store_err e;
	int code;

	if (at > 0) {
		if (!chan_end(&c->in) || r->find == NULL ||
		    r->find->mbox != mbox)
			return OP_BAD;
		answer(r->find, at, c->out);
		return OP_OK;
	}
	forget(r);
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	r->find = find_new(r, mbox, below);
	rc = r->find == NULL ? STORE_NOMEM : find_build(r->find, &c->in);
	if (rc == OP_OK) {
		code = find_run(r->find);
		if (code != SQLITE_OK)
			rc = (uint16_t)store_err_sqlite(code);
	}
	reader_end(r);
	if (rc == OP_OK)
		answer(r->find, 0, c->out);
	return rc;
}

const struct op find_ops[] = {
	{ VIEW_SEARCH, ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP),
	    do_search },
	{ 0, 0, NULL }
};
