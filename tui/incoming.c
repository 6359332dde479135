#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/err.h"
#include "store/op_reject.h"
#include "tui/incoming.h"
#include "tui/lines.h"
#include "tui/page.h"
#include "tui/queue_view.h"
#include "tui/reject_page.h"

struct in_row {
	char		 trace[SPOOL_TRACE_MAX];
	uint64_t	 reject;	/* 0: nothing lies there */
	enum conf_paint	 paint;
	char		*text;		/* owned */
};

struct incoming_view {
	struct lines_view l;
	bool		 rejects;
	struct in_row	*row;		/* l.n of them */
};

static struct incoming_view *
self(struct view *v)
{
	return (struct incoming_view *)v;
}

static const struct in_row *
row(const struct incoming_view *q)
{
	return q->l.cur < q->l.n ? &q->row[q->l.cur] : NULL;
}

static void
clear(struct incoming_view *q)
{
	size_t i;

	for (i = 0; i < q->l.n; i++)
		free(q->row[i].text);
	free(q->row);
	q->row = NULL;
	q->l.n = 0;
}

/* ---- rows ---- */

static void
when(struct buf *b, int64_t at_s, bool day)
{
	time_t t = (time_t)at_s;
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof text, day ? "%d %b %H:%M" :
		    "%H:%M:%S", &tm);
	buf_addf(b, " %s  ", text);
}

static void
add(struct incoming_view *q, const char *trace, uint64_t reject,
    enum conf_paint paint, struct buf *b)
{
	struct in_row *r = &q->row[q->l.n];
	const char *text = buf_str(b);

	memset(r, 0, sizeof *r);
	(void)snprintf(r->trace, sizeof r->trace, "%s", trace);
	r->reject = reject;
	r->paint = paint;
	r->text = strdup(text != NULL ? text : "");
	if (r->text == NULL)
		abort();
	q->l.n++;
	buf_reset(b);
}

/* "from=<a@b>" or "sender=<a@b>" of an event's text. */
static void
put_sender(struct buf *b, const char *text, const char *key)
{
	const char *p = strstr(text, key), *end;

	if (p == NULL)
		return;
	p += strlen(key);
	end = strchr(p, '>');
	if (end == p)
		buf_adds(b, "<>");
	else if (end != NULL)
		buf_add(b, p, (size_t)(end - p));
}

static void
add_event(struct incoming_view *q, const struct incoming *e, struct buf *b)
{
	bool taken = strcmp(e->kind, "accept") == 0;
	bool later = !taken && e->text[0] == '4';
	size_t n = strcspn(e->text, ";");

	when(b, e->at_us / 1000000, false);
	buf_addf(b, "%-8s  ", taken ? "accepted" : later ? "deferred" :
	    "refused");
	if (e->from[0] != '\0')
		buf_adds(b, e->from);
	else
		put_sender(b, e->text, taken ? "from=<" : "sender=<");
	if (e->subject[0] != '\0')
		buf_addf(b, ": %s", e->subject);
	else if (e->rcpt[0] != '\0')
		buf_addf(b, " to %s", e->rcpt);
	if (!taken)
		buf_addf(b, "  (%.*s)", (int)n, e->text);
	add(q, e->trace, e->reject, taken ? PAINT_GOOD : later ? PAINT_WAIT :
	    PAINT_BAD, b);
}

static void
add_reject(struct incoming_view *q, const struct reject *r, struct buf *b)
{
	when(b, r->at, true);
	buf_addf(b, "%-8s  %s: %s", r->as == REJECT_DEFERRED ? "deferred" :
	    "refused", r->from[0] != '\0' ? r->from : r->sender, r->subject);
	if (r->tries > 1)
		buf_addf(b, "  %u times", r->tries);
	add(q, r->trace, r->id, r->as == REJECT_DEFERRED ? PAINT_WAIT :
	    PAINT_BAD, b);
}

/* Room for the rows of a list that came whole. */
static void
begin(struct incoming_view *q, size_t n, struct buf *b)
{
	clear(q);
	q->row = calloc(n + 1, sizeof *q->row);
	if (q->row == NULL)
		abort();
	buf_init(b, 8192);
}

static bool
take_events(struct incoming_view *q, struct chan_in *in)
{
	struct incoming_list l;
	struct buf b;
	size_t i;

	if (!incoming_list_get(in, &l))
		return false;
	begin(q, l.n, &b);
	for (i = 0; i < l.n; i++)
		add_event(q, &l.row[i], &b);
	buf_clear(&b);
	incoming_list_clear(&l);
	return true;
}

static bool
take_rejects(struct incoming_view *q, struct chan_in *in)
{
	struct reject_list l;
	struct buf b;
	size_t i;

	if (!reject_list_get(in, &l))
		return false;
	begin(q, l.n, &b);
	for (i = 0; i < l.n; i++)
		add_reject(q, &l.row[i], &b);
	buf_clear(&b);
	reject_list_clear(&l);
	return true;
}

/* ---- loading ---- */

static void	load(struct incoming_view *q);

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct incoming_view *q = arg;
	char at[SPOOL_TRACE_MAX] = "";
	size_t i;

	(void)fd;
	if (row(q) != NULL)
		memcpy(at, row(q)->trace, sizeof at);
	if (status != OP_OK)
		app_status_error(q->l.v.t, "incoming", status);
	else if (q->rejects ? take_rejects(q, in) : take_events(q, in)) {
		/* At the top it stays there, to see what comes. */
		for (i = 0; q->l.cur > 0 && i < q->l.n; i++)
			if (strcmp(q->row[i].trace, at) == 0) {
				q->l.cur = i;
				break;
			}
	}
	if (lines_got(&q->l))
		load(q);
}

static void
load(struct incoming_view *q)
{
	struct buf b;

	if (!lines_ask(&q->l))
		return;
	buf_init(&b, 64);
	if (q->rejects)
		reject_list_put(&b, 0);
	talk_send(q->l.v.t->keeper, q->rejects ? REJECT_LIST : REJECT_INCOMING,
	    &b, -1, got, q);
	buf_clear(&b);
}

static void
changed(struct view *v, const struct watch_change *c)
{
	if ((c->what & WATCH_INCOMING) != 0)
		load(self(v));
}

/* ---- acting ---- */

static void
act_open(struct view *v, const char *arg)
{
	const struct in_row *r = row(self(v));

	(void)arg;
	if (r == NULL)
		return;
	if (r->reject != 0)
		reject_page_open(v->t, r->reject, r->text);
	else
		why_open(v->t, r->trace);
}

static void
act_why(struct view *v, const char *arg)
{
	(void)arg;
	if (row(self(v)) != NULL)
		why_open(v->t, row(self(v))->trace);
}

static void
act_let_in(struct view *v, const char *arg)
{
	const struct in_row *r = row(self(v));

	(void)arg;
	if (r == NULL)
		return;
	if (r->reject != 0)
		reject_let_in(v->t, r->reject);
	else
		app_note(v->t, "%s", "only what was refused or put off after "
		    "its message had come can be let in");
}

/* ---- drawing ---- */

static int
put(struct lines_view *l, size_t line, struct buf *b)
{
	const struct in_row *r = &self(&l->v)->row[line];

	buf_adds(b, r->text);
	return (int)r->paint;
}

static void
draw(struct view *v, const struct area *a)
{
	lines_draw(&self(v)->l, a, self(v)->rejects ?
	    "(nothing was refused)" : "(nothing came in this hour)", put);
}

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	struct incoming_view *q = self(v);

	buf_adds(left, q->rejects ? "Rejects, of 14 days" :
	    "incoming, of this hour");
	lines_place(&q->l, right);
}

static void
incoming_free(struct view *v)
{
	talk_forget(v->t->keeper, v);
	clear(self(v));
	free(v);
}

static view_act *const acts[DO_MAX] = {
	LINES_ACTS, [DO_OPEN] = act_open, [DO_WHY] = act_why,
	[DO_LET_IN] = act_let_in,
};

static const struct view_ops ops = {
	IN_INCOMING, "incoming", acts, draw, status, changed, incoming_free,
	NULL, NULL, lines_waits
};

static void
view_open(struct tui *t, bool rejects)
{
	struct incoming_view *q = calloc(1, sizeof *q);

	if (q == NULL)
		abort();
	q->l.v.ops = &ops;
	q->rejects = rejects;
	app_push(t, &q->l.v);
	load(q);
}

void
incoming_open(struct tui *t)
{
	view_open(t, false);
}

void
rejects_open(struct tui *t)
{
	view_open(t, true);
}
