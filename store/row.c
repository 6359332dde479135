#include <stdlib.h>
#include <string.h>

#include "store/row_sql.h"

#define PATH(mbox, name) \
    "coalesce((SELECT name FROM mailbox WHERE id=" mbox "),'')||'/'||" name

static const char *const sql[SQL_N] = {
	[SQL_MSG_ADD] = "INSERT INTO msg(id,mbox,uid,thread,date,received,"
	    "size,wire,pflags,base,name,tags,author,subject,snippet,msgid,"
	    "sender,rcpt,cc,list_id,irt,base_key,hash,refs,env,body,parts,"
	    "names)"
	    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
	    "?)",
	[SQL_MAIL_ADD] = "INSERT INTO mail VALUES(?,?,?,?,?,?)",
	[SQL_MSG_GET] = "SELECT m.id,m.thread,m.mbox,m.uid,l.flags,l.modseq,"
	    "m.name,m.tags,m.hash FROM msg m JOIN mail l ON l.mbox=m.mbox"
	    " AND l.uid=m.uid WHERE m.id=?",
	[SQL_MSG_AT_UID] = "SELECT m.id,m.thread,m.mbox,m.uid,l.flags,"
	    "l.modseq,m.name,m.tags,m.hash FROM mail l JOIN msg m"
	    " ON m.id=l.msg WHERE l.mbox=? AND l.uid=?",
	[SQL_MSG_BY_HASH] = "SELECT id FROM msg WHERE mbox=? AND hash=?",
	[SQL_MSG_BY_ID] = "SELECT m.id,m.thread,m.mbox,m.uid,l.flags,"
	    "l.modseq,m.name,m.tags,m.hash FROM msg m JOIN mail l"
	    " ON l.mbox=m.mbox AND l.uid=m.uid WHERE m.msgid=?2"
	    " AND +m.mbox=?1 AND +m.uid>?3 ORDER BY +m.uid LIMIT 1",
	[SQL_MSG_PARTS] = "SELECT parts FROM msg WHERE id=?",
	[SQL_MSG_NAME] = "UPDATE msg SET name=? WHERE id=?",
	[SQL_MSG_TAGS] = "UPDATE msg SET tags=? WHERE id=?",
	[SQL_MSG_MOVE] = "UPDATE msg SET mbox=?,uid=?,name=? WHERE id=?",
	[SQL_MSG_DEL] = "DELETE FROM msg WHERE id=?",
	[SQL_MAIL_FLAGS] = "UPDATE mail SET flags=?,modseq=?"
	    " WHERE mbox=? AND uid=?",
	[SQL_MAIL_MODSEQ] = "UPDATE mail SET modseq=?"
	    " WHERE mbox=? AND uid=?",
	[SQL_MAIL_DEL] = "DELETE FROM mail WHERE mbox=? AND uid=?",
	[SQL_GONE_ADD] = "INSERT OR IGNORE INTO gone VALUES(?,?,?)",
	[SQL_GONE_TRIM] = "DELETE FROM gone WHERE mbox=? AND modseq<?"
	    " AND uid<>0",
	[SQL_GONE_FLOOR] = "UPDATE OR REPLACE gone SET modseq=?2"
	    " WHERE mbox=?1 AND modseq<?2 AND uid=0",
	[SQL_COUNT_ADD] = "INSERT INTO box_count VALUES(?1,?2,?3,?4)"
	    " ON CONFLICT(mbox) DO UPDATE SET total=total+?2,"
	    " unread=unread+?3,uidnext=max(uidnext,?4)",
	[SQL_MSG_COPY] = "INSERT INTO msg(id,mbox,uid,thread,date,received,"
	    "size,wire,pflags,base,name,tags,author,subject,snippet,msgid,"
	    "sender,rcpt,cc,list_id,irt,base_key,hash,refs,env,body,parts,"
	    "names)"
	    " SELECT ?1,?2,?3,thread,date,received,"
	    "size,wire,pflags,base,?4,tags,author,subject,snippet,msgid,"
	    "sender,rcpt,cc,list_id,irt,base_key,hash,refs,env,body,parts,"
	    "names"
	    " FROM msg WHERE id=?5",
	[SQL_TODO] = "INSERT INTO index_todo(msg,was,now) VALUES(?1,"
	    "CASE WHEN ?2=0 THEN '' ELSE " PATH("?2", "?3") " END,"
	    "CASE WHEN ?4=0 THEN '' ELSE " PATH("?4", "?5") " END)",
	[SQL_BOX_TODO] = "INSERT INTO index_todo(msg,was,now) SELECT id,"
	    PATH("mbox", "name") ",'' FROM msg WHERE mbox=?",
	[SQL_BOX_RENAMED] = "INSERT INTO index_todo(msg,was,now) SELECT id,"
	    "?2||'/'||name," PATH("mbox", "name") " FROM msg WHERE mbox=?1",
	[SQL_BOX_BLOCKS] = "DELETE FROM uid_block WHERE mbox=?",
	[SQL_BOX_MAIL] = "DELETE FROM mail WHERE mbox=?",
	[SQL_BOX_MSG] = "DELETE FROM msg WHERE mbox=?",
	[SQL_BOX_GONE] = "DELETE FROM gone WHERE mbox=?",
	[SQL_BOX_COUNT] = "DELETE FROM box_count WHERE mbox=?",
	[SQL_BOX_THREADS] = "DELETE FROM thread_box WHERE mbox=?",
	[SQL_ID_GET] = "SELECT thread FROM thread_id WHERE msgid=?",
	[SQL_ID_ADD] = "INSERT OR REPLACE INTO thread_id VALUES(?,?)",
	[SQL_ID_DEL] = "DELETE FROM thread_id WHERE msgid=? AND thread=?",
	[SQL_ALIAS_GET] = "SELECT now FROM thread_alias WHERE was=?",
	[SQL_ALIAS_ADD] = "INSERT OR REPLACE INTO thread_alias VALUES(?,?)",
	[SQL_ALIAS_MOVE] = "UPDATE thread_alias SET now=? WHERE now=?",
	[SQL_BASE_GET] = "SELECT thread FROM msg WHERE base_key=?"
	    " AND base_key<>0 AND date BETWEEN ? AND ?"
	    " ORDER BY date DESC LIMIT 1",
	[SQL_MSG_THREAD] = "UPDATE msg SET thread=? WHERE thread=?",
	[SQL_TB_GET] = "SELECT date,newest,count,unread,flagged,attach,size,"
	    "authors,tags FROM thread_box WHERE mbox=? AND thread=?",
	[SQL_TB_PUT] = "INSERT OR REPLACE INTO thread_box(" THREAD_BOX_1
	    ",by_subject) VALUES(?,?,?,?4,?,?,?,?,?,?,?," SUBJECT_OF("?4")
	    ")",
	[SQL_TB_DEL] = "DELETE FROM thread_box WHERE mbox=? AND thread=?",
	[SQL_TB_FLAGS] = "UPDATE thread_box SET unread=unread+?,"
	    "flagged=flagged+? WHERE mbox=? AND thread=?",
	[SQL_TB_MEMBERS] = "SELECT m.id,m.date,m.received,m.size,"
	    "m.pflags,m.author,m.tags,l.flags FROM msg m JOIN mail l"
	    " ON l.mbox=m.mbox AND l.uid=m.uid WHERE m.thread=?"
	    " AND m.mbox=? ORDER BY m.date, m.id",
	[SQL_TB_BOXES] = "SELECT DISTINCT mbox FROM msg WHERE thread=?",
	[SQL_THREAD_ANY] = "SELECT 1 FROM msg WHERE thread=? LIMIT 1",
	[SQL_MSG_IDS] = "SELECT msgid,refs,irt FROM msg WHERE id=?",
};

struct rows *
rows_new(struct sqlite3 *db)
{
	struct rows *r = calloc(1, sizeof *r);
	sqlite3_stmt *s = NULL;

	if (r == NULL)
		return NULL;
	r->sql = (struct sql){ .db = db, .text = sql, .stmt = r->stmt,
	    .n = SQL_N };
	/* Nor the number of a thread that was joined to another. */
	if (sqlite3_prepare_v2(db, "SELECT max((SELECT coalesce(max(id),0)"
	    " FROM msg),(SELECT coalesce(max(was),0) FROM thread_alias))", -1,
	    &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) {
		sqlite3_finalize(s);
		free(r);
		return NULL;
	}
	r->next_id = (uint64_t)sqlite3_column_int64(s, 0) + 1;
	sqlite3_finalize(s);
	return r;
}

void
rows_free(struct rows *r)
{
	if (r == NULL)
		return;
	sql_clear(&r->sql);
	free(r);
}

/* ---- reading back ---- */

static void
take_at(struct rows *r, enum row_sql q, struct row_at *at)
{
	const void *hash;

	at->id = (uint64_t)row_int(r, q, 0);
	at->thread = (uint64_t)row_int(r, q, 1);
	at->mbox = (uint64_t)row_int(r, q, 2);
	at->uid = (uint32_t)row_int(r, q, 3);
	at->flags = (uint32_t)row_int(r, q, 4);
	at->modseq = (uint64_t)row_int(r, q, 5);
	sqlite3_snprintf(sizeof at->name, at->name, "%s", row_str(r, q, 6));
	sqlite3_snprintf(sizeof at->tags, at->tags, "%s", row_str(r, q, 7));
	hash = sqlite3_column_blob(r->stmt[q], 8);
	if (hash != NULL && sqlite3_column_bytes(r->stmt[q], 8) ==
	    (int)sizeof at->hash)
		memcpy(at->hash, hash, sizeof at->hash);
	row_end(r, q);
}

int
row_get(struct rows *r, uint64_t id, struct row_at *at)
{
	int rc;

	memset(at, 0, sizeof *at);
	rc = row_step(r, SQL_MSG_GET, "i", (int64_t)id);
	if (rc != SQLITE_ROW)
		return rc;
	take_at(r, SQL_MSG_GET, at);
	return 0;
}

int
row_at_uid(struct rows *r, uint64_t mbox, uint32_t uid, struct row_at *at)
{
	int rc;

	memset(at, 0, sizeof *at);
	rc = row_step(r, SQL_MSG_AT_UID, "ii", (int64_t)mbox, (int64_t)uid);
	if (rc != SQLITE_ROW)
		return rc;
	take_at(r, SQL_MSG_AT_UID, at);
	return 0;
}

int
row_by_msgid(struct rows *r, uint64_t mbox, const char *msgid,
    uint32_t after, struct row_at *at)
{
	int rc;

	memset(at, 0, sizeof *at);
	rc = row_step(r, SQL_MSG_BY_ID, "isi", (int64_t)mbox, msgid,
	    (int64_t)after);
	if (rc != SQLITE_ROW)
		return rc;
	take_at(r, SQL_MSG_BY_ID, at);
	return 0;
}

int
row_parts(struct rows *r, uint64_t id, struct buf *parts)
{
	int rc = row_step(r, SQL_MSG_PARTS, "i", (int64_t)id);
	sqlite3_stmt *s = r->stmt[SQL_MSG_PARTS];

	if (rc != SQLITE_ROW)
		return rc;
	rc = buf_add(parts, sqlite3_column_blob(s, 0),
	    (size_t)sqlite3_column_bytes(s, 0)) == 0 ? 0 : SQLITE_NOMEM;
	row_end(r, SQL_MSG_PARTS);
	return rc;
}

int
row_by_hash(struct rows *r, uint64_t mbox, const uint8_t hash[32],
    uint64_t *id)
{
	int rc;

	*id = 0;
	rc = row_step(r, SQL_MSG_BY_HASH, "ib", (int64_t)mbox, hash,
	    (size_t)32);
	if (rc == SQLITE_ROW) {
		*id = (uint64_t)row_int(r, SQL_MSG_BY_HASH, 0);
		row_end(r, SQL_MSG_BY_HASH);
		return 0;
	}
	return row_done(rc);
}
