#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/event.h"
#include "store/history.h"
#include "store/op_event.h"
#include "store/op_reject.h"
#include "store/op_watch.h"
#include "store/sql.h"
#include "store/upload.h"
#include "store/wire.h"

enum { TAIL = 2 };		/* octets behind the rows */

/* ---- client ---- */

void
reject_tell(int ch, uint64_t id, const struct reject *r, const void *head,
    size_t nhead, const void *body, uint64_t n)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u64(&b, id);
	chan_put_u64(&b, n);
	chan_put_u8(&b, (uint8_t)r->as);
	chan_put_str(&b, r->trace);
	chan_put_str(&b, r->sender);
	chan_put_str(&b, r->ip);
	chan_put_str(&b, r->key);
	chan_put_str(&b, r->from);
	chan_put_str(&b, r->subject);
	chan_put_str(&b, r->why);
	chan_put_bytes(&b, head, nhead);
	if (id == 0)
		buf_add(&b, body, (size_t)n);
	if (b.err == 0)
		(void)op_tell(ch, REJECT_PUT, &b, -1);
	buf_clear(&b);
}

void
reject_list_put(struct buf *b, uint64_t before)
{
	chan_put_u64(b, before);
}

static void
get_row(struct wire *w, struct reject *r)
{
	r->id = chan_get_u64(w->in);
	r->at = chan_get_i64(w->in);
	r->as = chan_get_u8(w->in) == REJECT_DEFERRED ? REJECT_DEFERRED :
	    REJECT_REFUSED;
	r->tries = chan_get_u32(w->in);
	r->size = chan_get_u64(w->in);
	r->copy = chan_get_u8(w->in) != 0;
	r->trace = wire_str(w);
	r->sender = wire_str(w);
	r->ip = wire_str(w);
	r->key = wire_str(w);
	r->from = wire_str(w);
	r->subject = wire_str(w);
	r->why = wire_str(w);
}

bool
reject_list_get(struct chan_in *in, struct reject_list *out)
{
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->row, &out->n, sizeof *out->row))
		get_row(&w, &out->row[out->n - 1]);
	if (!w.bad && chan_end(in))
		return true;
	reject_list_clear(out);
	return false;
}

void
reject_list_clear(struct reject_list *l)
{
	free(l->row);
	free(l->text);
	memset(l, 0, sizeof *l);
}

uint16_t
reject_ask_list(int ch, struct op_reply *r, uint64_t before,
    struct reject_list *out)
{
	struct buf b;
	uint16_t status;

	memset(out, 0, sizeof *out);
	buf_init(&b, 16);
	reject_list_put(&b, before);
	status = wire_ask(ch, r, REJECT_LIST, &b, REJECT_WAIT_MS);
	if (status == OP_OK && !reject_list_get(&r->in, out))
		status = OP_BAD;
	return status;
}

void
reject_open_put(struct buf *b, uint64_t id)
{
	chan_put_u64(b, id);
}

uint16_t
reject_ask_open(int ch, struct op_reply *r, uint64_t id, int *fd)
{
	struct buf b;
	uint16_t status;

	*fd = -1;
	buf_init(&b, 16);
	reject_open_put(&b, id);
	status = wire_ask(ch, r, REJECT_OPEN, &b, REJECT_WAIT_MS);
	if (status == OP_OK) {
		*fd = r->fd;
		r->fd = -1;
	}
	return status;
}

void
reject_let_in_put(struct buf *b, uint64_t id, const char *address)
{
	chan_put_u64(b, id);
	chan_put_str(b, address);
}

uint16_t
reject_ask_let_in(int ch, struct op_reply *r, uint64_t id,
    const char *address)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	reject_let_in_put(&b, id, address);
	return wire_ask(ch, r, REJECT_LET_IN, &b, REJECT_WAIT_MS);
}

bool
incoming_list_get(struct chan_in *in, struct incoming_list *out)
{
	struct incoming *i;
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->row, &out->n, sizeof *out->row)) {
		i = &out->row[out->n - 1];
		i->at_us = chan_get_i64(in);
		i->trace = wire_str(&w);
		i->rcpt = wire_str(&w);
		i->kind = wire_str(&w);
		i->text = wire_str(&w);
		i->reject = chan_get_u64(in);
		i->from = wire_str(&w);
		i->subject = wire_str(&w);
	}
	if (!w.bad && chan_end(in))
		return true;
	incoming_list_clear(out);
	return false;
}

void
incoming_list_clear(struct incoming_list *l)
{
	free(l->row);
	free(l->text);
	memset(l, 0, sizeof *l);
}

/* ---- keeper: from a session ---- */

/* Controls come from strangers: they end no line of ours. */
static void
get_clean(struct chan_in *in, char *dst, size_t size)
{
	chan_get_str(in, dst, size);
	for (; *dst != '\0'; dst++)
		if ((unsigned char)*dst < ' ' || *dst == 0x7f)
			*dst = ' ';
}

struct handed {
	struct reject	r;
	char		trace[SPOOL_TRACE_MAX], sender[SPOOL_ADDR_MAX];
	char		ip[HISTORY_NET_MAX], key[LETIN_KEY_MAX];
	char		from[REJECT_TEXT_MAX], subject[REJECT_TEXT_MAX];
	char		why[REJECT_TEXT_MAX];
};

static bool
get_handed(struct chan_in *in, struct handed *h)
{
	uint8_t as = chan_get_u8(in);

	get_clean(in, h->trace, sizeof h->trace);
	get_clean(in, h->sender, sizeof h->sender);
	get_clean(in, h->ip, sizeof h->ip);
	get_clean(in, h->key, sizeof h->key);
	get_clean(in, h->from, sizeof h->from);
	get_clean(in, h->subject, sizeof h->subject);
	get_clean(in, h->why, sizeof h->why);
	h->r = (struct reject){ .as = as == REJECT_DEFERRED ?
	    REJECT_DEFERRED : REJECT_REFUSED, .at = clock_wall_s(),
	    .trace = h->trace, .sender = h->sender, .ip = h->ip,
	    .key = h->key, .from = h->from, .subject = h->subject,
	    .why = h->why };
	return !in->bad;
}

static uint16_t
on_put(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in);
	struct reject_body b = { .nbody = chan_get_u64(&c->in) };
	struct handed h;
	bool ok = get_handed(&c->in, &h);

	b.head = chan_get_bytes(&c->in, SPOOL_HEAD_MAX, &b.nhead);
	b.body = c->in.p;
	if (!ok || c->in.bad || (uint64_t)(c->in.end - c->in.p) !=
	    (id == 0 ? b.nbody : 0))
		return OP_BAD;
	c->in.p = c->in.end;
	h.r.size = b.nbody + b.nhead;
	if (id != 0 && upload_finish(service, c->peer, id, b.nbody,
	    &b.upload) != STORE_OK) {
		upload_abort_id(service, c->peer, id);
		b.nbody = 0;	/* told without its copy */
		h.r.size = UINT64_MAX;
	}
	reject_add(service, &h.r, &b);
	return OP_OK;
}

/* ---- for the owner ---- */

static void
put_row(struct buf *b, const struct reject *r)
{
	chan_put_u8(b, 1);
	chan_put_u64(b, r->id);
	chan_put_i64(b, r->at);
	chan_put_u8(b, (uint8_t)r->as);
	chan_put_u32(b, r->tries);
	chan_put_u64(b, r->size);
	chan_put_u8(b, r->copy);
	chan_put_str(b, r->trace);
	chan_put_str(b, r->sender);
	chan_put_str(b, r->ip);
	chan_put_str(b, r->key);
	chan_put_str(b, r->from);
	chan_put_str(b, r->subject);
	chan_put_str(b, r->why);
}

static uint16_t
on_list(void *service, struct op_call *c)
{
	uint64_t before = chan_get_u64(&c->in);
	struct reject r;
	size_t n, at;

	if (!chan_end(&c->in))
		return OP_BAD;
	for (n = 0; n < REJECT_PAGE && reject_next(service, before, &r) ==
	    STORE_OK; n++) {
		at = c->out->len;
		put_row(c->out, &r);
		before = r.id;
		if (!wire_fits(c->out, at, TAIL))
			break;
	}
	chan_put_u8(c->out, 0);
	return OP_OK;
}

static uint16_t
on_open(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in);

	if (!chan_end(&c->in))
		return OP_BAD;
	c->fd_out = reject_open(service, id);
	c->close_fd_out = true;
	return c->fd_out != -1 ? OP_OK : STORE_NOTFOUND;
}

static enum store_err
let_in(struct store *st, const struct reject *r, const char *address)
{
	char net[HISTORY_NET_MAX];
	struct letin l = { .address = address, .network = net,
	    .key = r->key };

	history_network(r->ip, net);
	return letin_add(st, &l, clock_wall_s());
}

/* The address as it stands there, and every row that has it as sender. */
static enum store_err
let_in_address(struct store *st, const char *address)
{
	struct letin l = { .address = address, .network = "", .key = "" };
	char known[REJECT_PAGE][HISTORY_NET_MAX];
	char keys[REJECT_PAGE][LETIN_KEY_MAX];
	enum store_err rc = letin_add(st, &l, clock_wall_s());
	uint64_t before = 0;
	struct reject r;
	size_t n = 0, i;

	while (n < LETIN_MAX / 4 && reject_next(st, before, &r) == STORE_OK) {
		before = r.id;
		if (strcmp(r.sender, address) != 0)
			continue;
		history_network(r.ip, known[n]);
		(void)snprintf(keys[n++], sizeof keys[0], "%s", r.key);
	}
	for (i = 0; i < n && rc == STORE_OK; i++) {
		l.network = known[i];
		l.key = keys[i];
		rc = letin_add(st, &l, clock_wall_s());
	}
	return rc;
}

static void
fold(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + 32);
}

static uint16_t
on_let_in(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t id = chan_get_u64(&c->in);
	char address[SPOOL_ADDR_MAX], sender[SPOOL_ADDR_MAX];
	enum store_err rc;
	struct reject r;

	chan_get_str(&c->in, address, sizeof address);
	if (!chan_end(&c->in))
		return OP_BAD;
	fold(address);
	if (address[0] != '\0') {
		if (strchr(address, '@') == NULL)
			return STORE_NAME;
		rc = let_in_address(st, address);
		event_add(st, "", address, "let-in", "for an hour");
		return (uint16_t)rc;
	}
	rc = reject_get(st, id, &r);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	(void)snprintf(sender, sizeof sender, "%s", r.sender);
	event_add(st, r.trace, sender, "let-in", "for an hour");
	return (uint16_t)let_in(st, &r, sender);
}

/* ---- what came of late ---- */

static void
put_incoming(struct store *st, struct buf *b, sqlite3_stmt *s)
{
	uint64_t id = reject_of(st, sql_text(s, 1));
	struct reject r = { .from = "", .subject = "" };

	if (id != 0 && reject_get(st, id, &r) != STORE_OK)
		id = 0;
	chan_put_u8(b, 1);
	sql_put(b, s, 0, "issss");
	chan_put_u64(b, id);
	chan_put_str(b, id != 0 ? r.from : "");
	chan_put_str(b, id != 0 ? r.subject : "");
}

static uint16_t
on_incoming(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	sqlite3_stmt *s;
	size_t at;

	if (!chan_end(&c->in))
		return OP_BAD;
	events_flush(st);
	s = store_ask(st, STORE_EVENTS, &slot, "SELECT at, trace, addr, kind,"
	    " text FROM event WHERE kind IN ('accept', 'refuse') AND at > ?1"
	    " ORDER BY id DESC LIMIT ?2", "ii", clock_wall_us() - INCOMING_S *
	    INT64_C(1000000), (int64_t)INCOMING_ROWS);
	if (s == NULL)
		return STORE_NOMEM;
	while (sqlite3_step(s) == SQLITE_ROW) {
		at = c->out->len;
		put_incoming(st, c->out, s);
		if (!wire_fits(c->out, at, TAIL))
			break;
	}
	(void)sqlite3_reset(s);
	chan_put_u8(c->out, 0);
	return OP_OK;
}

const struct op reject_ops[] = {
	{ REJECT_PUT,	ROLE_BIT(ROLE_SMTP),	on_put },
	{ REJECT_LIST,	ROLE_BIT(ROLE_OWNER),	on_list },
	{ REJECT_OPEN,	ROLE_BIT(ROLE_OWNER),	on_open },
	{ REJECT_LET_IN, ROLE_BIT(ROLE_OWNER),	on_let_in },
	{ REJECT_INCOMING, ROLE_BIT(ROLE_OWNER), on_incoming },
	{ 0, 0, NULL }
};
