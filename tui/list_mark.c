#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "tui/list.h"

enum { MARK_MAX = 10000 };	/* threads that a query may mark */

static struct list_view *
self(struct view *v)
{
	return (struct list_view *)v;
}

static size_t
mark_index(const struct list_view *lv, struct rows_at at)
{
	size_t i;

	for (i = 0; i < lv->nmarks; i++)
		if (lv->mark[i].thread == at.thread &&
		    lv->mark[i].msg == at.msg)
			break;
	return i;
}

bool
list_marked(const struct list_view *lv, struct rows_at at)
{
	struct rows_at whole = { at.thread, 0 };

	return lv->nmarks > 0 && (mark_index(lv, at) < lv->nmarks ||
	    mark_index(lv, whole) < lv->nmarks);
}

void
list_set_mark(struct list_view *lv, struct rows_at at, bool on)
{
	size_t i = mark_index(lv, at);
	struct rows_at *p;

	if ((i < lv->nmarks) == on || at.thread == 0)
		return;
	if (!on) {
		lv->mark[i] = lv->mark[--lv->nmarks];
		return;
	}
	p = reallocarray(lv->mark, lv->nmarks + 1, sizeof *p);
	if (p == NULL)
		return;
	lv->mark = p;
	p[lv->nmarks++] = at;
}

void
list_mark(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);

	(void)arg;
	list_set_mark(lv, lv->at, !list_marked(lv, lv->at));
	list_go_by(lv, 1);
}

void
list_mark_range(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);
	size_t from, to, i;

	(void)arg;
	from = lv->range.thread != 0 ? rows_find(&lv->rows, lv->range) :
	    SIZE_MAX;
	if (from == SIZE_MAX) {
		lv->range = lv->at;
		app_note(v->t, "go to the other end and press it again");
		return;
	}
	to = lv->cur > from ? lv->cur : from;
	for (i = lv->cur < from ? lv->cur : from; i <= to; i++)
		list_set_mark(lv, rows_at(&lv->rows, i), true);
	lv->range.thread = 0;
}

/* ---- by query ---- */

static void	mark_more(struct list_view *lv);

static void
mark_end(struct list_view *lv, bool more_match)
{
	lv->marking = false;
	if (more_match)
		app_error(lv->v.t, "%zu marked, no more at once: the rest of "
		    "what matches is not", lv->nmarks);
	else
		app_note(lv->v.t, "%zu marked", lv->nmarks);
}

static void
got_marks(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct list_view *lv = arg;
	struct rows_at at = { 0, 0 };
	struct list_threads page;
	size_t i;

	(void)fd;
	if (status != OP_OK || !list_threads_get(in, &page)) {
		app_status_error(lv->v.t, "mark", status);
		lv->marking = false;
		return;
	}
	for (i = 0; i < page.n && lv->nmarks < MARK_MAX; i++) {
		at.thread = page.row[i].id;
		list_set_mark(lv, at, true);
	}
	lv->mark_ask.from = page.next;
	if (page.more && lv->nmarks < MARK_MAX)
		mark_more(lv);
	else
		mark_end(lv, page.more || i < page.n);
	list_threads_clear(&page);
	app_dirty(lv->v.t);
}

/* All of a mailbox needs no index, which may be behind. */
static void
mark_more(struct list_view *lv)
{
	struct list_ask *ask = &lv->mark_ask;
	struct buf b;

	ask->query = lv->mark_query;
	ask->mbox = lv->mark_query == NULL ? lv->mbox : 0;
	ask->n = LIST_PAGE_MAX;
	buf_init(&b, CHAN_DATA_MAX);
	list_threads_put(&b, ask);
	talk_send(lv->v.t->search, LIST_THREADS, &b, -1, got_marks, lv);
	buf_clear(&b);
}

/* Of what the list shows: NULL for all of its mailbox.  Returns owned. */
static char *
mark_which(const struct list_view *lv, const char *text)
{
	bool all = list_is_all(text);
	struct buf b;
	char *s;

	if (lv->narrow[0] == '\0')
		return all && lv->mbox != 0 ? NULL : list_query(lv, text);
	if (all)
		return list_query(lv, lv->narrow);
	buf_init(&b, 2 * PROMPT_MAX + 16);
	buf_addf(&b, "(%s) and (%s)", lv->narrow, text);
	s = list_query(lv, buf_str(&b));
	buf_clear(&b);
	return s;
}

static void
mark_typed(void *arg, const char *text)
{
	struct list_view *lv = arg;

	if (text == NULL || *text == '\0')
		return;
	talk_forget(lv->v.t->search, lv);
	free(lv->mark_query);
	memset(&lv->mark_ask, 0, sizeof lv->mark_ask);
	lv->mark_query = mark_which(lv, text);
	lv->marking = true;
	mark_more(lv);
}

bool
list_marks_more(const struct list_view *lv)
{
	if (lv->marking)
		app_error(lv->v.t, "marking goes on, %zu so far: wait, or "
		    "Esc ends it", lv->nmarks);
	return lv->marking;
}

void
list_unmark(struct list_view *lv)
{
	if (lv->marking)
		talk_forget(lv->v.t->search, lv);
	lv->marking = false;
	lv->nmarks = 0;
}

void
list_mark_matching(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "Mark what matches: ",
	    .hist = HIST_QUERY, .done = mark_typed, .arg = v };

	if (arg != NULL)
		mark_typed(v, arg);
	else
		app_prompt(v->t, &ask);
}

void
list_mark_none(struct view *v, const char *arg)
{
	(void)arg;
	list_unmark(self(v));
	self(v)->range.thread = 0;
}

void
list_count_marked(struct view *v, const char *arg)
{
	(void)arg;
	if (self(v)->nmarks == 0)
		app_error(v->t, "nothing is marked");
}
