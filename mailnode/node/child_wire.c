/* Who gets a channel to whom. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "mailnode/node/child_parts.h"
#include "mailnode/node/child_rest.h"

struct child *
nursery_find(const struct nursery *n, enum role r)
{
	struct child *c;

	for (c = n->children; c != NULL; c = c->next)
		if (c->entry->role == r && child_hears(c))
			return c;
	return NULL;
}

/* The connection, if there is one, travels with the start. */
void
child_start(struct child *c, int sock)
{
	struct proc_conn *k = &c->conn;
	struct buf b;

	if (c->chan == NULL)
		return;
	buf_init(&b, 1024);
	chan_put_u32(&b, k->session);
	chan_put_str(&b, k->peer);
	chan_put_u16(&b, k->peer_port);
	chan_put_str(&b, k->local);
	chan_put_u16(&b, k->local_port);
	chan_put_u32(&b, k->listener);
	chan_put_u8(&b, k->keyless);
	op_reply(c->chan, PROC_START, 0, 0, &b, sock);
	buf_clear(&b);
}

/* Both take fd. */
static void
child_link(struct child *c, enum role service, int fd)
{
	struct buf b;

	buf_init(&b, 16);
	chan_put_u8(&b, (uint8_t)service);
	if (c->chan != NULL)
		op_reply(c->chan, PROC_LINK, 0, 0, &b, fd);
	buf_clear(&b);
	close(fd);
}

void
child_serve(struct child *service, const struct child_who *w, int fd)
{
	struct buf b;

	buf_init(&b, 512);
	chan_put_u8(&b, (uint8_t)w->as);
	chan_put_u32(&b, w->session);
	chan_put_bytes(&b, w->name, strnlen(w->name, PROC_NAME_MAX - 1));
	chan_put_str(&b, w->limit);
	chan_put_u8(&b, w->light);
	if (service->chan != NULL)
		op_reply(service->chan, PROC_PEER, 0, 0, &b, fd);
	buf_clear(&b);
	close(fd);
}

/* A service that is down: the channel's far end is closed at once, and the
 * asker sees that it is gone instead of waiting. */
void
nursery_wire(struct nursery *n, struct child *c, enum role service)
{
	const struct child_who w = { c->entry->role, c->conn.session,
	    c->conn.peer, NULL, false };
	struct child *s = nursery_find(n, service);
	int fds[2];

	if (chan_pair(fds) == -1)
		return;
	child_link(c, service, fds[0]);
	if (s != NULL && s != c)
		child_serve(s, &w, fds[1]);
	else
		close(fds[1]);
}

/* It waits, and its channel to a service is dead by now. */
void
nursery_discard(struct child *c)
{
	c->waiting = false;
	c->stopping = true;
	if (c->chan != NULL)
		op_reply(c->chan, PROC_STOP, 0, 0, NULL, -1);
}

/* A new child's channels; and for a service, those of its askers, but of
 * relays: what they gave up at the old one must not come back. */
void
nursery_wire_all(struct nursery *n, struct child *c)
{
	struct child *o;
	enum role r;

	for (r = 0; r < ROLE_MAX; r++)
		if (c->entry->services & ROLE_BIT(r))
			nursery_wire(n, c, r);
	if (c->entry->life != LIFE_RUN)
		return;
	for (o = n->children; o != NULL; o = o->next) {
		if (o == c || !(o->entry->services & ROLE_BIT(c->entry->role)))
			continue;
		if (o->waiting)
			nursery_discard(o);
		else if (o->entry->life != LIFE_DEMAND)
			nursery_wire(n, o, c->entry->role);
	}
}

/* Relays are told of their sender as of a service; parsers serve.  Who asks
 * hears of it last: one that died waiting is not for him. */
void
nursery_wire_asker(struct child *c, struct child *asker)
{
	const struct child_who w = { asker->entry->role, asker->conn.session,
	    asker->conn.peer, asker->folder, asker->light };
	int fds[2];

	if (chan_pair(fds) == -1)
		return;
	if (c->entry->role == ROLE_RELAY)
		child_link(c, asker->entry->role, fds[1]);
	else
		child_serve(c, &w, fds[1]);
	if (child_hears(c) || !c->waiting)
		child_link(asker, c->entry->role, fds[0]);
	else
		close(fds[0]);
}
