#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/err.h"
#include "store/op_box.h"
#include "store/op_view.h"
#include "store/reader.h"
#include "store/view.h"
#include "store/wire.h"

/* ---- client ---- */

uint16_t
view_call(int ch, uint16_t type, struct buf *args, struct op_reply *r)
{
	return wire_ask(ch, r, type, args, VIEW_WAIT_MS);
}

static void
get_numbers(struct chan_in *in, struct view_box *b)
{
	b->id = chan_get_u64(in);
	b->uidvalidity = chan_get_u32(in);
	b->uidnext = chan_get_u32(in);
	b->modseq = chan_get_u64(in);
	b->total = chan_get_u32(in);
	b->unread = chan_get_u32(in);
	b->deleted = chan_get_u32(in);
	b->size = chan_get_u64(in);
	b->deleted_size = chan_get_u64(in);
	b->unseen = chan_get_u32(in);
	b->told = chan_get_u32(in);
	b->recent = chan_get_u32(in);
}

static void
put_numbers(struct buf *out, const struct view_box *b)
{
	chan_put_u64(out, b->id);
	chan_put_u32(out, b->uidvalidity);
	chan_put_u32(out, b->uidnext);
	chan_put_u64(out, b->modseq);
	chan_put_u32(out, b->total);
	chan_put_u32(out, b->unread);
	chan_put_u32(out, b->deleted);
	chan_put_u64(out, b->size);
	chan_put_u64(out, b->deleted_size);
	chan_put_u32(out, b->unseen);
	chan_put_u32(out, b->told);
	chan_put_u32(out, b->recent);
}

/* One page of names; *more: ask again behind the last. */
static bool
get_boxes(struct chan_in *in, struct view_boxes *out, bool *more)
{
	char *text = NULL, **p;
	struct wire w;
	struct view_box b = { 0 };
	void *rows = out->box;

	if (!wire_init(&w, in, &text))
		return false;
	p = reallocarray(out->text, out->ntext + 1, sizeof *p);
	if (p == NULL) {
		free(text);
		return false;
	}
	out->text = p;
	out->text[out->ntext++] = text;
	w.cap = out->n;
	while (wire_row(&w, &rows, &out->n, sizeof *out->box)) {
		out->box = rows;
		get_numbers(in, &b);
		b.name = wire_str(&w);
		out->box[out->n - 1] = b;
	}
	*more = chan_get_u8(in) != 0;
	return !w.bad && chan_end(in);
}

uint16_t
view_boxes(int ch, struct op_reply *r, uint32_t want, struct view_boxes *out)
{
	struct buf args;
	bool more = true;
	uint16_t rc = OP_OK;

	memset(out, 0, sizeof *out);
	while (rc == OP_OK && more) {
		buf_init(&args, CHAN_DATA_MAX);
		chan_put_u32(&args, want);
		chan_put_str(&args, out->n > 0 ?
		    out->box[out->n - 1].name : "");
		rc = view_call(ch, VIEW_BOXES, &args, r);
		if (rc == OP_OK && !get_boxes(&r->in, out, &more))
			rc = OP_BAD;
	}
	if (rc != OP_OK)
		view_boxes_clear(out);
	return rc;
}

void
view_boxes_clear(struct view_boxes *b)
{
	size_t i;

	for (i = 0; i < b->ntext; i++)
		free(b->text[i]);
	free(b->text);
	free(b->box);
	memset(b, 0, sizeof *b);
}

/* Sent with its NUL, so that who asked may borrow it; NULL: malformed. */
static const char *
get_text(struct chan_in *in)
{
	size_t n;
	const char *p = (const char *)chan_get_bytes(in, CHAN_DATA_MAX, &n);

	return !in->bad && n > 0 && p[n - 1] == '\0' ? p : NULL;
}

uint16_t
view_box(int ch, struct op_reply *r, const char *name, uint32_t want,
    struct view_box *out)
{
	struct buf args;
	uint16_t rc;

	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u32(&args, want);
	chan_put_u64(&args, name == NULL ? out->id : 0);
	chan_put_str(&args, name);
	rc = view_call(ch, VIEW_BOX, &args, r);
	if (rc != OP_OK)
		return rc;
	get_numbers(&r->in, out);
	out->name = get_text(&r->in);
	out->keywords = get_text(&r->in);
	return out->name != NULL && out->keywords != NULL &&
	    chan_end(&r->in) ? OP_OK : OP_BAD;
}

uint16_t
view_room(int ch, struct op_reply *r, uint64_t *used, uint64_t *left)
{
	struct buf args;
	uint16_t rc;

	buf_init(&args, 0);
	rc = view_call(ch, VIEW_ROOM, &args, r);
	*used = chan_get_u64(&r->in);
	*left = chan_get_u64(&r->in);
	return rc != OP_OK || chan_end(&r->in) ? rc : OP_BAD;
}

uint16_t
view_uids(int ch, struct op_reply *r, uint64_t mbox, uint32_t from,
    uint32_t below, uint64_t since, struct set *out)
{
	struct buf args;
	uint32_t n, lo, hi, next;
	uint16_t rc;

	while (from < below) {
		buf_init(&args, 64);
		chan_put_u64(&args, mbox);
		chan_put_u32(&args, from);
		chan_put_u32(&args, below);
		chan_put_u64(&args, since);
		rc = view_call(ch, VIEW_UIDS, &args, r);
		if (rc != OP_OK)
			return rc;
		next = chan_get_u32(&r->in);
		if (next <= from)
			return OP_BAD;	/* it would go on for ever */
		from = next;
		for (n = chan_get_u32(&r->in); n > 0 && !r->in.bad; n--) {
			lo = chan_get_u32(&r->in);
			hi = chan_get_u32(&r->in);
			if (lo == 0 || hi < lo || hi >= below)
				return OP_BAD;
			if (!set_add(out, lo, hi))
				return STORE_NOMEM;
		}
		if (!chan_end(&r->in))
			return OP_BAD;
	}
	return OP_OK;
}

uint16_t
view_gone(int ch, struct op_reply *r, uint64_t mbox, uint64_t since,
    uint64_t upto, struct set *out, bool *whole)
{
	uint32_t n, uid = 0;
	struct buf args;
	uint16_t rc;
	bool more = true;

	*whole = true;
	while (more) {
		buf_init(&args, 64);
		chan_put_u64(&args, mbox);
		chan_put_u64(&args, since);
		chan_put_u32(&args, uid);
		chan_put_u64(&args, upto);
		rc = view_call(ch, VIEW_GONE, &args, r);
		if (rc != OP_OK)
			return rc;
		*whole = chan_get_u8(&r->in) && *whole;
		more = chan_get_u8(&r->in);
		since = chan_get_u64(&r->in);
		for (n = chan_get_u32(&r->in); n > 0 && !r->in.bad; n--) {
			uid = chan_get_u32(&r->in);
			if (!set_note(out, uid))
				return STORE_NOMEM;
		}
		if (!chan_end(&r->in))
			return OP_BAD;
	}
	set_order(out);
	return OP_OK;
}

uint16_t
view_vanished(int ch, struct op_reply *r, const struct view_then *t,
    struct set *out)
{
	struct set gone = { 0 }, here = { 0 }, told = { 0 }, both = { 0 };
	bool whole = true, good = t->below <= 1 ||
	    set_add(&told, 1, t->below - 1);
	uint16_t rc;

	rc = view_gone(ch, r, t->mbox, t->since, t->upto, &gone, &whole);
	if (rc == OP_OK && !whole)
		rc = view_uids(ch, r, t->mbox, 1, t->below, UINT64_MAX,
		    &here);
	good = good && set_both(t->known != NULL ? t->known : &told, &told,
	    &both);
	good = good && (whole ? set_both(&gone, &both, out) :
	    set_less(&both, &here, out));
	set_clear(&gone);
	set_clear(&here);
	set_clear(&told);
	set_clear(&both);
	return rc == OP_OK && !good ? STORE_NOMEM : rc;
}

/* ---- the reader's side ---- */

enum { PAGE_TAIL = 64 };		/* octets behind the rows */

uint16_t
view_end(struct reader *r, int rc)
{
	reader_end(r);
	if (rc == SQLITE_OK)
		return OP_OK;
	return rc == SQLITE_DONE ? STORE_NOTFOUND :
	    (uint16_t)store_err_sqlite(rc);
}

static bool
put_box(void *arg, const struct view_box *b)
{
	struct buf *out = arg;
	size_t before = out->len;

	chan_put_u8(out, 1);
	put_numbers(out, b);
	chan_put_str(out, b->name);
	return wire_fits(out, before, PAGE_TAIL);
}

static uint16_t
do_boxes(void *service, struct op_call *c)
{
	char after[BOX_NAME_MAX];
	uint32_t want = chan_get_u32(&c->in);
	struct reader *r = service;
	bool more = false;
	enum store_err e;
	int rc;

	chan_get_str(&c->in, after, sizeof after);
	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = view_each_box(r, after, want, put_box, c->out, &more);
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, more);
	return view_end(r, rc);
}

static bool
put_one_box(void *arg, const struct view_box *b)
{
	put_numbers(arg, b);
	chan_put_bytes(arg, b->name, strlen(b->name) + 1);
	chan_put_bytes(arg, b->keywords, strlen(b->keywords) + 1);
	return true;
}

static uint16_t
do_box(void *service, struct op_call *c)
{
	char name[BOX_NAME_MAX];
	uint32_t want = chan_get_u32(&c->in);
	uint64_t id = chan_get_u64(&c->in);
	struct reader *r = service;
	enum store_err e;

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	return view_end(r, view_one_box(r, id, name, want, put_one_box, c->out));
}

static uint16_t
do_room(void *service, struct op_call *c)
{
	struct reader *r = service;
	uint64_t used, left;
	enum store_err e;
	int rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = view_disk(r, &used, &left);
	chan_put_u64(c->out, used);
	chan_put_u64(c->out, left);
	return view_end(r, rc);
}

/* Ranges behind a count that is known at the end. */
struct page {
	struct buf	*out;
	size_t		 at;		/* of the count */
	uint32_t	 n, lo, hi;
	uint32_t	 max;		/* ranges, or numbers */
};

static void
page_put(struct page *p)
{
	chan_put_u32(p->out, p->lo);
	chan_put_u32(p->out, p->hi);
	p->n++;
}

static bool
put_uids(void *arg, uint32_t lo, uint32_t hi)
{
	struct page *p = arg;

	if (p->lo != 0 && lo == p->hi + 1) {
		p->hi = hi;
		return true;
	}
	if (p->lo != 0)
		page_put(p);
	p->lo = p->n < p->max ? lo : 0;
	p->hi = p->lo != 0 ? hi : lo;
	return p->lo != 0;
}

static uint16_t
do_uids(void *service, struct op_call *c)
{
	struct view_span s = { 0 };
	struct page p = { .out = c->out, .max = VIEW_RANGES_MAX };
	struct reader *r = service;
	enum store_err e;
	int rc;

	s.mbox = chan_get_u64(&c->in);
	s.from = chan_get_u32(&c->in);
	s.below = chan_get_u32(&c->in);
	s.since = chan_get_u64(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	chan_put_u32(c->out, s.below);
	chan_put_u32(c->out, 0);
	rc = view_each_uid(r, &s, put_uids, &p);
	if (p.lo != 0)
		page_put(&p);
	if (rc == SQLITE_ROW) {		/* stopped: go on from there */
		memcpy(c->out->data, &p.hi, sizeof p.hi);
		rc = SQLITE_OK;
	}
	memcpy(c->out->data + 4, &p.n, sizeof p.n);
	return view_end(r, rc);
}

static uint16_t
do_gone(void *service, struct op_call *c)
{
	uint32_t uid[VIEW_RANGES_MAX], n = 0, i;
	struct view_lost l = { .uid = uid, .max = VIEW_RANGES_MAX };
	struct reader *r = service;
	enum store_err e;
	int rc;

	l.mbox = chan_get_u64(&c->in);
	l.since = chan_get_u64(&c->in);
	l.at_uid = chan_get_u32(&c->in);
	l.upto = chan_get_u64(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	e = reader_begin(r);
	if (e != STORE_OK)
		return (uint16_t)e;
	rc = view_lost(r, &l);
	chan_put_u8(c->out, l.whole);
	chan_put_u8(c->out, l.more);
	chan_put_u64(c->out, l.at_modseq);
	n = (uint32_t)l.n;
	chan_put_u32(c->out, n);
	for (i = 0; i < n; i++)
		chan_put_u32(c->out, uid[i]);
	return view_end(r, rc);
}

enum { READERS = ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP) };

const struct op view_ops[] = {
	{ VIEW_BOXES,	READERS, do_boxes },
	{ VIEW_BOX,	READERS, do_box },
	{ VIEW_ROOM,	READERS, do_room },
	{ VIEW_UIDS,	READERS, do_uids },
	{ VIEW_GONE,	READERS, do_gone },
	{ 0, 0, NULL }
};
