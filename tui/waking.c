#include <stdlib.h>
#include <string.h>

#include "store/op_snooze.h"
#include "tui/list.h"
#include "tui/waking.h"

struct waking {
	struct list_view *lv;
	bool		 busy;
	bool		 stale;		/* changed since it was asked */
	uint64_t	 asked[SNOOZE_WHEN_MAX];	/* messages */
	size_t		 nasked;
	uint64_t	 known[SNOOZE_WHEN_MAX];
	int64_t		 due[SNOOZE_WHEN_MAX];
	size_t		 nknown;
};

struct waking *
waking_new(struct list_view *lv)
{
	struct waking *w = calloc(1, sizeof *w);

	if (w == NULL)
		abort();
	w->lv = lv;
	return w;
}

void
waking_free(struct waking *w)
{
	if (w == NULL)
		return;
	talk_forget(w->lv->v.t->keeper, w);
	free(w);
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct waking *w = arg;

	(void)fd;
	w->busy = false;
	w->nknown = 0;
	if (status == OP_OK && snooze_when_get(in, w->due, w->nasked)) {
		memcpy(w->known, w->asked, w->nasked * sizeof w->known[0]);
		w->nknown = w->nasked;
	}
	app_dirty(w->lv->v.t);
}

void
waking_fill(struct waking *w)
{
	const struct list_view *lv = w->lv;
	uint64_t id[SNOOZE_WHEN_MAX];
	const struct rows_line *l;
	size_t n = 0;
	struct buf b;

	while (n < (size_t)lv->height && n < SNOOZE_WHEN_MAX &&
	    (l = rows_line(&lv->rows, lv->top + n)) != NULL)
		id[n++] = l->m != NULL ? l->m->id : l->t->s.newest;
	if (n == 0 || w->busy || (!w->stale && n == w->nasked &&
	    memcmp(id, w->asked, n * sizeof id[0]) == 0))
		return;
	memcpy(w->asked, id, n * sizeof id[0]);
	w->nasked = n;
	w->busy = true;
	w->stale = false;
	buf_init(&b, CHAN_DATA_MAX);
	snooze_when_put(&b, id, n);
	talk_send(lv->v.t->keeper, SNOOZE_WHEN, &b, -1, got, w);
	buf_clear(&b);
}

void
waking_changed(struct waking *w)
{
	w->stale = true;
	app_dirty(w->lv->v.t);
}

int64_t
waking_at(const struct waking *w, uint64_t msg)
{
	size_t i;

	for (i = 0; i < w->nknown; i++)
		if (w->known[i] == msg)
			return w->due[i];
	return 0;
}
