#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/op.h"
#include "tui/talk.h"

enum { TALK_BURST = 64 };	/* answers taken in one turn */

struct question {
	struct question	*next;
	uint32_t	 id;
	talk_fn		*fn;
	void		*arg;
	int64_t		 since_ms;
	/* Until it is sent: */
	bool		 sent;
	uint16_t	 type;
	struct buf	 args;
	int		 fd;
};

struct talk {
	struct loop	 *loop;
	struct talk_how	  how;
	struct loop_io	  io;
	struct loop_timer again;	/* answers "gone" outside of talk_send */
	struct question	 *first, **last;
	uint32_t	  id;
	struct buf	  in;
	bool		  writing;	/* waits for room in the channel */
};

static void
question_free(struct question *q)
{
	buf_clear(&q->args);
	if (q->fd != -1)
		close(q->fd);
	free(q);
}

static void
unlink_question(struct talk *a, struct question **at)
{
	struct question *q = *at;

	*at = q->next;
	if (q->next == NULL)
		a->last = at;
}

static void
answer(struct question *q, uint16_t status, struct chan_in *in, int *fd)
{
	if (q->fn != NULL)
		q->fn(q->arg, status, in, fd);
	question_free(q);
}

static void
hang_up(struct talk *a)
{
	if (a->io.fd == -1)
		return;
	loop_del(a->loop, &a->io);
	close(a->io.fd);
	a->io.fd = -1;
	a->writing = false;
}

/* What was asked of a service that is gone is answered so. */
static void
fail_all(void *arg)
{
	struct talk *a = arg;
	struct question *q, *list = a->first;
	struct chan_in none;
	int fd = -1;

	a->first = NULL;
	a->last = &a->first;
	chan_in_init(&none, NULL, 0);
	while ((q = list) != NULL) {
		list = q->next;
		answer(q, OP_GONE, &none, &fd);
	}
}

static void
lost(struct talk *a)
{
	hang_up(a);
	loop_arm(a->loop, &a->again, 0);
	if (a->how.down != NULL)
		a->how.down(a->how.arg);
}

/* Sends what waits, in order, as far as the channel takes it. */
static void
flush(struct talk *a)
{
	struct chan_msg head = { .fd = -1 };
	struct question *q;
	bool wait = false;

	for (q = a->first; q != NULL && !wait; q = q->next) {
		if (q->sent)
			continue;
		head.type = q->type;
		head.id = q->id;
		head.fd = q->fd;
		if (chan_send(a->io.fd, &head, &q->args, true) == 0) {
			q->sent = true;
			buf_clear(&q->args);
			if (q->fd != -1)
				close(q->fd);
			q->fd = -1;
		} else if (errno == EAGAIN) {
			wait = true;
		} else {
			lost(a);
			return;
		}
	}
	if (wait != a->writing) {
		(void)loop_mod(a->loop, &a->io,
		    wait ? EPOLLIN | EPOLLOUT : EPOLLIN);
		a->writing = wait;
	}
}

static void
take(struct talk *a, struct chan_msg *m)
{
	struct question **at, *q;
	struct chan_in in;

	if (m->id == 0) {
		if (a->how.told != NULL)
			a->how.told(a->how.arg, m);
	} else {
		for (at = &a->first; *at != NULL; at = &(*at)->next)
			if ((*at)->id == m->id)
				break;
		if ((q = *at) != NULL) {
			unlink_question(a, at);
			chan_in_init(&in, m->data, m->len);
			answer(q, m->status, &in, &m->fd);
		}
	}
	if (m->fd != -1)
		close(m->fd);
}

static void
on_io(void *arg, uint32_t events)
{
	struct talk *a = arg;
	struct chan_msg m;
	int i, rc;

	if (events & EPOLLOUT)
		flush(a);
	for (i = 0; i < TALK_BURST && a->io.fd != -1; i++) {
		rc = chan_recv(a->io.fd, &a->in, &m, true);
		if (rc == -1 && errno == EAGAIN)
			return;
		if (rc != 1) {
			lost(a);
			return;
		}
		take(a, &m);
	}
}

struct talk *
talk_new(struct loop *l, const struct talk_how *how)
{
	struct talk *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->loop = l;
	a->how = *how;
	a->io.fd = -1;
	a->io.fn = on_io;
	a->io.arg = a;
	a->again.fn = fail_all;
	a->again.arg = a;
	a->last = &a->first;
	buf_init(&a->in, CHAN_RECORD_MAX + 1);
	return a;
}

void
talk_free(struct talk *a)
{
	struct question *q;

	if (a == NULL)
		return;
	hang_up(a);
	loop_disarm(a->loop, &a->again);
	while ((q = a->first) != NULL) {
		a->first = q->next;
		question_free(q);
	}
	buf_clear(&a->in);
	free(a);
}

static bool
connected(struct talk *a)
{
	if (a->io.fd != -1)
		return true;
	a->io.fd = a->how.link(a->how.arg);
	if (a->io.fd == -1)
		return false;
	if (loop_add(a->loop, &a->io, EPOLLIN) == -1) {
		close(a->io.fd);
		a->io.fd = -1;
		return false;
	}
	return true;
}

void
talk_send(struct talk *a, uint16_t type, const struct buf *args, int fd,
    talk_fn *fn, void *arg)
{
	struct question *q = calloc(1, sizeof *q);
	bool up;

	if (q == NULL)
		abort();
	buf_init(&q->args, CHAN_DATA_MAX);
	if (args != NULL && buf_add(&q->args, args->data, args->len) == -1)
		abort();
	q->fd = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	q->fn = fn;
	q->arg = arg;
	q->type = type;
	q->since_ms = clock_mono_ms();
	if (++a->id == 0)
		++a->id;
	q->id = a->id;
	up = connected(a);
	*a->last = q;
	a->last = &q->next;
	if (up)
		flush(a);
	else
		loop_arm(a->loop, &a->again, 0);
}

void
talk_forget(struct talk *a, const void *arg)
{
	struct question *q;

	if (a == NULL)
		return;
	for (q = a->first; q != NULL; q = q->next)
		if (q->arg == arg)
			q->fn = NULL;
}

unsigned int
talk_waiting(const struct talk *a, int64_t *oldest_ms)
{
	const struct question *q;
	unsigned int n = 0;

	*oldest_ms = 0;
	for (q = a->first; q != NULL; q = q->next) {
		if (q->fn == NULL)
			continue;
		if (n++ == 0)
			*oldest_ms = clock_mono_ms() - q->since_ms;
	}
	return n;
}
