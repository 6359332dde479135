#include <stdio.h>

#include "store/came.h"
#include "store/db.h"
#include "store/history.h"

const char came_schema[] =
    "CREATE TABLE IF NOT EXISTS came("
    " author TEXT NOT NULL, network TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY(author, network)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS came_at ON came(at);";

/* When it last came so; 0: never. */
static int64_t
last(struct store *st, const char *author, const char *net)
{
	static struct store_slot slot;

	if (author[0] == '\0' || net[0] == '\0')
		return 0;
	return store_int(st, STORE_EVENTS, &slot, "SELECT at FROM came WHERE"
	    " author = ?1 AND network = ?2", "ss", author, net);
}

bool
came_note(struct store *st, const char *author, const char *ip,
    int64_t now_s)
{
	static struct store_slot slot;
	char net[HISTORY_NET_MAX];

	history_network(ip, net);
	if (author[0] == '\0' || net[0] == '\0' ||
	    now_s - last(st, author, net) < CAME_TOUCH_S)
		return false;
	(void)store_do(st, STORE_EVENTS, &slot, "INSERT OR REPLACE INTO came"
	    " VALUES(?1, ?2, ?3)", "ssi", author, net, now_s);
	store_wrote(st, STORE_EVENTS);
	return true;
}

bool
came_before(struct store *st, const char *author, const char *ip)
{
	char net[HISTORY_NET_MAX];

	history_network(ip, net);
	return last(st, author, net) != 0;
}

void
came_trim(struct store *st, int64_t now_s)
{
	char sql[256];

	(void)snprintf(sql, sizeof sql, "DELETE FROM came WHERE at < %lld OR"
	    " at < (SELECT at FROM came ORDER BY at DESC LIMIT 1 OFFSET %d)",
	    (long long)now_s - CAME_KEEP_S, CAME_MAX - 1);
	(void)db_exec(st->db[STORE_EVENTS], sql);
}
