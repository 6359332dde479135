#!/bin/sh
# Putting a message off: away, back by undo, and back unread at its time by
# a daemon that was away meanwhile, even with its rows made anew.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
node_config || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start'
for n in one two three; do
	mail INBOX 170000000$n "From: Ada <ada@example.net>" 'To: me@node.test' \
	    "Subject: letter $n" 'Date: Mon, 16 Nov 2026 10:00:00 +0000' \
	    "Message-ID: <$n@example.net>" -- "The text of $n."
done
mkdir -p "$node/Mail/Lists/x/cur" "$node/Mail/Lists/x/new" "$node/Mail/Lists/x/tmp"
mail Lists/x 1700000009 'From: Ben <ben@example.net>' 'To: l@example.net' \
    'Subject: listed' 'Date: Mon, 16 Nov 2026 11:00:00 +0000' \
    'Message-ID: <listed@example.net>' -- 'On the list.'

tui_start
ok 'the letters are there' sees 'letter two'
keys / ; typed 'letter two'; keys Enter Enter
ok 'one is read' sees 'The text of two'
keys q
ok 'and says so' wait_for 'file_of two@ INBOX | grep -q ":2,S$"'
keys E
ok 'asks until when' sees '^Until:'
typed 'yesterday'; keys Enter
ok 'no time to come' sees '^yesterday: no time to come: 2h, tomorrow'
keys E; typed '2h'; keys Enter
ok 'put off' sees '^1 put off until '
ok 'gone from the list' gone 'letter two'
ok 'it stands in Snoozed' wait_for 'file_of two@ Snoozed | grep -q ":2,S$"'
ok 'the sidebar has that' sees '^Snoozed'
is 'node.db knows when and where from' "$(sqlite3 "$MAILNODE_HOME/node.db" \
    "SELECT folder, (due - strftime('%s','now') + 30) / 60 FROM snooze")" 'INBOX|120'
keys u
ok 'undone' sees 'letter two'
ok 'as it was' wait_for 'file_of two@ INBOX | grep -q ":2,S$"'
ok 'and forgotten' wait_for '[ -z "$(sqlite3 "$MAILNODE_HOME/node.db" "SELECT 1 FROM snooze")" ]'
keys U
ok 'done again' wait_for '[ -n "$(file_of two@ Snoozed)" ]'

# Two more, from elsewhere; one of them taken out by hand.
keys c; typed Lists/x; keys Enter
ok 'the list' sees 'Ben .*listed'
before=$(date -d tomorrow '+%a %d %b')	# a day may end meanwhile
keys E; typed 'tomorrow 9:30'; keys Enter
ok 'until tomorrow' sees '^1 put off until .* 09:30'
keys c; typed INBOX; keys Enter; sees 'letter three' >/dev/null
keys / ; typed 'letter three'; keys Enter E; typed '3d'; keys Enter
ok 'a third' wait_for '[ -n "$(file_of three@ Snoozed)" ]'
keys c; typed Snoozed; keys Enter
ok 'all of them sleep' sees 'Snoozed  3 messages'
ok 'and say until when' sees "($before|$(date -d tomorrow '+%a %d %b')) 09:30 +Ben .*listed"
keys / ; typed 'letter three'; keys Enter s; typed Archive; keys Enter
ok 'taken out by hand' wait_for '[ -n "$(file_of three@ Archive)" ]'
tui_stop

# The daemon is away when two of them are due, and has lost its rows.
ok 'stops' node_stop
sqlite3 "$MAILNODE_HOME/node.db" \
    "UPDATE snooze SET due = strftime('%s','now') - 5 WHERE folder = 'Lists/x';
    UPDATE snooze SET due = strftime('%s','now') + 3 WHERE folder = 'INBOX'"
rm -f "$MAILNODE_HOME"/store.db*
ok 'starts again' node_start
ok 'one that was due is back where it was' wait_for '[ -n "$(file_of listed@ Lists/x)" ]'
ok 'the other comes at its time, unread' wait_for 'f=$(file_of two@ INBOX) && ! echo "$f" | grep -q ":2,.*S"' 20
ok 'the one taken out stays' [ -n "$(file_of three@ Archive)" ]
ok 'nothing is left to wake' wait_for '[ -z "$(sqlite3 "$MAILNODE_HOME/node.db" "SELECT 1 FROM snooze")" ]' 20
tui_start
ok 'in the list, unread' sees '^.*N .*Ada .*letter two'
ok 'all is in order' eval 'mn fsck >"$node/fsck" || { cat "$node/fsck"; false; }'
tui_stop
ok 'stops' node_stop
done_testing
