#!/bin/sh
# Killed while it sends on: each message that was acknowledged is filed once
# and has one letter a destination, no more and no less.
. "$(dirname "$0")/lib.sh"

node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:1\", CONF_PLAIN, NULL,
    \"*\", \"*\", NULL } }" sessions_per_address 50 \
    connections_per_minute 10000 || exit 1
node_build && node_init && node_start || exit 1
ok 'an alias of several' mn alias add -d INBOX -d Archive -d you@far.test \
    -d two@far.test board

# send ROUND PORT: until it is gone; a line for each that was acknowledged.
send() { "$python" - "$1" "$2" <<'END' >>"$tmp/taken"
import smtplib, sys
for i in range(60):
    n = 'r%s-%d' % (sys.argv[1], i)
    try:
        with smtplib.SMTP('127.0.0.1', int(sys.argv[2]), timeout=20) as s:
            s.ehlo('x.test'); s.mail('ada@x.test'); s.rcpt('board@node.test')
            if s.data('From: ada@x.test\r\nMessage-ID: <%s@x.test>\r\n'
                      'Subject: %s\r\n\r\n%s\r\n' % (n, n, 'x' * 70 * (
                      1 if i % 5 else 1500)))[0] == 250:
                print(n, flush=True)
    except (OSError, smtplib.SMTPException):
        break
END
}
: >"$tmp/taken"
for round in 1 2 3 4; do
	send $round "$(node_port smtp)" &
	at=$(wc -l <"$tmp/taken")
	wait_for "[ \$(wc -l <'$tmp/taken') -ge $((at + 4 * round)) ]"
	node_kill "$(cat "$node/serve.pid")"
	wait $!
	node_start || exit 1
done
n=$(wc -l <"$tmp/taken")
diag "$n acknowledged"
ok 'some were' [ "$n" -ge 40 ]
subjects() { cat "$HOME/Mail/$1"/new/* "$HOME/Mail/$1"/cur/* 2>/dev/null |
    sed -n 's/^Subject: \(r[-0-9]*\).*/\1/p' | sort; }
lacks() { sort "$tmp/taken" | comm -23 - "$1"; }
ok 'all are filed' wait_for 'subjects INBOX >"$tmp/inbox"; [ -z "$(lacks "$tmp/inbox")" ]' 20
ok 'all are copied' wait_for 'subjects Archive >"$tmp/copies"; cmp -s "$tmp/inbox" "$tmp/copies"' 20
is 'once' "$(uniq -d "$tmp/inbox")" ''
letters() { cat "$MAILNODE_HOME"/queue/* | tr -d '\r' |
    sed -n 's/^Subject: \(r[-0-9]*\)$/\1/p' | sort; }
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
