#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "tui/pick.h"
#include "tui/thread.h"

/* Asked at a time: who asks for thousands reads no answers meanwhile, and is
 * taken for dead. */
enum { WINDOW = 32 };

struct picking {
	struct tui	*t;
	struct pick	 pick;
	struct rows_at	*at;		/* owned; asked up to `next` */
	size_t		 n, next;
	size_t		 waiting, failed;
	uint64_t	 mbox;
	void		(*fn)(void *, struct pick *);
	void		*arg;
};

struct one {
	struct picking	*p;
	struct rows_at	 at;
};

void
pick_msg_clear(struct pick_msg *m)
{
	free(m->folder);
	free(m->tags);
	free(m->subject);
}

void
pick_clear(struct pick *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		pick_msg_clear(&p->m[i]);
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
	n->date = m->date;
	n->folder = strdup(m->folder);
	n->tags = strdup(m->tags);
	n->subject = strdup(m->subject);
	if (n->folder == NULL || n->tags == NULL || n->subject == NULL) {
		pick_msg_clear(n);
		return false;
	}
	p->n++;
	return true;
}

static void	ask_more(struct picking *p);

/* All of them or none: what is left out nobody would notice. */
static void
finish(struct picking *p)
{
	if (p->failed > 0)
		pick_clear(&p->pick);
	p->fn(p->arg, &p->pick);
	if (p->failed > 0)
		app_error(p->t, "%zu of %zu could not be read: nothing is "
		    "done", p->failed, p->n);
	pick_clear(&p->pick);
	app_dirty(p->t);
	free(p->at);
	free(p);
}

static void
answered(struct picking *p)
{
	p->waiting--;
	ask_more(p);
}

static void
add_rows(struct one *o, const struct list_msgs *msgs)
{
	struct picking *p = o->p;
	size_t i;

	for (i = 0; i < msgs->n; i++)
		if (o->at.msg != 0 ? msgs->row[i].id == o->at.msg :
		    p->mbox == 0 || msgs->row[i].mbox == p->mbox)
			(void)pick_add(&p->pick, &msgs->row[i]);
}

static void
got_thread(void *arg, struct list_msgs *all, bool more)
{
	struct one *o = arg;
	struct picking *p = o->p;

	if (more)
		return;
	if (all != NULL)
		add_rows(o, all);
	else
		p->failed++;
	free(o);
	answered(p);
}

static void
got_msg(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct one *o = arg;
	struct picking *p = o->p;
	struct list_msgs msgs;

	(void)fd;
	if (status != OP_OK || !list_msgs_get(in, &msgs)) {
		p->failed++;
	} else {
		add_rows(o, &msgs);
		list_msgs_clear(&msgs);
	}
	free(o);
	answered(p);
}

static void
ask(struct one *o)
{
	struct list_msgs_ask args = { .which = LIST_OF_MSG, .id = o->at.msg,
	    .n = 1 };
	struct buf b;

	if (o->at.msg == 0) {
		thread_ask(o->p->t, o->at.thread, got_thread, o);
		return;
	}
	buf_init(&b, CHAN_DATA_MAX);
	list_msgs_put(&b, &args);
	talk_send(o->p->t->reader, LIST_MSGS, &b, -1, got_msg, o);
	buf_clear(&b);
}

static void
ask_more(struct picking *p)
{
	struct one *o;

	while (p->waiting < WINDOW && p->next < p->n) {
		o = calloc(1, sizeof *o);
		if (o == NULL)
			abort();
		o->p = p;
		o->at = p->at[p->next++];
		p->waiting++;
		ask(o);
	}
	if (p->waiting == 0)
		finish(p);
}

void
pick_start(struct tui *t, const struct rows_at *at, size_t n, uint64_t mbox,
    void (*fn)(void *, struct pick *), void *arg)
{
	struct picking *p = calloc(1, sizeof *p);

	if (p == NULL || (p->at = calloc(n + 1, sizeof *p->at)) == NULL)
		abort();
	p->t = t;
	p->mbox = mbox;
	p->fn = fn;
	p->arg = arg;
	p->n = n;
	memcpy(p->at, at, n * sizeof *at);
	ask_more(p);
}
