/* A search, when it is SQL: running it. */
#include "store/find.h"

/*
 * What msg_meta has is asked of it first, message by message in the order of
 * UIDs; all else starts at the narrow rows, which know flags and UIDs.
 */
static const char *
source(const struct find *f)
{
	if (!f->wide)
		return "mail l WHERE l.mbox=?1 AND l.uid<?2";
	if (f->whole || f->some)
		return "mail l CROSS JOIN msg m ON m.id=l.msg"
		    " WHERE l.mbox=?1 AND l.uid<?2";
	return "msg m CROSS JOIN mail l ON l.mbox=m.mbox AND l.uid=m.uid"
	    " WHERE m.mbox=?1 AND m.uid<?2";
}

static int
prepare(struct find *f, const char *columns, sqlite3_stmt **s)
{
	struct buf text;
	size_t i;
	int rc;

	buf_init(&text, f->sql.len + 1024);
	(void)buf_addf(&text, "SELECT l.uid,l.modseq%s FROM %s AND ",
	    columns, source(f));
	(void)buf_add(&text, f->sql.data, f->sql.len);
	(void)buf_adds(&text, f->wide && !f->whole && !f->some ?
	    " ORDER BY m.uid" : " ORDER BY l.uid");
	rc = buf_str(&text) == NULL ? SQLITE_NOMEM :
	    sqlite3_prepare_v2(f->r->sql.db, buf_str(&text), -1, s, NULL);
	buf_clear(&text);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(*s, 1, (int64_t)f->mbox);
	sqlite3_bind_int64(*s, 2, f->below);
	for (i = 0; i < f->narg; i++)
		if (f->arg[i].kind == FIND_INT)
			sqlite3_bind_int64(*s, (int)i + 3, f->arg[i].i);
		else
			sqlite3_bind_text(*s, (int)i + 3, f->arg[i].s, -1,
			    SQLITE_STATIC);
	return SQLITE_OK;
}

int
find_each(struct find *f, const char *columns,
    int (*fn)(void *, sqlite3_stmt *), void *arg)
{
	static struct find *running;
	sqlite3_stmt *s = NULL;
	uint64_t modseq;
	int rc;

	running = f;
	if (columns[0] != '\0')
		f->wide = f->whole = true;
	rc = find_functions(&running, f->r->sql.db, f->r);
	if (rc == SQLITE_OK)
		rc = prepare(f, columns, &s);
	while (rc == SQLITE_OK) {
		rc = sqlite3_step(s);
		if (rc != SQLITE_ROW)
			break;
		f->done.n++;
		modseq = (uint64_t)sqlite3_column_int64(s, 1);
		if (modseq > f->done.modseq)
			f->done.modseq = modseq;
		rc = fn(arg, s);
	}
	sqlite3_finalize(s);
	running = NULL;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
take(void *arg, sqlite3_stmt *s)
{
	uint32_t uid = (uint32_t)sqlite3_column_int64(s, 0);
	struct find *f = arg;

	return set_add(&f->found, uid, uid) ? SQLITE_OK : SQLITE_NOMEM;
}

int
find_run(struct find *f)
{
	return find_each(f, "", take, f);
}
