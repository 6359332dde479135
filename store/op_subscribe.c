/* Subscriptions, of op_set.h. */
#include <sqlite3.h>
#include <string.h>

#include "store/box.h"
#include "store/op_device.h"
#include "store/op_set.h"
#include "store/op_watch.h"
#include "store/wire.h"

/* ---- client ---- */

uint16_t
set_subscribe(int ch, struct op_reply *r, const char *name, bool on)
{
	struct buf b;

	buf_init(&b, 1024);
	chan_put_str(&b, name);
	chan_put_u8(&b, on);
	return wire_ask(ch, r, SET_SUBSCRIBE, &b, SET_WAIT_MS);
}

uint16_t
set_subscribed(int ch, struct op_reply *r, struct buf *out)
{
	const uint8_t *p;
	struct buf b;
	uint16_t status;
	bool more = true;
	size_t n, last = 0;

	while (more) {
		buf_init(&b, 1024);
		chan_put_str(&b, out->len > 0 ?
		    (const char *)out->data + last + 1 : "");
		status = wire_ask(ch, r, SET_SUBSCRIBED, &b, SET_WAIT_MS);
		if (status != OP_OK)
			return status;
		more = chan_get_u8(&r->in) != 0;
		p = chan_get_bytes(&r->in, CHAN_DATA_MAX, &n);
		if (!chan_end(&r->in) || (n > 0 && p[n - 1] != '\0'))
			return OP_BAD;
		more = more && n > 0;
		if (n > 0 && buf_add(out, p, n) == -1)
			return STORE_NOMEM;
		for (last = out->len > 1 ? out->len - 1 : 0;
		    last > 0 && out->data[last - 1] != '\0'; )
			last--;
	}
	return OP_OK;
}

/* ---- keeper ---- */

static uint16_t
on_subscribe(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	char name[BOX_NAME_MAX];
	bool on;
	enum store_err rc;

	chan_get_str(&c->in, name, sizeof name);
	on = chan_get_u8(&c->in) != 0;
	if (!chan_end(&c->in))
		return OP_BAD;
	if (!box_name_ok(name))
		return STORE_NAME;
	rc = store_do(st, STORE_NODE, &slot,
	    "REPLACE INTO subscribed(name, here) SELECT ?1, ?2 WHERE"
	    " (SELECT count(*) FROM subscribed WHERE name <> ?1) < ?3", "sii",
	    name, (int64_t)on, (int64_t)SET_SUBSCRIBED_MAX);
	if (rc == STORE_OK && sqlite3_changes(st->db[STORE_NODE]) == 0)
		rc = STORE_TOOBIG;
	if (rc == STORE_OK)
		watch_note(st, WATCH_BOXES, 0, 0);
	return rc == STORE_OK ? store_later(st, c, STORE_BIT(STORE_NODE)) :
	    (uint16_t)rc;
}

static uint16_t
on_subscribed(void *service, struct op_call *c)
{
	static struct store_slot slot;
	enum { FULL = CHAN_DATA_MAX - 2 * BOX_NAME_MAX };
	struct store *st = service;
	const struct device *d = device_of(st, c->peer);
	char after[BOX_NAME_MAX];
	const char *name;
	struct buf out;
	sqlite3_stmt *s;
	int code;

	chan_get_str(&c->in, after, sizeof after);
	if (!chan_end(&c->in))
		return OP_BAD;
	s = store_ask(st, STORE_NODE, &slot, "SELECT name, here FROM"
	    " subscribed WHERE name > ?1 ORDER BY name", "s", after);
	if (s == NULL)
		return STORE_NOMEM;
	buf_init(&out, CHAN_DATA_MAX);
	while ((code = sqlite3_step(s)) == SQLITE_ROW && out.len < FULL) {
		name = (const char *)sqlite3_column_text(s, 0);
		if (d != NULL && d->folder[0] != '\0' &&
		    (name == NULL || strcmp(name, d->folder) != 0))
			continue;
		(void)buf_addc(&out, sqlite3_column_int(s, 1) ? '+' : '-');
		(void)buf_adds(&out, name != NULL ? name : "");
		(void)buf_addc(&out, 0);
	}
	chan_put_u8(c->out, code == SQLITE_ROW);
	chan_put_bytes(c->out, out.data, out.len);
	buf_clear(&out);
	(void)sqlite3_reset(s);
	return (uint16_t)store_result(st, STORE_NODE, code);
}

#define OF_IMAP	(ROLE_BIT(ROLE_IMAP) | ROLE_BIT(ROLE_OWNER))

const struct op subscribe_ops[] = {
	{ SET_SUBSCRIBE, OF_IMAP,	on_subscribe },
	{ SET_SUBSCRIBED, OF_IMAP,	on_subscribed },
	{ 0, 0, NULL }
};
