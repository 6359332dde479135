#!/bin/sh
# The disk of the mail is not mounted: another, empty directory has its name.
# Nothing is begun anew, nothing that was accepted is given up, and all is
# there when it is.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

role() { pgrep -s "$(cat "$node/serve.pid")" -x "mn-$1"; }
send() { swaks --server "127.0.0.1:$(node_port smtp)" --from a@peer.test --to me@node.test \
    --data "@$1" --silent 2 >"$node/swaks" 2>&1; }
seen() { "$python" - "$imap" "$user" "$pw" 2>&1 <<'END'
import sys
sys.path.insert(0, "tests/tools")
from imapc import Imap
c = Imap(int(sys.argv[1]), 60)
c.login(sys.argv[2], sys.argv[3])
said = c.ok("SELECT INBOX") + c.ok("UID SEARCH ALL")
print([a for a in said if b"UIDVALIDITY" in a or b"SEARCH" in a])
END
}

phone_node || exit 1
for n in 1 2 4; do letter $n >"$tmp/$n"; done
letter 3 "$(yes 'a line of a body that is too large for a row' | head -3000)" >"$tmp/3"
put_mail INBOX "$tmp/1" "$tmp/2"
ok 'two are there' wait_for 'seen | grep -q "SEARCH 1 2\b"'
before=$(seen)
# Accepted, and not filed: its body lies with the mail.
kill -STOP "$(role filer)"
ok 'a third is accepted' send "$tmp/3"
node_kill "$(cat "$node/serve.pid")"

mv "$node/Mail" "$node/Mail.away"
mkdir "$node/Mail"
ok 'without the mail it starts' node_start
phone_ports
unlock
ok 'and says why it does nothing' wait_for 'mn status | grep -q "holds no mail any more"'
ok 'mail is put off' fails send "$tmp/1"
ok 'with 451' grep -q '^<\*\* 451' "$node/swaks"
is 'nothing begins anew' "$(ls "$node/Mail")" ''
ok 'a phone sees nothing' sh -c '! echo "$1" | grep SEARCH' - "$(seen)"

rm -rf "$node/Mail"
mv "$node/Mail.away" "$node/Mail"
ok 'with it all goes on' wait_for 'seen | grep -q SEARCH' 40
ok 'the third came, too' wait_for 'seen | grep -q "SEARCH 1 2 [0-9]*\b"' 20
is 'the mailbox is the same' "$(seen | cut -d, -f1)" "$(echo "$before" | cut -d, -f1)"
ok 'nobody says so any more' wait_for '! mn status | grep -q "holds no mail"'
ok 'what comes now' send "$tmp/4"
ok 'is filed' wait_for '[ "$(find "$node/Mail/INBOX" -name "*,I=*" | wc -l)" = 4 ]'
ok 'and found' wait_for '[ "$(mn search from:ada | wc -l)" = 4 ]' 20
ok 'nothing is missing' mn fsck
node_stop

# ---- without a daemon ----
mv "$node/Mail" "$node/Mail.away"
ok 'a command fails' fails mn alias list
mn alias list >"$node/out" 2>&1
ok 'and says why' grep -q 'is its disk mounted' "$node/out"
mkdir -p "$node/Mail/.mailnode"
ok 'what is meant is done' node_start
ok 'in peace' wait_for '[ -d "$node/Mail/INBOX/cur" ]'
node_stop

# ---- any other reason not to start is told, too ----
version() { "$python" -c "import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version' + sys.argv[2]):
    print(row[0])" "$MAILNODE_HOME/node.db" "$1"; }
now=$(version '')
version =99
ok 'with a database of tomorrow it starts' node_start
ok 'is not ready' wait_for 'mn status | grep -q "NOT READY"'
ok 'says why' sh -c '"$1" status | grep "^alarm.*node.db.*newer version"' - "$mailnode"
mn alias list 2>"$node/out"
ok 'to everybody' grep -q '^mailnode: keeper: node.db.*newer version' "$node/out"
version "=$now"
ok 'and no longer than it is so' wait_for 'mn status | grep -q ", ready" &&
    ! mn status | grep -q "newer version\|does not start"' 40
done_testing
