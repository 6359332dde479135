#define _DEFAULT_SOURCE	/* explicit_bzero */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/op.h"

enum { OP_NAME_MAX = 64 };	/* octets, NUL included */

/* A record that the peer had no room for yet. */
struct waiting {
	struct waiting	*next;
	struct chan_msg	 head;		/* head.fd is ours */
	struct buf	 payload;
};

struct op_peer {
	struct op_peer	 *next, **prev;
	struct op_server *server;
	struct loop_io	  io;
	enum role	  role;
	uint32_t	  session;
	char		  name[OP_NAME_MAX];
	void		 *data;
	struct waiting	 *first, **last;
	size_t		  backlog;	/* octets waiting */
	struct loop_timer end;		/* armed by op_drop */
	bool		  dropped, deaf;
	bool		  asked;	/* its last record wants an answer */
};

/* Records taken from one peer in a turn, so that none starves the rest. */
enum { OP_BURST = 32 };

void
op_server_init(struct op_server *s, struct loop *l, const struct op *ops,
    void *service)
{
	memset(s, 0, sizeof *s);
	s->loop = l;
	s->ops = ops;
	s->service = service;
	buf_init(&s->in, CHAN_RECORD_MAX + 1);
	buf_init(&s->out, CHAN_DATA_MAX);
}

void
op_server_more(struct op_server *s, const struct op *ops)
{
	BUG_ON(s->ntables >= sizeof s->more / sizeof s->more[0]);
	s->more[s->ntables++] = ops;
}

static void
waiting_free(struct waiting *w)
{
	if (w->head.fd != -1)
		close(w->head.fd);
	/* it may have been a login */
	if (w->payload.data != NULL)
		explicit_bzero(w->payload.data, w->payload.cap);
	buf_clear(&w->payload);
	free(w);
}

static void
peer_free(struct op_peer *p)
{
	struct waiting *w;

	loop_disarm(p->server->loop, &p->end);
	loop_del(p->server->loop, &p->io);
	close(p->io.fd);
	while ((w = p->first) != NULL) {
		p->first = w->next;
		waiting_free(w);
	}
	*p->prev = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	free(p);
}

void
op_server_clear(struct op_server *s)
{
	while (s->peers != NULL)
		peer_free(s->peers);
	buf_clear(&s->in);
	buf_clear(&s->out);
}

static void
peer_end(void *arg)
{
	peer_free(arg);
}

void
op_drop(struct op_peer *p, const char *why)
{
	if (p->dropped)
		return;
	p->dropped = true;
	loop_del(p->server->loop, &p->io);
	if (p->server->gone != NULL)
		p->server->gone(p->server->service, p, why);
	loop_arm(p->server->loop, &p->end, 0);
}

static const struct op *
find(const struct op_server *s, uint16_t type)
{
	const struct op *o;
	size_t i;

	for (o = s->ops; o->fn != NULL; o++)
		if (o->type == type)
			return o;
	for (i = 0; i < s->ntables; i++)
		for (o = s->more[i]; o->fn != NULL; o++)
			if (o->type == type)
				return o;
	return NULL;
}

static void
serve(struct op_peer *p, struct chan_msg *m)
{
	struct op_server *s = p->server;
	const struct op *o = find(s, m->type);
	struct op_call c = { .peer = p, .role = p->role,
	    .session = p->session, .type = m->type, .id = m->id,
	    .fd = m->fd, .out = &s->out, .fd_out = -1 };
	uint16_t status;

	buf_reset(&s->out);
	chan_in_init(&c.in, m->data, m->len);
	if (o == NULL)
		status = OP_UNKNOWN;
	else if (!(o->roles & ROLE_BIT(p->role)))
		status = OP_DENIED;
	else if (s->may == NULL ||
	    (status = s->may(s->service, &c)) == OP_OK)
		status = o->fn(s->service, &c);
	if (c.fd != -1)
		close(c.fd);
	if (status != OP_LATER && m->id != 0 && !p->dropped)
		op_reply(p, m->type, m->id, status, &s->out, c.fd_out);
	if (c.fd_out != -1 && c.close_fd_out)
		close(c.fd_out);
	/* A client that asks for what no client of ours asks is broken or
	 * taken over: it loses the channel, never the service its life. */
	if (status == OP_UNKNOWN || status == OP_DENIED)
		op_drop(p, status == OP_DENIED ? "op denied" : "op unknown");
	else if (status == OP_BAD && c.in.bad)
		op_drop(p, "malformed arguments");
}

/* True also when nobody hears it any more. */
static bool
put(struct op_peer *p, const struct chan_msg *m, const struct buf *payload)
{
	if (chan_send(p->io.fd, m, payload, true) == 0)
		return true;
	p->deaf = p->deaf || errno == EPIPE;
	return errno == EPIPE;
}

static void
flush(struct op_peer *p)
{
	struct waiting *w;

	while ((w = p->first) != NULL) {
		if (!put(p, &w->head, &w->payload)) {
			if (errno != EAGAIN)
				op_drop(p, NULL);
			return;
		}
		p->first = w->next;
		if (p->first == NULL)
			p->last = &p->first;
		p->backlog -= w->payload.len + CHAN_HEADER;
		waiting_free(w);
	}
	(void)loop_mod(p->server->loop, &p->io, EPOLLIN);
}

/* False: there is no more at present. */
static bool
take_one(struct op_peer *p)
{
	struct chan_msg m;
	int n;

	n = chan_recv(p->io.fd, &p->server->in, &m, true);
	if (n == -1 && errno == EAGAIN)
		return false;
	p->asked = n == 1 && m.id != 0;
	if (n == 1)
		serve(p, &m);
	else
		op_drop(p, n == 0 ? NULL : "malformed record");
	return !p->dropped;
}

/* A session waits for what it asked: to look behind that is for nothing. */
static bool
one_by_one(enum role role)
{
	return role == ROLE_SMTP || role == ROLE_SUBMISSION ||
	    role == ROLE_IMAP;
}

static void
peer_ready(void *arg, uint32_t events)
{
	struct op_peer *p = arg;
	int i;

	if (events & EPOLLOUT)
		flush(p);
	for (i = 0; i < OP_BURST && !p->dropped; i++)
		if (!take_one(p) || (p->asked && one_by_one(p->role)))
			return;
}

/* No more than the socket holds: it is dead. */
void
op_drain(struct op_peer *p)
{
	while (!p->dropped && take_one(p))
		;
}

struct op_peer *
op_server_add(struct op_server *s, int fd, enum role role, uint32_t session)
{
	struct op_peer *p;

	p = calloc(1, sizeof *p);
	if (p == NULL) {
		close(fd);
		return NULL;
	}
	p->server = s;
	p->io = (struct loop_io){ .fd = fd, .fn = peer_ready, .arg = p };
	p->role = role;
	p->session = session;
	p->last = &p->first;
	p->end = (struct loop_timer){ .fn = peer_end, .arg = p };
	if (loop_add(s->loop, &p->io, EPOLLIN) == -1) {
		close(fd);
		free(p);
		return NULL;
	}
	p->prev = &s->peers;
	p->next = s->peers;
	if (p->next != NULL)
		p->next->prev = &p->next;
	s->peers = p;
	return p;
}

size_t
op_server_count(const struct op_server *s, enum role role, uint32_t session)
{
	const struct op_peer *p;
	size_t n = 0;

	for (p = s->peers; p != NULL; p = p->next)
		n += !p->dropped && p->role == role && p->session == session;
	return n;
}

static int
put_off(struct op_peer *p, const struct chan_msg *m,
    const struct buf *payload)
{
	struct waiting *w;
	size_t len = payload != NULL ? payload->len : 0;

	if (p->backlog + len + CHAN_HEADER > OP_BACKLOG)
		return -1;
	w = calloc(1, sizeof *w);
	if (w == NULL)
		return -1;
	w->head = *m;
	w->head.fd = m->fd != -1 ? dup(m->fd) : -1;
	buf_init(&w->payload, CHAN_DATA_MAX);
	if ((m->fd != -1 && w->head.fd == -1) ||
	    (len > 0 && buf_add(&w->payload, payload->data, len) == -1)) {
		waiting_free(w);
		return -1;
	}
	*p->last = w;
	p->last = &w->next;
	p->backlog += len + CHAN_HEADER;
	return loop_mod(p->server->loop, &p->io, EPOLLIN | EPOLLOUT);
}

void
op_reply(struct op_peer *p, uint16_t type, uint32_t id, uint16_t status,
    const struct buf *payload, int fd)
{
	struct chan_msg m = { .type = type, .status = status, .id = id,
	    .fd = fd };

	if (p->dropped)
		return;
	if (p->first == NULL && put(p, &m, payload))
		return;
	if (p->first == NULL && errno != EAGAIN) {
		op_drop(p, errno == EMSGSIZE ? "reply too large" : NULL);
		return;
	}
	if (put_off(p, &m, payload) == -1)
		op_drop(p, "does not read");
}

bool
op_peer_deaf(const struct op_peer *p)
{
	return p->deaf;
}

enum role
op_peer_role(const struct op_peer *p)
{
	return p->role;
}

uint32_t
op_peer_session(const struct op_peer *p)
{
	return p->session;
}

const char *
op_peer_name(const struct op_peer *p)
{
	return p->name;
}

void
op_peer_rename(struct op_peer *p, const char *name)
{
	snprintf(p->name, sizeof p->name, "%s", name);
}

void *
op_peer_data(const struct op_peer *p)
{
	return p->data;
}

void
op_peer_set(struct op_peer *p, void *data)
{
	p->data = data;
}

void
op_each(struct op_server *s, void (*fn)(struct op_peer *, void *), void *arg)
{
	struct op_peer *p, *next;

	for (p = s->peers; p != NULL; p = next) {
		next = p->next;
		if (!p->dropped)
			fn(p, arg);
	}
}

void
op_reply_init(struct op_reply *r)
{
	memset(r, 0, sizeof *r);
	r->fd = -1;
	buf_init(&r->store, CHAN_RECORD_MAX + 1);
}

void
op_reply_clear(struct op_reply *r)
{
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
	buf_clear(&r->store);
}

int
op_tell(int ch, uint16_t type, const struct buf *args, int fd)
{
	struct chan_msg m = { .type = type, .fd = fd };

	return chan_send(ch, &m, args, false);
}

/* A record, before `until`. */
static bool
wait_answer(int ch, struct op_reply *r, struct chan_msg *m, int64_t until)
{
	int64_t left, now;

	for (;;) {
		now = clock_mono_ms();
		left = until == INT64_MAX ? -1 : until > now ? until - now : 0;
		if (r->slow != NULL && (left < 0 || left > r->slow_ms))
			left = r->slow_ms;
		if (chan_recv_in(ch, &r->store, m, left) == 1)
			return true;
		if (errno != ETIMEDOUT || r->slow == NULL ||
		    clock_mono_ms() >= until)
			return false;
		r->slow(r->slow_arg);
	}
}

uint16_t
op_call(int ch, uint16_t type, const struct buf *args, int fd,
    struct op_reply *r, int64_t timeout_ms)
{
	struct chan_msg ask = { .type = type, .fd = fd }, m;
	int64_t until = timeout_ms < 0 ? INT64_MAX :
	    clock_mono_ms() + timeout_ms;

	/* An id of its own, lest a late answer be taken for this one's. */
	ask.id = ++r->last_id != 0 ? r->last_id : ++r->last_id;
	r->status = OP_GONE;
	chan_in_init(&r->in, NULL, 0);
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
	if (chan_send(ch, &ask, args, false) == -1)
		return r->status;
	for (;;) {
		if (!wait_answer(ch, r, &m, until))
			return r->status;
		if (m.id == ask.id && m.type == type)
			break;
		if (m.id == 0 && r->told != NULL)
			r->told(r->told_arg, &m);
		if (m.fd != -1)
			close(m.fd);
	}
	chan_in_init(&r->in, m.data, m.len);
	r->fd = m.fd;
	r->status = m.status;
	return r->status;
}
