#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store/db.h"
#include "store/grey.h"
#include "store/history.h"

enum { KEY_MAX = 2 + HISTORY_NET_MAX + 1 + GREY_DOMAIN_MAX };

/* first: when it came; last: when it passed, or was heard of since; 0: it
 * waits. */
const char grey_schema[] =
    "CREATE TABLE IF NOT EXISTS grey("
    " key TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS grey_waiting ON grey(first) WHERE last = 0;"
    "CREATE INDEX IF NOT EXISTS grey_passed ON grey(last) WHERE last > 0;";

/* The keys of who asks; "" where there is none. */
struct keys {
	char	net[KEY_MAX];		/* passed */
	char	domain[KEY_MAX];	/* passed, with SPF */
	char	wait[KEY_MAX];
	char	early[KEY_MAX];		/* may have begun before SPF passed */
};

static void
make_keys(const struct grey_who *w, struct keys *k)
{
	char net[HISTORY_NET_MAX];

	memset(k, 0, sizeof *k);
	history_network(w->ip, net);
	if (net[0] != '\0') {
		(void)snprintf(k->net, sizeof k->net, "n %s", net);
		(void)snprintf(k->early, sizeof k->early, "t %s %.255s", net,
		    w->domain);
	}
	if (w->spf && w->domain[0] != '\0') {
		(void)snprintf(k->domain, sizeof k->domain, "d %.255s",
		    w->domain);
		(void)snprintf(k->wait, sizeof k->wait, "s %.255s",
		    w->domain);
	} else
		memcpy(k->wait, k->early, sizeof k->wait);
}

struct entry { int64_t first, last; };

static bool
get(struct store *st, const char *key, struct entry *e)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	bool found;

	if (key[0] == '\0')
		return false;
	s = store_ask(st, STORE_EVENTS, &slot,
	    "SELECT first, last FROM grey WHERE key = ?1", "s", key);
	if (s == NULL)
		return false;
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found)
		*e = (struct entry){ sqlite3_column_int64(s, 0),
		    sqlite3_column_int64(s, 1) };
	(void)sqlite3_reset(s);
	return found;
}

static bool
put(struct store *st, const char *key, int64_t first, int64_t last)
{
	static struct store_slot slot;
	enum store_err rc;

	if (key[0] == '\0')
		return true;
	rc = store_do(st, STORE_EVENTS, &slot, "INSERT INTO grey VALUES(?1,"
	    " ?2, ?3) ON CONFLICT(key) DO UPDATE SET first = ?2, last = ?3",
	    "sii", key, first, last);
	store_wrote(st, STORE_EVENTS);
	return rc == STORE_OK;
}

static void
drop(struct store *st, const char *key)
{
	static struct store_slot slot;

	(void)store_do(st, STORE_EVENTS, &slot,
	    "DELETE FROM grey WHERE key = ?1", "s", key);
	store_wrote(st, STORE_EVENTS);
}

/* Has it passed?  Then that it was heard of is noted, once a day. */
static bool
passed(struct store *st, const char *key, int64_t now_s)
{
	struct entry e;

	if (!get(st, key, &e) || e.last == 0 ||
	    now_s - e.last > GREY_KEEP_S)
		return false;
	if (now_s - e.last > GREY_TOUCH_S)
		(void)put(st, key, e.first, now_s);
	return true;
}

void
grey_pass(struct store *st, const struct grey_who *w, int64_t now_s)
{
	struct keys k;

	make_keys(w, &k);
	if (!passed(st, k.net, now_s))
		(void)put(st, k.net, now_s, now_s);
	if (k.domain[0] != '\0' && !passed(st, k.domain, now_s))
		(void)put(st, k.domain, now_s, now_s);
	drop(st, k.wait);
	drop(st, k.early);
}

/* When that began to wait; now_s: it has not. */
static int64_t
began(struct store *st, const char *key, int64_t now_s)
{
	struct entry e;

	return get(st, key, &e) && e.last == 0 && e.first < now_s &&
	    now_s - e.first <= GREY_WINDOW_S ? e.first : now_s;
}

enum grey
grey_ask(struct store *st, const struct grey_who *w, uint32_t wait_s,
    int64_t now_s, uint32_t *left_s)
{
	struct keys k;
	int64_t age, early;

	*left_s = 0;
	if (wait_s > GREY_WAIT_MAX)
		wait_s = GREY_WAIT_MAX;
	make_keys(w, &k);
	if (k.wait[0] == '\0' || passed(st, k.net, now_s) ||
	    passed(st, k.domain, now_s))
		return GREY_KNOWN;
	early = now_s - began(st, k.early, now_s);
	age = now_s - began(st, k.wait, now_s);
	if (early > age)
		age = early;
	if (age == 0 && !put(st, k.wait, now_s, 0))
		return GREY_KNOWN;
	if (age < (int64_t)wait_s) {
		*left_s = wait_s - (uint32_t)age;
		return GREY_WAIT;
	}
	grey_pass(st, w, now_s);
	return GREY_PASSED;
}

static void
forget(struct store *st, const char *which, const char *by, int64_t before,
    int most)
{
	char sql[512];

	(void)snprintf(sql, sizeof sql, "DELETE FROM grey WHERE %s AND"
	    " (%s < %lld OR key IN (SELECT key FROM grey WHERE %s"
	    " ORDER BY %s DESC LIMIT -1 OFFSET %d))", which, by,
	    (long long)before, which, by, most);
	if (db_exec(st->db[STORE_EVENTS], sql) == STORE_OK)
		store_wrote(st, STORE_EVENTS);
}

void
grey_trim(struct store *st, int64_t now_s)
{
	forget(st, "last = 0", "first", now_s - GREY_WINDOW_S,
	    GREY_WAITING_MAX);
	forget(st, "last > 0", "last", now_s - GREY_KEEP_S, GREY_PASSED_MAX);
}
