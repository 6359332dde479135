/* Which servers answer, and whether most of what they say is failure. */
#include <stdio.h>
#include <string.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/log.h"
#include "mailnode/node/resolve_room.h"

/* ---- the breaker ---- */

static void
open_now(struct resolve *r, const char *why)
{
	size_t i;

	if (r->open)
		return;
	r->open = true;
	log_line(LOG_ERROR, "dns", "state=%s error=%s", "unavailable", why);
	r->way.breaker(r->way.arg, true);
	for (i = 0; i < BUCKETS; i++)
		while (r->buckets[i] != NULL)
			resolve_give_up(r, r->buckets[i], why);
}

static void
close_now(struct resolve *r)
{
	r->open = false;
	r->nlast = 0;
	memset(r->last, 0, sizeof r->last);
	dns_cache_drop_failures(r->cache);
	log_line(LOG_WARN, "dns", "state=%s", "available");
	r->way.breaker(r->way.arg, false);
}

void
health_check(struct resolve *r)
{
	size_t i;

	for (i = 0; i < r->nservers; i++)
		if (!r->servers[i].down)
			return;
	open_now(r, "no resolver answers");
}

/* ---- most of it fails ---- */

static bool
fails_broadly(const struct resolve *r)
{
	int64_t since = clock_mono_ms() - RESOLVE_LAST_MS;
	unsigned int failed = 0;
	size_t i;

	for (i = 0; i < RESOLVE_LAST; i++)
		failed += r->last[i].failed && r->last[i].at_ms > since;
	return failed >= RESOLVE_BROAD;
}

static void
canaries_back(struct resolve *r)
{
	if (r->alive) {
		r->canary_ms = 0;
		r->broad = false;
		memset(r->last, 0, sizeof r->last);
		if (r->open)
			close_now(r);
		return;
	}
	r->canary_ms = r->canary_ms == 0 ? RESOLVE_COOL_MS : r->canary_ms * 2;
	if (r->canary_ms > RESOLVE_COOL_MAX_MS)
		r->canary_ms = RESOLVE_COOL_MAX_MS;
	loop_arm(r->loop, &r->canary, r->canary_ms);
	r->broad = true;
	open_now(r, "the resolvers resolve nothing");
}

/* Whether it exists is told by servers of the domain, not by a cache. */
void
health_canaries(void *arg)
{
	struct resolve *r = arg;
	char name[DNS_NAME_MAX + 32];
	uint64_t label;
	size_t i;

	if (r->canaries > 0)
		return;
	random_bytes(&label, sizeof label);
	(void)snprintf(name, sizeof name, "canary-%016llx.%s",
	    (unsigned long long)label, r->domain);
	r->alive = false;
	r->canaries = 1;	/* this function, as they may land at once */
	for (i = 0; i < r->nservers; i++) {
		if (r->servers[i].unusable)
			continue;
		r->canaries++;
		if (resolve_shoot(&r->servers[i], NULL, name, DNS_A) == -1)
			r->canaries--;
	}
	if (--r->canaries == 0)
		canaries_back(r);
}

/* NOERROR or NXDOMAIN: RFC 1035 section 4.1.1. */
void
health_canary(struct resolve *r, const uint8_t *p, size_t n)
{
	if (p != NULL && n > 3 && ((p[3] & 15) == 0 || (p[3] & 15) == 3))
		r->alive = true;
	if (--r->canaries == 0 && !r->ending)
		canaries_back(r);
}

void
health_outcome(struct resolve *r, bool failed)
{
	r->last[r->nlast++ % RESOLVE_LAST] = (struct outcome){
	    clock_mono_ms(), failed };
	if (failed && !r->open && !r->ending && r->domain != NULL &&
	    fails_broadly(r))
		health_canaries(r);
}

static void
server_down(struct server *s)
{
	if (!s->down)
		log_line(LOG_WARN, "dns", "server=%s state=%s", s->address,
		    "down");
	s->down = true;
	s->cool_ms = s->cool_ms == 0 ? RESOLVE_COOL_MS : s->cool_ms * 2;
	if (s->cool_ms > RESOLVE_COOL_MAX_MS)
		s->cool_ms = RESOLVE_COOL_MAX_MS;
	loop_arm(s->r->loop, &s->again, s->cool_ms);
	health_check(s->r);
}

void
health_probe(void *arg)
{
	struct server *s = arg;

	if (s->probing)
		return;
	s->probing = true;
	if (s->unusable || resolve_shoot(s, NULL, ".", DNS_NS) == -1) {
		s->probing = false;
		server_down(s);
	}
}

void
health_silent(struct server *s, bool was_probe)
{
	if (was_probe)
		server_down(s);
	else if (++s->fails >= RESOLVE_FAILS && !s->down)
		health_probe(s);
}

void
health_alive(struct server *s)
{
	struct resolve *r = s->r;

	s->fails = 0;
	s->cool_ms = 0;
	if (!s->down)
		return;
	s->down = false;
	loop_disarm(r->loop, &s->again);
	log_line(LOG_WARN, "dns", "server=%s state=%s", s->address, "up");
	if (r->open && !r->broad)
		close_now(r);
}
