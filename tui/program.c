#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "tui/program.h"

struct program {
	struct tui	*t;
	struct hook	*hook;
	struct loop_io	 out, end;
	struct loop_timer late;
	program_fn	*fn;
	void		*arg;
};

static void
unwatch(struct program *p, struct loop_io *io)
{
	loop_del(p->t->loop, io);
	if (io->fd != -1)
		close(io->fd);
	io->fd = -1;
}

void
program_stop(struct program *p)
{
	if (p == NULL)
		return;
	unwatch(p, &p->out);
	unwatch(p, &p->end);
	loop_disarm(p->t->loop, &p->late);
	hook_free(p->hook);
	free(p);
}

/* The hook closes its ends as they are over: ours are copies. */
static void
step(struct program *p)
{
	enum hook_err rc;
	int status;

	if (hook_step(p->hook)) {
		rc = hook_result(p->hook, &status);
		p->fn(p->arg, rc, status, hook_output(p->hook));
		app_dirty(p->t);
		program_stop(p);
		return;
	}
	if (hook_out_fd(p->hook) == -1)
		unwatch(p, &p->out);
	if (hook_end_fd(p->hook) == -1)
		unwatch(p, &p->end);
}

static void
on_io(void *arg, uint32_t events)
{
	(void)events;
	step(arg);
}

static void
on_late(void *arg)
{
	step(arg);
}

static bool
watch(struct program *p, struct loop_io *io, int fd)
{
	io->fd = fd != -1 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	io->fn = on_io;
	io->arg = p;
	return io->fd != -1 && loop_add(p->t->loop, io, EPOLLIN) == 0;
}

struct program *
program_watch(struct tui *t, struct hook *h, program_fn *fn, void *arg)
{
	struct program *p = calloc(1, sizeof *p);

	if (p == NULL) {
		hook_free(h);
		return NULL;
	}
	p->t = t;
	p->hook = h;
	p->fn = fn;
	p->arg = arg;
	p->out.fd = p->end.fd = -1;
	p->late.fn = on_late;
	p->late.arg = p;
	if (!watch(p, &p->out, hook_out_fd(h)) ||
	    !watch(p, &p->end, hook_end_fd(h))) {
		program_stop(p);
		return NULL;
	}
	loop_arm(t->loop, &p->late, hook_due_ms(h) - clock_mono_ms() + 10);
	return p;
}
