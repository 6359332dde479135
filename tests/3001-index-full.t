#!/bin/sh
# A search index on a full disk: mail goes on, an alarm says so, and with room
# again the indexer catches up by itself.
. "$(dirname "$0")/lib.sh"
. tests/phone.sh

[ "$(id -u)" = 0 ] || skip_all 'wants root for mount'
node_use n
node_config && node_build && node_init || exit 1
index=$node/Mail/.notmuch
mkdir -p "$index"
mount -t tmpfs -o size=2m,mode=0700 none "$index" 2>/dev/null ||
    skip_all 'no mounts here'
trap 'umount -l "$index" 2>/dev/null; cleanup' EXIT
node_start || exit 1

put() { letter "$1" "$2" >"$tmp/put"; put_mail INBOX "$tmp/put"; }
finds() { mn search "$1" | grep -q "letter $2"; }
alarm() { mn status | grep -q 'alarm .*the search index cannot be written'; }

put before aardvark
ok 'with room it is learnt' wait_for 'finds body:aardvark before'
# To the last octet, again and again: a commit may free what it replaced.
fill() { cat /dev/zero >>"$index/fill" 2>/dev/null; :; }
fill
put during bandicoot
ok 'without, an alarm says so' wait_for 'fill; alarm' 20
ok 'the daemon lives' node_alive
ok 'the letter is listed' wait_for '[ "$(sqlite3 -readonly \
    "$MAILNODE_HOME/store.db" \
    "SELECT count(*) FROM msg WHERE msgid = '"'during@test'"'")" = 1 ]'
ok 'what was learnt is found' finds body:aardvark before
ok 'it is not learnt' fails finds body:bandicoot during
rm "$index/fill"
ok 'with room again it is, by itself' wait_for 'finds body:bandicoot during'
ok 'and the alarm is over' wait_for '! alarm'
put after capybara
ok 'what comes then, too' wait_for 'finds body:capybara after'
ok 'fsck is clean' mn fsck
ok 'it stops' node_stop
done_testing
