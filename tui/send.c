#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/err.h"
#include "tui/send.h"

/* One at a time on a channel: each letter has its own. */
struct sending {
	struct tui	*t;
	struct talk	*ask;
	int		 fd;
	uint64_t	 at;		/* octets handed in */
	bool		 end;
	char		 id[QUEUE_ID_MAX];
	send_fn		*fn;
	void		*arg;
	uint16_t	 status;
	struct loop_timer last;		/* frees what the answer came by */
};

static int
link_keeper(void *arg)
{
	struct tui *t = arg;

	return t->node != NULL ? node_link(t->node, ROLE_KEEPER) : -1;
}

static void
ended(void *arg)
{
	struct sending *s = arg;

	s->fn(s->arg, s->status, s->id);
	talk_free(s->ask);
	close(s->fd);
	app_dirty(s->t);
	free(s);
}

static void
end(struct sending *s, uint16_t status)
{
	s->status = status;
	s->last.fn = ended;
	s->last.arg = s;
	loop_arm(s->t->loop, &s->last, 0);
}

static void	more(struct sending *s);

static void
committed(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	(void)in;
	(void)fd;
	end(arg, status);
}

static void
took(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	(void)in;
	(void)fd;
	if (status != OP_OK)
		end(arg, status);
	else
		more(arg);
}

static void
begun(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct sending *s = arg;

	(void)fd;
	if (status == OP_OK)
		chan_get_str(in, s->id, sizeof s->id);
	if (status == OP_OK && !chan_end(in))
		status = OP_BAD;
	if (status != OP_OK)
		end(s, status);
	else
		more(s);
}

static void
more(struct sending *s)
{
	static char chunk[QUEUE_CHUNK_MAX];
	struct buf b;
	ssize_t r;

	do
		r = pread(s->fd, chunk, sizeof chunk, (off_t)s->at);
	while (r == -1 && errno == EINTR);
	if (r == -1) {
		end(s, STORE_IO);
		return;
	}
	s->at += (uint64_t)r;
	buf_init(&b, CHAN_DATA_MAX);
	if (r == 0) {
		talk_send(s->ask, QUEUE_COMMIT, &b, -1, committed, s);
	} else {
		chan_put_bytes(&b, chunk, (size_t)r);
		talk_send(s->ask, QUEUE_DATA, &b, -1, took, s);
	}
	buf_clear(&b);
}

void
send_letter(struct tui *t, const struct queue_envelope *e, int fd,
    send_fn *fn, void *arg)
{
	struct talk_how how = { .link = link_keeper, .arg = t };
	struct sending *s = calloc(1, sizeof *s);
	struct buf b;

	if (s == NULL || (s->ask = talk_new(t->loop, &how)) == NULL)
		abort();
	s->t = t;
	s->fd = fd;
	s->fn = fn;
	s->arg = arg;
	buf_init(&b, CHAN_DATA_MAX);
	queue_begin_put(&b, e);
	talk_send(s->ask, QUEUE_BEGIN, &b, -1, begun, s);
	buf_clear(&b);
}

void
send_not_recalled(struct tui *t, uint16_t status)
{
	if (status == STORE_STATE)
		app_error(t, "too late to recall it: it has left");
	else
		app_status_error(t, "not recalled", status);
}
