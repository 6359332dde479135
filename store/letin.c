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
#define LETIN_FITS(who) " FROM letin WHERE until > ?5 AND address " who \
	" AND address <> '' AND ((network <> '' AND network = ?3) OR" \
	" (key <> '' AND key = ?4) OR (?6 AND address = ?1))"

enum store_err
letin_add(struct store *st, const struct letin *l, int64_t now_s)
{
	static struct store_slot slot;
	enum store_err rc;

	letin_trim(st, now_s);
	rc = store_do(st, STORE_EVENTS, &slot, "INSERT OR REPLACE INTO letin"
	    " VALUES(?1, ?2, ?3, ?4)", "sssi", l->address, l->network, l->key,
	    now_s + LETIN_S);
	store_wrote(st, STORE_EVENTS);
	return rc;
}

enum store_err
letin_find(struct store *st, const struct letin_try *t, int64_t now_s)
{
	static struct store_slot slot;
	char net[HISTORY_NET_MAX];

	history_network(t->ip, net);
	/* Not IN: for its list SQLite makes a table each time. */
	return store_int(st, STORE_EVENTS, &slot, "SELECT 1" LETIN_FITS("= ?1")
	    " UNION ALL SELECT 1" LETIN_FITS("= ?2") " LIMIT 1", "ssssii",
	    t->author, t->sender, net, t->key, now_s,
	    (int64_t)t->aligned) != 0 ? STORE_OK : STORE_NOTFOUND;
}

void
letin_used(struct store *st, const struct letin_try *t, int64_t now_s)
{
	static struct store_slot slot;
	char net[HISTORY_NET_MAX];

	history_network(t->ip, net);
	(void)store_do(st, STORE_EVENTS, &slot, "DELETE"
	    LETIN_FITS("IN (?1, ?2)"), "ssssii", t->author, t->sender, net,
	    t->key, now_s, (int64_t)t->aligned);
	store_wrote(st, STORE_EVENTS);
}

bool
letin_any(struct store *st)
{
	static struct store_slot slot;

	return store_int(st, STORE_EVENTS, &slot,
	    "SELECT 1 FROM letin LIMIT 1", "") != 0;
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
