#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/box.h"
#include "store/change.h"
#include "store/intake.h"
#include "store/op_device.h"
#include "store/op_set.h"
#include "store/op_watch.h"
#include "store/spool.h"
#include "store/upload.h"
#include "store/wire.h"

/* ---- client ---- */

bool
set_keyword_ok(const char *tag)
{
	const char *p;

	for (p = tag; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("(){%*\"\\]", *p) !=
		    NULL)
			return false;
	return p != tag;
}

void
set_done_clear(struct set_done *done)
{
	set_clear(&done->was);
	set_clear(&done->now);
}

/* Those from that UID on, as many as go into a request. */
static void
put_uids(struct buf *b, const struct set *uids, uint32_t from)
{
	const struct set_range *r = uids->range, *end = r + uids->n, *stop;

	while (r < end && r->hi < from)
		r++;
	stop = end - r > VIEW_RANGES_MAX ? r + VIEW_RANGES_MAX : end;
	chan_put_u32(b, (uint32_t)(stop - r));
	for (; r < stop; r++) {
		chan_put_u32(b, r->lo > from ? r->lo : from);
		chan_put_u32(b, r->hi);
	}
	/* Where to go on when these are done. */
	chan_put_u32(b, stop < end ? stop->lo : 0);
}

static uint16_t
page(struct chan_in *in, bool pairs, uint32_t *from, struct set_done *done)
{
	uint64_t modseq = chan_get_u64(in), mbox = chan_get_u64(in);
	uint32_t uidvalidity = chan_get_u32(in), uid;
	const uint8_t *p;
	size_t n, i;
	bool good = true;

	*from = chan_get_u32(in);
	p = chan_get_bytes(in, CHAN_DATA_MAX, &n);
	if (!chan_end(in))
		return OP_BAD;
	if (modseq != 0)
		done->modseq = modseq;
	if (n > 0) {
		done->mbox = mbox;
		done->uidvalidity = uidvalidity;
	}
	for (i = 0; i < n / sizeof uid && good; i++) {
		memcpy(&uid, p + i * sizeof uid, sizeof uid);
		good = set_add(pairs && i % 2 == 1 ? &done->now :
		    &done->was, uid, uid);
	}
	return good ? OP_OK : STORE_NOMEM;
}

/* tail: the arguments behind the UIDs, used up. */
static uint16_t
ask(int ch, struct op_reply *r, uint16_t type, const struct set_ask *a,
    struct buf *tail, struct set_done *done)
{
	bool pairs = type == SET_MOVE || type == SET_COPY;
	uint16_t status = OP_OK;
	uint32_t from = 0;
	struct buf b;

	memset(done, 0, sizeof *done);
	if (tail->err != 0)
		status = STORE_TOOBIG;
	while (status == OP_OK && a->uids->n > 0) {
		buf_init(&b, CHAN_DATA_MAX);
		chan_put_u64(&b, a->mbox);
		put_uids(&b, a->uids, from);
		(void)buf_add(&b, tail->data, tail->len);
		status = wire_ask(ch, r, type, &b, SET_WAIT_MS);
		if (status == OP_OK)
			status = page(&r->in, pairs, &from, done);
		if (status != OP_OK || from == 0)
			break;
		if (a->page != NULL)
			a->page(a->arg, done);
	}
	buf_clear(tail);
	return status;
}

uint16_t
set_store(int ch, struct op_reply *r, const struct set_ask *a,
    const struct set_flags *f, struct set_done *done)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u8(&b, (uint8_t)f->how);
	chan_put_u32(&b, f->flags);
	chan_put_str(&b, f->keywords);
	chan_put_u64(&b, f->unchanged);
	return ask(ch, r, SET_STORE, a, &b, done);
}

/* What earlier requests of a copy brought; keeper undoes the failed one. */
static void
take_back(int ch, struct op_reply *r, const struct set_done *copied)
{
	const struct set_flags deleted = { .how = SET_ADD,
	    .flags = STORE_DELETED, .keywords = "" };
	const struct set_ask a = { .mbox = copied->mbox,
	    .uids = &copied->now };
	struct set_done done;
	uint16_t rc;

	rc = set_store(ch, r, &a, &deleted, &done);
	set_done_clear(&done);
	if (rc == OP_OK)
		(void)set_expunge(ch, r, &a, &done);
	set_done_clear(&done);
}

uint16_t
set_move(int ch, struct op_reply *r, const struct set_ask *a,
    const char *folder, bool copy, struct set_done *done)
{
	struct buf b;
	uint16_t rc;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, folder);
	rc = ask(ch, r, copy ? SET_COPY : SET_MOVE, a, &b, done);
	if (rc != OP_OK && copy && done->now.n > 0)
		take_back(ch, r, done);
	return rc;
}

uint16_t
set_expunge(int ch, struct op_reply *r, const struct set_ask *a,
    struct set_done *done)
{
	struct buf none;

	buf_init(&none, 0);
	return ask(ch, r, SET_EXPUNGE, a, &none, done);
}

uint16_t
set_begin(int ch, struct op_reply *r, uint64_t octets, uint64_t *id)
{
	struct buf b;
	uint16_t status;

	*id = 0;
	buf_init(&b, 64);
	chan_put_u64(&b, octets);
	status = wire_ask(ch, r, SET_BEGIN, &b, SET_WAIT_MS);
	if (status == OP_OK) {
		*id = chan_get_u64(&r->in);
		status = chan_end(&r->in) ? OP_OK : OP_BAD;
	}
	return status;
}

int
set_data(int ch, uint64_t id, const void *p, size_t n)
{
	struct buf b;
	int rc;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u64(&b, id);
	chan_put_bytes(&b, p, n);
	rc = op_tell(ch, SET_DATA, &b, -1);
	buf_clear(&b);
	return rc;
}

void
set_abort(int ch, uint64_t id)
{
	wire_tell_u64(ch, SET_ABORT, id);
}

uint16_t
set_append(int ch, struct op_reply *r, uint64_t id, const struct set_new *m,
    struct set_appended *done)
{
	struct buf b;
	uint16_t status;

	memset(done, 0, sizeof *done);
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_u64(&b, id);
	chan_put_u64(&b, m->octets);
	chan_put_str(&b, m->folder);
	chan_put_u32(&b, m->flags);
	chan_put_str(&b, m->keywords);
	chan_put_i64(&b, m->received);
	status = wire_ask(ch, r, SET_APPEND, &b, SET_WAIT_MS);
	done->known = status == STORE_EXISTS;
	if (status != OP_OK && !done->known)
		return status;
	(void)chan_get_u32(&r->in);
	(void)chan_get_u64(&r->in);
	done->uidvalidity = chan_get_u32(&r->in);
	done->uid = chan_get_u32(&r->in);
	return r->in.bad ? OP_BAD : OP_OK;
}

/* ---- keeper: changes ---- */

void
set_done_put(struct buf *b, const struct change *c)
{
	chan_put_u64(b, c->done.modseq);
	chan_put_u64(b, c->dest);
	chan_put_u32(b, c->done.uidvalidity);
	chan_put_u32(b, c->next_uid);
	chan_put_bytes(b, c->list, c->nlist * sizeof *c->list);
}

/* UIDs of one range; false: as many as a request may take up. */
static bool
take_range(struct store *st, struct change *ch, uint32_t lo, uint32_t hi,
    enum store_err *rc)
{
	static struct store_slot all, deleted;
	sqlite3_stmt *s;
	int code = SQLITE_DONE;

	s = ch->type == SET_EXPUNGE ? store_stmt(st, STORE_CACHE, &deleted,
	    "SELECT uid FROM mail WHERE mbox = ?1 AND uid BETWEEN ?2 AND ?3"
	    " AND flags & 32 <> 0 ORDER BY uid") :
	    store_stmt(st, STORE_CACHE, &all, "SELECT uid FROM mail WHERE"
	    " mbox = ?1 AND uid BETWEEN ?2 AND ?3 ORDER BY uid");
	if (s == NULL) {
		*rc = STORE_NOMEM;
		return false;
	}
	sqlite3_bind_int64(s, 1, (int64_t)ch->mbox);
	sqlite3_bind_int64(s, 2, lo);
	sqlite3_bind_int64(s, 3, hi);
	while (ch->n < SET_MAX && (code = sqlite3_step(s)) == SQLITE_ROW)
		ch->ids[ch->n++] = (uint64_t)sqlite3_column_int64(s, 0);
	if (code == SQLITE_ROW)
		ch->next_uid = (uint32_t)ch->ids[ch->n - 1] + 1;
	else
		*rc = store_result(st, STORE_CACHE, code);
	(void)sqlite3_reset(s);
	return code == SQLITE_DONE && *rc == STORE_OK;
}

/* The messages that are meant, by UID.  NULL with *rc. */
static struct change *
get_set(struct store *st, struct op_call *c, enum store_err *rc)
{
	struct change *ch = calloc(1, sizeof *ch);
	uint32_t i, n, lo, hi, behind;
	bool more = true;

	*rc = STORE_NOMEM;
	if (ch == NULL)
		return NULL;
	ch->ids = calloc(SET_MAX, sizeof *ch->ids);
	if (ch->ids == NULL) {
		change_end(ch);
		return NULL;
	}
	*rc = STORE_OK;
	ch->peer = c->peer;
	ch->type = c->type;
	ch->id = c->id;
	ch->mbox = chan_get_u64(&c->in);
	n = chan_get_u32(&c->in);
	if (n > VIEW_RANGES_MAX)
		c->in.bad = true;
	for (i = 0; i < n && !c->in.bad; i++) {
		lo = chan_get_u32(&c->in);
		hi = chan_get_u32(&c->in);
		if (more)
			more = take_range(st, ch, lo, hi, rc);
	}
	behind = chan_get_u32(&c->in);
	if (more)
		ch->next_uid = behind;
	if (c->in.bad)
		*rc = (enum store_err)OP_BAD;
	if (*rc != STORE_OK) {
		change_end(ch);
		return NULL;
	}
	return ch;
}

/* "a b" as "+a +b"; keywords are alike in any case (RFC 5788 section 2). */
static bool
set_keywords(const char *words, bool take, struct tag_change *tc)
{
	char text[MAIL_TAGS_MAX * 2], one[MAIL_TAGS_MAX];
	size_t n, at = 0;

	for (; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n == 0 || at + n + 3 > sizeof text)
			return false;
		memcpy(one, words, n);
		one[n] = '\0';
		if (!set_keyword_ok(one))
			return false;
		if (at > 0)
			text[at++] = ' ';
		text[at++] = take ? '-' : '+';
		memcpy(text + at, words, n);
		at += n;
	}
	text[at] = '\0';
	if (!tag_change_parse(text, tc))
		return false;
	tc->anycase = true;
	return true;
}

bool
set_words(char words[MAIL_TAGS_MAX])
{
	struct tag_change tc;

	return set_keywords(words, false, &tc) && tag_change_apply(&tc, "",
	    words, MAIL_TAGS_MAX) == STORE_OK;
}

static uint16_t
on_store(void *service, struct op_call *c)
{
	char words[MAIL_TAGS_MAX];
	struct store *st = service;
	struct change *ch;
	enum store_err rc;
	uint32_t how, flags;

	ch = get_set(service, c, &rc);
	if (ch == NULL)
		return (uint16_t)rc;
	how = chan_get_u8(&c->in);
	flags = chan_get_u32(&c->in);
	chan_get_str(&c->in, words, sizeof words);
	ch->unchanged = chan_get_u64(&c->in);
	ch->replace = how == SET_REPLACE;
	ch->tags = calloc(1, sizeof *ch->tags);
	if (ch->tags == NULL || !chan_end(&c->in) || how > SET_REPLACE ||
	    (flags & ~(uint32_t)STORE_FLAGS_ALL) ||
	    !set_keywords(words, how == SET_TAKE, ch->tags)) {
		change_end(ch);
		return OP_BAD;
	}
	/* A keyword is never one of the flags in disguise. */
	ch->tags->add = how != SET_TAKE ? flags : 0;
	ch->tags->del = how == SET_TAKE ? flags : 0;
	if (how == SET_REPLACE)
		ch->tags->del = STORE_FLAGS_ALL & ~flags;
	else if (!ch->tags->tags && ch->n > 1 && st->changes == NULL)
		return change_flags(st, c, ch);
	return change_queue(service, ch);
}

static uint16_t
on_move(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX];
	struct store *st = service;
	struct change *ch;
	enum store_err rc;
	struct box *b;

	ch = get_set(st, c, &rc);
	if (ch == NULL)
		return (uint16_t)rc;
	chan_get_str(&c->in, folder, sizeof folder);
	b = box_by_name(st, folder);
	if (!chan_end(&c->in) || b == NULL || !b->here) {
		change_end(ch);
		return c->in.bad ? OP_BAD : STORE_NOTFOUND;
	}
	ch->dest = b->id;
	return change_queue(st, ch);
}

static uint16_t
on_expunge(void *service, struct op_call *c)
{
	struct change *ch;
	enum store_err rc;

	ch = get_set(service, c, &rc);
	if (ch == NULL)
		return (uint16_t)rc;
	if (!chan_end(&c->in)) {
		change_end(ch);
		return OP_BAD;
	}
	return change_queue(service, ch);
}

/* ---- keeper: a message, piece by piece ---- */

static uint16_t
on_begin(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t octets = chan_get_u64(&c->in), id;
	enum store_err rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (octets > st->conf->message_max)
		return STORE_TOOBIG;
	if (!store_space(st, octets))
		return STORE_NOSPACE;
	rc = upload_begin(st, c->peer, spool_dir(st), true, &id);
	chan_put_u64(c->out, id);
	return (uint16_t)rc;
}

static uint16_t
on_data(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in);
	const uint8_t *p;
	size_t n;

	p = chan_get_bytes(&c->in, SET_DATA_MAX, &n);
	if (!chan_end(&c->in))
		return OP_BAD;
	upload_data(service, c->peer, id, p, n);
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

static uint16_t
on_append(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX], words[MAIL_TAGS_MAX];
	struct store *st = service;
	struct mail_new m = { .folder = folder, .tags = words, .trace = "" };
	uint64_t id = chan_get_u64(&c->in), octets = chan_get_u64(&c->in);
	struct upload *u;
	enum store_err rc;
	struct box *b;

	chan_get_str(&c->in, folder, sizeof folder);
	m.flags = chan_get_u32(&c->in);
	chan_get_str(&c->in, words, sizeof words);
	m.received = chan_get_i64(&c->in);
	if (!chan_end(&c->in) || (m.flags & ~(uint32_t)STORE_FLAGS_ALL) ||
	    !set_words(words))
		return OP_BAD;
	rc = upload_finish(st, c->peer, id, octets, &u);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	c->fd = upload_fd(u);
	b = box_by_name(st, folder);
	if (b == NULL || !b->here)
		return STORE_NOTFOUND;
	if (c->fd == -1)
		return STORE_IO;
	/* What we sent ourselves stands in Sent already. */
	m.known = strcmp(folder, "Sent") == 0;
	m.exact = true;
	/* The next to bring one may ask for the file: see job_known(). */
	m.early = !m.known;
	return intake_append(st, c, &m, b);
}

#define OF_IMAP	(ROLE_BIT(ROLE_IMAP) | ROLE_BIT(ROLE_OWNER))

const struct op set_ops[] = {
	{ SET_STORE,	OF_IMAP,	on_store },
	{ SET_MOVE,	OF_IMAP,	on_move },
	{ SET_COPY,	OF_IMAP,	on_move },
	{ SET_EXPUNGE,	OF_IMAP,	on_expunge },
	{ SET_BEGIN,	OF_IMAP,	on_begin },
	{ SET_DATA,	OF_IMAP,	on_data },
	{ SET_APPEND,	OF_IMAP,	on_append },
	{ SET_ABORT,	OF_IMAP,	on_abort },
	{ 0, 0, NULL }
};
