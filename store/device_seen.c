#include <sqlite3.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/device_seen.h"
#include "store/store.h"

const char device_schema[] =
    "CREATE TABLE IF NOT EXISTS device("
    " name TEXT PRIMARY KEY, at INTEGER NOT NULL, service TEXT NOT NULL,"
    " addr TEXT NOT NULL, client TEXT NOT NULL,"
    " folder TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS device_folder("
    " name TEXT NOT NULL, folder TEXT NOT NULL, modseq INTEGER NOT NULL,"
    " PRIMARY KEY(name, folder)) WITHOUT ROWID;";

enum store_err
device_seen_login(struct store *st, const struct device *d, enum role role,
    const char *addr)
{
	static struct store_slot slot;
	struct sqlite3_stmt *s;
	enum store_err rc = store_begin(st, STORE_NODE);

	if (rc != STORE_OK)
		return rc;
	s = store_stmt(st, STORE_NODE, &slot,
	    "INSERT INTO device VALUES(?,?,?,?,'','') ON CONFLICT(name) DO"
	    " UPDATE SET at=excluded.at, service=excluded.service,"
	    " addr=excluded.addr");
	if (s == NULL)
		return STORE_IO;
	sqlite3_bind_text(s, 1, d->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, clock_wall_s());
	sqlite3_bind_text(s, 3, role_name(role), -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, addr, -1, SQLITE_STATIC);
	return store_result(st, STORE_NODE, sqlite3_step(s));
}

enum store_err
device_seen_client(struct store *st, const struct device *d, const char *client,
    const char *folder)
{
	static struct store_slot slot;
	struct sqlite3_stmt *s;
	enum store_err rc = store_begin(st, STORE_NODE);

	if (rc != STORE_OK)
		return rc;
	s = store_stmt(st, STORE_NODE, &slot, "UPDATE device SET at=?1,"
	    " client=CASE ?2 WHEN '' THEN client ELSE ?2 END,"
	    " folder=CASE ?3 WHEN '' THEN folder ELSE ?3 END WHERE name=?4");
	if (s == NULL)
		return STORE_IO;
	sqlite3_bind_int64(s, 1, clock_wall_s());
	sqlite3_bind_text(s, 2, client, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, folder, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, d->name, -1, SQLITE_STATIC);
	return store_result(st, STORE_NODE, sqlite3_step(s));
}

enum store_err
device_seen_folder(struct store *st, const struct device *d, const char *folder,
    uint64_t modseq)
{
	static struct store_slot slot;
	struct sqlite3_stmt *s;
	enum store_err rc = store_begin(st, STORE_NODE);

	if (rc != STORE_OK)
		return rc;
	s = store_stmt(st, STORE_NODE, &slot,
	    "INSERT INTO device_folder VALUES(?,?,?) ON CONFLICT DO UPDATE"
	    " SET modseq=max(modseq, excluded.modseq)");
	if (s == NULL)
		return STORE_IO;
	sqlite3_bind_text(s, 1, d->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, folder, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)modseq);
	return store_result(st, STORE_NODE, sqlite3_step(s));
}

/* Rows with a higher MODSEQ, and those that are gone since. */
static uint32_t
changes_in(struct store *st, uint64_t mbox, int64_t modseq)
{
	static struct store_slot slot;
	struct sqlite3_stmt *s;
	uint32_t n = 0;

	s = store_stmt(st, STORE_CACHE, &slot,
	    "SELECT (SELECT count(*) FROM mail WHERE mbox=?1 AND modseq>?2)"
	    " + (SELECT count(*) FROM gone WHERE mbox=?1 AND modseq>?2"
	    " AND uid<>0)");
	if (s == NULL)
		return 0;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)mbox);
	sqlite3_bind_int64(s, 2, modseq);
	if (sqlite3_step(s) == SQLITE_ROW)
		n = (uint32_t)sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return n;
}

uint32_t
device_seen_unsynced(struct store *st, const char *name)
{
	static struct store_slot slot;
	struct sqlite3_stmt *s;
	const struct box *b;
	uint32_t n = 0;

	s = store_stmt(st, STORE_NODE, &slot,
	    "SELECT folder, modseq FROM device_folder WHERE name=?");
	if (s == NULL)
		return 0;
	sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	while (sqlite3_step(s) == SQLITE_ROW) {
		b = box_by_name(st, (const char *)sqlite3_column_text(s, 0));
		if (b != NULL)
			n += changes_in(st, b->id, sqlite3_column_int64(s, 1));
	}
	sqlite3_reset(s);
	return n;
}

enum store_err
device_seen_forget(struct store *st, const char *name)
{
	static struct store_slot seen, folders;
	static const char *const text[] = {
		"DELETE FROM device WHERE name=?",
		"DELETE FROM device_folder WHERE name=?" };
	struct store_slot *const slot[] = { &seen, &folders };
	enum store_err rc = store_begin(st, STORE_NODE);
	struct sqlite3_stmt *s;
	size_t i;

	for (i = 0; i < 2 && rc == STORE_OK; i++) {
		s = store_stmt(st, STORE_NODE, slot[i], text[i]);
		if (s == NULL)
			return STORE_IO;
		sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
		rc = store_result(st, STORE_NODE, sqlite3_step(s));
	}
	return rc;
}
