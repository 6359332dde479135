/* Mailboxes, as clients see them: a row of each, and what is counted only
 * when it is asked for. */
#include <string.h>
#include <sys/statvfs.h>

#include "store/view.h"

static int64_t
num(const struct reader *r, enum reader_view q, int col)
{
	return sql_int(&r->view, q, col);
}

static int
size_of(struct reader *r, uint64_t mbox, uint64_t *size)
{
	return sql_one(&r->view, RVIEW_SIZE, sql_step(&r->view, RVIEW_SIZE, "i",
	    (int64_t)mbox), size);
}

/* How many UIDs of it stand below that one. */
static int
count_below(struct reader *r, uint64_t mbox, uint64_t uid, uint64_t *n)
{
	return sql_one(&r->view, RVIEW_BELOW, sql_step(&r->view, RVIEW_BELOW,
	    "ii", (int64_t)mbox, (int64_t)uid), n);
}

static int
find_unseen(struct reader *r, struct view_box *b)
{
	uint64_t uid, n = 0;
	int rc = sql_one(&r->view, RVIEW_UNSEEN, sql_step(&r->view,
	    RVIEW_UNSEEN, "i", (int64_t)b->id), &uid);

	if (rc == SQLITE_OK && uid != 0)
		rc = count_below(r, b->id, uid, &n);
	b->unseen = uid != 0 ? (uint32_t)n + 1 : 0;
	return rc;
}

static int
count_deleted(struct reader *r, struct view_box *b)
{
	const enum reader_view q = RVIEW_DELETED;
	int rc = sql_step(&r->view, q, "i", (int64_t)b->id);

	if (rc == SQLITE_ROW) {
		b->deleted = (uint32_t)num(r, q, 0);
		b->deleted_size = (uint64_t)num(r, q, 1);
		sql_end(&r->view, q);
		rc = SQLITE_DONE;
	}
	return sql_done(rc);
}

static int
count_recent(struct reader *r, struct view_box *b)
{
	uint64_t n;
	int rc = count_below(r, b->id, b->told, &n);

	b->recent = n < b->total ? b->total - (uint32_t)n : 0;
	return rc;
}

/* Valid as long as the snapshot. */
static int
list_keywords(struct reader *r, struct view_box *b)
{
	const enum reader_view q = RVIEW_KEYWORDS;
	int rc = sql_step(&r->view, q, "ii", (int64_t)b->id,
	    (int64_t)VIEW_KEYWORDS_MAX);

	if (rc == SQLITE_ROW) {
		b->keywords = sql_str(&r->view, q, 0);
		rc = SQLITE_DONE;
	}
	return sql_done(rc);
}

/* The row at hand. */
static int
take_box(struct reader *r, enum reader_view q, uint32_t want,
    struct view_box *b)
{
	int rc = SQLITE_OK;

	memset(b, 0, sizeof *b);
	b->id = (uint64_t)num(r, q, 0);
	b->name = sql_str(&r->view, q, 1);
	b->uidvalidity = (uint32_t)num(r, q, 2);
	b->uidnext = (uint32_t)num(r, q, 3);
	b->modseq = (uint64_t)num(r, q, 4);
	b->total = (uint32_t)num(r, q, 5);
	b->unread = (uint32_t)num(r, q, 6);
	b->told = (uint32_t)num(r, q, 7);
	b->keywords = "";
	if (want & VIEW_SIZE)
		rc = size_of(r, b->id, &b->size);
	if (rc == SQLITE_OK && (want & VIEW_DELETED))
		rc = count_deleted(r, b);
	if (rc == SQLITE_OK && (want & VIEW_UNSEEN))
		rc = find_unseen(r, b);
	if (rc == SQLITE_OK && (want & VIEW_RECENT))
		rc = count_recent(r, b);
	if (rc == SQLITE_OK && (want & VIEW_KEYWORDS))
		rc = list_keywords(r, b);
	return rc;
}

int
view_disk(struct reader *r, uint64_t *used, uint64_t *left)
{
	struct statvfs fs;
	int rc = sql_one(&r->view, RVIEW_USED, sql_step(&r->view, RVIEW_USED, ""),
	    used);

	*left = 0;
	if (r->root != -1 && fstatvfs(r->root, &fs) == 0)
		*left = (uint64_t)fs.f_bavail * fs.f_frsize;
	*left = *left > r->reserve ? *left - r->reserve : 0;
	return rc;
}

int
view_each_box(struct reader *r, const char *after, uint32_t want,
    bool (*emit)(void *, const struct view_box *), void *arg, bool *more)
{
	struct view_box b;
	int rc, bad;

	*more = false;
	rc = sql_step(&r->view, RVIEW_BOXES, "s", after);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->view, RVIEW_BOXES)) {
		bad = take_box(r, RVIEW_BOXES, want, &b);
		if (bad != SQLITE_OK)
			return bad;
		if (!emit(arg, &b)) {
			*more = true;
			return SQLITE_OK;
		}
	}
	return sql_done(rc);
}

int
view_one_box(struct reader *r, uint64_t id, const char *name, uint32_t want,
    bool (*emit)(void *, const struct view_box *), void *arg)
{
	enum reader_view q = name[0] != '\0' ? RVIEW_BOX : RVIEW_BOX_ID;
	struct view_box b;
	int rc;

	rc = q == RVIEW_BOX ? sql_step(&r->view, q, "s", name) :
	    sql_step(&r->view, q, "i", (int64_t)id);
	if (rc != SQLITE_ROW)
		return rc;
	rc = take_box(r, q, want, &b);
	if (rc == SQLITE_OK)
		(void)emit(arg, &b);
	return rc;
}
