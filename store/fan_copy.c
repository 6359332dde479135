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
run(struct store *st, struct store_slot *slot, const char *sql, uint64_t a,
    uint64_t b)
{
	sqlite3_stmt *s = store_stmt(st, STORE_NODE, slot, sql);
	enum store_err rc;

	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_int64(s, 1, (int64_t)a);
	if (sqlite3_bind_parameter_count(s) > 1)
		sqlite3_bind_int64(s, 2, (int64_t)b);
	rc = store_result(st, STORE_NODE, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

/* The first column of the first row; 0: there is none. */
static uint64_t
number(struct store *st, struct store_slot *slot, const char *sql,
    uint64_t a, uint64_t b)
{
	sqlite3_stmt *s = store_stmt(st, STORE_NODE, slot, sql);
	uint64_t v = 0;

	if (s == NULL)
		return 0;
	sqlite3_bind_int64(s, 1, (int64_t)a);
	if (sqlite3_bind_parameter_count(s) > 1)
		sqlite3_bind_int64(s, 2, (int64_t)b);
	if (sqlite3_step(s) == SQLITE_ROW)
		v = (uint64_t)sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s);
	return v;
}

static enum store_err
add_copy(struct store *st, const struct fan *f)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	enum store_err rc;

	s = store_stmt(st, STORE_NODE, &slot, "INSERT OR IGNORE INTO"
	    " fan_copy(entry, uidvalidity, uid, msg, hash, trace, letters)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_int64(s, 1, (int64_t)f->entry);
	sqlite3_bind_int64(s, 2, f->uidvalidity);
	sqlite3_bind_int64(s, 3, f->uid);
	sqlite3_bind_int64(s, 4, (int64_t)f->row);
	sqlite3_bind_blob(s, 5, f->hash, 32, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, f->trace, -1, SQLITE_STATIC);
	rc = store_result(st, STORE_NODE, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

enum store_err
fan_copy_letter(struct store *st, const struct fan *f, uint64_t letter)
{
	static struct store_slot find, more, add;
	enum store_err rc = add_copy(st, f);
	uint64_t copy;

	if (rc != STORE_OK)
		return rc;
	copy = number(st, &find, "SELECT id FROM fan_copy"
	    " WHERE uidvalidity = ?1 AND uid = ?2", f->uidvalidity, f->uid);
	rc = run(st, &more, "UPDATE fan_copy SET letters = letters + 1"
	    " WHERE id = ?1", copy, 0);
	return rc != STORE_OK ? rc : run(st, &add,
	    "INSERT INTO fan_letter VALUES(?1, ?2)", letter, copy);
}

static void
drop_copy(struct store *st, uint64_t copy)
{
	static struct store_slot letters, row;

	(void)run(st, &letters, "DELETE FROM fan_letter WHERE copy = ?1",
	    copy, 0);
	(void)run(st, &row, "DELETE FROM fan_copy WHERE id = ?1", copy, 0);
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
	uint64_t copy = number(st, &find,
	    "SELECT copy FROM fan_letter WHERE letter = ?1", letter, 0);

	if (copy == 0 || store_begin(st, STORE_NODE) != STORE_OK)
		return;
	/* Refused, expired or dropped: whoever reads it finds it here. */
	if (number(st, &fates, "SELECT count(*) FROM queue_rcpt"
	    " WHERE letter = ?1 AND fate <> ?2", letter, QUEUE_SENT) != 0) {
		drop_copy(st, copy);
		return;
	}
	(void)run(st, &gone, "DELETE FROM fan_letter WHERE letter = ?1",
	    letter, 0);
	(void)run(st, &less, "UPDATE fan_copy SET letters = letters - 1"
	    " WHERE id = ?1", copy, 0);
	soon(st);
}

/* ---- the copy ---- */

static bool
first_due(struct store *st, struct rule_row *r)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_stmt(st, STORE_NODE, &slot, "SELECT id, entry,"
	    " uidvalidity, uid, msg, hash, trace FROM fan_copy"
	    " WHERE letters = 0 AND id > ?1 ORDER BY id LIMIT 1");
	bool found;

	if (s == NULL)
		return false;
	sqlite3_bind_int64(s, 1, (int64_t)r->id);
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
	if (st->filer == NULL || !sync_idle(st) || to == NULL || !to->here)
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
	drop_copy(st, r->id);
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
