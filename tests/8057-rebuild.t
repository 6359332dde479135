#!/bin/sh
# While not all mail has its row, since store.db is made anew or lost some in
# a crash, no IMAP client sees a part of it: what it misses it would delete.
# The filer, who tells keeper of the files, is stopped meanwhile.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

role() { pgrep -s "$(cat "$node/serve.pid")" -x "mn-$1"; }
store() { mn status -j | grep '"type":"store"'; }

# imap COMMAND...: a session's; what it says of UIDs, and what is not OK.
cat >"$tmp/do.py" <<'END'
import os, sys
sys.path.insert(0, "tests/tools")
from imapc import Imap, Closed
c = Imap(int(sys.argv[1]), 60)
c.login(sys.argv[2], sys.argv[3])


def tell(line):
    print(line.decode().split(" (")[0])


line = c.line


def kept():
    got = line()
    if got.startswith((b"* SEARCH", b"* BYE")) or b"UIDVALIDITY" in got:
        tell(got)
    return got


send = c.send


def noted(data):
    send(data)
    if "COPY" in str(data):
        open(os.environ["ASKED"], "w").close()


c.line = kept
c.send = noted
for what in sys.argv[4:]:
    try:
        end = (c.append("Archive", b"Subject: new\r\n\r\n.\r\n")
               if what == "APPEND" else c.cmd(what))[1]
    except Closed:
        sys.exit(0)
    if not end.startswith(b"OK"):
        tell(end)
END
imap() { "$python" "$tmp/do.py" "$imap" "$user" "$pw" "$@" 2>&1; }
away() { [ "$(imap "$@" | cut -c1-19)" = '* BYE [UNAVAILABLE]' ]; }

phone_node || exit 1
for n in 1 2 3; do letter $n >"$tmp/$n"; done
put_mail INBOX "$tmp/1" "$tmp/2"
ok 'two are there' wait_for 'store | grep -q "\"messages\":2,"'
# Of a crash later on: what was written so far.
"$python" -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
' "$MAILNODE_HOME/store.db" >"$tmp/checkpoint"
is 'and written' "$(cat "$tmp/checkpoint")" '(0, 0, 0)'
cp "$MAILNODE_HOME/store.db" "$tmp/old.db"
put_mail INBOX "$tmp/3"
ok 'three are there' wait_for 'store | grep -q "\"messages\":3,"'
before=$(imap 'SELECT INBOX' 'UID SEARCH ALL')
is 'and seen' "$(echo "$before" | tail -1)" '* SEARCH 1 2 3'

# ---- a row was not written when the machine crashed ----
kill -STOP "$(role filer)" "$(role keeper)"
rm -f "$MAILNODE_HOME"/store.db-*
cat "$tmp/old.db" >"$MAILNODE_HOME/store.db"
for who in reader indexer keeper; do
	# shellcheck disable=SC2046
	set -- $(role $who)
	[ $# = 0 ] || kill -KILL "$@"
done
ok 'keeper comes again' wait_for 'mn alias list' 20
is 'its row is not there' "$(store | grep -o '"messages":2,')" '"messages":2,'
ok 'no phone learns that' away 'SELECT INBOX'
kill -CONT "$(role filer)"
ok 'until it is' wait_for 'store | grep -q "\"partial\":false"' 20
is 'with its number' "$(imap 'SELECT INBOX' 'UID SEARCH ALL')" "$before"

# ---- keeper alone is new, after a good end: it knows the mailboxes ----
kill -STOP "$(role filer)" "$(role keeper)"
"$python" -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("UPDATE state SET value=1 WHERE name=?", ("clean",))
' "$MAILNODE_HOME/store.db"
kill -KILL "$(role keeper)"
ok 'keeper comes again' wait_for 'mn alias list' 20
export ASKED="$node/asked"
(imap 'SELECT INBOX' 'UID COPY 1 Archive' APPEND >"$node/said"
    echo end >>"$node/said") &
at_exit $!
ok 'what it is asked now' wait_for '[ -e "$ASKED" ]'
kill -CONT "$(role filer)"
ok 'is done' wait_for 'grep -q end "$node/said"' 40
ok 'and nothing was missing' fails grep -q 'NO\|BYE\|BAD' "$node/said"
ok 'both are there' wait_for 'store | grep -q "\"messages\":5,"'

# ---- store.db is new ----
kill -STOP "$(role filer)"
rm "$MAILNODE_HOME/store.db"
ok 'keeper sees it' wait_for 'store | grep -q "\"partial\":true"' 20
ok 'status says so' sh -c '"$1" status | grep "IMAP waits"' - "$mailnode"
for what in 'LIST "" *' 'SELECT INBOX' APPEND 'CREATE Sent'; do
	ok "not now: $what" away "$what"
done
is 'what was not listed is not made' "$(find "$node/Mail" -name Sent | wc -l)" 1
kill -KILL "$(role keeper)"
ok 'keeper comes again' wait_for 'mn alias list' 20
ok 'and knows that not all is listed' away 'SELECT INBOX'
kill -CONT "$(role filer)"
ok 'then all is' wait_for 'store | grep -q "\"partial\":false"' 20
is 'at the same numbers' "$(imap 'SELECT INBOX' 'UID SEARCH ALL')" "$before"
# One file that cannot be given a number is nobody else's trouble.
node_stop
rm "$MAILNODE_HOME"/store.db*
put_mail INBOX "$tmp/1"
bad=$(find "$node/Mail/INBOX/new" -name 'put*' ! -name '*,I=*')
if chattr +i "$bad" 2>"$tmp/err"; then
	node_start
	phone_ports
	unlock
	ok 'nor do phones wait for what cannot be filed' \
	    wait_for 'imap "SELECT INBOX" "UID SEARCH ALL" | grep -q SEARCH' 20
	ok 'which is alarmed' wait_for 'mn status | grep -q "mail cannot be filed"'
	chattr -i "$bad"
	node_stop
fi
rm "$bad"
node_start
phone_ports
unlock
ok 'a node that stops and starts' node_stop
ok 'has them' node_start
phone_ports
unlock
is 'at once' "$(imap 'SELECT INBOX' 'UID SEARCH ALL')" "$before"
done_testing
