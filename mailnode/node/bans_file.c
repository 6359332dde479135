/*
 * home/bans: text, one line each, fields divided by a blank:
 *
 *	mailnode-bans 2
 *	ban NETWORK DOOR SINCE UNTIL LEVEL MANUAL LOGINS RECIPIENTS ERRORS
 *		CONNECTIONS ADDRESSES EVIDENCE…
 *		(DOOR: enum ban_door; evidence: printable ASCII, "?" for all
 *		else that was tried)
 *	known NETWORK DEVICE LAST
 *
 * Version 1 knew of logins alone, and is read:
 *
 *	ban NETWORK SINCE UNTIL LEVEL FAILURES MANUAL EVIDENCE…
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/num.h"
#include "mailnode/node/bans_room.h"
#include "mailnode/node/log.h"

enum { SAVE_MS = 1000, AGAIN_MS = 60000, LINE_ROOM = 512, PATH_ROOM = 4096 };

static const char head[] = "mailnode-bans 2\n", old_head[] =
    "mailnode-bans 1\n";

static void
write_ban(FILE *f, const struct ban *e)
{
	char net[NET_TEXT_MAX];
	int i;

	net_prefix_text(&e->net, net);
	fprintf(f, "ban %s %d %lld %lld %u %d", net, (int)e->door,
	    (long long)e->since, (long long)e->until, e->level, e->manual);
	for (i = 0; i < BAN_KINDS; i++)
		fprintf(f, " %u", e->count[i]);
	fprintf(f, " %u %s\n", e->addresses, e->evidence);
}

static void
write_all(const struct bans *b, FILE *f, int64_t now)
{
	char net[NET_TEXT_MAX];
	const struct known *k;
	const struct ban *e;

	fputs(head, f);
	for (e = b->ban; e < b->ban + b->n; e++)
		if (e->level > 0)
			write_ban(f, e);
	for (k = b->known; k < b->known + b->nknown; k++) {
		if (now - k->last >= BANS_KNOWN_S)
			continue;
		net_prefix_text(&k->net, net);
		fprintf(f, "known %s %s %lld\n", net, k->device,
		    (long long)k->last);
	}
}

/* All of it, or -1 with errno: what is there is worth more than a part. */
static int
write_file(const struct bans *b, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd != -1 ? fdopen(fd, "w") : NULL;
	bool bad;

	if (f == NULL)
		return -1;
	errno = EIO;
	write_all(b, f, clock_wall_s());
	bad = ferror(f) != 0;
	return fclose(f) == EOF || bad ? -1 : 0;
}

void
bans_save(void *arg)
{
	struct bans *b = arg;
	char tmp[PATH_ROOM], path[PATH_ROOM];

	if (snprintf(tmp, sizeof tmp, "%s/bans.new", b->home) >=
	    (int)sizeof tmp)
		return;
	snprintf(path, sizeof path, "%.*s", (int)strlen(tmp) - 4, tmp);
	if (write_file(b, tmp) == 0 && rename(tmp, path) == 0)
		return;
	log_line(LOG_WARN, "bans", "file=%s error=%s", path, strerror(errno));
	if (b->loop != NULL)
		loop_arm(b->loop, &b->save, AGAIN_MS);
}

void
bans_changed(struct bans *b)
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

static bool
small(char **at, uint32_t max, uint32_t *v)
{
	uint64_t n;
	bool rc = number(at, max, &n);

	*v = rc ? (uint32_t)n : 0;
	return rc;
}

static bool
when(char **at, int64_t *v)
{
	uint64_t n;
	bool rc = number(at, INT64_MAX, &n);

	*v = rc ? (int64_t)n : 0;
	return rc;
}

static bool
read_old(char **at, struct ban *e)
{
	uint32_t manual;

	if (!when(at, &e->since) || !when(at, &e->until) ||
	    !small(at, UINT16_MAX, &e->level) ||
	    !small(at, UINT32_MAX, &e->count[BAN_LOGINS]) ||
	    !small(at, 1, &manual))
		return false;
	e->manual = manual != 0;
	e->door = e->manual ? BAN_ALL_DOORS : BAN_LOGIN_DOORS;
	return true;
}

static bool
read_new(char **at, struct ban *e)
{
	uint32_t door, manual;
	int i;

	if (!small(at, BAN_ALL_DOORS, &door) || !when(at, &e->since) ||
	    !when(at, &e->until) || !small(at, UINT16_MAX, &e->level) ||
	    !small(at, 1, &manual))
		return false;
	for (i = 0; i < BAN_KINDS; i++)
		if (!small(at, UINT32_MAX, &e->count[i]))
			return false;
	e->door = (enum ban_door)door;
	e->manual = manual != 0;
	return small(at, UINT32_MAX, &e->addresses);
}

static void
read_ban(struct bans *b, char *at, bool old)
{
	struct ban e = { .level = 0 };

	if (b->n >= BANS_MAX || !net_prefix(word(&at), &e.net) ||
	    !(old ? read_old(&at, &e) : read_new(&at, &e)))
		return;
	snprintf(e.evidence, sizeof e.evidence, "%s", at);
	e.last = e.until;
	b->ban[b->n++] = e;
}

static void
read_known(struct bans *b, char *at)
{
	struct known *k = &b->known[b->nknown];
	const char *device;

	if (b->nknown >= BANS_KNOWN_MAX || !net_prefix(word(&at), &k->net))
		return;
	device = word(&at);
	if (!device_name_ok(device) || !when(&at, &k->last))
		return;
	snprintf(k->device, sizeof k->device, "%s", device);
	b->nknown++;
}

void
bans_load(struct bans *b)
{
	char path[PATH_ROOM], line[LINE_ROOM], *at;
	bool old;
	FILE *f;

	if (snprintf(path, sizeof path, "%s/bans", b->home) >=
	    (int)sizeof path || (f = fopen(path, "re")) == NULL)
		return;
	if (fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	old = strcmp(line, old_head) == 0;
	if (!old && strcmp(line, head) != 0) {
		log_line(LOG_WARN, "bans", "file=%s error=%s", path,
		    "of another version");
		fclose(f);
		return;
	}
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		at = line;
		if (strcmp(word(&at), "ban") == 0)
			read_ban(b, at, old);
		else if (strcmp(line, "known") == 0)
			read_known(b, at);
	}
	fclose(f);
}
