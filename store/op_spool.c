#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/alias.h"
#include "store/alias_own.h"
#include "store/came.h"
#include "store/grey.h"
#include "store/history.h"
#include "store/hold.h"
#include "store/letin.h"
#include "store/op_event.h"
#include "store/op_mail.h"
#include "store/op_rcpt.h"
#include "store/op_spool.h"
#include "store/op_watch.h"
#include "store/reject.h"
#include "store/spool.h"
#include "store/tag.h"
#include "store/upload.h"
#include "store/wire.h"

/* ---- client ---- */

uint16_t
spool_begin(int ch, struct op_reply *r, uint64_t *id)
{
	uint16_t status;

	*id = 0;
	status = op_call(ch, SPOOL_BEGIN, NULL, -1, r, SPOOL_WAIT_MS);
	if (status != OP_OK)
		return status;
	*id = chan_get_u64(&r->in);
	return chan_end(&r->in) && *id != 0 ? OP_OK : OP_BAD;
}

int
spool_data(int ch, uint64_t id, const void *p, size_t n)
{
	struct buf b;
	int rc;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u64(&b, id);
	buf_add(&b, p, n);
	rc = op_tell(ch, SPOOL_DATA, &b, -1);
	buf_clear(&b);
	return rc;
}

void
spool_abort(int ch, uint64_t id)
{
	wire_tell_u64(ch, SPOOL_ABORT, id);
}

static void
put_msg(struct buf *b, uint64_t id, const struct spool_msg *m, uint64_t n)
{
	size_t i;

	chan_put_u64(b, id);
	chan_put_u64(b, n);
	chan_put_str(b, m->trace);
	chan_put_str(b, m->sender);
	chan_put_str(b, m->folder);
	chan_put_str(b, m->tags);
	chan_put_str(b, m->verdict);
	chan_put_str(b, m->peer);
	chan_put_i64(b, m->received);
	chan_put_u8(b, m->stays);
	chan_put_str(b, m->ip);
	chan_put_str(b, m->from);
	chan_put_str(b, m->author);
	chan_put_str(b, m->key);
	chan_put_u32(b, (uint32_t)m->nrcpt);
	for (i = 0; i < m->nrcpt; i++)
		chan_put_str(b, m->rcpt[i]);
}

/* Many recipients and a body do not fit into one record. */
static uint16_t
in_pieces(int ch, struct op_reply *r, const struct spool_msg *m,
    const void *head, size_t nhead, const void *body, uint64_t n)
{
	uint16_t status;
	uint64_t id;

	status = spool_begin(ch, r, &id);
	if (status != OP_OK)
		return status;
	if (spool_data(ch, id, body, (size_t)n) == -1)
		return OP_GONE;
	return spool_commit(ch, r, id, m, head, nhead, NULL, n);
}

uint16_t
spool_commit(int ch, struct op_reply *r, uint64_t id,
    const struct spool_msg *m, const void *head, size_t nhead,
    const void *body, uint64_t n)
{
	struct buf b;
	uint16_t status;

	buf_init(&b, CHAN_DATA_MAX);
	put_msg(&b, id, m, n);
	chan_put_bytes(&b, head, nhead);
	if (id == 0 && n <= SPOOL_INLINE)
		buf_add(&b, body, (size_t)n);
	if (b.err == 0)
		status = op_call(ch, SPOOL_COMMIT, &b, -1, r, SPOOL_WAIT_MS);
	else if (id == 0 && n <= SPOOL_INLINE)
		status = in_pieces(ch, r, m, head, nhead, body, n);
	else
		status = STORE_TOOBIG;
	buf_clear(&b);
	return status;
}

uint16_t
spool_status(int ch, struct op_reply *r, struct spool_status *s)
{
	uint16_t status;

	memset(s, 0, sizeof *s);
	status = op_call(ch, SPOOL_STATUS, NULL, -1, r, SPOOL_WAIT_MS);
	if (status != OP_OK)
		return status;
	s->entries = chan_get_u64(&r->in);
	s->octets = chan_get_u64(&r->in);
	s->oldest = chan_get_i64(&r->in);
	s->refusing = chan_get_u8(&r->in) != 0;
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

/* ---- keeper ---- */

static uint16_t
on_begin(void *service, struct op_call *c)
{
	struct store *st = service;
	enum store_err rc;
	uint64_t id;

	if (!chan_end(&c->in))
		return OP_BAD;
	rc = spool_may(st, SPOOL_INLINE);
	if (rc == STORE_OK)
		rc = upload_begin(st, c->peer, spool_dir(st), true, &id);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	chan_put_u64(c->out, id);
	return OP_OK;
}

static uint16_t
on_data(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in);

	if (c->in.bad)
		return OP_BAD;
	upload_data(service, c->peer, id, c->in.p,
	    (size_t)(c->in.end - c->in.p));
	return OP_OK;
}

static uint16_t
on_abort(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in);

	if (!chan_end(&c->in))
		return OP_BAD;
	upload_abort_id(service, c->peer, id);
	return OP_OK;
}

/* What came in a commit, before it is believed. */
struct handed {
	struct spool_msg msg;
	uint64_t	id, n;
	uint32_t	nrcpt;
	char		trace[SPOOL_TRACE_MAX];
	char		sender[SPOOL_ADDR_MAX];
	char		folder[BOX_NAME_MAX];
	char		tags[MAIL_TAGS_MAX];
	char		verdict[SPOOL_TEXT_MAX];
	char		peer[SPOOL_TEXT_MAX];
	char		ip[HISTORY_NET_MAX];
	char		from[HISTORY_NAME_MAX];
	char		author[HISTORY_NAME_MAX];
	char		key[LETIN_KEY_MAX];
	struct buf	rcpt;		/* "given resolved" lines */
	struct buf	given;		/* those given, a NUL behind each */
	char		box[BOX_NAME_MAX];	/* what the aliases say */
	bool		fans;		/* it goes on from here */
	bool		user;		/* somebody other than an alias */
	bool		keeps;		/* somebody who keeps what comes */
	uint32_t	nours;
};

static bool
plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static bool
get_handed(struct chan_in *in, struct handed *h)
{
	h->id = chan_get_u64(in);
	h->n = chan_get_u64(in);
	chan_get_str(in, h->trace, sizeof h->trace);
	chan_get_str(in, h->sender, sizeof h->sender);
	chan_get_str(in, h->folder, sizeof h->folder);
	chan_get_str(in, h->tags, sizeof h->tags);
	chan_get_str(in, h->verdict, sizeof h->verdict);
	chan_get_str(in, h->peer, sizeof h->peer);
	h->msg.received = chan_get_i64(in);
	h->msg.stays = chan_get_u8(in) != 0;
	chan_get_str(in, h->ip, sizeof h->ip);
	chan_get_str(in, h->from, sizeof h->from);
	chan_get_str(in, h->author, sizeof h->author);
	chan_get_str(in, h->key, sizeof h->key);
	h->nrcpt = chan_get_u32(in);
	h->msg.trace = h->trace;
	h->msg.sender = h->sender;
	h->msg.verdict = h->verdict;
	if (h->msg.received <= 0)
		h->msg.received = clock_wall_s();
	return !in->bad && h->nrcpt <= SPOOL_RCPT_MAX && plain(h->trace) &&
	    plain(h->sender) && plain(h->folder) && plain(h->tags) &&
	    plain(h->verdict) && plain(h->peer) && plain(h->ip) &&
	    plain(h->from) && plain(h->author) && plain(h->key);
}

static void
add_tags(struct handed *h, const char *more)
{
	size_t n = strlen(h->tags);

	if (more[0] != '\0' && n + strlen(more) + 2 < sizeof h->tags)
		snprintf(h->tags + n, sizeof h->tags - n, "%s%s",
		    n > 0 ? " " : "", more);
}

/* Who wrote, as far as it is proved; else who says that it sent it. */
static void
note_leak(struct store *st, struct handed *h, enum role role,
    const struct rcpt *to)
{
	const char *from = h->author[0] != '\0' ? h->author : h->sender;
	const char *at = strrchr(from, '@');
	struct rcpt own;

	if (role != ROLE_SMTP || at == NULL)
		return;
	rcpt_resolve(st, from, &own);
	if (own.class != RCPT_FOREIGN || !alias_own_check(st, to->address,
	    at + 1, strcmp(h->folder, "Junk") != 0, h->msg.received))
		return;
	if (!tag_in(h->tags, TAG_LEAK))
		add_tags(h, TAG_LEAK);
	event_add(st, h->trace, to->address, "leak", at + 1);
}

static void
note_rcpt(struct store *st, struct handed *h, enum role role,
    const char *addr, const struct rcpt *to)
{
	h->nours++;
	h->fans |= to->fans;
	h->keeps |= !to->only;
	if (to->class != RCPT_ALIAS && to->class != RCPT_CATCHALL)
		h->user = true;
	else if (h->box[0] == '\0')
		snprintf(h->box, sizeof h->box, "%s", to->folder);
	if (to->class == RCPT_ALIAS) {
		add_tags(h, to->tags);
		(void)alias_count(st, to->address, false, h->msg.received);
		note_leak(st, h, role, to);
	}
	buf_addf(&h->rcpt, "%s %s\n", addr, to->address);
	buf_add(&h->given, addr, strlen(addr) + 1);
}

/* Who forges our name gets no help with it; nobody is sent junk. */
static bool
goes_on(const struct handed *h)
{
	return !h->msg.stays && strcmp(h->folder, "Junk") != 0;
}

/* The session says nothing of what we know: one message less for each. */
static void
tell_accepted(struct store *st, const struct handed *h)
{
	const char *p = (const char *)h->given.data, *end;
	char text[EVENT_TEXT_MAX];

	event_add(st, h->trace, h->sender, "from", h->peer);
	snprintf(text, sizeof text, "from=<%s> size=%llu verdict=%.400s",
	    h->sender, (unsigned long long)h->n, h->verdict);
	for (end = p + h->given.len; p < end; p += strlen(p) + 1)
		event_add(st, h->trace, p, "accept", text);
	if (h->fans && h->msg.stays)
		event_add(st, h->trace, "", "stays", "it has an author of "
		    "ours, unproven: it is not sent on");
	else if (h->fans && !goes_on(h))
		event_add(st, h->trace, "", "stays", h->folder);
}

/* What a session may say of a message by a tag. */
static bool
session_tags(const char *tags)
{
	return tags[0] == '\0' || strcmp(tags, TAG_FIRST) == 0 ||
	    strcmp(tags, TAG_LOOKALIKE) == 0 ||
	    strcmp(tags, TAG_FIRST " " TAG_LOOKALIKE) == 0;
}

/* What is remembered of a sender that got in. */
static void
note_sender(struct store *st, const struct handed *h)
{
	struct letin_try t = { .author = h->author, .sender = h->from,
	    .ip = h->ip, .key = h->key, .aligned = h->author[0] != '\0' };
	struct grey_who w = { .ip = h->ip, .domain = "" };
	int64_t now_s = clock_wall_s();

	/* When the DNS cannot prove it the next time, they need not wait. */
	if (strcmp(h->folder, "Junk") != 0 &&
	    came_note(st, h->author, h->ip, now_s))
		grey_pass(st, &w, now_s);
	if (letin_any(st))
		letin_used(st, &t, now_s);
	reject_accepted(st, h->from, h->key);
}

/* A session only hands in what came for us; who may name a folder is the
 * parent's word, not its own. */
static enum store_err
resolve(struct store *st, struct op_call *c, struct handed *h)
{
	char addr[SPOOL_ADDR_MAX];
	struct rcpt to;
	uint32_t i;

	if (c->role == ROLE_SMTP && !session_tags(h->tags))
		return STORE_NAME;
	for (i = 0; i < h->nrcpt; i++) {
		chan_get_str(&c->in, addr, sizeof addr);
		if (c->in.bad || !plain(addr))
			return STORE_NAME;
		rcpt_resolve(st, addr, &to);
		if (rcpt_ok(to.class) || (to.class == RCPT_SRS &&
		    c->role == ROLE_SMTP && h->sender[0] == '\0'))
			note_rcpt(st, h, c->role, addr, &to);
	}
	if (c->role == ROLE_SMTP && h->nours == 0)
		return STORE_NORCPT;
	if (c->role == ROLE_SMTP && h->folder[0] != '\0' &&
	    strcmp(h->folder, "Junk") != 0 &&
	    strcmp(h->folder, "INBOX") != 0)
		return STORE_NAME;
	if (h->folder[0] == '\0' && !h->user)
		snprintf(h->folder, sizeof h->folder, "%s", h->box);
	if (h->folder[0] == '\0')
		snprintf(h->folder, sizeof h->folder, "INBOX");
	return box_name_ok(h->folder) ? STORE_OK : STORE_NAME;
}

static uint16_t
take(struct store *st, struct op_call *c, struct handed *h)
{
	struct spool_put p = { .msg = &h->msg, .folder = h->folder,
	    .tags = h->tags, .nbody = h->n, .own = c->role == ROLE_SENDER,
	    .fans = !h->fans ? FAN_NONE : c->role == ROLE_SENDER ? FAN_OWN :
	    goes_on(h) ? FAN_OTHERS : FAN_NONE, .goes = !h->keeps };
	enum store_err rc;

	p.head = chan_get_bytes(&c->in, SPOOL_HEAD_MAX, &p.nhead);
	p.body = c->in.p;
	if (c->in.bad || (size_t)(c->in.end - c->in.p) !=
	    (h->id == 0 ? h->n : 0))
		return OP_BAD;
	rc = spool_may(st, h->id == 0 ? h->n : 0);
	p.rcpt = buf_str(&h->rcpt);
	if (rc == STORE_OK && p.rcpt == NULL)
		rc = STORE_NOMEM;
	if (rc == STORE_OK && h->id != 0)
		rc = upload_finish(st, c->peer, h->id, h->n, &p.upload);
	if (rc == STORE_OK)
		rc = spool_put(st, &p);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	return hold_later(st, c);
}

static uint16_t
on_commit(void *service, struct op_call *c)
{
	struct store *st = service;
	struct handed h;
	enum store_err rc;
	uint16_t status = OP_BAD;

	memset(&h, 0, sizeof h);
	buf_init(&h.rcpt, CHAN_DATA_MAX);
	buf_init(&h.given, CHAN_DATA_MAX);
	if (get_handed(&c->in, &h)) {
		rc = resolve(st, c, &h);
		if (rc == STORE_OK)
			status = take(st, c, &h);
		else
			status = c->in.bad ? OP_BAD : (uint16_t)rc;
	}
	if (status == OP_LATER) {
		tell_accepted(st, &h);
		watch_note(st, WATCH_INCOMING, 0, 0);
		if (c->role == ROLE_SMTP)
			note_sender(st, &h);
	} else if (h.id != 0)
		upload_abort_id(st, c->peer, h.id);
	buf_clear(&h.rcpt);
	buf_clear(&h.given);
	return status;
}

static uint16_t
on_status(void *service, struct op_call *c)
{
	struct spool_status s;

	if (!chan_end(&c->in))
		return OP_BAD;
	spool_tell(service, &s);
	chan_put_u64(c->out, s.entries);
	chan_put_u64(c->out, s.octets);
	chan_put_i64(c->out, s.oldest);
	chan_put_u8(c->out, s.refusing);
	return OP_OK;
}

#define MAY_HAND_IN	(ROLE_BIT(ROLE_SMTP) | ROLE_BIT(ROLE_SENDER))

const struct op spool_ops[] = {
	{ SPOOL_BEGIN,	MAY_HAND_IN,	on_begin },
	{ SPOOL_DATA,	MAY_HAND_IN,	on_data },
	{ SPOOL_COMMIT,	MAY_HAND_IN,	on_commit },
	{ SPOOL_ABORT,	MAY_HAND_IN,	on_abort },
	{ SPOOL_STATUS,	MAY_HAND_IN | ROLE_BIT(ROLE_OWNER), on_status },
	{ 0, 0, NULL }
};
