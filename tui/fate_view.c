/* One letter of the queue with the fate of each recipient, kept fresh; and
 * the other pages about the node: the story of a message, its health. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "store/err.h"
#include "store/op_event.h"
#include "store/op_queue.h"
#include "store/op_stat.h"
#include "tui/page.h"
#include "tui/queue_view.h"
#include "tui/text.h"

struct fate_view {
	struct page_view p;
	char		*key;
	bool		 by_msgid;
};

static void
when(char *dst, size_t size, int64_t at)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (at == 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(dst, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		dst[0] = '\0';
}

static enum conf_paint
paint_of(enum queue_fate f)
{
	if (f == QUEUE_SENT || f == QUEUE_LOCALLY)
		return PAINT_GOOD;
	return f == QUEUE_WAITING || f == QUEUE_UNKNOWN ? PAINT_WAIT :
	    PAINT_BAD;
}

static void
put_rcpt(struct doc *d, const struct queue_row *row,
    const struct queue_rcpt *r, bool returned)
{
	char at[32];

	doc_addf(d, returned ? PAINT_BAD : paint_of(r->fate), "%s %s  %s%s",
	    returned ? "\xe2\x86\xa9" : r->fate == QUEUE_SENT || r->fate == QUEUE_LOCALLY ?
	    "\xe2\x9c\x93" : r->fate == QUEUE_WAITING ||
	    r->fate == QUEUE_UNKNOWN ? "~" : "\xe2\x9c\x97",
	    r->addr, queue_fate_name(r->fate),
	    r->maybe_twice ? ", may be twice" : "");
	when(at, sizeof at, r->changed);
	if (at[0] != '\0')
		doc_addf(d, PAINT_TEXT, "    %s  %s%s%s%u attempt%s", at,
		    r->route[0] ? "by " : "", r->route,
		    r->route[0] ? "  " : "", r->attempts,
		    r->attempts == 1 ? "" : "s");
	if (r->reply[0] != '\0')
		doc_addf(d, PAINT_TEXT, "    %s", r->reply);
	if (queue_rcpt_sending(row, r)) {
		when(at, sizeof at, row->sending);
		doc_addf(d, PAINT_WAIT, "    being sent since %s", at);
		return;
	}
	when(at, sizeof at, r->due);
	if (r->fate == QUEUE_WAITING && at[0] != '\0')
		doc_addf(d, PAINT_WAIT, "    next try %s", at);
}

/* Of recipient n, from 1; 0: of others that the letter did not name. */
static void
put_reports(struct doc *d, const struct queue_letter *l, size_t n)
{
	const struct reported *r;
	enum conf_paint paint;
	struct buf b;
	char at[32];

	buf_init(&b, 4096);
	for (r = l->report; r < l->report + l->nreport; r++) {
		if (r->n != n)
			continue;
		paint = !reported_believed(r->belief) ? PAINT_WAIT :
		    r->action == REPORT_FAILED ? PAINT_BAD :
		    r->action == REPORT_DELAYED ? PAINT_WAIT : PAINT_GOOD;
		buf_reset(&b);
		reported_text(r, &b);
		when(at, sizeof at, r->at);
		doc_addf(d, paint, "    %s, %s", buf_str(&b), at);
		buf_reset(&b);
		reported_why(r, &b);
		doc_addf(d, paint, "      %s", buf_str(&b));
	}
	buf_clear(&b);
}

static bool
came_back(const struct queue_letter *l, size_t n)
{
	size_t i;

	for (i = 0; i < l->nreport; i++)
		if (l->report[i].n == n &&
		    l->report[i].action == REPORT_FAILED &&
		    reported_believed(l->report[i].belief))
			return true;
	return false;
}

static void
put_letter(struct doc *d, const struct queue_letter *l)
{
	char at[32];
	size_t i;

	doc_header(d, "Letter", l->row.id, PAINT_TEXT);
	doc_header(d, "Subject", l->row.subject, PAINT_SUBJECT);
	doc_header(d, "From", l->row.from, PAINT_TEXT);
	doc_header(d, "Message-ID", l->row.msgid, PAINT_TEXT);
	when(at, sizeof at, l->row.created);
	doc_header(d, "Queued", at, PAINT_TEXT);
	doc_header(d, "State", queue_row_word(&l->row), PAINT_TEXT);
	if (l->row.why[0] != '\0')
		doc_header(d, "Why", l->row.why, PAINT_WAIT);
	doc_adds(d, PAINT_TEXT, "");
	for (i = 0; i < l->nrcpt; i++) {
		put_rcpt(d, &l->row, &l->rcpt[i], came_back(l, i + 1));
		put_reports(d, l, i + 1);
	}
	put_reports(d, l, 0);
	if (l->nattempt > 0)
		doc_adds(d, PAINT_TEXT, "");
	for (i = 0; i < l->nattempt; i++) {
		when(at, sizeof at, l->attempt[i].at);
		doc_addf(d, PAINT_TEXT, "%s  %s  %s  %s  [%s]", at,
		    l->attempt[i].route, l->attempt[i].peer,
		    l->attempt[i].tls[0] ? l->attempt[i].tls : "no TLS",
		    l->attempt[i].rcpts);
		if (l->attempt[i].reply[0] != '\0')
			doc_addf(d, PAINT_TEXT, "    %s",
			    l->attempt[i].reply);
	}
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fate_view *f = arg;
	struct queue_letter l;
	size_t cols = f->p.doc.cols;

	(void)fd;
	app_dirty(f->p.v.t);
	doc_clear(&f->p.doc);
	if (status == STORE_NOTFOUND)
		doc_adds(&f->p.doc, PAINT_TEXT,
		    "This node has not sent it, or long ago.");
	else if (status != OP_OK)
		app_status_error(f->p.v.t, "delivery", status);
	else if (queue_show_get(in, &l)) {
		put_letter(&f->p.doc, &l);
		queue_letter_clear(&l);
	}
	doc_layout(&f->p.doc, cols);
}

static void
load(struct fate_view *f)
{
	struct tui *t = f->p.v.t;
	struct buf b;

	talk_forget(t->keeper, f);
	buf_init(&b, CHAN_DATA_MAX);
	if (f->by_msgid)
		queue_fate_put(&b, f->key);
	else
		queue_show_put(&b, f->key);
	talk_send(t->keeper, f->by_msgid ? QUEUE_FATE : QUEUE_SHOW, &b, -1,
	    got, f);
	buf_clear(&b);
}

static void
changed(struct view *v, const struct watch_change *c)
{
	if ((c->what & WATCH_QUEUE) != 0)
		load((struct fate_view *)v);
}

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	buf_adds(left, "delivery");
	page_place((struct page_view *)v, right);
}

static void
fate_free(struct view *v)
{
	struct fate_view *f = (struct fate_view *)v;

	talk_forget(v->t->keeper, f);
	page_free_parts(&f->p);
	free(f->key);
	free(f);
}

static view_act *const acts[DO_MAX] = {
	PAGE_ACTS, [DO_PAGE_DOWN] = page_down
};

static const struct view_ops ops = {
	IN_TEXT, "delivery", acts, page_draw, status, changed, fate_free,
	NULL, NULL, NULL
};

static void
fate_open(struct tui *t, const char *key, bool by_msgid)
{
	struct fate_view *f = calloc(1, sizeof *f);

	if (f == NULL || (f->key = strdup(key)) == NULL)
		abort();
	f->by_msgid = by_msgid;
	f->p.v.ops = &ops;
	doc_init(&f->p.doc);
	app_push(t, &f->p.v);
	load(f);
}

void
queue_open_letter(struct tui *t, const char *id)
{
	fate_open(t, id, false);
}

void
queue_open_fate(struct tui *t, const char *msgid)
{
	fate_open(t, msgid, true);
}

/* ---- why ---- */

/* A few milliseconds of keeper's, on a channel of its own. */
void
why_open(struct tui *t, const char *key)
{
	int ch = t->node != NULL ? node_link(t->node, ROLE_KEEPER) : -1;
	struct op_reply r;
	struct event_list l;
	struct page_view *p;
	char at[32];
	uint16_t rc;
	size_t i;

	if (ch == -1) {
		app_error(t, "why: %s", node_why(errno));
		return;
	}
	op_reply_init(&r);
	rc = event_query(ch, &r, key, 0, &l);
	if (rc != OP_OK) {
		app_status_error(t, "why", rc);
	} else {
		p = page_open(t, "why");
		doc_addf(&p->doc, PAINT_SUBJECT, "%s", key);
		for (i = 0; i < l.n; i++) {
			when(at, sizeof at, l.event[i].at_us / 1000000);
			doc_addf(&p->doc, PAINT_TEXT, "%s  %s  %s  %s  %s",
			    at, l.event[i].trace, l.event[i].kind,
			    l.event[i].addr, l.event[i].text);
		}
		event_list_clear(&l);
	}
	op_reply_clear(&r);
	close(ch);
}

static void
put_roles(struct doc *d, const struct node_state *st)
{
	struct buf b;
	unsigned int i;

	buf_init(&b, 2000);
	for (i = 0; i < ROLE_MAX; i++)
		if (st->running[i] > 0)
			buf_addf(&b, "%s%s", b.len > 0 ? " " : "",
			    role_name((enum role)i));
	doc_header(d, "Roles", buf_str(&b), PAINT_TEXT);
	buf_clear(&b);
	for (i = 0; i < ROLE_MAX; i++)
		if (st->crashes[i] > 0)
			doc_addf(d, PAINT_BAD, "%s crashed %u times",
			    role_name((enum role)i), st->crashes[i]);
	if (st->missing[0] != '\0')
		doc_addf(d, PAINT_BAD, "this kernel lacks %s", st->missing);
}

static void
put_state(struct doc *d, const struct node_state *st)
{
	char at[32];
	size_t i;

	when(at, sizeof at, st->since);
	doc_addf(d, PAINT_SUBJECT, "%s, %s%s, since %s", conf.hostname,
	    st->ready ? "ready" : "not ready", st->local ?
	    ", without a daemon: nothing comes in or goes out" : "", at);
	doc_addf(d, PAINT_TEXT, "%llu connections, %llu turned away, %u now",
	    (unsigned long long)st->accepted,
	    (unsigned long long)st->refused, st->sessions);
	put_roles(d, st);
	for (i = 0; i < st->sessions && i < NODE_SESSIONS_MAX; i++)
		doc_addf(d, PAINT_TEXT, "session  %s  %s  %u s",
		    role_name(st->session[i].role), st->session[i].peer,
		    st->session[i].seconds);
	for (i = 0; i < ALARM_MAX; i++) {
		if (st->alarms.at[i].since == 0)
			continue;
		when(at, sizeof at, st->alarms.at[i].since);
		doc_addf(d, PAINT_BAD, "alarm  %s  %s: %s", at,
		    role_name(st->alarms.at[i].role), st->alarms.at[i].text);
	}
}

static void
put_number(struct doc *d, const char *name, uint64_t n, const char *what,
    bool good)
{
	char text[80];

	(void)snprintf(text, sizeof text, "%llu %s", (unsigned long long)n,
	    what);
	doc_header(d, name, text, good ? PAINT_TEXT : PAINT_WAIT);
}

/* What waits in the store, and room for more. */
static void
put_store(struct tui *t, struct doc *d)
{
	int ch = node_link(t->node, ROLE_KEEPER);
	struct stat_node s;
	struct op_reply r;
	char size[16], free_text[60];

	if (ch == -1)
		return;
	op_reply_init(&r);
	if (stat_node(ch, &r, &s) == OP_OK) {
		put_number(d, "Spool", s.spooled, s.spool_refusing ?
		    "waiting; new mail is deferred" : "waiting",
		    !s.spool_refusing);
		if (s.partial)
			put_number(d, "Mail", s.messages, "listed, more to "
			    "come: IMAP waits for all", false);
		put_number(d, "Index", s.unindexed, "behind",
		    s.unindexed == 0);
		if (s.intents > 0)
			put_number(d, "Files", s.intents,
			    "changes under way", true);
		text_size(size, sizeof size, s.disk_free);
		(void)snprintf(free_text, sizeof free_text, "%s free", size);
		doc_header(d, "Disk", free_text, PAINT_TEXT);
	}
	op_reply_clear(&r);
	close(ch);
}

static void
put_vault(struct tui *t, struct doc *d)
{
	int ch = node_link(t->node, ROLE_VAULT);
	struct vault_state st;

	if (ch == -1)
		return;
	if (vault_status(ch, &st) == CRYPTO_OK)
		doc_header(d, "Vault", st.owner ? "unlocked" : "locked: "
		    "outgoing mail waits for mailnode vault unlock",
		    st.owner ? PAINT_TEXT : PAINT_BAD);
	close(ch);
}

void
status_open(struct tui *t)
{
	struct node_state *st = calloc(1, sizeof *st);
	struct page_view *p;

	if (st == NULL || t->node == NULL || node_state(t->node, st) == -1) {
		app_error(t, "status: %s", node_why(errno));
	} else {
		p = page_open(t, "status");
		put_state(&p->doc, st);
		put_store(t, &p->doc);
		put_vault(t, &p->doc);
		doc_adds(&p->doc, PAINT_TEXT, "");
		doc_adds(&p->doc, PAINT_TEXT, "mailnode status says more, "
		    "mailnode doctor looks at everything.");
	}
	free(st);
}
