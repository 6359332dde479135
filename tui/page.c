#include <stdlib.h>
#include <string.h>

#include "tui/hyper.h"
#include "tui/term.h"
#include "tui/text.h"
#include "tui/page.h"

static struct page_view *
self(struct view *v)
{
	return (struct page_view *)v;
}

/* ---- a long text ---- */

enum { STEP_ROWS = 4000 };	/* laid out between two keys */

static size_t
width(const struct page_view *tv)
{
	return (size_t)(tv->width > 0 ? tv->width : term_cols());
}

bool
page_is_whole(const struct page_view *tv)
{
	return !tv->partial && tv->doc.laid == tv->doc.n;
}

void
page_wait(struct page_view *tv, view_act *act)
{
	tv->wants = act;
	page_grown(tv);
}

static void
step(void *arg)
{
	struct page_view *tv = arg;
	view_act *act = tv->wants;

	if (!doc_layout_to(&tv->doc, width(tv), tv->doc.nrows + STEP_ROWS, 0))
		loop_arm(tv->v.t->loop, &tv->step, 0);
	if (!page_is_whole(tv))
		return;
	app_dirty(tv->v.t);
	tv->wants = NULL;
	if (act != NULL)
		act(&tv->v, NULL);
}

void
page_grown(struct page_view *tv)
{
	tv->step.fn = step;
	tv->step.arg = tv;
	if (!tv->step.armed && (tv->doc.laid < tv->doc.n ||
	    (tv->wants != NULL && page_is_whole(tv))))
		loop_arm(tv->v.t->loop, &tv->step, 0);
}

/* The rows of a screen from `row` on. */
static void
lay_to(struct page_view *tv, size_t row)
{
	size_t h = (size_t)(tv->height > 0 ? tv->height : 1);

	if (!doc_layout_to(&tv->doc, width(tv), row + h, 0))
		page_grown(tv);
}

void
page_show_at(struct page_view *tv, size_t at)
{
	(void)doc_layout_to(&tv->doc, width(tv), 0, at);
	tv->top = at > 0 ? doc_row_at(&tv->doc, at) : 0;
	lay_to(tv, tv->top);
}

/* ---- moving ---- */

static void
move_to(struct page_view *tv, size_t row)
{
	size_t h = (size_t)(tv->height > 0 ? tv->height : 1), last;

	tv->wants = NULL;
	lay_to(tv, row);
	last = tv->doc.nrows > h ? tv->doc.nrows - h : 0;
	tv->top = row > last ? last : row;
}

static void
move_by(struct page_view *tv, int rows)
{
	if (rows < 0 && tv->top < (size_t)-rows)
		move_to(tv, 0);
	else
		move_to(tv, tv->top + (size_t)rows);
}

void
page_next(struct view *v, const char *arg)
{
	(void)arg;
	move_by(self(v), 1);
}

void
page_prev(struct view *v, const char *arg)
{
	(void)arg;
	move_by(self(v), -1);
}

void
page_down(struct view *v, const char *arg)
{
	(void)arg;
	move_by(self(v), self(v)->height - 1);
}

void
page_up(struct view *v, const char *arg)
{
	(void)arg;
	move_by(self(v), 1 - self(v)->height);
}

void
page_half_down(struct view *v, const char *arg)
{
	(void)arg;
	move_by(self(v), self(v)->height / 2);
}

void
page_half_up(struct view *v, const char *arg)
{
	(void)arg;
	move_by(self(v), -(self(v)->height / 2));
}

void
page_first(struct view *v, const char *arg)
{
	(void)arg;
	move_to(self(v), 0);
}

void
page_last(struct view *v, const char *arg)
{
	(void)arg;
	if (page_is_whole(self(v)))
		move_to(self(v), self(v)->doc.nrows);
	else
		page_wait(self(v), page_last);
}

/* ---- searching ---- */

static void
find(struct page_view *tv, bool back)
{
	size_t row;

	if (tv->find == NULL) {
		app_error(tv->v.t, "nothing to search for yet");
		return;
	}
	tv->wants = NULL;
	row = doc_find(&tv->doc, tv->find, tv->top, back);
	if (row == SIZE_MAX && !page_is_whole(tv)) {
		page_wait(tv, back ? page_find_prev : page_find_next);
		return;
	}
	if (row == SIZE_MAX)
		row = doc_find(&tv->doc, tv->find,
		    back ? tv->doc.nrows : SIZE_MAX, back);
	if (row == SIZE_MAX) {
		app_error(tv->v.t, "%s: not found", tv->find);
		return;
	}
	tv->top = row;		/* also near the end: it is to be seen */
}

static void
find_typed(void *arg, const char *text)
{
	struct page_view *tv = arg;

	if (text == NULL || *text == '\0')
		return;
	free(tv->find);
	tv->find = strdup(text);
	find(tv, false);
}

void
page_find(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "/", .hist = HIST_FIND,
	    .done = find_typed, .arg = v };

	(void)arg;
	app_prompt(v->t, &ask);
}

void
page_find_next(struct view *v, const char *arg)
{
	(void)arg;
	find(self(v), false);
}

void
page_find_prev(struct view *v, const char *arg)
{
	(void)arg;
	find(self(v), true);
}

/* ---- drawing ---- */

struct span {
	int		y, x, cols;
	const char	*s;
	size_t		n;
};

/* Draws [from, to) of a row and moves on. */
static void
put_span(struct span *sp, size_t to, int paint)
{
	int used = term_put(sp->y, sp->x, sp->cols, sp->s, to, paint);

	sp->x += used;
	sp->cols -= used;
	sp->s += to;
	sp->n -= to;
}

/* A piece of a link whose URL may reach over the row's ends. */
static void
put_link(struct span *sp, size_t n, const char *url, size_t nurl)
{
	const char *s = sp->s;
	int x = sp->x;

	put_span(sp, n, PAINT_LINK);
	term_link(sp->y, x, sp->x - x, s, n, url, nurl);
}

static bool
may_be_url(const char *p)
{
	return strchr("hHmMwW", *p) != NULL && *p != '\0';
}

/* The URL that began in an earlier row of the line and goes on here. */
static size_t
url_from_above(const char *line, const char *row, const char *end,
    const char **url)
{
	const char *p;
	size_t n;

	for (p = row; p > line && p[-1] != ' ' && row - p < HYPER_URL_MAX; ) {
		p--;
		if (!may_be_url(p))
			continue;
		n = doc_url(line, p, end);
		if (p + n > row) {
			*url = p;
			return n;
		}
	}
	return 0;
}

/* Links and matches stand out in what is left of a row; line is all of the
 * line that it is a row of. */
static void
put_marked(struct span *sp, int paint, const char *find_text,
    const char *line, const char *line_end)
{
	const char *url;
	size_t i = 0, len, n;

	n = url_from_above(line, sp->s, line_end, &url);
	if (n > 0) {
		len = (size_t)(url + n - sp->s);
		put_link(sp, len < sp->n ? len : sp->n, url, n);
	}
	while (i < sp->n) {
		len = 0;
		url = sp->s + i;
		if (find_text != NULL &&
		    doc_match(url, sp->n - i, find_text) == 0) {
			len = strlen(find_text);
			put_span(sp, i, paint);
			put_span(sp, len, PAINT_MATCH);
		} else if (may_be_url(url) && (n = doc_url(line, url,
		    line_end)) > 0) {
			len = n < sp->n - i ? n : sp->n - i;
			put_span(sp, i, paint);
			put_link(sp, len, url, n);
		}
		i = len > 0 ? 0 : i + 1;
	}
	put_span(sp, sp->n, paint);
}

static void
draw_row(const struct page_view *tv, const struct doc_row *r, int y,
    const struct area *a)
{
	const struct doc_line *l = &tv->doc.line[r->line];
	struct span sp = { y, a->x, a->w,
	    (const char *)tv->doc.text.data + r->at, r->n };
	struct buf b;
	size_t lead;

	if (r->folded) {
		buf_init(&b, 80);
		buf_addf(&b, "> ... %u quoted lines", r->n);
		term_puts(y, a->x, a->w, buf_str(&b), PAINT_QUOTE1);
		buf_clear(&b);
		return;
	}
	if (r->n == 0)
		return;
	lead = r->at < l->at + l->lead ? l->at + l->lead - r->at : 0;
	if (lead > 0)
		put_span(&sp, lead < sp.n ? lead : sp.n, PAINT_HEADER);
	put_marked(&sp, l->paint, tv->find,
	    (const char *)tv->doc.text.data + l->at,
	    (const char *)tv->doc.text.data + l->at + l->n);
}

void
page_draw(struct view *v, const struct area *a)
{
	struct page_view *tv = self(v);
	size_t octet = 0, i;

	tv->height = a->h;
	tv->width = a->w;
	if ((size_t)a->w != tv->doc.cols) {
		if (tv->top < tv->doc.nrows)
			octet = tv->doc.row[tv->top].at;
		if (octet > 0)
			page_show_at(tv, octet);
	}
	lay_to(tv, tv->top);
	if (tv->top >= tv->doc.nrows)
		tv->top = 0;
	for (i = 0; i < (size_t)a->h && tv->top + i < tv->doc.nrows; i++)
		draw_row(tv, &tv->doc.row[tv->top + i], a->y + (int)i, a);
}

void
page_place(const struct page_view *tv, struct buf *b)
{
	size_t end = tv->top + (size_t)tv->height;

	if (!page_is_whole(tv))
		buf_adds(b, tv->wants != NULL ? "[reading on]" : "...");
	else if (tv->doc.nrows <= (size_t)tv->height)
		buf_adds(b, "all");
	else if (end >= tv->doc.nrows)
		buf_adds(b, "end");
	else
		buf_addf(b, "%zu%%", end * 100 / tv->doc.nrows);
}

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	buf_adds(left, self(v)->title);
	page_place(self(v), right);
}

void
page_free_parts(struct page_view *tv)
{
	loop_disarm(tv->v.t->loop, &tv->step);
	doc_clear(&tv->doc);
	free(tv->find);
	free(tv->title);
}

static void
page_free(struct view *v)
{
	page_free_parts(self(v));
	free(v);
}

static view_act *const acts[DO_MAX] = {
	PAGE_ACTS, [DO_PAGE_DOWN] = page_down
};

static const struct view_ops ops = {
	IN_TEXT, "text", acts, page_draw, status, NULL, page_free,
	NULL, NULL, NULL
};

struct page_view *
page_open(struct tui *t, const char *title)
{
	struct page_view *tv = calloc(1, sizeof *tv);

	if (tv == NULL || (tv->title = strdup(title)) == NULL)
		abort();
	tv->v.ops = &ops;
	doc_init(&tv->doc);
	app_push(t, &tv->v);
	return tv;
}
