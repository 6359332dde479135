#!/bin/sh
# An alias that only sends on: its copy here stays until the next hop has
# each letter, then it goes to Trash; where one fails it stays.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

dns_start || exit 1
hop_start
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_PLAIN,
    NULL, \"*@node.test\", \"*\", NULL } }" \
    resolvers "{ { \"$dns\", 0 } }" connections_per_minute 10000 || exit 1
node_build && node_init && node_start || exit 1
ok 'only elsewhere' mn alias add -d one@far.test -d two@far.test away
ok 'a mailbox, too' mn alias add -d INBOX -d one@far.test both
ok 'one that fails' mn alias add -d one@far.test -d gone@far.test half
send()	# SUBJECT RCPT...
{
	"$python" - "$(node_port smtp)" "$@" <<'END'
import smtplib, sys
with smtplib.SMTP('127.0.0.1', int(sys.argv[1]), timeout=20) as s:
    s.sendmail('ada@x.test', sys.argv[3:], 'From: ada@x.test\r\nSubject: %s\r\n'
        'Message-ID: <%s@x.test>\r\n\r\ntext\r\n' % (sys.argv[2], sys.argv[2]))
END
}
folder() { mn search "id:$1@x.test" | sed 's/^[0-9]*  [-0-9]* [:0-9]*  \([A-Za-z]*\) .*/\1/'; }
in_() { wait_for "[ \"\$(folder $1)\" = $2 ]"; }

ok 'sent' send first away@node.test
ok 'it waits for the vault' wait_for 'mn queue list -j | grep -c "vault is locked" | grep -qx 2'
ok 'the copy is here' in_ first INBOX
ok 'unlocked' unlock
ok 'both go out' hop_has 2
ok 'the copy goes' in_ first Trash
becomes 'is nowhere else' 'ls "$HOME"/Mail/INBOX/new "$HOME"/Mail/INBOX/cur | grep -c S=' 0
ok 'why tells' eval 'mn why "<first@x.test>" | grep -q " trash .*it was sent on"'
is 'the filter learns nothing' "$(sqlite3 "$MAILNODE_HOME/node.db" \
    'select count(*) from judged')" 0
ok 'to a mailbox, too' send second both@node.test
ok 'goes out' hop_has 3
ok 'to me, too' send third me@node.test away@node.test
ok 'goes out' hop_has 5
hop_rules 'rcpt:gone@far.test 550 5.1.1 no such user'
ok 'one fails' send fourth half@node.test
ok 'and is told' wait_for '[ "$(mn search "from:mailer-daemon" | wc -l)" = 1 ]' 20
ok 'the other went' hop_has 6
hop_rules
ok 'flagged meanwhile' mn vault lock
ok 'sent' send fifth away@node.test
ok 'is here' in_ fifth INBOX
ok 'flagged' mn tag +flagged id:fifth@x.test
ok 'unlocked' unlock
ok 'goes out' hop_has 8
ok 'the queue is empty' wait_for '[ -z "$(mn queue list)" ]'
ok 'all is settled' wait_for '[ "$(sqlite3 "$MAILNODE_HOME/node.db" \
    "select (select count(*) from fan_copy) + (select count(*) from fan_letter)")" = 0 ]'
for m in second third fourth fifth; do
	is "$m stays" "$(folder $m)" INBOX
done

# ---- killed meanwhile
: >"$tmp/taken"
for round in 1 2 3; do
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		send "r$round-$i" away@node.test 2>/dev/null &&
		    echo "r$round-$i" >>"$tmp/taken"
	done &
	sender=$!
	was=$(hop_count)
	wait_for "[ \$(hop_count) -ge $((was + 4 * round)) ]" 20
	node_kill "$(cat "$node/serve.pid")"
	wait $sender
	node_start || exit 1
	unlock
done
n=$(wc -l <"$tmp/taken")
diag "$n acknowledged"
ok 'some were' [ "$n" -ge 6 ]
subjects() { cat "$HOME/Mail/$1"/new/* "$HOME/Mail/$1"/cur/* 2>/dev/null |
    sed -n 's/^Subject: \(r[-0-9]*\).*/\1/p' | sort; }
# A letter that may have gone out twice is tried again later.
for id in $(mn queue list -j | sed -n 's/.*"id":"\([^"]*\)".*/\1/p'); do mn queue retry "$id"; done
ok 'all copies go' wait_for 'subjects Trash >"$tmp/gone"; [ -z "$(sort "$tmp/taken" | comm -23 - "$tmp/gone")" ]' 30
ok 'from where they were' wait_for '[ -z "$(subjects INBOX)" ]'
is 'once' "$(subjects Trash | uniq -d)" ''
ok 'stops' node_stop
done_testing
