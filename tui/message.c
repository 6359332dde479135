#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/flag.h"
#include "store/op_mail.h"
#include "tui/compose.h"
#include "tui/list.h"
#include "tui/mailact.h"
#include "tui/message.h"
#include "tui/message_parts.h"
#include "tui/term.h"
#include "tui/thread.h"

static struct message_view *
self(struct view *v)
{
	return (struct message_view *)v;
}

/* ---- showing ---- */

static enum fetch_how
how(const struct message_view *m)
{
	return m->look.html ? FETCH_HTML : FETCH_PLAIN;
}

/* What stood on top stands there again, wherever it is now. */
void
message_rebuild(struct message_view *m)
{
	struct page_view *p = &m->p;
	size_t at = 0, n;
	const char *text;

	if (p->top < p->doc.nrows && p->top > 0)
		at = p->doc.row[p->top].at;
	doc_clear(&p->doc);
	p->doc.hide_quoted = m->look.hide_quoted;
	if (m->f.parsed) {
		at -= at >= m->head ? m->head : at;
		message_doc_head(&p->doc, &m->f, &m->look, &m->fate);
		m->head = p->doc.text.len;
		at += at > 0 ? m->head : 0;
		text = message_text_get(&m->text, &n);
		if (m->html.len > 0) {
			text = (const char *)m->html.data;
			n = m->html.len;
			doc_references(&p->doc, text, n);
		}
		doc_body(&p->doc, text, n, m->look.numbers);
	}
	p->partial = message_text_partial(&m->text);
	page_show_at(p, at);
	app_dirty(p->v.t);
}

static void	maybe_html(struct message_view *m);

/* The first slice stands for what the start was cut from. */
static void
text_grown(void *arg, size_t from)
{
	struct message_view *m = arg;
	struct page_view *p = &m->p;
	size_t n;
	const char *text = message_text_get(&m->text, &n);

	p->partial = message_text_partial(&m->text);
	if (from == SIZE_MAX || (from == 0 && n > 0)) {
		message_rebuild(m);
		if (from == SIZE_MAX)
			maybe_html(m);
	} else if (m->html.len == 0 && from < n) {
		doc_body(&p->doc, text + from, n - from, m->look.numbers);
	}
	page_grown(p);
}

static void
html_done(void *arg, struct buf *text)
{
	struct message_view *m = arg;

	m->html_run = NULL;
	if (text == NULL)
		return;
	buf_clear(&m->html);
	m->html = *text;
	message_rebuild(m);
}

static void
html_part(void *arg, int fd, uint64_t size)
{
	struct message_view *m = arg;

	if (fd == -1)
		return;
	html_stop(m->html_run);
	m->html_run = html_start(m->p.v.t, fd, size,
	    (unsigned int)term_cols(), html_done, m);
	close(fd);
}

/* Shown as the plain converter has it until a browser has done better. */
static void
maybe_html(struct message_view *m)
{
	if (m->f.show.text_is_html && m->f.show.html_path != NULL)
		fetch_part(m->p.v.t, m->f.fd, m->f.show.html_path,
		    PARSE_AS_HTML, html_part, m);
}

/* Reading it makes it read; no undo for that: w is one key. */
static void
mark_seen(struct message_view *m)
{
	struct mail_set set = { .mbox = 0, .id = &m->id, .n = 1 };
	struct view *v;
	struct buf b;

	if ((m->f.info.flags & STORE_SEEN) != 0)
		return;
	buf_init(&b, CHAN_DATA_MAX);
	mail_flags_put(&b, &set, STORE_SEEN, 0);
	talk_send(m->p.v.t->keeper, MAIL_FLAGS, &b, -1, NULL, NULL);
	buf_clear(&b);
	for (v = m->p.v.below; v != NULL; v = v->below)
		if (v->ops == &list_view_ops)
			rows_flags(&((struct list_view *)v)->rows, m->id,
			    STORE_SEEN, 0);
	if (m->cur < m->msgs.n)
		m->msgs.row[m->cur].flags |= STORE_SEEN;
}

static void
got_message(void *arg, struct fetched *f)
{
	struct message_view *m = arg;

	if (f == NULL) {
		m->p.partial = message_text_partial(&m->text);
		return;
	}
	message_text_stop(&m->text);
	fetched_clear(&m->f);
	fetched_take(&m->f, f);
	message_text_start(&m->text, &m->f, how(m));
	html_stop(m->html_run);
	m->html_run = NULL;
	buf_reset(&m->html);
	m->p.top = 0;
	queue_letter_clear(&m->fate);
	message_rebuild(m);
	page_grown(&m->p);
	if (!m->p.partial)
		maybe_html(m);
	mark_seen(m);
	message_fate_ask(m);
}

void
message_show(struct message_view *m, uint64_t id)
{
	size_t i;

	m->id = id;
	for (i = 0; i < m->msgs.n; i++)
		if (m->msgs.row[i].id == id)
			m->cur = i;
	m->p.wants = NULL;
	m->p.partial = true;	/* what is asked next is of this one */
	fetch_forget(m->p.v.t, m);
	fetch_msg(m->p.v.t, id, how(m) | FETCH_START, got_message, m);
}

/* The first unread, else the newest. */
static size_t
where_to_start(const struct list_msgs *l, bool *unread)
{
	size_t i, newest = 0;

	*unread = true;
	for (i = 0; i < l->n; i++) {
		if ((l->row[i].flags & STORE_SEEN) == 0 &&
		    !l->row[i].other_copy)
			return i;
		if (l->row[i].date >= l->row[newest].date)
			newest = i;
	}
	*unread = false;
	return newest;
}

static void
got_thread(void *arg, struct list_msgs *all, bool more)
{
	struct message_view *m = arg;
	bool unread;
	size_t at;

	if (all == NULL)
		return;
	at = where_to_start(all, &unread);
	if (m->id == 0 && all->n > 0 && (unread || !more))
		message_show(m, all->row[at].id);
	if (more)
		return;
	if (all->n == 0)
		app_error(m->p.v.t, "the thread is gone");
	list_msgs_clear(&m->msgs);
	m->msgs = *all;
	memset(all, 0, sizeof *all);
	for (m->cur = 0; m->cur < m->msgs.n &&
	    m->msgs.row[m->cur].id != m->id; m->cur++)
		;
	/* It may have been shown, and marked so, before its row came. */
	if (m->cur < m->msgs.n)
		m->msgs.row[m->cur].flags |= STORE_SEEN;
}

void
message_thread(struct message_view *m, uint64_t thread, uint64_t id)
{
	thread_forget(m);
	m->thread = thread;
	m->id = id;
	list_msgs_clear(&m->msgs);
	if (id != 0)
		message_show(m, id);
	thread_ask(m->p.v.t, thread, got_thread, m);
}

/* ---- moving between messages ---- */

/* At its end the text makes room for the next message. */
static void
act_page_down(struct view *v, const char *arg)
{
	struct message_view *m = self(v);

	if (page_is_whole(&m->p) &&
	    m->p.top + (size_t)m->p.height >= m->p.doc.nrows)
		message_other(v, 1);
	else
		page_down(v, arg);
}

/* ---- how it looks ---- */

static void
act_headers(struct view *v, const char *arg)
{
	(void)arg;
	self(v)->look.all_headers = !self(v)->look.all_headers;
	self(v)->p.top = 0;
	message_rebuild(self(v));
}

static void
act_quoted(struct view *v, const char *arg)
{
	(void)arg;
	self(v)->look.hide_quoted = !self(v)->look.hide_quoted;
	message_rebuild(self(v));
}

static void
act_html(struct view *v, const char *arg)
{
	struct message_view *m = self(v);

	(void)arg;
	m->look.html = !m->look.html;
	message_show(m, m->id);
}

static void
act_skip_quoted(struct view *v, const char *arg)
{
	struct page_view *p = &self(v)->p;
	size_t row;

	(void)arg;
	row = doc_skip_quoted(&p->doc, p->top);
	if (row == p->top && !page_is_whole(p))
		page_wait(p, act_skip_quoted);
	p->top = row;
}

/* What takes too long is left; the message before it stays. */
static void
act_cancel(struct view *v, const char *arg)
{
	struct message_view *m = self(v);

	(void)arg;
	m->p.wants = NULL;
	m->p.partial = message_text_partial(&m->text);
	fetch_forget(v->t, m);
	html_stop(m->html_run);
	m->html_run = NULL;
	app_note(v->t, "left");
}

/* ---- what is done to it ---- */

static void
do_mail(struct view *v, enum conf_action act, const char *arg)
{
	struct message_view *m = self(v);
	bool whole = act == DO_ARCHIVE_THREAD || act == DO_DELETE_THREAD;
	struct rows_at at = { m->thread, whole ? 0 : m->id };
	struct mailact_on on = { .at = &at, .n = m->f.parsed,
	    .folder = m->f.info.folder != NULL ? m->f.info.folder : "",
	    .tags = m->f.info.tags, .mbox = whole ? m->f.info.mbox : 0 };
	size_t left = m->msgs.n;

	mailact(v->t, act, arg, &on);
	if (!mailact_moves(act) || v->t->prompt.open)
		return;
	/* On to the next one, as a reader would. */
	if (!whole && left > 1 && m->cur + 1 < left)
		message_show(m, m->msgs.row[m->cur + 1].id);
	else if (m->list != NULL && list_step(m->list, 1, false) != 0)
		message_thread(m, list_step(m->list, 0, false), 0);
	else
		app_pop(v->t);
}

static uint64_t
one_message(struct view *v)
{
	return self(v)->id;
}

static view_act *const acts[DO_MAX] = {
	PAGE_ACTS,
	[DO_PAGE_DOWN] = act_page_down,
	[DO_NEXT_MSG] = message_next_msg, [DO_PREV_MSG] = message_prev_msg,
	[DO_NEXT_THREAD] = message_next_thread, [DO_PREV_THREAD] = message_prev_thread,
	[DO_NEXT_UNREAD] = message_next_unread, [DO_PREV_UNREAD] = message_prev_unread,
	[DO_PARENT] = message_parent, [DO_CANCEL] = act_cancel,
	[DO_HEADERS] = act_headers, [DO_QUOTED] = act_quoted,
	[DO_HTML] = act_html, [DO_SKIP_QUOTED] = act_skip_quoted,
	[DO_LINK_OPEN] = message_link_open, [DO_LINK_COPY] = message_link_copy,
};

/* ---- the view ---- */

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	struct message_view *m = self(v);
	uint32_t flags = m->cur < m->msgs.n ? m->msgs.row[m->cur].flags :
	    m->f.info.flags;

	if (m->f.parsed)
		buf_addf(left, "%s%s%s", m->f.info.folder,
		    (flags & STORE_FLAGGED) ? "  flagged" : "",
		    (flags & STORE_ANSWERED) ? "  answered" : "");
	if (m->msgs.n > 1 && m->cur < m->msgs.n)
		buf_addf(left, "  message %zu of %zu in the thread",
		    m->cur + 1, m->msgs.n);
	if (m->html_run != NULL)
		buf_adds(left, "  [rendering]");
	page_place(&m->p, right);
}

static void
changed(struct view *v, const struct watch_change *c)
{
	if ((c->what & WATCH_QUEUE) != 0)
		message_fate_ask(self(v));
}

static void
message_free(struct view *v)
{
	struct message_view *m = self(v);

	fetch_forget(v->t, m);
	thread_forget(m);
	talk_forget(v->t->keeper, m);
	queue_letter_clear(&m->fate);
	message_text_stop(&m->text);
	html_stop(m->html_run);
	buf_clear(&m->html);
	fetched_clear(&m->f);
	list_msgs_clear(&m->msgs);
	page_free_parts(&m->p);
	free(m);
}

static const struct view_ops ops = {
	IN_MSG, "message", acts, page_draw, status, changed, message_free,
	do_mail, one_message, NULL
};

void
message_open(struct view *list, const struct rows_at *at, uint64_t id)
{
	struct message_view *m = calloc(1, sizeof *m);

	if (m == NULL)
		abort();
	m->p.v.ops = &ops;
	m->list = list;
	m->f.fd = -1;
	buf_init(&m->html, DOC_MAX);
	doc_init(&m->p.doc);
	app_push(list->t, &m->p.v);
	message_text_init(&m->text, list->t, text_grown, m);
	message_thread(m, at->thread, at->msg != 0 ? at->msg : id);
}
