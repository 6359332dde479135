/*
 *	awake --SNOOZE_PUT due: put()--> asleep: row of `snooze`, in Snoozed
 *	asleep --due: wake()--> awake: in its folder, unread
 *	asleep --SNOOZE_PUT 0: back()--> awake: in its folder, as it was
 *	asleep --moved by hand--> awake; wake() finds it gone and forgets it
 *
 * Row and move are of one turn: a crash leaves both, or neither, or (store.db
 * commits first and its move is an intent of node.db) the row without the
 * move, which wake() then forgets.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/change.h"
#include "store/op_snooze.h"
#include "store/row.h"
#include "store/sync.h"
#include "store/wire.h"

enum {
	LOOK_MS = 30000,	/* the clock may be set: look again */
	SOON_MS = 500,		/* not now: rows or numbers are missing */
	TRY_MAX = 50		/* in one turn */
};

const char snooze_box[] = "Snoozed";

const char snooze_schema[] =
    "CREATE TABLE IF NOT EXISTS snooze("
    " hash BLOB PRIMARY KEY, due INTEGER NOT NULL,"
    " folder TEXT NOT NULL) WITHOUT ROWID;"	/* where it goes back to */
    "CREATE INDEX IF NOT EXISTS snooze_due ON snooze(due);";

struct sleeper {
	uint8_t		hash[32];
	int64_t		due;
	char		folder[BOX_NAME_MAX];
};

/* ---- client ---- */

void
snooze_put_put(struct buf *b, const struct mail_set *set, int64_t due)
{
	size_t i;

	chan_put_i64(b, due);
	chan_put_u64(b, set->mbox);
	chan_put_u32(b, (uint32_t)set->n);
	for (i = 0; i < set->n; i++)
		chan_put_u64(b, set->id[i]);
}

uint16_t
snooze_put(int ch, struct op_reply *r, const struct mail_set *set,
    int64_t due)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	snooze_put_put(&b, set, due);
	return wire_ask(ch, r, SNOOZE_PUT, &b, MAIL_WAIT_MS);
}

void
snooze_when_put(struct buf *b, const uint64_t *id, size_t n)
{
	size_t i;

	chan_put_u32(b, (uint32_t)n);
	for (i = 0; i < n; i++)
		chan_put_u64(b, id[i]);
}

bool
snooze_when_get(struct chan_in *in, int64_t *due, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		due[i] = chan_get_i64(in);
	return chan_end(in);
}

/* ---- the table ---- */

static enum store_err
save(struct store *st, const struct sleeper *sl)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot,
	    "REPLACE INTO snooze(hash, due, folder) VALUES(?1, ?2, ?3)", "bis",
	    sl->hash, (size_t)32, (int64_t)sl->due, sl->folder);
}

static enum store_err
forget(struct store *st, const uint8_t hash[32])
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot,
	    "DELETE FROM snooze WHERE hash = ?1", "b", hash, (size_t)32);
}

static bool
read_sleeper(sqlite3_stmt *s, struct sleeper *sl)
{
	const char *folder;
	bool found = sqlite3_step(s) == SQLITE_ROW;

	memset(sl, 0, sizeof *sl);
	if (found && sqlite3_column_bytes(s, 0) == 32) {
		memcpy(sl->hash, sqlite3_column_blob(s, 0), 32);
		sl->due = sqlite3_column_int64(s, 1);
		folder = (const char *)sqlite3_column_text(s, 2);
		if (folder != NULL && strlen(folder) < sizeof sl->folder)
			memcpy(sl->folder, folder, strlen(folder) + 1);
	} else {
		found = false;
	}
	(void)sqlite3_reset(s);
	return found;
}

static bool
by_hash(struct store *st, const uint8_t hash[32], struct sleeper *sl)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot,
	    "SELECT hash, due, folder FROM snooze WHERE hash = ?1", "b", hash,
	    (size_t)32);

	if (s == NULL)
		return false;
	return read_sleeper(s, sl);
}

/*
 * The one that is due first, of those that this round has not tried.  What is
 * no hash of ours is left where it is.
 */
static bool
next_due(struct store *st, struct sleeper *sl)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot,
	    "SELECT hash, due, folder FROM snooze WHERE (due, hash) > (?1, ?2)"
	    " AND length(hash) = 32 ORDER BY due, hash LIMIT 1", "ib",
	    st->snooze_due, st->snooze_hash, (size_t)32);

	if (s == NULL)
		return false;
	return read_sleeper(s, sl);
}

static void
tried(struct store *st, const struct sleeper *sl)
{
	st->snooze_due = sl->due;
	memcpy(st->snooze_hash, sl->hash, sizeof st->snooze_hash);
}

static void
new_round(struct store *st)
{
	st->snooze_due = INT64_MIN;
	memset(st->snooze_hash, 0, sizeof st->snooze_hash);
}

/* ---- there and back ---- */

static enum store_err
move_to(struct store *st, uint64_t id, const struct box *to)
{
	struct change c = { .type = MAIL_MOVE, .dest = to->id,
	    .ruled = true };

	return change_one(st, &c, id);
}

/* The folder it came from, or INBOX when that is gone. */
static struct box *
home_of(const struct store *st, const struct sleeper *sl)
{
	struct box *b = box_by_name(st, sl->folder);

	return b != NULL && b->here ? b : box_by_name(st, "INBOX");
}

/* One of that content, if any sleeps; *id 0: none does. */
static enum store_err
in_bed(struct store *st, const struct box *bed, const uint8_t hash[32],
    uint64_t *id)
{
	*id = 0;
	return bed == NULL ? STORE_OK : store_result(st, STORE_CACHE,
	    row_by_hash(st->rows, bed->id, hash, id));
}

static enum store_err
put(struct store *st, struct box *bed, uint64_t id, int64_t due)
{
	struct sleeper sl;
	struct row_at at;
	struct box *b;
	enum store_err rc;

	if (row_get(st->rows, id, &at) != 0 ||
	    (b = box_by_id(st, at.mbox)) == NULL)
		return STORE_OK;
	/* Put off once more: its home is not Snoozed. */
	if (b != bed || !by_hash(st, at.hash, &sl))
		memcpy(sl.folder, b != bed ? b->name : "INBOX",
		    b != bed ? strlen(b->name) + 1 : sizeof "INBOX");
	memcpy(sl.hash, at.hash, sizeof sl.hash);
	sl.due = due;
	rc = move_to(st, id, bed);
	return rc == STORE_OK ? save(st, &sl) : rc;
}

static enum store_err
back(struct store *st, struct box *bed, uint64_t id)
{
	struct sleeper sl;
	struct row_at at;
	enum store_err rc = STORE_OK;
	uint64_t twin = 0;

	if (row_get(st->rows, id, &at) != 0 || !by_hash(st, at.hash, &sl))
		return STORE_OK;
	if (at.mbox == bed->id)
		rc = move_to(st, id, home_of(st, &sl));
	if (rc == STORE_OK)
		rc = in_bed(st, bed, at.hash, &twin);
	return rc == STORE_OK && twin == 0 ? forget(st, at.hash) : rc;
}

/* All of that content: one row of `snooze` stands for them. */
static enum store_err
wake(struct store *st, const struct box *bed, const struct sleeper *sl)
{
	struct change unread = { .type = MAIL_FLAGS, .del = STORE_SEEN };
	enum store_err rc;
	uint64_t id;

	while ((rc = in_bed(st, bed, sl->hash, &id)) == STORE_OK && id != 0) {
		rc = move_to(st, id, home_of(st, sl));
		if (rc == STORE_OK)
			rc = change_one(st, &unread, id);
		if (rc != STORE_OK)
			return rc;
	}
	return rc == STORE_OK ? forget(st, sl->hash) : rc;
}

/* ---- when ---- */

/* Before all folders were looked at, and all in them has a row, what is
 * missing may only be unseen. */
static bool
can_wake(struct store *st)
{
	return st->filer != NULL && !st->rebuild && sync_idle(st) &&
	    store_begin(st, STORE_NODE) == STORE_OK;
}

/* One that cannot be woken waits for the next round; the others do not. */
static int64_t
wake_due(struct store *st, const struct box *bed)
{
	int64_t now = clock_wall_s(), wait_ms = LOOK_MS;
	struct sleeper sl;
	enum store_err rc;
	size_t n;

	for (n = 0; next_due(st, &sl) && sl.due <= now; n++) {
		if (n == TRY_MAX || !can_wake(st))
			return SOON_MS;
		rc = wake(st, bed, &sl);
		if (rc != STORE_OK && rc != STORE_NAME && rc != STORE_NOTFOUND)
			wait_ms = SOON_MS;
		tried(st, &sl);
	}
	new_round(st);
	if (next_due(st, &sl) && sl.due > now &&
	    (sl.due - now) * 1000 < wait_ms)
		wait_ms = (sl.due - now) * 1000;
	return wait_ms;
}

static void
due(void *arg)
{
	struct store *st = arg;

	loop_arm(st->loop, &st->snooze,
	    wake_due(st, box_by_name(st, snooze_box)));
	/* What was written is committed by the turn this timer is in. */
}

enum store_err
snooze_open(struct store *st)
{
	st->snooze = (struct loop_timer){ .fn = due, .arg = st };
	new_round(st);
	loop_arm(st->loop, &st->snooze, SOON_MS);
	return STORE_OK;
}

void
snooze_close(struct store *st)
{
	loop_disarm(st->loop, &st->snooze);
}

/* ---- the op ---- */

static bool
due_ok(int64_t at)
{
	int64_t now = clock_wall_s();

	return at == 0 || (at > now - 60 &&
	    at < now + (int64_t)SNOOZE_YEARS_MAX * 366 * 86400);
}

static uint16_t
on_put(void *service, struct op_call *c)
{
	struct store *st = service;
	int64_t at = chan_get_i64(&c->in);
	uint64_t mbox = chan_get_u64(&c->in), *ids;
	uint32_t n = chan_get_u32(&c->in), i;
	struct box *bed = box_by_name(st, snooze_box);
	enum store_err rc;

	if (c->in.bad || mbox != 0 || n > SNOOZE_SET_MAX || !due_ok(at))
		return OP_BAD;
	ids = calloc(n + 1U, sizeof *ids);
	if (ids == NULL)
		return STORE_NOMEM;
	for (i = 0; i < n; i++)
		ids[i] = chan_get_u64(&c->in);
	rc = bed != NULL && bed->here ? store_begin(st, STORE_NODE) :
	    STORE_NOTFOUND;
	if (!chan_end(&c->in)) {
		free(ids);
		return OP_BAD;
	}
	for (i = 0; i < n && rc == STORE_OK; i++)
		rc = at != 0 ? put(st, bed, ids[i], at) :
		    back(st, bed, ids[i]);
	free(ids);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	loop_arm(st->loop, &st->snooze, 0);
	return store_later(st, c, STORE_BIT(STORE_NODE) |
	    STORE_BIT(STORE_CACHE));
}

static int64_t
due_of(struct store *st, const struct box *bed, uint64_t id)
{
	struct sleeper sl;
	struct row_at at;

	return bed != NULL && row_get(st->rows, id, &at) == 0 &&
	    at.mbox == bed->id && by_hash(st, at.hash, &sl) ? sl.due : 0;
}

static uint16_t
on_when(void *service, struct op_call *c)
{
	struct store *st = service;
	const struct box *bed = box_by_name(st, snooze_box);
	uint32_t n = chan_get_u32(&c->in), i;
	uint64_t id[SNOOZE_WHEN_MAX];

	if (c->in.bad || n > SNOOZE_WHEN_MAX)
		return OP_BAD;
	for (i = 0; i < n; i++)
		id[i] = chan_get_u64(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	for (i = 0; i < n; i++)
		chan_put_i64(c->out, due_of(st, bed, id[i]));
	return OP_OK;
}

const struct op snooze_ops[] = {
	{ SNOOZE_PUT,	ROLE_BIT(ROLE_OWNER),	on_put },
	{ SNOOZE_WHEN,	ROLE_BIT(ROLE_OWNER),	on_when },
	{ 0, 0, NULL }
};
