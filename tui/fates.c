#include <stdlib.h>
#include <string.h>

#include "tui/fates.h"
#include "tui/list.h"

struct fates {
	struct list_view *lv;
	bool		 busy;
	bool		 stale;		/* changed since it was asked */
	uint64_t	 asked[QUEUE_MARKS_MAX];	/* messages */
	size_t		 nasked;
	uint64_t	 known[QUEUE_MARKS_MAX];
	enum queue_mark	 mark[QUEUE_MARKS_MAX];
	size_t		 nknown;
};

struct fates *
fates_new(struct list_view *lv)
{
	struct fates *f = calloc(1, sizeof *f);

	if (f == NULL)
		abort();
	f->lv = lv;
	return f;
}

void
fates_free(struct fates *f)
{
	if (f == NULL)
		return;
	talk_forget(f->lv->v.t->keeper, f);
	free(f);
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct fates *f = arg;

	(void)fd;
	f->busy = false;
	if (status != OP_OK || !queue_marks_get(in, f->mark, f->nasked)) {
		f->nknown = 0;		/* rows without a mark say as much */
		return;
	}
	memcpy(f->known, f->asked, f->nasked * sizeof f->known[0]);
	f->nknown = f->nasked;
	app_dirty(f->lv->v.t);
}

static void
ask(struct fates *f, const char *const *msgid, const uint64_t *id, size_t n)
{
	struct buf b;

	memcpy(f->asked, id, n * sizeof id[0]);
	f->nasked = n;
	f->busy = true;
	f->stale = false;
	buf_init(&b, CHAN_DATA_MAX);
	queue_marks_put(&b, msgid, n);
	talk_send(f->lv->v.t->keeper, QUEUE_MARKS, &b, -1, got, f);
	buf_clear(&b);
}

void
fates_fill(struct fates *f)
{
	const struct list_view *lv = f->lv;
	const char *msgid[QUEUE_MARKS_MAX];
	uint64_t id[QUEUE_MARKS_MAX];
	const struct rows_line *l;
	size_t n = 0, i;

	for (i = 0; i < (size_t)lv->height && n < QUEUE_MARKS_MAX; i++) {
		l = rows_line(&lv->rows, lv->top + i);
		if (l == NULL)
			break;
		id[n] = l->m != NULL ? l->m->id : l->t->s.newest;
		msgid[n++] = l->m != NULL ? l->m->msgid : l->t->s.msgid;
	}
	if (n > 0 && !f->busy && (f->stale || n != f->nasked ||
	    memcmp(id, f->asked, n * sizeof id[0]) != 0))
		ask(f, msgid, id, n);
}

void
fates_changed(struct fates *f)
{
	f->stale = true;
	app_dirty(f->lv->v.t);
}

enum queue_mark
fates_mark(const struct fates *f, uint64_t msg)
{
	size_t i;

	for (i = 0; i < f->nknown; i++)
		if (f->known[i] == msg)
			return f->mark[i];
	return QUEUE_MARK_NONE;
}
