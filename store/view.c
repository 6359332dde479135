#include <string.h>

#include "crypto/sign.h"
#include "store/flag.h"
#include "store/view.h"

#define BOX \
	"SELECT b.id,b.name,b.uidvalidity," \
	"max(coalesce(c.uidnext,1),1,coalesce((SELECT max(uid)+1 FROM mail" \
	" WHERE mbox=b.id),1)),max(b.modseq,1),coalesce(c.total,0)," \
	"coalesce(c.unread,0),b.recent" \
	" FROM mailbox b LEFT JOIN box_count c ON c.mbox=b.id "

#define NARROW	"SELECT l.uid,l.flags,l.msg,l.modseq"
#define TAGS	NARROW ",coalesce(m.tags,'')"
#define META	NARROW ",m.tags,m.wire,m.received,l.saved"
#define ENV	META ",m.env"
#define ALL	ENV ",m.body,m.snippet,m.thread,m.hash,m.msgid,m.irt,m.refs"
/* From a row as little as will do: msg_tagged, msg_meta, or all of it.
 * Without the "+" the planner takes the range of l.uid for one of m.uid too,
 * and scans it for each. */
#define WITH_TAGS \
	" LEFT JOIN msg m ON m.mbox=+l.mbox AND m.uid=+l.uid AND m.tags<>''"
#define WITH_META \
	" CROSS JOIN msg m ON m.mbox=+l.mbox AND m.uid=+l.uid"
#define WITH_ROW	" CROSS JOIN msg m ON m.id=l.msg"
/* Ordered otherwise, the planner scans the whole mailbox. */
#define CHANGED	" FROM mail l INDEXED BY mail_modseq"
#define BY_UID	" WHERE l.mbox=? AND l.uid BETWEEN ? AND ? ORDER BY l.uid"
#define SINCE \
	" WHERE l.mbox=? AND l.modseq>=? AND l.modseq<=? AND" \
	" (l.modseq>? OR l.uid>?) ORDER BY l.modseq, l.uid"

const char *const view_sql[RVIEW_N] = {
	[RVIEW_BOXES] = BOX "WHERE b.name>? ORDER BY b.name",
	[RVIEW_BOX] = BOX "WHERE b.name=?",
	[RVIEW_BOX_ID] = BOX "WHERE b.id=?",
	[RVIEW_SIZE] = "SELECT coalesce(sum(wire),0) FROM msg WHERE mbox=?",
	[RVIEW_BLOCKS] = "SELECT block FROM uid_block WHERE mbox=?"
	    " AND block>=? AND block<? AND n=1024 ORDER BY block",
	[RVIEW_DELETED] = "SELECT count(*),coalesce(sum(m.size),0) FROM mail l"
	    " CROSS JOIN msg m ON m.id=l.msg WHERE l.mbox=?"
	    " AND l.flags&32<>0",
	[RVIEW_UNSEEN] = "SELECT uid FROM mail INDEXED BY mail_unseen"
	    " WHERE mbox=? AND flags&16=0 ORDER BY uid LIMIT 1",
	/* By their blocks, and one by one in that of the UID. */
	[RVIEW_BELOW] = "SELECT (SELECT coalesce(sum(n),0) FROM uid_block"
	    " WHERE mbox=?1 AND block<(?2-1)>>10)+(SELECT count(*) FROM mail"
	    " WHERE mbox=?1 AND uid>(?2-1)>>10<<10 AND uid<?2)",
	[RVIEW_KEYWORDS] = "SELECT group_concat(tag,' ') FROM (SELECT tag"
	    " FROM box_tag WHERE mbox=? LIMIT ?)",
	/* An index has all of it, by threads. */
	[RVIEW_USED] = "SELECT coalesce(sum(size),0) FROM thread_box",
	[RVIEW_UIDS] = "SELECT uid FROM mail WHERE mbox=? AND uid>=?"
	    " AND uid<? ORDER BY uid",
	[RVIEW_UIDS_THEN] = "SELECT uid FROM mail WHERE mbox=?1 AND uid>=?2"
	    " AND uid<?3 UNION SELECT uid FROM gone WHERE mbox=?1"
	    " AND modseq>?4 AND uid>=?2 AND uid<?3 ORDER BY uid",
	[RVIEW_GONE] = "SELECT modseq,uid FROM gone WHERE mbox=?"
	    " AND modseq>=? AND modseq<=? AND (modseq>? OR uid>?)"
	    " AND uid<>0 ORDER BY modseq, uid LIMIT ?",
	[RVIEW_FLOOR] = "SELECT min(modseq) FROM gone WHERE mbox=?"
	    " AND uid=0",
	[RVIEW_ROWS_NARROW] = NARROW " FROM mail l" BY_UID,
	/* Few have any: beside the rows, not for each. */
	[RVIEW_TAGGED] = "SELECT uid,tags FROM msg WHERE mbox=? AND uid"
	    " BETWEEN ? AND ? AND tags<>'' ORDER BY uid",
	[RVIEW_ROWS_META] = META " FROM mail l" WITH_META BY_UID,
	[RVIEW_ROWS_ENV] = ENV " FROM mail l" WITH_ROW BY_UID,
	[RVIEW_ROWS_ALL] = ALL " FROM mail l" WITH_ROW BY_UID,
	[RVIEW_SINCE_NARROW] = NARROW CHANGED SINCE,
	[RVIEW_SINCE_TAGS] = TAGS CHANGED WITH_TAGS SINCE,
	[RVIEW_SINCE_META] = META CHANGED WITH_META SINCE,
	[RVIEW_SINCE_ENV] = ENV CHANGED WITH_ROW SINCE,
	[RVIEW_SINCE_ALL] = ALL CHANGED WITH_ROW SINCE,
	[RVIEW_ROOT] = "SELECT rootpage FROM main.sqlite_schema"
	    " WHERE name='mail'",
	[RVIEW_PLACE] = "SELECT b.name,m.name,m.size,m.wire,m.pflags,m.parts"
	    " FROM mail l JOIN msg m ON m.id=l.msg JOIN mailbox b"
	    " ON b.id=l.mbox WHERE l.mbox=? AND l.uid=?",
	[RVIEW_BLOBS] = "SELECT m.env,m.body,m.parts FROM mail l JOIN msg m"
	    " ON m.id=l.msg WHERE l.mbox=? AND l.uid=?",
};

enum { BLOCK = 1024 };		/* UIDs in one row of uid_block */

static int64_t
num(const struct reader *r, enum reader_view q, int col)
{
	return sql_int(&r->view, q, col);
}

static const uint8_t *
blob(const struct reader *r, enum reader_view q, int col, size_t *n)
{
	const void *p = sqlite3_column_blob(r->view.stmt[q], col);

	*n = (size_t)sqlite3_column_bytes(r->view.stmt[q], col);
	return p != NULL ? p : (const uint8_t *)"";
}

/* ---- UIDs ---- */

/* One by one, of [from, below). */
static int
each_of(struct reader *r, const struct view_span *s, uint32_t from,
    uint32_t below, bool (*emit)(void *, uint32_t, uint32_t), void *arg)
{
	enum reader_view q = s->since == UINT64_MAX ? RVIEW_UIDS :
	    RVIEW_UIDS_THEN;
	uint32_t uid;
	int rc;

	if (from >= below)
		return SQLITE_OK;
	rc = q == RVIEW_UIDS ? sql_step(&r->view, q, "iii",
	    (int64_t)s->mbox, (int64_t)from, (int64_t)below) :
	    sql_step(&r->view, q, "iiii", (int64_t)s->mbox,
	    (int64_t)from, (int64_t)below, (int64_t)s->since);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->view, q)) {
		uid = (uint32_t)num(r, q, 0);
		if (!emit(arg, uid, uid))
			return SQLITE_ROW;
	}
	return sql_done(rc);
}

/* Blocks of which all are there are not looked into. */
int
view_each_uid(struct reader *r, const struct view_span *s,
    bool (*emit)(void *, uint32_t, uint32_t), void *arg)
{
	const enum reader_view q = RVIEW_BLOCKS;
	uint32_t next = s->from > 0 ? s->from : 1, lo;
	int rc, bad;

	rc = sql_step(&r->view, q, "iii", (int64_t)s->mbox,
	    ((int64_t)next + BLOCK - 2) / BLOCK,
	    ((int64_t)s->below - 1) / BLOCK);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->view, q)) {
		lo = (uint32_t)num(r, q, 0) * BLOCK + 1;
		bad = each_of(r, s, next, lo, emit, arg);
		if (bad != SQLITE_OK)
			return bad;
		if (!emit(arg, lo, lo + BLOCK - 1))
			return SQLITE_ROW;
		next = lo + BLOCK;
	}
	rc = sql_done(rc);
	return rc != SQLITE_OK ? rc :
	    each_of(r, s, next, s->below, emit, arg);
}

int
view_lost(struct reader *r, struct view_lost *l)
{
	const enum reader_view q = RVIEW_GONE;
	uint64_t floor;
	int rc;

	rc = sql_step(&r->view, RVIEW_FLOOR, "i", (int64_t)l->mbox);
	l->whole = false;
	if (rc == SQLITE_ROW) {
		floor = (uint64_t)num(r, RVIEW_FLOOR, 0);
		l->whole = sqlite3_column_type(r->view.stmt[RVIEW_FLOOR], 0) !=
		    SQLITE_NULL && floor <= l->since;
		sql_end(&r->view, RVIEW_FLOOR);
	}
	l->at_modseq = l->since;
	rc = sql_step(&r->view, q, "iiiiii", (int64_t)l->mbox,
	    (int64_t)l->since, (int64_t)l->upto, (int64_t)l->since,
	    l->at_uid != 0 ? (int64_t)l->at_uid : INT64_MAX,
	    (int64_t)l->max + 1);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->view, q)) {
		if (l->n == l->max) {
			l->more = true;
			return SQLITE_OK;
		}
		l->at_modseq = (uint64_t)num(r, q, 0);
		l->uid[l->n++] = (uint32_t)num(r, q, 1);
	}
	return sql_done(rc);
}

/* ---- rows ---- */

/* How much of a row is asked for. */
enum level { NARROW_ROW, TAGGED_ROW, META_ROW, ENV_ROW, WHOLE_ROW };

static const struct { enum reader_view by_uid, since; } queries[] = {
	[NARROW_ROW] = { RVIEW_ROWS_NARROW, RVIEW_SINCE_NARROW },
	[TAGGED_ROW] = { RVIEW_ROWS_NARROW, RVIEW_SINCE_TAGS },
	[META_ROW] = { RVIEW_ROWS_META, RVIEW_SINCE_META },
	[ENV_ROW] = { RVIEW_ROWS_ENV, RVIEW_SINCE_ENV },
	[WHOLE_ROW] = { RVIEW_ROWS_ALL, RVIEW_SINCE_ALL },
};

/* RFC 8474 section 5.2: what never changes, and those that answer the same
 * letter have in common. */
void
view_root(const char *refs, const char *irt, const char *msgid,
    uint8_t root[VIEW_ROOT])
{
	const char *id = refs[0] != '\0' ? refs : irt[0] != '\0' ? irt : msgid;
	uint8_t hash[SHA256_OCTETS];

	sha256_of(id, strcspn(id, " "), hash);
	memcpy(root, hash, VIEW_ROOT);
}

static void
take_row(struct reader *r, enum reader_view q, enum level level,
    struct view_row *row)
{
	const uint8_t *hash;
	size_t n;

	memset(row, 0, sizeof *row);
	row->tags = row->snippet = "";
	row->uid = (uint32_t)num(r, q, 0);
	row->flags = (uint32_t)num(r, q, 1);
	row->id = (uint64_t)num(r, q, 2);
	row->modseq = (uint64_t)num(r, q, 3);
	if (level >= TAGGED_ROW)
		row->tags = sql_str(&r->view, q, 4);
	if (level < META_ROW)
		return;
	row->wire = (uint64_t)num(r, q, 5);
	row->received = num(r, q, 6);
	row->saved = num(r, q, 7);
	if (level >= ENV_ROW)
		row->env = blob(r, q, 8, &row->nenv);
	if (level < WHOLE_ROW)
		return;
	row->body = blob(r, q, 9, &row->nbody);
	row->snippet = sql_str(&r->view, q, 10);
	row->thread = (uint64_t)num(r, q, 11);
	hash = blob(r, q, 12, &n);
	memcpy(row->hash, hash, n < sizeof row->hash ? n : sizeof row->hash);
	view_root(sql_str(&r->view, q, 15), sql_str(&r->view, q, 14),
	    sql_str(&r->view, q, 13), row->root);
}

static enum level
level_of(uint32_t cols)
{
	if (cols & (VIEW_BODY | VIEW_TEXT | VIEW_IDS))
		return WHOLE_ROW;
	if (cols & VIEW_ENV)
		return ENV_ROW;
	if (cols & VIEW_META)
		return META_ROW;
	return cols & VIEW_TAG ? TAGGED_ROW : NARROW_ROW;
}

static int
rows_since(struct reader *r, struct view_scan *s,
    bool (*emit)(void *, uint32_t, const struct view_row *), void *arg)
{
	enum level level = level_of(s->cols);
	enum reader_view q = queries[level].since;
	struct view_row row;
	int rc;

	s->at_modseq = s->since;
	rc = sql_step(&r->view, q, "iiiii", (int64_t)s->mbox,
	    (int64_t)s->since, (int64_t)s->upto, (int64_t)s->since,
	    s->at_uid != 0 ? (int64_t)s->at_uid : INT64_MAX);
	for (; rc == SQLITE_ROW; rc = sql_next(&r->view, q)) {
		take_row(r, q, level, &row);
		if (!emit(arg, s->cols, &row)) {
			s->more = true;
			return SQLITE_OK;
		}
		s->at_modseq = row.modseq;
		s->at_uid = row.uid;
	}
	return sql_done(rc);
}

static int
step(struct reader *r, enum reader_view q, const struct view_scan *s,
    size_t i)
{
	return sql_step(&r->view, q, "iii", (int64_t)s->mbox,
	    (int64_t)s->range[i].lo, (int64_t)s->range[i].hi);
}

/* Once for a range, which is answered page by page; what is small waits for
 * its few leaves. */
static void
ask_ahead(struct reader *r, uint64_t mbox, const struct set_range *range)
{
	struct ahead *a = &r->asked;
	uint64_t root;

	if (r->ahead == -1 || range->hi - range->lo < BLOCK ||
	    (a->mbox == mbox && a->lo < range->lo && a->hi >= range->hi))
		return;
	*a = (struct ahead){ mbox, range->lo, range->hi };
	if (sql_one(&r->view, RVIEW_ROOT, sql_step(&r->view, RVIEW_ROOT, ""),
	    &root) == SQLITE_OK)
		(void)ahead_mail(r->ahead, (uint32_t)root, a);
}

/* Those of a row, from a scan beside that of the rows: rc is where that
 * stands. */
static int
tags_of(struct reader *r, int rc, struct view_row *row)
{
	while (rc == SQLITE_ROW && num(r, RVIEW_TAGGED, 0) < row->uid)
		rc = sql_next(&r->view, RVIEW_TAGGED);
	if (rc == SQLITE_ROW && num(r, RVIEW_TAGGED, 0) == row->uid)
		row->tags = sql_str(&r->view, RVIEW_TAGGED, 1);
	return rc;
}

int
view_each_row(struct reader *r, struct view_scan *s,
    bool (*emit)(void *, uint32_t, const struct view_row *), void *arg)
{
	enum level level = level_of(s->cols);
	bool beside = level == TAGGED_ROW;
	enum reader_view q = queries[level].by_uid;
	struct view_row row;
	int rc = SQLITE_OK, tags = SQLITE_DONE;
	size_t i;

	s->more = false;
	if (s->since != 0)
		return rows_since(r, s, emit, arg);
	for (i = 0; i < s->n && rc == SQLITE_OK; i++) {
		ask_ahead(r, s->mbox, &s->range[i]);
		if (beside)
			tags = step(r, RVIEW_TAGGED, s, i);
		rc = step(r, q, s, i);
		for (; rc == SQLITE_ROW; rc = sql_next(&r->view, q)) {
			take_row(r, q, beside ? NARROW_ROW : level, &row);
			tags = tags_of(r, tags, &row);
			s->at_uid = row.uid;
			if (!emit(arg, s->cols, &row)) {
				s->more = true;
				return SQLITE_OK;
			}
		}
		rc = sql_done(rc);
		if (tags == SQLITE_ROW)
			sql_end(&r->view, RVIEW_TAGGED);
		else if (rc == SQLITE_OK)
			rc = sql_done(tags);
	}
	return rc;
}

int
view_place(struct reader *r, uint64_t mbox, uint32_t uid,
    struct view_place *at)
{
	const enum reader_view q = RVIEW_PLACE;
	int rc;

	memset(at, 0, sizeof *at);
	rc = sql_step(&r->view, q, "ii", (int64_t)mbox, (int64_t)uid);
	if (rc != SQLITE_ROW)
		return rc;
	at->folder = sql_str(&r->view, q, 0);
	at->name = sql_str(&r->view, q, 1);
	at->size = (uint64_t)num(r, q, 2);
	at->wire = (uint64_t)num(r, q, 3);
	at->pflags = (uint32_t)num(r, q, 4);
	at->parts = blob(r, q, 5, &at->nparts);
	return SQLITE_OK;
}

int
view_blob_of(struct reader *r, uint64_t mbox, uint32_t uid,
    enum view_blob which, const uint8_t **p, size_t *n)
{
	const enum reader_view q = RVIEW_BLOBS;
	int rc;

	*n = 0;
	rc = sql_step(&r->view, q, "ii", (int64_t)mbox, (int64_t)uid);
	if (rc != SQLITE_ROW)
		return rc;
	*p = blob(r, q, (int)which, n);
	return SQLITE_OK;
}
