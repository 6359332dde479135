/*
 * A turn's life, for each database on its own:
 *
 *	idle --store_begin()--> open --store_turn(): COMMIT--> idle
 *	          |                 |
 *	          |                 +--store_result(): rolled back--> broken
 *	          +--the system refuses--> broken --store_turn()--> idle
 *
 * Whoever shared a broken transaction is answered with what broke it.
 * node.db is committed first, then the cache, then the spool: no row is ahead
 * of the intent that makes it true, and no entry of the spool is struck out
 * before what it became is in the cache.  node.db and the cache stand or fall
 * together, but for the last moment; when the cache fails, the folders are
 * read through again.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/bug.h"
#include "store/change.h"
#include "store/db.h"
#include "store/hold.h"
#include "store/op_device.h"
#include "store/op_index_try.h"
#include "store/parts.h"
#include "store/queue.h"
#include "store/row.h"
#include "store/store_turn.h"
#include "store/sync.h"
#include "store/upload.h"

enum {
	CHECKPOINT_MS = 1000,		/* idle time before one */
	CHECKPOINT_SHORT = 1024 * 1024	/* octets of log, on a full disk */
};

struct store_waiter {
	struct store_waiter	*next;
	unsigned int		 dbs;
	void			(*fn)(void *, enum store_err);
	void			*arg;
	struct op_peer		*peer;	/* when it is an answer */
	uint16_t		 type;
	uint32_t		 id;
	size_t			 len;
	uint8_t			 data[];
};

/* ---- checkpoints: when nothing else is to do, or the log is long ---- */

/* Of these, none of which has begun. */
static void
checkpoint(struct store *st, unsigned int dbs)
{
	unsigned int i;

	for (i = 0; i < STORE_NDB; i++) {
		if (!(dbs & STORE_BIT(i)))
			continue;
		stmts_read_end(st, (enum store_db)i);
		stmts_reset(st->stmts, (enum store_db)i);
		(void)db_checkpoint(st->db[i]);
		st->pages[i] = 0;
		st->grew &= ~STORE_BIT(i);
	}
}

void
store_wrote(struct store *st, enum store_db db)
{
	st->pages[db]++;
	if (!st->checkpoint.armed)
		loop_arm(st->loop, &st->checkpoint, CHECKPOINT_MS);
}

/* A burst leaves pages and heap behind that nobody needs for now. */
static void
idle(void *arg)
{
	struct store *st = arg;
	unsigned int i, dbs = 0;

	for (i = 0; i < STORE_NDB; i++)
		if (st->pages[i] > 0 && (i == STORE_EVENTS ||
		    !(st->began & STORE_BIT(i))))
			dbs |= STORE_BIT(i);
	checkpoint(st, dbs);
	for (i = 0; i < STORE_NDB; i++)
		(void)sqlite3_db_release_memory(st->db[i]);
	(void)malloc_trim(0);
}

/*
 * The log is longest where nobody is ever idle.  It is shortened behind the
 * commit: here a row that is still being read would stand in the way.  While
 * another process holds on to its end it cannot begin anew: then once for
 * each such length, not at each commit.
 */
static int
log_grew(void *arg, struct sqlite3 *db, const char *name, int pages)
{
	struct store *st = arg;
	int most = store_space(st, DB_LOG_MAX) ? DB_LOG_MAX :
	    CHECKPOINT_SHORT;
	unsigned int i;

	(void)name;
	for (i = 0; i + 1 < STORE_NDB && st->db[i] != db; )
		i++;
	if (pages < st->tried[i])
		st->tried[i] = 0;
	if (pages - st->tried[i] >= most / (int)schemas[i].page) {
		st->tried[i] = pages;
		st->grew |= STORE_BIT(i);
	}
	return SQLITE_OK;
}

/* ---- transactions ---- */

enum store_err
store_begin(struct store *st, enum store_db db)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	enum store_err rc;

	if (st->began & STORE_BIT(db))
		return st->broken[db];
	stmts_read_end(st, db);
	s = stmts_get(st, db, &slot, "BEGIN IMMEDIATE");
	rc = s == NULL ? STORE_NOMEM : store_err_sqlite(sqlite3_step(s));
	if (s != NULL)
		(void)sqlite3_reset(s);
	st->began |= STORE_BIT(db);
	st->broken[db] = rc;
	return rc;
}

static void
damaged(struct store *st, enum store_db db)
{
	char text[128];

	snprintf(text, sizeof text, "%s is damaged", schemas[db].name);
	store_alarm(st, text);
	if (st->failed == STORE_OK && db_condemn(st->conf->home,
	    &schemas[db]) == STORE_OK)
		st->failed = STORE_CORRUPT;
}

enum store_err
store_result(struct store *st, enum store_db db, int code)
{
	enum store_err rc = store_err_sqlite(code);

	if (rc == STORE_OK)
		return rc;
	if (rc == STORE_CORRUPT)
		damaged(st, db);
	if ((st->began & STORE_BIT(db)) && st->broken[db] == STORE_OK &&
	    sqlite3_get_autocommit(st->db[db]))
		st->broken[db] = rc;
	return rc;
}

enum store_err
store_mark(struct store *st, enum store_db db, enum store_mark what)
{
	static const char *const sql[] = {
		"SAVEPOINT mark", "ROLLBACK TO mark", "RELEASE mark"
	};
	static struct store_slot slots[3];
	sqlite3_stmt *s = stmts_get(st, db, &slots[what], sql[what]);
	enum store_err rc;

	if (s == NULL)
		return STORE_NOMEM;
	if (st->broken[db] != STORE_OK)
		return st->broken[db];
	rc = store_result(st, db, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

static void
commit(struct store *st, enum store_db db)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	int code;

	if (!(st->began & STORE_BIT(db)))
		return;
	if (st->broken[db] == STORE_OK) {
		s = stmts_get(st, db, &slot, "COMMIT");
		code = s == NULL ? SQLITE_NOMEM : sqlite3_step(s);
		(void)store_result(st, db, code);
		if (code != SQLITE_DONE)
			st->broken[db] = store_err_sqlite(code);
		if (s != NULL)
			(void)sqlite3_reset(s);
	}
	if (!sqlite3_get_autocommit(st->db[db])) {
		stmts_reset(st->stmts, db);
		(void)sqlite3_exec(st->db[db], "ROLLBACK", NULL, NULL, NULL);
	}
}

static bool
both_began(const struct store *st)
{
	return (st->began & STORE_BIT(STORE_NODE)) != 0 &&
	    (st->began & STORE_BIT(STORE_CACHE)) != 0;
}

/* A row without its intent would be believed; an intent without its row is
 * carried out, and the row follows the file. */
static void
commit_all(struct store *st)
{
	enum store_err *node = &st->broken[STORE_NODE];
	enum store_err *cache = &st->broken[STORE_CACHE];

	if ((st->began & STORE_BIT(STORE_CACHE)) && *cache == STORE_OK)
		*cache = store_result(st, STORE_CACHE, rows_settle(st->rows));
	if (both_began(st) && *node == STORE_OK)
		*node = *cache;
	commit(st, STORE_NODE);
	if (both_began(st) && *cache == STORE_OK)
		*cache = *node;
	commit(st, STORE_CACHE);
	if ((st->began & STORE_BIT(STORE_CACHE)) && *cache != STORE_OK)
		sync_anew(st);	/* what was noticed is forgotten again */
	commit(st, STORE_SPOOL);
}

static enum store_err
outcome(const struct store *st, unsigned int dbs)
{
	unsigned int i;

	for (i = 0; i < STORE_NDB; i++)
		if ((dbs & STORE_BIT(i)) && st->broken[i] != STORE_OK)
			return st->broken[i];
	return STORE_OK;
}

/* ---- waiters ---- */

static struct store_waiter *
wait_for(struct store *st, unsigned int dbs, size_t len)
{
	struct store_waiter *w = calloc(1, sizeof *w + len);

	if (w == NULL)
		return NULL;
	w->dbs = dbs;
	w->len = len;
	*st->last_waiter = w;
	st->last_waiter = &w->next;
	return w;
}

enum store_err
store_after(struct store *st, unsigned int dbs,
    void (*fn)(void *arg, enum store_err rc), void *arg)
{
	struct store_waiter *w = wait_for(st, dbs, 0);

	if (w == NULL)
		return STORE_NOMEM;
	w->fn = fn;
	w->arg = arg;
	return STORE_OK;
}

uint16_t
store_later(struct store *st, struct op_call *c, unsigned int dbs)
{
	struct store_waiter *w;

	if (c->out->err != 0)
		return STORE_NOMEM;
	w = wait_for(st, dbs, c->out->len);
	if (w == NULL)
		return STORE_NOMEM;
	w->peer = c->peer;
	w->type = c->type;
	w->id = c->id;
	if (w->len > 0)
		memcpy(w->data, c->out->data, w->len);
	return OP_LATER;
}

static void
answer(struct store_waiter *w, enum store_err rc)
{
	struct buf b = { .data = w->data, .len = w->len, .cap = w->len,
	    .max = w->len };

	if (w->fn != NULL)
		w->fn(w->arg, rc);
	else if (w->peer != NULL && w->id != 0)
		op_reply(w->peer, w->type, w->id, (uint16_t)rc,
		    rc == STORE_OK ? &b : NULL, -1);
}

/* What they do may ask for the next commit: those wait for the next turn. */
static void
answer_all(struct store *st)
{
	struct store_waiter *w, *list = st->waiters;
	enum store_err broken[STORE_NDB];
	size_t i;

	st->waiters = NULL;
	st->last_waiter = &st->waiters;
	memcpy(broken, st->broken, sizeof broken);
	for (i = 0; i < STORE_NDB; i++)
		st->broken[i] = STORE_OK;
	st->began = 0;
	st->turn++;
	for (st->answering = list; (w = st->answering) != NULL; ) {
		enum store_err rc = STORE_OK;

		for (i = 0; i < STORE_NDB && rc == STORE_OK; i++)
			if (w->dbs & STORE_BIT(i))
				rc = broken[i];
		st->answering = w->next;
		answer(w, rc);
		free(w);
	}
}

static void
read_end_all(struct store *st)
{
	unsigned int i;

	for (i = 0; i < STORE_NDB; i++)
		stmts_read_end(st, (enum store_db)i);
}

static void
turn_over(void *arg)
{
	struct store *st = arg;

	(void)st;		/* that there is a turn is all it is for */
}

void
store_turn(void *arg)
{
	struct store *st = arg;
	unsigned int i;

	box_save_all(st);
	if (st->began != 0 || st->waiters != NULL) {
		if (st->began & STORE_BIT(STORE_SPOOL))
			st->broken[STORE_SPOOL] = spool_sync(st,
			    st->broken[STORE_SPOOL]);
		commit_all(st);
		for (i = 0; i < STORE_NDB; i++)
			if (st->began & STORE_BIT(i))
				st->pages[i]++;
		checkpoint(st, st->grew);
		watch_flush(st, outcome(st, STORE_BIT(STORE_CACHE)));
		answer_all(st);
		loop_arm(st->loop, &st->checkpoint, CHECKPOINT_MS);
	} else {
		watch_flush(st, STORE_OK);	/* of what needs no commit */
	}
	changes_kick(st);
	intake_kick(st);
	intent_kick(st);
	sync_kick(st);
	fsck_kick(st);
	read_end_all(st);
	/* Whatever those wrote wants a turn of its own. */
	if (st->began != 0 || st->waiters != NULL)
		loop_arm(st->loop, &st->again, 0);
}

static void
forget_peer(struct store_waiter *w, const struct op_peer *p)
{
	for (; w != NULL; w = w->next)
		if (w->peer == p)
			w->peer = NULL;
}

void
store_gone(void *arg, struct op_peer *p, const char *why)
{
	struct store *st = arg;
	char text[256];

	forget_peer(st->waiters, p);
	forget_peer(st->answering, p);
	watch_gone(st, p);
	queue_gone(st, p);
	upload_gone(st, p);
	intake_gone(st, p);
	changes_gone(st, p);
	box_jobs_gone(st, p);
	fsck_gone(st, p);
	hold_gone(st, p);
	device_gone(st, p);
	index_try_gone(st, p);
	if (why == NULL || st->log == NULL)
		return;
	snprintf(text, sizeof text, "%s: %s", role_name(op_peer_role(p)),
	    why);
	st->log(st->arg, "peer", text);
}

/* ---- life ---- */

void
store_turn_watch(struct store *st, enum store_db db)
{
	(void)sqlite3_wal_hook(st->db[db], log_grew, st);
}

enum store_err
store_turn_open(struct store *st)
{
	st->last_waiter = &st->waiters;
	st->checkpoint = (struct loop_timer){ .fn = idle, .arg = st };
	st->again = (struct loop_timer){ .fn = turn_over, .arg = st };
	st->stmts = stmts_new();
	return st->stmts != NULL ? STORE_OK : STORE_NOMEM;
}

void
store_turn_drop(struct store *st)
{
	struct store_waiter *w;

	read_end_all(st);
	loop_disarm(st->loop, &st->checkpoint);
	loop_disarm(st->loop, &st->again);
	while ((w = st->waiters) != NULL) {
		st->waiters = w->next;
		free(w);
	}
	st->last_waiter = &st->waiters;
}

void
store_turn_close(struct store *st)
{
	stmts_free(st->stmts);
	st->stmts = NULL;
}
