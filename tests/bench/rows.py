"""rows.py STORE.DB COUNT: that many rows of INBOX, in threads of one to eight,
by SQL alone: as store/row.c would have made them of files.  No program has the
database open."""
import os
import sqlite3
import sys
import time


def main():
    db = sqlite3.connect(sys.argv[1], isolation_level=None)
    count = int(sys.argv[2])
    now = int(time.time())
    box = db.execute("SELECT id FROM mailbox WHERE name='INBOX'").fetchone()[0]
    db.create_function("blob", 1, lambda n: b"x" * n)
    db.execute("BEGIN")
    # Eight of every sixteen messages make one thread.
    db.execute("""
        INSERT INTO msg(id,mbox,uid,thread,date,received,size,wire,pflags,
            base,name,tags,author,subject,snippet,msgid,sender,rcpt,cc,
            list_id,irt,base_key,hash,refs,env,body,parts)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n
            WHERE i < ?1)
        SELECT 1000+i, ?2, i,
            1000 + CASE WHEN i % 16 < 8 THEN i - i % 16 + 1 ELSE i END,
            ?3 - (?1 - i) * 60, ?3 - (?1 - i) * 60, 4096, 4200, 0, 0,
            'cur/'||i||'.M1P1.h,S=4096,I=9.'||i||':2,S', 'work',
            'Author '||(i * 7919 % 5003),
            CASE i WHEN ?1 THEN 'bench newest' ELSE
                'Subject '||(i * 104729 % 99991)||' of usual length' END,
            'First words of a letter of the usual kind, which say something',
            i||'.0123456789@example.org',
            'Author <author'||(i * 7919 % 5003)||'@example.org>',
            'me@node.test', '', '', '', 0, i, '', blob(300), blob(200),
            blob(136) FROM n""", (count, box, now))
    db.execute("""INSERT INTO mail(mbox, uid, msg, flags,
        modseq) SELECT mbox, uid, id,
        CASE WHEN uid % 11 = 0 THEN 0 ELSE 16 END, uid FROM msg""")
    db.execute("""INSERT INTO thread_box(mbox,thread,date,newest,count,unread,
            flagged,attach,size,authors,tags,by_subject)
        SELECT m.mbox, m.thread, max(m.date), max(m.id), count(*),
            sum(m.uid % 11 = 0), 0, 0, sum(m.size), min(m.author), 'work',
            lower(m.subject) FROM msg m GROUP BY m.mbox, m.thread""")
    db.execute("""INSERT OR REPLACE INTO box_count(mbox,total,unread)
        SELECT mbox, count(*),
        sum(uid % 11 = 0) FROM msg GROUP BY mbox""")
    db.execute("UPDATE mailbox SET uidnext=?1+1, modseq=?1, "
               "uidlease=max(uidlease, ?1+1), modlease=max(modlease, ?1+1) "
               "WHERE id=?2", (count, box))
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # Else it would be taken for a backup, and held against the files.
    node = os.path.join(os.path.dirname(sys.argv[1]), "node.db")
    with sqlite3.connect(node) as db:
        db.execute("DELETE FROM setting WHERE name='ctime'")


main()
