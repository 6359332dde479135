#!/bin/sh
# Killed while rules act: for each message that was acknowledged they did
# all that they do, once; programs at least once.
. "$(dirname "$0")/lib.sh"

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

# send ROUND PORT: until it is gone; a line for each that was acknowledged.
send() { "$python" - "$1" "$2" <<'END' >>"$tmp/taken"
import smtplib, sys
for i in range(60):
    n = 'r%s-%d' % (sys.argv[1], i)
    try:
        with smtplib.SMTP('127.0.0.1', int(sys.argv[2]), timeout=20) as s:
            s.ehlo('x.test'); s.mail('ada@x.test'); s.rcpt('me@node.test')
            if s.data('From: ada@x.test\r\nMessage-ID: <%s@x.test>\r\n'
                      'Subject: %s\r\n\r\n%s\r\n' % (n, n, 'x' * 70 * (
                      1 if i % 5 else 1500)))[0] == 250:
                print(n, flush=True)
    except (OSError, smtplib.SMTPException):
        break
END
}
subjects() { cat "$HOME/Mail/$1"/new/* "$HOME/Mail/$1"/cur/* 2>/dev/null |
    sed -n 's/^Subject: \(r[-0-9]*\).*/\1/p' | sort; }
: >"$tmp/taken"
# Each round ends at another point of what rules do.
for round in 1 2 3 4 5; do
	send $round "$(node_port smtp)" &
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
lacks() { sort "$tmp/taken" | comm -23 - "$1"; }
letters() { cat "$MAILNODE_HOME"/queue/* | tr -d '\r' |
    sed -n 's/^Subject: \(r[-0-9]*\)$/\1/p' | sort; }
ok 'all are where the rule says' wait_for 'subjects Archive >"$tmp/moved"; [ -z "$(lacks "$tmp/moved")" ]' 30
ok 'and nowhere else' wait_for '[ -z "$(subjects INBOX)" ]'
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
