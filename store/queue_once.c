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

	return (uint64_t)store_int(st, STORE_NODE, &slot,
	    "SELECT letter FROM queue_once o"
	    " WHERE device=? AND hash=? AND at>? AND EXISTS(SELECT 1 FROM"
	    " queue_letter WHERE id=o.letter) AND NOT EXISTS(SELECT 1 FROM"
	    " queue_rcpt WHERE letter=o.letter AND fate IN (4,5,6))", "sbi",
	    device, hash, (size_t)QUEUE_HASH, clock_wall_s() - QUEUE_ONCE_S);
}

_Static_assert(QUEUE_FAILED == 4 && QUEUE_EXPIRED == 5 &&
    QUEUE_DROPPED == 6, "queue_once_find() names them");

enum store_err
queue_once_note(struct store *st, const char *device,
    const uint8_t hash[QUEUE_HASH], uint64_t id)
{
	static struct store_slot put, clean;
	int64_t now = clock_wall_s();
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &clean,
	    "DELETE FROM queue_once WHERE at<=?", "i", now - QUEUE_ONCE_S);
	if (rc != STORE_OK)
		return rc;
	return store_do(st, STORE_NODE, &put,
	    "REPLACE INTO queue_once VALUES(?,?,?,?)", "sbii", device, hash,
	    (size_t)QUEUE_HASH, (int64_t)id, now);
}
