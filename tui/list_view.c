#include <stdlib.h>
#include <string.h>

#include "store/flag.h"
#include "store/op_snooze.h"
#include "tui/alias_key.h"
#include "tui/compose.h"
#include "tui/doc.h"
#include "tui/fates.h"
#include "tui/global.h"
#include "tui/list.h"
#include "tui/mailact.h"
#include "tui/message.h"
#include "tui/pipe.h"
#include "tui/side.h"
#include "tui/waking.h"

/* In the order of enum list_sort. */
#define SORT_KEYS "dfszu!"

static struct list_view *
self(struct view *v)
{
	return (struct list_view *)v;
}

/* ---- opening ---- */

static void
act_open(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);
	const struct rows_line *l = rows_line(&lv->rows, lv->cur);

	(void)arg;
	if (l == NULL)
		return;
	if (strcmp(lv->name, "Drafts") == 0 && lv->mbox != 0)
		compose_recall(v->t, l->m != NULL ? l->m->id : l->t->s.newest);
	else
		message_open(v, &lv->at, l->t->s.count == 1 &&
		    lv->at.msg == 0 ? l->t->s.newest : 0);
}

static void
fold(struct list_view *lv, bool open)
{
	const struct rows_line *l = rows_line(&lv->rows, lv->cur);
	struct rows_thread *t;

	if (l == NULL || l->t->open == open)
		return;
	t = l->t;
	rows_open(&lv->rows, t, open);
	if (open)
		list_ask_msgs(lv, t->s.id);
	else
		lv->at.msg = 0;
	list_settle(lv);
}

static void
act_fold(struct view *v, const char *arg)
{
	const struct rows_line *l = rows_line(&self(v)->rows, self(v)->cur);

	(void)arg;
	if (l != NULL)
		fold(self(v), !l->t->open);
}

static void
act_fold_open(struct view *v, const char *arg)
{
	(void)arg;
	fold(self(v), true);
}

static void
act_fold_close(struct view *v, const char *arg)
{
	(void)arg;
	fold(self(v), false);
}

static void
fold_all(struct list_view *lv, bool open)
{
	struct rows_thread *t;
	size_t i;

	for (i = 0; i < lv->rows.n; i++) {
		t = lv->rows.thread[i];
		if (t->open == open || t->s.count < 2)
			continue;
		rows_open(&lv->rows, t, open);
		if (open)
			list_ask_msgs(lv, t->s.id);
	}
	if (!open)
		lv->at.msg = 0;
	list_settle(lv);
}

static void
act_open_all(struct view *v, const char *arg)
{
	(void)arg;
	fold_all(self(v), true);
}

static void
act_close_all(struct view *v, const char *arg)
{
	(void)arg;
	fold_all(self(v), false);
}

/* ---- narrowing and searching ---- */

static void
narrow_changed(void *arg, const char *text)
{
	list_narrow(arg, text, true);
}

static void
narrow_typed(void *arg, const char *text)
{
	list_narrow(arg, text != NULL ? text : "", false);
}

static void
act_narrow(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);
	struct prompt_ask ask = { .label = "Narrow to: ", .hist = HIST_QUERY,
	    .done = narrow_typed, .changed = narrow_changed, .arg = lv };

	if (arg != NULL)
		narrow_typed(lv, arg);
	else
		app_prompt(v->t, &ask);
}

static void
act_cancel(struct view *v, const char *arg)
{
	struct list_view *lv = self(v);

	(void)arg;
	if (lv->range.thread != 0)
		lv->range.thread = 0;
	else if (lv->nmarks > 0 || lv->marking)
		list_unmark(lv);
	else if (lv->narrow[0] != '\0')
		list_narrow(lv, "", false);
	else if (lv->req[PAGE_FRESH].busy)
		list_forget(lv);
}

/* ---- order ---- */

static void
sort_chosen(void *arg, const char *text)
{
	static const char keys[] = SORT_KEYS;
	struct list_view *lv = arg;
	const char *p = text != NULL && *text != '\0' ? strchr(keys, *text) :
	    NULL;

	if (p != NULL)
		list_sort(lv, (enum list_sort)(p - keys), false);
	else if (text != NULL)
		app_error(lv->v.t, "no order: %s", text);
}

static void
act_sort(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "Sort by (d)ate (f)rom (s)ubject "
	    "si(z)e (u)nread (!)flagged? ", .keys = SORT_KEYS,
	    .done = sort_chosen, .arg = v };
	size_t i;

	for (i = 0; arg != NULL && i < LIST_SORT_N; i++)
		if (strcmp(arg, list_sort_names[i]) == 0) {
			list_sort(self(v), (enum list_sort)i, false);
			return;
		}
	if (arg != NULL)
		sort_chosen(v, "?");
	else
		app_prompt(v->t, &ask);
}

static void
act_sort_reverse(struct view *v, const char *arg)
{
	(void)arg;
	list_sort(self(v), self(v)->sort, !self(v)->reverse);
}

static bool
line_matches(const struct rows_line *l, const char *s)
{
	const char *const in[] = {
		l->m != NULL ? l->m->to : l->t->s.to,
		l->m != NULL ? l->m->from : l->t->s.authors,
		l->m != NULL ? l->m->subject : l->t->s.subject,
		l->m != NULL ? l->m->tags : l->t->s.tags,
	};
	size_t i;

	for (i = 0; i < sizeof in / sizeof in[0]; i++)
		if (doc_match(in[i], strlen(in[i]), s) != SIZE_MAX)
			return true;
	return false;
}

/* Once round, from behind the cursor. */
static void
find(struct list_view *lv, int step)
{
	size_t n = rows_lines(&lv->rows), i = lv->cur, k;

	if (lv->find == NULL) {
		app_error(lv->v.t, "nothing to search for yet");
		return;
	}
	for (k = 0; k < n; k++) {
		i = (i + (step > 0 ? 1 : n - 1)) % n;
		if (line_matches(rows_line(&lv->rows, i), lv->find)) {
			list_go(lv, i);
			return;
		}
	}
	app_error(lv->v.t, "%s: not in the rows on hand; l asks the index",
	    lv->find);
}

static void
find_typed(void *arg, const char *text)
{
	struct list_view *lv = arg;

	if (text == NULL || *text == '\0')
		return;
	free(lv->find);
	lv->find = strdup(text);
	find(lv, 1);
}

static void
act_find(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "/", .hist = HIST_FIND,
	    .done = find_typed, .arg = v };

	(void)arg;
	app_prompt(v->t, &ask);
}

static void
act_find_next(struct view *v, const char *arg)
{
	(void)arg;
	find(self(v), 1);
}

static void
act_find_prev(struct view *v, const char *arg)
{
	(void)arg;
	find(self(v), -1);
}

/* ---- what is done to messages ---- */

static void
do_mail(struct view *v, enum conf_action act, const char *arg)
{
	struct list_view *lv = self(v);
	const struct rows_line *l = rows_line(&lv->rows, lv->cur);
	bool whole = act == DO_ARCHIVE_THREAD || act == DO_DELETE_THREAD;
	struct rows_at one = { lv->at.thread, whole ? 0 : lv->at.msg };
	struct mailact_on on = { .at = &one, .n = l != NULL,
	    .mbox = lv->mbox, .folder = lv->mbox != 0 ? lv->name : "" };

	if (list_marks_more(lv))
		return;
	if (l != NULL)
		on.tags = l->m != NULL ? l->m->tags : l->t->s.tags;
	if (lv->nmarks > 0) {
		on.at = lv->mark;
		on.n = lv->nmarks;
	}
	mailact(v->t, act, arg, &on);
	if (lv->nmarks > 0 && mailact_moves(act))
		lv->nmarks = 0;
}

/* Which message is meant by an action on one: of a closed thread the
 * newest. */
static uint64_t
one_message(struct view *v)
{
	const struct rows_line *l = rows_line(&self(v)->rows, self(v)->cur);

	if (l == NULL)
		app_error(v->t, "no message");
	return l == NULL ? 0 : l->m != NULL ? l->m->id : l->t->s.newest;
}

/* From an empty list: for nobody in particular. */
static void
act_alias(struct view *v, const char *arg)
{
	if (rows_line(&self(v)->rows, self(v)->cur) == NULL)
		alias_for_nobody(v, arg);
	else
		message_act(v->t, DO_ALIAS, one_message(v), arg);
}

/* Of marked ones all; else the one in hand. */
static void
hand_over(struct list_view *lv, enum conf_action act, const char *arg)
{
	uint64_t id;

	if (list_marks_more(lv))
		return;
	if (lv->nmarks > 0)
		pipe_places(lv->v.t, act, lv->mark, lv->nmarks, lv->mbox,
		    arg);
	else if ((id = one_message(&lv->v)) != 0)
		pipe_msg(lv->v.t, act, id, arg);
}

static void
act_pipe(struct view *v, const char *arg)
{
	hand_over(self(v), DO_PIPE, arg);
}

static void
act_print(struct view *v, const char *arg)
{
	hand_over(self(v), DO_PRINT, arg);
}

static view_act *const acts[DO_MAX] = {
	[DO_NEXT] = list_next, [DO_PREV] = list_prev,
	[DO_PAGE_DOWN] = list_page_down, [DO_PAGE_UP] = list_page_up,
	[DO_HALF_DOWN] = list_half_down, [DO_HALF_UP] = list_half_up,
	[DO_FIRST] = list_first, [DO_LAST] = list_last, [DO_OPEN] = act_open,
	[DO_NEXT_UNREAD] = list_next_unread, [DO_PREV_UNREAD] = list_prev_unread,
	[DO_NEXT_THREAD] = list_next_thread, [DO_PREV_THREAD] = list_prev_thread,
	[DO_NEXT_MSG] = list_next, [DO_PREV_MSG] = list_prev,
	[DO_PARENT] = list_parent,
	[DO_NARROW] = act_narrow, [DO_CANCEL] = act_cancel,
	[DO_SORT] = act_sort, [DO_SORT_REVERSE] = act_sort_reverse,
	[DO_FOLD] = act_fold, [DO_FOLD_OPEN] = act_fold_open,
	[DO_FOLD_CLOSE] = act_fold_close, [DO_OPEN_ALL] = act_open_all,
	[DO_CLOSE_ALL] = act_close_all,
	[DO_MARK] = list_mark, [DO_MARK_RANGE] = list_mark_range,
	[DO_MARK_QUERY] = list_mark_matching, [DO_MARK_NONE] = list_mark_none,
	[DO_MARKED] = list_count_marked,
	[DO_FIND] = act_find, [DO_FIND_NEXT] = act_find_next,
	[DO_FIND_PREV] = act_find_prev,
	[DO_PIPE] = act_pipe, [DO_PRINT] = act_print,
	[DO_ALIAS] = act_alias,
};

/* ---- the view ---- */

static void
changed(struct view *v, const struct watch_change *c)
{
	struct list_view *lv = self(v);

	if ((c->what & WATCH_MAIL) != 0 &&
	    (lv->mbox == 0 || c->id == 0 || c->id == lv->mbox))
		list_refresh(lv);
	if ((c->what & WATCH_QUEUE) != 0 && lv->fates != NULL)
		fates_changed(lv->fates);
	if ((c->what & WATCH_MAIL) != 0 && lv->waking != NULL)
		waking_changed(lv->waking);
}

static void
set_target(struct list_view *lv, uint64_t mbox, const char *name,
    const char *query)
{
	char *n = strdup(name), *q = strdup(query), *none = strdup("");

	if (n == NULL || q == NULL || none == NULL)
		abort();
	free(lv->name);
	free(lv->query);
	free(lv->narrow);
	lv->name = n;
	lv->query = q;
	lv->narrow = none;
	lv->mbox = mbox;
}

void
list_change(struct list_view *lv, uint64_t mbox, const char *name,
    const char *query)
{
	list_forget(lv);
	set_target(lv, mbox, name, query);
	fates_free(lv->fates);
	waking_free(lv->waking);
	lv->ours = mbox != 0 && (strcmp(name, "Sent") == 0 ||
	    strcmp(name, "Drafts") == 0);
	lv->fates = mbox != 0 && strcmp(name, "Sent") == 0 ?
	    fates_new(lv) : NULL;
	lv->waking = mbox != 0 && strcmp(name, snooze_box) == 0 ?
	    waking_new(lv) : NULL;
	rows_clear(&lv->rows);
	lv->loaded = false;
	lv->nmarks = 0;
	lv->range.thread = lv->at.thread = lv->at.msg = 0;
	lv->cur = 0;
	side_here(lv->v.t->side, name);
	list_reload(lv);
	app_dirty(lv->v.t);
}

static void
list_free(struct view *v)
{
	struct list_view *lv = self(v);

	list_forget(lv);
	fates_free(lv->fates);
	waking_free(lv->waking);
	rows_clear(&lv->rows);
	free(lv->name);
	free(lv->query);
	free(lv->narrow);
	free(lv->mark);
	free(lv->find);
	free(lv->mark_query);
	free(lv);
}

static bool
waits(const struct view *v)
{
	return ((const struct list_view *)v)->stale;
}

const struct view_ops list_view_ops = {
	IN_LIST, "list", acts, list_draw, list_status, changed, list_free,
	do_mail, one_message, waits
};

struct view *
list_open(struct tui *t, uint64_t mbox, const char *name, const char *query)
{
	struct list_view *lv = calloc(1, sizeof *lv);

	if (lv == NULL)
		abort();
	lv->v.ops = &list_view_ops;
	lv->height = 20;		/* until it is drawn */
	rows_init(&lv->rows);
	app_push(t, &lv->v);
	list_change(lv, mbox, name, query);
	return &lv->v;
}
