#define _DEFAULT_SOURCE	/* reallocarray */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "store/schema.h"
#include "store/sql.h"
#include "store/store_turn.h"

/* Places for all slots that were used so far, by `slot->at`. */
struct store_stmts {
	sqlite3_stmt	**at[STORE_NDB];
	unsigned int	 n[STORE_NDB];
};

static unsigned int nslots;		/* statements known, 1.. */

struct store_stmts *
stmts_new(void)
{
	return calloc(1, sizeof(struct store_stmts));
}

void
stmts_free(struct store_stmts *t)
{
	unsigned int db, i;

	for (db = 0; t != NULL && db < STORE_NDB; db++) {
		for (i = 0; i < t->n[db]; i++)
			(void)sqlite3_finalize(t->at[db][i]);
		free(t->at[db]);
	}
	free(t);
}

void
stmts_reset(struct store_stmts *t, enum store_db db)
{
	unsigned int i;

	for (i = 0; i < t->n[db]; i++)
		(void)sqlite3_reset(t->at[db][i]);
}

static sqlite3_stmt **
place(struct store_stmts *t, enum store_db db, struct store_slot *slot)
{
	sqlite3_stmt **p;

	if (slot->at == 0)
		slot->at = ++nslots;
	if (slot->at >= t->n[db]) {
		p = reallocarray(t->at[db], nslots + 1, sizeof *p);
		if (p == NULL)
			return NULL;
		memset(p + t->n[db], 0,
		    (nslots + 1 - t->n[db]) * sizeof *p);
		t->at[db] = p;
		t->n[db] = nslots + 1;
	}
	return &t->at[db][slot->at];
}

struct sqlite3_stmt *
stmts_get(struct store *st, enum store_db db, struct store_slot *slot,
    const char *sql)
{
	sqlite3_stmt **s = place(st->stmts, db, slot);

	if (s == NULL)
		return NULL;
	if (*s == NULL) {
		if (sqlite3_prepare_v3(st->db[db], sql, -1,
		    SQLITE_PREPARE_PERSISTENT, s, NULL) != SQLITE_OK)
			return NULL;
		return *s;
	}
	(void)sqlite3_reset(*s);
	(void)sqlite3_clear_bindings(*s);
	return *s;
}

static bool
step_done(struct store *st, enum store_db db, struct store_slot *slot,
    const char *sql)
{
	sqlite3_stmt *s = stmts_get(st, db, slot, sql);
	bool done = s != NULL && sqlite3_step(s) == SQLITE_DONE;

	(void)sqlite3_reset(s);
	return done;
}

static void
read_begin(struct store *st, enum store_db db)
{
	static struct store_slot slot;

	if (!schemas[db].alone && !((st->began | st->reading) &
	    STORE_BIT(db)) && step_done(st, db, &slot, "BEGIN"))
		st->reading |= STORE_BIT(db);
}

void
stmts_read_end(struct store *st, enum store_db db)
{
	static struct store_slot slot;

	if ((st->reading & STORE_BIT(db)) &&
	    !step_done(st, db, &slot, "COMMIT"))
		(void)sqlite3_exec(st->db[db], "ROLLBACK", NULL, NULL, NULL);
	st->reading &= ~STORE_BIT(db);
}

struct sqlite3_stmt *
store_stmt(struct store *st, enum store_db db, struct store_slot *slot,
    const char *sql)
{
	read_begin(st, db);
	return stmts_get(st, db, slot, sql);
}

static sqlite3_stmt *
bound(sqlite3_stmt *s, const char *fmt, va_list *ap)
{
	return s != NULL && sql_bind(s, fmt, ap) == SQLITE_OK ? s : NULL;
}

struct sqlite3_stmt *
store_ask(struct store *st, enum store_db db, struct store_slot *slot,
    const char *sql, const char *fmt, ...)
{
	sqlite3_stmt *s = store_stmt(st, db, slot, sql);
	va_list ap;

	va_start(ap, fmt);
	s = bound(s, fmt, &ap);
	va_end(ap);
	return s;
}

/* events.db has no part in the turn: nobody waits for it. */
static enum store_err
result(struct store *st, enum store_db db, int code)
{
	return db != STORE_EVENTS ? store_result(st, db, code) :
	    store_err_sqlite(code);
}

enum store_err
store_do(struct store *st, enum store_db db, struct store_slot *slot,
    const char *sql, const char *fmt, ...)
{
	enum store_err rc;
	sqlite3_stmt *s;
	va_list ap;

	rc = db != STORE_EVENTS ? store_begin(st, db) : STORE_OK;
	if (rc != STORE_OK)
		return rc;
	s = store_stmt(st, db, slot, sql);
	va_start(ap, fmt);
	s = bound(s, fmt, &ap);
	va_end(ap);
	if (s == NULL) {
		rc = result(st, db, sqlite3_errcode(st->db[db]));
		return rc != STORE_OK ? rc : STORE_NOMEM;
	}
	rc = result(st, db, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

int64_t
store_int(struct store *st, enum store_db db, struct store_slot *slot,
    const char *sql, const char *fmt, ...)
{
	sqlite3_stmt *s = store_stmt(st, db, slot, sql);
	int64_t v = 0;
	va_list ap;

	va_start(ap, fmt);
	s = bound(s, fmt, &ap);
	va_end(ap);
	if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
		v = sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s);
	return v;
}
