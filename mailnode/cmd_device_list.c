/* mailnode device list: what the vault holds, and when they were here. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_device.h"
#include "mailnode/node/control.h"
#include "store/op_device.h"

/* ---- keeper ---- */

void
device_keeper(struct device_keeper *k)
{
	k->n = node_connect(false);
	k->ch = k->n != NULL ? node_link(k->n, ROLE_KEEPER) : -1;
	op_reply_init(&k->r);
}

void
device_keeper_end(struct device_keeper *k)
{
	op_reply_clear(&k->r);
	if (k->ch != -1)
		close(k->ch);
	node_close(k->n);
}

/* ---- lines ---- */

static void
find_seen(struct device_keeper *k, const char *name, struct device_seen *s)
{
	char after[DEVICE_NAME_MAX] = "";

	memset(s, 0, sizeof *s);
	while (k->ch != -1 && strcmp(s->name, name) < 0 &&
	    device_seen_next(k->ch, &k->r, after, s) == OP_OK)
		memcpy(after, s->name, sizeof after);
	if (strcmp(s->name, name) != 0)
		memset(s, 0, sizeof *s);
}

static void
scope_text(const struct device *d, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", d->scope & DEVICE_READ ? "read" : "",
	    d->scope & DEVICE_CHANGE ? ",change" : "",
	    d->scope & DEVICE_SEND ? d->scope & DEVICE_READ ? ",send" :
	    "send" : "");
}

static void
put_json(struct buf *b, const char *name, const struct device *d,
    const struct device_seen *s)
{
	char scope[32];

	scope_text(d, scope, sizeof scope);
	buf_adds(b, "{\"name\":");
	json_string(b, name);
	buf_addf(b, ",\"scope\":\"%s\",\"only_folder\":", scope);
	json_string(b, d->folder);
	buf_adds(b, ",\"networks\":");
	json_string(b, d->from);
	buf_addf(b, ",\"expires\":%lld", (long long)d->expires);
	if (d->undo_s != DEVICE_UNDO_CONF)
		buf_addf(b, ",\"undo\":%u", d->undo_s);
	buf_addf(b, ",\"seen\":%lld,\"service\":\"%s\",\"address\":",
	    (long long)s->at, s->service);
	json_string(b, s->addr);
	buf_adds(b, ",\"client\":");
	json_string(b, s->client);
	buf_adds(b, ",\"folder\":");
	json_string(b, s->folder);
	buf_addf(b, ",\"unsynced\":%u,\"sessions\":%u}\n", s->unsynced,
	    s->sessions);
}

static void
time_text(int64_t at, const char *format, char *out, size_t size)
{
	time_t t = (time_t)at;
	struct tm tm;

	out[0] = '\0';
	if (at != 0 && localtime_r(&t, &tm) != NULL)
		(void)strftime(out, size, format, &tm);
}

/* What a client says of itself reaches a terminal without controls. */
static void
put_plain(struct buf *b, const char *name, const struct device *d,
    const struct device_seen *s)
{
	char scope[32], when[32], until[32];

	scope_text(d, scope, sizeof scope);
	time_text(s->at, "%Y-%m-%d %H:%M", when, sizeof when);
	time_text(d->expires - 1, "%Y-%m-%d", until, sizeof until);
	buf_addf(b, "%-16s %-16s %-16s %s", name, scope,
	    s->at != 0 ? when : "never", s->addr);
	if (s->client[0] != '\0') {
		buf_adds(b, "  ");
		codec_plain(b, s->client);
	}
	if (s->folder[0] != '\0') {
		buf_adds(b, "  ");
		codec_plain(b, s->folder);
		buf_addf(b, ", %u unsynced", s->unsynced);
	}
	if (d->folder[0] != '\0')
		buf_addf(b, "  only %s", d->folder);
	if (d->from[0] != '\0')
		buf_addf(b, "  from %s", d->from);
	if (d->expires != 0)
		buf_addf(b, "  %s %s", d->expires <= clock_wall_s() ?
		    "EXPIRED" : "until", until);
	if (s->sessions > 0)
		buf_addf(b, "  %u session%s now", s->sessions,
		    s->sessions == 1 ? "" : "s");
	buf_addc(b, '\n');
}

int
device_list(struct ask_device *q)
{
	const struct vault_entry *entry;
	struct device_seen seen;
	const char *name;
	struct device_keeper k;
	struct device d;
	struct buf b;
	enum crypto_err e = cmd_safe_begin(&q->c, false);
	size_t i;

	if (e != CRYPTO_OK)
		return cmd_safe_why("device", e);
	device_keeper(&k);
	buf_init(&b, DEVICE_OUT_MAX);
	for (i = 0; (entry = vault_at(q->c.safe.v, i)) != NULL; i++) {
		if (entry->kind != VAULT_DEVICE_ENTRY ||
		    strncmp(entry->name, device_prefix, strlen(device_prefix)) != 0 ||
		    device_get(entry->pub, entry->pub_len, &d) != CRYPTO_OK)
			continue;
		name = entry->name + strlen(device_prefix);
		find_seen(&k, name, &seen);
		if (q->c.args.json)
			put_json(&b, name, &d, &seen);
		else
			put_plain(&b, name, &d, &seen);
	}
	device_keeper_end(&k);
	return cmd_safe_flush(&b);
}
