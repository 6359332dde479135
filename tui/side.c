#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "tui/list.h"
#include "tui/side.h"
#include "tui/term.h"
#include "tui/text.h"

enum {
	SIDE_MIN = 16, SIDE_MAX = 30,	/* columns */
	COUNT_EVERY_MS = 1500,		/* of saved queries, while mail comes */
	SETTLE_MS = 4000,		/* the index is behind the rows */
	LOAD_EVERY_MS = 100,
	PATIENCE = 40			/* failures that are not told */
};

struct side {
	struct tui	*t;
	void		(*ready)(struct tui *);
	struct side_row	*row;
	size_t		 n, nboxes;
	char		*here;
	size_t		 first;		/* row at the top of the screen */
	bool		 loading, again;
	unsigned int	 failed;	/* in a row */
	size_t		 counting;	/* row whose count is asked for */
	struct loop_timer count_timer, load_timer, settle_timer;
	bool		 counting_now;
};

static void
rows_free(struct side_row *row, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(row[i].name);
		free(row[i].query);
	}
	free(row);
}

/* INBOX, then the rest by name; saved queries stay as they are. */
static int
by_name(const void *a, const void *b)
{
	const struct side_row *p = a, *q = b;
	int pi = strcmp(p->name, "INBOX") == 0, qi = strcmp(q->name, "INBOX") == 0;

	if (pi != qi)
		return qi - pi;
	return strcmp(p->name, q->name);
}

static void
publish_names(struct side *s)
{
	size_t i;

	buf_reset(&s->t->folders);
	for (i = 0; i < s->nboxes; i++)
		buf_add(&s->t->folders, s->row[i].name,
		    strlen(s->row[i].name) + 1);
}

static uint32_t
known(uint32_t now, const struct side_row *was, bool total)
{
	if (now != LIST_UNKNOWN || was == NULL)
		return now;
	return total ? was->total : was->unread;
}

static bool
take(struct side *s, const struct list_sidebar *l)
{
	struct side_row *row = calloc(l->n + 1, sizeof *row);
	const struct side_row *was;
	size_t i, nboxes = 0;

	if (row == NULL)
		return false;
	for (i = 0; i < l->n; i++) {
		was = side_find(s, l->box[i].name);
		row[i].id = l->box[i].id;
		row[i].name = strdup(l->box[i].name);
		row[i].query = strdup(l->box[i].query);
		row[i].total = known(l->box[i].total, was, true);
		row[i].unread = known(l->box[i].unread, was, false);
		nboxes += row[i].id != 0;
		if (row[i].name == NULL || row[i].query == NULL) {
			rows_free(row, i + 1);
			return false;
		}
	}
	qsort(row, nboxes, sizeof *row, by_name);
	rows_free(s->row, s->n);
	s->row = row;
	s->n = l->n;
	s->nboxes = nboxes;
	publish_names(s);
	return true;
}

/* ---- counts of saved queries, one at a time ---- */

static void	count_next(struct side *s);

static void
counted(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct side *s = arg;
	uint32_t total, unread;

	(void)fd;
	if (status == OP_OK && s->counting < s->n &&
	    list_count_get(in, &total, &unread)) {
		s->row[s->counting].total = total;
		s->row[s->counting].unread = unread;
		app_dirty(s->t);
	}
	s->counting++;
	count_next(s);
}

static void
count_next(struct side *s)
{
	struct buf b;

	while (s->counting < s->n && s->row[s->counting].id != 0)
		s->counting++;
	if (s->counting >= s->n) {
		s->counting_now = false;
		return;
	}
	s->counting_now = true;
	buf_init(&b, CHAN_DATA_MAX);
	list_count_put(&b, s->row[s->counting].query);
	talk_send(s->t->search, LIST_COUNT, &b, -1, counted, s);
	buf_clear(&b);
}

static void
count_all(void *arg)
{
	struct side *s = arg;

	if (s->counting_now)
		return;
	s->counting = s->nboxes;
	count_next(s);
}

/* ---- loading ---- */

static void
loaded(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct side *s = arg;
	struct list_sidebar l;
	void (*ready)(struct tui *) = s->ready;

	(void)fd;
	s->loading = false;
	if (status != OP_OK) {
		/* A node that is made just now has nothing to read yet. */
		if (++s->failed > PATIENCE)
			app_status_error(s->t, "mailboxes", status);
		loop_arm(s->t->loop, &s->load_timer,
		    s->failed > PATIENCE ? 1000 : 50);
		return;
	}
	s->failed = 0;
	if (list_sidebar_get(in, &l)) {
		if (take(s, &l)) {
			if (ready != NULL && s->nboxes > 0) {
				s->ready = NULL;
				ready(s->t);
			}
		}
		list_sidebar_clear(&l);
	}
	app_dirty(s->t);
	if (!s->count_timer.armed && !s->counting_now)
		loop_arm(s->t->loop, &s->count_timer,
		    ready != NULL ? 50 : COUNT_EVERY_MS);
	if (s->again)
		loop_arm(s->t->loop, &s->load_timer, LOAD_EVERY_MS);
	s->again = false;
}

void
side_load(struct side *s)
{
	struct buf b;

	if (s->loading) {
		s->again = true;
		return;
	}
	s->loading = true;
	buf_init(&b, CHAN_DATA_MAX);
	list_sidebar_put(&b);
	talk_send(s->t->reader, LIST_SIDEBAR, &b, -1, loaded, s);
	buf_clear(&b);
}

static void
load_later(void *arg)
{
	side_load(arg);
}

/* By now the index has learnt what changed: what it answers is asked for
 * once more. */
static void
settled(void *arg)
{
	struct side *s = arg;
	struct view *v;

	count_all(s);
	for (v = s->t->top; v != NULL; v = v->below)
		if (v->ops == &list_view_ops)
			list_settled((struct list_view *)v);
}

void
side_changed(struct side *s, const struct watch_change *c)
{
	if ((c->what & WATCH_MAIL) != 0)
		loop_arm(s->t->loop, &s->settle_timer, SETTLE_MS);
	if ((c->what & (WATCH_MAIL | WATCH_BOXES)) != 0 &&
	    !s->load_timer.armed)
		loop_arm(s->t->loop, &s->load_timer, s->loading ?
		    LOAD_EVERY_MS : 5);
}

struct side *
side_new(struct tui *t, void (*ready)(struct tui *))
{
	struct side *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->t = t;
	s->ready = ready;
	s->count_timer.fn = count_all;
	s->load_timer.fn = load_later;
	s->settle_timer.fn = settled;
	s->count_timer.arg = s->load_timer.arg = s->settle_timer.arg = s;
	loop_arm(t->loop, &s->settle_timer, SETTLE_MS);
	return s;
}

void
side_free(struct side *s)
{
	if (s == NULL)
		return;
	talk_forget(s->t->reader, s);
	talk_forget(s->t->search, s);
	loop_disarm(s->t->loop, &s->count_timer);
	loop_disarm(s->t->loop, &s->load_timer);
	loop_disarm(s->t->loop, &s->settle_timer);
	rows_free(s->row, s->n);
	free(s->here);
	free(s);
}

/* ---- looking ---- */

const struct side_row *
side_row(const struct side *s, size_t i)
{
	return i < s->n ? &s->row[i] : NULL;
}

static size_t
find(const struct side *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n && strcmp(s->row[i].name, name) != 0; i++)
		;
	return i;
}

const struct side_row *
side_find(const struct side *s, const char *name)
{
	return side_row(s, find(s, name));
}

const struct side_row *
side_saved(const struct side *s, size_t i)
{
	return i > 0 ? side_row(s, s->nboxes + i - 1) : NULL;
}

const struct side_row *
side_step(const struct side *s, int step)
{
	size_t at = s->here != NULL ? find(s, s->here) : s->n;

	if (s->n == 0)
		return NULL;
	if (at == s->n)
		return &s->row[0];
	if (step < 0)
		return at == 0 ? NULL : &s->row[at - 1];
	return side_row(s, at + 1);
}

void
side_here(struct side *s, const char *name)
{
	free(s->here);
	s->here = strdup(name);
}

/* ---- drawing ---- */

int
side_width(const struct side *s, int cols)
{
	int w = cols / 5;

	(void)s;
	if (w < SIDE_MIN)
		w = SIDE_MIN;
	return w > SIDE_MAX ? SIDE_MAX : w;
}

/* Its name below the mailbox that it lies in, if that is one. */
static const char *
short_name(const struct side *s, const struct side_row *r, int *indent)
{
	const char *shown = r->name, *p;
	char up[LIST_NAME_MAX];

	for (p = strchr(r->name, '/'); r->id != 0 && p != NULL;
	    p = strchr(p + 1, '/')) {
		(void)snprintf(up, sizeof up, "%.*s", (int)(p - r->name),
		    r->name);
		if (find(s, up) == s->n)
			continue;
		shown = p + 1;
		*indent += 2;
	}
	return shown;
}

static void
draw_row(const struct side *s, size_t i, int y, const struct area *a)
{
	const struct side_row *r = &s->row[i];
	const char *name;
	bool here = s->here != NULL && strcmp(s->here, r->name) == 0;
	int paint = here ? PAINT_SIDE_HERE : PAINT_SIDE, x, w, indent = 0;
	char count[24] = "";

	if (!here && r->unread != 0 && r->unread != LIST_UNKNOWN)
		paint = PAINT_SIDE_NEW;
	if (r->unread != 0 && r->unread != LIST_UNKNOWN)
		(void)snprintf(count, sizeof count, "%u", r->unread);
	w = a->w - 1;
	name = short_name(s, r, &indent);
	term_fill(y, a->x, w, paint);
	x = indent < w / 2 ? indent : w / 2;
	term_puts(y, a->x + x, w - x - (int)strlen(count) - 1,
	    name, paint);
	term_puts(y, a->x + w - (int)strlen(count), w, count, paint);
}

void
side_draw(struct side *s, const struct area *a)
{
	size_t h = (size_t)a->h, at, i;
	size_t lines = s->n + (s->n > s->nboxes);	/* and a blank */
	int y;

	at = s->here != NULL ? find(s, s->here) : 0;
	if (at > s->nboxes)
		at++;
	if (lines <= h)
		s->first = 0;
	else if (at < s->first)
		s->first = at;
	else if (at >= s->first + h && at < lines)
		s->first = at - h + 1;
	for (i = 0; i < h; i++) {
		y = a->y + (int)i;
		at = s->first + i;
		term_puts(y, a->x + a->w - 1, 1, "\xe2\x94\x82", PAINT_TREE);
		if (at == s->nboxes || at >= lines)
			continue;
		draw_row(s, at > s->nboxes ? at - 1 : at, y, a);
	}
}
