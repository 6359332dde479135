/*
 * Tables of store.db, version 8, besides keeper's mailbox(id, name, …).
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
 *	names		of its header's fields: field.h; '' when unknown
 * mail		the narrow twin that IMAP scans; saved: since when it is
 *		there, Unix time, 0 for unknown
 * uid_block	how many of 1024 UIDs that follow each other are there, so that
 *		sequence numbers cost no look at each
 * box_tag	each tag in a mailbox, and how many messages have it
 * gone		UIDs expunged, with the MODSEQ of that; UID 0: before that
 *		MODSEQ nothing is remembered
 * box_count	messages of a mailbox, how many of them unread, and the UID
 *		behind the highest that ever was in it
 * thread_id thread_alias thread_box	see thread.c
 * index_todo	what the index has to learn, in this order: `was` and `now`
 *		are paths below the maildir; was '' is a new file, now '' one
 *		that went away, both alike new tags or flags
 */
#include "store/row_sql.h"

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

/* What version 5 has is read as before. */
const char row_schema_6[] =
    "ALTER TABLE msg ADD COLUMN names BLOB NOT NULL DEFAULT x'';";

/* A row for each of the tags, which hold nothing that JSON would quote. */
#define EACH_OF(tags) \
    " json_each('[\"'||replace(" tags ",' ','\",\"')||'\"]')"
#define BOX_TAG \
    "CREATE TABLE IF NOT EXISTS box_tag(" \
    " mbox INTEGER NOT NULL, tag TEXT NOT NULL, n INTEGER NOT NULL," \
    " PRIMARY KEY(mbox, tag)) WITHOUT ROWID;"
#define TAGS_CAME \
    "INSERT INTO box_tag SELECT new.mbox, value, 1 FROM" \
    EACH_OF("new.tags") " WHERE true" \
    " ON CONFLICT(mbox, tag) DO UPDATE SET n=n+1;"
#define TAGS_WENT \
    "UPDATE box_tag SET n=n-1 WHERE mbox=old.mbox AND tag IN" \
    " (SELECT value FROM" EACH_OF("old.tags") ");" \
    "DELETE FROM box_tag WHERE mbox=old.mbox AND n=0;"

/* Version 7 had to look at each message. */
const char row_schema_8[] =
    BOX_TAG
    "INSERT INTO box_tag SELECT mbox, value, count(*) FROM msg,"
    EACH_OF("tags") " WHERE tags<>'' GROUP BY 1, 2;";

const char row_tag_schema[] =
    BOX_TAG
    "CREATE TRIGGER IF NOT EXISTS tags_came AFTER INSERT ON msg"
    " WHEN new.tags<>'' BEGIN " TAGS_CAME " END;"
    "CREATE TRIGGER IF NOT EXISTS tags_went AFTER DELETE ON msg"
    " WHEN old.tags<>'' BEGIN " TAGS_WENT " END;"
    "CREATE TRIGGER IF NOT EXISTS tags_are AFTER UPDATE OF mbox, tags"
    " ON msg WHEN new.tags<>'' BEGIN " TAGS_CAME " END;"
    "CREATE TRIGGER IF NOT EXISTS tags_were AFTER UPDATE OF mbox, tags"
    " ON msg WHEN old.tags<>'' BEGIN " TAGS_WENT " END;";

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
    " parts BLOB NOT NULL, names BLOB NOT NULL DEFAULT x'');"
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
