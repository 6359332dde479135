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

	return store_do(st, STORE_NODE, &slot,
	    "INSERT INTO device VALUES(?,?,?,?,'','') ON CONFLICT(name) DO"
	    " UPDATE SET at=excluded.at, service=excluded.service,"
	    " addr=excluded.addr", "siss", d->name, clock_wall_s(),
	    role_name(role), addr);
}

enum store_err
device_seen_client(struct store *st, const struct device *d, const char *client,
    const char *folder)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "UPDATE device SET at=?1,"
	    " client=CASE ?2 WHEN '' THEN client ELSE ?2 END,"
	    " folder=CASE ?3 WHEN '' THEN folder ELSE ?3 END WHERE name=?4",
	    "isss", clock_wall_s(), client, folder, d->name);
}

enum store_err
device_seen_folder(struct store *st, const struct device *d, const char *folder,
    uint64_t modseq)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot,
	    "INSERT INTO device_folder VALUES(?,?,?) ON CONFLICT DO UPDATE"
	    " SET modseq=max(modseq, excluded.modseq)", "ssi", d->name, folder,
	    (int64_t)modseq);
}

/* Rows with a higher MODSEQ, and those that are gone since. */
static uint32_t
changes_in(struct store *st, uint64_t mbox, int64_t modseq)
{
	static struct store_slot slot;

	return (uint32_t)store_int(st, STORE_CACHE, &slot,
	    "SELECT (SELECT count(*) FROM mail WHERE mbox=?1 AND modseq>?2)"
	    " + (SELECT count(*) FROM gone WHERE mbox=?1 AND modseq>?2"
	    " AND uid<>0)", "ii", (int64_t)mbox, modseq);
}

uint32_t
device_seen_unsynced(struct store *st, const char *name)
{
	static struct store_slot slot;
	struct sqlite3_stmt *s;
	const struct box *b;
	uint32_t n = 0;

	s = store_ask(st, STORE_NODE, &slot,
	    "SELECT folder, modseq FROM device_folder WHERE name=?", "s", name);
	if (s == NULL)
		return 0;
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
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &seen,
	    "DELETE FROM device WHERE name=?", "s", name);
	return rc != STORE_OK ? rc : store_do(st, STORE_NODE, &folders,
	    "DELETE FROM device_folder WHERE name=?", "s", name);
}
