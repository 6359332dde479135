#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/fnv.h"
#include "mailnode/base/num.h"
#include "store/box.h"
#include "store/rule.h"
#include "store/sql.h"

const char rule_schema[] =
    "CREATE TABLE IF NOT EXISTS rule_todo("
    " id INTEGER PRIMARY KEY, uidvalidity INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, msg INTEGER NOT NULL, hash BLOB NOT NULL,"
    " msgid TEXT NOT NULL, trace TEXT NOT NULL, sender TEXT NOT NULL,"
    " given TEXT NOT NULL, own INTEGER NOT NULL, stays INTEGER NOT NULL,"
    " todo INTEGER NOT NULL, did INTEGER NOT NULL, hits TEXT NOT NULL,"
    " sum INTEGER NOT NULL, at INTEGER NOT NULL,"
    " entry INTEGER NOT NULL, verdict TEXT NOT NULL,"
    " said TEXT NOT NULL DEFAULT '',"
    " UNIQUE(uidvalidity, uid));"
    "CREATE INDEX IF NOT EXISTS rule_todo_todo ON rule_todo(id)"
    " WHERE todo <> 0;"
    "CREATE INDEX IF NOT EXISTS rule_todo_done ON rule_todo(at)"
    " WHERE todo = 0;";

static uint64_t
add(uint64_t h, const char *s)
{
	return fnv_octet(fnv_str(h, s != NULL ? s : ""), 0xff);
}

uint64_t
rule_sum(const struct rule *r, size_t n)
{
	uint64_t h = FNV_BEGIN;
	size_t i;

	for (i = 0; i < n; i++) {
		h = add(h, r[i].query);
		h = add(h, r[i].tags);
		h = add(h, r[i].folder);
		h = add(h, r[i].hook);
		h = add(h, r[i].forward);
		h = add(h, r[i].notify ? r[i].stop ? "b" : "n" :
		    r[i].stop ? "s" : "");
	}
	return h & INT64_MAX;
}

/* ---- writing ---- */

static enum store_err
forget_old(struct store *st, int64_t now)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot,
	    "DELETE FROM rule_todo WHERE todo = 0 AND at < ?1", "i",
	    now - RULE_KEEP_S);
}

enum store_err
rule_note(struct store *st, const struct rule_row *r)
{
	static struct store_slot slot;
	int64_t now = clock_wall_s();
	enum store_err rc;

	rc = forget_old(st, now);
	if (rc != STORE_OK)
		return rc;
	return store_do(st, STORE_NODE, &slot, "INSERT OR IGNORE INTO"
	    " rule_todo(uidvalidity, uid, msg, hash, msgid, trace, sender,"
	    " given, own, stays, todo, did, hits, sum, at, entry,"
	    " verdict) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
	    " 0, '', 0, ?12, ?13, ?14)", "iiibssssiiiiis",
	    (int64_t)r->uidvalidity, (int64_t)r->uid, (int64_t)r->msg, r->hash,
	    sizeof r->hash, r->msgid, r->trace, r->sender, r->given,
	    (int64_t)r->own, (int64_t)r->stays, (int64_t)r->todo, now,
	    (int64_t)r->entry, r->verdict);
}

static void
put_hits(const struct rule_row *r, char dst[RULE_HITS_TEXT])
{
	size_t i, at = 0;

	dst[0] = '\0';
	for (i = 0; i < r->nhits && at < RULE_HITS_TEXT; i++)
		at += (size_t)snprintf(dst + at, RULE_HITS_TEXT - at, "%s%u",
		    i > 0 ? " " : "", r->hit[i] % RULES_MAX);
}

enum store_err
rule_save(struct store *st, const struct rule_row *r)
{
	static struct store_slot slot;
	char hits[RULE_HITS_TEXT], said[sizeof r->said + 4];

	put_hits(r, hits);
	snprintf(said, sizeof said, "%s\n%s\n%s", r->said.tags,
	    r->said.folder, r->said.reason);
	return store_do(st, STORE_NODE, &slot, "UPDATE rule_todo SET"
	    " todo = ?2, did = ?3, hits = ?4, sum = ?5, said = ?6"
	    " WHERE id = ?1", "iiisis", (int64_t)r->id, (int64_t)r->todo,
	    (int64_t)r->did, hits, (int64_t)r->sum, said);
}

/* ---- reading ---- */

static void
get_hits(const char *p, struct rule_row *r)
{
	const char *end;
	uint32_t v;

	for (; p != NULL && *p != '\0' && r->nhits < RULE_HITS_MAX;
	    p = end + (*end == ' ')) {
		end = p + strcspn(p, " ");
		if (num_u32(p, end, 0, RULES_MAX - 1, &v) == 0)
			r->hit[r->nhits++] = (uint16_t)v;
	}
}

static void
get_said(const char *p, struct rule_said *said)
{
	const char *a = p != NULL ? strchr(p, '\n') : NULL;
	const char *b = a != NULL ? strchr(a + 1, '\n') : NULL;

	if (b == NULL)
		return;
	snprintf(said->tags, sizeof said->tags, "%.*s", (int)(a - p), p);
	snprintf(said->folder, sizeof said->folder, "%.*s",
	    (int)(b - a - 1), a + 1);
	snprintf(said->reason, sizeof said->reason, "%s", b + 1);
}

static void
get_row(sqlite3_stmt *s, struct rule_row *r)
{
	memset(r, 0, sizeof *r);
	r->id = (uint64_t)sqlite3_column_int64(s, 0);
	r->uidvalidity = (uint32_t)sqlite3_column_int64(s, 1);
	r->uid = (uint32_t)sqlite3_column_int64(s, 2);
	r->msg = (uint64_t)sqlite3_column_int64(s, 3);
	if (sqlite3_column_bytes(s, 4) == sizeof r->hash)
		memcpy(r->hash, sqlite3_column_blob(s, 4), sizeof r->hash);
	sql_copy(r->msgid, sizeof r->msgid, s, 5);
	sql_copy(r->trace, sizeof r->trace, s, 6);
	sql_copy(r->sender, sizeof r->sender, s, 7);
	sql_copy(r->given, sizeof r->given, s, 8);
	r->own = sqlite3_column_int(s, 9) != 0;
	r->stays = sqlite3_column_int(s, 10) != 0;
	r->todo = (unsigned int)sqlite3_column_int(s, 11);
	r->did = sqlite3_column_int(s, 12) != 0;
	get_hits((const char *)sqlite3_column_text(s, 13), r);
	r->sum = (uint64_t)sqlite3_column_int64(s, 14);
	r->at = sqlite3_column_int64(s, 15);
	r->entry = (uint64_t)sqlite3_column_int64(s, 16);
	sql_copy(r->verdict, sizeof r->verdict, s, 17);
	get_said((const char *)sqlite3_column_text(s, 18), &r->said);
}

enum store_err
rule_next(struct store *st, uint64_t after, unsigned int todo,
    struct rule_row *r)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	int code;

	s = store_ask(st, STORE_NODE, &slot, "SELECT id, uidvalidity, uid,"
	    " msg, hash, msgid, trace, sender, given, own, stays, todo, did,"
	    " hits, sum, at, entry, verdict, said FROM rule_todo WHERE todo <> 0 AND id > ?1"
	    " AND todo & ?2 ORDER BY id LIMIT 1", "ii", (int64_t)after,
	    (int64_t)todo);
	if (s == NULL)
		return STORE_NOMEM;
	code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		get_row(s, r);
	(void)sqlite3_reset(s);
	return code == SQLITE_ROW ? STORE_OK : code == SQLITE_DONE ?
	    STORE_NOTFOUND : store_result(st, STORE_NODE, code);
}

/* ---- where it is ---- */

static bool
same(const struct rule_row *r, const struct row_at *at)
{
	return memcmp(r->hash, at->hash, sizeof r->hash) == 0;
}

/* The row it had; after a rebuild the one at its UID; else any of that
 * content: it was moved meanwhile. */
enum store_err
rule_locate(struct store *st, const struct rule_row *r, struct row_at *at)
{
	struct box *b;
	uint64_t id;
	size_t i;

	if (row_get(st->rows, r->msg, at) == 0 && same(r, at))
		return STORE_OK;
	for (i = 0; i < box_count(st); i++) {
		b = box_at(st, i);
		if (b->uidvalidity == r->uidvalidity && row_at_uid(st->rows,
		    b->id, r->uid, at) == 0 && same(r, at))
			return STORE_OK;
	}
	for (i = 0; i < box_count(st); i++)
		if (row_by_hash(st->rows, box_at(st, i)->id, r->hash, &id) ==
		    0 && id != 0 && row_get(st->rows, id, at) == 0)
			return STORE_OK;
	return STORE_NOTFOUND;
}
