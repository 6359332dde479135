/*
 * A store for sessions of IMAP that is no more than a few lists, in a thread
 * behind their channels, to which others do things meanwhile.
 */
#ifndef TESTS_IMAP_FAKE_H
#define TESTS_IMAP_FAKE_H

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/device.h"
#include "crypto/vault_service.h"
#include "mailnode/imap/session.h"
#include "mailnode/node/log.h"
#include "store/err.h"
#include "store/flag.h"
#include "store/op_append.h"
#include "store/op_box.h"
#include "store/op_device.h"
#include "store/op_mail.h"
#include "store/op_order.h"
#include "store/op_set.h"
#include "store/op_view.h"
#include "store/op_watch.h"

enum {
	BOXES = 12, MESSAGES = 60,
	STRANGE = 5		/* each so manieth question finds news */
};

struct fmsg {
	uint32_t	 uid, flags;
	uint64_t	 modseq;	/* of its end, when gone */
	bool		 gone;
	char		 tags[64];
};

struct fbox {
	uint64_t	 id;		/* 0: none */
	char		 name[BOX_NAME_MAX];
	bool		 off;		/* not subscribed */
	uint32_t	 uidnext;
	uint32_t	 recent;	/* nobody was told of it, nor behind */
	uint64_t	 modseq;
	struct fmsg	 m[MESSAGES];
	size_t		 n;
};

static struct fake {
	struct fbox	 box[BOXES];
	uint64_t	 ids, upload, octets[APPEND_MANY_MAX + 1];
	unsigned int	 asked;
	struct op_peer	*watcher;
	bool		 alone;		/* nobody else does anything */
	int		 lists;		/* answered, until memory is out; -1 */
	int		 no_uids;	/* which VIEW_UIDS is refused, from 1 */
	uint32_t	 faster;	/* another claims what is below it first */
} fake;

static const char letter[] = "From: a@b.test\r\nSubject: s\r\n\r\nbody\r\n";

/* ---- what happens in it ---- */

static struct fbox *
by_name(const char *name)
{
	size_t i;

	for (i = 0; i < BOXES; i++)
		if (fake.box[i].id != 0 && strcmp(fake.box[i].name, name) == 0)
			return &fake.box[i];
	return NULL;
}

static struct fbox *
by_id(uint64_t id)
{
	size_t i;

	for (i = 0; i < BOXES; i++)
		if (id != 0 && fake.box[i].id == id)
			return &fake.box[i];
	return NULL;
}

static struct fbox *
make(const char *name)
{
	size_t i;

	for (i = 0; i < BOXES; i++)
		if (fake.box[i].id == 0) {
			memset(&fake.box[i], 0, sizeof fake.box[i]);
			fake.box[i].id = ++fake.ids;
			fake.box[i].uidnext = fake.box[i].recent = 1;
			fake.box[i].modseq = 1;
			snprintf(fake.box[i].name, BOX_NAME_MAX, "%s", name);
			return &fake.box[i];
		}
	return NULL;
}

/* 0: no room. */
static uint32_t
put_message(struct fbox *b, uint32_t flags)
{
	struct fmsg *m;

	if (b->n == MESSAGES)
		return 0;
	m = &b->m[b->n++];
	*m = (struct fmsg){ .uid = b->uidnext, .flags = flags,
	    .modseq = ++b->modseq };
	b->uidnext += 1 + b->uidnext % 3;
	return m->uid;
}

static void
drop(struct fbox *b, struct fmsg *m)
{
	m->gone = true;
	m->modseq = ++b->modseq;
}

static void
tell(enum watch_what what, const struct fbox *b)
{
	struct buf out;

	if (fake.watcher == NULL)
		return;
	buf_init(&out, 100);
	chan_put_u32(&out, what);
	chan_put_u64(&out, b->id);
	chan_put_u64(&out, b->modseq);
	op_reply(fake.watcher, WATCH_CHANGE, 0, OP_OK, &out, -1);
	buf_clear(&out);
}

/* Others are there, too. */
static void
others(void)
{
	struct fbox *b = &fake.box[fake.asked % 3];
	struct fmsg *m;

	if (fake.alone || ++fake.asked % STRANGE != 0 || b->id == 0)
		return;
	m = b->n > 0 ? &b->m[fake.asked * 7 % b->n] : NULL;
	if (fake.asked % 2 == 0)
		(void)put_message(b, 0);
	else if (m != NULL && !m->gone && fake.asked % 3 == 0)
		drop(b, m);
	else if (m != NULL && !m->gone) {
		m->flags ^= STORE_FLAGGED;
		m->modseq = ++b->modseq;
	}
	tell(WATCH_MAIL, b);
}

static void
fake_begin(void)
{
	static const char *const names[] = { "INBOX", "Archive", "a/b" };
	size_t i, k;
	struct fbox *b;

	memset(fake.box, 0, sizeof fake.box);
	fake.ids = fake.upload = fake.asked = 0;
	fake.watcher = NULL;
	fake.alone = false;
	fake.lists = -1;
	fake.no_uids = 0;
	fake.faster = 0;
	for (i = 0; i < 3; i++) {
		b = make(names[i]);
		for (k = 0; k < 6 - 3 * i; k++)
			(void)put_message(b, k % 2 ? STORE_SEEN : 0);
	}
	drop(&fake.box[0], &fake.box[0].m[2]);
	fake.box[0].recent = fake.box[0].uidnext;
}

/* ---- the reader ---- */

static void
put_box(struct buf *out, const struct fbox *b)
{
	uint32_t n = 0, unread = 0, recent = 0;
	size_t i;

	for (i = 0; i < b->n; i++) {
		recent += !b->m[i].gone && b->m[i].uid >= b->recent;
		n += !b->m[i].gone;
		unread += !b->m[i].gone && !(b->m[i].flags & STORE_SEEN);
	}
	chan_put_u64(out, b->id);
	chan_put_u32(out, 1000 + (uint32_t)b->id);
	chan_put_u32(out, b->uidnext);
	chan_put_u64(out, b->modseq);
	chan_put_u32(out, n);
	chan_put_u32(out, unread);
	chan_put_u32(out, 0);
	chan_put_u64(out, n * 100);
	chan_put_u64(out, 0);
	chan_put_u32(out, unread > 0);
	chan_put_u32(out, b->recent);
	chan_put_u32(out, recent);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp((*(struct fbox *const *)a)->name,
	    (*(struct fbox *const *)b)->name);
}

static uint16_t
do_boxes(void *service, struct op_call *c)
{
	struct fbox *sorted[BOXES];
	size_t i, n = 0;

	(void)service;
	others();
	if (fake.lists == 0)
		return STORE_NOMEM;
	fake.lists -= fake.lists > 0;
	for (i = 0; i < BOXES; i++)
		if (fake.box[i].id != 0)
			sorted[n++] = &fake.box[i];
	qsort(sorted, n, sizeof *sorted, by_text);
	for (i = 0; i < n; i++) {
		chan_put_u8(c->out, 1);
		put_box(c->out, sorted[i]);
		chan_put_str(c->out, sorted[i]->name);
	}
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, 0);
	return OP_OK;
}

static void
put_keywords(struct buf *out, const struct fbox *b)
{
	char words[MESSAGES * (MAIL_TAGS_MAX + 1)] = "";
	size_t i;

	for (i = 0; i < b->n; i++)
		snprintf(words + strlen(words), sizeof words - strlen(words),
		    " %s", b->m[i].tags);
	chan_put_bytes(out, words, strlen(words) + 1);
}

static uint16_t
do_box(void *service, struct op_call *c)
{
	char name[BOX_NAME_MAX];
	struct fbox *b;
	uint64_t id;

	(void)service;
	others();
	(void)chan_get_u32(&c->in);
	id = chan_get_u64(&c->in);
	chan_get_str(&c->in, name, sizeof name);
	b = id != 0 ? by_id(id) : by_name(name);
	if (b == NULL)
		return STORE_NOTFOUND;
	put_box(c->out, b);
	chan_put_bytes(c->out, b->name, strlen(b->name) + 1);
	put_keywords(c->out, b);
	return OP_OK;
}

static uint16_t
do_uids(void *service, struct op_call *c)
{
	struct fbox *b = by_id(chan_get_u64(&c->in));
	uint32_t from = chan_get_u32(&c->in), below = chan_get_u32(&c->in);
	uint64_t since = chan_get_u64(&c->in);
	uint32_t uid[MESSAGES], n = 0, i;
	const struct fmsg *m;

	(void)service;
	if (b == NULL)
		return STORE_NOTFOUND;
	if (fake.no_uids > 0 && --fake.no_uids == 0)
		return STORE_NOMEM;
	for (m = b->m; m < b->m + b->n; m++)
		if (m->uid >= from && m->uid < below &&
		    (!m->gone || m->modseq > since))
			uid[n++] = m->uid;
	chan_put_u32(c->out, below);
	chan_put_u32(c->out, n);
	for (i = 0; i < n; i++) {
		chan_put_u32(c->out, uid[i]);
		chan_put_u32(c->out, uid[i]);
	}
	return OP_OK;
}

static uint16_t
do_gone(void *service, struct op_call *c)
{
	struct fbox *b = by_id(chan_get_u64(&c->in));
	uint64_t since = chan_get_u64(&c->in), upto;
	uint32_t uid[MESSAGES], n = 0, i;
	const struct fmsg *m;

	(void)service;
	(void)chan_get_u32(&c->in);
	upto = chan_get_u64(&c->in);
	if (b == NULL)
		return STORE_NOTFOUND;
	for (m = b->m; m < b->m + b->n; m++)
		if (m->gone && m->modseq > since && m->modseq <= upto)
			uid[n++] = m->uid;
	chan_put_u8(c->out, since > 2);
	chan_put_u8(c->out, 0);
	chan_put_u64(c->out, upto);
	chan_put_u32(c->out, n);
	for (i = 0; i < n; i++)
		chan_put_u32(c->out, uid[i]);
	return OP_OK;
}

static void
put_blob(struct buf *out, const char *s)
{
	chan_put_u32(out, (uint32_t)strlen(s));
	chan_put_bytes(out, s, strlen(s));
}

static void
put_row(struct buf *out, const struct fmsg *m, uint32_t cols)
{
	static const uint8_t hash[VIEW_HASH];

	chan_put_u32(out, m->uid);
	chan_put_u32(out, m->flags);
	chan_put_u64(out, m->uid);
	chan_put_u64(out, m->modseq);
	if (cols & VIEW_TAG)
		chan_put_bytes(out, m->tags, strlen(m->tags) + 1);
	if (cols & VIEW_META) {
		chan_put_u64(out, sizeof letter - 1);
		chan_put_i64(out, 1000000000);
		chan_put_i64(out, m->uid % 2);
	}
	if (cols & VIEW_ENV)
		put_blob(out, "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
	if (cols & VIEW_BODY)
		put_blob(out, "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 6 1"
		    " NIL NIL NIL NIL)");
	if (cols & VIEW_TEXT) {
		chan_put_bytes(out, "body", 5);
		chan_put_u64(out, 1);
	}
	if (cols & VIEW_IDS) {
		chan_put_bytes(out, hash, VIEW_HASH);
		chan_put_bytes(out, hash, VIEW_ROOT);
	}
}

struct ranges {
	uint32_t	 n, lo[100], hi[100];
};

static void
get_ranges(struct chan_in *in, struct ranges *r)
{
	uint32_t i, n = chan_get_u32(in), lo, hi;

	r->n = 0;
	for (i = 0; i < n && !in->bad; i++) {
		lo = chan_get_u32(in);
		hi = chan_get_u32(in);
		if (r->n == 100)
			continue;
		r->lo[r->n] = lo;
		r->hi[r->n++] = hi;
	}
}

static bool
in_ranges(const struct ranges *r, uint32_t uid)
{
	uint32_t i;

	for (i = 0; i < r->n; i++)
		if (uid >= r->lo[i] && uid <= r->hi[i])
			return true;
	return false;
}

static uint16_t
do_rows(void *service, struct op_call *c)
{
	struct fbox *b = by_id(chan_get_u64(&c->in));
	uint32_t cols = chan_get_u32(&c->in);
	uint64_t since = chan_get_u64(&c->in), upto = chan_get_u64(&c->in);
	const struct fmsg *m;
	struct ranges r;

	(void)service;
	(void)chan_get_u32(&c->in);
	get_ranges(&c->in, &r);
	if (b == NULL)
		return STORE_NOTFOUND;
	for (m = b->m; m < b->m + b->n; m++)
		if (!m->gone && (since != 0 ? m->modseq > since &&
		    m->modseq <= upto : in_ranges(&r, m->uid)))
			put_row(c->out, m, cols);
	chan_put_u32(c->out, 0);
	chan_put_u8(c->out, 0);
	chan_put_u64(c->out, 0);
	chan_put_u32(c->out, 0);
	return OP_OK;
}

static int
open_letter(struct buf *out)
{
	int fd = memfd_create("letter", MFD_CLOEXEC);

	if (fd != -1 && write(fd, letter, sizeof letter - 1) == -1)
		abort();
	chan_put_u64(out, sizeof letter - 1);
	chan_put_u64(out, sizeof letter - 1);
	chan_put_u32(out, 0);
	chan_put_u32(out, 0);
	chan_put_bytes(out, "", 0);
	return fd;
}

static uint16_t
do_open(void *service, struct op_call *c)
{
	(void)service;
	c->fd_out = open_letter(c->out);
	c->close_fd_out = true;
	return OP_OK;
}

static uint16_t
do_open_many(void *service, struct op_call *c)
{
	uint32_t i, n;
	struct buf out;
	int fd;

	(void)service;
	(void)chan_get_u64(&c->in);
	n = chan_get_u32(&c->in);
	for (i = 0; i < n && i < VIEW_OPEN_MAX; i++) {
		buf_init(&out, 1000);
		fd = open_letter(&out);
		op_reply(c->peer, c->type, c->id, i == 3 ? STORE_BUSY : OP_OK,
		    &out, fd);
		close(fd);
		buf_clear(&out);
	}
	return OP_LATER;
}

static uint16_t
do_blob(void *service, struct op_call *c)
{
	(void)service;
	chan_put_u64(c->out, 3);
	chan_put_bytes(c->out, "NIL", 3);
	return OP_OK;
}

static uint16_t
do_find(void *service, struct op_call *c)
{
	struct fbox *b;
	uint32_t below, uid[MESSAGES], n = 0, i;
	const struct fmsg *m;
	uint64_t modseq = 1;
	bool threads;

	(void)service;
	(void)chan_get_u32(&c->in);
	b = by_id(chan_get_u64(&c->in));
	below = chan_get_u32(&c->in);
	threads = c->type == VIEW_ORDER &&
	    chan_get_u8(&c->in) != ORDER_SORT;
	if (b == NULL)
		return STORE_NOTFOUND;
	for (m = b->m; m < b->m + b->n; m++)
		if (!m->gone && m->uid < below && m->uid % 4 != 0) {
			uid[n++] = m->uid;
			modseq = m->modseq > modseq ? m->modseq : modseq;
		}
	chan_put_u32(c->out, n);
	chan_put_u64(c->out, modseq);
	chan_put_u8(c->out, 0);
	chan_put_u32(c->out, n);
	for (i = 0; i < n; i++) {
		chan_put_u32(c->out, uid[i]);
		if (c->type == VIEW_SEARCH)
			chan_put_u32(c->out, uid[i]);
		else if (threads)	/* each one of its own */
			chan_put_u32(c->out, i > 0 ? 3 : 1);
	}
	return OP_OK;
}

static uint16_t
do_room(void *service, struct op_call *c)
{
	(void)service;
	chan_put_u64(c->out, 10000);
	chan_put_u64(c->out, 1000000);
	return OP_OK;
}

static const struct op reader_ops[] = {
	{ VIEW_BOXES, ROLE_ANY, do_boxes }, { VIEW_BOX, ROLE_ANY, do_box },
	{ VIEW_UIDS, ROLE_ANY, do_uids }, { VIEW_GONE, ROLE_ANY, do_gone },
	{ VIEW_ROWS, ROLE_ANY, do_rows }, { VIEW_OPEN, ROLE_ANY, do_open },
	{ VIEW_OPEN_MANY, ROLE_ANY, do_open_many },
	{ VIEW_BLOB, ROLE_ANY, do_blob }, { VIEW_SEARCH, ROLE_ANY, do_find },
	{ VIEW_ORDER, ROLE_ANY, do_find },
	{ VIEW_ROOM, ROLE_ANY, do_room }, { 0, 0, NULL }
};

/* ---- keeper ---- */

/* Flags, copies, moves, expunges. */
static uint16_t
do_change(void *service, struct op_call *c)
{
	struct fbox *b = by_id(chan_get_u64(&c->in)), *to = NULL;
	uint32_t list[2 * MESSAGES], n = 0, how = 0, flags = 0;
	char text[MAIL_TAGS_MAX] = "";
	uint64_t unchanged = 0;
	struct ranges r;
	struct fmsg *m;

	(void)service;
	get_ranges(&c->in, &r);
	(void)chan_get_u32(&c->in);
	if (c->type == SET_STORE) {
		how = chan_get_u8(&c->in);
		flags = chan_get_u32(&c->in);
	}
	if (c->type != SET_EXPUNGE)
		chan_get_str(&c->in, text, sizeof text);
	if (c->type == SET_STORE)
		unchanged = chan_get_u64(&c->in);
	if (!chan_end(&c->in))
		abort();
	others();
	if (c->type == SET_COPY || c->type == SET_MOVE)
		to = by_name(text);
	if (b == NULL || (to == NULL && (c->type == SET_COPY ||
	    c->type == SET_MOVE)))
		return STORE_NOTFOUND;
	for (m = b->m; m < b->m + b->n; m++) {
		if (m->gone || !in_ranges(&r, m->uid) || n + 2 > 2 * MESSAGES)
			continue;
		if (c->type == SET_STORE && unchanged != 0 &&
		    m->modseq > unchanged)
			list[n++] = m->uid;
		else if (c->type == SET_STORE) {
			m->flags = how == SET_ADD ? m->flags | flags :
			    how == SET_TAKE ? m->flags & ~flags : flags;
			snprintf(m->tags, sizeof m->tags, "%.60s", text);
			m->modseq = ++b->modseq;
		} else if (c->type == SET_EXPUNGE) {
			if (!(m->flags & STORE_DELETED))
				continue;
			list[n++] = m->uid;
			drop(b, m);
		} else {
			if (to == b || (list[n + 1] =
			    put_message(to, m->flags)) == 0)
				break;
			list[n] = m->uid;
			n += 2;
			if (c->type == SET_MOVE)
				drop(b, m);
		}
	}
	chan_put_u64(c->out, b->modseq);
	chan_put_u64(c->out, to != NULL ? to->id : 0);
	chan_put_u32(c->out, to != NULL ? 1000 + (uint32_t)to->id : 0);
	chan_put_u32(c->out, 0);
	chan_put_bytes(c->out, list, n * sizeof *list);
	tell(WATCH_MAIL, b);
	return OP_OK;
}

static uint16_t
do_claim(void *service, struct op_call *c)
{
	struct fbox *b = by_id(chan_get_u64(&c->in));
	uint32_t below = chan_get_u32(&c->in);

	(void)service;
	if (!chan_end(&c->in) || (b != NULL && below > b->uidnext))
		abort();
	others();
	if (b == NULL)
		return STORE_NOTFOUND;
	if (b->recent < fake.faster)
		b->recent = fake.faster;
	chan_put_u32(c->out, b->recent);
	if (below > b->recent)
		b->recent = below;
	return OP_OK;
}

static uint16_t
do_begin(void *service, struct op_call *c)
{
	(void)service;
	(void)chan_get_u64(&c->in);
	if (fake.upload == APPEND_MANY_MAX)
		return STORE_NOSPACE;
	fake.octets[++fake.upload] = 0;
	chan_put_u64(c->out, fake.upload);
	return OP_OK;
}

static uint16_t
do_data(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in);
	size_t n;

	(void)service;
	(void)chan_get_bytes(&c->in, CHAN_DATA_MAX, &n);
	if (id == 0 || id > fake.upload || !chan_end(&c->in))
		abort();
	fake.octets[id] += n;
	return OP_OK;
}

static uint16_t
do_append(void *service, struct op_call *c)
{
	uint64_t id = chan_get_u64(&c->in), octets = chan_get_u64(&c->in);
	char folder[BOX_NAME_MAX];
	struct fbox *b;
	uint32_t uid;

	(void)service;
	chan_get_str(&c->in, folder, sizeof folder);
	if (id == 0 || id > fake.upload || octets != fake.octets[id] ||
	    octets == 0)
		abort();
	b = by_name(folder);
	if (b == NULL)
		return STORE_NOTFOUND;
	uid = put_message(b, chan_get_u32(&c->in));
	if (uid == 0)
		return STORE_NOSPACE;
	chan_put_u32(c->out, 0);
	chan_put_u64(c->out, 0);
	chan_put_u32(c->out, 1000 + (uint32_t)b->id);
	chan_put_u32(c->out, uid);
	tell(WATCH_MAIL, b);
	return OP_OK;
}

static uint16_t
do_append_many(void *service, struct op_call *c)
{
	char folder[BOX_NAME_MAX], words[MAIL_TAGS_MAX];
	uint64_t id, octets;
	struct fbox *b;
	uint32_t n, i;

	(void)service;
	chan_get_str(&c->in, folder, sizeof folder);
	n = chan_get_u32(&c->in);
	b = by_name(folder);
	if (b == NULL || b->n + n > MESSAGES)
		return b == NULL ? STORE_NOTFOUND : STORE_NOSPACE;
	chan_put_u32(c->out, 1000 + (uint32_t)b->id);
	chan_put_u32(c->out, n);
	for (i = 0; i < n; i++) {
		id = chan_get_u64(&c->in);
		octets = chan_get_u64(&c->in);
		if (id == 0 || id > fake.upload || octets != fake.octets[id])
			abort();
		chan_put_u32(c->out, put_message(b, chan_get_u32(&c->in)));
		chan_get_str(&c->in, words, sizeof words);
		(void)chan_get_i64(&c->in);
	}
	if (!chan_end(&c->in))
		abort();
	tell(WATCH_MAIL, b);
	return OP_OK;
}

/* Made, renamed, deleted, and in or out of the subscribed. */
static uint16_t
do_name(void *service, struct op_call *c)
{
	char name[BOX_NAME_MAX], to[BOX_NAME_MAX];
	struct fbox *b;

	(void)service;
	chan_get_str(&c->in, name, sizeof name);
	if (!box_name_ok(name))
		return STORE_NAME;
	b = by_name(name);
	if (c->type == BOX_CREATE) {
		if (b != NULL || (b = make(name)) == NULL)
			return b != NULL ? STORE_EXISTS : STORE_TOOBIG;
		chan_put_u64(c->out, b->id);
	} else if (b == NULL || (c->type != SET_SUBSCRIBE && b->id < 3))
		return b == NULL ? STORE_NOTFOUND : STORE_KEPT;
	else if (c->type == BOX_RENAME) {
		chan_get_str(&c->in, to, sizeof to);
		if (by_name(to) != NULL || !box_name_ok(to))
			return STORE_EXISTS;
		memcpy(b->name, to, sizeof to);
	} else if (c->type == SET_SUBSCRIBE)
		b->off = chan_get_u8(&c->in) == 0;
	else
		b->id = 0;
	tell(WATCH_BOXES, b);
	return OP_OK;
}

static uint16_t
do_subscribed(void *service, struct op_call *c)
{
	struct buf out;
	size_t i;

	(void)service;
	buf_init(&out, CHAN_DATA_MAX);
	for (i = 0; i < BOXES; i++)
		if (fake.box[i].id != 0 && fake.box[i].off) {
			(void)buf_addc(&out, '-');
			(void)buf_add(&out, fake.box[i].name,
			    strlen(fake.box[i].name) + 1);
		}
	chan_put_u8(c->out, 0);
	chan_put_bytes(c->out, out.data, out.len);
	buf_clear(&out);
	return OP_OK;
}

static uint16_t
do_watch(void *service, struct op_call *c)
{
	(void)service;
	fake.watcher = chan_get_u32(&c->in) != 0 ? c->peer : NULL;
	return OP_OK;
}

static uint16_t
do_nothing(void *service, struct op_call *c)
{
	(void)service, (void)c;
	return OP_OK;
}

/* Everybody is let in. */
static uint16_t
do_login(void *service, struct op_call *c)
{
	(void)service;
	chan_put_bytes(c->out, "", 0);
	chan_put_str(c->out, "phone");
	chan_put_u8(c->out, DEVICE_ALL);
	chan_put_u32(c->out, 0);
	chan_put_str(c->out, "");
	return OP_OK;
}

static const struct op keeper_ops[] = {
	{ SET_STORE, ROLE_ANY, do_change }, { SET_MOVE, ROLE_ANY, do_change },
	{ SET_COPY, ROLE_ANY, do_change },
	{ SET_EXPUNGE, ROLE_ANY, do_change },
	{ SET_BEGIN, ROLE_ANY, do_begin }, { SET_DATA, ROLE_ANY, do_data },
	{ SET_APPEND, ROLE_ANY, do_append },
	{ SET_ABORT, ROLE_ANY, do_nothing },
	{ SET_CLAIM, ROLE_ANY, do_claim },
	{ APPEND_MANY, ROLE_ANY, do_append_many },
	{ SET_SUBSCRIBE, ROLE_ANY, do_name },
	{ SET_SUBSCRIBED, ROLE_ANY, do_subscribed },
	{ BOX_CREATE, ROLE_ANY, do_name }, { BOX_RENAME, ROLE_ANY, do_name },
	{ BOX_DELETE, ROLE_ANY, do_name },
	{ WATCH_SUBSCRIBE, ROLE_ANY, do_watch },
	{ DEVICE_NOTE, ROLE_ANY, do_nothing },
	{ OP_VAULT_PLAIN, ROLE_ANY, do_login }, { 0, 0, NULL }
};

/* ---- both ends ---- */

static int	keeper[2], reader[2], here = -1, nobody = -1;

static void *
serve(void *arg)
{
	static struct op_server k, r;
	struct loop *l = loop_new();

	(void)arg;
	op_server_init(&k, l, keeper_ops, NULL);
	op_server_init(&r, l, reader_ops, NULL);
	if (op_server_add(&k, keeper[1], ROLE_OWNER, 1) == NULL ||
	    op_server_add(&r, reader[1], ROLE_OWNER, 1) == NULL)
		abort();
	(void)loop_run(l);
	abort();
}

static bool
want_reader(void *arg, bool light)
{
	(void)arg, (void)light;
	here = reader[0];
	return true;
}

static void
drop_reader(void *arg)
{
	(void)arg;
	here = -1;
}

static enum imap_woken
woken(void *arg)
{
	(void)arg;
	return IMAP_NEWS;
}

/* One session over all of data; its output, up to size, is in out. */
static size_t
fake_session(const char *data, size_t n, char *out, size_t size)
{
	struct imap_start start = { .wake = keeper[0], .peer = "192.0.2.1",
	    .keeper = &keeper[0], .reader = &here, .vault = &keeper[0],
	    .want_reader = want_reader, .drop_reader = drop_reader,
	    .woken = woken };
	int fd[2], room = (int)size;
	size_t have = 0;
	ssize_t got;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		abort();
	(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUFFORCE, &room,
	    sizeof room);
	imap_limits(&start);
	start.idle_ms = start.login_ms = start.alive_ms = start.rest_ms = 50;
	start.message_max = 10000;
	start.fd = fd[1];
	if (n > 0 && send(fd[0], data, n, MSG_NOSIGNAL) == -1)
		abort();
	shutdown(fd[0], SHUT_WR);
	here = nobody;
	imap_run(&start);
	shutdown(fd[1], SHUT_RDWR);
	while (have < size - 1 && (got = recv(fd[0], out + have,
	    size - 1 - have, MSG_DONTWAIT)) > 0)
		have += (size_t)got;
	out[have] = '\0';
	close(fd[0]);
	close(fd[1]);
	return have;
}

/* Before the first. */
static void
fake_start(void)
{
	pthread_t thread;

	(void)signal(SIGPIPE, SIG_IGN);
	log_init("fake", LOG_ERROR);
	if (chan_pair(keeper) == -1 || chan_pair(reader) == -1 ||
	    pthread_create(&thread, NULL, serve, NULL) != 0)
		abort();
}

/* What has no answer has come, too, when this returns. */
static void
fake_end(void)
{
	struct op_reply r;

	op_reply_init(&r);
	if (watch_subscribe(keeper[0], &r, 0) != OP_OK)
		abort();
	op_reply_clear(&r);
}

#endif
