/* What waits for a next hop, and how many processes that is worth. */
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/queue/relays_parts.h"
#include "mailnode/queue/route.h"

enum {
	RELAYS_MAX = 8,		/* processes at work at once */
	RELAYS_ALL_MAX = 32,	/* with those that are silent */
	RELAYS_PER_HOP = 2,
	SILENT_MS = 10000,	/* without a word: it awaits its server */
	WANT_MS = 10000		/* one that was wanted and did not come */
};

static struct hop_queue *
hop_of(struct sender *s, int route, const char *addr)
{
	char key[ROUTE_KEY_MAX];
	struct hop_queue *h;

	route_key(route, addr, key);
	for (h = s->relays->hops; h != NULL; h = h->next)
		if (strcmp(h->key, key) == 0)
			return h;
	h = letters_get(s, 1, sizeof *h);
	memcpy(h->key, key, sizeof h->key);
	h->route = route;
	h->last = &h->first;
	h->next = s->relays->hops;
	s->relays->hops = h;
	return h;
}

struct part *
hop_take(struct hop_queue *h)
{
	struct part *p = h->first;

	h->first = p->next;
	if (h->first == NULL)
		h->last = &h->first;
	h->waiting--;
	p->next = NULL;
	return p;
}

static bool
is_silent(const struct run *r)
{
	return clock_mono_ms() - r->heard_ms >= SILENT_MS;
}

/* All processes that it may have are there, and none says a word. */
static bool
hop_silent(const struct sender *s, const struct hop_queue *h)
{
	const struct run *r;
	unsigned int n = 0;

	for (r = s->relays->runs; r != NULL; r = r->next)
		n += r->hop == h && is_silent(r);
	return n == RELAYS_PER_HOP;
}

unsigned int
relays_silent(const struct sender *s)
{
	const struct run *r;
	unsigned int n = 0;
	size_t i;

	for (r = s->relays->runs; r != NULL; r = r->next)
		for (i = 0; i < r->n && is_silent(r); i++)
			n += r->part[i] != NULL;
	return n;
}

/* Its recipients were not tried, and nothing is written down. */
static void
put_off(struct hop_queue *h, struct letter *x)
{
	x->later = true;
	if (h->nput_off < PUT_OFF_MAX)
		h->put_off[h->nput_off++] = x->l.id;
}

void
relays_queue(struct sender *s, struct letter *x, int route, const size_t *at,
    size_t n)
{
	struct hop_queue *h = hop_of(s, route, x->l.rcpt[at[0]].addr);
	struct part *p;

	if (hop_silent(s, h)) {
		put_off(h, x);
		return;
	}
	p = letters_get(s, 1, sizeof *p);
	p->letter = x;
	p->at = letters_get(s, n, sizeof *p->at);
	p->marked = letters_get(s, n, sizeof *p->marked);
	p->over = letters_get(s, n, sizeof *p->over);
	memcpy(p->at, at, n * sizeof *at);
	p->n = p->left = n;
	*h->last = p;
	h->last = &p->next;
	h->waiting++;
	x->parts++;
}

void
hop_draw_forward(struct sender *s, struct hop_queue *h)
{
	while (h->nput_off > 0) {
		uint64_t id = h->put_off[--h->nput_off];

		if (due_later(&s->due, id, clock_wall_s()) &&
		    due_set(&s->due, id, clock_wall_s()) == -1)
			s->start_over("out of memory");
	}
}

unsigned int
hop_needs(const struct hop_queue *h)
{
	size_t n = (h->waiting + JOB_BATCH - 1) / JOB_BATCH;

	if (n + h->running > RELAYS_PER_HOP)
		n = h->running < RELAYS_PER_HOP ?
		    RELAYS_PER_HOP - h->running : 0;
	return (unsigned int)n;
}

unsigned int
hop_places(const struct sender *s)
{
	unsigned int all = s->relays->nruns, busy = 0;
	const struct hop_queue *h;
	const struct run *r;

	for (r = s->relays->runs; r != NULL; r = r->next)
		busy += !is_silent(r);
	for (h = s->relays->hops; h != NULL; h = h->next) {
		all += h->wanted;
		busy += h->wanted;
	}
	if (all >= RELAYS_ALL_MAX || busy >= RELAYS_MAX)
		return 0;
	return RELAYS_ALL_MAX - all < RELAYS_MAX - busy ?
	    RELAYS_ALL_MAX - all : RELAYS_MAX - busy;
}

void
relays_tick(struct sender *s)
{
	struct hop_queue **p = &s->relays->hops, *h;
	struct part *part;

	while ((h = *p) != NULL) {
		while (h->first != NULL && hop_silent(s, h)) {
			part = hop_take(h);
			put_off(h, part->letter);
			letters_part_over(s, part);
		}
		if (h->wanted > 0 && clock_mono_ms() - h->wanted_ms > WANT_MS)
			h->wanted = 0;
		if (h->wanted + h->running > 0 || h->first != NULL) {
			p = &h->next;
			continue;
		}
		*p = h->next;
		free(h);
	}
}
