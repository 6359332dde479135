#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/node/bans_room.h"
#include "mailnode/node/conf.h"

enum { SOME = 32 };

static const uint32_t limits[BAN_KINDS] = {
	[BAN_LOGINS] = BANS_LOGINS,
	[BAN_RECIPIENTS] = BANS_RECIPIENTS,
	[BAN_ERRORS] = BANS_ERRORS,
	[BAN_CONNECTIONS] = BANS_CONNECTIONS,
};

/* FNV-1a.  A table of marks is read in a fraction of the time. */
static uint32_t
mark_of(const struct net_prefix *net, enum ban_door door)
{
	uint32_t h = 2166136261u ^ net->bits ^ (uint32_t)door << 8;
	size_t i;

	for (i = 0; i < sizeof net->a; i++)
		h = (h ^ net->a[i]) * 16777619u;
	return h;
}

static void
note_owners(struct bans *b, const struct ban *e)
{
	if (e->manual && e->until > b->owners)
		b->owners = e->until;
}

struct bans *
bans_new(struct loop *l, const char *home)
{
	struct bans *b = calloc(1, sizeof *b);
	size_t i;

	if (b == NULL)
		return NULL;
	b->loop = l;
	b->home = home;
	b->save = (struct loop_timer){ .fn = bans_save, .arg = b };
	bans_load(b);
	for (i = 0; i < b->n; i++) {
		b->mark[i] = mark_of(&b->ban[i].net, b->ban[i].door);
		note_owners(b, &b->ban[i]);
	}
	return b;
}

void
bans_free(struct bans *b)
{
	if (b == NULL)
		return;
	if (b->loop != NULL && b->save.armed) {
		loop_disarm(b->loop, &b->save);
		b->loop = NULL;		/* the last try */
		bans_save(b);
	}
	free(b);
}

/* Its place, or BANS_MAX. */
static size_t
find(const struct bans *b, const struct net_prefix *net, enum ban_door door)
{
	uint32_t mark = mark_of(net, door);
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->mark[i] == mark && b->ban[i].door == door &&
		    net_equal(&b->ban[i].net, net))
			return i;
	return BANS_MAX;
}

static void
drop(struct bans *b, size_t i)
{
	b->ban[i] = b->ban[--b->n];
	b->mark[i] = b->mark[b->n];
	bans_changed(b);
}

/* His word holds as long as he said. */
static bool
by_owner(const struct ban *e, int64_t now)
{
	return e->manual && e->until > now;
}

/* ---- known ---- */

/* What kept this host out is over, unless the owner wants it out. */
static void
lift(struct bans *b, const struct net_prefix *host, int64_t now)
{
	size_t i;

	for (i = 0; i < b->n; )
		if (net_equal(&b->ban[i].net, host) &&
		    !by_owner(&b->ban[i], now))
			drop(b, i);
		else
			i++;
}

static bool
is_known(const struct bans *b, const struct net_prefix *p, int64_t now)
{
	const struct known *k;

	for (k = b->known; k < b->known + b->nknown; k++)
		if (now - k->last < BANS_KNOWN_S && net_within(p, &k->net))
			return true;
	return false;
}

bool
bans_is_known(const struct bans *b, const char *addr, int64_t now)
{
	struct net_prefix p;

	return net_prefix(addr, &p) && is_known(b, &p, now);
}

bool
bans_is_own(const char *addr)
{
	size_t i;

	for (i = 0; i < conf.nown_networks; i++)
		if (conf.own_networks[i] != NULL &&
		    net_match(addr, conf.own_networks[i]))
			return true;
	return false;
}

void
bans_known(struct bans *b, const char *addr, const char *device, int64_t now)
{
	struct known *k, *at = NULL, *oldest = b->known;
	struct net_prefix net;

	if (!net_prefix(addr, &net))
		return;
	net_host(&net);
	for (k = b->known; k < b->known + b->nknown; k++) {
		if (k->last < oldest->last)
			oldest = k;
		if (net_equal(&k->net, &net) &&
		    strcmp(k->device, device) == 0)
			at = k;
	}
	if (at == NULL)
		at = b->nknown < BANS_KNOWN_MAX ? &b->known[b->nknown++] :
		    oldest;
	at->net = net;
	snprintf(at->device, sizeof at->device, "%s", device);
	at->last = now;
	lift(b, &net, now);
	bans_changed(b);
}

void
bans_forget(struct bans *b, const char *device)
{
	size_t i;

	for (i = 0; i < b->nknown; )
		if (strcmp(b->known[i].device, device) == 0)
			b->known[i] = b->known[--b->nknown];
		else
			i++;
	bans_changed(b);
}

/* ---- bans ---- */

/* Does e go before o?  What was only counted, or is over, goes before what
 * is in force. */
static bool
goes_first(const struct ban *e, const struct ban *o, int64_t now)
{
	bool is = e->until > now, was = o->until > now;

	return is != was ? was : e->used < o->used;
}

/*
 * One of the table that is full, but `keep`, and what the owner did for as
 * long as he said: the oldest of some, taken in turns; of all only when those
 * are in force.
 */
static struct ban *
oldest(struct bans *b, const struct ban *keep, int64_t now)
{
	struct ban *e, *found = NULL;
	size_t i;

	for (i = 0; i < BANS_MAX; i++) {
		if (i >= SOME && found != NULL && found->until <= now)
			break;
		e = &b->ban[b->turn++ % BANS_MAX];
		if (e != keep && !by_owner(e, now) &&
		    (found == NULL || goes_first(e, found, now)))
			found = e;
	}
	return found;
}

static struct ban *
make(struct bans *b, const struct net_prefix *net, enum ban_door door,
    const struct ban *keep, int64_t now)
{
	size_t i = find(b, net, door);
	struct ban *at = NULL;

	if (i < BANS_MAX)
		at = &b->ban[i];
	else {
		at = b->n < BANS_MAX ? &b->ban[b->n++] :
		    oldest(b, keep, now);
		if (at == NULL)
			return NULL;
		memset(at, 0, sizeof *at);
		at->net = *net;
		at->door = door;
		b->mark[at - b->ban] = mark_of(net, door);
	}
	at->used = ++b->used;
	return at;
}

/* The last few that were tried: from outside, for a file of lines. */
static void
note(struct ban *e, const char *what)
{
	char text[BANS_EVIDENCE_MAX], *c;
	const char *p = e->evidence;
	size_t n;

	snprintf(text, sizeof text, "%.80s", what[0] != '\0' ? what : "-");
	for (c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	n = strlen(text);
	if (strncmp(p, text, n) == 0)
		return;
	snprintf(text + n, sizeof text - n, "%s%.*s", p[0] != '\0' ? ", " :
	    "", (int)(sizeof text - n - 3), p);
	snprintf(e->evidence, sizeof e->evidence, "%s", text);
}

/* A time of counting begins anew behind a ban. */
static bool
is_stale(const struct ban *e, int64_t now)
{
	return e->since == 0 || now - e->since > BANS_WINDOW_S ||
	    (e->until > e->since && e->until <= now);
}

static void
count(struct ban *e, enum ban_kind kind, const char *what, int64_t now)
{
	if (now - e->last > BANS_MEMORY_S && now > e->until) {
		e->level = 0;
		e->evidence[0] = '\0';
	}
	if (is_stale(e, now)) {
		memset(e->count, 0, sizeof e->count);
		e->since = now;
	}
	e->last = now;
	e->count[kind]++;
	note(e, what);
}

/* Twice as long as the time before. */
static int64_t
length(const struct ban *e)
{
	int64_t s = BANS_FIRST_S, most = e->door == BAN_MAIL_DOOR ?
	    BANS_MAIL_LONGEST_S : BANS_LONGEST_S;
	uint32_t level;

	for (level = e->level; level > 1 && s < most; level--)
		s *= 2;
	return s < most ? s : most;
}

/* False: it is in force already. */
static bool
close_to(struct bans *b, struct ban *e, int64_t now)
{
	if (e->until > now)
		return false;
	e->level++;
	e->until = now + length(e);
	bans_changed(b);
	return true;
}

/* Of a network: from how many addresses that was. */
static uint32_t
addresses_of(const struct bans *b, const struct ban *net)
{
	const struct ban *e;
	uint32_t n = 0;

	for (e = b->ban; e < b->ban + b->n; e++)
		n += e != net && e->door == net->door && !e->manual &&
		    e->last >= net->since && net_within(&e->net, &net->net);
	return n;
}

/* An address counts for its network until it is kept out itself: so that
 * one alone never closes the door to its neighbours. */
static const struct ban *
count_around(struct bans *b, const struct ban *host,
    const struct ban_fault *f, int64_t now)
{
	struct net_prefix net = host->net;
	char addr[NET_TEXT_MAX];
	struct ban *e;

	net_prefix_text(&host->net, addr);
	net_around(&net);
	e = make(b, &net, f->door, host, now);
	if (e == NULL)
		return NULL;
	count(e, f->kind, addr, now);
	if (e->count[f->kind] < limits[f->kind] *
	    BANS_NET_FACTOR || !close_to(b, e, now))
		return NULL;
	e->addresses = addresses_of(b, e);
	return e;
}

size_t
bans_fault(struct bans *b, const struct ban_fault *f, int64_t now,
    const struct ban *began[BANS_AT_ONCE])
{
	const struct ban *around;
	struct net_prefix host;
	struct ban *e;
	size_t n = 0;

	if (bans_find(b, f->addr, f->door, now) != NULL ||
	    !net_prefix(f->addr, &host) || is_known(b, &host, now) ||
	    bans_is_own(f->addr))
		return 0;
	net_host(&host);
	e = make(b, &host, f->door, NULL, now);
	if (e == NULL)
		return 0;
	count(e, f->kind, f->what, now);
	if (e->count[f->kind] >= limits[f->kind] && close_to(b, e, now))
		began[n++] = e;
	around = count_around(b, e, f, now);
	if (around != NULL)
		began[n++] = around;
	return n;
}

static const struct ban *
in_force(const struct bans *b, const struct net_prefix *net,
    enum ban_door door, int64_t now)
{
	size_t i = find(b, net, door);

	return i < BANS_MAX && b->ban[i].until > now ? &b->ban[i] : NULL;
}

/* The owner names networks of any size. */
static const struct ban *
find_owners(const struct bans *b, const struct net_prefix *p, int64_t now)
{
	const struct ban *e;

	for (e = b->ban; now < b->owners && e < b->ban + b->n; e++)
		if (by_owner(e, now) && net_within(p, &e->net))
			return e;
	return NULL;
}

const struct ban *
bans_find(const struct bans *b, const char *addr, enum ban_door door,
    int64_t now)
{
	const struct ban *found;
	struct net_prefix p, host;

	if (!net_prefix(addr, &p))
		return NULL;
	found = find_owners(b, &p, now);
	if (found != NULL || is_known(b, &p, now) || bans_is_own(addr))
		return found;
	host = p;
	net_host(&host);
	net_around(&p);
	found = in_force(b, &host, door, now);
	return found != NULL ? found : in_force(b, &p, door, now);
}

int
bans_add(struct bans *b, const char *net, int64_t seconds, int64_t now)
{
	struct net_prefix p;
	struct ban *e;

	errno = EINVAL;
	if (!net_prefix(net, &p) || seconds <= 0 ||
	    seconds > BANS_MANUAL_MAX_S)
		return -1;
	e = make(b, &p, BAN_ALL_DOORS, NULL, now);
	errno = ENOSPC;
	if (e == NULL)
		return -1;
	e->since = e->last = now;
	e->until = now + seconds;
	e->manual = true;
	note_owners(b, e);
	e->level++;
	snprintf(e->evidence, sizeof e->evidence, "by the owner");
	bans_changed(b);
	return 0;
}

int
bans_rm(struct bans *b, const char *net)
{
	struct net_prefix p;
	size_t i, n = b->n;

	errno = EINVAL;
	if (!net_prefix(net, &p))
		return -1;
	for (i = 0; i < b->n; )
		if (net_equal(&b->ban[i].net, &p))
			drop(b, i);
		else
			i++;
	errno = ENOENT;
	return b->n < n ? 0 : -1;
}

const struct ban *
bans_at(const struct bans *b, size_t i, int64_t now)
{
	const struct ban *e;

	for (e = b->ban; e < b->ban + b->n; e++)
		if (e->until > now && i-- == 0)
			return e;
	return NULL;
}
