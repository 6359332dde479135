/* Flags of many: one intent, which becomes a rename for each of them. */
#include <string.h>

#include "store/box.h"
#include "store/parts.h"
#include "store/intent_parts.h"
#include "store/row.h"
#include "store/sql.h"

enum { FLAGS_SLICE = 200 };	/* rows in one turn */

/* One row behind `from`; 0: none is left. */
static uint32_t
next_uid(struct store *st, uint64_t mbox, uint32_t from, uint32_t to)
{
	static struct store_slot slot;

	return (uint32_t)store_int(st, STORE_CACHE, &slot, "SELECT uid FROM"
	    " mail WHERE mbox = ?1 AND uid BETWEEN ?2 AND ?3 ORDER BY uid"
	    " LIMIT 1", "iii", (int64_t)mbox, (int64_t)from, (int64_t)to);
}

static enum store_err
rename_one(struct store *st, struct box *b, const struct row_at *at)
{
	struct intent in = { .kind = INTENT_MOVE, .uid = at->uid,
	    .duid = at->uid };
	enum store_err rc;

	if (strlen(at->name) >= sizeof in.rel)
		return STORE_OK;
	memcpy(in.box, b->name, sizeof in.box);
	memcpy(in.dbox, b->name, sizeof in.dbox);
	memcpy(in.rel, at->name, strlen(at->name) + 1);
	if (maildir_reflag(in.drel, sizeof in.drel, at->name, at->flags) !=
	    STORE_OK || strcmp(in.rel, in.drel) == 0)
		return STORE_OK;
	rc = intent_add(st, &in);
	return rc == STORE_OK ? store_result(st, STORE_CACHE,
	    row_named(st->rows, at, in.drel)) : rc;
}

/* After a crash the rows may have lost what was asked. */
static enum store_err
flags_again(struct store *st, struct box *b, const struct intent *in,
    struct row_at *at)
{
	uint32_t add = (uint32_t)in->received >> 8 & 255;
	uint32_t del = (uint32_t)in->received & 255;
	uint32_t now = (at->flags & ~del) | add;
	uint64_t modseq;

	if (now == at->flags || (now & ~(uint32_t)STORE_FLAGS_ALL))
		return STORE_OK;
	modseq = box_modseq(st, b);
	if (modseq == 0)
		return STORE_BUSY;
	at->flags = now;
	return store_result(st, STORE_CACHE, row_flags(st->rows, at->id, now,
	    at->name, modseq));
}

static enum store_err
one_of_many(struct store *st, struct box *b, const struct intent *in,
    uint32_t uid)
{
	struct row_at at;
	enum store_err rc = STORE_OK;

	if (row_at_uid(st->rows, b->id, uid, &at) != 0)
		return STORE_OK;
	if (in->id <= st->intents->old)
		rc = flags_again(st, b, in, &at);
	return rc == STORE_OK ? rename_one(st, b, &at) : rc;
}

static enum store_err
go_on_from(struct store *st, uint64_t id, uint32_t uid)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot,
	    "UPDATE intent SET uid = ?2 WHERE id = ?1", "ii", (int64_t)id,
	    (int64_t)uid);
}

bool
intent_slice(struct store *st, const struct intent *in)
{
	struct box *b = box_by_name(st, in->box);
	uint32_t uid = in->uid;
	enum store_err rc;
	int i;

	rc = store_begin(st, STORE_NODE);
	if (rc == STORE_OK)
		rc = store_begin(st, STORE_CACHE);
	for (i = 0; b != NULL && rc == STORE_OK && i < FLAGS_SLICE; i++) {
		uid = next_uid(st, b->id, uid, in->duid);
		if (uid == 0)
			break;
		rc = one_of_many(st, b, in, uid++);
	}
	if (b == NULL || (rc == STORE_OK && uid == 0))
		return intent_strike(st, in) == STORE_OK;
	if (rc == STORE_OK)
		(void)go_on_from(st, in->id, uid);
	loop_arm(st->loop, &st->again, rc == STORE_OK ? 0 :
	    INTENT_RETRY_MS);
	return false;
}
