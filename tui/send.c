#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "mailnode/base/clock.h"
#include "store/err.h"
#include "tui/send.h"
#include "tui/undo.h"

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
send_rcpts(struct queue_envelope *e, struct queue_to *to,
    const struct addrs *rcpts)
{
	const unsigned char *p;
	size_t i;

	for (i = 0; i < rcpts->n; i++) {
		to[i].addr = rcpts->a[i].addr;
		to[i].orcpt = "";
		to[i].notify = 0;
		for (p = (const unsigned char *)to[i].addr; *p != '\0'; p++)
			if (*p >= 0x80)
				e->flags |= QUEUE_UTF8;
	}
	e->to = to;
	e->nto = rcpts->n;
	e->due_s = conf.undo_s > 0 ? clock_wall_s() + conf.undo_s : 0;
}

/* No letter leaves unsigned: with a locked vault it waits in the queue. */
static bool
vault_locked(struct tui *t)
{
	struct vault_state st;
	int ch = t->node != NULL ? node_link(t->node, ROLE_VAULT) : -1;
	bool locked;

	if (ch == -1)
		return false;
	locked = vault_status(ch, &st) == CRYPTO_OK && !st.owner;
	close(ch);
	return locked;
}

bool
send_when(struct tui *t, char *dst, size_t size)
{
	if (t->node != NULL && node_is_local(t->node)) {
		(void)snprintf(dst, size, "leaves when the daemon runs");
		return false;
	}
	if (vault_locked(t)) {
		(void)snprintf(dst, size, "the vault is locked, it waits for "
		    "mailnode vault unlock");
		return false;
	}
	if (conf.undo_s > 0)
		(void)snprintf(dst, size, "leaves in %u seconds (u recalls "
		    "it)", conf.undo_s);
	else
		(void)snprintf(dst, size, "leaves now");
	return true;
}

bool
send_recall(struct tui *t, const char *id)
{
	int ch = t->node != NULL ? node_link(t->node, ROLE_KEEPER) : -1;
	uint16_t rc = OP_GONE;

	if (ch != -1) {
		rc = queue_change(ch, id, QUEUE_DO_DROP, "");
		close(ch);
	}
	if (rc == STORE_STATE)
		app_error(t, "too late to recall it: it has left, or was "
		    "dropped");
	else if (rc != OP_OK)
		app_status_error(t, "not recalled", rc);
	else
		app_note(t, "recalled: it was not sent");
	return rc == OP_OK;
}

static bool
recall(struct tui *t, const void *id)
{
	return send_recall(t, id);
}

void
send_remember(struct tui *t, const char *what, const char *id)
{
	struct change *c = change_new(what);
	char *copy = strdup(id);

	if (copy == NULL)
		abort();
	change_special(c, recall, copy);
	undo_done(t->undo, c);
}
