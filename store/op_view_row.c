/* The rows of a mailbox, of op_view.h: the client's side, then the reader's. */
#include <sqlite3.h>
#include <string.h>

#include "store/err.h"
#include "store/view.h"
#include "store/wire.h"

/* ---- client ---- */

uint16_t
view_rows(int ch, struct op_reply *r, struct view_ask *ask)
{
	struct buf args;
	uint32_t lo;
	uint16_t rc;
	size_t i;

	ask->sent = 0;
	if (ask->done)
		return OP_OK;
	if (ask->since == 0) {
		while (ask->skip < ask->n &&
		    ask->range[ask->skip].hi < ask->at_uid)
			ask->skip++;
		ask->sent = ask->n - ask->skip;
		if (ask->sent > VIEW_RANGES_MAX)
			ask->sent = VIEW_RANGES_MAX;
	}
	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u64(&args, ask->mbox);
	chan_put_u32(&args, ask->cols);
	chan_put_u64(&args, ask->at_modseq > ask->since ? ask->at_modseq :
	    ask->since);
	chan_put_u64(&args, ask->upto != 0 ? ask->upto : INT64_MAX);
	chan_put_u32(&args, ask->at_uid);
	chan_put_u32(&args, (uint32_t)ask->sent);
	for (i = 0; i < ask->sent; i++) {
		lo = ask->range[ask->skip + i].lo;
		chan_put_u32(&args, lo > ask->at_uid ? lo : ask->at_uid);
		chan_put_u32(&args, ask->range[ask->skip + i].hi);
	}
	rc = view_call(ch, VIEW_ROWS, &args, r);
	if (rc != OP_OK)
		return rc;
	return r->in.bad ? OP_BAD : OP_OK;
}

static const char *
get_text(struct chan_in *in)
{
	size_t n;
	const char *s = (const char *)chan_get_bytes(in, CHAN_DATA_MAX, &n);

	if (s == NULL || n == 0 || s[n - 1] != '\0') {
		in->bad = true;
		return "";
	}
	return s;
}

void
view_get_blob(struct chan_in *in, const uint8_t **p, size_t *n)
{
	uint32_t all = chan_get_u32(in);

	*p = chan_get_bytes(in, CHAN_DATA_MAX, n);
	if (!in->bad && *n == 0 && all > 0)
		*p = NULL;
	*n = all;
}

/* Where the next page starts stands at the end of this one. */
static void
page_end(struct chan_in *in, struct view_ask *ask)
{
	size_t next = ask->skip + ask->sent;
	bool more;

	more = chan_get_u8(in) != 0;
	ask->at_modseq = chan_get_u64(in);
	ask->at_uid = chan_get_u32(in);
	if (!chan_end(in))
		ask->done = true;
	else if (!more && ask->since == 0 && next < ask->n)
		ask->at_uid = ask->range[next].lo;
	else
		ask->done = !more;
}

static void
get_exact(struct chan_in *in, uint8_t *dst, size_t size)
{
	const uint8_t *p;
	size_t n;

	p = chan_get_bytes(in, size, &n);
	if (n == size)
		memcpy(dst, p, n);
	else
		in->bad = true;
}

bool
view_row_next(struct op_reply *r, struct view_ask *ask,
    struct view_row *row)
{
	struct chan_in *in = &r->in;

	memset(row, 0, sizeof *row);
	row->tags = row->snippet = "";
	if (ask->done && in->p == in->end)
		return false;
	row->uid = chan_get_u32(in);
	if (row->uid == 0) {
		page_end(in, ask);
		return false;
	}
	row->flags = chan_get_u32(in);
	row->id = chan_get_u64(in);
	row->modseq = chan_get_u64(in);
	if (ask->cols & VIEW_TAG)
		row->tags = get_text(in);
	if (ask->cols & VIEW_META) {
		row->wire = chan_get_u64(in);
		row->received = chan_get_i64(in);
		row->saved = chan_get_i64(in);
	}
	if (ask->cols & VIEW_ENV)
		view_get_blob(in, &row->env, &row->nenv);
	if (ask->cols & VIEW_BODY)
		view_get_blob(in, &row->body, &row->nbody);
	if (ask->cols & VIEW_TEXT) {
		row->snippet = get_text(in);
		row->thread = chan_get_u64(in);
	}
	if (ask->cols & VIEW_IDS) {
		get_exact(in, row->hash, sizeof row->hash);
		get_exact(in, row->root, sizeof row->root);
	}
	if (in->bad)
		ask->done = true;
	return !in->bad;
}

uint16_t
view_modseq(int ch, struct op_reply *r, uint64_t mbox,
    const struct set *uids, uint64_t *modseq)
{
	struct view_ask ask = { .mbox = mbox, .range = uids->range,
	    .n = uids->n, .done = uids->n == 0 };
	struct view_row row;
	uint16_t rc = OP_OK;

	*modseq = 0;
	while (rc == OP_OK && !ask.done) {
		rc = view_rows(ch, r, &ask);
		while (rc == OP_OK && view_row_next(r, &ask, &row))
			if (row.modseq > *modseq)
				*modseq = row.modseq;
	}
	return rc;
}

/* ---- the reader's side ---- */

enum { PAGE_TAIL = 64 };		/* octets behind the rows */

static void
put_text(struct buf *out, const char *s)
{
	chan_put_bytes(out, s, strlen(s) + 1);
}

void
view_put_blob(struct buf *out, const uint8_t *p, size_t n)
{
	chan_put_u32(out, (uint32_t)n);
	chan_put_bytes(out, p, n <= VIEW_INLINE_MAX ? n : 0);
}

static bool
put_row(void *arg, uint32_t cols, const struct view_row *row)
{
	struct buf *out = arg;
	size_t before = out->len;

	chan_put_u32(out, row->uid);
	chan_put_u32(out, row->flags);
	chan_put_u64(out, row->id);
	chan_put_u64(out, row->modseq);
	if (cols & VIEW_TAG)
		put_text(out, row->tags);
	if (cols & VIEW_META) {
		chan_put_u64(out, row->wire);
		chan_put_i64(out, row->received);
		chan_put_i64(out, row->saved);
	}
	if (cols & VIEW_ENV)
		view_put_blob(out, row->env, row->nenv);
	if (cols & VIEW_BODY)
		view_put_blob(out, row->body, row->nbody);
	if (cols & VIEW_TEXT) {
		put_text(out, row->snippet);
		chan_put_u64(out, row->thread);
	}
	if (cols & VIEW_IDS) {
		chan_put_bytes(out, row->hash, sizeof row->hash);
		chan_put_bytes(out, row->root, sizeof row->root);
	}
	return wire_fits(out, before, PAGE_TAIL);
}

static uint16_t
do_rows(void *service, struct op_call *c)
{
	struct set_range range[VIEW_RANGES_MAX];
	struct view_scan s = { .range = range };
	struct reader *r = service;
	enum store_err e;
	size_t i;
	int rc;

	s.mbox = chan_get_u64(&c->in);
	s.cols = chan_get_u32(&c->in);
	s.since = chan_get_u64(&c->in);
	s.upto = chan_get_u64(&c->in);
	s.at_uid = chan_get_u32(&c->in);
	s.n = chan_get_u32(&c->in);
	if (c->in.bad || s.n > VIEW_RANGES_MAX)
		return OP_BAD;
	for (i = 0; i < s.n; i++) {
		range[i].lo = chan_get_u32(&c->in);
		range[i].hi = chan_get_u32(&c->in);
	}
	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = view_each_row(r, &s, put_row, c->out);
	chan_put_u32(c->out, 0);
	chan_put_u8(c->out, s.more);
	chan_put_u64(c->out, s.at_modseq);
	chan_put_u32(c->out, s.at_uid);
	return view_end(r, rc);
}

enum { READERS = ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP) };

const struct op view_row_ops[] = {
	{ VIEW_ROWS,	READERS, do_rows },
	{ 0, 0, NULL }
};
