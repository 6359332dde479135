#include <sqlite3.h>
#include <string.h>

#include "store/box.h"
#include "store/change.h"
#include "store/intent.h"
#include "store/op_set.h"

/*
 * Flags alone, in one statement for each range; the files, and what hangs on
 * their names, follow by an intent.  All of one change have one MODSEQ.
 */
struct flagging {
	struct store	*st;
	struct change	*ch;
	struct box	*b;
	uint32_t	 add, del;
};

static enum store_err
step(const struct flagging *f, struct store_slot *slot, const char *sql,
    uint32_t lo, uint32_t hi, int64_t *value)
{
	sqlite3_stmt *s = store_ask(f->st, STORE_CACHE, slot, sql, "iiiiiii",
	    (int64_t)f->b->id, (int64_t)lo, (int64_t)hi, (int64_t)f->add,
	    (int64_t)f->del, (int64_t)f->ch->done.modseq,
	    f->ch->unchanged != 0 ? (int64_t)f->ch->unchanged : INT64_MAX);
	int code;

	if (s == NULL)
		return STORE_NOMEM;
	code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s);
	return store_result(f->st, STORE_CACHE, code);
}

#define CHANGING \
	" WHERE mbox = ?1 AND uid BETWEEN ?2 AND ?3" \
	" AND (flags & ~?5 | ?4) <> flags AND modseq <= ?7"

static enum store_err
flag_range(struct flagging *f, uint32_t lo, uint32_t hi)
{
	static struct store_slot some, update, count;
	int64_t n = 0;
	enum store_err rc;

	rc = step(f, &some, "SELECT count(*) FROM mail" CHANGING, lo, hi,
	    &n);
	if (rc != STORE_OK || n == 0)
		return rc;
	if (f->ch->done.modseq == 0)
		f->ch->done.modseq = box_modseq(f->st, f->b);
	if (f->ch->done.modseq == 0)
		return STORE_BUSY;
	rc = step(f, &count, "UPDATE box_count SET unread = unread +"
	    " (SELECT total(((flags & ~?5 | ?4) & 16 = 0) - (flags & 16 = 0))"
	    " FROM mail" CHANGING ") WHERE mbox = ?1", lo, hi, &n);
	if (rc == STORE_OK)
		rc = step(f, &update, "UPDATE mail SET flags ="
		    " (flags & ~?5 | ?4), modseq = ?6" CHANGING, lo, hi, &n);
	if (rc == STORE_OK)
		rc = intent_flags(f->st, f->b->name, lo, hi, f->add, f->del);
	f->ch->done.n++;
	return rc;
}

/* Those that others changed are told. */
static enum store_err
note_changed(const struct flagging *f)
{
	static struct store_slot slot;
	enum store_err rc = STORE_OK;
	size_t i;

	if (f->ch->unchanged == 0)
		return STORE_OK;
	for (i = 0; i < f->ch->n && rc == STORE_OK; i++)
		if (store_int(f->st, STORE_CACHE, &slot, "SELECT 1 FROM mail"
		    " WHERE mbox = ?1 AND uid = ?2 AND modseq > ?3", "iii",
		    (int64_t)f->b->id, (int64_t)f->ch->ids[i],
		    (int64_t)f->ch->unchanged) != 0)
			rc = change_list(f->ch, (uint32_t)f->ch->ids[i]);
	return rc;
}

/* Runs of UIDs that were asked for: what lies between is not there. */
static enum store_err
flag_all(struct flagging *f)
{
	const struct change *ch = f->ch;
	enum store_err rc = STORE_OK;
	size_t i, from = 0;

	for (i = 1; i <= ch->n && rc == STORE_OK; i++)
		if (i == ch->n || ch->ids[i] != ch->ids[i - 1] + 1) {
			rc = flag_range(f, (uint32_t)ch->ids[from],
			    (uint32_t)ch->ids[i - 1]);
			from = i;
		}
	return rc;
}

uint16_t
change_flags(struct store *st, struct op_call *c, struct change *ch)
{
	struct flagging f = { st, ch, box_by_id(st, ch->mbox),
	    ch->tags->add, ch->tags->del };
	enum store_err rc = STORE_NOTFOUND;

	if (f.b != NULL)
		rc = store_begin(st, STORE_CACHE);
	if (rc == STORE_OK)
		rc = store_mark(st, STORE_CACHE, STORE_MARK_SET);
	if (rc == STORE_OK) {
		rc = note_changed(&f);
		if (rc == STORE_OK)
			rc = flag_all(&f);
		if (rc != STORE_OK)
			(void)store_mark(st, STORE_CACHE, STORE_MARK_BACK);
		(void)store_mark(st, STORE_CACHE, STORE_MARK_DROP);
	}
	/* A lease is on its way: one by one, as they can be had. */
	if (rc == STORE_BUSY) {
		ch->done.modseq = 0;
		ch->nlist = 0;
		return change_queue(st, ch);
	}
	if (rc == STORE_OK)
		set_done_put(c->out, ch);
	change_end(ch);
	return rc == STORE_OK ? store_later(st, c, STORE_BIT(STORE_CACHE) |
	    STORE_BIT(STORE_NODE)) : (uint16_t)rc;
}
