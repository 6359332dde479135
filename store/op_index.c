#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/intent.h"
#include "store/op_index.h"
#include "store/op_index_try.h"
#include "store/op_list.h"
#include "store/sql.h"
#include "store/store.h"
#include "store/wire.h"

enum { TAIL = 160, COPIES_MAX = 100 };

/* ---- INDEX_TODO ---- */

/* Renamed again meanwhile: what it is called now.  Of copies some are enough:
 * a loop in the mail makes thousands, and each would look at all others. */
static const char todo_sql[] =
    "SELECT t.seq,t.was,CASE WHEN t.now='' OR m.id IS NULL THEN t.now"
    "  ELSE b.name||'/'||m.name END,"
    " (SELECT max(l.flags&1)|max(l.flags&2)|max(l.flags&4)|"
    "  max(l.flags&8)|max(l.flags&16)|min(l.flags&32)"
    "  FROM (SELECT mbox,uid FROM msg WHERE msgid=m.msgid LIMIT ?2) c"
    "  JOIN mail l ON l.mbox=c.mbox AND l.uid=c.uid),"
    " (SELECT group_concat(tags,' ') FROM (SELECT tags FROM msg"
    "  WHERE msgid=m.msgid AND tags<>'' LIMIT ?2)),"
    " (SELECT level FROM index_less WHERE msg=t.msg)"
    " FROM index_todo t LEFT JOIN msg m ON m.id=t.msg"
    " LEFT JOIN mailbox b ON b.id=m.mbox"
    " ORDER BY t.seq LIMIT ?1";

static bool
put_item(sqlite3_stmt *s, struct buf *out)
{
	size_t before = out->len;

	chan_put_u8(out, 1);
	chan_put_u64(out, (uint64_t)sqlite3_column_int64(s, 0));
	chan_put_str(out, sql_text(s, 1));
	chan_put_str(out, sql_text(s, 2));
	chan_put_u32(out, (uint32_t)sqlite3_column_int64(s, 3));
	chan_put_str(out, sql_text(s, 4));
	chan_put_u8(out, (uint8_t)sqlite3_column_int64(s, 5));
	return wire_fits(out, before, TAIL);
}

static void
put_state(struct store *st, struct buf *out)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_stmt(st, STORE_CACHE, &slot,
	    "SELECT value FROM state WHERE name='index'");

	chan_put_str(out, s != NULL && sqlite3_step(s) == SQLITE_ROW ?
	    sql_text(s, 0) : "");
	if (s != NULL)
		(void)sqlite3_reset(s);
}

static uint16_t
do_todo(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	uint32_t most = chan_get_u32(&c->in), n = 0;
	sqlite3_stmt *s;
	bool more = false;
	enum store_err e;
	int rc;

	if (!chan_end(&c->in) || most == 0 || most > INDEX_BATCH_MAX)
		return OP_BAD;
	e = index_try_settle(st);
	if (e != STORE_OK)
		return (uint16_t)e;
	s = store_ask(st, STORE_CACHE, &slot, todo_sql, "ii", (int64_t)most + 1,
	    (int64_t)COPIES_MAX);
	if (s == NULL)
		return (uint16_t)store_err_sqlite(
		    sqlite3_errcode(st->db[STORE_CACHE]));
	/* Rows are ahead of files while changes are under way: nothing is
	 * to be learnt until WATCH_INDEX says that they are done. */
	rc = SQLITE_DONE;
	while (!intent_busy(st) && (rc = sqlite3_step(s)) == SQLITE_ROW)
		if (n++ == most || !put_item(s, c->out)) {
			more = true;
			rc = SQLITE_DONE;
			break;
		} else if (index_try_careful(st, (uint64_t)
		    sqlite3_column_int64(s, 0)))
			most = 1;
	(void)sqlite3_reset(s);
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, more);
	put_state(st, c->out);
	return rc == SQLITE_DONE ? OP_OK : (uint16_t)store_err_sqlite(rc);
}

static bool
get_work(struct chan_in *in, struct index_work *out)
{
	struct index_item *i;
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->item, &out->n, sizeof *i)) {
		i = &out->item[out->n - 1];
		i->seq = chan_get_u64(in);
		i->was = wire_str(&w);
		i->now = wire_str(&w);
		i->flags = chan_get_u32(in);
		i->tags = wire_str(&w);
		i->level = chan_get_u8(in);
	}
	out->more = chan_get_u8(in) != 0;
	chan_get_str(in, out->state, sizeof out->state);
	if (w.bad || !chan_end(in)) {
		index_work_clear(out);
		return false;
	}
	return true;
}

uint16_t
index_todo(int ch, struct op_reply *r, uint32_t most, struct index_work *out)
{
	struct buf args;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u32(&args, most);
	rc = wire_ask(ch, r, INDEX_TODO, &args, INDEX_WAIT_MS);
	return rc != OP_OK || get_work(&r->in, out) ? rc : OP_BAD;
}

void
index_work_clear(struct index_work *w)
{
	free(w->item);
	free(w->text);
	memset(w, 0, sizeof *w);
}

/* ---- INDEX_DONE ---- */

static uint16_t
do_done(void *service, struct op_call *c)
{
	static struct store_slot del, keep;
	struct store *st = service;
	uint64_t seq = chan_get_u64(&c->in);
	char state[INDEX_STATE_MAX];
	enum store_err e;

	chan_get_str(&c->in, state, sizeof state);
	if (!chan_end(&c->in) || seq > INT64_MAX)
		return OP_BAD;
	e = store_do(st, STORE_CACHE, &del,
	    "DELETE FROM index_todo WHERE seq<=?", "i", (int64_t)seq);
	if (e == STORE_OK)
		e = index_try_done(st, seq);
	if (e == STORE_OK)
		e = store_do(st, STORE_CACHE, &keep, "INSERT OR REPLACE INTO"
		    " state VALUES('index',?)", "s", state);
	return e != STORE_OK ? (uint16_t)e :
	    store_later(st, c, STORE_BIT(STORE_CACHE));
}

uint16_t
index_done(int ch, struct op_reply *r, uint64_t seq, const char *state)
{
	struct buf args;

	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u64(&args, seq);
	chan_put_str(&args, state);
	return wire_ask(ch, r, INDEX_DONE, &args, INDEX_WAIT_MS);
}

/* ---- INDEX_FIND ---- */

static uint16_t
do_find(void *service, struct op_call *c)
{
	static struct store_slot slot;
	struct store *st = service;
	char msgid[LIST_NAME_MAX];
	sqlite3_stmt *s;
	size_t before, n = 0;

	chan_get_str(&c->in, msgid, sizeof msgid);
	if (!chan_end(&c->in))
		return OP_BAD;
	s = store_ask(st, STORE_CACHE, &slot, "SELECT m.id,l.flags,m.tags,"
	    "EXISTS(SELECT 1 FROM index_todo t WHERE t.msg=m.id) FROM"
	    " msg m JOIN mail l ON l.mbox=m.mbox AND l.uid=m.uid"
	    " WHERE m.msgid=?", "s", msgid);
	if (s == NULL)
		return STORE_IO;
	while (n++ < COPIES_MAX && sqlite3_step(s) == SQLITE_ROW) {
		before = c->out->len;
		chan_put_u8(c->out, 1);
		sql_put(c->out, s, 0, "iusb");
		if (!wire_fits(c->out, before, TAIL))
			break;
	}
	(void)sqlite3_reset(s);
	chan_put_u8(c->out, 0);
	return OP_OK;
}

static bool
get_rows(struct chan_in *in, struct index_rows *out)
{
	struct index_row *i;
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->row, &out->n, sizeof *i)) {
		i = &out->row[out->n - 1];
		i->id = chan_get_u64(in);
		i->flags = chan_get_u32(in);
		i->tags = wire_str(&w);
		i->pending = chan_get_u8(in) != 0;
	}
	if (w.bad || !chan_end(in)) {
		index_rows_clear(out);
		return false;
	}
	return true;
}

uint16_t
index_find(int ch, struct op_reply *r, const char *msgid,
    struct index_rows *out)
{
	struct buf args;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	buf_init(&args, CHAN_DATA_MAX);
	chan_put_str(&args, msgid);
	rc = wire_ask(ch, r, INDEX_FIND, &args, INDEX_WAIT_MS);
	return rc != OP_OK || get_rows(&r->in, out) ? rc : OP_BAD;
}

void
index_rows_clear(struct index_rows *w)
{
	free(w->row);
	free(w->text);
	memset(w, 0, sizeof *w);
}

/* ---- INDEX_ALL ---- */

/* The row behind the next step; 0: there is none. */
static uint64_t
step_end(struct store *st, uint64_t from)
{
	static struct store_slot slot;

	return (uint64_t)store_int(st, STORE_CACHE, &slot,
	    "SELECT id FROM msg WHERE id>=? ORDER BY id LIMIT 1 OFFSET ?", "ii",
	    (int64_t)from, (int64_t)INDEX_ALL_STEP);
}

static uint16_t
do_all(void *service, struct op_call *c)
{
	static struct store_slot clear, add;
	struct store *st = service;
	uint64_t from = chan_get_u64(&c->in), end;
	enum store_err e = STORE_OK;

	if (!chan_end(&c->in) || from > INT64_MAX)
		return OP_BAD;
	if (from == 0)
		e = store_do(st, STORE_CACHE, &clear,
		    "DELETE FROM index_todo", "");
	if (from == 0 && e == STORE_OK)
		e = index_try_anew(st);
	if (e != STORE_OK)
		return (uint16_t)e;
	end = step_end(st, from);
	e = store_do(st, STORE_CACHE, &add,
	    "INSERT INTO index_todo(msg,was,now)"
	    " SELECT m.id,'',b.name||'/'||m.name FROM msg m"
	    " JOIN mailbox b ON b.id=m.mbox WHERE m.id>=? AND m.id<?", "ii",
	    (int64_t)from, end != 0 ? (int64_t)end : INT64_MAX);
	chan_put_u64(c->out, end);
	return e != STORE_OK ? (uint16_t)e :
	    store_later(st, c, STORE_BIT(STORE_CACHE));
}

uint16_t
index_all(int ch, struct op_reply *r, uint64_t *from)
{
	struct buf args;
	uint16_t rc;

	buf_init(&args, CHAN_DATA_MAX);
	chan_put_u64(&args, *from);
	rc = wire_ask(ch, r, INDEX_ALL, &args, INDEX_WAIT_MS);
	*from = rc == OP_OK ? chan_get_u64(&r->in) : 0;
	return rc != OP_OK || chan_end(&r->in) ? rc : OP_BAD;
}

enum { INDEXER = ROLE_BIT(ROLE_INDEXER) };

const struct op index_ops[] = {
	{ INDEX_TODO, INDEXER, do_todo },
	{ INDEX_DONE, INDEXER, do_done },
	{ INDEX_FIND, INDEXER, do_find },
	{ INDEX_ALL, INDEXER, do_all },
	{ 0, 0, NULL }
};
