#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/find.h"
#include "store/order.h"
#include "store/reader.h"
#include "store/search.h"
#include "store/view.h"

enum {
	PATH_ROOM = 4096,
	WAIT_STEP_MS = 10,	/* for keeper to open its databases */
	WAIT_STEPS = 150
};

#define MSG_COLUMNS \
	"SELECT m.id,m.thread,m.mbox,m.uid,l.flags,l.modseq,m.date,m.size," \
	"m.pflags,b.name,m.sender,m.rcpt,m.subject,m.tags,m.snippet,m.msgid" \
	" FROM msg m JOIN mail l ON l.mbox=m.mbox AND l.uid=m.uid" \
	" JOIN mailbox b ON b.id=m.mbox "

/* A page of threads: behind a place, in the order of one index. */
#define THREADS(rank, key, place, than, n, order) \
	"SELECT t.thread,t.newest,m.date,t.count,t.unread,t.flagged," \
	"t.attach,t.size,t.authors,t.tags,m.subject,m.base,l.flags," \
	rank "," key ",m.msgid,substr(m.rcpt,1,100)" \
	" FROM thread_box t JOIN msg m ON m.id=t.newest" \
	" JOIN mail l ON l.mbox=m.mbox AND l.uid=m.uid WHERE t.mbox=?" \
	" AND (" place ")" than "(" n ") ORDER BY " order " LIMIT ?"

#define BY_RANK(n, by) \
	[RSQL_DESC + (n)] = THREADS("t." by, "''", "t." by ",t.thread", \
	    "<", "?,?", "t." by " DESC,t.thread DESC"), \
	[RSQL_ASC + (n)] = THREADS("t." by, "''", "t." by ",t.thread", \
	    ">", "?,?", "t." by ",t.thread")
/* Of one name the newest first. */
#define BY_KEY(n, by) \
	[RSQL_DESC + (n)] = THREADS("t.by_late", "t." by, \
	    "t." by ",t.by_late,t.thread", "<", "?,?,?", \
	    "t." by " DESC,t.by_late DESC,t.thread DESC"), \
	[RSQL_ASC + (n)] = THREADS("t.by_late", "t." by, \
	    "t." by ",t.by_late,t.thread", ">", "?,?,?", \
	    "t." by ",t.by_late,t.thread")

static const char *const sql[RSQL_N] = {
	[RSQL_BEGIN] = "BEGIN",
	[RSQL_LISTED] = "SELECT 1 FROM state WHERE name='partial'"
	    " AND value=0",
	[RSQL_END] = "COMMIT",
	[RSQL_BOXES] = "SELECT b.id,b.name,b.modseq,coalesce(c.total,0),"
	    "coalesce(c.unread,0) FROM mailbox b LEFT JOIN box_count c"
	    " ON c.mbox=b.id ORDER BY b.name",
	[RSQL_UNREAD] = "SELECT sum(total),sum(unread) FROM box_count",
	BY_RANK(LIST_BY_DATE, "date"),
	BY_KEY(LIST_BY_FROM, "by_from"),
	BY_KEY(LIST_BY_SUBJECT, "by_subject"),
	BY_RANK(LIST_BY_SIZE, "size"),
	BY_RANK(LIST_BY_UNREAD, "by_unread"),
	BY_RANK(LIST_BY_FLAG, "by_flag"),
	[RSQL_WHOLE] = "SELECT t.count,t.unread,t.flagged,t.attach,t.size,"
	    "t.authors,t.tags FROM thread_box t WHERE t.thread=?"
	    " ORDER BY t.date",
	[RSQL_MSG] = MSG_COLUMNS "WHERE m.id=?",
	[RSQL_MEMBERS] = "SELECT m.id,m.msgid,m.irt,m.refs,m.date,"
	    "b.name IN ('Trash','Junk','Rejects') FROM msg m JOIN mailbox b"
	    " ON b.id=m.mbox WHERE m.thread=? ORDER BY 6, m.date, m.id"
	    " LIMIT ?",
	[RSQL_BY_MSGID] = "SELECT m.id,m.thread,m.date,"
	    "b.name IN ('Trash','Junk','Rejects') FROM msg m JOIN mailbox b"
	    " ON b.id=m.mbox WHERE m.msgid=? ORDER BY 4, m.id",
	[RSQL_BY_UID] = "SELECT m.id,m.thread,m.date FROM mailbox b"
	    " JOIN mail l ON l.mbox=b.id JOIN msg m ON m.id=l.msg"
	    " WHERE b.name=? AND l.uid=?",
	[RSQL_BY_DATE] = "SELECT id,date FROM msg WHERE mbox=?"
	    " AND (date,id)<(?,?)"
	    " ORDER BY date DESC, id DESC LIMIT ?",
	[RSQL_OPEN] = "SELECT m.id,m.thread,m.mbox,m.uid,l.flags,l.modseq,"
	    "m.date,m.received,m.size,b.name,m.name,m.tags,m.msgid"
	    " FROM msg m JOIN mail l ON l.mbox=m.mbox AND l.uid=m.uid"
	    " JOIN mailbox b ON b.id=m.mbox WHERE m.id=?",
	[RSQL_TODO] = "SELECT count(*) FROM"
	    " (SELECT 1 FROM index_todo LIMIT ?)",
};

void
reader_init(struct reader *r, const char *home, const char *maildir)
{
	memset(r, 0, sizeof *r);
	r->home = home;
	r->maildir = maildir;
	r->root = r->ahead = -1;
	r->sql = (struct sql){ .text = sql, .stmt = r->stmt, .n = RSQL_N };
	r->view = (struct sql){ .text = view_sql, .stmt = r->vstmt,
	    .n = RVIEW_N };
}

static void
db_shut(struct reader *r)
{
	sql_clear(&r->sql);
	sql_clear(&r->view);
	sqlite3_close(r->sql.db);
	r->sql.db = NULL;
	/* Not before it: a close lets go of SQLite's locks on the file. */
	if (r->ahead != -1)
		close(r->ahead);
	r->ahead = -1;
}

void
reader_clear(struct reader *r)
{
	db_shut(r);
	search_free(r->search);
	find_free(r->find);
	order_free(r->order);
	r->find = NULL;
	r->order = NULL;
	if (r->root != -1)
		close(r->root);
	r->search = NULL;
	r->root = -1;
}

/*
 * The session of a device that may see one folder: every table is a view of
 * what is in it, so that no query, written or to be written, sees more.
 */
static int
hide_others(struct reader *r)
{
	static const char *const tables[] = { "msg", "mail", "gone",
	    "uid_block", "box_count", "box_tag", "thread_box" };
	char *q = sqlite3_mprintf("PRAGMA temp_store=MEMORY;"
	    "CREATE TEMP VIEW mailbox AS SELECT * FROM main.mailbox"
	    " WHERE name=%Q;", r->only);
	size_t i;
	int rc;

	rc = q != NULL ? sqlite3_exec(r->sql.db, q, NULL, NULL, NULL) :
	    SQLITE_NOMEM;
	sqlite3_free(q);
	for (i = 0; i < sizeof tables / sizeof tables[0] && rc == SQLITE_OK;
	    i++) {
		q = sqlite3_mprintf("CREATE TEMP VIEW %s AS SELECT * FROM"
		    " main.%s WHERE mbox=(SELECT id FROM main.mailbox"
		    " WHERE name=%Q)", tables[i], tables[i], r->only);
		rc = q != NULL ? sqlite3_exec(r->sql.db, q, NULL, NULL,
		    NULL) : SQLITE_NOMEM;
		sqlite3_free(q);
	}
	return rc;
}

/* readonly_shm: the sandbox lets this process write nothing, not even the
 * memory that keeper's log is indexed by. */
static enum store_err
db_join(struct reader *r, const char *path, const struct stat *st)
{
	char uri[PATH_ROOM];
	const char *p;
	size_t n;

	n = (size_t)snprintf(uri, sizeof uri, "file:");
	for (p = r->home; *p != '\0' && n + 64 < sizeof uri; p++) {
		if (*p == '?' || *p == '#' || *p == '%')
			n += (size_t)snprintf(uri + n, sizeof uri - n,
			    "%%%02x", (unsigned)(unsigned char)*p);
		else
			uri[n++] = *p;
	}
	snprintf(uri + n, sizeof uri - n,
	    "/store.db?mode=ro&readonly_shm=1");
	if (*p != '\0' || sqlite3_open_v2(uri, &r->sql.db,
	    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
	    NULL) != SQLITE_OK) {
		db_shut(r);
		return STORE_GONE;
	}
	(void)sqlite3_busy_timeout(r->sql.db, 1000);
	(void)sqlite3_exec(r->sql.db, r->small ? "PRAGMA cache_size=-128" :
	    "PRAGMA cache_size=-4096", NULL, NULL, NULL);
	r->view.db = r->sql.db;
	if (r->only != NULL && hide_others(r) != SQLITE_OK) {
		db_shut(r);
		return STORE_GONE;
	}
	r->ahead = open(path, O_RDONLY | O_CLOEXEC);
	r->asked = (struct ahead){ .mbox = 0 };
	r->dev = st->st_dev;
	r->ino = st->st_ino;
	return STORE_OK;
}

static enum store_err
begin(struct reader *r)
{
	char path[PATH_ROOM];
	struct stat st;
	int rc;

	if (r->root == -1)
		r->root = open(r->maildir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (snprintf(path, sizeof path, "%s/store.db", r->home) >=
	    (int)sizeof path || stat(path, &st) == -1)
		return STORE_GONE;
	if (r->sql.db != NULL && (st.st_dev != r->dev ||
	    st.st_ino != r->ino))
		db_shut(r);
	if (r->sql.db == NULL && db_join(r, path, &st) != STORE_OK)
		return STORE_GONE;
	rc = sql_done(sql_step(&r->sql, RSQL_BEGIN, ""));
	/* BEGIN alone reads nothing: the snapshot is that of a first SELECT. */
	if (rc == SQLITE_OK)
		rc = sql_step(&r->sql, RSQL_LISTED, "");
	if (rc == SQLITE_ROW || (rc == SQLITE_DONE && !r->whole)) {
		sql_end(&r->sql, RSQL_LISTED);
		return STORE_OK;
	}
	db_shut(r);
	/* Keeper has not made the index of its log yet, that we only read. */
	return rc == SQLITE_DONE || (rc & 0xff) == SQLITE_READONLY ||
	    (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_ERROR ?
	    STORE_GONE : store_err_sqlite(rc);
}

/* A look at the schema is the longest part of a short question. */
void
reader_warm(struct reader *r)
{
	if (begin(r) == STORE_OK)
		reader_end(r);
}

/* At the start of a node the first question may come before keeper. */
enum store_err
reader_begin(struct reader *r)
{
	const struct timespec pause = { .tv_nsec = WAIT_STEP_MS * 1000000 };
	enum store_err e;
	int i;

	for (i = 0; (e = begin(r)) == STORE_GONE && i < WAIT_STEPS; i++)
		(void)nanosleep(&pause, NULL);
	return e;
}

/* What a failed request left half read ends here too. */
void
reader_end(struct reader *r)
{
	unsigned int q;

	for (q = 0; q < RSQL_N; q++)
		if (r->stmt[q] != NULL)
			sql_end(&r->sql, q);
	for (q = 0; q < RVIEW_N; q++)
		if (r->vstmt[q] != NULL)
			sql_end(&r->view, q);
	if (sql_done(sql_step(&r->sql, RSQL_END, "")) != SQLITE_OK)
		db_shut(r);
}
