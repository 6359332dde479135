#!/bin/sh
# A directory of the mail that may not be read, as behind a restore by root, or
# a disk of its own that is not mounted: what is in it is not gone, and no phone
# deletes it.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

# Root may read all, but for who has none of its rights left.
without=
if [ "$(id -u)" = 0 ]; then
	without='setpriv --inh-caps=-all --bounding-set=-all'
	$without true 2>/dev/null || skip_all 'no right to give up rights'
fi
# shellcheck disable=SC2086
start() { node_start $without && phone_ports && unlock; }
store() { mn status -j | grep '"type":"store"'; }
total() { store | grep -q "\"messages\":$1,"; }
seen() { "$python" - "$imap" "$user" "$pw" "$1" 2>&1 <<'END'
import sys
sys.path.insert(0, "tests/tools")
from imapc import Imap
c = Imap(int(sys.argv[1]), 60)
c.login(sys.argv[2], sys.argv[3])
said = c.ok("SELECT " + sys.argv[4]) + c.ok("UID SEARCH ALL")
print([a for a in said if b"UIDVALIDITY" in a or b"SEARCH" in a])
END
}
# other: all else goes on meanwhile.
other()
{
	letter "$1" >"$tmp/other"
	put_mail Zoo "$tmp/other"
	wait_for '[ "$(mn search "id:'"$1"'@test" | wc -l)" = 1 ]' 20
}
alarmed() { mn status | grep -q "^alarm.*Bee.* cannot be ${1-read}"; }
crash()
{
	pid=$(cat "$node/serve.pid")
	pkill -STOP -s "$pid"	# all at once: none ends well
	node_kill "$pid"
}

phone_node || exit 1
node_stop
for n in 1 2 3 4; do letter $n >"$tmp/$n"; done
for f in Bee Bee/Sub Zoo; do
	mkdir -p "$node/Mail/$f/cur" "$node/Mail/$f/new" "$node/Mail/$f/tmp"
done
put_mail Bee "$tmp/1" "$tmp/2"
put_mail Bee/Sub "$tmp/3"
put_mail Zoo "$tmp/4"
start
ok 'four are there' wait_for 'total 4'
ok 'and found' wait_for '[ "$(mn search "*" | wc -l)" = 4 ]' 20
mn tag +flagged -unread -- '*'
ok 'in cur' wait_for '[ "$(find "$node/Mail/Bee/cur" -type f | wc -l)" = 2 ]'
bee=$(seen Bee) sub=$(seen Bee/Sub)

for dir in Bee/cur Bee/new Bee; do
	chmod 000 "$node/Mail/$dir"
	n=$(basename "$dir")$(dirname "$dir" | tr -dc 'a-z')
	ok "$dir denied: other mail comes" other "$n"
	is 'no phone misses any' "$(seen Bee)" "$bee"
	is 'nor below it' "$(seen Bee/Sub)" "$sub"
	crash
	ok 'crashed' start
	ok 'the owner is told' wait_for alarmed
	ok 'other mail comes' other "${n}2"
	ok 'not all can be compared' fails mn fsck
	is 'all is there' "$(seen Bee)" "$bee"
	is 'below it, too' "$(seen Bee/Sub)" "$sub"
	chmod 700 "$node/Mail/$dir"
	ok 'it may be read again' wait_for '! alarmed'
	is 'as it was' "$(seen Bee)" "$bee"
	is 'with what is below it' "$(seen Bee/Sub)" "$sub"
done

# ---- it may be read, but no numbers be written down there ----
chmod 500 "$node/Mail/Bee"
crash
ok 'crashed' start
ok 'the owner is told' wait_for 'alarmed written'
ok 'other mail comes' other writable
is 'all is there' "$(seen Bee)" "$bee"
chmod 700 "$node/Mail/Bee"
ok 'it may be written again' wait_for '! alarmed written'
is 'as it was' "$(seen Bee)" "$bee"

# ---- the disk of one mailbox ----
for how in mount remove; do
	mv "$node/Mail/Bee" "$node/Mail/.Bee"
	mkdir "$node/Mail/Bee"
	ok 'an empty directory is no mailbox' wait_for alarmed
	# That its file cannot be renamed takes no row, and what wants numbers
	# that are to be written down first, as behind a crash, makes no mailbox
	# of the directory.
	mn tag -flagged -- 'id:1@test' >"$tmp/tag" 2>&1
	ok 'other mail comes' other "$how"1
	crash
	ok 'crashed' start
	ok 'the owner is told' wait_for alarmed
	timeout 3 "$mailnode" tag +flagged -- 'id:1@test' >"$tmp/tag" 2>&1
	ok 'it is empty' [ -z "$(ls -A "$node/Mail/Bee")" ]
	ok 'other mail comes' other "$how"
	is 'all is there' "$(seen Bee)" "$bee"
	is 'below it, too' "$(seen Bee/Sub)" "$sub"
	rmdir "$node/Mail/Bee"
	[ $how = remove ] || mv "$node/Mail/.Bee" "$node/Mail/Bee"
	ok 'it is what it was, or gone' wait_for '! alarmed'
	[ $how = remove ] || is 'with all' "$(seen Bee)" "$bee"
done
is 'gone' "$(seen Bee | grep -c NONEXISTENT)" 1
mv "$node/Mail/.Bee" "$node/Mail/Bee"
ok 'and back' wait_for '[ "$(seen Bee)" = "$bee" ]'

# ---- store.db is made anew meanwhile ----
node_stop
chmod 000 "$node/Mail/Bee/cur"
rm "$MAILNODE_HOME"/store.db*
# It waits for all that is to be listed, in vain.
ok 'nothing is listed' start
ok 'and that is told' wait_for alarmed
ok 'phones wait' eval 'store | grep -q "\"partial\":true"'
is 'and see nothing' "$(seen Bee | grep -c UIDVALIDITY)" 0
chmod 700 "$node/Mail/Bee/cur"
ok 'until all is' wait_for 'store | grep -q "\"partial\":false"'
is 'which is as it was' "$(seen Bee)" "$bee"
ok 'nothing is missing' mn fsck

# ---- the same with one that is not known to be a mailbox, like lost+found ----
node_stop
chmod 000 "$node/Mail/Bee"
rm "$MAILNODE_HOME"/store.db*
ok 'all else is listed' start
is 'it is not there' "$(seen Bee | grep -c NONEXISTENT)" 1
chmod 700 "$node/Mail/Bee"
ok 'until it may be read' wait_for '[ "$(seen Bee)" = "$bee" ]'
done_testing
