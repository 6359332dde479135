#include <sqlite3.h>

#include "mailnode/base/clock.h"
#include "store/op_queue.h"
#include "store/queue_once.h"
#include "store/store.h"

const char queue_once_schema[] =
    "CREATE TABLE IF NOT EXISTS queue_once("
    " device TEXT NOT NULL, hash BLOB NOT NULL, letter INTEGER NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY(device, hash)) WITHOUT ROWID;";

uint64_t
queue_once_find(struct store *st, const char *device,
    const uint8_t hash[QUEUE_HASH])
{
	static struct store_slot slot;
	struct sqlite3_stmt *q;
	uint64_t id = 0;

	q = store_stmt(st, STORE_NODE, &slot, "SELECT letter FROM queue_once o"
	    " WHERE device=? AND hash=? AND at>? AND EXISTS(SELECT 1 FROM"
	    " queue_letter WHERE id=o.letter) AND NOT EXISTS(SELECT 1 FROM"
	    " queue_rcpt WHERE letter=o.letter AND fate IN (4,5,6))");
	if (q == NULL)
		return 0;
	sqlite3_bind_text(q, 1, device, -1, SQLITE_STATIC);
	sqlite3_bind_blob(q, 2, hash, QUEUE_HASH, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, clock_wall_s() - QUEUE_ONCE_S);
	if (sqlite3_step(q) == SQLITE_ROW)
		id = (uint64_t)sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return id;
}

_Static_assert(QUEUE_FAILED == 4 && QUEUE_EXPIRED == 5 &&
    QUEUE_DROPPED == 6, "queue_once_find() names them");

enum store_err
queue_once_note(struct store *st, const char *device,
    const uint8_t hash[QUEUE_HASH], uint64_t id)
{
	static struct store_slot put, clean;
	int64_t now = clock_wall_s();
	struct sqlite3_stmt *q;
	enum store_err rc;

	q = store_stmt(st, STORE_NODE, &clean,
	    "DELETE FROM queue_once WHERE at<=?");
	if (q == NULL)
		return STORE_IO;
	sqlite3_bind_int64(q, 1, now - QUEUE_ONCE_S);
	rc = store_result(st, STORE_NODE, sqlite3_step(q));
	if (rc != STORE_OK)
		return rc;
	q = store_stmt(st, STORE_NODE, &put,
	    "REPLACE INTO queue_once VALUES(?,?,?,?)");
	if (q == NULL)
		return STORE_IO;
	sqlite3_bind_text(q, 1, device, -1, SQLITE_STATIC);
	sqlite3_bind_blob(q, 2, hash, QUEUE_HASH, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, (sqlite3_int64)id);
	sqlite3_bind_int64(q, 4, now);
	return store_result(st, STORE_NODE, sqlite3_step(q));
}
