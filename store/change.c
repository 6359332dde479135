#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/change.h"
#include "store/intake.h"
#include "store/intent.h"
#include "store/judged.h"
#include "store/op_set.h"
#include "store/row.h"

static enum store_err
row(struct store *st, int code)
{
	return store_result(st, STORE_CACHE, code);
}

static enum store_err
from(struct intent *in, enum intent_kind kind, const struct box *b,
    const struct row_at *at)
{
	memset(in, 0, sizeof *in);
	in->kind = kind;
	in->uid = at->uid;
	memcpy(in->box, b->name, sizeof in->box);
	if (strlen(at->name) >= sizeof in->rel)
		return STORE_NAME;
	memcpy(in->rel, at->name, strlen(at->name) + 1);
	return STORE_OK;
}

static enum store_err
flags(struct store *st, struct change *c, struct box *b,
    const struct row_at *at, uint32_t add, uint32_t del)
{
	uint32_t now = (at->flags & ~del) | add;
	struct intent in;
	uint64_t modseq;
	enum store_err rc;

	if (now == at->flags)
		return STORE_OK;
	rc = from(&in, INTENT_MOVE, b, at);
	memcpy(in.dbox, b->name, sizeof in.dbox);
	in.duid = at->uid;
	if (rc == STORE_OK)
		rc = maildir_reflag(in.drel, sizeof in.drel, at->name, now);
	if (rc != STORE_OK)
		return rc;
	modseq = box_modseq(st, b);
	if (modseq == 0)
		return STORE_BUSY;
	c->done.modseq = modseq;
	if (strcmp(in.rel, in.drel) != 0)
		rc = intent_add(st, &in);
	if (rc == STORE_OK)
		rc = row(st, row_flags(st->rows, at->id, now, in.drel,
		    modseq));
	return rc;
}

static enum store_err
tags(struct store *st, struct change *c, struct box *b,
    const struct row_at *at)
{
	char now[MAIL_TAGS_MAX];
	enum store_err rc;
	uint64_t modseq;

	rc = c->replace ? tag_change_replace(c->tags, at->tags, now,
	    sizeof now) : tag_change_apply(c->tags, at->tags, now,
	    sizeof now);
	if (rc != STORE_OK || strcmp(now, at->tags) == 0)
		return rc;
	modseq = box_modseq(st, b);
	if (modseq == 0)
		return STORE_BUSY;
	c->done.modseq = modseq;
	rc = tag_put(st, at->hash, now);
	if (rc == STORE_OK && !c->ruled)
		rc = judged_keywords(st, b, at, now);
	if (rc == STORE_OK)
		rc = row(st, row_tags(st->rows, at->id, now, modseq));
	return rc;
}

static enum store_err
tags_and_flags(struct store *st, struct change *c, struct box *b,
    struct row_at *at)
{
	enum store_err rc = STORE_OK;

	if (c->tags->tags || c->replace)
		rc = tags(st, c, b, at);
	if (rc == STORE_OK && (c->tags->add | c->tags->del) != 0)
		rc = flags(st, c, b, at, c->tags->add, c->tags->del);
	return rc;
}

enum store_err
change_list(struct change *c, uint32_t uid)
{
	size_t cap = c->cap != 0 ? c->cap * 2 : 64;
	uint32_t *p;

	if (c->nlist == c->cap) {
		p = reallocarray(c->list, cap, sizeof *p);
		if (p == NULL)
			return STORE_NOMEM;
		c->list = p;
		c->cap = cap;
	}
	c->list[c->nlist++] = uid;
	return STORE_OK;
}

/* RFC 7162 section 3.1.3: changed meanwhile by another is left alone. */
static enum store_err
set_flags(struct store *st, struct change *c, struct box *b,
    struct row_at *at)
{
	if (c->unchanged != 0 && at->modseq > c->unchanged)
		return change_list(c, at->uid);
	return tags_and_flags(st, c, b, at);
}

/* Where a moved or copied one will stand. */
static enum store_err
target(struct store *st, struct change *c, const struct row_at *at,
    struct intent *in, struct box **dest)
{
	struct box *d = box_by_id(st, c->dest);
	struct maildir_name n;

	*dest = d;
	if (d == NULL)
		return STORE_NOTFOUND;
	/* Else it would be seen before one with a lower UID is. */
	if (!intake_settled(st, d))
		return STORE_BUSY;
	in->duid = box_uid(st, d);
	if (in->duid == 0)
		return STORE_BUSY;
	memcpy(in->dbox, d->name, sizeof in->dbox);
	if (!maildir_parse(at->name, &n))
		return STORE_NAME;
	if (c->done.first_uid == 0)
		c->done.first_uid = in->duid;
	c->done.last_uid = in->duid;
	c->done.mbox = d->id;
	c->done.uidvalidity = d->uidvalidity;
	return maildir_make(in->drel, sizeof in->drel, n.base, n.nbase,
	    d->uidvalidity, in->duid, at->flags, n.extra, n.is_new);
}

/* Where it was and where it is, for who asked so. */
static enum store_err
pair(struct change *c, uint32_t was, uint32_t now)
{
	enum store_err rc;

	if (c->type != SET_MOVE && c->type != SET_COPY)
		return STORE_OK;
	rc = change_list(c, was);
	return rc == STORE_OK ? change_list(c, now) : rc;
}

static enum store_err
move(struct store *st, struct change *c, struct box *b,
    const struct row_at *at)
{
	struct intent in;
	struct box *d;
	uint64_t gone, modseq;
	enum store_err rc;

	/* RFC 6851 section 3: MOVE is COPY and EXPUNGE, also onto itself. */
	if (b->id == c->dest && c->type != SET_MOVE)
		return STORE_OK;
	rc = from(&in, INTENT_MOVE, b, at);
	if (rc == STORE_OK)
		rc = target(st, c, at, &in, &d);
	if (rc != STORE_OK)
		return rc;
	gone = box_modseq(st, b);
	modseq = box_modseq(st, d);
	if (gone == 0 || modseq == 0)
		return STORE_BUSY;
	c->done.modseq = modseq;
	rc = intent_add(st, &in);
	if (rc == STORE_OK)
		rc = row(st, row_move(st->rows, at->id, d->id, in.duid,
		    in.drel, gone, modseq));
	if (rc == STORE_OK && !c->ruled)
		rc = judged_note(st, b, d, at);
	return rc == STORE_OK ? pair(c, at->uid, in.duid) : rc;
}

static enum store_err
copy(struct store *st, struct change *c, struct box *b,
    const struct row_at *at)
{
	struct intent in;
	struct box *d;
	uint64_t modseq;
	enum store_err rc;

	rc = from(&in, INTENT_LINK, b, at);
	if (rc == STORE_OK)
		rc = target(st, c, at, &in, &d);
	if (rc != STORE_OK)
		return rc;
	modseq = box_modseq(st, d);
	if (modseq == 0)
		return STORE_BUSY;
	c->done.modseq = modseq;
	if (strlen(at->tags) < sizeof in.tags)
		memcpy(in.tags, at->tags, strlen(at->tags) + 1);
	rc = intent_add(st, &in);
	if (rc == STORE_OK)
		rc = row(st, row_copy(st->rows, at->id, d->id, in.duid,
		    in.drel, modseq));
	/* A phone without MOVE copies, then removes. */
	if (rc == STORE_OK && !c->ruled)
		rc = judged_note(st, b, d, at);
	return rc == STORE_OK ? pair(c, at->uid, in.duid) : rc;
}

static enum store_err
expunge(struct store *st, struct change *c, struct box *b,
    const struct row_at *at)
{
	struct intent in;
	uint64_t modseq;
	enum store_err rc;

	rc = from(&in, INTENT_DROP, b, at);
	if (rc != STORE_OK)
		return rc;
	modseq = box_modseq(st, b);
	if (modseq == 0)
		return STORE_BUSY;
	c->done.modseq = modseq;
	rc = intent_add(st, &in);
	if (rc == STORE_OK)
		rc = row(st, row_remove(st->rows, at->id, modseq));
	return rc == STORE_OK && c->type == SET_EXPUNGE ?
	    change_list(c, at->uid) : rc;
}

static enum store_err
apply(struct store *st, struct change *c, struct box *b, struct row_at *at)
{
	if (c->failed != STORE_OK)
		return expunge(st, c, b, at);
	switch (c->type) {
	case MAIL_FLAGS:
		return flags(st, c, b, at, c->add, c->del);
	case MAIL_TAGS:
		return tags_and_flags(st, c, b, at);
	case SET_STORE:
		return set_flags(st, c, b, at);
	case MAIL_MOVE:
	case SET_MOVE:
		return move(st, c, b, at);
	case MAIL_COPY:
	case SET_COPY:
		return copy(st, c, b, at);
	default:
		return expunge(st, c, b, at);
	}
}

/* Those that are not there (any more) are passed over. */
enum store_err
change_one(struct store *st, struct change *c, uint64_t id)
{
	struct row_at at;
	struct box *b;
	enum store_err rc;
	int code;

	if (c->mbox != 0)
		code = id > UINT32_MAX ? -1 : row_at_uid(st->rows, c->mbox,
		    (uint32_t)id, &at);
	else
		code = row_get(st->rows, id, &at);
	if (code != 0)
		return STORE_OK;
	b = box_by_id(st, at.mbox);
	if (b == NULL)
		return STORE_OK;
	rc = store_begin(st, STORE_CACHE);
	if (rc == STORE_OK)
		rc = store_mark(st, STORE_CACHE, STORE_MARK_SET);
	if (rc != STORE_OK)
		return rc;
	rc = apply(st, c, b, &at);
	if (rc == STORE_OK)
		c->done.n++;
	else
		(void)store_mark(st, STORE_CACHE, STORE_MARK_BACK);
	(void)store_mark(st, STORE_CACHE, STORE_MARK_DROP);
	return rc;
}
