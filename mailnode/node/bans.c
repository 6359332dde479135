#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/num.h"
#include "mailnode/node/bans.h"
#include "mailnode/node/log.h"
#include "mailnode/node/net.h"

enum { SAVE_MS = 1000, LINE_ROOM = 512, PATH_ROOM = 4096, V6_KEY = 8 };

struct known {
	char		net[BANS_NET_MAX];
	char		device[DEVICE_NAME_MAX];
	int64_t		last;
};

struct bans {
	struct loop	*loop;
	const char	*home;
	struct loop_timer save;
	size_t		 n, nknown;
	struct ban	 ban[BANS_MAX];
	struct known	 known[BANS_KNOWN_MAX];
};

/* ---- networks ---- */

/* An IPv6 host has all of its /64. */
static void
net_of(const char *addr, char out[BANS_NET_MAX])
{
	uint8_t a[16];
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, addr, a) != 1) {
		snprintf(out, BANS_NET_MAX, "%s", addr);
		return;
	}
	memset(a + V6_KEY, 0, sizeof a - V6_KEY);
	(void)inet_ntop(AF_INET6, a, text, sizeof text);
	snprintf(out, BANS_NET_MAX, "%s/64", text);
}

static bool
is_net(const char *net)
{
	char addr[BANS_NET_MAX];

	if (strlen(net) >= BANS_NET_MAX || strpbrk(net, " \t\r\n") != NULL)
		return false;
	snprintf(addr, sizeof addr, "%.*s", (int)strcspn(net, "/"), net);
	return net_match(addr, net);
}

/* ---- the file ---- */

static void
write_all(const struct bans *b, FILE *f, int64_t now)
{
	const struct known *k;
	const struct ban *e;

	fputs("mailnode-bans 1\n", f);
	for (e = b->ban; e < b->ban + b->n; e++)
		if (e->level > 0)
			fprintf(f, "ban %s %lld %lld %u %u %d %s\n", e->net,
			    (long long)e->since, (long long)e->until,
			    e->level, e->failures, e->manual, e->evidence);
	for (k = b->known; k < b->known + b->nknown; k++)
		if (now - k->last < BANS_KNOWN_S)
			fprintf(f, "known %s %s %lld\n", k->net, k->device,
			    (long long)k->last);
}

static void
save(void *arg)
{
	struct bans *b = arg;
	char tmp[PATH_ROOM], path[PATH_ROOM];
	FILE *f;

	if (snprintf(tmp, sizeof tmp, "%s/bans.new", b->home) >=
	    (int)sizeof tmp)
		return;
	snprintf(path, sizeof path, "%.*s", (int)strlen(tmp) - 4, tmp);
	f = fopen(tmp, "we");
	if (f != NULL)
		write_all(b, f, clock_wall_s());
	if (f == NULL || fclose(f) == EOF || rename(tmp, path) == -1)
		log_line(LOG_WARN, "bans", "file=%s error=%s", path,
		    strerror(errno));
}

static void
changed(struct bans *b)
{
	if (b->loop != NULL && !b->save.armed)
		loop_arm(b->loop, &b->save, SAVE_MS);
}

/* The next word of a line, cut off; "" at its end. */
static char *
word(char **at)
{
	char *w = *at;

	*at += strcspn(*at, " ");
	if (**at != '\0')
		*(*at)++ = '\0';
	return w;
}

static bool
number(char **at, uint64_t max, uint64_t *v)
{
	const char *w = word(at);

	return num_u64(w, w + strlen(w), 0, max, v) == 0;
}

static void
read_ban(struct bans *b, char *at)
{
	struct ban e = { .failures = 0 };
	uint64_t since, until, level, failures, manual;
	const char *net = word(&at);

	if (b->n >= BANS_MAX || !is_net(net) ||
	    !number(&at, INT64_MAX, &since) ||
	    !number(&at, INT64_MAX, &until) ||
	    !number(&at, UINT16_MAX, &level) ||
	    !number(&at, UINT32_MAX, &failures) || !number(&at, 1, &manual))
		return;
	snprintf(e.net, sizeof e.net, "%s", net);
	snprintf(e.evidence, sizeof e.evidence, "%s", at);
	e.since = (int64_t)since;
	e.until = e.last = (int64_t)until;
	e.level = (uint32_t)level;
	e.failures = (uint32_t)failures;
	e.manual = manual != 0;
	b->ban[b->n++] = e;
}

static void
read_known(struct bans *b, char *at)
{
	struct known *k = &b->known[b->nknown];
	const char *net = word(&at), *device = word(&at);
	uint64_t last;

	if (b->nknown >= BANS_KNOWN_MAX || !is_net(net) ||
	    !device_name_ok(device) || !number(&at, INT64_MAX, &last))
		return;
	snprintf(k->net, sizeof k->net, "%s", net);
	snprintf(k->device, sizeof k->device, "%s", device);
	k->last = (int64_t)last;
	b->nknown++;
}

static void
load(struct bans *b)
{
	char path[PATH_ROOM], line[LINE_ROOM], *at;
	FILE *f;

	if (snprintf(path, sizeof path, "%s/bans", b->home) >=
	    (int)sizeof path || (f = fopen(path, "re")) == NULL)
		return;
	if (fgets(line, sizeof line, f) == NULL ||
	    strcmp(line, "mailnode-bans 1\n") != 0) {
		log_line(LOG_WARN, "bans", "file=%s error=%s", path,
		    "of another version");
		fclose(f);
		return;
	}
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		at = line;
		if (strcmp(word(&at), "ban") == 0)
			read_ban(b, at);
		else if (strcmp(line, "known") == 0)
			read_known(b, at);
	}
	fclose(f);
}

struct bans *
bans_new(struct loop *l, const char *home)
{
	struct bans *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->loop = l;
	b->home = home;
	b->save = (struct loop_timer){ .fn = save, .arg = b };
	load(b);
	return b;
}

void
bans_free(struct bans *b)
{
	if (b == NULL)
		return;
	if (b->loop != NULL && b->save.armed) {
		loop_disarm(b->loop, &b->save);
		save(b);
	}
	free(b);
}

static struct ban *
find(struct bans *b, const char *net)
{
	struct ban *e;

	for (e = b->ban; e < b->ban + b->n; e++)
		if (strcmp(e->net, net) == 0)
			return e;
	return NULL;
}

/* His word holds as long as he said. */
static bool
by_owner(const struct ban *e, int64_t now)
{
	return e->manual && e->until > now;
}

/* ---- known ---- */

/* What kept this network out is over, unless the owner wants it out. */
static void
lift(struct bans *b, const char *net, int64_t now)
{
	const struct ban *e = find(b, net);

	if (e != NULL && !by_owner(e, now))
		(void)bans_rm(b, net);
}

static const struct known *
find_known(const struct bans *b, const char *addr, int64_t now)
{
	const struct known *k;

	for (k = b->known; k < b->known + b->nknown; k++)
		if (now - k->last < BANS_KNOWN_S && net_match(addr, k->net))
			return k;
	return NULL;
}

bool
bans_is_known(const struct bans *b, const char *addr, int64_t now)
{
	return find_known(b, addr, now) != NULL;
}

void
bans_known(struct bans *b, const char *addr, const char *device, int64_t now)
{
	struct known *k, *at = NULL, *oldest = b->known;
	char net[BANS_NET_MAX];

	net_of(addr, net);
	for (k = b->known; k < b->known + b->nknown; k++) {
		if (k->last < oldest->last)
			oldest = k;
		if (strcmp(k->net, net) == 0 &&
		    strcmp(k->device, device) == 0)
			at = k;
	}
	if (at == NULL)
		at = b->nknown < BANS_KNOWN_MAX ? &b->known[b->nknown++] :
		    oldest;
	memcpy(at->net, net, sizeof at->net);
	snprintf(at->device, sizeof at->device, "%s", device);
	at->last = now;
	lift(b, net, now);
	changed(b);
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
	changed(b);
}

/* ---- bans ---- */

/* What was only counted, or is over, goes before what is in force; what the
 * owner did himself stays. */
static struct ban *
make(struct bans *b, const char *net, int64_t now)
{
	struct ban *e, *at = find(b, net), *oldest = NULL;
	bool is, was = true;		/* in force: this one, the oldest */

	if (at != NULL)
		return at;
	for (e = b->ban; e < b->ban + b->n; e++) {
		is = e->until > now;
		if (by_owner(e, now) || is > was || (is == was &&
		    oldest != NULL && e->last >= oldest->last))
			continue;
		oldest = e;
		was = is;
	}
	at = b->n < BANS_MAX ? &b->ban[b->n++] : oldest;
	if (at == NULL)
		return NULL;
	memset(at, 0, sizeof *at);
	snprintf(at->net, sizeof at->net, "%s", net);
	return at;
}

/* The last few names that were tried: from outside, for a file of lines. */
static void
note(struct ban *e, const char *user, const char *why)
{
	char text[BANS_EVIDENCE_MAX], *c;
	const char *p;

	snprintf(text, sizeof text, "%.40s (%.40s)", user[0] != '\0' ? user :
	    "-", why);
	for (c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	p = e->evidence;
	if (strncmp(p, text, strlen(text)) != 0) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof text - n, "%s%.*s",
		    p[0] != '\0' ? ", " : "", (int)(sizeof text - n - 3), p);
		snprintf(e->evidence, sizeof e->evidence, "%s", text);
	}
}

/* Twice as long as the time before. */
static int64_t
length(uint32_t level)
{
	int64_t s = BANS_FIRST_S;

	for (; level > 1 && s < BANS_LONGEST_S; level--)
		s *= 2;
	return s < BANS_LONGEST_S ? s : BANS_LONGEST_S;
}

bool
bans_failed(struct bans *b, const char *addr, const char *user,
    const char *why, int64_t now)
{
	char net[BANS_NET_MAX];
	struct ban *e;

	if (bans_is_known(b, addr, now))
		return false;
	net_of(addr, net);
	e = make(b, net, now);
	if (e == NULL || by_owner(e, now))
		return false;
	if (e->manual || now - e->last > BANS_MEMORY_S) {
		e->level = e->failures = 0;
		e->evidence[0] = '\0';
	}
	e->manual = false;
	if (now - e->last > BANS_WINDOW_S || e->failures == 0) {
		e->failures = 0;
		e->since = now;
	}
	e->last = now;
	e->failures++;
	note(e, user, why);
	if (e->failures < BANS_FAILURES || e->until > now)
		return false;
	e->level++;
	e->until = now + length(e->level);
	changed(b);
	return true;
}

const struct ban *
bans_find(const struct bans *b, const char *addr, bool login, int64_t now)
{
	const struct ban *e;

	for (e = b->ban; e < b->ban + b->n; e++)
		if (e->until > now && (login || e->manual) &&
		    net_match(addr, e->net) &&
		    (e->manual || !bans_is_known(b, addr, now)))
			return e;
	return NULL;
}

int
bans_add(struct bans *b, const char *net, int64_t seconds, int64_t now)
{
	struct ban *e;

	errno = EINVAL;
	if (!is_net(net) || seconds <= 0 || seconds > BANS_MANUAL_MAX_S)
		return -1;
	e = make(b, net, now);
	errno = ENOSPC;
	if (e == NULL)
		return -1;
	e->since = e->last = now;
	e->until = now + seconds;
	e->manual = true;
	e->level++;
	snprintf(e->evidence, sizeof e->evidence, "by the owner");
	changed(b);
	return 0;
}

bool
bans_rm(struct bans *b, const char *net)
{
	struct ban *e = find(b, net);

	if (e == NULL)
		return false;
	*e = b->ban[--b->n];
	changed(b);
	return true;
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

void
ban_put(struct buf *out, const struct ban *e)
{
	chan_put_str(out, e->net);
	chan_put_i64(out, e->since);
	chan_put_i64(out, e->until);
	chan_put_u32(out, e->level);
	chan_put_u32(out, e->failures);
	chan_put_u8(out, e->manual);
	chan_put_str(out, e->evidence);
}

bool
ban_get(struct chan_in *in, struct ban *e)
{
	memset(e, 0, sizeof *e);
	chan_get_str(in, e->net, sizeof e->net);
	e->since = chan_get_i64(in);
	e->until = chan_get_i64(in);
	e->level = chan_get_u32(in);
	e->failures = chan_get_u32(in);
	e->manual = chan_get_u8(in) != 0;
	chan_get_str(in, e->evidence, sizeof e->evidence);
	return !in->bad;
}
