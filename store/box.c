#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/box.h"
#include "store/box_parts.h"
#include "store/db.h"
#include "store/flag.h"
#include "store/op_watch.h"
#include "store/parts.h"
#include "store/row.h"

const char *const box_kept[] = {
	"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash", NULL
};

size_t
box_count(const struct store *st)
{
	return st->boxes->n;
}

struct box *
box_at(const struct store *st, size_t i)
{
	return st->boxes->box[i];
}

/* Where a name is, or where it belongs. */
static size_t
place(const struct boxes *bs, const char *name, bool *found)
{
	size_t lo = 0, hi = bs->n, mid;
	int d;

	*found = false;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		d = strcmp(bs->box[mid]->name, name);
		if (d == 0) {
			*found = true;
			return mid;
		}
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t
box_flags(const struct box *b)
{
	return strcmp(b->name, "Sent") == 0 ? STORE_SEEN : 0;
}

struct box *
box_by_name(const struct store *st, const char *name)
{
	bool found;
	size_t i = place(st->boxes, name, &found);

	return found ? st->boxes->box[i] : NULL;
}

struct box *
box_by_id(const struct store *st, uint64_t id)
{
	struct boxes *bs = st->boxes;
	size_t i;

	if (bs->last != NULL && bs->last->id == id)
		return bs->last;
	for (i = 0; i < bs->n; i++)
		if (bs->box[i]->id == id)
			return bs->last = bs->box[i];
	return NULL;
}

static enum store_err
insert(struct boxes *bs, struct box *b)
{
	struct box **p;
	bool found;
	size_t at;

	if (bs->n == bs->cap) {
		p = reallocarray(bs->box, bs->cap + 64, sizeof *p);
		if (p == NULL)
			return STORE_NOMEM;
		bs->box = p;
		bs->cap += 64;
	}
	at = place(bs, b->name, &found);
	if (found)
		return STORE_EXISTS;
	memmove(bs->box + at + 1, bs->box + at,
	    (bs->n - at) * sizeof bs->box[0]);
	bs->box[at] = b;
	bs->n++;
	return STORE_OK;
}

static void
take_out(struct boxes *bs, const struct box *b)
{
	bool found;
	size_t at = place(bs, b->name, &found);

	if (!found)
		return;
	bs->n--;
	memmove(bs->box + at, bs->box + at + 1,
	    (bs->n - at) * sizeof bs->box[0]);
	if (bs->last == b)
		bs->last = NULL;
}

static struct box *
box_new(const char *name)
{
	struct box *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	memcpy(b->name, name, strlen(name) + 1);
	return b;
}

/* ---- rows ---- */

static void
note_validity(struct boxes *bs, uint32_t v)
{
	if (v > bs->validity)
		bs->validity = v;
}

/* RFC 7162 section 7: a MODSEQ is never 0, which says that there is none. */
static void
first_modseq(struct box *b)
{
	if (b->modseq == 0)
		b->modseq = 1;
	if (b->modlease < b->modseq)
		b->modlease = b->modseq;
}

static enum store_err
load_row(struct store *st, sqlite3_stmt *s)
{
	const char *name = (const char *)sqlite3_column_text(s, 1);
	struct box *b;

	if (name == NULL || !box_name_ok(name))
		return STORE_OK;
	b = box_new(name);
	if (b == NULL)
		return STORE_NOMEM;
	b->id = (uint64_t)sqlite3_column_int64(s, 0);
	b->uidvalidity = (uint32_t)sqlite3_column_int64(s, 2);
	note_validity(st->boxes, b->uidvalidity);
	b->uidnext = (uint32_t)sqlite3_column_int64(s, 3);
	b->modseq = (uint64_t)sqlite3_column_int64(s, 4);
	b->uidlease = (uint32_t)sqlite3_column_int64(s, 5);
	b->modlease = (uint64_t)sqlite3_column_int64(s, 6);
	b->cur_ns = sqlite3_column_int64(s, 7);
	b->new_ns = sqlite3_column_int64(s, 8);
	b->recent = (uint32_t)sqlite3_column_int64(s, 9);
	b->here = true;		/* until the filer says otherwise */
	if (st->unclean)
		b->cur_ns = b->new_ns = 0;
	first_modseq(b);
	return insert(st->boxes, b);
}

/*
 * Numbers that were given since, or before a backup was put back, are known
 * to clients and stand nowhere here: none is given again, and what became of
 * those messages is not remembered.
 */
static enum store_err
leap(struct store *st)
{
	char sql[160];
	enum store_err rc;

	snprintf(sql, sizeof sql, "UPDATE mailbox SET uidlease = max(uidlease,"
	    " min(uidlease + %u, 4294000000)), modlease = modlease + %u * 1024",
	    (unsigned int)st->skip, (unsigned int)st->skip);
	rc = db_exec(st->db[STORE_CACHE], sql);
	return rc != STORE_OK ? rc : db_exec(st->db[STORE_CACHE],
	    "UPDATE mailbox SET uidnext = uidlease, modseq = modlease;"
	    "UPDATE box_count SET uidnext = coalesce((SELECT uidnext"
	    " FROM mailbox WHERE id = box_count.mbox), uidnext);"
	    "UPDATE OR REPLACE gone SET modseq = (SELECT modseq FROM mailbox"
	    " WHERE id = gone.mbox) WHERE uid = 0 AND mbox IN"
	    " (SELECT id FROM mailbox)");
}

enum store_err
boxes_open(struct store *st)
{
	int64_t validity = 0;
	sqlite3_stmt *s = NULL;
	enum store_err rc;
	int code;

	st->boxes = calloc(1, sizeof *st->boxes);
	if (st->boxes == NULL)
		return STORE_NOMEM;
	rc = db_get(st->db[STORE_NODE], "SELECT value FROM setting"
	    " WHERE name = 'uidvalidity'", &validity);
	if (rc != STORE_OK)
		return rc;
	st->boxes->validity = (uint32_t)validity;
	if (st->leap && (rc = leap(st)) != STORE_OK)
		return rc;
	rc = store_err_sqlite(sqlite3_prepare_v2(st->db[STORE_CACHE],
	    "SELECT id, name, uidvalidity, uidnext, modseq, uidlease, "
	    "modlease, cur, new, recent FROM mailbox", -1, &s, NULL));
	while (rc == STORE_OK && (code = sqlite3_step(s)) != SQLITE_DONE) {
		rc = store_err_sqlite(code);
		if (rc == STORE_OK)
			rc = load_row(st, s);
	}
	sqlite3_finalize(s);
	return rc;
}

void
boxes_close(struct store *st)
{
	size_t i;

	if (st->boxes == NULL)
		return;
	box_leases_close(st->boxes);
	for (i = 0; i < st->boxes->n; i++)
		free(st->boxes->box[i]);
	free(st->boxes->box);
	free(st->boxes);
	st->boxes = NULL;
}

static enum store_err
save(struct store *st, const struct box *b)
{
	static struct store_slot slot;

	return store_do(st, STORE_CACHE, &slot, "UPDATE mailbox SET name = ?2,"
	    " uidvalidity = ?3, uidnext = ?4, modseq = ?5, uidlease = ?6,"
	    " modlease = ?7, cur = ?8, new = ?9, recent = ?10 WHERE id = ?1",
	    "isiiiiiiii",
	    (int64_t)b->id, b->name, (int64_t)b->uidvalidity,
	    (int64_t)b->uidnext, (int64_t)b->modseq, (int64_t)b->uidlease,
	    (int64_t)b->modlease, b->cur_ns, b->new_ns, (int64_t)b->recent);
}

void
box_save_all(struct store *st)
{
	struct box *b;
	size_t i;

	for (i = 0; i < st->boxes->n; i++) {
		b = st->boxes->box[i];
		if (b->noted) {
			watch_note(st, WATCH_MAIL, b->id, b->modseq);
			watch_note(st, WATCH_INDEX, 0, 0);
		}
		b->noted = false;
		if (b->ahead && (st->began & STORE_BIT(STORE_CACHE)))
			b->dirty = true;
		if (b->dirty && save(st, b) == STORE_OK)
			b->dirty = b->ahead = false;
	}
}

/* Many folders a second run ahead of the clock: what went may not come
 * back with the number of one that went. */
static enum store_err
keep_validity(struct store *st)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "INSERT OR REPLACE INTO"
	    " setting(name, value) VALUES('uidvalidity', ?1)", "i",
	    (int64_t)st->boxes->validity);
}

/* Unique among the folders, and later than whatever stood there before. */
static uint32_t
fresh_validity(const struct store *st)
{
	uint32_t v = (uint32_t)clock_wall_s();

	return v > st->boxes->validity ? v : st->boxes->validity + 1;
}

static bool
validity_taken(const struct store *st, uint32_t v)
{
	size_t i;

	for (i = 0; i < st->boxes->n; i++)
		if (st->boxes->box[i]->uidvalidity == v)
			return true;
	return false;
}

static enum store_err
add_row(struct store *st, struct box *b)
{
	static struct store_slot slot;
	enum store_err rc;

	rc = store_do(st, STORE_CACHE, &slot, "INSERT INTO mailbox(name,"
	    " uidvalidity, uidnext, modseq, uidlease, modlease, cur, new)"
	    " VALUES(?1, ?2, ?3, ?4, 0, 0, 0, 0)", "siii", b->name,
	    (int64_t)b->uidvalidity, (int64_t)b->uidnext, (int64_t)b->modseq);
	b->id = (uint64_t)sqlite3_last_insert_rowid(st->db[STORE_CACHE]);
	return rc;
}

enum store_err
box_add(struct store *st, const struct file_folder *f, struct box **out)
{
	struct box *b;
	enum store_err rc;

	*out = NULL;
	if (st->boxes->n >= BOX_MAX)
		return STORE_TOOBIG;
	b = box_new(f->name);
	if (b == NULL)
		return STORE_NOMEM;
	/* A folder copied with its file may not keep the other's number. */
	if (f->uidvalidity != 0 && !validity_taken(st, f->uidvalidity)) {
		b->uidvalidity = f->uidvalidity;
		b->uidnext = f->uid;
		b->modseq = f->modseq;
	} else {
		b->uidvalidity = fresh_validity(st);
		b->uidnext = 1;
		b->modseq = f->modseq;
	}
	if (b->uidnext == 0)
		b->uidnext = 1;
	b->recent = b->uidlease = b->uidnext;
	b->modlease = b->modseq;
	first_modseq(b);
	rc = add_row(st, b);
	if (rc == STORE_OK)
		rc = store_result(st, STORE_CACHE, row_mbox_new(st->rows,
		    b->id, b->uidnext, b->modseq));
	if (rc == STORE_OK)
		rc = insert(st->boxes, b);
	if (rc == STORE_OK)
		note_validity(st->boxes, b->uidvalidity);
	if (rc != STORE_OK) {
		free(b);
		return rc;
	}
	b->dirty = true;
	watch_note(st, WATCH_BOXES, b->id, 0);
	*out = b;
	return STORE_OK;
}

enum store_err
box_remove(struct store *st, struct box *b)
{
	static struct store_slot slot;
	enum store_err rc;

	rc = keep_validity(st);
	if (rc == STORE_OK)
		rc = store_do(st, STORE_CACHE, &slot, "DELETE FROM mailbox"
		    " WHERE id = ?1", "i", (int64_t)b->id);
	if (rc != STORE_OK)
		return rc;
	watch_note(st, WATCH_BOXES, b->id, 0);
	take_out(st->boxes, b);
	free(b);
	return STORE_OK;
}

enum store_err
box_set_name(struct store *st, struct box *b, const char *name)
{
	if (box_by_name(st, name) != NULL)
		return STORE_EXISTS;
	take_out(st->boxes, b);
	memcpy(b->name, name, strlen(name) + 1);
	b->dirty = true;
	watch_note(st, WATCH_BOXES, b->id, 0);
	return insert(st->boxes, b);
}
