#!/bin/sh
# Killed while it sends on: each message that was acknowledged is filed once
# and has one letter a destination, no more and no less.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/burst.sh"

node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:1\", CONF_PLAIN, NULL,
    \"*\", \"*\", NULL } }" sessions_per_address 50 \
    connections_per_minute 10000 || exit 1
node_build && node_init && node_start || exit 1
ok 'an alias of several' mn alias add -d INBOX -d Archive -d you@far.test \
    -d two@far.test board

for round in 1 2 3 4; do
	burst $round "$(node_port smtp)" board@node.test &
	at=$(wc -l <"$tmp/taken")
	wait_for "[ \$(wc -l <'$tmp/taken') -ge $((at + 4 * round)) ]"
	node_kill "$(cat "$node/serve.pid")"
	wait $!
	node_start || exit 1
done
n=$(wc -l <"$tmp/taken")
diag "$n acknowledged"
ok 'some were' [ "$n" -ge 40 ]
ok 'nothing waits' burst_filed
ok 'all are filed' wait_for 'subjects INBOX >"$tmp/inbox"; [ -z "$(lacks "$tmp/inbox")" ]' 20
ok 'all are copied' wait_for 'subjects Archive >"$tmp/copies"; cmp -s "$tmp/inbox" "$tmp/copies"' 20
is 'once' "$(uniq -d "$tmp/inbox")" ''
sort "$tmp/inbox" "$tmp/inbox" >"$tmp/twice"
ok 'a letter for each destination' wait_for 'letters >"$tmp/letters"; cmp -s "$tmp/twice" "$tmp/letters"' 20
is 'and as many rows' "$(mn queue list -j | grep -c '"id"')" \
    "$(wc -l <"$tmp/twice")"
ok 'stops' node_stop
rm -f "$MAILNODE_HOME"/node.db*
ok 'without its rows' node_start
is 'every letter comes back held' "$(mn queue list -j | grep -c '"held"')" \
    "$(wc -l <"$tmp/twice")"
ok 'stops' node_stop
done_testing
