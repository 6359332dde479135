#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/filter/origin.h"
#include "mailnode/filter/sample.h"
#include "mailnode/filter/teach.h"
#include "mailnode/node/conf.h"
#include "store/ask.h"
#include "store/judged.h"
#include "store/known_as.h"
#include "store/mime.h"

/* ---- keeper ---- */

static void	next(struct teach *t);

static void
later(struct teach *t, int64_t ms)
{
	loop_disarm(t->st->loop, &t->timer);
	loop_arm(t->st->loop, &t->timer, ms);
}

static void
done(struct teach *t)
{
	t->first = (t->first + 1) % t->cap;
	t->n--;
	t->tries = 0;
	if (t->n > 0)
		later(t, 0);
}

/* What cannot be read after all is passed over. */
static void
again(struct teach *t)
{
	if (++t->tries >= TEACH_TRIES)
		done(t);
	else
		later(t, TEACH_PAUSE_MS);
}

/* Who imitates somebody gains nothing by what the owner does with it. */
static void
learn_origin(struct teach *t, const struct store_judged *j,
    const struct origin *o)
{
	int good = (j->as == STORE_GOOD) - (j->was == STORE_GOOD);
	int junk = (j->as == STORE_JUNK) - (j->was == STORE_JUNK);

	if (j->lookalike)
		good = 0;
	if (good != 0 || junk != 0)
		(void)origin_learn(t->st, o, good, junk);
	if (j->answered && o->aligned && !j->lookalike) {
		(void)history_wrote(t->st, o->author);
		(void)known_as_name(t->st, o->name, o->author);
	}
}

static void
learn(struct teach *t, struct chan_in *in)
{
	static const enum learn_as as[] = { [STORE_GOOD] = LEARN_GOOD,
	    [STORE_JUNK] = LEARN_JUNK, [STORE_NEITHER] = LEARN_FORGET };
	static uint64_t hash[TOKEN_MAX];
	const struct store_judged *j = &t->queue[t->first];
	struct origin o;
	uint32_t n, i;
	uint64_t id;

	origin_get(in, &o);
	n = chan_get_u32(in);
	for (i = 0; i < n && i < TOKEN_MAX; i++)
		hash[i] = chan_get_u64(in);
	if (n > TOKEN_MAX || !chan_end(in))
		return;
	learn_origin(t, j, &o);
	if (!learner_ready(t->l))
		return;
	memcpy(&id, j->hash, sizeof id);
	learner_learn(t->l, as[j->as], id, hash, n);
}

static void
answered(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct teach *t = arg;

	(void)fd;
	t->asked = false;
	if (status == OP_GONE) {
		again(t);	/* it ended, perhaps of this very message */
		return;
	}
	if (status == OP_OK)
		learn(t, in);
	done(t);
}

static void
next(struct teach *t)
{
	const struct store_judged *j = &t->queue[t->first];
	struct ask *parser;
	struct table_head h;
	struct buf args;
	int fd = -1, rc = -1;

	if (t->n == 0 || t->asked)
		return;
	/* Without a table where it came from is learnt, and no words. */
	if (!learner_ready(t->l) || !table_head(&t->l->table, &h))
		h.key = 0;
	parser = store_ask_parser(t->st);
	if (parser != NULL)
		fd = judged_open(t->st, j->mbox, j->hash);
	if (fd == -1) {
		again(t);
		return;
	}
	buf_init(&args, sizeof h.key);
	chan_put_u64(&args, h.key);
	rc = ask_send(parser, TEACH_TOKENS, &args, fd, answered, t);
	buf_clear(&args);
	close(fd);
	t->asked = rc == 0;
	if (rc == -1)
		again(t);
}

static void
due(void *arg)
{
	next(arg);
}

void
teach_init(struct teach *t, struct store *st, struct learner *l)
{
	memset(t, 0, sizeof *t);
	t->st = st;
	t->l = l;
	t->timer.fn = due;
	t->timer.arg = t;
}

void
teach_clear(struct teach *t)
{
	loop_disarm(t->st->loop, &t->timer);
	free(t->queue);
	t->queue = NULL;
	t->n = 0;
}

void
teach_judged(struct teach *t, const struct store_judged *j)
{
	if (t->queue == NULL) {
		t->queue = calloc(TEACH_QUEUE, sizeof *t->queue);
		t->cap = TEACH_QUEUE;
	}
	if (t->queue == NULL || t->n == t->cap)
		return;
	t->queue[(t->first + t->n++) % t->cap] = *j;
	if (t->n == 1)
		later(t, TEACH_PAUSE_MS);
}

/* ---- parser ---- */

static int
read_file(int fd, struct tokens *t, struct origin *o)
{
	uint8_t *p;
	size_t n;
	int rc;

	p = mime_slurp(fd, SAMPLE_MAX, &n);
	if (p == NULL)
		return -1;
	rc = origin_read(p, n, conf.hostname, o);
	if (rc == 0)
		rc = sample_tokens(t, p, n);
	free(p);
	return rc;
}

static uint16_t
on_tokens(void *service, struct op_call *c)
{
	uint64_t key = chan_get_u64(&c->in);
	struct origin o = { .nids = 0 };
	struct tokens t;
	size_t i;
	int rc;

	(void)service;
	if (!chan_end(&c->in) || c->fd == -1)
		return OP_BAD;
	if (tokens_init(&t, key, false) == -1)
		return STORE_NOMEM;
	rc = read_file(c->fd, &t, &o);
	origin_put(c->out, &o);
	chan_put_u32(c->out, (uint32_t)t.n);
	for (i = 0; i < t.n; i++)
		chan_put_u64(c->out, t.hash[i]);
	tokens_clear(&t);
	return rc == 0 ? OP_OK : STORE_NOMEM;
}

const struct op teach_ops[] = {
	{ TEACH_TOKENS,	ROLE_BIT(ROLE_KEEPER),	on_tokens },
	{ 0, 0, NULL }
};
