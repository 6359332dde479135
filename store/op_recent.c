/*
 * Which messages are \Recent, RFC 3501 section 2.3.2; of op_set.h.  A row of
 * `mailbox` has the first UID that no session was told of; who is the first
 * to be told claims all from there on.  A power cut may take back the last
 * claims: what nobody can say the RFC has recent once more.  A rebuild claims
 * all that there is.
 */
#include "store/box.h"
#include "store/op_set.h"
#include "store/wire.h"

uint16_t
set_claim(int ch, struct op_reply *r, uint64_t mbox, uint32_t below,
    uint32_t *from)
{
	struct buf b;
	uint32_t uid;
	uint16_t rc;

	buf_init(&b, 16);
	chan_put_u64(&b, mbox);
	chan_put_u32(&b, below);
	rc = wire_ask(ch, r, SET_CLAIM, &b, SET_WAIT_MS);
	uid = chan_get_u32(&r->in);
	if (rc == OP_OK && !chan_end(&r->in))
		rc = OP_BAD;
	if (rc == OP_OK)
		*from = uid;
	return rc;
}

static uint16_t
on_claim(void *service, struct op_call *c)
{
	struct store *st = service;
	struct box *b = box_by_id(st, chan_get_u64(&c->in));
	uint32_t below = chan_get_u32(&c->in);

	if (!chan_end(&c->in))
		return OP_BAD;
	if (b == NULL)
		return STORE_NOTFOUND;
	chan_put_u32(c->out, b->recent);
	if (below > b->uidnext)
		below = b->uidnext;
	if (below <= b->recent)
		return OP_OK;
	b->recent = below;
	b->dirty = true;
	return store_later(st, c, STORE_BIT(STORE_CACHE));
}

#define OF_IMAP	(ROLE_BIT(ROLE_IMAP) | ROLE_BIT(ROLE_OWNER))

const struct op recent_ops[] = {
	{ SET_CLAIM,	OF_IMAP,	on_claim },
	{ 0, 0, NULL }
};
