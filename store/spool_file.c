/* From the spool into files: entries in their order, and struck out. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/hold.h"
#include "store/spool_parts.h"
#include "store/sql.h"

enum {
	SPOOL_AGAIN_MS = 2000,
	SPOOL_STRIKE_MS = 200
};

static void
entry(sqlite3_stmt *s, struct spool_entry *e)
{
	memset(e, 0, sizeof *e);
	e->id = (uint64_t)sqlite3_column_int64(s, 0);
	sql_copy(e->trace, sizeof e->trace, s, 1);
	sql_copy(e->folder, sizeof e->folder, s, 2);
	e->tags = (const char *)sqlite3_column_text(s, 3);
	e->received = sqlite3_column_int64(s, 4);
	e->size = (uint64_t)sqlite3_column_int64(s, 5);
	sql_copy(e->box, sizeof e->box, s, 6);
	e->uid = (uint32_t)sqlite3_column_int64(s, 7);
	sql_copy(e->rel, sizeof e->rel, s, 8);
	e->file = (uint64_t)sqlite3_column_int64(s, 9);
	e->head = sqlite3_column_blob(s, 10);
	e->nhead = (size_t)sqlite3_column_bytes(s, 10);
	e->body = sqlite3_column_blob(s, 11);
	e->nbody = (size_t)sqlite3_column_bytes(s, 11);
	e->sender = (const char *)sqlite3_column_text(s, 12);
	e->rcpt = (const char *)sqlite3_column_text(s, 13);
	e->fans = (enum fan_kind)(sqlite3_column_int64(s, 14) & TODO_FANS);
	e->own = (sqlite3_column_int64(s, 14) & TODO_OWN) != 0;
	e->goes = (sqlite3_column_int64(s, 14) & TODO_GOES) != 0;
	e->stays = (sqlite3_column_int64(s, 14) & TODO_STAYS) != 0;
	e->verdict = (const char *)sqlite3_column_text(s, 15);
	if (e->sender == NULL || e->rcpt == NULL || e->verdict == NULL)
		e->sender = e->rcpt = e->verdict = "";
	if (e->tags == NULL)
		e->tags = "";
	if (e->file == 0 && e->body == NULL)
		e->body = "";
}

enum store_err
spool_next(struct store *st, uint64_t after, struct spool_entry *e)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	int code;

	if (after >= st->spool->committed)
		return STORE_NOTFOUND;
	s = store_stmt(st, STORE_SPOOL, &slot, "SELECT id, trace, folder,"
	    " tags, received, size, box, uid, name, file, head, body,"
	    " sender, rcpt, todo, verdict FROM spool WHERE id > ?1 ORDER BY id LIMIT 1");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_int64(s, 1, (int64_t)after);
	code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		entry(s, e);
		return STORE_OK;
	}
	(void)sqlite3_reset(s);
	return code == SQLITE_DONE ? STORE_NOTFOUND :
	    store_result(st, STORE_SPOOL, code);
}

enum store_err
spool_place(struct store *st, uint64_t id, const char *box, uint32_t uid,
    const char *rel)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	enum store_err rc;

	rc = store_begin(st, STORE_SPOOL);
	if (rc != STORE_OK)
		return rc;
	s = store_stmt(st, STORE_SPOOL, &slot, "UPDATE spool SET box = ?2,"
	    " uid = ?3, name = ?4 WHERE id = ?1");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_int64(s, 1, (int64_t)id);
	sqlite3_bind_text(s, 2, box, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, uid);
	sqlite3_bind_text(s, 4, rel, -1, SQLITE_STATIC);
	rc = store_result(st, STORE_SPOOL, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

static void
file_name(char name[17], uint64_t file)
{
	snprintf(name, 17, "%016llx", (unsigned long long)file);
}

int
spool_body(struct store *st, uint64_t file)
{
	char name[17];

	file_name(name, file);
	return openat(st->spool->dirfd, name, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW);
}

struct drop {
	struct store	*st;
	uint64_t	 file;
};

static void
body_free(void *arg, enum store_err rc)
{
	struct drop *d = arg;
	char name[17];

	file_name(name, d->file);
	if (rc == STORE_OK)
		(void)unlinkat(d->st->spool->dirfd, name, 0);
	free(d);
}

/* Only when no row names it any more. */
static enum store_err
drop_body(struct store *st, uint64_t file)
{
	struct drop *d = calloc(1, sizeof *d);
	enum store_err rc;

	if (d == NULL)
		return STORE_OK;	/* the next start sweeps it */
	*d = (struct drop){ st, file };
	rc = store_after(st, STORE_BIT(STORE_SPOOL), body_free, d);
	if (rc != STORE_OK)
		free(d);
	return STORE_OK;
}

static enum store_err
strike(struct store *st, uint64_t id)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	enum store_err rc;

	s = store_stmt(st, STORE_SPOOL, &slot,
	    "DELETE FROM spool WHERE id = ?1");
	if (s == NULL)
		return STORE_NOMEM;
	sqlite3_bind_int64(s, 1, (int64_t)id);
	rc = store_result(st, STORE_SPOOL, sqlite3_step(s));
	(void)sqlite3_reset(s);
	return rc;
}

/* Until the commit they stay on the list: a full disk may refuse it. */
static void
struck(void *arg, enum store_err rc)
{
	struct store *st = arg;
	struct spool *sp = st->spool;

	if (rc == STORE_OK) {
		sp->ndone -= sp->striking;
		memmove(sp->done, sp->done + sp->striking,
		    sp->ndone * sizeof sp->done[0]);
	}
	sp->striking = 0;
	if (sp->ndone > 0)
		loop_arm(st->loop, &sp->strike, rc == STORE_OK ?
		    SPOOL_STRIKE_MS : SPOOL_AGAIN_MS);
}

/* Those that are filed are struck out with the next message's commit, or
 * after a while with one of their own. */
void
spool_strike(struct store *st)
{
	struct spool *sp = st->spool;
	size_t i;

	loop_disarm(st->loop, &sp->strike);
	if (sp->ndone == 0 || sp->striking > 0)
		return;
	if (store_begin(st, STORE_SPOOL) != STORE_OK ||
	    store_after(st, STORE_BIT(STORE_SPOOL), struck, st) !=
	    STORE_OK) {
		loop_arm(st->loop, &sp->strike, SPOOL_AGAIN_MS);
		return;
	}
	sp->striking = sp->ndone;
	for (i = 0; i < sp->striking; i++) {
		/* A row that stays needs its body: the next start files it. */
		if (strike(st, sp->done[i].id) == STORE_OK &&
		    sp->done[i].file != 0)
			(void)drop_body(st, sp->done[i].file);
	}
}

bool
spool_struck(const struct store *st)
{
	return st->spool->ndone == 0;
}

bool
spool_has(struct store *st, uint64_t id)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_stmt(st, STORE_SPOOL, &slot,
	    "SELECT 1 FROM spool WHERE id = ?1");
	bool found;

	if (s == NULL)
		return true;
	sqlite3_bind_int64(s, 1, (int64_t)id);
	found = sqlite3_step(s) != SQLITE_DONE;
	(void)sqlite3_reset(s);
	return found;
}

void
spool_strike_late(void *arg)
{
	spool_strike(arg);
}

enum store_err
spool_done(struct store *st, uint64_t id, uint64_t file, uint64_t size)
{
	struct spool *sp = st->spool;

	if (sp->ndone == SPOOL_DONE_MAX)
		return STORE_IO;	/* the next start does it once more */
	sp->done[sp->ndone].id = id;
	sp->done[sp->ndone++].file = file;
	sp->entries -= sp->entries > 0;
	sp->octets -= sp->octets >= size ? size : sp->octets;
	sp->looked_ms = 0;
	hold_release(st);
	if (!sp->strike.armed && sp->striking == 0)
		loop_arm(st->loop, &sp->strike, SPOOL_STRIKE_MS);
	return STORE_OK;
}
