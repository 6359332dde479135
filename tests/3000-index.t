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
is 'what is tagged is found at once' "$(for i in 1 2 3 4 5; do mn tag "+now$i" id:m1@x.test
    mn search "tag:now$i"; done | wc -l)" 5
mn tag -now1 -now2 -now3 -now4 -now5 id:m1@x.test
ok 'a tag is given' mn tag +work +flagged -unread -- id:m1@x.test
ok 'the index has it' wait_for '[ "$(nm count tag:work and tag:flagged and \
    not tag:unread)" = 1 ]'
ok 'and the file its letters' wait_for "ls $inbox/cur | grep -q 'Q1.*:2,FS$'"
ok 'it is found by it' test "$(found tag:work)" = 1
is 'a query that nothing matches' \
    "$(mn tag +work -- id:nobody@x.test 2>&1; echo $?)" \
    "$(printf 'mailnode: tag: no message matches\n1')"
is 'a tag that is none' "$(mn tag '+a b' -- '*' 2>&1; echo $?)" \
    "mailnode: +a b: not a tag
2"

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
# What is no tag here stays there, and holds up nothing that came with it.
long=$(printf %0150d 0 | tr 0 x)
ctl=$(printf 'a\001b')
odd="+say\"hi +back\\slash +$long +$ctl"
# shellcheck disable=SC2086
nm tag $odd '+two words' +between -unread -- id:m7@x.test
ok 'beside odd tags the others are taken' wait_for \
    '[ "$(tags_of m7@x.test)" = " \"between\"" ]' 10
mn tag +after -- id:m7@x.test
ok 'what is done here reaches it' wait_for \
    '[ "$(nm count id:m7@x.test tag:after tag:between)" = 1 ]'
is 'and leaves them alone' "$(nm search --output=tags id:m7@x.test)" \
    "$(printf '%s\n' "$ctl" after 'back\slash' between 'say"hi' 'two words' \
    "$long")"
nm tag +again '+say"hi' -between -- id:m7@x.test id:m8@x.test
ok 'a message at a time' wait_for '[ "$(tags_of m7@x.test) $(tags_of m8@x.test)" = \
    " \"after\",\"again\" \"unread\" \"again\"" ]' 10
is 'each is named, once' "$(grep -c 'text="is no tag here' "$node/log") \
$(grep -c 'tag="say.*text="is no tag here' "$node/log")" '5 1'
mn tag -after -again -- 'id:m7@x.test id:m8@x.test'
nm tag -again "-$long" '-say"hi' '-two words' "-$ctl" '-back\slash' -- '*'
is 'nothing is left to learn' "$(wait_for '[ "$(left)" = 0 ]'; left)" 0

# a move is followed
mv "$inbox"/cur/*Q4.* "$node/Mail/Archive/cur/"
ok 'a file that moved is found there' wait_for \
    '[ "$(found "folder:Archive and id:m4@x.test")" = 1 ]'
rm "$inbox"/cur/*Q5.*
ok 'one that went is not found' wait_for '[ "$(nm count id:m5@x.test)" = 0 ]'

# A name that is too long for the index ends libnotmuch, were it asked.
long=$(printf %0118d 0)/$(printf %0119d 0)
mkdir -p "$node/Mail/$long/cur" "$node/Mail/$long/new" "$node/Mail/$long/tmp"
letter 20 deep >"$node/Mail/$long/new/1600000020.M1P1Q20.host"
letter 21 shallow >"$node/Mail/Archive/new/1600000021.M1P1Q21.host"
ok 'what comes beside it is found' wait_for '[ "$(nm count subject:shallow)" = 1 ]'
ok 'its story says what it is' wait_for \
    'mn why "<m20@x.test>" | grep -q "not indexed: its mailbox.s name"'
ok 'as it is' test "$(nm count subject:deep)" = 0
mv "$node/Mail/$long"/*/*Q20.* "$node/Mail/Archive/cur/"
ok 'elsewhere it is found' wait_for '[ "$(nm count subject:deep)" = 1 ]'
is 'nobody died' "$(grep -c 'event=ended.*name=indexer' "$node/log")" 0
rm "$node"/Mail/Archive/cur/*Q20.* "$node"/Mail/Archive/*/*Q21.*
wait_for '[ "$(nm count subject:deep or subject:shallow)" = 0 ]'

# trouble
pkill -KILL -x -P "$(cat "$node/serve.pid")" mn-indexer
letter 10 after >"$inbox/new/1600000010.M1P1Q10.host"
ok 'a killed indexer goes on' wait_for '[ "$(found subject:after)" = 1 ]' 20
rm -r "$index"
letter 11 anew >"$inbox/new/1600000011.M1P1Q11.host"
ok 'a lost index is made anew' wait_for '[ "$(nm count "*" 2>/dev/null)" = 10 ]' 20
ok 'with its tags' wait_for '[ "$(found tag:work)" = 1 ]'
letter 12 "=?utf-8?B?$(printf 今年の渡り鳥について | base64)?=" \
    >"$inbox/new/1600000012.M1P1Q12.host"
ok 'a word where there are no blanks' wait_for \
    '[ "$(found subject:渡り鳥)" = 1 ]' 20
ok 'one character' test "$(found subject:鳥)" = 1
ok 'no others' test "$(found subject:鳥渡)" = 0
rm "$inbox"/*/*Q12.*
wait_for '[ "$(found "*")" = 10 ]'
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

# One that cannot be opened, under a daemon and before it starts.
node_start
dd if=/dev/urandom of="$index/xapian/iamglass" bs=64 count=1 2>/dev/null
letter 13 damaged >"$inbox/new/1600000013.M1P1Q13.host"
ok 'a damaged index is made anew' wait_for '[ "$(found subject:damaged)" = 1 ]' 20
ok 'an alarm said so' grep -q 'alarm text="the search index was damaged' \
    "$node/log"
ok 'and is over' wait_for '! mn status | grep -q "index was damaged"'
ok 'what it was stands aside' test -d "$index/xapian.aside"
node_stop
for f in "$index"/xapian/*; do : >"$f"; done
node_start
ok 'at a start, too' wait_for '[ "$(found "*")" = 11 ]' 20
node_stop
rm "$inbox"/*/*Q13.*

# An index that notmuch made, or mailnode before it knew of pairs.
rm -r "$index"/xapian* "$index/mailnode-cjk"
letter 12 "=?utf-8?B?$(printf 今年の渡り鳥について | base64)?=" \
    >"$inbox/new/1600000012.M1P1Q12.host"
nm new >"$tmp/new" 2>&1
node_start
ok 'an older index finds what it did' wait_for \
    '[ "$(found subject:今年の渡り鳥について)" = 1 ]' 20
ok 'all of it' test "$(found '*')" = 11
ok 'and goes on' wait_for '[ "$(left)" = 0 ]' 20
node_stop
done_testing
