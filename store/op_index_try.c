#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/event.h"
#include "store/index_blame.h"
#include "store/op_event.h"
#include "store/op_index_try.h"
#include "store/sql.h"
#include "store/wire.h"

const char index_try_schema[] =
    "CREATE TABLE IF NOT EXISTS index_less("
    " msg INTEGER PRIMARY KEY, level INTEGER NOT NULL);"
    "CREATE TRIGGER IF NOT EXISTS msg_went AFTER DELETE ON msg BEGIN"
    " DELETE FROM index_less WHERE msg=old.id; END;"
    "CREATE TABLE IF NOT EXISTS index_try("
    " id INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
    " last INTEGER NOT NULL, until INTEGER NOT NULL,"
    " alone INTEGER NOT NULL, deaths INTEGER NOT NULL);";

/* ---- what is remembered ---- */

static enum store_err
save(struct store *st)
{
	static struct store_slot slot;
	const struct index_blame *b = st->index;

	return store_do(st, STORE_CACHE, &slot, "INSERT OR REPLACE INTO"
	    " index_try VALUES(1,?,?,?,?,?)", "iiiii", (int64_t)b->first,
	    (int64_t)b->last, (int64_t)b->until, (int64_t)b->alone,
	    (int64_t)b->deaths);
}

enum store_err
index_try_open(struct store *st)
{
	static struct store_slot slot;
	struct index_blame *b;
	sqlite3_stmt *s;

	st->index = calloc(1, sizeof *st->index);
	if (st->index == NULL)
		return STORE_NOMEM;
	b = st->index;
	s = store_stmt(st, STORE_CACHE, &slot, "SELECT first,last,until,"
	    "alone,deaths FROM index_try");
	if (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		b->first = (uint64_t)sqlite3_column_int64(s, 0);
		b->last = (uint64_t)sqlite3_column_int64(s, 1);
		b->until = (uint64_t)sqlite3_column_int64(s, 2);
		b->alone = (uint64_t)sqlite3_column_int64(s, 3);
		b->deaths = (unsigned int)sqlite3_column_int64(s, 4);
	}
	if (s != NULL)
		(void)sqlite3_reset(s);
	return STORE_OK;
}

void
index_try_end(struct store *st)
{
	if (st->index == NULL || st->index->first == 0)
		return;
	st->index->first = 0;
	(void)save(st);
}

void
index_try_close(struct store *st)
{
	free(st->index);
	st->index = NULL;
}

void
index_try_gone(struct store *st, const struct op_peer *p)
{
	if (st->index != NULL && op_peer_role(p) == ROLE_INDEXER)
		st->index->held = false;
}

/* ---- after a death ---- */

struct victim {
	uint64_t	 msg;		/* 0: a file that went away */
	char		 folder[256];	/* of the story */
	char		 key[EVENT_ADDR_MAX];
	char		 trace[EVENT_TRACE_MAX];
	uint32_t	 uid;
};

/* The newest session that brought that Message-ID. */
static void
find_trace(struct store *st, struct victim *v)
{
	static struct store_slot slot;
	sqlite3_stmt *s;

	events_flush(st);
	s = store_ask(st, STORE_EVENTS, &slot, "SELECT trace FROM event WHERE"
	    " addr=? AND addr<>'' AND trace<>'' ORDER BY id DESC LIMIT 1",
	    "s", v->key);
	if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
		sql_copy(v->trace, sizeof v->trace, s, 0);
	if (s != NULL)
		(void)sqlite3_reset(s);
}

static void
find_victim(struct store *st, uint64_t seq, struct victim *v)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_CACHE, &slot, "SELECT m.id,"
	    "b.name,m.uid,m.msgid FROM index_todo t JOIN msg m ON m.id=t.msg"
	    " JOIN mailbox b ON b.id=m.mbox WHERE t.seq=?", "i",
	    (int64_t)seq);

	memset(v, 0, sizeof *v);
	if (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		v->msg = (uint64_t)sqlite3_column_int64(s, 0);
		sql_copy(v->folder, sizeof v->folder, s, 1);
		v->uid = (uint32_t)sqlite3_column_int64(s, 2);
		(void)snprintf(v->key, sizeof v->key, "<%.500s>",
		    sql_text(s, 3));
	}
	if (s != NULL)
		(void)sqlite3_reset(s);
}

/* deaths 0: see INDEX_LESS. */
static void
tell(struct store *st, struct victim *v, enum index_level level,
    unsigned int deaths)
{
	static const char *const how[] = { "indexed",
	    "indexed up to its limit of text",
	    "indexed by its header alone", "not indexed" };
	char text[EVENT_TEXT_MAX], why[96] = "";

	if (deaths > 0)
		(void)snprintf(why, sizeof why, ": the indexer ended %u "
		    "times over it", deaths);
	else if (level == INDEX_NOT)
		(void)snprintf(why, sizeof why, "%s",
		    ": its mailbox's name is too long, or it has no From, To"
		    " and Subject");
	(void)snprintf(text, sizeof text, "folder=%s uid=%u %s%s", v->folder,
	    v->uid, how[level], why);
	find_trace(st, v);
	event_add(st, v->trace, v->key, "index", text);
	if (deaths > 0 && st->log != NULL)
		st->log(st->arg, "index", text);
}

static enum store_err
set_level(struct store *st, uint64_t msg, enum index_level level)
{
	static struct store_slot slot;

	return store_do(st, STORE_CACHE, &slot, "INSERT INTO index_less"
	    " VALUES(?1,?2) ON CONFLICT(msg) DO UPDATE SET"
	    " level=max(level,excluded.level)", "ii", (int64_t)msg,
	    (int64_t)level);
}

static enum store_err
give_up(struct store *st, uint64_t seq, unsigned int deaths)
{
	static struct store_slot slot;
	enum index_level level = deaths < INDEX_DEATHS_NOT ? INDEX_HEAD :
	    INDEX_NOT;
	struct victim v;

	find_victim(st, seq, &v);
	if (v.msg == 0)
		return store_do(st, STORE_CACHE, &slot,
		    "DELETE FROM index_todo WHERE seq=?", "i", (int64_t)seq);
	tell(st, &v, level, deaths);
	return set_level(st, v.msg, level);
}

enum store_err
index_try_settle(struct store *st)
{
	struct index_blame *b = st->index;
	bool news = b->first != 0;
	enum store_err rc = STORE_OK;
	unsigned int deaths = blame_died(b);

	b->first = 0;		/* or it came back from it by itself */
	if (deaths >= INDEX_DEATHS_HEAD)
		rc = give_up(st, b->alone, deaths);
	return rc == STORE_OK && news ? save(st) : rc;
}

bool
index_try_careful(const struct store *st, uint64_t seq)
{
	return blame_careful(st->index, seq);
}

enum store_err
index_try_done(struct store *st, uint64_t seq)
{
	blame_done(st->index, seq);
	return save(st);
}

enum store_err
index_try_anew(struct store *st)
{
	static struct store_slot slot;

	memset(st->index, 0, sizeof *st->index);
	return store_do(st, STORE_CACHE, &slot, "DELETE FROM index_less", "");
}

/* ---- INDEX_TRY ---- */

static uint16_t
do_try(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t first = chan_get_u64(&c->in), last = chan_get_u64(&c->in);
	enum store_err rc;

	if (!chan_end(&c->in) || first == 0 || last < first ||
	    last > INT64_MAX)
		return OP_BAD;
	blame_begin(st->index, first, last);
	rc = save(st);
	return rc != STORE_OK ? (uint16_t)rc :
	    store_later(st, c, STORE_BIT(STORE_CACHE));
}

uint16_t
index_try(int ch, struct op_reply *r, uint64_t first, uint64_t last)
{
	struct buf args;

	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u64(&args, first);
	chan_put_u64(&args, last);
	return wire_ask(ch, r, INDEX_TRY, &args, INDEX_WAIT_MS);
}

/* ---- INDEX_LESS ---- */

static bool
is_less(struct store *st, uint64_t msg)
{
	static struct store_slot slot;

	return store_int(st, STORE_CACHE, &slot,
	    "SELECT level FROM index_less WHERE msg=?", "i",
	    (int64_t)msg) != INDEX_WHOLE;
}

static uint16_t
do_less(void *service, struct op_call *c)
{
	struct store *st = service;
	uint64_t seq = chan_get_u64(&c->in);
	unsigned int level = chan_get_u8(&c->in);
	enum store_err rc;
	struct victim v;

	if (!chan_end(&c->in) || seq > INT64_MAX ||
	    (level != INDEX_CUT && level != INDEX_NOT))
		return OP_BAD;
	find_victim(st, seq, &v);
	if (v.msg == 0)
		return OP_OK;
	/* Of one that it died over before, that is told. */
	if (!is_less(st, v.msg))
		tell(st, &v, level, 0);
	rc = set_level(st, v.msg, INDEX_CUT);
	return rc != STORE_OK ? (uint16_t)rc :
	    store_later(st, c, STORE_BIT(STORE_CACHE));
}

uint16_t
index_less(int ch, struct op_reply *r, uint64_t seq, enum index_level level)
{
	struct buf args;

	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u64(&args, seq);
	chan_put_u8(&args, (uint8_t)level);
	return wire_ask(ch, r, INDEX_LESS, &args, INDEX_WAIT_MS);
}

enum { INDEXER = ROLE_BIT(ROLE_INDEXER) };

const struct op index_try_ops[] = {
	{ INDEX_TRY, INDEXER, do_try },
	{ INDEX_LESS, INDEXER, do_less },
	{ 0, 0, NULL }
};
