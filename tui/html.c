#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "hooks/html.h"
#include "mailnode/base/clock.h"
#include "tui/html.h"

enum { HTML_MAX = 5 * 1024 * 1024 };	/* octets given to a browser */

struct html_run {
	struct tui	*t;
	struct hook	*hook;
	struct loop_io	 out, end;
	struct loop_timer late;
	void		(*done)(void *, struct buf *);
	void		*arg;
};

static void
unwatch(struct html_run *r, struct loop_io *io)
{
	loop_del(r->t->loop, io);
	if (io->fd != -1)
		close(io->fd);
	io->fd = -1;
}

void
html_stop(struct html_run *r)
{
	if (r == NULL)
		return;
	unwatch(r, &r->out);
	unwatch(r, &r->end);
	loop_disarm(r->t->loop, &r->late);
	hook_free(r->hook);
	free(r);
}

static void
finish(struct html_run *r)
{
	const struct buf *out = hook_output(r->hook);
	struct buf text;
	int status;

	buf_init(&text, HOOK_OUTPUT_MAX);
	if (hook_result(r->hook, &status) == HOOK_OK && status == 0 &&
	    out->len > 0 && buf_add(&text, out->data, out->len) == 0)
		r->done(r->arg, &text);
	else
		r->done(r->arg, NULL);
	html_stop(r);
}

/* The hook closes its ends as they are over: ours are copies. */
static void
step(struct html_run *r)
{
	if (hook_step(r->hook)) {
		finish(r);
		return;
	}
	if (hook_out_fd(r->hook) == -1)
		unwatch(r, &r->out);
	if (hook_end_fd(r->hook) == -1)
		unwatch(r, &r->end);
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
watch(struct html_run *r, struct loop_io *io, int fd)
{
	io->fd = fd != -1 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	io->fn = on_io;
	io->arg = r;
	return io->fd != -1 && loop_add(r->t->loop, io, EPOLLIN) == 0;
}

struct html_run *
html_start(struct tui *t, int fd, uint64_t size, unsigned int columns,
    void (*done)(void *, struct buf *), void *arg)
{
	struct html_run *r;

	if (size > HTML_MAX)
		return NULL;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->t = t;
	r->done = done;
	r->arg = arg;
	r->out.fd = r->end.fd = -1;
	r->late.fn = on_late;
	r->late.arg = r;
	if (hook_html_start(&r->hook, fd, columns) != HOOK_OK ||
	    !watch(r, &r->out, hook_out_fd(r->hook)) ||
	    !watch(r, &r->end, hook_end_fd(r->hook))) {
		html_stop(r);
		return NULL;
	}
	loop_arm(t->loop, &r->late,
	    hook_due_ms(r->hook) - clock_mono_ms() + 10);
	return r;
}
