#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/change.h"
#include "store/intake.h"
#include "store/op_mail.h"
#include "store/op_set.h"
#include "store/parts.h"

/* ---- client ---- */

static void
set_put(struct buf *b, const struct mail_set *set)
{
	size_t i;

	chan_put_u64(b, set->mbox);
	chan_put_u32(b, (uint32_t)set->n);
	for (i = 0; i < set->n; i++)
		chan_put_u64(b, set->id[i]);
}

bool
mail_done_get(struct chan_in *in, struct mail_done *done)
{
	memset(done, 0, sizeof *done);
	done->n = chan_get_u32(in);
	done->mbox = chan_get_u64(in);
	done->uidvalidity = chan_get_u32(in);
	done->first_uid = chan_get_u32(in);
	done->last_uid = chan_get_u32(in);
	done->modseq = chan_get_u64(in);
	done->id = chan_get_u64(in);
	return chan_end(in);
}

static uint16_t
ask(int ch, struct op_reply *r, uint16_t type, struct buf *b, int fd,
    struct mail_done *done)
{
	uint16_t status;

	memset(done, 0, sizeof *done);
	if (b->err == EMSGSIZE)
		status = STORE_TOOBIG;
	else
		status = op_call(ch, type, b, fd, r, MAIL_WAIT_MS);
	if (status == OP_OK && !mail_done_get(&r->in, done))
		status = OP_BAD;
	buf_clear(b);
	return status;
}

void
mail_flags_put(struct buf *b, const struct mail_set *set, uint32_t add,
    uint32_t del)
{
	set_put(b, set);
	chan_put_u32(b, add);
	chan_put_u32(b, del);
}

uint16_t
mail_flags(int ch, struct op_reply *r, const struct mail_set *set,
    uint32_t add, uint32_t del, struct mail_done *done)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	mail_flags_put(&b, set, add, del);
	return ask(ch, r, MAIL_FLAGS, &b, -1, done);
}

void
mail_tags_put(struct buf *b, const struct mail_set *set, const char *change)
{
	set_put(b, set);
	chan_put_str(b, change);
}

uint16_t
mail_tags(int ch, struct op_reply *r, const struct mail_set *set,
    const char *change, struct mail_done *done)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	mail_tags_put(&b, set, change);
	return ask(ch, r, MAIL_TAGS, &b, -1, done);
}

void
mail_move_put(struct buf *b, const struct mail_set *set, const char *folder)
{
	set_put(b, set);
	chan_put_str(b, folder);
}

uint16_t
mail_move(int ch, struct op_reply *r, const struct mail_set *set,
    const char *folder, struct mail_done *done)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	mail_move_put(&b, set, folder);
	return ask(ch, r, MAIL_MOVE, &b, -1, done);
}

uint16_t
mail_copy(int ch, struct op_reply *r, const struct mail_set *set,
    const char *folder, struct mail_done *done)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	mail_move_put(&b, set, folder);
	return ask(ch, r, MAIL_COPY, &b, -1, done);
}

void
mail_expunge_put(struct buf *b, const struct mail_set *set)
{
	set_put(b, set);
}

uint16_t
mail_expunge(int ch, struct op_reply *r, const struct mail_set *set,
    struct mail_done *done)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	mail_expunge_put(&b, set);
	return ask(ch, r, MAIL_EXPUNGE, &b, -1, done);
}

void
mail_append_put(struct buf *b, const struct mail_new *m)
{
	chan_put_str(b, m->folder);
	chan_put_u32(b, m->flags);
	chan_put_str(b, m->tags);
	chan_put_i64(b, m->received);
	chan_put_str(b, m->trace);
	chan_put_u64(b, m->replaces);
	chan_put_u8(b, m->once);
}

uint16_t
mail_append(int ch, struct op_reply *r, const struct mail_new *m, int fd,
    struct mail_done *done)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	mail_append_put(&b, m);
	return ask(ch, r, MAIL_APPEND, &b, fd, done);
}

/* ---- keeper: a change and its slices ---- */

void
change_end(struct change *c)
{
	free(c->ids);
	free(c->tags);
	free(c->list);
	free(c);
}

static void
done_put(struct buf *b, const struct mail_done *d)
{
	chan_put_u32(b, d->n);
	chan_put_u64(b, d->mbox);
	chan_put_u32(b, d->uidvalidity);
	chan_put_u32(b, d->first_uid);
	chan_put_u32(b, d->last_uid);
	chan_put_u64(b, d->modseq);
	chan_put_u64(b, d->id);
}

/* Between the last slice and its commit it hangs at the turn's end. */
struct ending {
	struct store	*st;
	struct change	*c;
	enum store_err	 rc;
};

static void
ended(void *arg, enum store_err rc)
{
	struct ending *e = arg;
	struct buf b;

	if (e->rc != STORE_OK)
		rc = e->rc;
	if (e->c->peer != NULL && e->c->id != 0) {
		buf_init(&b, CHAN_DATA_MAX);
		if (rc == STORE_OK && e->c->type >= SET_STORE)
			set_done_put(&b, e->c);
		else if (rc == STORE_OK)
			done_put(&b, &e->c->done);
		op_reply(e->c->peer, e->c->type, e->c->id, (uint16_t)rc, &b,
		    -1);
		buf_clear(&b);
	}
	e->st->ending = NULL;
	change_end(e->c);
	free(e);
}

static void
finish(struct store *st, struct change *c, enum store_err rc)
{
	struct ending *e = calloc(1, sizeof *e);

	st->changes = c->next;
	if (e != NULL)
		*e = (struct ending){ st, c, rc };
	st->ending = e != NULL ? c : NULL;
	if (e != NULL && store_after(st, STORE_BIT(STORE_NODE) |
	    STORE_BIT(STORE_CACHE), ended, e) == STORE_OK)
		return;
	st->ending = NULL;
	free(e);
	change_end(c);
}

/*
 * RFC 3501 section 6.4.7: a COPY that fails leaves nothing behind.  What was
 * copied is expunged, in slices like all else, before it is answered.
 */
static bool
undo(struct change *c, enum store_err why)
{
	size_t i;

	if (c->type != SET_COPY || c->failed != STORE_OK || c->nlist < 2)
		return false;
	/* The list is of pairs: where it was, where it is. */
	for (i = 0; i < c->nlist / 2; i++)
		c->ids[i] = c->list[2 * i + 1];
	c->n = c->nlist / 2;
	c->at = 0;
	c->mbox = c->dest;
	c->failed = why;
	c->since_ms = 0;
	return true;
}

static bool
may_wait(struct change *c)
{
	int64_t now = clock_mono_ms();

	if (c->since_ms == 0)
		c->since_ms = now;
	return now - c->since_ms < CHANGE_WAIT_MS;
}

/* One change at a time, so that they follow each other as they were asked;
 * at most one ends in a turn. */
void
changes_kick(struct store *st)
{
	struct change *c = st->changes;
	enum store_err rc = STORE_OK;
	size_t i;

	if (c == NULL || st->ending != NULL)
		return;
	for (i = 0; i < CHANGE_SLICE && c->at < c->n && rc == STORE_OK; i++)
		rc = change_one(st, c, c->ids[c->at++]);
	/* A UID or a lease is on its way. */
	if (rc == STORE_BUSY && may_wait(c)) {
		c->at--;
		loop_arm(st->loop, &st->again, CHANGE_PAUSE_MS);
		return;
	}
	if (rc == STORE_OK)
		c->since_ms = 0;
	if (rc != STORE_OK && undo(c, rc))
		rc = STORE_OK;
	if (rc != STORE_OK || c->at == c->n)
		finish(st, c, c->failed != STORE_OK ? c->failed : rc);
	/* The rest, or the next one, in the turn after this. */
	loop_arm(st->loop, &st->again, 0);
}

void
changes_gone(struct store *st, struct op_peer *p)
{
	struct change *c;

	for (c = st->changes; c != NULL; c = c->next)
		if (c->peer == p)
			c->peer = NULL;
	if (st->ending != NULL && st->ending->peer == p)
		st->ending->peer = NULL;
}

void
changes_close(struct store *st)
{
	struct change *c;

	while ((c = st->changes) != NULL) {
		st->changes = c->next;
		change_end(c);
	}
}

enum store_err
mail_expunge_now(struct store *st, const struct mail_set *set)
{
	struct change c = { .type = MAIL_EXPUNGE, .mbox = set->mbox };
	enum store_err rc = STORE_OK;
	size_t i;

	for (i = 0; i < set->n && rc == STORE_OK; i++)
		rc = change_one(st, &c, set->id[i]);
	return rc;
}

/* ---- keeper: ops ---- */

static struct change *
get_set(struct store *st, struct op_call *c)
{
	struct change *ch = calloc(1, sizeof *ch);
	size_t i;

	(void)st;
	if (ch == NULL)
		return NULL;
	ch->peer = c->peer;
	ch->type = c->type;
	ch->id = c->id;
	ch->mbox = chan_get_u64(&c->in);
	ch->n = chan_get_u32(&c->in);
	if (ch->n > MAIL_SET_MAX || c->in.bad) {
		c->in.bad = true;
		ch->n = 0;
	}
	ch->ids = calloc(ch->n + 1, sizeof *ch->ids);
	if (ch->ids == NULL) {
		free(ch);
		return NULL;
	}
	for (i = 0; i < ch->n; i++)
		ch->ids[i] = chan_get_u64(&c->in);
	return ch;
}

uint16_t
change_queue(struct store *st, struct change *c)
{
	struct change **p;

	for (p = &st->changes; *p != NULL; )
		p = &(*p)->next;
	*p = c;
	if (p == &st->changes)
		changes_kick(st);
	return OP_LATER;
}

static uint16_t
on_flags(void *service, struct op_call *c)
{
	struct change *ch = get_set(service, c);

	if (ch == NULL)
		return STORE_NOMEM;
	ch->add = chan_get_u32(&c->in);
	ch->del = chan_get_u32(&c->in);
	if (!chan_end(&c->in) ||
	    ((ch->add | ch->del) & ~(uint32_t)STORE_FLAGS_ALL)) {
		change_end(ch);
		return OP_BAD;
	}
	return change_queue(service, ch);
}

static uint16_t
on_tags(void *service, struct op_call *c)
{
	char text[MAIL_TAGS_MAX * 4];
	struct change *ch = get_set(service, c);

	if (ch == NULL)
		return STORE_NOMEM;
	ch->tags = calloc(1, sizeof *ch->tags);
	chan_get_str(&c->in, text, sizeof text);
	if (ch->tags == NULL || !chan_end(&c->in) ||
	    !tag_change_parse(text, ch->tags)) {
		change_end(ch);
		return OP_BAD;
	}
	return change_queue(service, ch);
}

static uint16_t
on_move(void *service, struct op_call *c)
{
	struct store *st = service;
	char folder[BOX_NAME_MAX];
	struct change *ch = get_set(st, c);
	struct box *b;

	if (ch == NULL)
		return STORE_NOMEM;
	chan_get_str(&c->in, folder, sizeof folder);
	if (!chan_end(&c->in)) {
		change_end(ch);
		return OP_BAD;
	}
	b = box_by_name(st, folder);
	if (b == NULL || !b->here) {
		change_end(ch);
		return STORE_NOTFOUND;
	}
	ch->dest = b->id;
	return change_queue(st, ch);
}

static uint16_t
on_expunge(void *service, struct op_call *c)
{
	struct change *ch = get_set(service, c);

	if (ch == NULL)
		return STORE_NOMEM;
	if (!chan_end(&c->in)) {
		change_end(ch);
		return OP_BAD;
	}
	return change_queue(service, ch);
}

static bool
tags_ok(const char *tags)
{
	char one[TAG_MAX + 2];
	size_t n;

	for (; *tags != '\0'; tags += n + (tags[n] == ' ')) {
		n = strcspn(tags, " ");
		if (n == 0 || n > TAG_MAX)
			return false;
		memcpy(one, tags, n);
		one[n] = '\0';
		if (!mail_tag_ok(one))
			return false;
	}
	return true;
}

static uint16_t
on_append(void *service, struct op_call *c)
{
	struct store *st = service;
	char folder[BOX_NAME_MAX], tags[MAIL_TAGS_MAX], trace[32];
	struct mail_new m = { .folder = folder, .tags = tags,
	    .trace = trace };
	struct box *b;

	chan_get_str(&c->in, folder, sizeof folder);
	m.flags = chan_get_u32(&c->in);
	chan_get_str(&c->in, tags, sizeof tags);
	m.received = chan_get_i64(&c->in);
	chan_get_str(&c->in, trace, sizeof trace);
	m.replaces = chan_get_u64(&c->in);
	m.once = chan_get_u8(&c->in) != 0;
	if (!chan_end(&c->in) || c->fd == -1 || !tags_ok(tags) ||
	    (m.flags & ~(uint32_t)STORE_FLAGS_ALL))
		return OP_BAD;
	b = box_by_name(st, folder);
	if (b == NULL || !b->here)
		return STORE_NOTFOUND;
	return intake_append(st, c, &m, b);
}

#define OF_OWNER	(ROLE_BIT(ROLE_OWNER) | ROLE_BIT(ROLE_IMAP))

const struct op mail_ops[] = {
	{ MAIL_FLAGS,	OF_OWNER | ROLE_BIT(ROLE_INDEXER), on_flags },
	{ MAIL_TAGS,	OF_OWNER | ROLE_BIT(ROLE_INDEXER), on_tags },
	{ MAIL_MOVE,	OF_OWNER,	on_move },
	{ MAIL_COPY,	OF_OWNER,	on_move },
	{ MAIL_EXPUNGE,	OF_OWNER,	on_expunge },
	{ MAIL_APPEND,	OF_OWNER | ROLE_BIT(ROLE_SENDER) |
	    ROLE_BIT(ROLE_SUBMISSION), on_append },
	{ 0, 0, NULL }
};
