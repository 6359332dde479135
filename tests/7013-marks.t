#!/bin/sh
# Marking by a query in a mailbox of many threads: what it means, where it
# ends, and that nothing is done to some of them meanwhile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
ok 'a node is made' eval 'node_config && node_build && node_init'
has_inbox() { mn search '*' >/dev/null 2>&1; [ "$(sqlite3 -readonly \
    "$node/home/store.db" "SELECT name FROM mailbox WHERE name = 'INBOX'")" ]; }
wait_for has_inbox
ok 'with 20,000 messages in 11,250 threads' \
    "$python" tests/bench/rows.py "$node/home/store.db" 20000

node_start
tui_start
ok 'listed'		sees 'bench newest'
keys T; typed '*'; keys Enter
ok 'where it ends is said' sees '^10000 marked, no more at once: the rest of what matches is not' 30
keys +; typed mine; keys Enter
ok 'more messages than one request takes get a tag' sees '^1[0-9]{4}: .mine' 30
tagged() { sqlite3 -readonly "$node/home/store.db" \
    "SELECT count(*) FROM msg WHERE tags LIKE '%mine%'"; }
ok 'all of them'	wait_for '[ "$(tagged)" -gt 10000 ]' 30
keys u
ok 'undone as fast'	wait_for '[ "$(tagged)" = 0 ]'
# Escape and the next key would be one key.
gone 'leaves it' >/dev/null
keys C-c
ok 'forgotten'		gone '10000'
gone 'leaves it' >/dev/null

# ---- the reader takes its time
readers=$(pgrep -s "$(cat "$node/serve.pid")" -x mn-reader)
# shellcheck disable=SC2086
stop() { kill "-$1" $readers; }
stop STOP
keys T; typed '*'; keys Enter; keys a
ok 'nothing is done to some of them' sees '^marking goes on, 0 so far: wait, or Esc ends it'
stop CONT
ok 'but goes on'	sees '10000 marked' 30
keys C-c; gone '10000' >/dev/null; gone 'leaves it' >/dev/null
stop STOP
keys T; typed '*'; keys Enter; keys C-c
stop CONT
keys t
ok 'Esc ends it: one is marked, by hand' sees ' 1 marked'
tui_stop
node_stop

# ---- what is not shown is not meant
node_use b
ok 'another node' eval 'node_config && node_build && node_init'
for i in 1 2 3; do
	mail INBOX "170000000$i" "From: Ada <a$i@example.net>" 'To: me@node.test' \
	    "Subject: apples $i" "Message-ID: <a$i@example.net>" -- 'text'
	mail INBOX "180000000$i" "From: Ben <b$i@example.net>" 'To: me@node.test' \
	    "Subject: pears $i" "Message-ID: <b$i@example.net>" -- 'text'
done
tui_start
ok 'six'		sees 'INBOX +6 messages'
wait_for '[ "$(mn search subject:apples | wc -l)" = 3 ]' 20
keys l; typed 'apples'; keys Enter
ok 'narrowed'		sees '\[apples\*\]'
sees ' [1-3]/3' >/dev/null
keys T; typed '*'; keys Enter
ok 'all that is shown'	sees '^3 marked'
keys C-c; gone marked >/dev/null; keys T; typed 'from:a1 or from:b1'; keys Enter
ok 'of what is shown'	sees '^1 marked'

# ---- a mailbox that there is not
keys C-c; gone marked >/dev/null; keys C-c; gone narrow >/dev/null
keys c; typed 'INBOX'; keys Enter; sees 'INBOX +6 messages' >/dev/null
keys Home F; sees '^1 flagged' >/dev/null
keys s; typed New/Box; keys Enter
ok 'is made after asking' sees '^Make a mailbox New/Box\? \(y/n\)'
keys n; gone '^Make' >/dev/null
ok 'not unasked'	[ ! -e "$node/Mail/New" ]
keys s; typed 'a//b'; keys Enter; sees '^Make' >/dev/null; keys y
ok 'one that none can be called' sees '^a//b: '
keys u
ok 'leaves nothing to undo' sees '^undone: 1 flagged'
keys s; typed New/Box; keys Enter; sees '^Make' >/dev/null; keys y
ok 'and takes it'	sees '^1 to New/Box'
ok 'as a file'		wait_for '[ "$(ls "$node/Mail/New/Box/cur" | wc -l)" = 1 ]'
keys u
ok 'which comes back'	wait_for '[ "$(ls "$node/Mail/New/Box/cur" | wc -l)" = 0 ]'
keys s; typed inbox; keys Enter
ok 'INBOX is one, however spelt' wait_for '! screen | grep -q "^Make"'

# ---- one that somebody takes away, before the client knows
tui_stop
node_start
tui_start
ok 'a mailbox'		sees '^New/Box'
keys Home F; sees '^1 (un)?flagged' >/dev/null
# shellcheck disable=SC2046
kill -STOP $(pgrep -s "$(cat "$node/serve.pid")" -x mn-reader)
rm -r "$node/Mail/New"
wait_for '[ "$(sqlite3 -readonly "$node/home/store.db" \
    "SELECT count(*) FROM mailbox WHERE name = '"'New/Box'"'")" = 0 ]'
keys s; typed New/Box; keys Enter
# shellcheck disable=SC2046
kill -CONT $(pgrep -s "$(cat "$node/serve.pid")" -x mn-reader)
ok 'takes nothing'	sees '^1 to New/Box: no such thing'
keys u
ok 'and that is not undone' sees '^undone: 1 (un)?flagged'
tui_stop
done_testing
