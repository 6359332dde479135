/*
 * Tables of store.db, version 5, besides keeper's mailbox(id, name, …).
 *
 * msg		one row for each file
 *	id		what clients call the message; kept when it moves
 *	mbox uid	where it stands; its row in mail
 *	thread		see thread.c
 *	date		of the Date field, else received; received: see
 *			INTERNALDATE; Unix time
 *	size wire	octets of the file, and with CRLF everywhere
 *	pflags		PARSE_*
 *	name		path below the folder ("cur/…:2,S")
 *	tags		sorted, blank between
 *	base		octets of the subject that Re: and the like take up
 *	base_key	hash of the rest, 0 for none; thread.c
 *	hash		of the content; env body parts: see mime_imap.h
 * mail		the narrow twin that IMAP scans; saved: since when it is
 *		there, Unix time, 0 for unknown
 * uid_block	how many of 1024 UIDs that follow each other are there, so that
 *		sequence numbers cost no look at each
 * gone		UIDs expunged, with the MODSEQ of that; UID 0: before that
 *		MODSEQ nothing is remembered
 * box_count	messages of a mailbox, how many of them unread, and the UID
 *		behind the highest that ever was in it
 * thread_id thread_alias thread_box	see thread.c
 * index_todo	what the index has to learn, in this order: `was` and `now`
 *		are paths below the maildir; was '' is a new file, now '' one
 *		that went away, both alike new tags or flags
 */
#include <stdlib.h>
#include <string.h>

#include "store/maildir.h"
#include "store/row_sql.h"

enum {
	GONE_KEPT = 1000000,	/* MODSEQs for which expunges are remembered */
	ROW_ID_ROOM = 1000	/* octets of a Message-ID, NUL included */
};

/* The columns by_* are what lists are sorted by (op_list.h): the first 60
 * characters, and what is wanted first above what is not, each by date. */
#define THREAD_BOX \
    " mbox INTEGER NOT NULL, thread INTEGER NOT NULL," \
    " date INTEGER NOT NULL, newest INTEGER NOT NULL," \
    " count INTEGER NOT NULL, unread INTEGER NOT NULL," \
    " flagged INTEGER NOT NULL, attach INTEGER NOT NULL," \
    " size INTEGER NOT NULL, authors TEXT NOT NULL," \
    " tags TEXT NOT NULL, by_subject TEXT NOT NULL DEFAULT ''," \
    " by_from TEXT AS (lower(substr(authors,1,60)))," \
    " by_late INTEGER AS (-date)," \
    " by_unread INTEGER AS (((unread>0)<<40)+date)," \
    " by_flag INTEGER AS (((flagged>0)<<40)+date)," \
    " PRIMARY KEY(mbox, thread)"
#define SUBJECT_OF(newest) \
    "coalesce((SELECT lower(substr(CAST(substr(CAST(subject AS BLOB),base+1)" \
    " AS TEXT),1,60)) FROM msg WHERE id=" newest "),'')"
#define THREAD_BOX_1 \
    "mbox,thread,date,newest,count,unread,flagged,attach,size,authors,tags"

/* Version 1 knew no order but that of time. */
const char row_schema_2[] =
    "CREATE TABLE thread_box_2(" THREAD_BOX ") WITHOUT ROWID;"
    "INSERT INTO thread_box_2(" THREAD_BOX_1 ",by_subject)"
    " SELECT " THREAD_BOX_1 "," SUBJECT_OF("newest") " FROM thread_box;"
    "DROP TABLE thread_box;"
    "ALTER TABLE thread_box_2 RENAME TO thread_box;";

#define UID_BLOCK \
    "CREATE TABLE IF NOT EXISTS uid_block(" \
    " mbox INTEGER NOT NULL, block INTEGER NOT NULL, n INTEGER NOT NULL," \
    " PRIMARY KEY(mbox, block)) WITHOUT ROWID;"

/* Version 3 counted no blocks. */
const char row_schema_4[] =
    UID_BLOCK
    "INSERT INTO uid_block SELECT mbox, (uid-1)>>10, count(*) FROM mail"
    " GROUP BY 1, 2;";

/* What version 4 has is older than names that tell it. */
const char row_schema_5[] =
    "ALTER TABLE mail ADD COLUMN saved INTEGER NOT NULL DEFAULT 0;";

const char row_schema[] =
    "CREATE TABLE IF NOT EXISTS msg("
    " id INTEGER PRIMARY KEY,"
    " mbox INTEGER NOT NULL, uid INTEGER NOT NULL,"
    " thread INTEGER NOT NULL,"
    " date INTEGER NOT NULL, received INTEGER NOT NULL,"
    " size INTEGER NOT NULL, wire INTEGER NOT NULL,"
    " pflags INTEGER NOT NULL, base INTEGER NOT NULL,"
    " name TEXT NOT NULL, tags TEXT NOT NULL,"
    " author TEXT NOT NULL, subject TEXT NOT NULL,"
    " snippet TEXT NOT NULL, msgid TEXT NOT NULL,"
    " sender TEXT NOT NULL, rcpt TEXT NOT NULL, cc TEXT NOT NULL,"
    " list_id TEXT NOT NULL, irt TEXT NOT NULL,"
    " base_key INTEGER NOT NULL, hash BLOB NOT NULL,"
    " refs TEXT NOT NULL, env BLOB NOT NULL, body BLOB NOT NULL,"
    " parts BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS msg_thread ON msg(thread, mbox, date);"
    "CREATE INDEX IF NOT EXISTS msg_date ON msg(mbox, date, id);"
    "CREATE INDEX IF NOT EXISTS msg_msgid ON msg(msgid);"
    "CREATE INDEX IF NOT EXISTS msg_hash ON msg(mbox, hash);"
    "CREATE INDEX IF NOT EXISTS msg_base ON msg(base_key, date)"
    " WHERE base_key <> 0;"
    /* What IMAP lists and searches, without the rest of the row. */
    "CREATE INDEX IF NOT EXISTS msg_meta ON msg(mbox, uid, wire, received,"
    " tags, sender, subject);"
    "CREATE INDEX IF NOT EXISTS msg_tagged ON msg(mbox, uid, tags)"
    " WHERE tags <> '';"
    "CREATE TABLE IF NOT EXISTS mail("
    " mbox INTEGER NOT NULL, uid INTEGER NOT NULL,"
    " msg INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " modseq INTEGER NOT NULL, saved INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(mbox, uid)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS mail_modseq ON mail(mbox, modseq);"
    "CREATE INDEX IF NOT EXISTS mail_unseen ON mail(mbox, uid)"
    " WHERE flags & 16 = 0;"
    UID_BLOCK
    "CREATE TRIGGER IF NOT EXISTS mail_came AFTER INSERT ON mail BEGIN"
    " INSERT INTO uid_block VALUES(new.mbox, (new.uid-1)>>10, 1)"
    " ON CONFLICT(mbox, block) DO UPDATE SET n=n+1; END;"
    "CREATE TRIGGER IF NOT EXISTS mail_went AFTER DELETE ON mail BEGIN"
    " UPDATE uid_block SET n=n-1 WHERE mbox=old.mbox"
    " AND block=(old.uid-1)>>10; END;"
    "CREATE TABLE IF NOT EXISTS gone("
    " mbox INTEGER NOT NULL, modseq INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, PRIMARY KEY(mbox, modseq, uid))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS box_count("
    " mbox INTEGER PRIMARY KEY, total INTEGER NOT NULL,"
    " unread INTEGER NOT NULL, uidnext INTEGER NOT NULL DEFAULT 1);"
    "CREATE TABLE IF NOT EXISTS thread_id("
    " msgid TEXT PRIMARY KEY, thread INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS thread_alias("
    " was INTEGER PRIMARY KEY, now INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS thread_box(" THREAD_BOX ") WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS thread_box_date"
    " ON thread_box(mbox, date, thread);"
    "CREATE INDEX IF NOT EXISTS thread_box_from"
    " ON thread_box(mbox, by_from, by_late, thread);"
    "CREATE INDEX IF NOT EXISTS thread_box_subject"
    " ON thread_box(mbox, by_subject, by_late, thread);"
    "CREATE INDEX IF NOT EXISTS thread_box_size"
    " ON thread_box(mbox, size, thread);"
    "CREATE INDEX IF NOT EXISTS thread_box_unread"
    " ON thread_box(mbox, by_unread, thread);"
    "CREATE INDEX IF NOT EXISTS thread_box_flag"
    " ON thread_box(mbox, by_flag, thread);"
    "CREATE INDEX IF NOT EXISTS thread_box_thread"
    " ON thread_box(thread);"
    "CREATE TABLE IF NOT EXISTS index_todo("
    " seq INTEGER PRIMARY KEY, msg INTEGER NOT NULL,"
    " was TEXT NOT NULL, now TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS index_todo_msg ON index_todo(msg);";

#define PATH(mbox, name) \
    "coalesce((SELECT name FROM mailbox WHERE id=" mbox "),'')||'/'||" name

static const char *const sql[SQL_N] = {
	[SQL_MSG_ADD] = "INSERT INTO msg(id,mbox,uid,thread,date,received,"
	    "size,wire,pflags,base,name,tags,author,subject,snippet,msgid,"
	    "sender,rcpt,cc,list_id,irt,base_key,hash,refs,env,body,parts)"
	    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
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
	    " AND m.mbox=?1 AND m.uid>?3 ORDER BY m.uid LIMIT 1",
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
	[SQL_COUNT_ADD] = "INSERT INTO box_count VALUES(?1,?2,?3,?4)"
	    " ON CONFLICT(mbox) DO UPDATE SET total=total+?2,"
	    " unread=unread+?3,uidnext=max(uidnext,?4)",
	[SQL_MSG_COPY] = "INSERT INTO msg(id,mbox,uid,thread,date,received,"
	    "size,wire,pflags,base,name,tags,author,subject,snippet,msgid,"
	    "sender,rcpt,cc,list_id,irt,base_key,hash,refs,env,body,parts)"
	    " SELECT ?1,?2,?3,thread,date,received,"
	    "size,wire,pflags,base,?4,tags,author,subject,snippet,msgid,"
	    "sender,rcpt,cc,list_id,irt,base_key,hash,refs,env,body,parts"
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
	[SQL_TB_MEMBERS] = "SELECT m.id,m.date,m.size,m.pflags,m.author,"
	    "m.tags,l.flags FROM msg m JOIN mail l ON l.mbox=m.mbox"
	    " AND l.uid=m.uid WHERE m.thread=? AND m.mbox=?"
	    " ORDER BY m.date, m.id",
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
	if (sqlite3_prepare_v2(db, "SELECT max(id) FROM msg", -1, &s, NULL)
	    != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) {
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

/* ---- writing ---- */

static int
count(struct rows *r, uint64_t mbox, int64_t total, int64_t unread)
{
	return row_do(r, SQL_COUNT_ADD, "iiii", (int64_t)mbox, total, unread,
	    (int64_t)1);
}

int
row_mbox_new(struct rows *r, uint64_t mbox, uint32_t uidnext,
    uint64_t modseq)
{
	int rc = row_do(r, SQL_COUNT_ADD, "iiii", (int64_t)mbox, (int64_t)0,
	    (int64_t)0, (int64_t)uidnext);

	return rc != 0 ? rc : row_do(r, SQL_GONE_ADD, "iii", (int64_t)mbox,
	    (int64_t)modseq, (int64_t)0);
}

static int64_t
unread(uint32_t flags)
{
	return (flags & STORE_SEEN) == 0;
}

/* mbox 0: no such end of the change. */
static int
todo(struct rows *r, uint64_t id, uint64_t was, const char *was_name,
    uint64_t now, const char *now_name)
{
	return row_do(r, SQL_TODO, "iisis", (int64_t)id, (int64_t)was,
	    was_name, (int64_t)now, now_name);
}

static int
msg_insert(struct rows *r, const struct row_new *n,
    const struct parse_row *p, const struct thread_msg *t)
{
	uint64_t key = thread_base_key(p->base);

	return row_do(r, SQL_MSG_ADD, "iiiiiiiiiisssssssssssibsbbb",
	    (int64_t)t->id, (int64_t)n->mbox, (int64_t)n->uid,
	    (int64_t)t->thread, t->date, n->received, (int64_t)p->size,
	    (int64_t)p->wire, (int64_t)p->flags,
	    (int64_t)(strlen(p->subject) - strlen(p->base)), n->name,
	    n->tags, p->author, p->subject, p->snippet, p->msgid, p->from,
	    p->to, p->cc, p->list_id, p->irt, (int64_t)key, p->hash,
	    sizeof p->hash, p->refs, p->env, p->nenv, p->body, p->nbody,
	    p->parts, p->nparts);
}

/* One more, which is the highest; since when it is there, its name says. */
static int
mail_add(struct rows *r, const struct row_at *at, const char *name)
{
	struct maildir_name n;
	int rc;

	if (!maildir_parse(name, &n))
		n.saved = 0;
	rc = row_do(r, SQL_MAIL_ADD, "iiiiii", (int64_t)at->mbox,
	    (int64_t)at->uid, (int64_t)at->id, (int64_t)at->flags,
	    (int64_t)at->modseq, n.saved);
	return rc != 0 ? rc : row_do(r, SQL_COUNT_ADD, "iiii",
	    (int64_t)at->mbox, (int64_t)1, unread(at->flags),
	    (int64_t)at->uid + 1);
}

int
row_add(struct rows *r, const struct row_new *n, const struct parse_row *p,
    uint64_t *id)
{
	struct thread_msg t = { .id = r->next_id, .mbox = n->mbox,
	    .size = p->size, .flags = n->flags, .author = p->author,
	    .tags = n->tags, .attach = p->flags & PARSE_ATTACH,
	    .date = p->date > 0 ? p->date : n->received };
	int rc;

	*id = 0;
	rc = thread_of(r, t.id, p, t.date, thread_base_key(p->base),
	    &t.thread);
	if (rc == 0)
		rc = msg_insert(r, n, p, &t);
	if (rc == 0)
		rc = mail_add(r, &(struct row_at){ .mbox = n->mbox,
		    .uid = n->uid, .id = t.id, .flags = n->flags,
		    .modseq = n->modseq }, n->name);
	if (rc == 0)
		rc = thread_add(r, &t);
	if (rc == 0 && n->index)
		rc = todo(r, t.id, 0, "", n->mbox, n->name);
	if (rc == 0)
		*id = r->next_id++;
	return rc;
}

/* SQLITE_DONE of row_get means: gone meanwhile, nothing to do. */
static int
found(struct rows *r, uint64_t id, struct row_at *at, bool *here)
{
	int rc = row_get(r, id, at);

	*here = rc == 0;
	return row_done(rc);
}

int
row_named(struct rows *r, const struct row_at *at, const char *name)
{
	int rc = row_do(r, SQL_MSG_NAME, "si", name, (int64_t)at->id);

	if (rc == 0)
		rc = thread_count(r, at->mbox, at->thread);
	if (rc == 0)
		rc = todo(r, at->id, at->mbox, at->name, at->mbox, name);
	return rc;
}

/* What threads count follows the name, which may be behind the flags. */
static bool
name_behind(const struct row_at *at)
{
	struct maildir_name n;

	return maildir_parse(at->name, &n) && n.flags != at->flags;
}

int
row_flags(struct rows *r, uint64_t id, uint32_t flags, const char *name,
    uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = row_do(r, SQL_MAIL_FLAGS, "iiii", (int64_t)flags,
	    (int64_t)modseq, (int64_t)at.mbox, (int64_t)at.uid);
	if (rc == 0 && strcmp(name, at.name) != 0)
		rc = row_do(r, SQL_MSG_NAME, "si", name, (int64_t)id);
	if (rc == 0 && name_behind(&at))
		rc = thread_count(r, at.mbox, at.thread);
	else if (rc == 0 && flags != at.flags)
		rc = thread_flags(r, at.mbox, at.thread, at.flags, flags);
	if (rc == 0 && unread(flags) != unread(at.flags))
		rc = count(r, at.mbox, 0, unread(flags) - unread(at.flags));
	if (rc == 0)
		rc = todo(r, id, at.mbox, at.name, at.mbox, name);
	return rc;
}

int
row_tags(struct rows *r, uint64_t id, const char *tags, uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = row_do(r, SQL_MAIL_MODSEQ, "iii", (int64_t)modseq,
	    (int64_t)at.mbox, (int64_t)at.uid);
	if (rc == 0 && strcmp(tags, at.tags) != 0) {
		rc = row_do(r, SQL_MSG_TAGS, "si", tags, (int64_t)id);
		if (rc == 0)
			rc = thread_count(r, at.mbox, at.thread);
		if (rc == 0)
			rc = todo(r, id, at.mbox, at.name, at.mbox, at.name);
	}
	return rc;
}

static int
leave(struct rows *r, const struct row_at *at, uint64_t modseq)
{
	int rc;

	rc = row_do(r, SQL_MAIL_DEL, "ii", (int64_t)at->mbox,
	    (int64_t)at->uid);
	if (rc == 0)
		rc = row_do(r, SQL_GONE_ADD, "iii", (int64_t)at->mbox,
		    (int64_t)modseq, (int64_t)at->uid);
	if (rc == 0 && modseq > GONE_KEPT)
		rc = row_do(r, SQL_GONE_TRIM, "ii", (int64_t)at->mbox,
		    (int64_t)(modseq - GONE_KEPT));
	if (rc == 0)
		rc = count(r, at->mbox, -1, -unread(at->flags));
	return rc;
}

int
row_move(struct rows *r, uint64_t id, uint64_t mbox, uint32_t uid,
    const char *name, uint64_t gone_modseq, uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = leave(r, &at, gone_modseq);
	if (rc == 0)
		rc = row_do(r, SQL_MSG_MOVE, "iisi", (int64_t)mbox,
		    (int64_t)uid, name, (int64_t)id);
	if (rc == 0)
		rc = mail_add(r, &(struct row_at){ .mbox = mbox, .uid = uid,
		    .id = id, .flags = at.flags, .modseq = modseq }, name);
	if (rc == 0)
		rc = thread_count(r, at.mbox, at.thread);
	if (rc == 0)
		rc = thread_count(r, mbox, at.thread);
	if (rc == 0)
		rc = todo(r, id, at.mbox, at.name, mbox, name);
	return rc;
}

int
row_copy(struct rows *r, uint64_t id, uint64_t mbox, uint32_t uid,
    const char *name, uint64_t modseq)
{
	struct row_at at;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = row_do(r, SQL_MSG_COPY, "iiisi", (int64_t)r->next_id,
	    (int64_t)mbox, (int64_t)uid, name, (int64_t)id);
	if (rc == 0)
		rc = mail_add(r, &(struct row_at){ .mbox = mbox, .uid = uid,
		    .id = r->next_id, .flags = at.flags, .modseq = modseq },
		    name);
	if (rc == 0)
		rc = thread_count(r, mbox, at.thread);
	if (rc == 0)
		rc = todo(r, r->next_id, 0, "", mbox, name);
	if (rc == 0)
		r->next_id++;
	return rc;
}

/* The last message of a thread takes along the ids that led to it. */
static int
forget_ids(struct rows *r, const struct row_at *at, const char *list)
{
	char id[ROW_ID_ROOM];
	size_t n;
	int rc;

	rc = row_step(r, SQL_THREAD_ANY, "i", (int64_t)at->thread);
	if (rc == SQLITE_ROW) {
		row_end(r, SQL_THREAD_ANY);
		return 0;
	}
	for (rc = row_done(rc); rc == 0 && *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		if (n == 0 || n >= sizeof id)
			continue;
		memcpy(id, list, n);
		id[n] = '\0';
		rc = row_do(r, SQL_ID_DEL, "si", id, (int64_t)at->thread);
	}
	return rc;
}

/* msgid, References and In-Reply-To with a blank between; owned. */
static int
ids_of(struct rows *r, uint64_t id, char **ids)
{
	int rc = row_step(r, SQL_MSG_IDS, "i", (int64_t)id);

	*ids = NULL;
	if (rc != SQLITE_ROW)
		return rc;
	*ids = sqlite3_mprintf("%s %s %s", row_str(r, SQL_MSG_IDS, 0),
	    row_str(r, SQL_MSG_IDS, 1), row_str(r, SQL_MSG_IDS, 2));
	row_end(r, SQL_MSG_IDS);
	return *ids != NULL ? 0 : SQLITE_NOMEM;
}

int
row_remove(struct rows *r, uint64_t id, uint64_t modseq)
{
	struct row_at at;
	char *ids = NULL;
	bool here;
	int rc;

	rc = found(r, id, &at, &here);
	if (rc != 0 || !here)
		return rc;
	rc = todo(r, id, at.mbox, at.name, 0, "");
	if (rc == 0)
		rc = ids_of(r, id, &ids);
	if (rc == 0)
		rc = leave(r, &at, modseq);
	if (rc == 0)
		rc = row_do(r, SQL_MSG_DEL, "i", (int64_t)id);
	if (rc == 0)
		rc = thread_count(r, at.mbox, at.thread);
	if (rc == 0)
		rc = forget_ids(r, &at, ids);
	sqlite3_free(ids);
	return rc;
}

int
row_mbox_renamed(struct rows *r, uint64_t mbox, const char *old)
{
	return row_do(r, SQL_BOX_RENAMED, "is", (int64_t)mbox, old);
}

int
row_mbox_gone(struct rows *r, uint64_t mbox)
{
	static const enum row_sql all[] = { SQL_BOX_TODO, SQL_BOX_BLOCKS,
	    SQL_BOX_MAIL, SQL_BOX_MSG, SQL_BOX_GONE, SQL_BOX_COUNT, SQL_BOX_THREADS };
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof all / sizeof all[0] && rc == 0; i++)
		rc = row_do(r, all[i], "i", (int64_t)mbox);
	return rc;
}
