#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/err.h"
#include "store/op_reject.h"
#include "tui/fetch.h"
#include "tui/message_doc.h"
#include "tui/page.h"
#include "tui/reject_page.h"

struct reject_page {
	struct page_view p;
	uint64_t	 id;
};

static void
let_in(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct tui *t = arg;

	(void)in;
	(void)fd;
	if (status == OP_OK)
		app_note(t, "%s", "let in: its next try within an hour is "
		    "taken");
	else
		app_status_error(t, "let in", status);
}

void
reject_let_in(struct tui *t, uint64_t id)
{
	struct buf b;

	buf_init(&b, 64);
	reject_let_in_put(&b, id, "");
	talk_send(t->keeper, REJECT_LET_IN, &b, -1, let_in, t);
	buf_clear(&b);
}

static void
act_let_in(struct view *v, const char *arg)
{
	(void)arg;
	reject_let_in(v->t, ((struct reject_page *)v)->id);
}

/* Decoded by the parser, as all that is read is. */
static void
decoded(void *arg, struct fetched *f)
{
	static const struct message_look look = { .html = false };
	struct reject_page *r = arg;
	struct doc *d = &r->p.doc;
	size_t cols = d->cols;

	app_dirty(r->p.v.t);
	if (f == NULL)
		return;
	/* It has no row. */
	f->info.tags = f->info.folder = f->info.name = f->info.msgid = "";
	message_doc_head(d, f, &look, NULL);
	doc_adds(d, PAINT_TEXT, "");
	doc_add(d, PAINT_TEXT, f->show.text, f->show.ntext);
	doc_layout(d, cols);
}

static void
opened(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct reject_page *r = arg;

	(void)in;
	app_dirty(r->p.v.t);
	if (status == OP_OK && *fd != -1)
		fetch_shape(r->p.v.t, *fd, FETCH_PLAIN, decoded, r);
	else if (status == STORE_NOTFOUND) {
		doc_adds(&r->p.doc, PAINT_TEXT, "(no copy: it was one too "
		    "many, or too large)");
		doc_layout(&r->p.doc, r->p.doc.cols);
	} else
		app_status_error(r->p.v.t, "Rejects", status);
}

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	buf_adds(left, "not taken");
	page_place((struct page_view *)v, right);
}

static void
reject_free(struct view *v)
{
	struct reject_page *r = (struct reject_page *)v;

	fetch_forget(v->t, r);
	talk_forget(v->t->keeper, r);
	page_free_parts(&r->p);
	free(r);
}

static view_act *const acts[DO_MAX] = {
	PAGE_ACTS, [DO_PAGE_DOWN] = page_down, [DO_LET_IN] = act_let_in
};

static const struct view_ops ops = {
	IN_TEXT, "reject", acts, page_draw, status, NULL, reject_free,
	NULL, NULL, NULL
};

void
reject_page_open(struct tui *t, uint64_t id, const char *what)
{
	struct reject_page *r = calloc(1, sizeof *r);
	struct buf b;

	if (r == NULL)
		abort();
	r->id = id;
	r->p.v.ops = &ops;
	doc_init(&r->p.doc);
	doc_adds(&r->p.doc, PAINT_WAIT, what);
	doc_adds(&r->p.doc, PAINT_TEXT, "");
	app_push(t, &r->p.v);
	buf_init(&b, 64);
	reject_open_put(&b, id);
	talk_send(t->keeper, REJECT_OPEN, &b, -1, opened, r);
	buf_clear(&b);
}
