#!/bin/sh
# Mail of others in, by Maildir and mbox; ours out again.
. tests/lib.sh

node_use a
node_config message_max '1024 * 1024' && node_build && node_init || { echo "1..0 # SKIP"; exit 0; }
sql() { sqlite3 -readonly "$MAILNODE_HOME/store.db" "$1"; }
count() { sql "SELECT count(*) FROM msg m JOIN mailbox b ON b.id=m.mbox
    WHERE b.name='$1'"; }
old=$tmp/old
for d in . Lists/linux .Sent.2020; do
	mkdir -p "$old/$d/cur" "$old/$d/new" "$old/$d/tmp"
done
letter() { printf 'From: a@x.test\nSubject: letter %s\nMessage-ID: <%s@x>\n\ntext %s\n' "$1" "$1" "$1"; }
i=1
while [ $i -le 40 ]; do
	letter $i >"$old/cur/$i.host:2,$(test $i = 7 && echo FS)"
	i=$((i + 1))
done
touch -d '2020-02-03 04:05:06 UTC' "$old/cur/7.host:2,FS"
letter l1 >"$old/Lists/linux/new/l1"
letter s1 | sed 's/$/\r/' >"$old/.Sent.2020/cur/s1:2,S"
{
	printf 'From ann@x.test Sat Jan  3 01:05:34 1998\nStatus: RO\n'
	letter b1; printf '>From the start\n\n'
	printf 'From bob@x.test Sun Jan  4 02:00:00 1998\n'
	letter b2; echo
} >"$tmp/Box.mbox"

node_start
is 'a Maildir with what is below it' "$(mn import "$old")" \
    'imported 42, already there 0, failed 0'
is 'into INBOX' "$(count INBOX)" 40
is 'nested by folders' "$(count Lists/linux)" 1
is 'nested by dots' "$(count Sent/2020)" 1
is 'flags and date are kept' "$(sql "SELECT l.flags||' '||m.received FROM
    msg m JOIN mail l ON l.msg=m.id WHERE m.msgid='7@x'")" '18 1580702706'
ok 'the file says so too' sh -c \
    "find '$node/Mail/INBOX/cur' -name '*:2,FS' -newermt '2020-02-03 04:05:05 UTC' \
    ! -newermt '2020-02-03 04:05:06 UTC' | grep -q ."
is 'CRLF in the file' "$(grep -lrv "$(printf '\r')" "$node/Mail/INBOX/cur" |
    wc -l)" 0
is 'once more: nothing twice' "$(mn import "$old")" \
    'imported 0, already there 42, failed 0'
is 'another folder has it not' "$(mn import -F Copy "$old/Lists")" \
    'imported 1, already there 0, failed 0'
is 'and is made' "$(count Copy/linux)" 1
is 'an mbox' "$(mn import "$tmp/Box.mbox")" \
    'imported 2, already there 0, failed 0'
is 'with its Status' "$(sql "SELECT l.flags||' '||m.received FROM msg m
    JOIN mail l ON l.msg=m.id WHERE m.msgid='b1@x'")" '16 883789534'
ok 'its quoting undone' sh -c \
    "grep -q '^From the start' '$node/Mail/Box/cur/'*"
letter e1 >"$tmp/one.eml"
is 'one file' "$(mn import -F Box "$tmp/one.eml")" \
    'imported 1, already there 0, failed 0'

# interrupted and resumed
big=$tmp/big; mkdir -p "$big/cur" "$big/new"
i=1
while [ $i -le 4000 ]; do letter g$i >"$big/cur/g$i.host:2,"; i=$((i + 1)); done
"$mailnode" import -F Big "$big" >"$tmp/first" 2>&1 & pid=$!
wait_for '[ "$(count Big)" -gt 20 ]'
kill -INT $pid; wait $pid; rc=$?
is 'interrupted' $rc 1
ok 'says how to go on' grep -q 'run it again' "$tmp/first"
done=$(sed -n 's/imported \([0-9]*\),.*/\1/p' "$tmp/first")
is 'nothing half done' "$(count Big)" "$done"
is 'goes on' "$(mn import -F Big "$big")" \
    "imported $((4000 - done)), already there $done, failed 0"

# killed, and run again at once: what was under way is not there twice
"$mailnode" import -F Kill "$big" >"$tmp/first" 2>&1 & pid=$!
wait_for '[ "$(count Kill)" -gt 20 ]'
kill -KILL $pid; wait $pid 2>/dev/null
mn import -F Kill "$big" >"$tmp/second"
is 'killed and run again' "$(count Kill)" 4000

# refusals
head -c 3000 /dev/urandom >"$tmp/noise"
mn import "$tmp/noise" >/dev/null 2>"$tmp/err"; rc=$?
is 'what is no message' "$rc $(cat "$tmp/err")" \
    "1 mailnode: $tmp/noise: neither a message nor an mbox"
cp /etc/passwd "$tmp/passwd"
: >"$tmp/empty"
printf 'From here to there\nis no mail: no\n\nx\n' >"$tmp/poem"
mkdir "$tmp/folder"
printf 'key: value\n\ntext\n' >"$tmp/folder/notes.eml"
for f in passwd empty poem folder/notes.eml; do
	mn import -F None "$tmp/$f" >"$tmp/out" 2>"$tmp/err"; rc=$?
	is "nor is $f" "$rc $(cat "$tmp/err" "$tmp/out")" \
	    "1 mailnode: $tmp/$f: neither a message nor an mbox
imported 0, already there 0, failed 1"
done
mn import -F None "$tmp/folder" >"$tmp/out" 2>&1; rc=$?
is 'in a folder, too' "$rc $(cat "$tmp/out")" \
    "1 mailnode: $tmp/folder/notes.eml: neither a message nor an mbox
imported 0, already there 0, failed 1"
is 'nothing of it came' "$(count None)" 0
mkdir -p "$tmp/large/cur" "$tmp/large/new" "$tmp/large/tmp"
{ letter large; seq 200000; } >"$tmp/large/cur/one:2,S"
letter beside >"$tmp/large/cur/two:2,S"
mn import -F Large "$tmp/large" >"$tmp/out" 2>&1; rc=$?
is 'one that is too large is named' "$rc $(cat "$tmp/out")" \
    "1 mailnode: $tmp/large/cur/one:2,S: it is over a limit
imported 1, already there 0, failed 1"
mn import "$tmp/nothing" >/dev/null 2>"$tmp/err"; rc=$?
is 'a path that is not there' "$rc $(cat "$tmp/err")" \
    "1 mailnode: $tmp/nothing: No such file or directory"
mn import -F 'a/cur' "$old" 2>"$tmp/err"; rc=$?
is 'a name that no mailbox has' "$rc $(cat "$tmp/err")" \
    '2 mailnode: a/cur: not a name for a mailbox'
mn import 2>/dev/null; is 'usage' $? 2
mn export 2>/dev/null; is 'usage of export' $? 2

# out again
is 'exported' "$(mn export "$tmp/exported" INBOX Box)" \
    'exported 43, already there 0, failed 0'
is 'again: only what is new' "$(mn export "$tmp/exported" INBOX Box)" \
    'exported 0, already there 43, failed 0'
ok 'octet for octet' sh -c "cd '$node/Mail' && for f in INBOX/cur/* INBOX/new/*; do
    [ ! -e \"\$f\" ] || cmp \"\$f\" '$tmp/exported'/\"\$f\" || exit 1; done"
is 'as mbox' "$(mn export -m "$tmp/mboxes" Box)" \
    'exported 3, already there 0, failed 0'
mn export -m "$tmp/mboxes" Drafts >/dev/null
is 'an empty one is none that failed' "$(mn import "$tmp/mboxes/Drafts.mbox" 2>&1)" \
    'imported 0, already there 0, failed 0'
is 'which comes back' "$(mn import -F Back "$tmp/mboxes/Box.mbox")" \
    'imported 3, already there 0, failed 0'
is 'with its flags' "$(sql "SELECT l.flags FROM msg m JOIN mail l
    ON l.msg=m.id JOIN mailbox b ON b.id=m.mbox
    WHERE m.msgid='b1@x' AND b.name='Back'")" 16
mn export "$tmp/x" Nosuch >/dev/null 2>"$tmp/err"; rc=$?
is 'a mailbox that is not there' "$rc $(cat "$tmp/err")" \
    '1 mailnode: Nosuch: no such mailbox'
node_stop
is 'without a daemon' "$(mn import -F Late "$tmp/one.eml")" \
    'imported 1, already there 0, failed 0'
# Asking it would keep it alive.
indexer_lives()
{
	for p in $(pgrep -x mn-indexer); do
		grep -qsz "^MAILNODE_HOME=$MAILNODE_HOME\$" "/proc/$p/environ" &&
		    return
	done
	return 1
}
ok 'the local node ends' wait_for '! indexer_lives' 30
done_testing
