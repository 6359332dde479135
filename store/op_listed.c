#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/op_event.h"
#include "store/op_listed.h"
#include "store/wire.h"

/* ---- client ---- */

static uint16_t
ask(int ch, struct op_reply *r, uint16_t type, bool allow, const char *name)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u8(&b, allow);
	chan_put_str(&b, name);
	return wire_ask(ch, r, type, &b, LISTED_WAIT_MS);
}

uint16_t
listed_ask_add(int ch, struct op_reply *r, bool allow, const char *name,
    const char *note)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u8(&b, allow);
	chan_put_str(&b, name);
	chan_put_str(&b, note);
	return wire_ask(ch, r, LISTED_ADD, &b, LISTED_WAIT_MS);
}

uint16_t
listed_ask_remove(int ch, struct op_reply *r, bool allow, const char *name)
{
	return ask(ch, r, LISTED_REMOVE, allow, name);
}

uint16_t
listed_ask_next(int ch, struct op_reply *r, bool allow, const char *after,
    struct listed *l)
{
	uint16_t status = ask(ch, r, LISTED_NEXT, allow, after);

	memset(l, 0, sizeof *l);
	if (status != OP_OK)
		return status;
	l->allow = allow;
	l->kind = (enum listed_kind)chan_get_u8(&r->in);
	chan_get_str(&r->in, l->name, sizeof l->name);
	chan_get_str(&r->in, l->note, sizeof l->note);
	l->created = chan_get_i64(&r->in);
	return chan_end(&r->in) && l->kind < LISTED_KINDS ? OP_OK : OP_BAD;
}

bool
listed_was_get(struct chan_in *in, struct listed_was *was)
{
	was->listed = chan_get_u8(in) != 0;
	was->allow = chan_get_u8(in) != 0;
	chan_get_str(in, was->note, sizeof was->note);
	return chan_end(in);
}

/* ---- keeper ---- */

static uint16_t
on_next(void *service, struct op_call *c)
{
	bool allow = chan_get_u8(&c->in) != 0;
	char after[LISTED_NAME_MAX];
	enum store_err rc;
	struct listed l;

	chan_get_str(&c->in, after, sizeof after);
	if (!chan_end(&c->in))
		return OP_BAD;
	rc = listed_next(service, after, allow, &l);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	chan_put_u8(c->out, (uint8_t)l.kind);
	chan_put_str(c->out, l.name);
	chan_put_str(c->out, l.note);
	chan_put_i64(c->out, l.created);
	return OP_OK;
}

static uint16_t
finish(struct store *st, struct op_call *c, const struct listed *l,
    const char *what, enum store_err rc)
{
	if (rc != STORE_OK)
		return (uint16_t)rc;
	event_add(st, "", l->name, l->allow ? "allow" : "block", what);
	return store_later(st, c, STORE_BIT(STORE_NODE));
}

static bool
note_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static void
put_was(struct store *st, const struct listed *l, struct buf *out)
{
	struct listed was;

	chan_put_u8(out, listed_get(st, l->kind, l->name, &was) == STORE_OK);
	chan_put_u8(out, was.allow);
	chan_put_str(out, was.note);
}

static uint16_t
on_add(void *service, struct op_call *c)
{
	bool allow = chan_get_u8(&c->in) != 0;
	char name[LISTED_NAME_MAX], note[LISTED_NOTE_MAX];
	enum store_err rc;
	struct listed l;

	chan_get_str(&c->in, name, sizeof name);
	chan_get_str(&c->in, note, sizeof note);
	if (!chan_end(&c->in) || !note_ok(note))
		return OP_BAD;
	rc = listed_name(name, &l);
	l.allow = allow;
	l.created = clock_wall_s();
	memcpy(l.note, note, sizeof l.note);
	if (rc == STORE_OK) {
		put_was(service, &l, c->out);
		rc = listed_add(service, &l);
	}
	return finish(service, c, &l, "added", rc);
}

static uint16_t
on_remove(void *service, struct op_call *c)
{
	bool allow = chan_get_u8(&c->in) != 0;
	char name[LISTED_NAME_MAX];
	enum store_err rc;
	struct listed l;

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	rc = listed_name(name, &l);
	l.allow = allow;
	if (rc == STORE_OK)
		rc = listed_remove(service, l.name, allow);
	return finish(service, c, &l, "removed", rc);
}

const struct op listed_ops[] = {
	{ LISTED_NEXT,	ROLE_BIT(ROLE_OWNER),	on_next },
	{ LISTED_ADD,	ROLE_BIT(ROLE_OWNER),	on_add },
	{ LISTED_REMOVE, ROLE_BIT(ROLE_OWNER),	on_remove },
	{ 0, 0, NULL }
};
