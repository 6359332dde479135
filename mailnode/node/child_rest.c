/*
 * A session whose peer gave no trouble rests for a moment: the next
 * connection from the same address is its own again.  Senders that open one
 * for each message cost one process so, and still no address meets the
 * memory of another.
 */
#include "mailnode/base/clock.h"
#include "mailnode/node/child_rest.h"

enum {
	REST_MS = 2000,		/* for the next of the same address */
	REST_MAX = 64,		/* of all addresses; each holds half a MiB */
	SERVED_MAX = 50		/* connections of one process */
};

/* Where too many rest, who did so longest ends. */
static void
make_room(struct nursery *n)
{
	struct child *c, *oldest = NULL;
	unsigned int all = 0;

	for (c = n->children; c != NULL; c = c->next) {
		if (!c->waiting || c->served == 0)
			continue;
		all++;
		if (oldest == NULL || c->rested_ms < oldest->rested_ms)
			oldest = c;
	}
	if (all > REST_MAX)
		nursery_discard(oldest);
}

uint16_t
nursery_rest(void *service, struct op_call *call)
{
	struct nursery *n = service;
	struct child *c = op_peer_data(call->peer);
	bool used = chan_get_u8(&call->in) != 0;

	if (!chan_end(&call->in) || c == NULL || c->waiting)
		return OP_BAD;
	c->waiting = true;
	c->asked_vault = used;
	c->rested_ms = clock_mono_ms();
	if (++c->served >= SERVED_MAX || n->stopping ||
	    c->stopping) {
		nursery_discard(c);
		return OP_OK;
	}
	make_room(n);
	if (!n->rest.armed)
		loop_arm(n->loop, &n->rest, REST_MS);
	return OP_OK;
}

/* Who rested since before `ms` ends; true if others go on. */
static bool
end_rest(struct nursery *n, int64_t ms)
{
	struct child *c;
	bool more = false;

	for (c = n->children; c != NULL; c = c->next) {
		if (!c->waiting || c->served == 0)
			continue;
		if (c->rested_ms <= ms)
			nursery_discard(c);
		else
			more = true;
	}
	return more;
}

void
nursery_rest_over(void *arg)
{
	struct nursery *n = arg;

	if (end_rest(n, clock_mono_ms() - REST_MS))
		loop_arm(n->loop, &n->rest, REST_MS);
}

void
nursery_wake(struct nursery *n)
{
	(void)end_rest(n, clock_mono_ms());
}
