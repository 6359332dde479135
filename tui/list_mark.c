#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>

#include "tui/list.h"

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

static void
mark_typed(void *arg, const char *text)
{
	if (text != NULL && *text != '\0')
		list_mark_query(arg, text);
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
	self(v)->nmarks = 0;
	self(v)->range.thread = 0;
}

void
list_count_marked(struct view *v, const char *arg)
{
	(void)arg;
	if (self(v)->nmarks == 0)
		app_error(v->t, "nothing is marked");
}
