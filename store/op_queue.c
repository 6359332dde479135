#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/op_event.h"
#include "store/queue.h"
#include "store/returned.h"
#include "store/wire.h"

static const char *const states[] = {
	"active", "held", "done", "damaged"
};
static const char *const fates[] = {
	"waiting", "unknown", "sent", "local", "failed", "expired", "dropped"
};
static const char *const changes[] = {
	"hold", "release", "retry", "route", "drop"
};

enum {
	STATES = sizeof states / sizeof states[0],
	FATES = sizeof fates / sizeof fates[0],
	CHANGES = sizeof changes / sizeof changes[0]
};

const char *
queue_state_name(enum queue_state s)
{
	return (unsigned int)s < STATES ? states[s] : "?";
}

const char *
queue_row_word(const struct queue_row *r)
{
	if (r->state == QUEUE_ACTIVE && r->sending != 0)
		return "sending";
	if (r->state == QUEUE_DONE && r->ndropped == r->nrcpt)
		return r->attempts > 0 ? "dropped" : "recalled";
	return queue_state_name(r->state);
}

bool
queue_rcpt_sending(const struct queue_row *r, const struct queue_rcpt *x)
{
	return (x->fate == QUEUE_WAITING || x->fate == QUEUE_UNKNOWN) &&
	    r->sending != 0 && x->due <= r->sending;
}

const char *
queue_fate_name(enum queue_fate f)
{
	return (unsigned int)f < FATES ? fates[f] : "?";
}

/* ---- client: rows ---- */

static void
get_row(struct wire *w, struct queue_row *r)
{
	unsigned int state;

	r->id = wire_str(w);
	r->from = wire_str(w);
	r->msgid = wire_str(w);
	r->subject = wire_str(w);
	r->why = wire_str(w);
	r->flags = chan_get_u32(w->in);
	state = chan_get_u8(w->in);
	r->created = chan_get_i64(w->in);
	r->due = chan_get_i64(w->in);
	r->expires = chan_get_i64(w->in);
	r->size = chan_get_u64(w->in);
	r->nrcpt = chan_get_u32(w->in);
	r->nwaiting = chan_get_u32(w->in);
	r->nfailed = chan_get_u32(w->in);
	r->nreturned = chan_get_u32(w->in);
	r->ndropped = chan_get_u32(w->in);
	r->attempts = chan_get_u32(w->in);
	r->first = wire_str(w);
	r->sending = chan_get_i64(w->in);
	w->bad = w->bad || state >= STATES;
	r->state = (enum queue_state)state;
}

static void
get_rcpt(struct wire *w, struct queue_rcpt *r)
{
	unsigned int fate;

	r->addr = wire_str(w);
	r->orcpt = wire_str(w);
	r->notify = chan_get_u32(w->in);
	fate = chan_get_u8(w->in);
	r->attempts = chan_get_u32(w->in);
	r->due = chan_get_i64(w->in);
	r->changed = chan_get_i64(w->in);
	r->route = wire_str(w);
	r->reply = wire_str(w);
	r->maybe_twice = chan_get_u8(w->in) != 0;
	w->bad = w->bad || fate >= FATES;
	r->fate = (enum queue_fate)fate;
}

static void
get_attempt(struct wire *w, struct queue_attempt *a)
{
	a->at = chan_get_i64(w->in);
	a->route = wire_str(w);
	a->peer = wire_str(w);
	a->tls = wire_str(w);
	a->rcpts = wire_str(w);
	a->reply = wire_str(w);
}

bool
queue_list_get(struct chan_in *in, struct queue_rows *out)
{
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->row, &out->n, sizeof *out->row))
		get_row(&w, &out->row[out->n - 1]);
	out->more = chan_get_u8(in) != 0;
	if (!w.bad && chan_end(in))
		return true;
	queue_rows_clear(out);
	return false;
}

void
queue_rows_clear(struct queue_rows *r)
{
	free(r->row);
	free(r->text);
	memset(r, 0, sizeof *r);
}

bool
queue_show_get(struct chan_in *in, struct queue_letter *out)
{
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	get_row(&w, &out->row);
	while (wire_row(&w, (void **)&out->rcpt, &out->nrcpt,
	    sizeof *out->rcpt))
		get_rcpt(&w, &out->rcpt[out->nrcpt - 1]);
	w.cap = 0;		/* of the next kind of row */
	while (wire_row(&w, (void **)&out->attempt, &out->nattempt,
	    sizeof *out->attempt))
		get_attempt(&w, &out->attempt[out->nattempt - 1]);
	w.cap = 0;
	while (wire_row(&w, (void **)&out->report, &out->nreport,
	    sizeof *out->report))
		reported_get(&w, &out->report[out->nreport - 1]);
	if (!w.bad && chan_end(in))
		return true;
	queue_letter_clear(out);
	return false;
}

void
queue_letter_clear(struct queue_letter *l)
{
	free(l->rcpt);
	free(l->attempt);
	free(l->report);
	free(l->text);
	memset(l, 0, sizeof *l);
}

/* ---- client: asking ---- */

void
queue_list_put(struct buf *args, enum queue_which which, const char *after)
{
	chan_put_u8(args, (uint8_t)which);
	chan_put_str(args, after);
}

uint16_t
queue_list(int ch, enum queue_which which, const char *after,
    struct queue_rows *out)
{
	struct op_reply r;
	struct buf b;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	wire_call(&b, &r);
	queue_list_put(&b, which, after);
	rc = op_call(ch, QUEUE_LIST, &b, -1, &r, QUEUE_WAIT_MS);
	if (rc == STORE_OK && !queue_list_get(&r.in, out))
		rc = OP_BAD;
	wire_done(&b, &r);
	return rc;
}

void
queue_show_put(struct buf *args, const char *id)
{
	chan_put_str(args, id);
}

void
queue_fate_put(struct buf *args, const char *msgid)
{
	chan_put_str(args, msgid);
}

static uint16_t
show(int ch, uint16_t op, const char *key, struct queue_letter *out)
{
	struct op_reply r;
	struct buf b;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	wire_call(&b, &r);
	chan_put_str(&b, key);
	rc = op_call(ch, op, &b, -1, &r, QUEUE_WAIT_MS);
	if (rc == STORE_OK && !queue_show_get(&r.in, out))
		rc = OP_BAD;
	wire_done(&b, &r);
	return rc;
}

uint16_t
queue_show(int ch, const char *id, struct queue_letter *out)
{
	return show(ch, QUEUE_SHOW, id, out);
}

uint16_t
queue_fate(int ch, const char *msgid, struct queue_letter *out)
{
	return show(ch, QUEUE_FATE, msgid, out);
}

void
queue_change_put(struct buf *args, const char *id, enum queue_change what,
    const char *arg)
{
	chan_put_str(args, id);
	chan_put_u8(args, (uint8_t)what);
	chan_put_str(args, arg);
}

uint16_t
queue_change(int ch, const char *id, enum queue_change what, const char *arg)
{
	struct op_reply r;
	struct buf b;
	uint16_t rc;

	wire_call(&b, &r);
	queue_change_put(&b, id, what, arg);
	rc = op_call(ch, QUEUE_CHANGE, &b, -1, &r, QUEUE_WAIT_MS);
	wire_done(&b, &r);
	return rc;
}

/* ---- keeper ---- */

#define LIST	"SELECT " QUEUE_COLUMNS " FROM queue_letter"
/* A letter that is unknown by now (cleaned) starts the list anew. */
#define BEHIND	"(?1 = 0 OR (created, id) < (SELECT created, id FROM" \
	" queue_letter WHERE id = ?1)) ORDER BY created DESC, id DESC"

static sqlite3_stmt *
list_stmt(struct store *st, unsigned int which, uint64_t after)
{
	static struct store_slot open_ones, all_ones;

	if (which == QUEUE_OPEN_ONES)
		return store_ask(st, STORE_NODE, &open_ones, LIST
		    " WHERE state <> 2 AND " BEHIND, "i", (int64_t)after);
	return store_ask(st, STORE_NODE, &all_ones, LIST " WHERE " BEHIND,
	    "i", (int64_t)after);
}

static uint16_t
on_list(void *service, struct op_call *c)
{
	struct store *st = service;
	unsigned int which = chan_get_u8(&c->in), n = 0;
	char after[QUEUE_ID_MAX];
	uint64_t id = 0;
	sqlite3_stmt *s;
	size_t before;
	bool more = false;

	chan_get_str(&c->in, after, sizeof after);
	if (!chan_end(&c->in) || which > QUEUE_ALL_ONES ||
	    (after[0] != '\0' && queue_id_parse(after, &id) == -1))
		return OP_BAD;
	s = list_stmt(st, which, id);
	if (s == NULL)
		return STORE_NOMEM;
	while (!more && sqlite3_step(s) == SQLITE_ROW) {
		before = c->out->len;
		chan_put_u8(c->out, 1);
		more = ++n > QUEUE_PAGE_MAX ||
		    queue_row_put(st, s, c->out) != STORE_OK ||
		    c->out->err != 0 || c->out->len + 16 > c->out->max;
		if (more) {
			c->out->err = 0;
			c->out->len = before;
		}
	}
	(void)sqlite3_reset(s);
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, more);
	return STORE_OK;
}

static uint16_t
put_letter(struct store *st, uint64_t id, struct buf *out)
{
	static struct store_slot slot;
	enum store_err rc = STORE_NOTFOUND;
	sqlite3_stmt *s;

	s = store_ask(st, STORE_NODE, &slot, LIST " WHERE id = ?1", "i",
	    (int64_t)id);
	if (s == NULL)
		return STORE_NOMEM;
	if (sqlite3_step(s) == SQLITE_ROW)
		rc = queue_row_put(st, s, out);
	(void)sqlite3_reset(s);
	if (rc == STORE_OK)
		rc = queue_rcpts_put(st, id, out);
	if (rc == STORE_OK)
		rc = queue_attempts_put(st, id, out);
	if (rc == STORE_OK)
		rc = returned_put(st, id, out);
	return (uint16_t)rc;
}

static uint16_t
on_show(void *service, struct op_call *c)
{
	char name[QUEUE_ID_MAX];
	uint64_t id;

	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in))
		return OP_BAD;
	if (queue_id_parse(name, &id) == -1)
		return STORE_NOTFOUND;
	return put_letter(service, id, c->out);
}

static uint16_t
on_fate(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	char msgid[QUEUE_LINE_MAX];
	uint64_t id;

	chan_get_str(&c->in, msgid, sizeof msgid);
	if (!chan_end(&c->in))
		return OP_BAD;
	/* What another user submitted says nothing about the owner's. */
	id = (uint64_t)store_int(st, STORE_NODE, &slot,
	    "SELECT id FROM queue_letter WHERE msgid = ?1 AND role <> ?2"
	    " AND msgid <> '' ORDER BY created DESC LIMIT 1", "si", msgid,
	    (int64_t)ROLE_LOCAL);
	return id != 0 ? put_letter(st, id, c->out) : STORE_NOTFOUND;
}

/* ---- keeper: changes ---- */

struct change {
	uint64_t	 id;
	struct queue_facts facts;
	const char	*arg;
};

static enum store_err
do_hold(struct store *st, const struct change *x)
{
	if (x->facts.state != QUEUE_ACTIVE)
		return STORE_STATE;
	return queue_set_state(st, x->id, QUEUE_HELD, "by the owner");
}

static enum store_err
do_retry(struct store *st, const struct change *x)
{
	enum store_err rc;

	rc = queue_set_due(st, x->id, clock_wall_s(), NULL);
	return rc == STORE_OK ? queue_set_state(st, x->id, QUEUE_ACTIVE, "") :
	    rc;
}

static enum store_err
do_release(struct store *st, const struct change *x)
{
	return x->facts.state == QUEUE_HELD ? do_retry(st, x) : STORE_STATE;
}

static enum store_err
do_route(struct store *st, const struct change *x)
{
	return queue_set_due(st, x->id, x->facts.due, x->arg);
}

static enum store_err
do_drop(struct store *st, const struct change *x)
{
	return queue_drop(st, x->id);
}

static const struct {
	enum store_err	(*fn)(struct store *, const struct change *);
	bool		 under_way;	/* also while the sender has it */
} acts[CHANGES] = {
	[QUEUE_DO_HOLD]	   = { do_hold,	   false },
	[QUEUE_DO_RELEASE] = { do_release, true },
	[QUEUE_DO_RETRY]   = { do_retry,   true },
	[QUEUE_DO_ROUTE]   = { do_route,   false },
	[QUEUE_DO_DROP]	   = { do_drop,	   false },
};

static uint16_t
on_change(void *service, struct op_call *c)
{
	struct store *st = service;
	struct change x = { 0 };
	char name[QUEUE_ID_MAX], arg[QUEUE_ADDR_MAX];
	unsigned int what;
	enum store_err rc;

	chan_get_str(&c->in, name, sizeof name);
	what = chan_get_u8(&c->in);
	chan_get_str(&c->in, arg, sizeof arg);
	if (!chan_end(&c->in) || what >= CHANGES)
		return OP_BAD;
	if (queue_id_parse(name, &x.id) == -1)
		return STORE_NOTFOUND;
	x.arg = arg;
	rc = queue_facts(st, x.id, &x.facts);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	if (x.facts.state == QUEUE_DONE || (!acts[what].under_way &&
	    queue_claimed(st->queue, x.id)))
		return STORE_STATE;
	rc = acts[what].fn(st, &x);
	if (rc == STORE_OK)
		rc = queue_settle(st, x.id);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	if (x.facts.state == QUEUE_DAMAGED)
		queue_mended(st, x.id);
	event_add(st, name, "", changes[what], arg);
	return store_later(st, c, STORE_BIT(STORE_NODE));
}

const struct op queue_ops[] = {
	{ QUEUE_LIST,	ROLE_BIT(ROLE_OWNER),	on_list },
	{ QUEUE_SHOW,	ROLE_BIT(ROLE_OWNER),	on_show },
	{ QUEUE_FATE,	ROLE_BIT(ROLE_OWNER),	on_fate },
	{ QUEUE_CHANGE,	ROLE_BIT(ROLE_OWNER),	on_change },
	{ 0, 0, NULL }
};
