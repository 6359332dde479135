#define _GNU_SOURCE
#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/op_device.h"
#include "store/op_event.h"
#include "store/op_queue.h"
#include "store/op_rcpt.h"
#include "store/queue.h"
#include "store/queue_envelope.h"
#include "store/queue_once.h"
#include "store/upload.h"
#include "store/wire.h"

/* One letter on its way in; a peer has at most one. */
struct submission {
	struct submission *next;
	struct op_peer	*peer;
	struct queue_head head;		/* its strings: text, to */
	char		*local_from;	/* owned: env.from of another user */
	uint64_t	 octets, own;	/* in the file; before it */
	int64_t		 due;
	char		 envid[QUEUE_ENVID_MAX];
	bool		 once;		/* hash is set */
	uint8_t		 hash[QUEUE_HASH];
};

const char *
submit_text(uint16_t status)
{
	switch (status) {
	case QUEUE_E_IDENTITY:
		return "the sender is no address of this node";
	case QUEUE_E_RCPT:
		return "a recipient is missing or is no address";
	default:
		return store_status_text(status);
	}
}

/* ---- client ---- */

void
queue_begin_put(struct buf *b, const struct queue_envelope *e)
{
	size_t i;

	chan_put_str(b, e->from);
	chan_put_str(b, e->msgid);
	chan_put_str(b, e->subject);
	chan_put_str(b, e->envid);
	chan_put_u32(b, e->flags);
	chan_put_i64(b, e->due_s);
	for (i = 0; i < e->nto; i++) {
		chan_put_u8(b, 1);
		chan_put_str(b, e->to[i].addr);
		chan_put_str(b, e->to[i].orcpt);
		chan_put_u32(b, e->to[i].notify);
	}
	chan_put_u8(b, 0);
}

uint16_t
queue_begin(int ch, const struct queue_envelope *e, char id[QUEUE_ID_MAX])
{
	struct op_reply r;
	struct buf b;
	uint16_t rc;

	id[0] = '\0';
	wire_call(&b, &r);
	queue_begin_put(&b, e);
	rc = b.err != 0 ? STORE_TOOBIG : op_call(ch, QUEUE_BEGIN, &b, -1, &r,
	    QUEUE_WAIT_MS);
	if (rc == STORE_OK) {
		chan_get_str(&r.in, id, QUEUE_ID_MAX);
		if (!chan_end(&r.in))
			rc = OP_BAD;
	}
	wire_done(&b, &r);
	return rc;
}

uint16_t
queue_data(int ch, const void *p, size_t n)
{
	const uint8_t *at = p;
	struct op_reply r;
	struct buf b;
	uint16_t rc = STORE_OK;
	size_t part;

	wire_call(&b, &r);
	for (; n > 0 && rc == STORE_OK; at += part, n -= part) {
		part = n < QUEUE_CHUNK_MAX ? n : QUEUE_CHUNK_MAX;
		buf_reset(&b);
		chan_put_bytes(&b, at, part);
		rc = b.err != 0 ? STORE_NOMEM : op_call(ch, QUEUE_DATA, &b,
		    -1, &r, QUEUE_WAIT_MS);
	}
	wire_done(&b, &r);
	return rc;
}

uint16_t
queue_once(int ch, const uint8_t hash[QUEUE_HASH])
{
	struct op_reply r;
	struct buf b;
	uint16_t rc;

	wire_call(&b, &r);
	chan_put_bytes(&b, hash, QUEUE_HASH);
	rc = op_call(ch, QUEUE_ONCE, &b, -1, &r, QUEUE_WAIT_MS);
	wire_done(&b, &r);
	return rc;
}

uint16_t
queue_commit_once(int ch, char id[QUEUE_ID_MAX], bool *again)
{
	struct op_reply r;
	struct buf b;
	uint16_t rc;

	wire_call(&b, &r);
	rc = op_call(ch, QUEUE_COMMIT, NULL, -1, &r, QUEUE_WAIT_MS);
	if (rc == STORE_OK) {
		chan_get_str(&r.in, id, QUEUE_ID_MAX);
		*again = chan_get_u8(&r.in) != 0;
		if (!chan_end(&r.in))
			rc = OP_BAD;
	}
	wire_done(&b, &r);
	return rc;
}

uint16_t
queue_commit(int ch)
{
	char id[QUEUE_ID_MAX];
	bool again;

	return queue_commit_once(ch, id, &again);
}

uint16_t
queue_submit(int ch, const struct queue_envelope *e, const void *p, size_t n,
    char id[QUEUE_ID_MAX])
{
	uint16_t rc;

	rc = queue_begin(ch, e, id);
	if (rc == STORE_OK)
		rc = queue_data(ch, p, n);
	return rc == STORE_OK ? queue_commit(ch) : rc;
}

/* ---- keeper ---- */

static struct submission *
find(struct queue_store *q, const struct op_peer *p)
{
	struct submission *s;

	for (s = q->submissions; s != NULL && s->peer != p; s = s->next)
		;
	return s;
}

static void
forget(struct queue_store *q, struct submission *s)
{
	struct submission **p;

	for (p = &q->submissions; *p != NULL; p = &(*p)->next)
		if (*p == s) {
			*p = s->next;
			break;
		}
	queue_head_clear(&s->head);
	free(s->local_from);
	free(s);
}

/* The file goes with upload_gone(), which keeper calls for every peer. */
void
submit_gone(struct store *st, struct op_peer *p)
{
	struct submission *s, *next;

	for (s = st->queue->submissions; s != NULL; s = next) {
		next = s->next;
		if (p == NULL || s->peer == p)
			forget(st->queue, s);
	}
}

/* Another user of this machine is user+NAME@domain, whatever he says. */
static enum store_err
local_sender(struct store *st, struct submission *s, const char *name)
{
	const struct store_conf *c = st->conf;
	char plain[64], *from;
	size_t n = 0, size;

	for (; *name != '\0' && n + 1 < sizeof plain; name++)
		if (isalnum((unsigned char)*name) || strchr("._-", *name))
			plain[n++] = *name;
	plain[n] = '\0';
	size = strlen(c->user) + n + strlen(c->domains[0]) + 8;
	from = malloc(size);
	if (from == NULL)
		return STORE_NOMEM;
	if (n > 0 && c->subaddress[0] != '\0')
		snprintf(from, size, "%s%c%s@%s", c->user, c->subaddress[0],
		    plain, c->domains[0]);
	else
		snprintf(from, size, "%s@%s", c->user, c->domains[0]);
	s->local_from = from;
	s->head.env.from = from;
	s->head.env.flags &= QUEUE_8BIT | QUEUE_UTF8;
	s->head.env.due_s = 0;
	return STORE_OK;
}

static uint16_t
check_sender(struct store *st, struct submission *s, struct op_call *c)
{
	struct rcpt who;

	if (c->role == ROLE_LOCAL)
		return (uint16_t)local_sender(st, s, op_peer_name(c->peer));
	if (s->head.env.from[0] == '\0')
		return c->role == ROLE_OWNER ? STORE_OK : QUEUE_E_IDENTITY;
	rcpt_resolve(st, s->head.env.from, &who);
	return rcpt_ok(who.class) && queue_address_ok(s->head.env.from) ?
	    STORE_OK : QUEUE_E_IDENTITY;
}

static uint16_t
start_file(struct store *st, struct submission *s, struct op_call *c)
{
	struct buf b;
	enum store_err rc;

	rc = upload_begin(st, c->peer, st->queue->dir, false,
	    &s->head.id);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	s->head.created = clock_wall_s();
	s->head.role = c->role;
	s->due = s->head.env.due_s > s->head.created ? s->head.env.due_s :
	    s->head.created;
	queue_envid(&s->head.env, s->envid);
	buf_init(&b, QUEUE_HEAD_MAX);
	queue_head_put(&b, &s->head);
	s->head.offset = (uint32_t)b.len;
	/* The letter of another user has its From written by us; one more
	 * of his own is refused when it is to be signed. */
	if (c->role == ROLE_LOCAL)
		buf_addf(&b, "From: %s <%s>\r\n", op_peer_name(c->peer),
		    s->head.env.from);
	if (b.err == 0)
		upload_own(st, c->peer, s->head.id, b.data, b.len);
	s->octets = s->own = b.len;
	rc = b.err == 0 ? STORE_OK : STORE_TOOBIG;
	buf_clear(&b);
	return (uint16_t)rc;
}

static uint16_t
on_begin(void *service, struct op_call *c)
{
	struct store *st = service;
	struct queue_store *q = st->queue;
	struct submission *s;
	char id[QUEUE_ID_MAX];
	uint16_t rc;

	if (find(q, c->peer) != NULL)
		return STORE_STATE;
	if (!store_space(st, QUEUE_HEAD_MAX))
		return STORE_NOSPACE;
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return STORE_NOMEM;
	s->peer = c->peer;
	s->next = q->submissions;
	q->submissions = s;
	rc = (uint16_t)queue_envelope_take(&s->head, &c->in);
	if (rc == STORE_CORRUPT)
		rc = OP_BAD;
	if (rc == STORE_NORCPT)
		rc = QUEUE_E_RCPT;
	if (rc == STORE_OK)
		rc = check_sender(st, s, c);
	if (rc == STORE_OK)
		rc = start_file(st, s, c);
	if (rc != STORE_OK) {
		upload_abort_id(st, c->peer, s->head.id);
		forget(q, s);
		return rc;
	}
	queue_id_text(s->head.id, id);
	chan_put_str(c->out, id);
	return STORE_OK;
}

static uint16_t
on_data(void *service, struct op_call *c)
{
	struct store *st = service;
	struct submission *s = find(st->queue, c->peer);
	const uint8_t *p;
	size_t n;

	p = chan_get_bytes(&c->in, QUEUE_CHUNK_MAX, &n);
	if (p == NULL || !chan_end(&c->in))
		return OP_BAD;
	if (s == NULL)
		return STORE_STATE;
	if (s->octets - s->own + n > st->conf->message_max)
		return STORE_TOOBIG;
	upload_data(st, c->peer, s->head.id, p, n);
	s->octets += n;
	return STORE_OK;
}

/* ---- once ---- */

static uint16_t
on_once(void *service, struct op_call *c)
{
	struct store *st = service;
	struct submission *s = find(st->queue, c->peer);
	const uint8_t *p;
	size_t n;

	p = chan_get_bytes(&c->in, QUEUE_HASH, &n);
	if (!chan_end(&c->in) || n != QUEUE_HASH)
		return OP_BAD;
	if (s == NULL)
		return STORE_STATE;
	memcpy(s->hash, p, n);
	s->once = true;
	return STORE_OK;
}

/* A letter's file between its row and the commit. */
struct settling {
	struct upload	*u;
	enum store_err	 rc;		/* not OK: there is no row */
};

/* After the commit: the file stays, or it goes. */
static void
committed(void *arg, enum store_err rc)
{
	struct settling *x = arg;

	if (rc == STORE_OK && x->rc == STORE_OK)
		upload_keep(x->u);
	else
		upload_abort(x->u);
	free(x);
}

/* The row, who is told of it, and the answer: all of it or nothing. */
static enum store_err
add_row(struct store *st, const struct submission *s, struct op_call *c,
    struct settling *x)
{
	bool hold = (s->head.env.flags & QUEUE_HOLD) != 0;
	const struct device *d = device_of(st, c->peer);
	enum store_err rc;

	x->rc = rc = store_mark(st, STORE_NODE, STORE_MARK_SET);
	if (rc != STORE_OK)
		return rc;
	rc = queue_insert(st, &s->head, hold ? QUEUE_HELD : QUEUE_ACTIVE,
	    hold ? "as asked when it was submitted" : "", s->due);
	if (rc == STORE_OK && s->once && d != NULL)
		rc = queue_once_note(st, d->name, s->hash, s->head.id);
	if (rc == STORE_OK)
		rc = queue_settle(st, s->head.id);
	if (rc == STORE_OK && store_later(st, c, STORE_BIT(STORE_NODE)) !=
	    OP_LATER)
		rc = STORE_NOMEM;
	/* A row that cannot be taken back keeps its file. */
	if (rc != STORE_OK && store_mark(st, STORE_NODE, STORE_MARK_BACK) ==
	    STORE_OK)
		x->rc = rc;
	(void)store_mark(st, STORE_NODE, STORE_MARK_DROP);
	return rc;
}

static uint16_t
finish(struct store *st, struct submission *s, struct op_call *c)
{
	struct settling *x;
	struct upload *u;
	struct buf b;
	enum store_err rc;

	s->head.size = s->octets - s->head.offset;
	buf_init(&b, 64);
	queue_trailer_put(&b, s->head.size);
	upload_own(st, c->peer, s->head.id, b.data, b.len);
	s->octets += b.len;
	buf_clear(&b);
	rc = upload_finish(st, c->peer, s->head.id, s->octets, &u);
	if (rc != STORE_OK) {
		upload_abort_id(st, c->peer, s->head.id);
		return (uint16_t)rc;
	}
	/* The letter is on disk before the row that promises it. */
	rc = upload_sync(u);
	if (rc == STORE_OK)
		rc = upload_sync_dir(u);
	if (rc == STORE_OK)
		rc = store_begin(st, STORE_NODE);
	x = rc == STORE_OK ? calloc(1, sizeof *x) : NULL;
	if (x != NULL)
		x->u = u;
	if (x == NULL || store_after(st, STORE_BIT(STORE_NODE), committed,
	    x) != STORE_OK) {
		free(x);
		upload_abort(u);
		return (uint16_t)(rc == STORE_OK ? STORE_NOMEM : rc);
	}
	rc = add_row(st, s, c, x);
	return rc == STORE_OK ? OP_LATER : (uint16_t)rc;
}

static void
tell_story(struct store *st, const struct submission *s,
    const struct device *d)
{
	char id[QUEUE_ID_MAX], text[EVENT_TEXT_MAX], addr[QUEUE_LINE_MAX + 3];
	size_t i;

	queue_id_text(s->head.id, id);
	snprintf(text, sizeof text, "from=<%.320s> by=%s%s%s size=%llu "
	    "rcpts=%zu", s->head.env.from, role_name((enum role)s->head.role),
	    d != NULL ? " device=" : "", d != NULL ? d->name : "",
	    (unsigned long long)s->head.size, s->head.env.nto);
	snprintf(addr, sizeof addr, "<%s>", s->head.env.msgid);
	event_add(st, id, addr, "submit", text);
	for (i = 0; i < s->head.env.nto && i < 20; i++)
		event_add(st, id, s->head.env.to[i].addr, "queued", text);
}

static uint16_t
on_commit(void *service, struct op_call *c)
{
	struct store *st = service;
	struct submission *s = find(st->queue, c->peer);
	const struct device *d;
	char id[QUEUE_ID_MAX];
	uint64_t before;
	uint16_t rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (s == NULL)
		return STORE_STATE;
	d = device_of(st, c->peer);
	before = s->once && d != NULL ? queue_once_find(st, d->name, s->hash) : 0;
	queue_id_text(before != 0 ? before : s->head.id, id);
	chan_put_str(c->out, id);
	chan_put_u8(c->out, before != 0);
	if (before != 0) {
		/* The row of the first may be of this turn, and yet fail. */
		upload_abort_id(st, c->peer, s->head.id);
		event_add(st, id, "", "submit", "the same letter came again");
		rc = store_later(st, c, STORE_BIT(STORE_NODE));
	} else {
		rc = finish(st, s, c);
		if (rc == OP_LATER)
			tell_story(st, s, d);
	}
	forget(st->queue, s);
	if (clock_wall_s() - st->queue->cleaned_s > QUEUE_CLEAN_S)
		(void)queue_clean(st);
	return rc;
}

enum {
	SUBMITTERS = ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_LOCAL) |
	    ROLE_BIT(ROLE_SUBMISSION)
};

const struct op submit_ops[] = {
	{ QUEUE_BEGIN,	SUBMITTERS,	on_begin },
	{ QUEUE_DATA,	SUBMITTERS,	on_data },
	{ QUEUE_COMMIT,	SUBMITTERS,	on_commit },
	{ QUEUE_ONCE,	SUBMITTERS,	on_once },
	{ 0, 0, NULL }
};
