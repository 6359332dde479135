#include <stdlib.h>
#include <string.h>

#include "store/op_device.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/wire.h"

enum { WATCH_NOTES_MAX = 256 };	/* of a turn; then: several */

struct subscriber {
	struct subscriber	*next;
	struct op_peer		*peer;
	uint32_t		 mask;
};

struct watch {
	struct watch_change	 note[WATCH_NOTES_MAX];
	size_t			 n;
	uint32_t		 several;	/* of these are more */
	uint32_t		 wanted;	/* by anybody */
	struct subscriber	*first;
	bool			 telling;	/* the list is being walked */
};

void
watch_note(struct store *st, enum watch_what what, uint64_t id,
    uint64_t modseq)
{
	struct watch *w = st->watch;
	size_t i;

	if (w == NULL || !(w->wanted & what))
		return;
	for (i = 0; i < w->n; i++)
		if (w->note[i].what == what && w->note[i].id == id) {
			if (w->note[i].modseq < modseq)
				w->note[i].modseq = modseq;
			return;
		}
	if (w->n < WATCH_NOTES_MAX)
		w->note[w->n++] = (struct watch_change){ what, id, modseq };
	else
		w->several |= what;
}

static void
put(struct buf *b, uint32_t what, uint64_t id, uint64_t modseq)
{
	chan_put_u32(b, what);
	chan_put_u64(b, id);
	chan_put_u64(b, modseq);
}

static void
tell(struct store *st, const struct watch *w, const struct subscriber *s)
{
	struct buf b;
	size_t i;

	buf_init(&b, CHAN_DATA_MAX);
	for (i = 0; i < w->n; i++) {
		if (!(w->note[i].what & s->mask) ||
		    (w->note[i].what == WATCH_MAIL &&
		    !device_sees(st, s->peer, w->note[i].id)))
			continue;
		put(&b, w->note[i].what, w->note[i].id, w->note[i].modseq);
	}
	if (w->several & s->mask)
		put(&b, w->several & s->mask, 0, 0);
	if (b.len > 0)
		op_reply(s->peer, WATCH_CHANGE, 0, OP_OK, &b, -1);
	buf_clear(&b);
}

void
watch_flush(struct store *st, enum store_err rc)
{
	const struct subscriber *s;
	struct watch *w = st->watch;

	if (w == NULL || w->n == 0)
		return;
	/* Who cannot be told is gone: watch_gone() comes from in here. */
	w->telling = true;
	if (rc == STORE_OK && w->n > 0)
		for (s = w->first; s != NULL; s = s->next)
			if (s->peer != NULL)
				tell(st, w, s);
	w->telling = false;
	w->n = 0;
	w->several = 0;
	watch_gone(st, NULL);
}

static void
sum(struct store *st)
{
	const struct subscriber *s;

	st->watch->wanted = 0;
	for (s = st->watch->first; s != NULL; s = s->next)
		st->watch->wanted |= s->mask;
}

void
watch_gone(struct store *st, struct op_peer *p)
{
	struct subscriber **at, *s;

	if (st->watch == NULL)
		return;
	for (at = &st->watch->first; (s = *at) != NULL; )
		if (s->peer == p && st->watch->telling) {
			s->peer = NULL;
			at = &s->next;
		} else if (s->peer == p) {
			*at = s->next;
			free(s);
		} else
			at = &s->next;
	sum(st);
}

enum store_err
watch_open(struct store *st)
{
	st->watch = calloc(1, sizeof *st->watch);
	return st->watch != NULL ? STORE_OK : STORE_NOMEM;
}

void
watch_close(struct store *st)
{
	struct subscriber *s;

	if (st->watch == NULL)
		return;
	while ((s = st->watch->first) != NULL) {
		st->watch->first = s->next;
		free(s);
	}
	free(st->watch);
	st->watch = NULL;
}

static uint16_t
on_subscribe(void *service, struct op_call *c)
{
	struct store *st = service;
	uint32_t mask = chan_get_u32(&c->in);
	struct subscriber *s;

	if (!chan_end(&c->in))
		return OP_BAD;
	watch_gone(st, c->peer);
	if (mask != 0) {
		s = calloc(1, sizeof *s);
		if (s == NULL)
			return STORE_NOMEM;
		*s = (struct subscriber){ st->watch->first, c->peer, mask };
		st->watch->first = s;
	}
	sum(st);
	return OP_OK;
}

const struct op watch_ops[] = {
	{ WATCH_SUBSCRIBE, ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP) |
	    ROLE_BIT(ROLE_READER) | ROLE_BIT(ROLE_INDEXER) |
	    ROLE_BIT(ROLE_SENDER), on_subscribe },
	{ 0, 0, NULL }
};

/* ---- client ---- */

void
watch_subscribe_put(struct buf *b, uint32_t mask)
{
	chan_put_u32(b, mask);
}

uint16_t
watch_subscribe(int ch, struct op_reply *r, uint32_t mask)
{
	struct buf b;

	buf_init(&b, 16);
	watch_subscribe_put(&b, mask);
	return wire_ask(ch, r, WATCH_SUBSCRIBE, &b, 30000);
}

bool
watch_get(struct chan_in *in, struct watch_change *c)
{
	memset(c, 0, sizeof *c);
	if (in->p == in->end)
		return false;
	c->what = chan_get_u32(in);
	c->id = chan_get_u64(in);
	c->modseq = chan_get_u64(in);
	return !in->bad;
}
