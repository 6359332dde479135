#include <stdlib.h>

#include "store/hold.h"
#include "store/spool.h"

struct held {
	struct held	*next;
	struct store	*st;
	struct op_peer	*peer;		/* NULL: gone */
	uint16_t	 type;
	uint32_t	 id;
};

struct hold {
	struct held		*coming;	/* their commit is under way */
	struct held		*first, **last;
	struct loop_timer	 enough;
};

static void
answer(struct held *h, enum store_err rc)
{
	if (h->peer != NULL && h->id != 0)
		op_reply(h->peer, h->type, h->id, (uint16_t)rc, NULL, -1);
	free(h);
}

static void
release_all(struct hold *ho)
{
	struct held *h;

	while ((h = ho->first) != NULL) {
		ho->first = h->next;
		answer(h, STORE_OK);
	}
	ho->last = &ho->first;
}

static void
enough(void *arg)
{
	release_all(arg);
}

static void
committed(void *arg, enum store_err rc)
{
	struct held *h = arg, **p;
	struct store *st = h->st;
	struct hold *ho = st->hold;

	for (p = &ho->coming; *p != NULL && *p != h; )
		p = &(*p)->next;
	if (*p != NULL)
		*p = h->next;
	if (rc != STORE_OK || spool_octets(st) <= HOLD_OCTETS) {
		answer(h, rc);
		return;
	}
	h->next = NULL;
	*ho->last = h;
	ho->last = &h->next;
	if (!ho->enough.armed)
		loop_arm(st->loop, &ho->enough, HOLD_MS);
}

uint16_t
hold_later(struct store *st, struct op_call *c)
{
	struct held *h;

	if (spool_octets(st) <= HOLD_OCTETS)
		return store_later(st, c, STORE_BIT(STORE_SPOOL));
	h = calloc(1, sizeof *h);
	if (h == NULL)
		return STORE_NOMEM;
	*h = (struct held){ .next = st->hold->coming, .st = st,
	    .peer = c->peer, .type = c->type, .id = c->id };
	if (store_after(st, STORE_BIT(STORE_SPOOL), committed, h) !=
	    STORE_OK) {
		free(h);
		return STORE_NOMEM;
	}
	st->hold->coming = h;
	return OP_LATER;
}

void
hold_release(struct store *st)
{
	if (st->hold->first != NULL && spool_octets(st) <= HOLD_OCTETS) {
		loop_disarm(st->loop, &st->hold->enough);
		release_all(st->hold);
	}
}

static void
forget(struct held *h, const struct op_peer *p)
{
	for (; h != NULL; h = h->next)
		if (h->peer == p)
			h->peer = NULL;
}

void
hold_gone(struct store *st, struct op_peer *p)
{
	forget(st->hold->coming, p);
	forget(st->hold->first, p);
}

enum store_err
hold_open(struct store *st)
{
	st->hold = calloc(1, sizeof *st->hold);
	if (st->hold == NULL)
		return STORE_NOMEM;
	st->hold->last = &st->hold->first;
	st->hold->enough = (struct loop_timer){ .fn = enough,
	    .arg = st->hold };
	return STORE_OK;
}

void
hold_close(struct store *st)
{
	struct held *h;

	if (st->hold == NULL)
		return;
	loop_disarm(st->loop, &st->hold->enough);
	release_all(st->hold);
	while ((h = st->hold->coming) != NULL) {
		st->hold->coming = h->next;
		free(h);
	}
	free(st->hold);
	st->hold = NULL;
}
