#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/op.h"
#include "store/ask.h"

enum { ASK_BURST = 64 };	/* answers taken in a turn */

struct asked {
	struct asked	*next;
	uint32_t	 id;
	uint16_t	 type;
	ask_fn		 fn;
	void		*arg;
};

struct unsent {
	struct unsent	*next;
	struct chan_msg	 head;
	struct buf	 payload;
};

struct ask {
	struct loop	*loop;
	struct loop_io	 io;
	struct buf	 in;
	uint32_t	 last_id;
	unsigned int	 pending;
	struct asked	*first, **last;
	struct unsent	*wait, **wait_last;
	void		(*told)(void *, uint16_t, struct chan_in *);
	void		(*gone)(void *);
	void		*arg;
	unsigned int	 depth;		/* calls back that are under way */
	bool		 dead;		/* freed by one: when it returns */
};

static void
unsent_free(struct unsent *u)
{
	if (u->head.fd != -1)
		close(u->head.fd);
	buf_clear(&u->payload);
	free(u);
}

static void
release(struct ask *a)
{
	struct asked *q;
	struct unsent *u;

	while ((q = a->first) != NULL) {
		a->first = q->next;
		free(q);
	}
	while ((u = a->wait) != NULL) {
		a->wait = u->next;
		unsent_free(u);
	}
	buf_clear(&a->in);
	free(a);
}

static void
leave(struct ask *a)
{
	if (--a->depth == 0 && a->dead)
		release(a);
}

static void
hang_up(struct ask *a)
{
	struct chan_in none;
	struct asked *q;
	int fd = -1;

	loop_del(a->loop, &a->io);
	chan_in_init(&none, NULL, 0);
	while (!a->dead && (q = a->first) != NULL) {
		a->first = q->next;
		if (a->first == NULL)
			a->last = &a->first;
		a->pending--;
		q->fn(q->arg, OP_GONE, &none, &fd);
		free(q);
	}
	if (!a->dead)
		a->gone(a->arg);
}

static void
answered(struct ask *a, struct chan_msg *m)
{
	struct asked **p, *q;
	struct chan_in in;

	chan_in_init(&in, m->data, m->len);
	for (p = &a->first; (q = *p) != NULL; p = &q->next)
		if (q->id == m->id && q->type == m->type)
			break;
	if (q == NULL)
		return;
	*p = q->next;
	if (q->next == NULL)
		a->last = p;
	a->pending--;
	q->fn(q->arg, m->status, &in, &m->fd);
	free(q);
}

static int
flush(struct ask *a)
{
	struct unsent *u;

	while ((u = a->wait) != NULL) {
		if (chan_send(a->io.fd, &u->head, &u->payload, true) == -1)
			return errno == EAGAIN ? 0 : -1;
		a->wait = u->next;
		if (a->wait == NULL)
			a->wait_last = &a->wait;
		unsent_free(u);
	}
	return loop_mod(a->loop, &a->io, EPOLLIN);
}

static void
take(struct ask *a, struct chan_msg *m)
{
	struct chan_in in;

	if (m->id != 0)
		answered(a, m);
	else if (a->told != NULL) {
		chan_in_init(&in, m->data, m->len);
		a->told(a->arg, m->type, &in);
	}
	if (m->fd != -1)
		close(m->fd);
}

static void
ready(void *arg, uint32_t events)
{
	struct ask *a = arg;
	struct chan_msg m;
	int i, n = 1;

	a->depth++;
	if ((events & EPOLLOUT) && flush(a) == -1)
		n = 0;
	for (i = 0; n == 1 && i < ASK_BURST && !a->dead; i++) {
		n = chan_recv(a->io.fd, &a->in, &m, true);
		if (n == 1)
			take(a, &m);
		else if (n == -1 && errno == EAGAIN)
			break;
		else
			n = 0;
	}
	if (n == 0 && !a->dead)
		hang_up(a);
	leave(a);
}

struct ask *
ask_new(struct loop *l, int fd, void (*told)(void *, uint16_t,
    struct chan_in *), void (*gone)(void *), void *arg)
{
	struct ask *a = calloc(1, sizeof *a);

	if (a == NULL) {
		close(fd);
		return NULL;
	}
	a->loop = l;
	a->io = (struct loop_io){ .fd = fd, .fn = ready, .arg = a };
	a->last = &a->first;
	a->wait_last = &a->wait;
	a->told = told;
	a->gone = gone;
	a->arg = arg;
	buf_init(&a->in, CHAN_RECORD_MAX + 1);
	if (loop_add(l, &a->io, EPOLLIN) == -1) {
		close(fd);
		free(a);
		return NULL;
	}
	return a;
}

void
ask_free(struct ask *a)
{
	if (a == NULL)
		return;
	loop_del(a->loop, &a->io);
	close(a->io.fd);
	a->dead = true;
	a->depth++;
	leave(a);
}

void
ask_hang_up(struct ask *a)
{
	a->depth++;
	hang_up(a);
	leave(a);
}

static int
put_off(struct ask *a, const struct chan_msg *m, const struct buf *payload)
{
	struct unsent *u = calloc(1, sizeof *u);

	if (u == NULL)
		return -1;
	u->head = *m;
	u->head.fd = m->fd != -1 ? dup(m->fd) : -1;
	buf_init(&u->payload, CHAN_DATA_MAX);
	if ((m->fd != -1 && u->head.fd == -1) || (payload != NULL &&
	    buf_add(&u->payload, payload->data, payload->len) == -1)) {
		unsent_free(u);
		return -1;
	}
	*a->wait_last = u;
	a->wait_last = &u->next;
	return loop_mod(a->loop, &a->io, EPOLLIN | EPOLLOUT);
}

int
ask_send(struct ask *a, uint16_t type, const struct buf *payload, int fd,
    ask_fn fn, void *arg)
{
	struct chan_msg m = { .type = type, .fd = fd };
	struct asked *q = calloc(1, sizeof *q);
	bool sent = false;

	if (q == NULL)
		return -1;
	m.id = ++a->last_id != 0 ? a->last_id : ++a->last_id;
	if (a->wait == NULL)
		sent = chan_send(a->io.fd, &m, payload, true) == 0;
	if (!sent && ((a->wait == NULL && errno != EAGAIN) ||
	    put_off(a, &m, payload) == -1)) {
		free(q);
		return -1;
	}
	*q = (struct asked){ .id = m.id, .type = type, .fn = fn, .arg = arg };
	*a->last = q;
	a->last = &q->next;
	a->pending++;
	return 0;
}

