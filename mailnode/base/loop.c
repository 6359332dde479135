#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/loop.h"

enum { LOOP_EVENTS = 64 };	/* events taken from the kernel in one turn */

struct loop {
	int			 fd;
	bool			 stop;
	struct loop_timer	*timers;	/* by due time */
	struct epoll_event	 ev[LOOP_EVENTS];
	int			 nev, at;	/* this turn's events */
	void			(*turn)(void *);
	void			*turn_arg;
};

struct loop *
loop_new(void)
{
	struct loop *l;

	l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->fd == -1) {
		free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	free(l);
}

void
loop_at_turn(struct loop *l, void (*fn)(void *), void *arg)
{
	l->turn = fn;
	l->turn_arg = arg;
}

int
loop_add(struct loop *l, struct loop_io *io, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = io };

	BUG_ON(io->in);
	if (epoll_ctl(l->fd, EPOLL_CTL_ADD, io->fd, &ev) == -1)
		return -1;
	io->in = true;
	return 0;
}

int
loop_mod(struct loop *l, struct loop_io *io, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = io };

	return epoll_ctl(l->fd, EPOLL_CTL_MOD, io->fd, &ev);
}

void
loop_del(struct loop *l, struct loop_io *io)
{
	int i;

	if (!io->in)
		return;
	(void)epoll_ctl(l->fd, EPOLL_CTL_DEL, io->fd, NULL);
	io->in = false;
	for (i = l->at; i < l->nev; i++)
		if (l->ev[i].data.ptr == io)
			l->ev[i].data.ptr = NULL;
}

void
loop_arm(struct loop *l, struct loop_timer *t, int64_t delay_ms)
{
	struct loop_timer **p;

	loop_disarm(l, t);
	t->due_ms = clock_mono_ms() + (delay_ms > 0 ? delay_ms : 0);
	for (p = &l->timers; *p != NULL && (*p)->due_ms <= t->due_ms; )
		p = &(*p)->next;
	t->next = *p;
	*p = t;
	t->armed = true;
}

void
loop_disarm(struct loop *l, struct loop_timer *t)
{
	struct loop_timer **p;

	if (!t->armed)
		return;
	for (p = &l->timers; *p != t; )
		p = &(*p)->next;
	*p = t->next;
	t->armed = false;
}

int64_t
loop_wait_ms(const struct loop *l)
{
	int64_t left;

	if (l->timers == NULL)
		return -1;
	left = l->timers->due_ms - clock_mono_ms();
	return left > 0 ? left : 0;
}

static bool
run_timers(struct loop *l)
{
	int64_t now = clock_mono_ms();
	struct loop_timer *t;
	bool any = false;

	while ((t = l->timers) != NULL && t->due_ms <= now) {
		loop_disarm(l, t);
		t->fn(t->arg);
		any = true;
	}
	return any;
}

static void
run_events(struct loop *l)
{
	struct loop_io *io;

	for (l->at = 0; l->at < l->nev; ) {
		io = l->ev[l->at].data.ptr;
		l->at++;
		if (io != NULL)
			io->fn(io->arg, l->ev[l->at - 1].events);
	}
	l->nev = l->at = 0;
}

int
loop_turn(struct loop *l, int64_t wait_ms)
{
	int64_t wait = loop_wait_ms(l);
	bool any;

	if (wait == -1 || (wait_ms >= 0 && wait_ms < wait))
		wait = wait_ms;
	if (wait > INT32_MAX)
		wait = INT32_MAX;
	l->nev = epoll_wait(l->fd, l->ev, LOOP_EVENTS, (int)wait);
	if (l->nev == -1) {
		l->nev = 0;
		if (errno != EINTR)
			return -1;
	}
	any = l->nev > 0;
	run_events(l);
	any = run_timers(l) || any;
	if (any && l->turn != NULL)
		l->turn(l->turn_arg);
	return 0;
}

int
loop_run(struct loop *l)
{
	l->stop = false;
	while (!l->stop)
		if (loop_turn(l, -1) == -1)
			return -1;
	return 0;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

int
loop_fd(const struct loop *l)
{
	return l->fd;
}
