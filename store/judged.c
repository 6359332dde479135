#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/judged.h"

/* What was said of it last and when; false: nothing. */
static bool
said_before(struct store *st, const struct row_at *at, bool *junk,
    int64_t *when_us)
{
	static struct store_slot get;
	sqlite3_stmt *s;
	bool found;

	s = store_stmt(st, STORE_NODE, &get, "SELECT junk, at FROM judged"
	    " WHERE hash = ?1");
	if (s == NULL)
		return false;
	sqlite3_bind_blob(s, 1, at->hash, sizeof at->hash, SQLITE_STATIC);
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		*junk = sqlite3_column_int(s, 0) != 0;
		*when_us = sqlite3_column_int64(s, 1);
	}
	(void)sqlite3_reset(s);
	return found;
}

static enum store_err
put(struct store *st, const struct row_at *at, bool junk)
{
	static struct store_slot put, trim;
	sqlite3_stmt *s;
	enum store_err rc;

	s = store_stmt(st, STORE_NODE, &put, "REPLACE INTO judged(hash, junk,"
	    " at) VALUES(?1, ?2, ?3)");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_blob(s, 1, at->hash, sizeof at->hash, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, junk);
	sqlite3_bind_int64(s, 3, clock_wall_us());
	rc = store_result(st, STORE_NODE, sqlite3_step(s));
	(void)sqlite3_reset(s);
	if (rc != STORE_OK)
		return rc;
	s = store_stmt(st, STORE_NODE, &trim, "DELETE FROM judged WHERE at <"
	    " (SELECT at FROM judged ORDER BY at DESC LIMIT 1 OFFSET ?1)");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_int(s, 1, JUDGED_MAX);
	rc = store_result(st, STORE_NODE, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

static enum store_err
take_back(struct store *st, const struct row_at *at)
{
	static struct store_slot drop;
	sqlite3_stmt *s;
	enum store_err rc;

	s = store_stmt(st, STORE_NODE, &drop, "DELETE FROM judged"
	    " WHERE hash = ?1");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_blob(s, 1, at->hash, sizeof at->hash, SQLITE_STATIC);
	rc = store_result(st, STORE_NODE, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

enum store_err
judged_note(struct store *st, const struct box *from, const struct box *to,
    const struct row_at *at)
{
	bool junk = strcmp(to->name, "Junk") == 0, was = false, undo;
	struct store_judged j = { .mbox = to->id };
	int64_t when_us = 0;
	enum store_err rc;

	if (junk == (strcmp(from->name, "Junk") == 0) ||
	    strcmp(to->name, "Trash") == 0 ||
	    strcmp(from->name, "Trash") == 0)
		return STORE_OK;
	undo = said_before(st, at, &was, &when_us) && was != junk &&
	    clock_wall_us() - when_us < JUDGED_UNDO_S * INT64_C(1000000);
	rc = undo ? take_back(st, at) : put(st, at, junk);
	if (rc != STORE_OK || st->judged == NULL)
		return rc;
	memcpy(j.hash, at->hash, sizeof j.hash);
	j.as = undo ? STORE_NEITHER : junk ? STORE_JUNK : STORE_GOOD;
	st->judged(st->arg, &j);
	return STORE_OK;
}

static int
open_in(struct store *st, const struct box *b, const uint8_t hash[32])
{
	char path[PATH_MAX];
	struct row_at at;
	uint64_t id;

	if (b == NULL || row_by_hash(st->rows, b->id, hash, &id) != 0 ||
	    id == 0 || row_get(st->rows, id, &at) != 0 ||
	    snprintf(path, sizeof path, "%s/%s/%s", st->conf->maildir,
	    b->name, at.name) >= (int)sizeof path)
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Junk is often thrown away at once. */
int
judged_open(struct store *st, uint64_t mbox, const uint8_t hash[32])
{
	int fd = open_in(st, box_by_id(st, mbox), hash);

	return fd != -1 ? fd : open_in(st, box_by_name(st, "Trash"), hash);
}
