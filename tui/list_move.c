/* Moving in a list: by lines, pages, threads, to what is unread. */
#include "store/flag.h"
#include "tui/list.h"

static struct list_view *
self(struct view *v)
{
	return (struct list_view *)v;
}

/* ---- the cursor ---- */

void
list_go(struct list_view *lv, size_t line)
{
	size_t n = rows_lines(&lv->rows);

	if (n == 0)
		line = 0;
	else if (line >= n)
		line = n - 1;
	lv->cur = line;
	lv->at = rows_at(&lv->rows, line);
}

void
list_go_by(struct list_view *lv, int lines)
{
	if (lines < 0 && lv->cur < (size_t)-lines)
		list_go(lv, 0);
	else
		list_go(lv, lv->cur + (size_t)lines);
}

void
list_settle(struct list_view *lv)
{
	size_t line = SIZE_MAX;

	if (lv->at.thread != 0)
		line = rows_find(&lv->rows, lv->at);
	list_go(lv, line != SIZE_MAX ? line : lv->cur);
}

void
list_next(struct view *v, const char *arg)
{
	(void)arg;
	list_go_by(self(v), 1);
}

void
list_prev(struct view *v, const char *arg)
{
	(void)arg;
	list_go_by(self(v), -1);
}

void
list_page_down(struct view *v, const char *arg)
{
	(void)arg;
	list_go_by(self(v), self(v)->height - 1);
}

void
list_page_up(struct view *v, const char *arg)
{
	(void)arg;
	list_go_by(self(v), 1 - self(v)->height);
}

void
list_half_down(struct view *v, const char *arg)
{
	(void)arg;
	list_go_by(self(v), self(v)->height / 2);
}

void
list_half_up(struct view *v, const char *arg)
{
	(void)arg;
	list_go_by(self(v), -(self(v)->height / 2));
}

void
list_first(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);

	(void)arg;
	if (lv->rows.top) {
		list_go(lv, 0);
		return;
	}
	list_reload(lv);
	lv->at.thread = lv->at.msg = 0;		/* whatever is first then */
	lv->cur = 0;
}

void
list_last(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);

	(void)arg;
	if (!lv->rows.bottom)
		list_ask_last(lv);
	else
		list_go(lv, rows_lines(&lv->rows));
}

static bool
unread_line(const struct rows_line *l)
{
	return l->m != NULL ? (l->m->flags & STORE_SEEN) == 0 :
	    l->t->s.unread > 0;
}

static void
seek_unread(struct list_view *lv, int step)
{
	size_t i = lv->cur;
	const struct rows_line *l;

	while (step > 0 || i > 0) {
		i += (size_t)step;
		l = rows_line(&lv->rows, i);
		if (l == NULL)
			break;
		if (unread_line(l)) {
			list_go(lv, i);
			return;
		}
	}
	app_note(lv->v.t, "no more unread here");
}

void
list_next_unread(struct view *v, const char *arg)
{
	(void)arg;
	seek_unread(self(v), 1);
}

void
list_prev_unread(struct view *v, const char *arg)
{
	(void)arg;
	seek_unread(self(v), -1);
}

static void
seek_thread(struct list_view *lv, int step)
{
	const struct rows_line *l = rows_line(&lv->rows, lv->cur), *at = l;
	size_t i = lv->cur;

	while (at != NULL && at->t == l->t) {
		if (step < 0 && i == 0)
			return;
		i += (size_t)step;
		at = rows_line(&lv->rows, i);
	}
	if (at == NULL)
		return;
	list_go(lv, i);
	/* Backwards we came in at its end. */
	while (step < 0 && lv->cur > 0 &&
	    rows_line(&lv->rows, lv->cur - 1)->t == at->t)
		list_go(lv, lv->cur - 1);
}

void
list_next_thread(struct view *v, const char *arg)
{
	(void)arg;
	seek_thread(self(v), 1);
}

void
list_prev_thread(struct view *v, const char *arg)
{
	(void)arg;
	seek_thread(self(v), -1);
}

uint64_t
list_step(struct view *v, int step, bool unread)
{
	struct list_view *lv = self(v);
	size_t was = lv->cur;

	if (unread)
		seek_unread(lv, step);
	else if (step != 0)
		seek_thread(lv, step);
	app_dirty(v->t);
	if (lv->cur == was && step != 0)
		return 0;
	return lv->at.thread;
}

/* The message it answers: above, and less deep. */
void
list_parent(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);
	const struct rows_line *l = rows_line(&lv->rows, lv->cur), *p;
	size_t i = lv->cur;

	(void)arg;
	while (l != NULL && l->m != NULL && i-- > 0) {
		p = rows_line(&lv->rows, i);
		if (p->t != l->t)
			break;
		if (p->m->depth < l->m->depth) {
			list_go(lv, i);
			return;
		}
	}
	app_note(v->t, "answers nothing that is here");
}
