/*
 * spool.db, version 2: accepted, not yet filed.
 *
 *	spool	one row for each message that was acknowledged.  body is NULL
 *		when it lies in spool/ID (%016x of `file`).  name, uid and
 *		box are where it will stand; box '' until that is known.
 *		todo: enum fan_kind.
 *
 * node.db, version 3: what files cannot carry.
 *
 *	tag	tags of a content, by its hash: a rebuild finds them again
 *	alias	addresses given out
 *	alias_own	to whom, and who else has them: alias_own.h
 *	intent	changes to files: committed here, done, struck out
 *	intent_body	octets of the new ones among them
 *	judged	contents that the owner moved into Junk, or out of it
 *	subscribed	mailboxes that IMAP clients (do not) want in LSUB
 *	setting	name and value: numbers that must survive
 *	snooze	messages put off, by content: see op_snooze.c
 *	queue_*	the outgoing queue: see queue.h
 *	queue_returned	what others reported of its letters: returned.h
 *	appending	see append_many.c
 *	fanned	what was sent on or copied: see fan.h
 *	fan_copy	copies that go when their letters have: fan_copy.h
 *	rule_todo	what the owner's rules do with a message: rule.h
 *	device	what each device did last
 *	device_folder	and has seen: op_device.c
 *	listed	whom the owner lets in or keeps out: listed.c
 *	history	what the owner's acts say of senders: history.c
 *	known_as	how correspondents look: known_as.c
 *
 * store.db, version 8: the cache.  Keeper's part is `mailbox`; the rest
 * stands in row_schema.c and op_index_try.h.  `state` holds whether the last
 * run ended cleanly, when it began, which file it had and which start of the
 * machine, see open_state() in store.c; and whether it is `partial`, as long as not all is
 * listed that was there when it was made (2) or at a crash (1): no device may
 * take what is missing for deleted.
 *
 * events.db, version 1: what a power cut may cost the last moments of.
 *
 *	event	the story of messages: event.c
 *	grey	who was told to come again, and who did: grey.h
 *	letin	whom the owner lets in for an hour: letin.h
 *	reject	what was refused or put off: reject.h
 *	came	networks that correspondents' mail came from: came.h
 */

#include "store/alias_own.h"
#include "store/came.h"
#include "store/device_seen.h"
#include "store/append_many.h"
#include "store/fan.h"
#include "store/fan_copy.h"
#include "store/grey.h"
#include "store/history.h"
#include "store/known_as.h"
#include "store/letin.h"
#include "store/listed.h"
#include "store/op_index_try.h"
#include "store/op_snooze.h"
#include "store/queue.h"
#include "store/queue_once.h"
#include "store/reject.h"
#include "store/returned.h"
#include "store/row.h"
#include "store/rule.h"
#include "store/schema.h"

static const char spool_schema[] =
    "CREATE TABLE IF NOT EXISTS spool("
    " id INTEGER PRIMARY KEY,"
    " trace TEXT NOT NULL, sender TEXT NOT NULL, rcpt TEXT NOT NULL,"
    " folder TEXT NOT NULL, tags TEXT NOT NULL, received INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"		/* when it was accepted */
    " size INTEGER NOT NULL, todo INTEGER NOT NULL,"
    " box TEXT NOT NULL, uid INTEGER NOT NULL, name TEXT NOT NULL,"
    " file INTEGER NOT NULL, head BLOB NOT NULL, body BLOB,"
    " verdict TEXT NOT NULL DEFAULT '');";

static const char spool_schema_2[] =
    "ALTER TABLE spool ADD COLUMN verdict TEXT NOT NULL DEFAULT '';";

static const char node_schema[] =
    "CREATE TABLE IF NOT EXISTS tag("
    " hash BLOB PRIMARY KEY, tags TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS alias("
    " address TEXT PRIMARY KEY, folder TEXT NOT NULL, tags TEXT NOT NULL,"
    " note TEXT NOT NULL, created INTEGER NOT NULL,"
    " burned INTEGER NOT NULL, used INTEGER NOT NULL,"
    " refused INTEGER NOT NULL, last INTEGER NOT NULL,"
    " expires INTEGER NOT NULL DEFAULT 0,"
    " dest TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE IF NOT EXISTS intent("
    " id INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    " box TEXT NOT NULL, uid INTEGER NOT NULL, name TEXT NOT NULL,"
    " dbox TEXT NOT NULL, duid INTEGER NOT NULL, dname TEXT NOT NULL,"
    " tags TEXT NOT NULL, received INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS intent_from ON intent(box, uid);"
    "CREATE INDEX IF NOT EXISTS intent_to ON intent(dbox, duid);"
    "CREATE INDEX IF NOT EXISTS intent_flags ON intent(box, uid)"
    " WHERE kind = 3;"
    "CREATE TABLE IF NOT EXISTS intent_body("
    " id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS judged("
    " hash BLOB PRIMARY KEY, junk INTEGER NOT NULL,"
    " at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS judged_at ON judged(at);"
    "CREATE TABLE IF NOT EXISTS subscribed("
    " name TEXT PRIMARY KEY, here INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS setting("
    " name TEXT PRIMARY KEY, value) WITHOUT ROWID;";

static const char node_schema_2[] =
    "ALTER TABLE alias ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;";

static const char node_schema_3[] =
    "ALTER TABLE alias ADD COLUMN dest TEXT NOT NULL DEFAULT '';";

static const char cache_schema[] =
    "CREATE TABLE IF NOT EXISTS mailbox("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " uidvalidity INTEGER NOT NULL,"
    " uidnext INTEGER NOT NULL,"	/* the next to give */
    " modseq INTEGER NOT NULL,"		/* the highest given */
    " uidlease INTEGER NOT NULL,"	/* first that may not be given */
    " modlease INTEGER NOT NULL,"
    " cur INTEGER NOT NULL,"		/* mtimes at the last scan, ns */
    " new INTEGER NOT NULL,"
    " recent INTEGER NOT NULL DEFAULT 1);"	/* op_recent.c: a UID */
    "CREATE TABLE IF NOT EXISTS state("
    " name TEXT PRIMARY KEY, value) WITHOUT ROWID;";

/* What went away before was not counted from anywhere. */
static const char cache_schema_3[] =
    "ALTER TABLE box_count ADD COLUMN uidnext INTEGER NOT NULL DEFAULT 1;"
    "INSERT OR IGNORE INTO box_count(mbox, total, unread)"
    " SELECT id, 0, 0 FROM mailbox;"
    "UPDATE box_count SET uidnext = coalesce((SELECT uidnext FROM mailbox"
    " WHERE id = box_count.mbox), 1);"
    "INSERT OR IGNORE INTO gone SELECT id, modseq, 0 FROM mailbox;";

/* What was there before is recent for nobody. */
static const char cache_schema_7[] =
    "ALTER TABLE mailbox ADD COLUMN recent INTEGER NOT NULL DEFAULT 1;"
    "UPDATE mailbox SET recent = uidnext;";

static const char events_schema[] =
    "CREATE TABLE IF NOT EXISTS event("
    " id INTEGER PRIMARY KEY, at INTEGER NOT NULL, trace TEXT NOT NULL,"
    " addr TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS event_trace ON event(trace);"
    "CREATE INDEX IF NOT EXISTS event_addr ON event(addr)"
    " WHERE addr <> '';"
    "CREATE INDEX IF NOT EXISTS event_kind ON event(kind, at);";

const struct schema schemas[STORE_NDB] = {
	[STORE_SPOOL] = {
		.name = "spool.db", .app_id = 0x6d6e7370, .version = 2,
		.full = true, .alone = true,
		.cache_kib = 8192,	/* what comes is filed from it */
		.page = 8192,	/* a letter and its row */
		.parts = { spool_schema },
		.steps = { spool_schema_2 }
	},
	[STORE_NODE] = {
		.name = "node.db", .app_id = 0x6d6e6e64, .version = 3,
		.full = true, .cache_kib = 512, .page = 4096,
		.parts = { node_schema, queue_schema, queue_once_schema,
		    device_schema, snooze_schema, fan_schema,
		    listed_schema, history_schema, rule_schema,
		    known_as_schema, append_schema, alias_own_schema,
		    fan_copy_schema, returned_schema },
		.steps = { node_schema_2, node_schema_3 }
	},
	[STORE_CACHE] = {
		.name = "store.db", .app_id = 0x6d6e7374, .version = 8,
		.cache = true, .cache_kib = 4096, .page = 4096,
		.parts = { cache_schema, row_schema, row_tag_schema,
		    index_try_schema },
		.steps = { row_schema_2, cache_schema_3, row_schema_4,
		    row_schema_5, row_schema_6, cache_schema_7,
		    row_schema_8 }
	},
	[STORE_EVENTS] = {
		.name = "events.db", .app_id = 0x6d6e6576, .version = 1,
		.alone = true, .cache_kib = 512, .page = 4096,
		.parts = { events_schema, grey_schema, letin_schema,
		    came_schema, reject_schema }
	},
};
