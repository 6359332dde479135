#!/bin/sh
# A backup that is put back: what clients know of later messages is no other
# message's, and they learn that those are gone.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

# imap [MODSEQ UIDS]: what there is, or what changed since.
cat >"$tmp/imap.py" <<'END'
import re, sys
sys.path.insert(0, "tests/tools")
from imapc import Imap
c = Imap(int(sys.argv[1]), 60)
c.login(sys.argv[2], sys.argv[3])
c.ok("ENABLE QRESYNC")
status = b" ".join(c.ok("STATUS INBOX (UIDNEXT UIDVALIDITY HIGHESTMODSEQ)"))
now = {k: int(re.search(k.encode() + rb" (\d+)", status)[1])
       for k in ("UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ")}
if len(sys.argv) > 4:
    for line in c.ok("SELECT INBOX (QRESYNC (%d %s %s))" % (
            now["UIDVALIDITY"], sys.argv[4], sys.argv[5])):
        m = re.match(rb"\* VANISHED \(EARLIER\) (.*)", line)
        if m:
            print("gone", m[1].decode())
        m = re.match(rb"\* \d+ FETCH .*UID (\d+)", line)
        if m:
            print("new", m[1].decode())
    sys.exit()
c.ok("SELECT INBOX")
print(now["UIDVALIDITY"], now["UIDNEXT"], now["HIGHESTMODSEQ"])
for line in c.ok("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])"):
    m = re.search(rb"UID (\d+)", line)
    if m:
        print(m[1].decode(), re.search(rb"letter (\d+)", line)[1].decode())
END
imap() { "$python" "$tmp/imap.py" "$imap" "$user" "$pw" "$@"; }
come()
{
	for n in "$@"; do
		letter "$n" >"$tmp/letter"
		put_mail INBOX "$tmp/letter"
		wait_for "imap | sed 1d | grep ' $n\$' >\$tmp/come" || return 1
	done
}
again() { node_start && phone_ports && unlock; }
is_there() { imap | sed 1d | tr '\n' ','; }

phone_node || exit 1
ok 'three come' come 1 2 3
is 'with their numbers' "$(is_there)" '1 1,2 2,3 3,'
first=$(imap | sed -n 1p)
ok 'a letter waits' eval 'printf "Subject: x\n\nx\n" | mn send -i you@far.test'
node_stop
cp -a "$node/home" "$node/Mail" "$tmp/"
again
is 'a start changes no number' "$(imap | sed -n 1p)" "$first"
ok 'and holds no letter' fails eval 'mn queue list | grep held'
ok 'three more' come 4 5 6
is 'follow' "$(is_there)" '1 1,2 2,3 3,4 4,5 5,6 6,'
seen=$(imap | sed -n 1p)
node_stop

rm -rf "$node/home" "$node/Mail"
cp -a "$tmp/home" "$tmp/Mail" "$node/"
again
# shellcheck disable=SC2086
set -- $seen
is 'those are gone' "$(imap "$3" 1:6 | grep gone | grep -o '^gone 4:')" 'gone 4:'
ok 'the letter may have been sent since: it is held' \
    eval 'mn queue list | grep "held.*put back from a backup"'
ok 'as status says' eval 'mn status | grep "^queue.*1 held"'
ok 'until the owner lets it go' mn queue release "$(mn queue list | cut -d' ' -f1)"
ok 'others come' come 7 8
now=$(imap | sed -n 1p)
is 'the mailbox is the same' "${now%% *}" "$1"
ok 'they have no number that was given' sh -c '[ "$(echo "$1" | awk "\$2 > 6 { print \$1 }" |
    sort -n | sed -n 1p)" -gt 6 ]' - "$(imap | sed 1d)"
ok 'nor is the mailbox as old' [ "${now##* }" -gt "$3" ]
is 'a client that saw the others learns of both' \
    "$(imap "$3" 1:99999 | grep -c '^new')" 2
node_stop

# ---- the same once more, written over the files that are there ----
sleep 1		# four numbers are left out for each second
rm -rf "$node/Mail"
cp -a "$tmp/home" "$tmp/Mail" "$node/"
again
ok 'another comes' come 9
ok 'it has the number of none of those' [ "$(imap | sed -n 's/ 9$//p')" -ge \
    "$(echo "$now" | cut -d' ' -f2)" ]
again=$(imap | sed -n 1p)
ok 'nor is the mailbox as it was then' [ "${again##* }" -gt "${now##* }" ]
ok 'and the letter is held again' mn queue release "$(mn queue list | cut -d' ' -f1)"
node_stop

# ---- of a run of the very files; the first start behind it comes to nothing ----
mkdir "$tmp/same"
cp -a "$node/home" "$node/Mail" "$tmp/same/"
again
ok 'a letter is not held by a copy' fails eval 'mn queue list | grep held'
ok 'one comes behind the copy' come 11
behind=$(imap | sed -n 's/ 11$//p')
node_stop
rm -rf "$node/Mail"
cp -a "$tmp/same/home" "$tmp/same/Mail" "$node/"
mv "$node/home/queue" "$tmp/queue"
: >"$node/home/queue"
"$mailnode" serve >"$tmp/first" 2>&1 </dev/null &
echo $! >"$node/serve.pid"
ok 'nothing starts without the directory of the queue' \
    wait_for 'grep "event=ended.*name=keeper" "$tmp/first"'
node_stop
rm "$node/home/queue"
mv "$tmp/queue" "$node/home/queue"
again
ok 'the letter is held' eval 'mn queue list | grep "held.*put back"'
ok 'until it is let go' mn queue release "$(mn queue list | cut -d' ' -f1)"
ok 'another comes' come 12
ok 'with a later number' [ "$(imap | sed -n 's/ 12$//p')" -gt "$behind" ]
now=$(imap | sed -n 1p)
node_stop

# The whole machine went back: all that is other is that it was started.
"$python" -c "import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + '/store.db')
db.execute(\"UPDATE state SET value='another' WHERE name='boot'\")
db.commit()
db.close()
db = sqlite3.connect(sys.argv[1] + '/node.db')
db.execute(\"UPDATE setting SET value=? WHERE name='ctime'\",
           (os.stat(sys.argv[1] + '/store.db').st_ctime_ns,))
db.commit()" "$MAILNODE_HOME"
again
# shellcheck disable=SC2086
set -- $now
ok 'after a start of the machine numbers go on later' \
    sh -c '[ "$(echo "$1" | cut -d" " -f2)" -gt "$2" ]' - "$(imap | sed -n 1p)" "$2"
ok 'no letter is held by that' fails eval 'mn queue list | grep held'
ok 'one more' come 10
ok 'nothing is missing' mn fsck
done_testing
