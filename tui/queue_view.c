#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/err.h"
#include "store/op_queue.h"
#include "tui/compose.h"
#include "tui/lines.h"
#include "tui/queue_view.h"
#include "tui/text.h"

struct queue_view {
	struct lines_view l;
	struct queue_rows rows;
};

static struct queue_view *
self(struct view *v)
{
	return (struct queue_view *)v;
}

static const struct queue_row *
row(struct queue_view *q)
{
	return q->l.cur < q->rows.n ? &q->rows.row[q->l.cur] : NULL;
}

static void	load(struct queue_view *q);

static void
take(struct queue_view *q, struct queue_rows *rows)
{
	const char *at = row(q) != NULL ? row(q)->id : "";
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (strcmp(rows->row[i].id, at) == 0)
			q->l.cur = i;
	queue_rows_clear(&q->rows);
	q->rows = *rows;
	q->l.n = rows->n;
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct queue_view *q = arg;
	struct queue_rows rows;

	(void)fd;
	if (status != OP_OK)
		app_status_error(q->l.v.t, "queue", status);
	else if (queue_list_get(in, &rows))
		take(q, &rows);
	if (lines_got(&q->l))
		load(q);
}

static void
load(struct queue_view *q)
{
	struct buf b;

	if (!lines_ask(&q->l))
		return;
	buf_init(&b, CHAN_DATA_MAX);
	queue_list_put(&b, QUEUE_ALL_ONES, "");
	talk_send(q->l.v.t->keeper, QUEUE_LIST, &b, -1, got, q);
	buf_clear(&b);
}

static void
changed(struct view *v, const struct watch_change *c)
{
	if ((c->what & WATCH_QUEUE) != 0)
		load(self(v));
}

/* ---- acting ---- */

static void
acted(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct queue_view *q = arg;

	(void)in;
	(void)fd;
	if (status == STORE_STATE)
		app_error(q->l.v.t, "too late: it is not as it was shown");
	else if (status != OP_OK)
		app_status_error(q->l.v.t, "letter", status);
	load(q);
}

/* Why that cannot be done to a letter in this state, or NULL. */
static const char *
refusal(const struct queue_row *r, enum queue_change what)
{
	if (r->state == QUEUE_DONE)
		return "it is done: no recipient waits any more";
	if (r->sending != 0 && what != QUEUE_DO_RELEASE &&
	    what != QUEUE_DO_RETRY)
		return "it is being sent just now";
	if (what == QUEUE_DO_HOLD && r->state == QUEUE_HELD)
		return "it is held already";
	if (what == QUEUE_DO_RELEASE && r->state == QUEUE_ACTIVE)
		return "it is not held";
	return NULL;
}

static bool
refused(struct queue_view *q, enum queue_change what)
{
	const char *why;

	if (row(q) == NULL)
		return true;
	why = refusal(row(q), what);
	if (why != NULL)
		app_error(q->l.v.t, "%s", why);
	return why != NULL;
}

static void
change(struct queue_view *q, enum queue_change what)
{
	struct buf b;

	if (refused(q, what))
		return;
	buf_init(&b, CHAN_DATA_MAX);
	queue_change_put(&b, row(q)->id, what, "");
	talk_send(q->l.v.t->keeper, QUEUE_CHANGE, &b, -1, acted, q);
	buf_clear(&b);
}

static void
drop_confirmed(void *arg, const char *text)
{
	if (text != NULL && *text == 'y')
		change(arg, QUEUE_DO_DROP);
}

static void
act_drop(struct view *v, const char *arg)
{
	struct prompt_ask ask = { .label = "Never send it? (y/n) ",
	    .keys = "yn", .done = drop_confirmed, .arg = v };

	(void)arg;
	if (!refused(self(v), QUEUE_DO_DROP))
		app_prompt(v->t, &ask);
}

#define QUEUE_ACT(name, what)						\
static void								\
name(struct view *v, const char *arg)					\
{									\
	(void)arg;							\
	change(self(v), what);						\
}
QUEUE_ACT(act_hold, QUEUE_DO_HOLD)
QUEUE_ACT(act_release, QUEUE_DO_RELEASE)
QUEUE_ACT(act_retry, QUEUE_DO_RETRY)

static void
act_open(struct view *v, const char *arg)
{
	(void)arg;
	if (row(self(v)) != NULL)
		queue_open_letter(v->t, row(self(v))->id);
}

static void
act_why(struct view *v, const char *arg)
{
	struct buf b;

	(void)arg;
	if (row(self(v)) == NULL)
		return;
	buf_init(&b, 2000);
	buf_addf(&b, "<%s>", row(self(v))->msgid);
	why_open(v->t, buf_str(&b));
	buf_clear(&b);
}

/* ---- drawing ---- */

static void
when(char *dst, size_t size, int64_t at)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (at == 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(dst, size, "%d %b %H:%M", &tm) == 0)
		dst[0] = '\0';
}

static int
paint_of(const struct queue_row *r)
{
	if (r->state == QUEUE_DAMAGED || r->nfailed > 0 ||
	    r->nreturned > 0)
		return PAINT_BAD;
	return r->state == QUEUE_DONE ? PAINT_GOOD : PAINT_WAIT;
}

static int
put(struct lines_view *l, size_t line, struct buf *b)
{
	const struct queue_row *r = &self(&l->v)->rows.row[line];
	char date[32];

	when(date, sizeof date, r->created);
	buf_addf(b, " %-8s %-12s %s", queue_row_word(r), date, r->first);
	if (r->nrcpt > 1)
		buf_addf(b, " +%u", r->nrcpt - 1);
	buf_addf(b, "  %s", r->subject);
	if (r->nfailed > 0)
		buf_addf(b, "  %u FAILED", r->nfailed);
	if (r->nreturned > 0)
		buf_addf(b, "  %u RETURNED", r->nreturned);
	if (r->why[0] != '\0')
		buf_addf(b, "  (%s)", r->why);
	return paint_of(r);
}

static void
draw(struct view *v, const struct area *a)
{
	lines_draw(&self(v)->l, a, "(nothing on its way)", put);
}

static void
status(struct view *v, struct buf *left, struct buf *right)
{
	struct queue_view *q = self(v);
	size_t i, n = 0;

	for (i = 0; i < q->rows.n; i++)
		n += q->rows.row[i].state != QUEUE_DONE;
	buf_addf(left, "queue  %zu on %s way", n, n == 1 ? "its" : "their");
	lines_place(&q->l, right);
	if (q->rows.n > 0 && q->rows.more)
		buf_adds(right, "+");
}

static void
queue_free(struct view *v)
{
	talk_forget(v->t->keeper, v);
	queue_rows_clear(&self(v)->rows);
	free(v);
}

static view_act *const acts[DO_MAX] = {
	LINES_ACTS, [DO_OPEN] = act_open, [DO_HOLD] = act_hold,
	[DO_RELEASE] = act_release, [DO_RETRY] = act_retry,
	[DO_DROP] = act_drop, [DO_WHY] = act_why,
};

static const struct view_ops ops = {
	IN_QUEUE, "queue", acts, draw, status, changed, queue_free,
	NULL, NULL, lines_waits
};

/* Told by the watch how it goes. */
static void
run_each(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct tui *t = arg;
	struct queue_rows rows;
	unsigned int n = 0;
	struct buf b;
	size_t i;

	(void)fd;
	if (status != OP_OK || !queue_list_get(in, &rows)) {
		app_status_error(t, "queue", status);
		return;
	}
	buf_init(&b, CHAN_DATA_MAX);
	for (i = 0; i < rows.n; i++) {
		if (rows.row[i].state != QUEUE_ACTIVE)
			continue;
		buf_reset(&b);
		queue_change_put(&b, rows.row[i].id, QUEUE_DO_RETRY, "");
		talk_send(t->keeper, QUEUE_CHANGE, &b, -1, NULL, NULL);
		n++;
	}
	app_note(t, "%u letter%s tried now", n, n == 1 ? "" : "s");
	buf_clear(&b);
	queue_rows_clear(&rows);
}

void
queue_run_all(struct tui *t)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	queue_list_put(&b, QUEUE_OPEN_ONES, "");
	talk_send(t->keeper, QUEUE_LIST, &b, -1, run_each, t);
	buf_clear(&b);
}

void
queue_open_view(struct tui *t)
{
	struct queue_view *q = calloc(1, sizeof *q);

	if (q == NULL)
		abort();
	q->l.v.ops = &ops;
	app_push(t, &q->l.v);
	load(q);
}
