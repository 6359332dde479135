#!/bin/sh
# What names a mailbox, a message, a thread, and when it was saved: the same
# for good, though every index is made anew.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

# ids FILE: what IMAP says of all there is.
ids()
{
	"$python" - "$imap" "$user" "$pw" >"$1" 2>"$tmp/ids.err" <<-'END'
	import imaplib, sys
	m = imaplib.IMAP4_SSL("127.0.0.1", int(sys.argv[1]))
	m.login(sys.argv[2], sys.argv[3])
	for box in "INBOX", "Archive", "Trash":
	    print(m.status(box, "(MAILBOXID MESSAGES)")[1][0].decode())
	    m.select(box, readonly=True)
	    for line in m.fetch("1:*", "(EMAILID THREADID SAVEDATE)")[1]:
	        print(box, line and line.decode())
	m.logout()
	END
}

imap_do()
{
	"$python" - "$imap" "$user" "$pw" "$@" <<-'END'
	import imaplib, sys
	m = imaplib.IMAP4_SSL("127.0.0.1", int(sys.argv[1]))
	m.login(sys.argv[2], sys.argv[3])
	for n in range(1, 6):
	    refs = "References: <1@test>\r\n" if n > 3 else ""
	    msg = "Message-ID: <%d@test>\r\n%sSubject: s%d\r\n\r\n.\r\n" % (
	        n, refs, n)
	    assert m.append("INBOX", None, '"01-Jan-2001 00:00:00 +0000"',
	                    msg.encode())[0] == "OK"
	m.select("INBOX")
	assert m.copy("1:2", "Archive")[0] == "OK"
	assert m._simple_command("MOVE", "5", "Trash")[0] == "OK"
	assert m.store("2", "+FLAGS", "(\\Flagged)")[0] == "OK"
	m.logout()
	END
}

phone_node || exit 1
ok 'messages come, are copied, moved and flagged' imap_do
ids "$tmp/before"
ok 'all have their ids' test "$(grep -c 'EMAILID (M' "$tmp/before")" = 7
is 'no date is missing' "$(grep -c 'SAVEDATE NIL' "$tmp/before")" 0
is 'those of one thread share its id' "$(grep -o 'THREADID ([^)]*)' \
    "$tmp/before" | sort | uniq -c | awk '{ print $1 }' | sort -n |
    tr '\n' ' ')" '1 2 4 '
node_stop
ok 'the indexes are made anew' mn fsck --rebuild
node_start && phone_ports && unlock
ids "$tmp/after"
ok 'nothing has another id or date' cmp "$tmp/before" "$tmp/after"

# As version 4 left it.
node_stop
rm -f "$MAILNODE_HOME"/store.db-*
sqlite3 "$MAILNODE_HOME/store.db" 'ALTER TABLE mail DROP COLUMN saved;
    ALTER TABLE msg DROP COLUMN names;
    ALTER TABLE mailbox DROP COLUMN recent; PRAGMA user_version=4' >"$tmp/sql" 2>&1
ok 'an older database has no such column' test ! -s "$tmp/sql"
node_start && phone_ports && unlock
ids "$tmp/old"
is 'it is migrated: all it knows is kept' \
    "$(sed 's/SAVEDATE NIL //' "$tmp/old")" \
    "$(sed 's/SAVEDATE "[^"]*" //' "$tmp/before")"
ok 'what comes from now on has a date' imap_do
ids "$tmp/old"
ok 'beside those that have none' grep -q 'SAVEDATE "' "$tmp/old"
done_testing
