#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store/box.h"
#include "store/change.h"
#include "store/fan_copy.h"
#include "store/op_event.h"
#include "store/op_queue.h"
#include "store/parts.h"
#include "store/rule.h"
#include "store/spool.h"
#include "store/sql.h"
#include "store/sync.h"

enum {
	SOON_MS = 50,		/* files move, the spool forgets */
	LATER_MS = 2000,	/* after trouble */
	SLICE = 20		/* in one turn */
};

static const char trash[] = "Trash";

const char fan_copy_schema[] =
    "CREATE TABLE IF NOT EXISTS fan_copy("
    " id INTEGER PRIMARY KEY, entry INTEGER NOT NULL,"
    " uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL,"
    " msg INTEGER NOT NULL, hash BLOB NOT NULL, trace TEXT NOT NULL,"
    " letters INTEGER NOT NULL, UNIQUE(uidvalidity, uid));"
    "CREATE INDEX IF NOT EXISTS fan_copy_due ON fan_copy(id)"
    " WHERE letters = 0;"
    "CREATE TABLE IF NOT EXISTS fan_letter("
    " letter INTEGER PRIMARY KEY, copy INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS fan_letter_copy ON fan_letter(copy);";

/* ---- letters ---- */

static enum store_err
add_copy(struct store *st, const struct fan *f)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "INSERT OR IGNORE INTO"
	    " fan_copy(entry, uidvalidity, uid, msg, hash, trace, letters)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)", "iiiibs", (int64_t)f->entry,
	    (int64_t)f->uidvalidity, (int64_t)f->uid, (int64_t)f->row, f->hash,
	    (size_t)32, f->trace);
}

enum store_err
fan_copy_letter(struct store *st, const struct fan *f, uint64_t letter)
{
	static struct store_slot find, more, add;
	enum store_err rc = add_copy(st, f);
	int64_t copy;

	if (rc != STORE_OK)
		return rc;
	copy = store_int(st, STORE_NODE, &find, "SELECT id FROM fan_copy"
	    " WHERE uidvalidity = ?1 AND uid = ?2", "ii",
	    (int64_t)f->uidvalidity, (int64_t)f->uid);
	rc = store_do(st, STORE_NODE, &more, "UPDATE fan_copy"
	    " SET letters = letters + 1 WHERE id = ?1", "i", copy);
	return rc != STORE_OK ? rc : store_do(st, STORE_NODE, &add,
	    "INSERT INTO fan_letter VALUES(?1, ?2)", "ii", (int64_t)letter,
	    copy);
}

static void
drop_copy(struct store *st, int64_t copy)
{
	static struct store_slot letters, row;

	(void)store_do(st, STORE_NODE, &letters,
	    "DELETE FROM fan_letter WHERE copy = ?1", "i", copy);
	(void)store_do(st, STORE_NODE, &row,
	    "DELETE FROM fan_copy WHERE id = ?1", "i", copy);
}

static void
soon(struct store *st)
{
	loop_disarm(st->loop, &st->fan_copy);
	loop_arm(st->loop, &st->fan_copy, SOON_MS);
}

void
fan_copy_settled(struct store *st, uint64_t letter)
{
	static struct store_slot find, fates, gone, less;
	int64_t id = (int64_t)letter, copy = store_int(st, STORE_NODE, &find,
	    "SELECT copy FROM fan_letter WHERE letter = ?1", "i", id);

	if (copy == 0 || store_begin(st, STORE_NODE) != STORE_OK)
		return;
	/* Refused, expired or dropped, or nobody knows: whoever reads it finds
	 * it here. */
	if (store_int(st, STORE_NODE, &fates, "SELECT NOT EXISTS(SELECT 1 FROM"
	    " queue_rcpt WHERE letter = ?1 AND fate <> ?2)", "ii", id,
	    (int64_t)QUEUE_SENT) == 0) {
		drop_copy(st, copy);
		return;
	}
	(void)store_do(st, STORE_NODE, &gone,
	    "DELETE FROM fan_letter WHERE letter = ?1", "i", id);
	(void)store_do(st, STORE_NODE, &less, "UPDATE fan_copy"
	    " SET letters = letters - 1 WHERE id = ?1", "i", copy);
	soon(st);
}

/* ---- the copy ---- */

static bool
first_due(struct store *st, struct rule_row *r)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT id, entry,"
	    " uidvalidity, uid, msg, hash, trace FROM fan_copy"
	    " WHERE letters = 0 AND id > ?1 ORDER BY id LIMIT 1", "i",
	    (int64_t)r->id);
	bool found;

	if (s == NULL)
		return false;
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		r->id = (uint64_t)sqlite3_column_int64(s, 0);
		r->entry = (uint64_t)sqlite3_column_int64(s, 1);
		r->uidvalidity = (uint32_t)sqlite3_column_int64(s, 2);
		r->uid = (uint32_t)sqlite3_column_int64(s, 3);
		r->msg = (uint64_t)sqlite3_column_int64(s, 4);
		memset(r->hash, 0, sizeof r->hash);
		if (sqlite3_column_bytes(s, 5) == sizeof r->hash)
			memcpy(r->hash, sqlite3_column_blob(s, 5),
			    sizeof r->hash);
		sql_copy(r->trace, sizeof r->trace, s, 6);
	}
	(void)sqlite3_reset(s);
	return found;
}

/* STORE_BUSY: in a moment. */
static enum store_err
to_trash(struct store *st, const struct rule_row *r)
{
	struct change c = { .type = MAIL_MOVE, .ruled = true };
	const struct box *from, *to = box_by_name(st, trash);
	struct row_at at;
	enum store_err rc;

	if (spool_has(st, r->entry)) {
		spool_strike(st);
		return STORE_BUSY;
	}
	if (st->filer == NULL || st->rebuild || !sync_idle(st) ||
	    to == NULL || !to->here)
		return STORE_BUSY;
	rc = store_begin(st, STORE_NODE);
	if (rc != STORE_OK)
		return rc;
	if (rule_locate(st, r, &at) == STORE_OK && (at.flags &
	    STORE_FLAGGED) == 0 && (from = box_by_id(st, at.mbox)) != NULL &&
	    from->uidvalidity == r->uidvalidity) {
		c.dest = to->id;
		rc = change_one(st, &c, at.id);
		if (rc != STORE_OK)
			return rc;
		event_add(st, r->trace, "", "trash", "it was sent on: the "
		    "copy here is no longer needed");
	}
	drop_copy(st, (int64_t)r->id);
	return STORE_OK;
}

static void
due(void *arg)
{
	struct store *st = arg;
	struct rule_row r = { .id = 0 };
	int64_t wait_ms = -1;
	enum store_err rc;
	size_t n;

	for (n = 0; n < SLICE && first_due(st, &r); n++) {
		rc = to_trash(st, &r);
		if (rc != STORE_OK && wait_ms != SOON_MS)
			wait_ms = rc == STORE_BUSY ? SOON_MS : LATER_MS;
	}
	if (n == SLICE)
		wait_ms = SOON_MS;
	if (wait_ms >= 0)
		loop_arm(st->loop, &st->fan_copy, wait_ms);
	/* What was written is committed by the turn this timer is in. */
}

enum store_err
fan_copy_open(struct store *st)
{
	st->fan_copy = (struct loop_timer){ .fn = due, .arg = st };
	loop_arm(st->loop, &st->fan_copy, SOON_MS);
	return STORE_OK;
}

void
fan_copy_close(struct store *st)
{
	loop_disarm(st->loop, &st->fan_copy);
}
