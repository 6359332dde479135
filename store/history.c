#include <arpa/inet.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/history.h"
#include "store/known_as.h"
#include "store/op_rcpt.h"

const char history_schema[] =
    "CREATE TABLE IF NOT EXISTS history("
    " kind INTEGER NOT NULL, name TEXT NOT NULL, good INTEGER NOT NULL,"
    " junk INTEGER NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY(kind, name)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS history_at ON history(kind, at);";

void
history_network(const char *ip, char out[HISTORY_NET_MAX])
{
	enum { V4_KEEP = 3, V6_KEEP = 6 };	/* octets */
	char text[INET6_ADDRSTRLEN];
	uint8_t a[sizeof(struct in6_addr)] = { 0 };

	out[0] = '\0';
	if (ip == NULL)
		return;
	if (inet_pton(AF_INET, ip, a) == 1) {
		memset(a + V4_KEEP, 0, sizeof a - V4_KEEP);
		if (inet_ntop(AF_INET, a, text, sizeof text) != NULL)
			(void)snprintf(out, HISTORY_NET_MAX, "%.40s/24", text);
	} else if (inet_pton(AF_INET6, ip, a) == 1) {
		memset(a + V6_KEEP, 0, sizeof a - V6_KEEP);
		if (inet_ntop(AF_INET6, a, text, sizeof text) != NULL)
			(void)snprintf(out, HISTORY_NET_MAX, "%.40s/48", text);
	}
}

void
history_get(struct store *st, enum history_kind kind, const char *name,
    struct history_count *out)
{
	static struct store_slot slot;
	sqlite3_stmt *s;

	memset(out, 0, sizeof *out);
	if (name == NULL || name[0] == '\0')
		return;
	s = store_ask(st, STORE_NODE, &slot, "SELECT good, junk FROM history"
	    " WHERE kind = ?1 AND name = ?2", "is", (int64_t)kind, name);
	if (s == NULL)
		return;
	if (sqlite3_step(s) == SQLITE_ROW) {
		out->good = (uint32_t)sqlite3_column_int(s, 0);
		out->junk = (uint32_t)sqlite3_column_int(s, 1);
	}
	(void)sqlite3_reset(s);
}

bool
history_any(struct store *st)
{
	static struct store_slot slot;

	return store_int(st, STORE_NODE, &slot,
	    "SELECT 1 FROM history LIMIT 1", "") != 0;
}

/* What says nothing any more goes, and the oldest over the limit. */
static enum store_err
trim(struct store *st, enum history_kind kind)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "DELETE FROM"
	    " history WHERE kind = ?1 AND at < (SELECT at FROM history"
	    " WHERE kind = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)", "ii",
	    (int64_t)kind, (int64_t)(HISTORY_MAX - 1));
}

static enum store_err
drop_empty(struct store *st, enum history_kind kind, const char *name)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "DELETE FROM"
	    " history WHERE kind = ?1 AND name = ?2 AND good = 0"
	    " AND junk = 0", "is", (int64_t)kind, name);
}

enum store_err
history_add(struct store *st, enum history_kind kind, const char *name,
    int good, int junk)
{
	static struct store_slot slot;
	enum store_err rc;

	if (name == NULL || name[0] == '\0' ||
	    strlen(name) >= HISTORY_NAME_MAX)
		return STORE_OK;
	rc = store_do(st, STORE_NODE, &slot, "INSERT INTO history"
	    " VALUES(?1, ?2, max(?3, 0), max(?4, 0), ?5) ON CONFLICT DO UPDATE"
	    " SET good = max(good + ?3, 0), junk = max(junk + ?4, 0),"
	    " at = ?5", "isiii", (int64_t)kind, name, (int64_t)good,
	    (int64_t)junk, clock_wall_us());
	if (rc == STORE_OK)
		rc = good + junk > 0 ? trim(st, kind) :
		    drop_empty(st, kind, name);
	return rc;
}

enum store_err
history_wrote(struct store *st, const char *address)
{
	char name[HISTORY_NAME_MAX];
	enum store_err rc;
	struct rcpt who;
	char *p;

	rcpt_resolve(st, address, &who);
	if (who.class != RCPT_FOREIGN || strrchr(address, '@') == NULL ||
	    snprintf(name, sizeof name, "%s", address) >= (int)sizeof name)
		return STORE_OK;
	for (p = name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	rc = history_add(st, HISTORY_WROTE, name, 1, 0);
	if (rc == STORE_OK)
		rc = known_as_domain(st, strrchr(name, '@') + 1);
	/* A name that is nothing but that address shall lead to it. */
	return rc == STORE_OK ? known_as_name(st, name, name) : rc;
}
