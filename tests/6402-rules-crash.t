#!/bin/sh
# Killed while rules act: for each message that was acknowledged they did
# all that they do, once; programs at least once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/burst.sh"

mkdir "$tmp/said"
cat >"$tmp/told" <<END
#!/bin/sh
>"$tmp/said/\$MAILNODE_SUBJECT"
END
chmod +x "$tmp/told"
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:1\", CONF_PLAIN, NULL,
    \"*\", \"*\", NULL } }" sessions_per_address 50 \
    connections_per_minute 10000 \
    hooks "{ { \"told\", \"$tmp/told\", 10, 0, 0 } }" \
    rules '{ { "from:ada", "+seen", "Archive", "told", "you@far.test", 0 },
	{ "tag:unread and from:x.test", "+two", NULL, NULL, "two@far.test", 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 } }' || exit 1
node_build && node_init && node_start || exit 1

# Each round ends at another point of what rules do.
for round in 1 2 3 4 5; do
	burst $round "$(node_port smtp)" me@node.test &
	sender=$!
	was=$(subjects Archive | wc -l)
	wait_for "[ \$(subjects Archive | wc -l) -gt $((was + 3 * round)) ]" 20
	node_kill "$(cat "$node/serve.pid")"
	wait $sender
	node_start || exit 1
done
n=$(wc -l <"$tmp/taken")
diag "$n acknowledged"
ok 'some were' [ "$n" -ge 40 ]
ok 'nothing waits' burst_filed
ok 'none stays where it came' wait_for '[ -z "$(subjects INBOX)" ]' 30
ok 'all are where the rule says' wait_for 'subjects Archive >"$tmp/moved"; [ -z "$(lacks "$tmp/moved")" ]' 30
is 'once' "$(subjects Archive | uniq -d)" ''
sort "$tmp/moved" "$tmp/moved" >"$tmp/twice"
ok 'a letter for each rule' wait_for 'letters >"$tmp/letters"; cmp -s "$tmp/twice" "$tmp/letters"' 20
is 'and as many rows' "$(mn queue list -j | grep -c '"id"')" \
    "$(wc -l <"$tmp/twice")"
ok 'all have their tags' wait_for \
    '[ "$(mn search tag:seen and tag:two | wc -l)" = "$(wc -l <"$tmp/moved")" ]' 20
ok 'somebody was told of each' wait_for 'ls "$tmp/said" | sort >"$tmp/heard"; [ -z "$(lacks "$tmp/heard")" ]' 20
ok 'stops' node_stop
ok 'starts once more' node_start
n=$(mn queue list -j | grep -c '"id"')
ok 'stops' node_stop
is 'nothing was done again' "$n" "$(wc -l <"$tmp/twice")"
done_testing
