#include <string.h>
#include <time.h>

#include "mailnode/base/clock.h"
#include "mailnode/filter/op_train.h"
#include "store/store.h"

enum {
	BUSY_MS = 1,
	LETTER_HEAD = 1 + 8 + 4	/* octets: as, id, how many of tokens */
};

_Static_assert(LETTER_HEAD + TOKEN_MAX * 8 <= CHAN_DATA_MAX,
    "any message fits a record");

/* ---- client ---- */

static uint16_t
state(int ch, struct op_reply *r, uint16_t type, struct train_state *out)
{
	uint16_t status = op_call(ch, type, NULL, -1, r, TRAIN_WAIT_MS);

	memset(out, 0, sizeof *out);
	if (status != OP_OK)
		return status;
	out->key = chan_get_u64(&r->in);
	out->good = chan_get_u32(&r->in);
	out->bad = chan_get_u32(&r->in);
	out->busy = chan_get_u8(&r->in) != 0;
	out->totals.learnt = chan_get_u64(&r->in);
	out->totals.had = chan_get_u64(&r->in);
	out->totals.changed = chan_get_u64(&r->in);
	out->totals.forgot = chan_get_u64(&r->in);
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

uint16_t
train_begin(int ch, struct op_reply *r, struct train_state *out)
{
	return state(ch, r, TRAIN_BEGIN, out);
}

uint16_t
train_end(int ch, struct op_reply *r, struct train_state *out)
{
	const struct timespec pause = { 0, BUSY_MS * 1000000L };
	int64_t until = clock_mono_ms() + TRAIN_WAIT_MS;
	uint16_t status;

	for (;;) {
		status = state(ch, r, TRAIN_END, out);
		if (status != OP_OK || !out->busy ||
		    clock_mono_ms() > until)
			return status;
		(void)nanosleep(&pause, NULL);
	}
}

int
train_flush(int ch, struct buf *args)
{
	int rc = 0;

	if (args->len > 0)
		rc = op_tell(ch, TRAIN_LEARN, args, -1);
	buf_reset(args);
	return rc;
}

int
train_tell(int ch, struct buf *args, enum learn_as as, uint64_t id,
    const struct tokens *t)
{
	size_t octets = t->n * sizeof t->hash[0];

	if (args->len + LETTER_HEAD + octets > CHAN_DATA_MAX &&
	    train_flush(ch, args) == -1)
		return -1;
	chan_put_u8(args, (uint8_t)as);
	chan_put_u64(args, id);
	chan_put_bytes(args, t->hash, octets);
	return args->err != 0 ? -1 : 0;
}

/* ---- keeper ---- */

static struct learner *
learner(void *service)
{
	const struct store *st = service;

	return st->filter;
}

static uint16_t
on_state(void *service, struct op_call *c)
{
	struct learner *l = learner(service);
	struct table_head h;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (l == NULL || !learner_ready(l) || !table_head(&l->table, &h))
		return STORE_READONLY;
	chan_put_u64(c->out, h.key);
	chan_put_u32(c->out, h.good);
	chan_put_u32(c->out, h.bad);
	chan_put_u8(c->out, learner_busy(l));
	chan_put_u64(c->out, l->totals.learnt);
	chan_put_u64(c->out, l->totals.had);
	chan_put_u64(c->out, l->totals.changed);
	chan_put_u64(c->out, l->totals.forgot);
	return OP_OK;
}

static uint16_t
on_end(void *service, struct op_call *c)
{
	if (learner(service) != NULL)
		learner_hurry(learner(service));
	return on_state(service, c);
}

/* One message.  False: malformed. */
static bool
learn_one(struct learner *l, struct chan_in *in)
{
	static uint64_t hash[TOKEN_MAX];
	uint8_t as = chan_get_u8(in);
	uint64_t id = chan_get_u64(in);
	const uint8_t *p;
	size_t octets;

	p = chan_get_bytes(in, sizeof hash, &octets);
	if (in->bad || as >= LEARN_AS_MAX || octets % sizeof hash[0] != 0)
		return false;
	if (octets > 0)
		memcpy(hash, p, octets);
	learner_learn(l, (enum learn_as)as, id, hash, octets /
	    sizeof hash[0]);
	return true;
}

static uint16_t
on_learn(void *service, struct op_call *c)
{
	struct learner *l = learner(service);

	if (l == NULL || !learner_ready(l))
		return STORE_READONLY;
	do {
		if (!learn_one(l, &c->in))
			return OP_BAD;
	} while (!chan_end(&c->in));
	return OP_OK;
}

const struct op train_ops[] = {
	{ TRAIN_BEGIN,	ROLE_BIT(ROLE_OWNER),	on_state },
	{ TRAIN_LEARN,	ROLE_BIT(ROLE_OWNER),	on_learn },
	{ TRAIN_END,	ROLE_BIT(ROLE_OWNER),	on_end },
	{ 0, 0, NULL }
};
