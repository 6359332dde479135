#!/bin/sh
# A message that the indexer dies over stops nothing: it is found by its
# header alone or not at all, told in its story, and what is behind it goes on.
. "$(dirname "$0")/lib.sh"
. tests/phone.sh

node_use n
node_config rules '{
	{ "subject:bad", "+seen-head", NULL, NULL, NULL, 0 },
	{ "body:word", "+seen-text", NULL, NULL, NULL, 0 },
	{ "*", "+seen", NULL, NULL, NULL, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 } }' || exit 1
node_build && node_init || exit 1
[ -z "${SAN-}" ] || skip_all 'a preload before the sanitizer'
poison() { node_start env LD_PRELOAD="$top/build/tools/poison.so"; }
poison || exit 1
port=$(node_port smtp)
send()	# SUBJECT BODY [HEADER]
{
	{ printf '%s\r\n' 'From: Ann <ann@x.test>' "Subject: $1" \
	    "Message-ID: <$1@x.test>" ${3+"$3"} '' "word $2"; } >"$tmp/letter"
	swaks --silent 2 --server 127.0.0.1 --port "$port" --from ann@x.test \
	    --to me@node.test --data "@$tmp/letter" >"$tmp/swaks" 2>&1
}
found() { mn search "$1" | wc -l; }
finds() { [ "$(found "$1")" = "${2-1}" ]; }
story() { mn why "<$1@x.test>" | grep -q "$2"; }
status() { mn status | sed -n 's/^index  *//p'; }

ok 'one that says nothing' send good1 one
ok 'one that kills by its text' send bad-text POISON
ok 'one that kills by its header' send bad-head two 'X-Is: POISON'
ok 'and one behind them' send good2 three
ok 'it is found' wait_for 'finds body:three' 30
ok 'as is what was before' finds body:one
ok 'the second by its header' finds subject:bad-text
ok 'but not its text' fails finds body:poison
ok 'the third not at all' finds id:bad-head@x.test 0
ok 'nothing waits' wait_for '[ "${s=$(status)}" = \
    "0 behind, 1 BY ITS HEADER ALONE, 1 NOT INDEXED" ] || { unset s; false; }'
ok 'the story of the one' story bad-text \
    ' index .*folder=INBOX uid=2 indexed by its header alone: the indexer ended 2 times'
ok 'and of the other' story bad-head \
    ' index .*folder=INBOX uid=3 not indexed: the indexer ended 3 times'
ok 'as the log says' grep -q 'event=index error="folder=INBOX uid=3 not' \
    "$node/log"
tags() { sqlite3 -readonly "$MAILNODE_HOME/store.db" \
    "SELECT tags FROM msg WHERE msgid='$1@x.test'"; }
ok 'rules went on' wait_for '[ "$(tags good2)" = "seen seen-text" ]'
is 'by a header where there is no text' "$(tags bad-text)" 'seen seen-head'
is 'and with nothing known' "$(tags bad-head)" 'seen'

deaths() { grep -c 'event=ended.*name=indexer' "$node/log"; }
n=$(deaths)
ok 'flags of both' mn tag +flagged -- 'id:bad-text@x.test'
f=$(echo "$HOME"/Mail/INBOX/new/*,I=*.3)
mv "$f" "$HOME/Mail/INBOX/cur/${f##*/}:2,S"
send good3 four
ok 'and a move' wait_for 'finds body:four' 20
is 'cost no death more' "$(deaths)" "$n"

ok 'stops' node_stop
ok 'and without the preload' node_start
rm -r "$HOME/Mail/.notmuch"
ok 'an index made anew has them' wait_for 'finds body:poison 1' 30
ok 'both' wait_for 'finds id:bad-head@x.test'
ok 'all' wait_for '[ "$(status)" = "0 behind" ]'
{ letter long; yes 'filler text' | head -70000; } >"$tmp/long"
put_mail INBOX "$tmp/long"
ok 'a long text' wait_for 'finds "id:long@test and body:filler"'
ok 'has a limit, its story says' wait_for \
    'mn why "<long@test>" | grep -q " index .* indexed up to its limit"'
ok 'which is no trouble' test "$(status)" = '0 behind'
ok 'stops again' node_stop

# What the whole node died of is remembered; a clean end is nobody's fault.
ok 'starts with it' poison
port=$(node_port smtp)
rm -r "$HOME/Mail/.notmuch"
ok 'a new index' wait_for '[ "$(deaths)" -gt "$((n + 1))" ]' 20
node_kill "$(cat "$node/serve.pid")"
ok 'after a kill of all' poison
ok 'it goes on all the same' wait_for 'finds body:four' 30
ok 'the cache is made anew' mn fsck --rebuild
ok 'and does not loop' wait_for 'case $(status) in "0 behind"*) ;; *) false; esac' 30
ok 'ends' node_stop

# A text for which there is not enough memory.
ok 'starts with little' node_start prlimit --data=40000000
perl -e 'srand 1; print "From: a\@x.test\nSubject: large\nMessage-ID: <large\@x.test>\n\n";
    print map({ chr(97 + rand 26) } 1 .. 7), $_ % 9 ? " " : "\n" for 1 .. 150000' >"$tmp/large"
letter good5 five >"$tmp/good5"
put_mail INBOX "$tmp/large" "$tmp/good5"
ok 'what is behind a large one is found' wait_for 'finds body:five' 60
ok 'the large one by its header' wait_for 'finds subject:large'
ok 'as its story says' story large 'indexed by its header alone'
ok 'ends again' node_stop
done_testing
