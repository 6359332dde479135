#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/alias.h"
#include "store/alias_own.h"
#include "store/box.h"
#include "store/op_event.h"
#include "store/op_mail.h"
#include "store/op_rcpt.h"
#include "store/op_watch.h"
#include "store/wire.h"

/* ---- client ---- */

void
alias_add_put(struct buf *args, const struct alias *a)
{
	chan_put_str(args, a->address);
	chan_put_str(args, a->folder);
	chan_put_str(args, a->tags);
	chan_put_str(args, a->note);
	chan_put_i64(args, a->expires);
	chan_put_str(args, a->dest);
	chan_put_str(args, a->own);
}

uint16_t
alias_ask_add(int ch, struct op_reply *r, const struct alias *a)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	alias_add_put(&b, a);
	return wire_ask(ch, r, ALIAS_ADD, &b, ALIAS_WAIT_MS);
}

uint16_t
alias_ask_remove(int ch, struct op_reply *r, const char *address)
{
	return wire_ask_str(ch, r, ALIAS_REMOVE, address, ALIAS_WAIT_MS);
}

uint16_t
alias_ask_burn(int ch, struct op_reply *r, const char *address)
{
	return wire_ask_str(ch, r, ALIAS_BURN, address, ALIAS_WAIT_MS);
}

uint16_t
alias_ask_next(int ch, struct op_reply *r, const char *after,
    struct alias *a)
{
	uint16_t status = wire_ask_str(ch, r, ALIAS_LIST, after,
	    ALIAS_WAIT_MS);

	memset(a, 0, sizeof *a);
	if (status != OP_OK)
		return status;
	chan_get_str(&r->in, a->address, sizeof a->address);
	chan_get_str(&r->in, a->folder, sizeof a->folder);
	chan_get_str(&r->in, a->tags, sizeof a->tags);
	chan_get_str(&r->in, a->note, sizeof a->note);
	a->created = chan_get_i64(&r->in);
	a->burned = chan_get_i64(&r->in);
	a->expires = chan_get_i64(&r->in);
	a->last = chan_get_i64(&r->in);
	a->used = chan_get_u64(&r->in);
	a->refused = chan_get_u64(&r->in);
	chan_get_str(&r->in, a->dest, sizeof a->dest);
	chan_get_str(&r->in, a->own, sizeof a->own);
	a->fixed = chan_get_u8(&r->in) != 0;
	a->leaks = chan_get_u64(&r->in);
	chan_get_str(&r->in, a->leakers, sizeof a->leakers);
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

/* ---- keeper ---- */

static uint16_t
on_list(void *service, struct op_call *c)
{
	char after[ALIAS_ADDR_MAX];
	struct alias a;
	enum store_err rc;

	chan_get_str(&c->in, after, sizeof after);
	if (!chan_end(&c->in))
		return OP_BAD;
	rc = alias_next(service, after, &a);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	chan_put_str(c->out, a.address);
	chan_put_str(c->out, a.folder);
	chan_put_str(c->out, a.tags);
	chan_put_str(c->out, a.note);
	chan_put_i64(c->out, a.created);
	chan_put_i64(c->out, a.burned);
	chan_put_i64(c->out, a.expires);
	chan_put_i64(c->out, a.last);
	chan_put_u64(c->out, a.used);
	chan_put_u64(c->out, a.refused);
	chan_put_str(c->out, a.dest);
	chan_put_str(c->out, a.own);
	chan_put_u8(c->out, a.fixed);
	chan_put_u64(c->out, a.leaks);
	chan_put_str(c->out, a.leakers);
	return OP_OK;
}

static uint16_t
finish(struct store *st, struct op_call *c, const char *address,
    const char *kind, enum store_err rc)
{
	if (rc != STORE_OK)
		return (uint16_t)rc;
	event_add(st, "", address, "alias", kind);
	watch_note(st, WATCH_ALIAS, 0, 0);
	return store_later(st, c, STORE_BIT(STORE_NODE));
}

static bool
tags_ok(const char *tags)
{
	char one[ALIAS_TAGS_MAX];
	const char *end;

	for (; *tags != '\0'; tags = end + (*end == ' ')) {
		end = strchr(tags, ' ');
		if (end == NULL)
			end = tags + strlen(tags);
		snprintf(one, sizeof one, "%.*s", (int)(end - tags), tags);
		if (!mail_tag_ok(one))
			return false;
	}
	return true;
}

static bool
note_ok(const char *note)
{
	for (; *note != '\0'; note++)
		if ((unsigned char)*note < ' ' || *note == 0x7f)
			return false;
	return true;
}

/* Elsewhere: what would come back to us at once is none. */
static bool
address_ok(struct store *st, const char *s)
{
	const char *at = strrchr(s, '@');
	struct rcpt r;

	rcpt_resolve(st, s, &r);
	return at > s && at[1] != '\0' && at[1] != '.' &&
	    strpbrk(s, " <>\",()[]:;\\") == NULL && r.class == RCPT_FOREIGN &&
	    strlen(s) < ALIAS_ADDR_MAX;
}

static uint16_t
dests_ok(struct store *st, const char *dests)
{
	char one[ALIAS_DEST_MAX];
	size_t n, count = 0;

	for (; *dests != '\0'; dests += n + (dests[n] == '\n')) {
		n = strcspn(dests, "\n");
		snprintf(one, sizeof one, "%.*s", (int)n, dests);
		if (++count > ALIAS_DESTS)
			return STORE_TOOBIG;
		if (!note_ok(one) || (strchr(one, '@') != NULL ?
		    !address_ok(st, one) : box_by_name(st, one) == NULL))
			return ALIAS_E_DEST;
	}
	return OP_OK;
}

static uint16_t
on_add(void *service, struct op_call *c)
{
	struct store *st = service;
	char text[ALIAS_ADDR_MAX];
	struct alias a;
	enum store_err rc;
	uint16_t status;

	memset(&a, 0, sizeof a);
	chan_get_str(&c->in, text, sizeof text);
	chan_get_str(&c->in, a.folder, sizeof a.folder);
	chan_get_str(&c->in, a.tags, sizeof a.tags);
	chan_get_str(&c->in, a.note, sizeof a.note);
	a.expires = chan_get_i64(&c->in);
	chan_get_str(&c->in, a.dest, sizeof a.dest);
	chan_get_str(&c->in, a.own, sizeof a.own);
	a.created = clock_wall_s();
	if (!chan_end(&c->in) || !tags_ok(a.tags) || !note_ok(a.note) ||
	    !note_ok(a.own) ||
	    (a.expires != 0 && a.expires <= a.created))
		return OP_BAD;
	rc = alias_name(st, text, a.address);
	if (rc == STORE_OK && a.folder[0] != '\0' &&
	    box_by_name(st, a.folder) == NULL)
		rc = STORE_NOTFOUND;
	if (rc == STORE_OK && (status = dests_ok(st, a.dest)) != OP_OK)
		return status;
	if (rc == STORE_OK)
		rc = alias_add(st, &a);
	if (rc == STORE_OK && a.own[0] != '\0')
		rc = alias_own_set(st, a.address, a.own);
	return finish(st, c, a.address, "added", rc);
}

static enum store_err
named(struct store *st, struct op_call *c, char address[ALIAS_ADDR_MAX],
    bool *bad)
{
	char text[ALIAS_ADDR_MAX];

	chan_get_str(&c->in, text, sizeof text);
	*bad = !chan_end(&c->in);
	return *bad ? STORE_NAME : alias_name(st, text, address);
}

static uint16_t
on_remove(void *service, struct op_call *c)
{
	struct store *st = service;
	char address[ALIAS_ADDR_MAX];
	enum store_err rc;
	bool bad;

	rc = named(st, c, address, &bad);
	if (bad)
		return OP_BAD;
	if (rc == STORE_OK)
		rc = alias_remove(st, address);
	return finish(st, c, address, "removed", rc);
}

static uint16_t
on_burn(void *service, struct op_call *c)
{
	struct store *st = service;
	char address[ALIAS_ADDR_MAX];
	enum store_err rc;
	bool bad;

	rc = named(st, c, address, &bad);
	if (bad)
		return OP_BAD;
	if (rc == STORE_OK)
		rc = alias_burn(st, address, clock_wall_s());
	return finish(st, c, address, "burned", rc);
}

const struct op alias_ops[] = {
	{ ALIAS_LIST,	ROLE_BIT(ROLE_OWNER),	on_list },
	{ ALIAS_ADD,	ROLE_BIT(ROLE_OWNER),	on_add },
	{ ALIAS_REMOVE,	ROLE_BIT(ROLE_OWNER),	on_remove },
	{ ALIAS_BURN,	ROLE_BIT(ROLE_OWNER),	on_burn },
	{ 0, 0, NULL }
};
