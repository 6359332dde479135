#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store/db.h"
#include "store/history.h"
#include "store/letin.h"

const char letin_schema[] =
    "CREATE TABLE IF NOT EXISTS letin("
    " address TEXT NOT NULL, network TEXT NOT NULL, key TEXT NOT NULL,"
    " until INTEGER NOT NULL, PRIMARY KEY(address, network, key))"
    " WITHOUT ROWID;";

/* ?1 author, ?2 sender, ?3 network, ?4 key, ?5 now, ?6 aligned */
#define LETIN_FITS " FROM letin WHERE until > ?5 AND address IN (?1, ?2)" \
	" AND address <> '' AND ((network <> '' AND network = ?3) OR" \
	" (key <> '' AND key = ?4) OR (?6 AND address = ?1))"

enum store_err
letin_add(struct store *st, const struct letin *l, int64_t now_s)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	int code;

	letin_trim(st, now_s);
	s = store_stmt(st, STORE_EVENTS, &slot, "INSERT OR REPLACE INTO letin"
	    " VALUES(?1, ?2, ?3, ?4)");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_text(s, 1, l->address, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, l->network, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, l->key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, now_s + LETIN_S);
	code = sqlite3_step(s);
	(void)sqlite3_reset(s);
	store_wrote(st, STORE_EVENTS);
	return code == SQLITE_DONE ? STORE_OK : store_err_sqlite(code);
}

static void
bind(sqlite3_stmt *s, const struct letin_try *t, const char *net,
    int64_t now_s)
{
	sqlite3_bind_text(s, 1, t->author, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, t->sender, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, net, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, t->key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, now_s);
	sqlite3_bind_int(s, 6, t->aligned);
}

enum store_err
letin_find(struct store *st, const struct letin_try *t, int64_t now_s)
{
	static struct store_slot slot;
	char net[HISTORY_NET_MAX];
	sqlite3_stmt *s;
	int code;

	s = store_stmt(st, STORE_EVENTS, &slot, "SELECT 1" LETIN_FITS);
	if (s == NULL)
		return STORE_NOMEM;
	history_network(t->ip, net);
	bind(s, t, net, now_s);
	code = sqlite3_step(s);
	(void)sqlite3_reset(s);
	return code == SQLITE_ROW ? STORE_OK : STORE_NOTFOUND;
}

void
letin_used(struct store *st, const struct letin_try *t, int64_t now_s)
{
	static struct store_slot slot;
	char net[HISTORY_NET_MAX];
	sqlite3_stmt *s;

	s = store_stmt(st, STORE_EVENTS, &slot, "DELETE" LETIN_FITS);
	if (s == NULL)
		return;
	history_network(t->ip, net);
	bind(s, t, net, now_s);
	(void)sqlite3_step(s);
	(void)sqlite3_reset(s);
	store_wrote(st, STORE_EVENTS);
}

bool
letin_any(struct store *st)
{
	static struct store_slot slot;

	return store_any(st, STORE_EVENTS, &slot,
	    "SELECT 1 FROM letin LIMIT 1");
}

void
letin_trim(struct store *st, int64_t now_s)
{
	char sql[256];

	(void)snprintf(sql, sizeof sql, "DELETE FROM letin WHERE until <="
	    " %lld; DELETE FROM letin WHERE until < (SELECT until FROM letin"
	    " ORDER BY until DESC LIMIT 1 OFFSET %d)", (long long)now_s,
	    LETIN_MAX - 1);
	(void)db_exec(st->db[STORE_EVENTS], sql);
}
