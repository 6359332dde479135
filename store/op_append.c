#include <string.h>

#include "store/append_many.h"
#include "store/err.h"
#include "store/tag.h"
#include "store/upload.h"
#include "store/wire.h"

/* ---- client ---- */

static uint16_t
append_one(int ch, struct op_reply *r, const struct set_new *m,
    struct append_done *done)
{
	struct set_appended one;
	uint16_t rc = set_append(ch, r, m->id, m, &one);

	if (rc != OP_OK && !one.known)
		return rc;
	done->uidvalidity = one.uidvalidity;
	done->known = one.known;
	return set_add(&done->uids, one.uid, one.uid) ? OP_OK : STORE_NOMEM;
}

uint16_t
append_all(int ch, struct op_reply *r, const struct set_new *m, size_t n,
    struct append_done *done)
{
	struct buf b;
	uint32_t uid;
	uint16_t rc;
	size_t i;

	memset(done, 0, sizeof *done);
	if (n == 1)
		return append_one(ch, r, m, done);
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, m[0].folder);
	chan_put_u32(&b, (uint32_t)n);
	for (i = 0; i < n; i++) {
		chan_put_u64(&b, m[i].id);
		chan_put_u64(&b, m[i].octets);
		chan_put_u32(&b, m[i].flags);
		chan_put_str(&b, m[i].keywords);
		chan_put_i64(&b, m[i].received);
	}
	rc = wire_ask(ch, r, APPEND_MANY, &b, SET_WAIT_MS);
	if (rc != OP_OK)
		return rc;
	done->uidvalidity = chan_get_u32(&r->in);
	if (chan_get_u32(&r->in) != n)
		return OP_BAD;
	for (i = 0; i < n; i++) {
		uid = chan_get_u32(&r->in);
		if (!set_add(&done->uids, uid, uid))
			return STORE_NOMEM;
	}
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

/* ---- keeper ---- */

static uint16_t
take_one(struct store *st, struct op_call *c, struct batch *g,
    struct box *b)
{
	char words[MAIL_TAGS_MAX];
	struct mail_new m = { .folder = b->name, .tags = words, .trace = "",
	    .exact = true };
	uint64_t id = chan_get_u64(&c->in), octets = chan_get_u64(&c->in);
	struct upload *u;
	enum store_err rc;

	m.flags = chan_get_u32(&c->in);
	chan_get_str(&c->in, words, sizeof words);
	m.received = chan_get_i64(&c->in);
	if (c->in.bad || (m.flags & ~(uint32_t)STORE_FLAGS_ALL) ||
	    !set_words(words))
		return OP_BAD;
	rc = upload_finish(st, c->peer, id, octets, &u);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	c->fd = upload_fd(u);
	return c->fd != -1 ? batch_add(g, c, &m, b) : STORE_IO;
}

static uint16_t
on_append_many(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX];
	struct store *st = service;
	uint16_t rc = OP_OK;
	struct batch *g;
	struct box *b;
	uint32_t n, i;

	chan_get_str(&c->in, folder, sizeof folder);
	n = chan_get_u32(&c->in);
	if (c->in.bad || n == 0 || n > APPEND_MANY_MAX)
		return OP_BAD;
	b = box_by_name(st, folder);
	if (b == NULL || !b->here)
		return STORE_NOTFOUND;
	g = batch_new(st, c, b);
	if (g == NULL)
		return STORE_NOMEM;
	for (i = 0; i < n && rc == OP_OK; i++)
		rc = take_one(st, c, g, b);
	if (rc == OP_OK && !chan_end(&c->in))
		rc = OP_BAD;
	return batch_begin(g, rc);
}

const struct op append_ops[] = {
	{ APPEND_MANY, ROLE_BIT(ROLE_IMAP) | ROLE_BIT(ROLE_OWNER),
	    on_append_many },
	{ 0, 0, NULL }
};
