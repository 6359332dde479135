#include <string.h>

#include "store/find.h"
#include "store/wire.h"

enum { PAGE = 12000 };		/* ranges of one reply */

/* ---- programs ---- */

void
find_prog_init(struct find_prog *p)
{
	enum { TEXT_MAX = 100 * 1024 };		/* octets; one record */

	memset(p, 0, sizeof *p);
	buf_init(&p->text, TEXT_MAX);
}

void
find_prog_clear(struct find_prog *p)
{
	buf_clear(&p->text);
}

bool
find_put(struct find_prog *p, enum find_key key)
{
	chan_put_u8(&p->text, (uint8_t)key);
	if (key == FIND_AND)
		chan_put_u32(&p->text, 0);
	return ++p->nodes <= FIND_NODES_MAX;
}

bool
find_number(struct find_prog *p, enum find_key key, int64_t v)
{
	bool good = find_put(p, key);

	p->modseq = p->modseq || key == FIND_MODSEQ;
	if (key == FIND_FLAGS)
		chan_put_u32(&p->text, (uint32_t)v);
	else
		chan_put_i64(&p->text, v);
	return good;
}

bool
find_span(struct find_prog *p, enum find_key key, int64_t from, int64_t to)
{
	bool good = find_put(p, key);

	chan_put_i64(&p->text, from);
	chan_put_i64(&p->text, to);
	return good;
}

bool
find_string(struct find_prog *p, enum find_key key, const char *name,
    const char *text)
{
	bool good = find_put(p, key);

	if (key == FIND_TEXT || key == FIND_BODY)
		p->index = true;
	if (key == FIND_HEADER)
		chan_put_str(&p->text, name);
	chan_put_str(&p->text, text);
	return good;
}

bool
find_octets(struct find_prog *p, enum find_key key, const void *v, size_t n)
{
	bool good = find_put(p, key);

	chan_put_bytes(&p->text, v, n);
	return good;
}

bool
find_uids(struct find_prog *p, const struct set *uids)
{
	bool good = find_put(p, FIND_UIDS);
	size_t i;

	chan_put_u32(&p->text, (uint32_t)uids->n);
	for (i = 0; i < uids->n; i++) {
		chan_put_u32(&p->text, uids->range[i].lo);
		chan_put_u32(&p->text, uids->range[i].hi);
	}
	return good;
}

bool
find_begin(struct find_prog *p, size_t *at)
{
	*at = p->text.len + 1;
	return find_put(p, FIND_AND) && ++p->depth <= FIND_DEPTH_MAX / 2;
}

void
find_end(struct find_prog *p, size_t at, uint32_t n)
{
	if (p->text.err == 0)
		memcpy(p->text.data + at, &n, sizeof n);
	p->depth--;
}

/* ---- client ---- */

static uint16_t
page(struct op_reply *r, struct set *out, bool *more, struct find_done *done)
{
	uint32_t n, lo, hi;

	done->n = chan_get_u32(&r->in);
	done->modseq = chan_get_u64(&r->in);
	*more = chan_get_u8(&r->in) != 0;
	for (n = chan_get_u32(&r->in); n > 0 && !r->in.bad; n--) {
		lo = chan_get_u32(&r->in);
		hi = chan_get_u32(&r->in);
		if (lo <= set_last(out) || hi < lo)
			return OP_BAD;
		if (!set_add(out, lo, hi))
			return STORE_NOMEM;
	}
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

uint16_t
view_search(int ch, struct op_reply *r, uint64_t mbox, uint32_t below,
    const struct find_prog *prog, struct set *out, struct find_done *done)
{
	struct buf args;
	bool more = true;
	uint16_t rc;

	memset(done, 0, sizeof *done);
	while (more) {
		buf_init(&args, CHAN_DATA_MAX);
		chan_put_u32(&args, (uint32_t)out->n);
		chan_put_u64(&args, mbox);
		chan_put_u32(&args, below);
		if (out->n == 0)
			(void)buf_add(&args, prog->text.data, prog->text.len);
		args.err |= prog->text.err;
		rc = wire_ask(ch, r, VIEW_SEARCH, &args, -1);
		if (rc == OP_OK)
			rc = page(r, out, &more, done);
		if (rc != OP_OK)
			return rc;
	}
	return OP_OK;
}

/* ---- the reader's side ---- */

static void
answer(struct find *f, uint32_t at, struct buf *out)
{
	size_t i, n = f->found.n > at ? f->found.n - at : 0;

	if (n > PAGE)
		n = PAGE;
	chan_put_u32(out, f->done.n);
	chan_put_u64(out, f->done.modseq);
	chan_put_u8(out, at + n < f->found.n);
	chan_put_u32(out, (uint32_t)n);
	for (i = at; i < at + n; i++) {
		chan_put_u32(out, f->found.range[i].lo);
		chan_put_u32(out, f->found.range[i].hi);
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
