#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/resolve_room.h"

static void	attempt(struct resolve *r, struct query *q);

int
resolve_shoot(struct server *s, struct query *q, const char *name,
    enum dns_type type)
{
	struct resolve *r = s->r;
	struct shot *shot;

	shot = calloc(1, sizeof *shot);
	if (shot == NULL)
		return -1;
	*shot = (struct shot){ .s = s, .q = q, .probe = q == NULL &&
	    type == DNS_NS, .canary = q == NULL && type != DNS_NS };
	if (q != NULL)
		q->shot = shot;
	if (r->way.send(r->way.arg, (size_t)(s - r->servers), name, type,
	    shot) == 0)
		return 0;
	if (q != NULL)
		q->shot = NULL;
	free(shot);
	return -1;
}

/* ---- questions ---- */

static void
unlink_query(struct resolve *r, struct query *q)
{
	struct query **p;

	for (p = &r->buckets[q->hash % BUCKETS]; *p != q; )
		p = &(*p)->next;
	*p = q->next;
	r->flying--;
}

/* Requests of a peer that wait. */
static uintptr_t
share(const struct op_peer *p)
{
	return (uintptr_t)op_peer_data(p);
}

static void
set_share(struct op_peer *p, uintptr_t n)
{
	op_peer_set(p, (void *)n);
}

/* One session must not leave the others without DNS. */
static bool
may_ask(const struct op_peer *p)
{
	return share(p) < RESOLVE_SHARE || op_peer_role(p) == ROLE_SENDER;
}

static void
finish(struct resolve *r, struct query *q, const struct dns_answer *a)
{
	struct waiter *w;

	unlink_query(r, q);
	if (q->shot != NULL)
		q->shot->q = NULL;
	while ((w = q->waiters) != NULL) {
		q->waiters = w->next;
		if (w->peer != NULL) {
			set_share(w->peer, share(w->peer) - 1);
			ask_dns_reply(w->peer, w->id, a);
		}
		r->waiting--;
		free(w);
	}
	dns_answer_clear(&q->answer);
	free(q);
}

static void
set_failed(struct dns_answer *a, const char *why, bool open)
{
	dns_answer_clear(a);
	a->open = open;
	snprintf(a->why, sizeof a->why, "%s", why);
}

void
resolve_give_up(struct resolve *r, struct query *q, const char *why)
{
	struct dns_answer a;

	dns_answer_init(&a);
	set_failed(&a, why, r->open);
	finish(r, q, &a);
	dns_answer_clear(&a);
}

static struct server *
pick(struct resolve *r, struct query *q, unsigned int *bit)
{
	int round;
	size_t i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < r->nservers; i++) {
			*bit = 1U << i;
			if (!r->servers[i].down && !r->servers[i].unusable &&
			    ((q->asked | q->said) & *bit) == 0)
				return &r->servers[i];
		}
		q->asked = 0;	/* the silent ones once more */
	}
	return NULL;
}

static void
attempt(struct resolve *r, struct query *q)
{
	struct dns_answer *a = &q->answer;
	struct server *s;
	unsigned int bit;

	s = q->shots < RESOLVE_SHOTS ? pick(r, q, &bit) : NULL;
	if (s == NULL) {
		if (q->said != 0)
			dns_cache_put(r->cache, q->type, q->name, a,
			    RESOLVE_SERVFAIL_S, clock_mono_ms());
		else
			set_failed(a, r->open ? "no resolver answers" :
			    "resolver timed out", r->open);
		finish(r, q, a);
		health_outcome(r, true);
		return;
	}
	q->asked |= bit;
	q->shots++;
	/* Once it is sent q may be gone: a closed port answers at once. */
	if (resolve_shoot(s, q, q->name, q->type) == -1)
		resolve_give_up(r, q, "question could not be made");
}

/* True if the server showed EDNS. */
static bool
answered(struct server *s, struct query *q, const uint8_t *p, size_t n)
{
	struct resolve *r = s->r;
	struct dns_answer a;
	struct dns_msg m;

	dns_answer_init(&a);
	(void)dns_msg_parse(&m, &a, p, n, q->type, q->name);
	a.ad = a.ad && s->trust_ad;
	if (a.class == DNS_TEMPFAIL) {
		memcpy(q->answer.why, a.why, sizeof a.why);
		q->said |= 1U << (s - r->servers);
		attempt(r, q);
	} else {
		dns_cache_put(r->cache, q->type, q->name, &a, a.ttl_s,
		    clock_mono_ms());
		finish(r, q, &a);
		health_outcome(r, false);
	}
	dns_answer_clear(&a);
	return m.edns;
}

bool
resolve_landed(struct shot *shot, const uint8_t *p, size_t n)
{
	struct server *s = shot->s;
	struct query *q;
	bool probe = shot->probe, canary = shot->canary, edns = true;

	if (probe)
		s->probing = false;
	if (!s->r->ending && p != NULL)
		health_alive(s);
	else if (!s->r->ending)
		health_silent(s, probe);
	q = shot->q;		/* NULL too when the breaker answered it */
	free(shot);
	if (canary)
		health_canary(s->r, p, n);
	if (q == NULL)
		return true;
	q->shot = NULL;
	if (p != NULL)
		edns = answered(s, q, p, n);
	else if (!s->r->ending)
		attempt(s->r, q);
	return edns;
}

/* ---- the service ---- */

static struct query *
find(struct resolve *r, uint32_t hash, enum dns_type type, const char *name)
{
	struct query *q;

	for (q = r->buckets[hash % BUCKETS]; q != NULL; q = q->next)
		if (q->hash == hash && q->type == type &&
		    dns_name_same(q->name, name))
			return q;
	return NULL;
}

static struct query *
new_query(struct resolve *r, uint32_t hash, enum dns_type type,
    const char *name)
{
	struct query *q;

	if (r->flying >= RESOLVE_FLYING || (q = calloc(1, sizeof *q)) == NULL)
		return NULL;
	q->hash = hash;
	q->type = type;
	snprintf(q->name, sizeof q->name, "%s", name);
	dns_answer_init(&q->answer);
	q->next = r->buckets[hash % BUCKETS];
	r->buckets[hash % BUCKETS] = q;
	r->flying++;
	return q;
}

static int
join(struct resolve *r, struct query *q, struct op_peer *p, uint32_t id)
{
	struct waiter *w;

	if (r->waiting >= RESOLVE_WAITING || (w = calloc(1, sizeof *w)) == NULL)
		return -1;
	*w = (struct waiter){ q->waiters, p, id };
	q->waiters = w;
	r->waiting++;
	set_share(p, share(p) + 1);
	return 0;
}

static void
refuse(struct resolve *r, struct op_peer *p, uint32_t id, const char *why)
{
	struct dns_answer a;

	dns_answer_init(&a);
	set_failed(&a, why, r->open);
	ask_dns_reply(p, id, &a);
	dns_answer_clear(&a);
}

static void
on_ask(struct ask_dns_service *face, struct op_peer *p, uint32_t id,
    enum dns_type type, const char *name)
{
	struct resolve *r = (struct resolve *)(void *)face;
	uint32_t hash = dns_name_hash(type, name);
	struct dns_answer a;
	struct query *q;

	dns_answer_init(&a);
	if (dns_cache_get(r->cache, type, name, &a, clock_mono_ms())) {
		ask_dns_reply(p, id, &a);
	} else if (!may_ask(p)) {
		refuse(r, p, id, "too many questions");
	} else if ((q = find(r, hash, type, name)) != NULL) {
		if (join(r, q, p, id) == -1)
			refuse(r, p, id, "too many questions");
	} else if (r->open) {
		refuse(r, p, id, "no resolver answers");
	} else if ((q = new_query(r, hash, type, name)) == NULL) {
		refuse(r, p, id, "too many questions");
	} else if (join(r, q, p, id) == -1) {
		resolve_give_up(r, q, "too many questions");
		refuse(r, p, id, "too many questions");
	} else {
		attempt(r, q);
	}
	dns_answer_clear(&a);
}

static enum dns_health
on_health(struct ask_dns_service *face)
{
	const struct resolve *r = (struct resolve *)(void *)face;

	if (r->nservers == 0)
		return DNS_NONE;
	return r->open ? DNS_BROKEN : DNS_WORKS;
}

void
resolve_gone(struct resolve *r, struct op_peer *p)
{
	struct waiter *w;
	struct query *q;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (q = r->buckets[i]; q != NULL; q = q->next)
			for (w = q->waiters; w != NULL; w = w->next)
				if (w->peer == p)
					w->peer = NULL;
}

struct resolve *
resolve_new(struct loop *l, const struct resolve_way *way)
{
	struct resolve *r;

	r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->face.ask = on_ask;
	r->face.health = on_health;
	r->loop = l;
	r->way = *way;
	r->canary = (struct loop_timer){ .fn = health_canaries, .arg = r };
	r->cache = dns_cache_new(DNS_CACHE_OCTETS);
	if (r->cache == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

void
resolve_end(struct resolve *r)
{
	r->ending = true;
	loop_disarm(r->loop, &r->canary);
}

void
resolve_free(struct resolve *r)
{
	size_t i;

	if (r == NULL)
		return;
	r->ending = true;
	for (i = 0; i < BUCKETS; i++)
		while (r->buckets[i] != NULL)
			resolve_give_up(r, r->buckets[i], "resolver ends");
	dns_cache_free(r->cache);
	free(r);
}

void
resolve_server(struct resolve *r, const char *address, bool trust_ad)
{
	struct server *s = &r->servers[r->nservers++];

	BUG_ON(r->nservers > RESOLVE_SERVERS);
	s->r = r;
	s->address = address;
	s->trust_ad = trust_ad;
	s->again = (struct loop_timer){ .fn = health_probe, .arg = s };
}

void
resolve_canary(struct resolve *r, const char *domain)
{
	r->domain = domain;
}

void
resolve_unusable(struct resolve *r, size_t server)
{
	r->servers[server].unusable = r->servers[server].down = true;
}

void
resolve_ready(struct resolve *r)
{
	health_check(r);	/* none of them, or none that is usable */
}

struct ask_dns_service *
resolve_service(struct resolve *r)
{
	return &r->face;
}

bool
resolve_open(const struct resolve *r)
{
	return r->open;
}
