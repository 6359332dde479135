#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/db.h"
#include "store/intake.h"
#include "store/intent.h"
#include "store/op_fsck.h"
#include "store/op_spool.h"
#include "store/parts.h"
#include "store/spool.h"
#include "store/sync.h"

enum {
	POLL_MS = 50,
	PATIENCE_MS = 10000	/* while nothing goes on: a full disk */
};

struct fsck {
	struct op_peer		*peer;
	uint32_t		 id;
	int64_t			 since_ms;	/* nothing goes on */
	uint64_t		 place;		/* as sync_place, then */
	bool			 compared;	/* all of it, since it began */
};

/* ---- client ---- */

uint16_t
fsck_check(int ch, struct op_reply *r, struct fsck_report *out)
{
	uint16_t status;

	memset(out, 0, sizeof *out);
	status = op_call(ch, FSCK_CHECK, NULL, -1, r, -1);
	if (status != OP_OK)
		return status;
	out->files = chan_get_u64(&r->in);
	out->added = chan_get_u64(&r->in);
	out->removed = chan_get_u64(&r->in);
	out->renamed = chan_get_u64(&r->in);
	out->renumbered = chan_get_u64(&r->in);
	out->mailboxes = chan_get_u64(&r->in);
	out->rows = chan_get_u64(&r->in);
	out->spool = chan_get_u64(&r->in);
	out->intents = chan_get_u64(&r->in);
	out->index = chan_get_u64(&r->in);
	out->spool_ok = chan_get_u8(&r->in) != 0;
	out->node_ok = chan_get_u8(&r->in) != 0;
	out->events_ok = chan_get_u8(&r->in) != 0;
	out->compared = chan_get_u8(&r->in) != 0;
	return chan_end(&r->in) ? OP_OK : OP_BAD;
}

uint16_t
fsck_rebuild(int ch, struct op_reply *r)
{
	return op_call(ch, FSCK_REBUILD, NULL, -1, r, 30000);
}

/* ---- the cache, by whoever asks ---- */

static const struct {
	const char	*sql;		/* an integer: 0 when all is well */
	const char	*what;
} agreements[] = {
	{ "SELECT count(*) FROM mail l LEFT JOIN msg m ON m.id = l.msg AND"
	    " m.mbox = l.mbox AND m.uid = l.uid WHERE m.id IS NULL",
	    "rows of mailboxes without their message" },
	{ "SELECT (SELECT count(*) FROM msg) - (SELECT count(*) FROM mail)",
	    "messages without their row in a mailbox" },
	{ "SELECT count(*) FROM mailbox b LEFT JOIN box_count c ON"
	    " c.mbox = b.id WHERE coalesce(c.total, 0) <> (SELECT count(*)"
	    " FROM mail l WHERE l.mbox = b.id) OR coalesce(c.unread, 0) <>"
	    " (SELECT count(*) FROM mail l WHERE l.mbox = b.id AND"
	    " l.flags & 16 = 0)", "mailboxes whose counts are wrong" },
	{ "SELECT count(*) FROM (SELECT mbox, thread, count(*) n FROM msg"
	    " GROUP BY mbox, thread) g LEFT JOIN thread_box t ON"
	    " t.mbox = g.mbox AND t.thread = g.thread"
	    " WHERE coalesce(t.count, 0) <> g.n",
	    "threads whose counts are wrong" },
	{ "SELECT count(*) FROM mail l JOIN mailbox b ON b.id = l.mbox"
	    " WHERE l.uid >= b.uidnext OR l.modseq > b.modseq",
	    "UIDs or MODSEQs beyond those that were given" },
};

static bool
sound(struct sqlite3 *db, char *why, size_t size)
{
	sqlite3_stmt *s = NULL;
	const char *text = NULL;
	bool ok = false;

	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &s,
	    NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(s, 0);
	if (text != NULL && strcmp(text, "ok") == 0)
		ok = true;
	else
		snprintf(why, size, "store.db: %.200s", text != NULL ? text :
		    sqlite3_errmsg(db));
	sqlite3_finalize(s);
	return ok;
}

bool
fsck_cache(const char *home, char *why, size_t size)
{
	char path[4096];
	struct sqlite3 *db = NULL;
	bool ok = false;
	int64_t n;
	size_t i;

	snprintf(why, size, "store.db cannot be opened");
	if (snprintf(path, sizeof path, "%s/%s", home,
	    schemas[STORE_CACHE].name) >= (int)sizeof path)
		return false;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		goto out;
	(void)sqlite3_busy_timeout(db, 5000);
	ok = sound(db, why, size) && db_exec(db, "BEGIN") == STORE_OK;
	for (i = 0; ok && i < sizeof agreements / sizeof agreements[0];
	    i++) {
		n = db_int(db, agreements[i].sql, -1);
		ok = n == 0;
		if (n == -1)
			snprintf(why, size, "store.db: a table is missing "
			    "or unreadable");
		else if (n != 0)
			snprintf(why, size, "store.db: %lld %s",
			    (long long)n, agreements[i].what);
	}
out:
	db_close(db);
	return ok;
}

/* ---- keeper ---- */

static bool
db_sound(struct store *st, enum store_db db)
{
	sqlite3_stmt *s = NULL;
	const char *text;
	bool ok;

	ok = sqlite3_prepare_v2(st->db[db], "PRAGMA quick_check(1)", -1, &s,
	    NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW &&
	    (text = (const char *)sqlite3_column_text(s, 0)) != NULL &&
	    strcmp(text, "ok") == 0;
	sqlite3_finalize(s);
	return ok;
}

static void
count(struct store *st, enum store_db db, const char *sql, struct buf *b)
{
	chan_put_u64(b, (uint64_t)db_int(st->db[db], sql, 0));
}

/* What the scans found since the last report, or since the start. */
static void
report(struct store *st, bool compared, struct buf *b)
{
	struct sync_counts *now = sync_counts(st);
	uint64_t files = 0;
	size_t i;

	for (i = 0; i < box_count(st); i++)
		files += box_at(st, i)->files;
	chan_put_u64(b, files);
	chan_put_u64(b, now->added);
	chan_put_u64(b, now->removed);
	chan_put_u64(b, now->renamed);
	chan_put_u64(b, now->renumbered);
	memset(now, 0, sizeof *now);
	count(st, STORE_CACHE, "SELECT count(*) FROM mailbox", b);
	count(st, STORE_CACHE, "SELECT count(*) FROM mail", b);
	count(st, STORE_SPOOL, "SELECT count(*) FROM spool", b);
	count(st, STORE_NODE, "SELECT count(*) FROM intent", b);
	count(st, STORE_CACHE, "SELECT count(*) FROM index_todo", b);
	chan_put_u8(b, db_sound(st, STORE_SPOOL));
	chan_put_u8(b, db_sound(st, STORE_NODE));
	chan_put_u8(b, db_sound(st, STORE_EVENTS));
	chan_put_u8(b, compared);
}

/*
 * Nothing was filed, compared or found for some time.  Files that are tried
 * in vain on a full disk change their folder, and have it compared over and
 * over: once is enough.
 */
static bool
stuck(struct store *st, struct fsck *f, uint64_t spooled)
{
	int64_t now = clock_mono_ms();
	uint64_t place = (f->compared ? 0 : sync_place(st) * 31) + spooled;

	if (place != f->place || f->since_ms == 0) {
		f->place = place;
		f->since_ms = now;
	}
	return now - f->since_ms >= PATIENCE_MS;
}

/* Every turn: is there nothing left to compare, to file, to change? */
void
fsck_kick(struct store *st)
{
	struct fsck *f = st->fsck;
	struct spool_status s;
	struct buf b;

	if (f == NULL)
		return;
	spool_tell(st, &s);
	f->compared = f->compared || sync_idle(st);
	if ((!sync_idle(st) || !intake_idle_now(st) || intent_busy(st) ||
	    s.entries > 0 || st->began != 0 || !spool_struck(st)) &&
	    !stuck(st, f, s.entries)) {
		/* A folder's scan may wait for a number, a file for space. */
		if (!st->again.armed)
			loop_arm(st->loop, &st->again, POLL_MS);
		return;
	}
	buf_init(&b, 1024);
	report(st, f->compared && !sync_any_denied(st), &b);
	if (f->peer != NULL)
		op_reply(f->peer, FSCK_CHECK, f->id, OP_OK, &b, -1);
	buf_clear(&b);
	st->fsck = NULL;
	free(f);
}

void
fsck_gone(struct store *st, struct op_peer *p)
{
	if (p == NULL || (st->fsck != NULL && st->fsck->peer == p)) {
		free(st->fsck);
		st->fsck = NULL;
	}
}

static uint16_t
on_check(void *service, struct op_call *c)
{
	struct store *st = service;
	struct fsck *f;

	if (!chan_end(&c->in))
		return OP_BAD;
	if (st->fsck != NULL)
		return STORE_BUSY;
	f = calloc(1, sizeof *f);
	if (f == NULL)
		return STORE_NOMEM;
	f->peer = c->peer;
	f->id = c->id;
	st->fsck = f;
	sync_all(st);
	return OP_LATER;
}

static uint16_t
on_rebuild(void *service, struct op_call *c)
{
	struct store *st = service;
	enum store_err rc;

	if (!chan_end(&c->in))
		return OP_BAD;
	rc = db_condemn(st->conf->home, &schemas[STORE_CACHE]);
	if (rc == STORE_OK)
		st->failed = STORE_GONE;	/* after this turn */
	return (uint16_t)rc;
}

const struct op fsck_ops[] = {
	{ FSCK_CHECK,	ROLE_BIT(ROLE_OWNER),	on_check },
	{ FSCK_REBUILD,	ROLE_BIT(ROLE_OWNER),	on_rebuild },
	{ 0, 0, NULL }
};
