#!/bin/sh
# The notmuch index: filled behind our back, tags both ways, made anew.
. tests/lib.sh

node_use a
node_config && node_build && node_init || { echo "1..0 # SKIP"; exit 0; }
inbox=$node/Mail/INBOX
index=$node/Mail/.notmuch
nm() { notmuch --config="$index/config" "$@"; }
# letter N SUBJECT [HEADER]
letter()
{
	printf 'From: Ann %s <ann@x.test>\nTo: me@node.test\nSubject: %s\n' \
	    "$1" "$2"
	printf 'Date: Sat, 21 Nov 2026 06:%02d:00 +0000\n' "$1"
	printf 'Message-ID: <m%s@x.test>\n%s\nword%s of the text\n' \
	    "$1" "${3-}" "$1"
}
left() { sqlite3 -readonly "$MAILNODE_HOME/store.db" \
    'SELECT count(*) FROM index_todo'; }
found() { mn search "$1" | wc -l; }
tags_of() { mn search -j "id:$1" | sed 's/.*"flags":\[\([^]]*\)\],"tags":\[\([^]]*\)\].*/\1 \2/'; }

node_start
i=1
while [ $i -le 9 ]; do
	letter $i "number $i" >"$inbox/cur/160000000$i.M1P1Q$i.host:2,"
	i=$((i + 1))
done
ok 'foreign mail is found' wait_for '[ "$(found "*")" = 9 ]' 20
ok 'by a word' test "$(found word3)" = 1
ok 'by its sender' test "$(found 'from:ann')" = 9
ok 'by folder and date' test \
    "$(found 'folder:INBOX and date:2026-11-21..2026-11-21')" = 9
is 'nothing is found of nothing' "$(found nosuchword)" 0
is 'and that is no failure' "$(mn search nosuchword; echo $?)" 0
is 'newest first' "$(mn search -n 2 '*' | sed 's/.*: //' | tr '\n' ,)" \
    'number 9 (unread),number 8 (unread),'
is 'notmuch sees the same' "$(nm count '*')" 9
is 'unread is a tag there' "$(nm count tag:unread)" 9

# ours to theirs
ok 'a tag is given' mn tag +work +flagged -unread -- id:m1@x.test
ok 'the index has it' wait_for '[ "$(nm count tag:work and tag:flagged and \
    not tag:unread)" = 1 ]'
ok 'and the file its letters' sh -c "ls $inbox/cur | grep -q 'Q1.*:2,FS$'"
ok 'it is found by it' test "$(found tag:work)" = 1
is 'a query that nothing matches' \
    "$(mn tag +work -- id:nobody@x.test 2>&1; echo $?)" \
    "$(printf 'mailnode: tag: no message matches\n1')"
is 'a tag that is none' "$(mn tag '+a b' -- '*' 2>&1; echo $?)" \
    "mailnode: +a b: not a tag
1"

# theirs to ours: within a second, more on a busy machine
nm tag +theirs +replied -unread -- id:m2@x.test
ok 'a foreign tag is noticed' wait_for \
    '[ "$(tags_of m2@x.test)" = "\"replied\" \"theirs\"" ]' 10
ok 'and is in the file name' wait_for \
    'ls $inbox/cur | grep -q "Q2.*:2,RS$"' 10
nm tag -theirs +unread -replied -- id:m2@x.test
ok 'and taken back' wait_for '[ "$(tags_of m2@x.test)" = "\"unread\" " ]' 10
nm tag +deleted +spam -- id:m3@x.test
ok 'a tag of ill repute is a tag' wait_for \
    '[ "$(tags_of m3@x.test)" = "\"unread\" \"spam\"" ]' 10
ok 'and moves nothing' test "$(ls "$inbox/cur" "$inbox/new" | grep -c Q3)" = 1
is 'nothing is left to learn' "$(wait_for '[ "$(left)" = 0 ]'; left)" 0

# a move is followed
mv "$inbox"/cur/*Q4.* "$node/Mail/Archive/cur/"
ok 'a file that moved is found there' wait_for \
    '[ "$(found "folder:Archive and id:m4@x.test")" = 1 ]'
rm "$inbox"/cur/*Q5.*
ok 'one that went is not found' wait_for '[ "$(nm count id:m5@x.test)" = 0 ]'

# trouble
pkill -KILL -x -P "$(cat "$node/serve.pid")" mn-indexer
letter 10 after >"$inbox/new/1600000010.M1P1Q10.host"
ok 'a killed indexer goes on' wait_for '[ "$(found subject:after)" = 1 ]' 20
rm -r "$index"
letter 11 anew >"$inbox/new/1600000011.M1P1Q11.host"
ok 'a lost index is made anew' wait_for '[ "$(nm count "*" 2>/dev/null)" = 10 ]' 20
ok 'with its tags' wait_for '[ "$(found tag:work)" = 1 ]'
is 'no crash, no alarm of the index' \
    "$(mn status -j | grep -c 'index cannot be written')" 0
mn search '((' >/dev/null 2>&1; rc=$?
ok 'a query that makes no sense ends' test $rc -le 1
ok 'and search goes on' test "$(found '*')" = 10

# two copies of one Message-ID are one message there
letter 6 twice >"$node/Mail/Archive/cur/1600000099.M1P1Q99.host:2,R"
files_of() { nm search --output=files "id:$1" | wc -l; }
ok 'a second copy belongs to the same message' wait_for \
    '[ "$(files_of m6@x.test)" = 2 ]'
ok 'the index has the union of their flags' wait_for \
    '[ "$(nm count id:m6@x.test tag:replied tag:unread)" = 1 ]'
f=$(ls "$inbox"/*/*Q6.*)
b=${f##*/}
mv "$f" "$inbox/cur/${b%:2,*}:2,S"
ok 'one that is read makes the message read' wait_for \
    '[ "$(nm count id:m6@x.test tag:replied not tag:unread)" = 1 ]'
ok 'but not the other copy' sh -c "ls $node/Mail/Archive/cur | grep -q 'Q99.*:2,R$'"
nm tag +flagged -- id:m6@x.test
ok 'a tag given there reaches the file of one' wait_for \
    'ls "$inbox/cur" | grep -q "Q6.*:2,FRS$"' 10
ok 'and of the other' wait_for \
    'ls "$node/Mail/Archive/cur" | grep -q "Q99.*:2,FRS$"' 10
nm tag -flagged -replied +unread -- id:m6@x.test
ok 'taken away, it leaves both' wait_for \
    'ls "$inbox/cur" "$node/Mail/Archive/cur" | grep -c "Q\(6\|99\).*:2,$" |
    grep -qx 2' 10
rm "$node"/Mail/Archive/cur/*Q99.*
ok 'one copy goes' wait_for '[ "$(files_of m6@x.test)" = 1 ]'
ok 'and the message stays' [ "$(found id:m6@x.test)" = 1 ]
node_stop

is 'usage of search' "$(mn search 2>/dev/null; echo $?)" 2
is 'usage of tag' "$(mn tag x 2>/dev/null; echo $?)" 2
is 'usage of show' "$(mn show 2>/dev/null; echo $?)" 2
ok 'search works without a daemon' test "$(found '*')" = 10
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
