#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "tui/pick.h"

struct picking {
	struct tui	*t;
	struct pick	 pick;
	size_t		 waiting;
	uint64_t	 mbox;
	void		(*fn)(void *, struct pick *);
	void		*arg;
};

struct one {
	struct picking	*p;
	struct rows_at	 at;
};

void
pick_clear(struct pick *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->m[i].folder);
		free(p->m[i].tags);
	}
	free(p->m);
	memset(p, 0, sizeof *p);
}

bool
pick_add(struct pick *p, const struct list_msg *m)
{
	struct pick_msg *all = reallocarray(p->m, p->n + 1, sizeof *all), *n;

	if (all == NULL)
		return false;
	p->m = all;
	n = &all[p->n];
	n->id = m->id;
	n->thread = m->thread;
	n->mbox = m->mbox;
	n->flags = m->flags;
	n->folder = strdup(m->folder);
	n->tags = strdup(m->tags);
	if (n->folder == NULL || n->tags == NULL) {
		free(n->folder);
		free(n->tags);
		return false;
	}
	p->n++;
	return true;
}

static void
finish(struct picking *p)
{
	if (--p->waiting > 0)
		return;
	p->fn(p->arg, &p->pick);
	pick_clear(&p->pick);
	app_dirty(p->t);
	free(p);
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct one *o = arg;
	struct picking *p = o->p;
	struct list_msgs msgs;
	size_t i;

	(void)fd;
	if (status != OP_OK || !list_msgs_get(in, &msgs)) {
		app_status_error(p->t, "thread", status);
	} else {
		for (i = 0; i < msgs.n; i++)
			if (o->at.msg != 0 ? msgs.row[i].id == o->at.msg :
			    p->mbox == 0 || msgs.row[i].mbox == p->mbox)
				(void)pick_add(&p->pick, &msgs.row[i]);
		list_msgs_clear(&msgs);
	}
	free(o);
	finish(p);
}

void
pick_start(struct tui *t, const struct rows_at *at, size_t n, uint64_t mbox,
    void (*fn)(void *, struct pick *), void *arg)
{
	struct picking *p = calloc(1, sizeof *p);
	struct list_msgs_ask ask = { .n = LIST_PAGE_MAX };
	struct one *o;
	struct buf b;
	size_t i;

	if (p == NULL)
		return;
	p->t = t;
	p->mbox = mbox;
	p->fn = fn;
	p->arg = arg;
	p->waiting = 1;
	buf_init(&b, CHAN_DATA_MAX);
	for (i = 0; i < n; i++) {
		o = calloc(1, sizeof *o);
		if (o == NULL)
			break;
		o->p = p;
		o->at = at[i];
		ask.which = at[i].msg != 0 ? LIST_OF_MSG : LIST_OF_THREAD;
		ask.id = at[i].msg != 0 ? at[i].msg : at[i].thread;
		buf_reset(&b);
		list_msgs_put(&b, &ask);
		p->waiting++;
		talk_send(t->reader, LIST_MSGS, &b, -1, got, o);
	}
	buf_clear(&b);
	finish(p);
}
