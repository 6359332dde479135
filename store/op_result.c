/* What came of a try to send: SENDER_RESULT of op_sender.h. */
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/op_sender.h"
#include "store/queue.h"
#include "store/wire.h"

/* ---- client ---- */

uint16_t
sender_result(int ch, struct op_reply *r, const struct sender_result *x)
{
	struct buf b;
	size_t i;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u64(&b, x->id);
	chan_put_str(&b, x->why);
	chan_put_u8(&b, x->told);
	chan_put_u8(&b, x->known);
	chan_put_str(&b, x->route);
	chan_put_str(&b, x->peer);
	chan_put_str(&b, x->tls);
	chan_put_str(&b, x->reply);
	for (i = 0; i < x->nfate; i++) {
		const struct sender_fate *f = &x->fate[i];

		chan_put_u8(&b, 1);
		chan_put_u32(&b, f->n);
		chan_put_u8(&b, (uint8_t)f->fate);
		chan_put_u8(&b, f->counts);
		chan_put_i64(&b, f->due);
		chan_put_str(&b, f->route);
		/* So many with long replies would not fit a record. */
		chan_put_bytes(&b, f->reply, strnlen(f->reply,
		    x->nfate > 100 ? 80 : QUEUE_TEXT_MAX - 1));
	}
	chan_put_u8(&b, 0);
	return wire_ask(ch, r, SENDER_RESULT, &b, SENDER_WAIT_MS);
}

/* ---- keeper ---- */

static enum store_err
fate_one(struct store *st, uint64_t id, struct chan_in *in)
{
	static struct store_slot slot;
	char route[QUEUE_ADDR_MAX], reply[QUEUE_TEXT_MAX];
	uint32_t n, fate, counts;
	int64_t due;

	n = chan_get_u32(in);
	fate = chan_get_u8(in);
	counts = chan_get_u8(in) != 0;
	due = chan_get_i64(in);
	chan_get_str(in, route, sizeof route);
	chan_get_str(in, reply, sizeof reply);
	if (in->bad || fate > QUEUE_DROPPED)
		return STORE_CORRUPT;
	/* route '' keeps what the mark wrote. */
	return store_do(st, STORE_NODE, &slot, "UPDATE queue_rcpt SET"
	    " fate = ?3, attempts = attempts + ?4, due = ?5, route = CASE"
	    " WHEN ?6 = '' THEN route ELSE ?6 END, reply = ?7, changed = ?8"
	    " WHERE letter = ?1 AND n = ?2 AND fate < 2", "iiiiissi",
	    (int64_t)id, (int64_t)n, (int64_t)fate, (int64_t)counts, due, route,
	    reply, clock_wall_s());
}

struct attempt {
	char	why[QUEUE_TEXT_MAX], route[QUEUE_ADDR_MAX];
	char	peer[QUEUE_ADDR_MAX], tls[QUEUE_ADDR_MAX];
	char	reply[QUEUE_TEXT_MAX];
	bool	told, known;
};

static enum store_err
keep_attempt(struct store *st, uint64_t id, const struct attempt *a,
    const char *rcpts)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "INSERT INTO queue_attempt"
	    "(letter, at, route, peer, tls, rcpts, reply)"
	    " VALUES(?1,?2,?3,?4,?5,?6,?7)", "iisssss", (int64_t)id,
	    clock_wall_s(), a->route, a->peer, a->tls, rcpts, a->reply);
}

static enum store_err
keep_why(struct store *st, uint64_t id, const struct attempt *a)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "UPDATE queue_letter SET"
	    " why = CASE WHEN state = 0 THEN ?2 ELSE why END,"
	    " told = max(told, ?3), flags = flags | ?4 WHERE id = ?1",
	    "isii", (int64_t)id, a->why, (int64_t)a->told, (int64_t)(a->known ?
	    QUEUE_KNOWN : 0));
}

static void
get_attempt(struct chan_in *in, struct attempt *a)
{
	chan_get_str(in, a->why, sizeof a->why);
	a->told = chan_get_u8(in) != 0;
	a->known = chan_get_u8(in) != 0;
	chan_get_str(in, a->route, sizeof a->route);
	chan_get_str(in, a->peer, sizeof a->peer);
	chan_get_str(in, a->tls, sizeof a->tls);
	chan_get_str(in, a->reply, sizeof a->reply);
}

/* The numbers of the recipients that follow, "1 2 5"; long lists are cut. */
static void
note_rcpt(struct chan_in in, char *rcpts, size_t size)
{
	size_t at = strlen(rcpts);
	uint32_t n = chan_get_u32(&in);

	if (at + 12 < size)
		snprintf(rcpts + at, size - at, at > 0 ? " %u" : "%u",
		    (unsigned int)n);
}

static uint16_t
on_result(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t id = chan_get_u64(&c->in);
	char rcpts[256] = "";
	struct attempt a;
	enum store_err rc;

	get_attempt(&c->in, &a);
	if (c->in.bad)
		return OP_BAD;
	if (!queue_claimed(st->queue, id))
		return STORE_STATE;
	rc = store_begin(st, STORE_NODE);
	while (rc == STORE_OK && !c->in.bad && chan_get_u8(&c->in) == 1) {
		note_rcpt(c->in, rcpts, sizeof rcpts);
		rc = fate_one(st, id, &c->in);
	}
	if (rc == STORE_OK && !chan_end(&c->in))
		rc = STORE_CORRUPT;
	if (rc == STORE_OK && a.route[0] != '\0')
		rc = keep_attempt(st, id, &a, rcpts);
	if (rc == STORE_OK)
		rc = keep_why(st, id, &a);
	if (rc == STORE_OK)
		rc = queue_settle(st, id);
	return rc == STORE_OK ? store_later(st, c, STORE_BIT(STORE_NODE)) :
	    rc == STORE_CORRUPT ? OP_BAD : (uint16_t)rc;
}

const struct op result_ops[] = {
	{ SENDER_RESULT,  ROLE_BIT(ROLE_SENDER),	on_result },
	{ 0, 0, NULL }
};
