#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/err.h"
#include "tui/list.h"
#include "tui/thread.h"

enum {
	PAGE_ROWS = 100,	/* asked at once; a screen and some */
	NEAR = 50,		/* rows before the edge when more is asked */
	REFRESH_MS = 100,	/* at most so often, but the first at once */
	BEHIND_MS = 2000	/* until the index has caught up */
};

/* "*" is that to notmuch only where it stands alone. */
bool
list_is_all(const char *query)
{
	const char *p = query + strspn(query, " ");

	return *p == '\0' || (*p == '*' && p[1 + strspn(p + 1, " ")] == '\0');
}

/* As notmuch has it: a quote in quotes is two of them. */
static void
put_folder(struct buf *b, const char *name)
{
	buf_adds(b, "folder:\"");
	for (; *name != '\0'; name++)
		buf_adds(b, (char [3]){ *name, *name == '"' ? '"' : '\0' });
	buf_addc(b, '"');
}

char *
list_query(const struct list_view *lv, const char *text)
{
	bool some = !list_is_all(text);
	struct buf b;
	char *s;

	buf_init(&b, CHAN_DATA_MAX);	/* what is too long the reader refuses */
	if (lv->query[0] == '\0')
		put_folder(&b, lv->name);
	else if (!list_is_all(lv->query))
		buf_addf(&b, "(%s)", lv->query);
	if (some)
		buf_addf(&b, "%s(%s)", b.len > 0 ? " and " : "", text);
	if (b.len == 0)
		buf_adds(&b, "*");
	s = buf_take(&b, NULL);
	buf_clear(&b);
	return s != NULL ? s : strdup("");
}

/* Typed queries go over a channel of their own: a slow one holds up
 * nothing else. */
static struct talk *
channel(const struct list_view *lv)
{
	return lv->query[0] != '\0' || lv->narrow[0] != '\0' ?
	    lv->v.t->search : lv->v.t->reader;
}

static void	got_page(void *arg, uint16_t status, struct chan_in *in,
		    int *fd);

static void
send_ask(struct list_view *lv, struct list_req *r, uint32_t n, bool newer)
{
	struct list_ask ask = { .from = r->from, .n = n, .newer = newer,
	    .reverse = lv->reverse };
	struct buf b;
	char *query = NULL;

	if (lv->query[0] != '\0' || lv->narrow[0] != '\0') {
		ask.query = query = list_query(lv, lv->narrow);
	} else {
		ask.mbox = lv->mbox;
		ask.sort = lv->sort;
	}
	r->busy = true;
	buf_init(&b, CHAN_DATA_MAX);
	list_threads_put(&b, &ask);
	talk_send(channel(lv), LIST_THREADS, &b, -1, got_page, r);
	buf_clear(&b);
	free(query);
}

/* Of a query the id counts rows of that second: what comes twice is
 * dropped. */
static struct list_cursor
cursor_of(const struct list_view *lv, const struct rows_thread *t)
{
	struct list_cursor c = { .date = t->s.rank };

	if (channel(lv) == lv->v.t->reader) {
		c.id = t->s.id;
		(void)snprintf(c.key, sizeof c.key, "%s", t->s.key);
	}
	return c;
}

/* The page that r starts where the topmost line on the screen was asked. */
static struct list_cursor
anchor(const struct list_view *lv)
{
	struct list_cursor c = { 0 };
	const struct rows_line *l;
	size_t i;

	if (lv->rows.top && lv->top < LIST_PAGE_MAX / 2)
		return c;
	l = rows_line(&lv->rows, lv->top);
	if (l == NULL)
		return c;
	if (l->t->from.id != 0 || l->t->from.date != 0)
		return l->t->from;
	for (i = 0; i < lv->rows.n && lv->rows.thread[i] != l->t; i++)
		;
	if (i == 0 || i == lv->rows.n)
		return c;
	return cursor_of(lv, lv->rows.thread[i - 1]);
}

void
list_ask_page(struct list_view *lv, enum list_page kind)
{
	struct list_req *r = &lv->req[kind];
	uint32_t n = PAGE_ROWS;

	if (r->busy || (lv->mbox == 0 && lv->query[0] == '\0'))
		return;		/* or the sidebar is not there yet */
	r->bottom = false;
	memset(&r->from, 0, sizeof r->from);
	if (kind == PAGE_OLDER) {
		r->from = lv->rows.next;
	} else if (kind == PAGE_NEWER && lv->rows.n > 0) {
		r->from = cursor_of(lv, lv->rows.thread[0]);
	} else if (kind == PAGE_FRESH) {
		r->from = anchor(lv);
		if (lv->rows.n > n)
			n = lv->rows.n < LIST_PAGE_MAX ?
			    (uint32_t)lv->rows.n : LIST_PAGE_MAX;
	}
	send_ask(lv, r, n, kind == PAGE_NEWER);
}

void
list_ask_last(struct list_view *lv)
{
	struct list_req *r = &lv->req[PAGE_NEWER];

	if (r->busy)
		return;
	memset(&r->from, 0, sizeof r->from);
	r->bottom = true;
	send_ask(lv, r, PAGE_ROWS, true);
}

/* An empty list refuses nothing: a page of the end stands for all of it. */
static void
take_last(struct list_view *lv, const struct list_threads *page)
{
	struct list_threads none = { .n = 0 };
	struct list_cursor from = { 0 };

	(void)rows_replace(&lv->rows, &none, from);
	(void)rows_prepend(&lv->rows, page);
	lv->rows.bottom = true;
	lv->at = rows_at(&lv->rows, rows_lines(&lv->rows) - 1);
}

static void	refresh_in(struct list_view *lv, int64_t ms);

static void
take_page(struct list_view *lv, struct list_req *r,
    const struct list_threads *page)
{
	size_t i;

	if (r->kind == PAGE_OLDER)
		(void)rows_append(&lv->rows, page, r->from);
	else if (r->bottom)
		take_last(lv, page);
	else if (r->kind == PAGE_NEWER)
		(void)rows_prepend(&lv->rows, page);
	else
		(void)rows_replace(&lv->rows, page, r->from);
	lv->loaded = true;
	lv->behind = page->behind;
	if (lv->behind && !lv->refresh.armed)
		refresh_in(lv, BEHIND_MS);
	if (r->kind == PAGE_FRESH)
		for (i = 0; i < lv->rows.n; i++)
			if (lv->rows.thread[i]->open)
				list_ask_msgs(lv, lv->rows.thread[i]->s.id);
	list_settle(lv);
	app_dirty(lv->v.t);
}

/* While a query is typed it is wrong more often than not. */
static bool
next_narrowing(struct list_view *lv)
{
	char *want = lv->want;

	free(lv->asked);
	lv->asked = lv->want = NULL;
	if (want == NULL)
		return false;
	list_narrow(lv, want, true);
	free(want);
	return true;
}

static void
got_page(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct list_req *r = arg;
	struct list_view *lv = r->lv;
	struct list_threads page;
	bool live = lv->asked != NULL;

	(void)fd;
	r->busy = false;
	if (status == OP_OK && list_threads_get(in, &page)) {
		take_page(lv, r, &page);
		list_threads_clear(&page);
	} else if (status != OP_OK && !(live && status == STORE_QUERY)) {
		app_status_error(lv->v.t, lv->name, status);
		lv->loaded = true;
	}
	if (r->kind != PAGE_FRESH || next_narrowing(lv))
		return;
	lv->stale = false;
	if (lv->again)
		list_refresh(lv);
	lv->again = false;
}

/* ---- refreshing ---- */

static void
refresh_now(void *arg)
{
	struct list_view *lv = arg;

	lv->refreshed_ms = clock_mono_ms();
	list_ask_page(lv, PAGE_FRESH);
}

static void
refresh_in(struct list_view *lv, int64_t ms)
{
	lv->refresh.fn = refresh_now;
	lv->refresh.arg = lv;
	loop_arm(lv->v.t->loop, &lv->refresh, ms);
}

void
list_refresh(struct list_view *lv)
{
	int64_t wait;

	if (lv->req[PAGE_FRESH].busy) {
		lv->again = true;
		return;
	}
	if (lv->refresh.armed && !lv->behind)
		return;
	wait = lv->refreshed_ms + REFRESH_MS - clock_mono_ms();
	refresh_in(lv, wait > 2 ? wait : 2);
}

void
list_settled(struct list_view *lv)
{
	if (channel(lv) == lv->v.t->search)
		list_refresh(lv);
}

void
list_forget(struct list_view *lv)
{
	size_t i;

	for (i = 0; i < PAGE_MAX; i++) {
		talk_forget(lv->v.t->reader, &lv->req[i]);
		talk_forget(lv->v.t->search, &lv->req[i]);
		lv->req[i].lv = lv;
		lv->req[i].kind = (enum list_page)i;
		lv->req[i].busy = false;
	}
	thread_forget(lv);
	talk_forget(lv->v.t->search, lv);
	loop_disarm(lv->v.t->loop, &lv->refresh);
	free(lv->asked);
	free(lv->want);
	lv->asked = lv->want = NULL;
	lv->again = lv->stale = lv->marking = lv->behind = false;
}

void
list_reload(struct list_view *lv)
{
	list_forget(lv);
	lv->stale = true;
	lv->top = 0;
	lv->rows.top = true;		/* so that anchor() is the newest */
	list_ask_page(lv, PAGE_FRESH);
}

const char *const list_sort_names[LIST_SORT_N] = {
	[LIST_BY_DATE] = "date", [LIST_BY_FROM] = "from",
	[LIST_BY_SUBJECT] = "subject", [LIST_BY_SIZE] = "size",
	[LIST_BY_UNREAD] = "unread", [LIST_BY_FLAG] = "flagged"
};

void
list_sort(struct list_view *lv, enum list_sort sort, bool reverse)
{
	struct rows_at none = { 0, 0 };

	if (sort != LIST_BY_DATE && channel(lv) == lv->v.t->search) {
		app_error(lv->v.t, "what a query finds is sorted by date");
		return;
	}
	lv->sort = sort;
	lv->reverse = reverse;
	lv->at = none;
	lv->cur = 0;
	list_reload(lv);
	app_dirty(lv->v.t);
}

void
list_fill(struct list_view *lv)
{
	size_t n = rows_lines(&lv->rows);

	if (!lv->loaded || lv->req[PAGE_FRESH].busy)
		return;
	if (!lv->rows.bottom && lv->top + (size_t)lv->height + NEAR > n)
		list_ask_page(lv, PAGE_OLDER);
	if (!lv->rows.top && lv->top < NEAR && lv->rows.n > 0)
		list_ask_page(lv, PAGE_NEWER);
}

/* ---- narrowing ---- */

/* "bae" finds "baedeker" while it is typed; a term with a prefix, or one in
 * quotes, is taken as it is. */
static bool
wants_star(const char *text)
{
	static const char *const words[] = { "and", "or", "not", "xor" };
	const char *last = strrchr(text, ' '), *p;
	size_t i, n;

	last = last != NULL ? last + 1 : text;
	n = strlen(last);
	if (n < 2 || strchr(text, '"') != NULL)
		return false;
	for (p = last; *p != '\0'; p++)
		if (((unsigned char)*p < 0x80) && !((*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
			return false;
	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(last, words[i]) == 0)
			return false;
	return true;
}

void
list_narrow(struct list_view *lv, const char *text, bool live)
{
	char *copy;

	if (live && lv->asked != NULL) {	/* one at a time: newest next */
		copy = strdup(text);
		free(lv->want);
		lv->want = copy;
		return;
	}
	copy = malloc(strlen(text) + 2);
	if (copy == NULL)
		return;
	(void)snprintf(copy, strlen(text) + 2, "%s%s", text,
	    wants_star(text) ? "*" : "");
	if (strcmp(copy, lv->narrow) == 0) {
		free(copy);
		return;
	}
	list_forget(lv);
	lv->stale = true;
	free(lv->narrow);
	lv->narrow = copy;
	lv->asked = live ? strdup(copy) : NULL;
	lv->top = 0;
	lv->rows.top = true;
	list_ask_page(lv, PAGE_FRESH);
}

/* ---- messages of an opened thread ---- */

static void
got_msgs(void *arg, struct list_msgs *all, bool more)
{
	struct list_view *lv = arg;
	struct rows_thread *t;

	if (all == NULL || more)
		return;
	t = all->n > 0 ? rows_thread(&lv->rows, all->row[0].thread) : NULL;
	if (t != NULL && t->open)
		rows_set_msgs(&lv->rows, t, all);
	list_settle(lv);
}

void
list_ask_msgs(struct list_view *lv, uint64_t thread)
{
	thread_ask(lv->v.t, thread, got_msgs, lv);
}
