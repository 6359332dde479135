#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/append_many.h"
#include "store/box.h"
#include "store/db.h"
#include "store/intake.h"
#include "store/intent_parts.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/row.h"
#include "store/sql.h"
#include "store/sync.h"

enum {
	INTENT_UNDER_WAY = 256,
	INTENT_STRIKE_MS = 200	/* what is done, without a turn of its own */
};

struct sent {
	struct sent	*next;
	struct store	*st;
	struct intent	 in;
};

_Static_assert(INTENT_MOVE == 0 && INTENT_DROP == 2, "as leaves() has it");

static const char alarm_files[] =
    "a change to mail files cannot be carried out: it is tried again";

bool
intent_busy(const struct store *st)
{
	const struct intents *it = st->intents;

	return it->under_way > 0 || it->cursor < it->committed ||
	    it->turn[0].open || it->turn[1].open;
}

/* ---- adding ---- */

/* The numbers of those that were not committed are not used again. */
static void
turn_done(void *arg, enum store_err rc)
{
	struct intent_turn *t = arg;
	struct intents *it = t->st->intents;

	t->open = false;
	if (rc == STORE_OK && t->last > it->committed)
		it->committed = t->last;
}

static enum store_err
strike_one(struct store *st, uint64_t id, bool body)
{
	static struct store_slot slot, bodies;
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &slot,
	    "DELETE FROM intent WHERE id = ?1", "i", (int64_t)id);
	return rc != STORE_OK || !body ? rc : store_do(st, STORE_NODE,
	    &bodies, "DELETE FROM intent_body WHERE id = ?1", "i",
	    (int64_t)id);
}

static void
struck(void *arg, enum store_err rc)
{
	struct intents *it = arg;

	if (rc == STORE_OK) {
		it->nstands -= it->striking;
		memmove(it->stands, it->stands + it->striking,
		    it->nstands * sizeof it->stands[0]);
	}
	it->striking = 0;
}

enum store_err
intent_begin(struct store *st)
{
	struct intents *it = st->intents;
	enum store_err rc = store_begin(st, STORE_NODE);

	if (rc == STORE_OK && it->striking == 0 && it->nstands > 0)
		rc = store_after(st, STORE_BIT(STORE_NODE), struck, it);
	for (; rc == STORE_OK && it->striking < it->nstands; it->striking++)
		rc = strike_one(st, it->stands[it->striking], true);
	return rc;
}

static void
strike_late(void *arg)
{
	(void)intent_begin(arg);
}

static enum store_err
join_turn(struct store *st, struct intent_turn **out)
{
	struct intent_turn *t = &st->intents->turn[st->turn & 1];
	enum store_err rc;

	*out = t;
	if (t->open)
		return STORE_OK;
	rc = store_after(st, STORE_BIT(STORE_NODE), turn_done, t);
	if (rc == STORE_OK)
		*t = (struct intent_turn){ .st = st, .open = true,
		    .last = st->intents->committed };
	return rc;
}

enum store_err
intent_add(struct store *st, const struct intent *in)
{
	static struct store_slot slot;
	struct intents *it = st->intents;
	struct intent_turn *t;
	enum store_err rc;

	rc = intent_begin(st);
	if (rc == STORE_OK)
		rc = join_turn(st, &t);
	if (rc != STORE_OK)
		return rc;
	rc = store_do(st, STORE_NODE, &slot, "INSERT INTO intent(id, kind,"
	    " box, uid, name, dbox, duid, dname, tags, received)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", "iisississi",
	    (int64_t)(it->last + 1), (int64_t)in->kind, in->box,
	    (int64_t)in->uid, in->rel, in->dbox, (int64_t)in->duid, in->drel,
	    in->tags, in->received);
	if (rc == STORE_OK)
		t->last = ++it->last;
	return rc;
}

enum store_err
intent_flags(struct store *st, const char *box, uint32_t lo, uint32_t hi,
    uint32_t add, uint32_t del)
{
	struct intent in = { .kind = INTENT_FLAGS, .uid = lo, .duid = hi,
	    .received = (int64_t)(add << 8 | del) };

	snprintf(in.box, sizeof in.box, "%s", box);
	return intent_add(st, &in);
}

static bool
any(struct store *st, struct store_slot *slot, const char *sql,
    const char *box, uint32_t uid)
{
	sqlite3_stmt *s = store_ask(st, STORE_NODE, slot, sql, "si", box,
	    (int64_t)uid);
	bool yes;

	if (s == NULL)
		return true;
	yes = sqlite3_step(s) != SQLITE_DONE;
	(void)sqlite3_reset(s);
	return yes;
}

bool
intent_touches(struct store *st, const char *box, uint32_t uid)
{
	static struct store_slot from, to, flags, marks;

	return any(st, &flags, "SELECT 1 FROM intent WHERE kind = 3"
	    " AND box = ?1 AND ?2 BETWEEN uid AND duid", box, uid) ||
	    any(st, &from, "SELECT 1 FROM intent WHERE box = ?1"
	    " AND uid = ?2", box, uid) ||
	    any(st, &to, "SELECT 1 FROM intent WHERE dbox = ?1"
	    " AND duid = ?2", box, uid) ||
	    /* append_many.c: they stand together, or go. */
	    any(st, &marks, "SELECT 1 FROM appending WHERE box = ?1"
	    " AND uid = ?2", box, uid);
}

/* ---- carrying out ---- */

static enum store_err
next(struct store *st, struct intent *in)
{
	static struct store_slot slot;
	sqlite3_stmt *s;
	int code;

	s = store_ask(st, STORE_NODE, &slot, "SELECT id, kind, box, uid,"
	    " name, dbox, duid, dname, tags, received FROM intent"
	    " WHERE id > ?1 ORDER BY id LIMIT 1", "i",
	    (int64_t)st->intents->cursor);
	if (s == NULL)
		return STORE_NOMEM;
	code = sqlite3_step(s);
	memset(in, 0, sizeof *in);
	if (code == SQLITE_ROW) {
		in->id = (uint64_t)sqlite3_column_int64(s, 0);
		in->kind = (enum intent_kind)sqlite3_column_int(s, 1);
		sql_copy(in->box, sizeof in->box, s, 2);
		in->uid = (uint32_t)sqlite3_column_int64(s, 3);
		sql_copy(in->rel, sizeof in->rel, s, 4);
		sql_copy(in->dbox, sizeof in->dbox, s, 5);
		in->duid = (uint32_t)sqlite3_column_int64(s, 6);
		sql_copy(in->drel, sizeof in->drel, s, 7);
		sql_copy(in->tags, sizeof in->tags, s, 8);
		in->received = sqlite3_column_int64(s, 9);
	}
	(void)sqlite3_reset(s);
	if (code == SQLITE_DONE)
		return STORE_NOTFOUND;
	return store_result(st, STORE_NODE, code);
}

enum store_err
intent_strike(struct store *st, const struct intent *in)
{
	enum store_err rc = intent_begin(st);

	return rc != STORE_OK ? rc :
	    strike_one(st, in->id, in->kind == INTENT_PUT);
}

/* It is in no hurry: nobody waits for that. */
static void
strike_new(struct store *st, const struct intent *in)
{
	struct intents *it = st->intents;

	if (it->nstands == INTENT_PUTS_MAX) {
		(void)intent_strike(st, in);
		return;
	}
	it->stands[it->nstands++] = in->id;
	if (!it->strike.armed)
		loop_arm(st->loop, &it->strike, INTENT_STRIKE_MS);
}

/* The file went away before we came to it: so does the row, unless all of its
 * mailbox did. */
static void
lost(struct store *st, const struct intent *in)
{
	struct box *b = box_by_name(st, in->dbox);
	struct row_at at;

	if (in->kind == INTENT_MOVE && b != NULL &&
	    row_at_uid(st->rows, b->id, in->duid, &at) == 0 &&
	    strcmp(at.name, in->drel) == 0)
		sync_gone(st, b, in->duid);
}

/* Others had renamed it: what it is called now, when that was our last
 * change of it. */
static void
moved(struct store *st, const struct intent *in, const char *rel)
{
	struct box *b = box_by_name(st, in->dbox);
	struct maildir_name n;
	struct row_at at;
	uint64_t modseq;

	if (b == NULL || strcmp(rel, in->drel) == 0 ||
	    !maildir_parse(rel, &n) ||
	    row_at_uid(st->rows, b->id, in->duid, &at) != 0 ||
	    strcmp(at.name, in->drel) != 0)
		return;
	modseq = n.flags != at.flags ? box_modseq(st, b) : at.modseq;
	if (modseq != 0 && store_begin(st, STORE_CACHE) == STORE_OK)
		(void)store_result(st, STORE_CACHE, row_flags(st->rows,
		    at.id, n.flags, rel, modseq));
}

/* It is to leave its new place again: a later change says so. */
static bool
leaves(struct store *st, const struct intent *in)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT 1 FROM"
	    " intent WHERE box = ?1 AND uid = ?2 AND id > ?3 AND kind IN"
	    " (0, 2)", "sii", in->dbox, (int64_t)in->duid, (int64_t)in->id);
	bool yes;

	if (s == NULL)
		return true;
	yes = sqlite3_step(s) != SQLITE_DONE;
	(void)sqlite3_reset(s);
	return yes;
}

/* Its row was of the commit that asked for it; but node.db is safe from a
 * power cut, and the cache is not.  The UID was told to who asked. */
static void
listed_again(struct store *st, const struct intent *in, const char *rel)
{
	struct found f = { .rel = rel, .uid = in->duid, .tags = in->tags,
	    .received = in->received };
	struct row_at at;

	f.box = box_by_name(st, in->dbox);
	if (in->id <= st->intents->old && f.box != NULL &&
	    row_at_uid(st->rows, f.box->id, in->duid, &at) == SQLITE_DONE &&
	    !intake_has(st, f.box, in->duid, rel) && !leaves(st, in))
		(void)intake_found(st, &f);
}

static void
retry_later(struct store *st, uint64_t id)
{
	struct intents *it = st->intents;

	if (it->cursor >= id) {
		if (it->twice < it->cursor)
			it->twice = it->cursor;
		it->cursor = id - 1;
	}
	if (!it->retry.armed)
		loop_arm(st->loop, &it->retry, INTENT_RETRY_MS);
}

static void
all_done(struct store *st)
{
	watch_note(st, WATCH_INDEX, 0, 0);
	if (st->intents->vain)
		store_clear(st, alarm_files);
	st->intents->vain = false;
}

static void
forget(struct intents *it, const struct sent *s)
{
	struct sent **p;

	for (p = &it->sent; *p != s; )
		p = &(*p)->next;
	*p = s->next;
	it->under_way--;
}

static void
done(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct sent *s = arg;
	struct store *st = s->st;
	char rel[MAILDIR_REL_MAX];

	(void)fd;
	forget(st->intents, s);
	if (status == STORE_NOTFOUND && s->in.kind == INTENT_PUT &&
	    !intent_homeless(st, &s->in))
		status = STORE_BUSY;
	if (status == OP_OK || status == STORE_NOTFOUND) {
		if (status == STORE_NOTFOUND)
			lost(st, &s->in);
		if (status == OP_OK && s->in.kind != INTENT_DROP &&
		    file_rel_get(in, rel)) {
			moved(st, &s->in, rel);
			listed_again(st, &s->in, rel);
		}
		if (s->in.kind == INTENT_PUT)
			strike_new(st, &s->in);
		else
			(void)intent_strike(st, &s->in);
		if (!intent_busy(st))
			all_done(st);
	} else {
		if (status != OP_GONE) {
			st->intents->vain = true;
			store_alarm(st, alarm_files);
		}
		retry_later(st, s->in.id);
	}
	free(s);
}

static int
put(struct store *st, struct sent *s)
{
	static const uint16_t types[] = {
		[INTENT_MOVE] = FILE_MOVE, [INTENT_LINK] = FILE_LINK,
		[INTENT_DROP] = FILE_DROP
	};
	const struct intent *in = &s->in;
	const struct file_move m = { in->box, in->rel,
	    in->kind == INTENT_DROP ? NULL : in->dbox, in->drel,
	    in->id <= st->intents->twice };
	struct buf b;
	int rc;

	if (in->kind == INTENT_PUT)
		return intent_put_send(st, in, done, s);
	buf_init(&b, CHAN_DATA_MAX);
	file_move_put(&b, &m);
	rc = ask_send(st->filer, types[in->kind], &b, -1, done, s);
	buf_clear(&b);
	return rc;
}

void
intent_kick(struct store *st)
{
	struct intents *it = st->intents;
	struct sent *s;
	enum store_err rc;
	int sent;

	while (st->filer != NULL && !it->retry.armed &&
	    it->cursor < it->committed &&
	    it->under_way < INTENT_UNDER_WAY) {
		s = calloc(1, sizeof *s);
		if (s == NULL)
			return;
		s->st = st;
		rc = next(st, &s->in);
		if (rc != STORE_OK) {
			if (rc == STORE_NOTFOUND)
				it->cursor = it->committed;
			else
				loop_arm(st->loop, &it->retry,
				    INTENT_RETRY_MS);
			free(s);
			return;
		}
		if (s->in.kind == INTENT_FLAGS) {
			bool all = intent_slice(st, &s->in);

			if (all)
				it->cursor = s->in.id;
			free(s);
			if (!all)
				return;
			continue;
		}
		sent = s->in.kind > INTENT_PUT ? 1 : put(st, s);
		if (sent == -1) {
			free(s);
			return;
		}
		it->cursor = s->in.id;
		if (sent == 0) {
			s->next = it->sent;
			it->sent = s;
			it->under_way++;
		} else {
			(void)intent_strike(st, &s->in);
			free(s);
		}
	}
}

static void
again(void *arg)
{
	intent_kick(arg);
}

void
intent_filer(struct store *st)
{
	loop_disarm(st->loop, &st->intents->retry);
	intent_kick(st);
}

enum store_err
intents_open(struct store *st)
{
	struct intents *it = st->intents = calloc(1, sizeof *it);
	enum store_err rc;
	int64_t last = 0;

	if (it == NULL)
		return STORE_NOMEM;
	it->retry = (struct loop_timer){ .fn = again, .arg = st };
	it->strike = (struct loop_timer){ .fn = strike_late, .arg = st };
	if (db_exec(st->db[STORE_NODE], append_undo) != STORE_OK)
		return STORE_IO;
	rc = db_get(st->db[STORE_NODE], "SELECT max(id) FROM intent", &last);
	if (rc != STORE_OK)
		return rc;
	it->last = it->committed = it->old = it->twice = (uint64_t)last;
	/* Of intents whose turn failed; numbers are given again. */
	(void)db_exec(st->db[STORE_NODE], "DELETE FROM intent_body WHERE id"
	    " NOT IN (SELECT id FROM intent)");
	return STORE_OK;
}

void
intents_close(struct store *st)
{
	struct sent *s;

	if (st->intents == NULL)
		return;
	while ((s = st->intents->sent) != NULL) {
		st->intents->sent = s->next;
		free(s);
	}
	loop_disarm(st->loop, &st->intents->retry);
	loop_disarm(st->loop, &st->intents->strike);
	free(st->intents);
	st->intents = NULL;
}
