#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/db.h"
#include "store/event.h"
#include "store/op_device.h"
#include "store/op_event.h"
#include "store/op_watch.h"
#include "store/sql.h"
#include "store/wire.h"

enum {
	EVENT_HELD_MAX = 256 * 1024,	/* octets collected, then written */
	EVENT_HELD_MS = 300,
	EVENT_TRIM_MS = 60000,
	EVENT_TRIM_AGAIN_MS = 1000,	/* when that was not all */
	EVENT_TRIM_ROWS = 5000,		/* at a time */
	EVENT_SESSION_MAX = 256		/* told by one stranger's session */
};

/* Held lines: i64 at, then four strings each, as chan_put_* writes them. */
struct events {
	struct buf		held;
	struct loop_timer	flush, trim;
};

/* ---- keeper: adding ---- */

static void
lower(char *dst, size_t size, const char *src)
{
	size_t i;

	snprintf(dst, size, "%s", src);
	for (i = 0; dst[i] != '\0'; i++)
		if (dst[i] >= 'A' && dst[i] <= 'Z' && dst[0] != '<')
			dst[i] = (char)(dst[i] + 32);
}

/* Control characters come from peers: they end no line of ours. */
static void
put_clean(struct buf *b, const char *s, size_t max)
{
	size_t n = strnlen(s, max), i, at = b->len + sizeof(uint32_t);

	chan_put_bytes(b, s, n);
	for (i = at; b->err == 0 && i < b->len; i++)
		if (b->data[i] < ' ' || b->data[i] == 0x7f)
			b->data[i] = ' ';
}

void
event_add(struct store *st, const char *trace, const char *addr,
    const char *kind, const char *text)
{
	struct events *ev = st->events;
	char key[EVENT_ADDR_MAX];

	if (ev->held.len > EVENT_HELD_MAX)
		events_flush(st);
	lower(key, sizeof key, addr);
	chan_put_i64(&ev->held, clock_wall_us());
	put_clean(&ev->held, trace, EVENT_TRACE_MAX - 1);
	put_clean(&ev->held, key, EVENT_ADDR_MAX - 1);
	put_clean(&ev->held, kind, EVENT_KIND_MAX - 1);
	put_clean(&ev->held, text, EVENT_TEXT_MAX);
	if (!ev->flush.armed)
		loop_arm(st->loop, &ev->flush, EVENT_HELD_MS);
}

static void
bind_str(sqlite3_stmt *s, int i, struct chan_in *in)
{
	size_t n;
	const uint8_t *p = chan_get_bytes(in, EVENT_TEXT_MAX, &n);

	sqlite3_bind_text(s, i, p != NULL ? (const char *)p : "", (int)n,
	    SQLITE_STATIC);
}

static bool
write_one(struct store *st, struct chan_in *in)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	bool ok;
	int i;

	s = store_ask(st, STORE_EVENTS, &slot, "INSERT INTO event(at, trace,"
	    " addr, kind, text) VALUES(?1, ?2, ?3, ?4, ?5)", "i",
	    chan_get_i64(in));
	if (s == NULL)
		return false;
	for (i = 2; i <= 5; i++)
		bind_str(s, i, in);
	ok = sqlite3_step(s) == SQLITE_DONE;
	(void)sqlite3_reset(s);
	return ok;
}

void
events_flush(struct store *st)
{
	struct events *ev = st->events;
	struct sqlite3 *db = st->db[STORE_EVENTS];
	struct chan_in in;

	loop_disarm(st->loop, &ev->flush);
	chan_in_init(&in, ev->held.data, ev->held.len);
	if (ev->held.len > 0 && db_exec(db, "BEGIN IMMEDIATE") == STORE_OK) {
		while (in.p < in.end && !in.bad && write_one(st, &in))
			;
		if (db_exec(db, "COMMIT") != STORE_OK)
			(void)db_exec(db, "ROLLBACK");
		store_wrote(st, STORE_EVENTS);
	}
	buf_reset(&ev->held);
}

static void
flush_now(void *arg)
{
	events_flush(arg);
}

static void
trim(void *arg)
{
	struct store *st = arg;
	char sql[256];

	snprintf(sql, sizeof sql, "DELETE FROM event WHERE id IN (SELECT id "
	    "FROM event WHERE at < %lld OR id <= (SELECT max(id) FROM event)"
	    " - %d ORDER BY id LIMIT %d)", (long long)(clock_wall_us() -
	    (int64_t)EVENT_DAYS * 86400 * 1000000), EVENT_MAX,
	    EVENT_TRIM_ROWS);
	loop_arm(st->loop, &st->events->trim,
	    db_exec(st->db[STORE_EVENTS], sql) == STORE_OK &&
	    sqlite3_changes(st->db[STORE_EVENTS]) == EVENT_TRIM_ROWS ?
	    EVENT_TRIM_AGAIN_MS : EVENT_TRIM_MS);
}

enum store_err
events_open(struct store *st)
{
	struct events *ev = st->events = calloc(1, sizeof *ev);

	if (ev == NULL)
		return STORE_NOMEM;
	buf_init(&ev->held, EVENT_HELD_MAX + 64 * 1024);
	ev->flush = (struct loop_timer){ .fn = flush_now, .arg = st };
	ev->trim = (struct loop_timer){ .fn = trim, .arg = st };
	loop_arm(st->loop, &ev->trim, EVENT_TRIM_MS);
	return STORE_OK;
}

void
events_close(struct store *st)
{
	if (st->events == NULL)
		return;
	events_flush(st);
	loop_disarm(st->loop, &st->events->trim);
	buf_clear(&st->events->held);
	free(st->events);
	st->events = NULL;
}

/* ---- ops ---- */

/* A stranger's session tells of a few refusals; more would push out what
 * others told, and fill the disk faster than it is trimmed. */
static bool
may_tell(struct store *st, struct op_call *c)
{
	uintptr_t n = (uintptr_t)op_peer_data(c->peer);

	if (c->role != ROLE_SMTP && ((c->role != ROLE_SUBMISSION &&
	    c->role != ROLE_IMAP) || device_of(st, c->peer) != NULL))
		return true;
	op_peer_set(c->peer, (void *)(n + (n < EVENT_SESSION_MAX)));
	return n < EVENT_SESSION_MAX;
}

static uint16_t
on_add(void *service, struct op_call *c)
{
	char trace[EVENT_TRACE_MAX], addr[EVENT_ADDR_MAX];
	char kind[EVENT_KIND_MAX], text[EVENT_TEXT_MAX + 1];

	chan_get_str(&c->in, trace, sizeof trace);
	chan_get_str(&c->in, addr, sizeof addr);
	chan_get_str(&c->in, kind, sizeof kind);
	chan_get_str(&c->in, text, sizeof text);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (!may_tell(service, c))
		return OP_OK;
	event_add(service, trace, addr, kind, text);
	if (strcmp(kind, "refuse") == 0)
		watch_note(service, WATCH_INCOMING, 0, 0);
	return OP_OK;
}

static uint16_t
on_query(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	char key[EVENT_ADDR_MAX], low[EVENT_ADDR_MAX];
	uint64_t after;
	sqlite3_stmt *s;
	uint32_t n = 0;
	bool more = false;

	chan_get_str(&c->in, key, sizeof key);
	after = chan_get_u64(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	events_flush(st);
	lower(low, sizeof low, key);
	s = store_ask(st, STORE_EVENTS, &slot, "SELECT id, at, trace, addr,"
	    " kind, text FROM event WHERE id > ?3 AND (trace = ?1 OR"
	    " (addr = ?2 AND addr <> '' AND trace = '') OR trace IN"
	    " (SELECT trace FROM event WHERE addr = ?2 AND addr <> ''"
	    " AND trace <> '' GROUP BY trace ORDER BY max(id) DESC"
	    " LIMIT ?4)) ORDER BY id", "ssii", key, low, (int64_t)after,
	    (int64_t)EVENT_TRACES);
	if (s == NULL)
		return STORE_NOMEM;
	while (!more && sqlite3_step(s) == SQLITE_ROW) {
		more = n == EVENT_PAGE_MAX || c->out->len >
		    CHAN_DATA_MAX - 2 * (EVENT_TEXT_MAX + EVENT_ADDR_MAX);
		if (!more) {
			chan_put_u8(c->out, 1);
			sql_put(c->out, s, 0, "iissss");
			n++;
		}
	}
	(void)sqlite3_reset(s);
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, more);
	return n == 0 ? STORE_NOTFOUND : OP_OK;
}

const struct op event_ops[] = {
	/* Another user of the machine tells nobody's story. */
	{ EVENT_ADD,	ROLE_ANY & ~ROLE_BIT(ROLE_LOCAL), on_add },
	{ EVENT_QUERY,	ROLE_BIT(ROLE_OWNER),	on_query },
	{ 0, 0, NULL }
};

/* ---- client ---- */

static int
tell(int ch, const char *const part[4], bool nowait)
{
	static const size_t most[4] = { EVENT_TRACE_MAX - 1,
	    EVENT_ADDR_MAX - 1, EVENT_KIND_MAX - 1, EVENT_TEXT_MAX };
	struct chan_msg m = { .type = EVENT_ADD, .fd = -1 };
	struct buf b;
	size_t i;
	int rc, err;

	buf_init(&b, CHAN_DATA_MAX);
	for (i = 0; i < 4; i++)
		chan_put_bytes(&b, part[i], strnlen(part[i], most[i]));
	rc = chan_send(ch, &m, &b, nowait);
	err = errno;
	buf_clear(&b);
	errno = err;
	return rc;
}

int
event_tell(int ch, const char *trace, const char *addr, const char *kind,
    const char *text)
{
	const char *const part[4] = { trace, addr, kind, text };

	return tell(ch, part, false);
}

int
event_tell_now(int ch, const char *trace, const char *addr,
    const char *kind, const char *text)
{
	const char *const part[4] = { trace, addr, kind, text };

	return tell(ch, part, true);
}

/* The strings lie in one block, each behind the other. */
static bool
get_rows(struct chan_in *in, struct event_list *out)
{
	size_t size = (size_t)(in->end - in->p), n, i = 0;
	const char **to[4];
	const uint8_t *p;
	char *at;
	int k;

	out->event = calloc(EVENT_PAGE_MAX, sizeof *out->event);
	out->mem = at = malloc(size + 4 * EVENT_PAGE_MAX);
	if (out->event == NULL || at == NULL)
		return false;
	while (chan_get_u8(in) == 1 && i < EVENT_PAGE_MAX) {
		struct event *e = &out->event[i++];

		e->id = chan_get_u64(in);
		e->at_us = chan_get_i64(in);
		to[0] = &e->trace;
		to[1] = &e->addr;
		to[2] = &e->kind;
		to[3] = &e->text;
		for (k = 0; k < 4; k++) {
			p = chan_get_bytes(in, size, &n);
			if (p == NULL)
				return false;
			memcpy(at, p, n);
			at[n] = '\0';
			*to[k] = at;
			at += n + 1;
		}
	}
	out->n = i;
	out->more = chan_get_u8(in) != 0;
	return chan_end(in);
}

uint16_t
event_query(int ch, struct op_reply *r, const char *key, uint64_t after,
    struct event_list *out)
{
	struct buf b;
	uint16_t status;

	memset(out, 0, sizeof *out);
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_bytes(&b, key, strnlen(key, EVENT_ADDR_MAX - 1));
	chan_put_u64(&b, after);
	status = wire_ask(ch, r, EVENT_QUERY, &b, 30000);
	if (status == OP_OK && !get_rows(&r->in, out)) {
		event_list_clear(out);
		status = OP_BAD;
	}
	return status;
}

void
event_list_clear(struct event_list *l)
{
	free(l->event);
	free(l->mem);
	memset(l, 0, sizeof *l);
}
