#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "store/history.h"
#include "store/op_event.h"
#include "store/op_sender.h"
#include "store/queue.h"
#include "store/sql.h"
#include "store/wire.h"

enum {
	CLOCK_SLACK_S = 300,	/* that much ahead is no other clock */
	OUR_WAIT_S = 5 * 3600	/* longer than between two tries */
};

/* ---- the sender's side ---- */

uint16_t
sender_due(int ch, struct op_reply *r, bool afresh)
{
	struct buf b;

	buf_init(&b, 64);
	chan_put_u8(&b, afresh);
	return wire_ask(ch, r, SENDER_DUE, &b, SENDER_WAIT_MS);
}

bool
sender_push_get(struct chan_in *in, uint64_t *id, int64_t *due)
{
	*id = chan_get_u64(in);
	*due = chan_get_i64(in);
	return chan_end(in);
}

static uint16_t
ask_id(int ch, struct op_reply *r, uint16_t op, uint64_t id)
{
	struct buf b;

	buf_init(&b, 64);
	chan_put_u64(&b, id);
	return wire_ask(ch, r, op, &b, SENDER_WAIT_MS);
}

static void
get_rcpt(struct wire *w, struct sender_rcpt *r)
{
	unsigned int fate;

	r->n = chan_get_u32(w->in);
	r->addr = wire_str(w);
	r->orcpt = wire_str(w);
	r->route = wire_str(w);
	r->forced = wire_str(w);
	r->notify = chan_get_u32(w->in);
	r->attempts = chan_get_u32(w->in);
	fate = chan_get_u8(w->in);
	r->due = chan_get_i64(w->in);
	w->bad = w->bad || fate > QUEUE_UNKNOWN;
	r->fate = (enum queue_fate)fate;
}

static bool
get_letter(struct chan_in *in, struct sender_letter *l)
{
	struct wire w;

	if (!wire_init(&w, in, &l->text))
		return false;
	l->from = wire_str(&w);
	l->msgid = wire_str(&w);
	l->envid = wire_str(&w);
	l->subject = wire_str(&w);
	l->flags = chan_get_u32(in);
	l->created = chan_get_i64(in);
	l->offset = chan_get_u32(in);
	l->size = chan_get_u64(in);
	l->copied = chan_get_u8(in) != 0;
	l->told = chan_get_u8(in) != 0;
	while (wire_row(&w, (void **)&l->rcpt, &l->nrcpt, sizeof *l->rcpt))
		get_rcpt(&w, &l->rcpt[l->nrcpt - 1]);
	return !w.bad && chan_end(in);
}

uint16_t
sender_claim(int ch, struct op_reply *r, uint64_t id,
    struct sender_letter *out)
{
	uint16_t rc;

	memset(out, 0, sizeof *out);
	out->fd = -1;
	rc = ask_id(ch, r, SENDER_CLAIM, id);
	if (rc != STORE_OK)
		return rc;
	out->id = id;
	out->fd = r->fd;
	r->fd = -1;
	if (get_letter(&r->in, out) && out->fd != -1)
		return STORE_OK;
	sender_letter_clear(out);
	return OP_BAD;
}

void
sender_letter_clear(struct sender_letter *l)
{
	if (l->fd != -1)
		close(l->fd);
	free(l->rcpt);
	free(l->text);
	memset(l, 0, sizeof *l);
	l->fd = -1;
}

uint16_t
sender_mark(int ch, struct op_reply *r, uint64_t id, const char *route,
    const uint32_t *n, size_t count)
{
	struct buf b;
	size_t i;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u64(&b, id);
	chan_put_str(&b, route);
	chan_put_u32(&b, (uint32_t)count);
	for (i = 0; i < count; i++)
		chan_put_u32(&b, n[i]);
	return wire_ask(ch, r, SENDER_MARK, &b, SENDER_WAIT_MS);
}

uint16_t
sender_copied(int ch, struct op_reply *r, uint64_t id)
{
	return ask_id(ch, r, SENDER_COPIED, id);
}

uint16_t
sender_release(int ch, struct op_reply *r, uint64_t id, int64_t *due)
{
	uint16_t rc;

	*due = 0;
	rc = ask_id(ch, r, SENDER_RELEASE, id);
	if (rc != STORE_OK)
		return rc;
	*due = chan_get_i64(&r->in);
	return chan_end(&r->in) ? STORE_OK : OP_BAD;
}

/* ---- keeper's side ---- */

void
sender_push(struct op_peer *p, uint64_t id, int64_t due)
{
	struct buf b;

	buf_init(&b, 64);
	chan_put_u64(&b, id);
	chan_put_i64(&b, due);
	op_reply(p, SENDER_PUSH, 0, STORE_OK, &b, -1);
	buf_clear(&b);
}

/*
 * What was noted by a clock that is ahead of ours would wait until ours is
 * there: it waits as long from now instead.  What waits longer than we ever
 * make it has a date that the owner named.
 */
#define AHEAD	" WHERE fate < 2 AND changed > ?1 + ?2 AND due - changed <= ?3"

static bool
is_ahead(struct store *st, int64_t now)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT 1 FROM"
	    " queue_rcpt" AHEAD " LIMIT 1", "iii", now,
	    (int64_t)CLOCK_SLACK_S, (int64_t)OUR_WAIT_S);
	bool yes = s != NULL && sqlite3_step(s) == SQLITE_ROW;

	if (s != NULL)
		(void)sqlite3_reset(s);
	return yes;
}

static enum store_err
follow_clock(struct store *st, int64_t now)
{
	static struct store_slot slot;
	enum store_err rc = store_begin(st, STORE_NODE);

	return rc != STORE_OK ? rc : store_do(st, STORE_NODE, &slot,
	    "UPDATE queue_rcpt SET due = due - (changed - ?1), changed = ?1"
	    AHEAD, "iii", now, (int64_t)CLOCK_SLACK_S, (int64_t)OUR_WAIT_S);
}

static uint16_t
on_due(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	int64_t now = clock_wall_s();
	bool afresh = chan_get_u8(&c->in) != 0, ahead;
	enum store_err rc = STORE_OK;
	sqlite3_stmt *s;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (!afresh && c->peer != st->queue->sender)
		return STORE_STATE;
	ahead = is_ahead(st, now);
	if (ahead)
		rc = follow_clock(st, now);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	st->queue->sender = c->peer;
	if (afresh)
		memset(st->queue->claim, 0, sizeof st->queue->claim);
	s = store_ask(st, STORE_NODE, &slot, "SELECT id, (SELECT min(due)"
	    " FROM queue_rcpt WHERE letter = queue_letter.id AND fate < 2)"
	    " FROM queue_letter WHERE state = 0", "");
	if (s == NULL)
		return STORE_NOMEM;
	while (sqlite3_step(s) == SQLITE_ROW)
		sender_push(c->peer, (uint64_t)sqlite3_column_int64(s, 0),
		    sqlite3_column_int64(s, 1));
	(void)sqlite3_reset(s);
	return ahead ? store_later(st, c, STORE_BIT(STORE_NODE)) :
	    (uint16_t)STORE_OK;
}

static uint16_t
put_letter(struct store *st, uint64_t id, struct buf *b)
{
	static struct store_slot slot;
	sqlite3_stmt *s;

	s = store_ask(st, STORE_NODE, &slot, "SELECT sender, msgid, envid,"
	    " subject, flags, created, offset, size, copied, told"
	    " FROM queue_letter WHERE id = ?1", "i", (int64_t)id);
	if (s == NULL)
		return STORE_NOMEM;
	if (sqlite3_step(s) != SQLITE_ROW) {
		(void)sqlite3_reset(s);
		return STORE_NOTFOUND;
	}
	sql_put(b, s, 0, "ssssuiuibb");
	(void)sqlite3_reset(s);
	return STORE_OK;
}

/* As many as a record holds; the others follow with the next claim. */
static uint16_t
put_rcpts(struct store *st, uint64_t id, struct buf *b)
{
	static struct store_slot slot;
	sqlite3_stmt *s;

	s = store_ask(st, STORE_NODE, &slot, "SELECT n, addr, orcpt, route,"
	    " forced, notify, attempts, fate, due FROM queue_rcpt"
	    " WHERE letter = ?1 AND fate < 2 ORDER BY due, n", "i",
	    (int64_t)id);
	return (uint16_t)sql_put_rows(b, s, 0, "ussssuubi", 1);
}

static uint16_t
on_claim(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t id = chan_get_u64(&c->in);
	struct queue_facts f;
	enum store_err rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (c->peer != st->queue->sender)
		return STORE_STATE;
	rc = queue_facts(st, id, &f);
	if (rc == STORE_OK && (f.state != QUEUE_ACTIVE ||
	    queue_claimed(st->queue, id)))
		rc = STORE_STATE;
	if (rc == STORE_OK)
		rc = queue_letter_fd(st, id, &c->fd_out);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	c->close_fd_out = true;
	rc = (enum store_err)put_letter(st, id, c->out);
	if (rc == STORE_OK)
		rc = (enum store_err)put_rcpts(st, id, c->out);
	if (rc == STORE_OK && !queue_claim(st->queue, id))
		rc = STORE_BUSY;
	return (uint16_t)rc;
}

static enum store_err
mark_one(struct store *st, uint64_t id, uint32_t n, const char *route)
{
	static struct store_slot slot;
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &slot, "UPDATE queue_rcpt SET"
	    " twice = max(twice, fate = 1), fate = 1, route = ?3,"
	    " changed = ?4 WHERE letter = ?1 AND n = ?2 AND fate < 2", "iisi",
	    (int64_t)id, (int64_t)n, route, clock_wall_s());
	/* Nobody who has a final fate is sent to again. */
	if (rc == STORE_OK && sqlite3_changes(st->db[STORE_NODE]) != 1)
		rc = STORE_STATE;
	return rc;
}

static uint16_t
on_mark(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t id = chan_get_u64(&c->in);
	char route[QUEUE_ADDR_MAX];
	enum store_err rc = STORE_OK;
	uint32_t count, i;

	chan_get_str(&c->in, route, sizeof route);
	count = chan_get_u32(&c->in);
	if (c->in.bad || count == 0 || count > QUEUE_RCPTS_MAX)
		return OP_BAD;
	if (!queue_claimed(st->queue, id))
		return STORE_STATE;
	rc = store_begin(st, STORE_NODE);
	for (i = 0; i < count && rc == STORE_OK; i++)
		rc = mark_one(st, id, chan_get_u32(&c->in), route);
	if (!chan_end(&c->in))
		return OP_BAD;
	return rc == STORE_OK ? store_later(st, c, STORE_BIT(STORE_NODE)) :
	    (uint16_t)rc;
}

/* A copy is made of what the owner wrote: to those the filter lets in. */
static enum store_err
note_wrote(struct store *st, uint64_t id)
{
	static struct store_slot slot;
	char addr[HISTORY_WROTE_MAX][QUEUE_ADDR_MAX];
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT addr FROM"
	    " queue_rcpt WHERE letter = ?1 ORDER BY n LIMIT ?2", "ii",
	    (int64_t)id, (int64_t)HISTORY_WROTE_MAX);
	enum store_err rc = STORE_OK;
	size_t n = 0, i;

	if (s == NULL)
		return STORE_NOMEM;
	while (n < HISTORY_WROTE_MAX && sqlite3_step(s) == SQLITE_ROW)
		sql_copy(addr[n++], sizeof addr[0], s, 0);
	(void)sqlite3_reset(s);
	for (i = 0; i < n && rc == STORE_OK; i++)
		rc = history_wrote(st, addr[i]);
	return rc;
}

static uint16_t
on_copied(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	uint64_t id = chan_get_u64(&c->in);
	enum store_err rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	rc = store_do(st, STORE_NODE, &slot, "UPDATE queue_letter SET"
	    " copied = 1 WHERE id = ?1", "i", (int64_t)id);
	if (rc == STORE_OK)
		rc = note_wrote(st, id);
	return rc == STORE_OK ? store_later(st, c, STORE_BIT(STORE_NODE)) :
	    (uint16_t)rc;
}

static uint16_t
on_release(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t id = chan_get_u64(&c->in);
	struct queue_facts f;
	enum store_err rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	queue_unclaim(st->queue, id);
	rc = queue_facts(st, id, &f);
	chan_put_i64(c->out, rc == STORE_OK && f.state == QUEUE_ACTIVE ?
	    f.due : 0);
	return rc == STORE_NOTFOUND ? STORE_OK : (uint16_t)rc;
}

const struct op sender_ops[] = {
	{ SENDER_DUE,	  ROLE_BIT(ROLE_SENDER),	on_due },
	{ SENDER_CLAIM,	  ROLE_BIT(ROLE_SENDER),	on_claim },
	{ SENDER_MARK,	  ROLE_BIT(ROLE_SENDER),	on_mark },
	{ SENDER_COPIED,  ROLE_BIT(ROLE_SENDER),	on_copied },
	{ SENDER_RELEASE, ROLE_BIT(ROLE_SENDER),	on_release },
	{ 0, 0, NULL }
};
