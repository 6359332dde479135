#!/bin/sh
# The store on a live node: what others do to it, what is lost of it.
. "$(dirname "$0")/lib.sh"

node_use n
node_config && node_build && node_init && node_start || exit 1
port=$(node_port smtp)
inbox=$node/Mail/INBOX

deliver()	# deliver SUBJECT [TO]
{
	swaks --silent 2 --server 127.0.0.1 --port "$port" \
	    --from friend@other.test --to "${2-me@node.test}" \
	    --header "Subject: $1" --body "text of $1" >"$tmp/swaks" 2>&1
}

# Messages below folder, by name; their UIDs.
names()
{
	find "$node/Mail/$1" -type f -name '*,I=*' \
	    ! -path "$node/Mail/*/tmp/*" | sort
}
uids() { names "$1" | sed 's/.*,I=[0-9]*\.\([0-9]*\).*/\1/' | sort -n |
    tr '\n' ' '; }
rows() { mn fsck -j | sed 's/.*"rows":\([0-9]*\).*/\1/'; }
filed() { [ "$(names INBOX | wc -l)" -ge "$1" ]; }

ok 'a message is accepted' deliver one
wait_for 'filed 1'
is 'and filed as UID 1' "$(uids INBOX)" '1 '
is 'in new/, for mutt to see' "$(find "$inbox/new" -type f | wc -l)" 1
trace=$(mn why me@node.test | awk '$4 == "accept" { print $3; exit }')
ok 'why tells where it went' wait_for \
    'mn why "$trace" | grep -q "filed .*folder=INBOX uid=1"'
ok 'and as JSON lines' sh -c '"$1" why -j "$2" | grep -q "\"kind\":\"filed\""' \
    sh "$mailnode" "$trace"
ok 'why of nothing fails' fails mn why nothing@nowhere.test

# ---- aliases ----
ok 'an alias is made' mn alias add -t shopping -n 'a shop' shop
ok 'an alias twice is refused' fails mn alias add shop
is 'the mailbox that is none is named' "$(mn alias add -f Nowhere other 2>&1)" \
    'mailnode: Nowhere: no such mailbox'
ok 'the own address is none' fails mn alias add me
ok 'nor one of another domain' fails mn alias add x@other.test
ok 'mail for it is accepted' deliver two shop+x@node.test
wait_for 'filed 2'
is 'it was used' "$(mn alias list -j | grep -o '"used":[0-9]*')" '"used":1'
ok 'it is burned' mn alias burn shop
ok 'mail for it is refused' fails deliver three shop@node.test
ok 'with 550 5.1.1' grep -q '550 5.1.1' "$tmp/swaks"
ok 'it is removed' mn alias rm shop
ok 'once' fails mn alias rm shop

# ---- other programs ----
file=$(names INBOX | head -1)
mv "$file" "$inbox/cur/$(basename "$file"):2,FS"
ok 'flags of another program show within a second' \
    wait_for '[ "$(mn search -j tag:flagged | wc -l)" = 1 ]' 5
printf 'From: x@y.test\nSubject: by hand\n\nhello\n' >"$inbox/cur/byhand:2,"
ok 'a file by hand gets a UID' wait_for 'filed 3'
is 'the next one' "$(uids INBOX)" '1 2 3 '
rm "$inbox"/cur/byhand*
ok 'a deleted file loses its row' wait_for '[ "$(rows)" = 2 ]'
mkdir -p "$node/Mail/Lists/linux/cur" "$node/Mail/Lists/linux/new" \
    "$node/Mail/Lists/linux/tmp"
ok 'a folder by hand is a mailbox' \
    wait_for '[ -e "$node/Mail/Lists/linux/mailnode-uid" ]'

# ---- files that grow where they stand ----
grow=$inbox/cur/grows:2,
head='From: x@y.test\nMessage-ID: <grows@y.test>\nSubject: growing\n\n'
n=$(rows)
exec 3>"$grow"
ok 'an empty file that is open is not listed' \
    fails wait_for '[ "$(rows)" != "$n" ]' 0
printf "$head" >&3
early=
for i in 1 2 3 4 5 6 7 8; do
	echo "line $i" >&3
	[ "$(rows)" = "$n" ] || early=$i
done
is 'nor one that is written' "$early" ''
echo 'the last line' >&3
exec 3>&-
ok 'it is when it is closed' wait_for '[ "$(rows)" = $((n + 1)) ]'
uid=$(uids INBOX | awk '{ print $NF }')
ok 'whole' sh -c 'mn=$1; "$mn" show "<grows@y.test>" | grep -q "the last line"' \
    sh "$mailnode"
wait_for 'mn tag +kept subject:growing 2>/dev/null'
grow=$(names INBOX | grep grows)
touch "$grow"
echo 'and one more' >>"$grow"
ok 'written again it is another message' \
    wait_for '[ "$(uids INBOX | awk "{ print \$NF }")" = $((uid + 1)) ]'
ok 'of which there is one' wait_for '[ "$(rows)" = $((n + 1)) ]'
ok 'with the new text' sh -c '"$1" show "<grows@y.test>" |
    grep -q "and one more"' sh "$mailnode"
ok 'and its tags' wait_for '[ "$(mn search -j tag:kept | wc -l)" = 1 ]'
size=$(names INBOX | tail -1)
is 'its name has its size' "$(expr "$size" : '.*,S=\([0-9]*\)')" \
    "$(stat -c %s "$size")"
rm -f "$(names INBOX | tail -1)"
ok 'and it goes' wait_for '[ "$(rows)" = "$n" ]'

# ---- what is lost of it ----
before=$(names .; cat "$inbox/mailnode-uid" | grep uidvalidity)
ok 'fsck finds nothing' mn fsck
ok 'fsck --rebuild' mn fsck --rebuild
is 'keeps every name and UID' \
    "$(names .; cat "$inbox/mailnode-uid" | grep uidvalidity)" "$before"
is 'and every row' "$(rows)" 2
node_stop
rm -rf "$MAILNODE_HOME"/store.db* "$node/Mail/.notmuch"
ok 'without cache and index' mn fsck --rebuild
# A local node that ends just now is not the one to ask.
again()
{
	for i in 0 1 2 3 4 5 6 7; do
		mn alias list || return 1
		kill "$(mn status -j | sed -n 's/.*"pid":\([0-9]*\).*/\1/p' |
		    head -1)"
		sleep "0.0$i"
	done
}
ok 'while one ends the next is asked' again
# A cache that is empty is given up meanwhile by keeper itself.
rm -f "$MAILNODE_HOME"/store.db*; : >"$MAILNODE_HOME/store.db"
ok 'with an empty cache' eval 'mn fsck -j >"$tmp/fsck"'
ok 'each file is counted once' grep -Eq '"files":([0-9]+),"rows":\1,' "$tmp/fsck"
is 'the same again' \
    "$(names .; cat "$inbox/mailnode-uid" | grep uidvalidity)" "$before"
node_start
ok 'and the index finds them' \
    wait_for '[ "$(mn search -j tag:flagged | wc -l)" = 1 ]' 15

# Under a daemon, too: it notices by itself.
rm -f "$MAILNODE_HOME"/store.db*
ok 'a cache that is removed is made anew' \
    wait_for '[ -s "$MAILNODE_HOME/store.db" ]' 15
ok 'and all is there' wait_for '[ "$(mn search -j tag:flagged | wc -l)" = 1 ]' 15
is 'with the names and UIDs it had' \
    "$(names .; cat "$inbox/mailnode-uid" | grep uidvalidity)" "$before"
ok 'the log names it' grep -q 'event=store .*store.db was removed' "$node/log"
node_stop

# Its first page is whole, and others are not.
dd if=/dev/urandom of="$MAILNODE_HOME/store.db" bs=4096 seek=1 count=6 \
    conv=notrunc 2>/dev/null
ok 'a cache whose pages are rubbish is made anew' node_start
ok 'and all is there' wait_for '[ "$(mn search -j tag:flagged | wc -l)" = 1 ]' 15
is 'with the same names and UIDs' \
    "$(names .; cat "$inbox/mailnode-uid" | grep uidvalidity)" "$before"
node_stop

for db in store spool node; do
	dd if=/dev/urandom of="$MAILNODE_HOME/$db.db" bs=512 count=1 \
	    conv=notrunc 2>/dev/null
done
ok 'the node starts with all databases damaged' node_start
port=$(node_port smtp)
ok 'names them' sh -c '"$1" status -j | grep -q "node.db was damaged"' sh \
    "$mailnode"
ok 'receives' deliver four
wait_for 'filed 3'
is 'under a new UID' "$(names INBOX | wc -l)" 3
ok 'fsck is clean' mn fsck
node_stop

sqlite3 "$MAILNODE_HOME/node.db" 'PRAGMA user_version = 99' >/dev/null
"$mailnode" serve >"$node/newer.log" 2>&1 &
at_exit $!
ok 'a newer database is refused by name' \
    wait_for 'grep -q "node.db: it was written by a newer" "$node/newer.log"'
kill $!
wait $! 2>/dev/null

done_testing
