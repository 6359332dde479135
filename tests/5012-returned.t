#!/bin/sh
# What comes back of letters that a relay took: a real Postfix that returns,
# delays and confirms them, and others who say that they do.
. "$(dirname "$0")/lib.sh"
. tests/postfix.sh
. tests/hop.sh
. tests/tui.sh
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

dns_start || exit 1
"$python" tests/tools/forward.py key "$tmp/zone" "$tmp/key"
for d in far evil plain told open; do
	sed -n "s/^s1._domainkey.friend.test/s1._domainkey.$d.test/p" "$tmp/zone"
done >"$tmp/more"
cat "$tmp/more" >>"$tmp/zone"
printf 'smtp.%s.test A 127.0.0.1\n' plain told open >>"$tmp/zone"
echo '_dmarc.strict.test TXT "v=DMARC1; p=quarantine"' >>"$tmp/zone"
postfix_config
hop_start --no DSN
plain_port=$hop_port
hop_start
hop_rules 'connect 220 smtp.open.test ESMTP OpenSMTPD'
open=$hop open_port=$hop_port
hop_start
hop_rules 'rcpt:gone@far.test 550 5.1.1 user unknown' \
    'rcpt:later@far.test 450 4.2.1 not today'

node_use a
node_config relays "{ { \"plain\", \"127.0.0.1:$plain_port\", CONF_PLAIN,
    NULL, \"*\", \"*@plain.test\", NULL }, { \"one\",
    \"smtp.plain.test:$plain_port\", CONF_PLAIN, NULL, \"*\", \"*@one.test\",
    NULL }, { \"two\", \"smtp.told.test:$hop_port\", CONF_PLAIN, NULL, \"*\",
    \"*@two.test\", NULL }, { \"open\", \"smtp.open.test:$open_port\",
    CONF_PLAIN, NULL, \"*\", \"*@three.test\", NULL }, { \"relay\", \"127.0.0.1:$postfix_port\", CONF_PLAIN,
    NULL, \"*@node.test\", \"*\", NULL } }" \
    resolvers "{ { \"$dns\", 0 } }" \
    rules '{ { "tag:backscatter", NULL, "Junk", NULL, NULL, 0 } }' || exit 1
node_build && node_init && node_start && unlock || exit 1
port=$(node_port smtp)
postfix_set 'mynetworks = 127.0.0.0/8' \
    'smtpd_relay_restrictions = permit_mynetworks, reject' \
    "transport_maps = inline:{ {node.test=smtp:[127.0.0.1]:$port},
	{far.test=smtp:[127.0.0.1]:$hop_port},
	{friend.test=smtp:[127.0.0.1]:$hop_port} }" \
    'delay_warning_time = 1s' 'minimal_backoff_time = 1s' \
    'queue_run_delay = 1s'
postfix_start || exit 1

# One letter; $id and $msgid are of it.
letter()	# TO [ARG...]
{
	to=$1; shift
	id=$(printf 'To: %s\nSubject: to %s\n\ntext\n' "$to" "$to" |
	    mn send -v -t -i "$@")
	wait_for 'mn queue show -j $id | grep -q "\"state\":\"done\""' 20
	msgid=$(mn queue show -j "$id" | field '["msgid"]')
}
field() { "$python" -c 'import json, sys
print(eval("json.load(sys.stdin)" + sys.argv[1]))' "$1"; }
sql() { "$python" -c 'import sqlite3, sys
for r in sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True).execute(sys.argv[2]):
    print(*r)' "$MAILNODE_HOME/$1" "$2"; }
envid() { sql node.db "SELECT envid FROM queue_letter WHERE msgid = '$msgid'"; }
# Of recipient N, from 0: each report in four words.
reports()
{
	mn queue show -j "$id" | "$python" -c '
import json, sys
for r in json.load(sys.stdin)["rcpt"][int(sys.argv[1])]["reports"]:
    print(r["report"], r["belief"], r["status"] or "-", r["by"] or "-")' "$1"
}
told() { wait_for "[ \"\$(reports $1 | xargs)\" = '$2' ]" 20; }
found() { mn search "$1" 2>/dev/null | grep -c .; }
say() { "$python" tests/tools/report.py "$port" "$@"; }
counted() { mn status -j | sed -n 's/.*"returned":\([0-9]*\).*/\1/p'; }
# All that came was read.
settled() { wait_for 'mn status -j | grep -q "\"spooled\":0," &&
    [ "$(sql node.db "SELECT count(*) FROM rule_todo WHERE todo & 64")" = 0 ]' 20; }

# ---- a relay that returns, delays and confirms ----
letter 'you@peer.test, gone@far.test'
ok 'one of two came back' told 1 'returned envelope 5.1.1 relay.peer.test'
is 'the other did not' "$(reports 0)" ''
is 'the queue sent both' "$(mn queue show -j "$id" |
    field '["rcpt"][1]["fate"]')" sent
ok 'queue show tells who said it, and who says so' eval 'mn queue show $id >"$tmp/show" &&
    grep -q "returned: .*user unknown, said 127.0.0.1, ....-..-.. " "$tmp/show" &&
    grep -q "reported by relay.peer.test, which knew the envelope.s id" "$tmp/show"'
ok 'the listing counts it' eval 'mn queue -a | grep -q "$id.*1 RETURNED"'
ok 'why of the letter' eval 'mn why $id | grep -q "returned *gone@far.test report=.*user unknown"'
ok 'why of the address' eval 'mn why gone@far.test | grep -q "returned *gone@far.test"'
trace=$(mn queue show -j "$id" | field '["rcpt"][1]["reports"][0]["trace"]')
ok 'why of the report, and of its letter' eval 'mn why $trace >"$tmp/why" &&
    grep -q "report *gone@far.test id=$id returned: " "$tmp/why" &&
    grep -q "$id *submit" "$tmp/why"'
ok 'status counts it' eval '[ "$(counted)" = 1 ] && mn status | grep -q "1 RETURNED in 7 days"'
ok 'the letter in Sent is found by its tag' wait_for '[ "$(found "tag:bounced")" = 1 ]'
ok 'and it alone' eval 'mn search tag:bounced | grep -q "Sent .*bounced"'
is 'the report lies in INBOX, and in the thread of its letter' "$(sql store.db \
    "SELECT count(*), count(DISTINCT thread) FROM msg WHERE '$msgid' IN (msgid, irt)")" \
    '2 1'
ok 'it is news for the owner' eval 'mn search tag:unread and folder:INBOX | grep -q Undelivered'

tui_start
sees INBOX >/dev/null; keys c; typed Sent; keys Enter
ok 'the list of Sent has an arrow back' sees '↩.*To you@peer'
keys Enter
ok 'the letter says who did not get it' \
    sees '^Delivery: gone@far.test returned: .*user unknown, said 127'
[ -z "${SHOW-}" ] || screen >&2
keys x d
ok 'the page of its delivery, who says so' \
    sees 'reported by relay.peer.test, which knew the envelope'
[ -z "${SHOW-}" ] || screen >&2
tui_stop

letter later@far.test
ok 'a delay' told 0 'delayed envelope 4.2.1 relay.peer.test'
is 'is no return' "$(counted) $(found tag:bounced)" '1 1'
hop_rules 'rcpt:gone@far.test 550 5.1.1 user unknown'
letter ok@peer.test -N success
ok 'a confirmation' told 0 'delivered envelope 2.0.0 relay.peer.test'

letter a@plain.test -N success
ok 'the queue says what a relay without DSN will not' \
    wait_for '[ "$(found "subject:Delivered and folder:INBOX")" = 1 ]' 20
ok 'and only that it was handed on' eval 'mn show "$(mn search -j \
    "subject:Delivered and folder:INBOX" | field "[\"id\"]")" |
    grep -q "handed to the next mail server"'

# ---- sent on ----
ok 'an alias' mn alias add -d INBOX -d gone@far.test club
"$python" tests/tools/forward.py send "$port" "$tmp/key" ada@friend.test \
    club@node.test onward >"$tmp/said"
wait_for 'mn why club@node.test | grep -q " forward "' 20
id=$(mn why club@node.test | sed -n 's/.* forward .*id=\([0-9a-f]*\).*/\1/p' | head -1)
ok 'what was sent on came back' told 0 'returned envelope 5.1.1 relay.peer.test'
is 'and marks no mail' "$(counted) $(found tag:bounced)" '2 1'

# ---- others ----
letter a@far.test
is 'who read it, by its id' "$(say me@node.test msgid="$msgid" key="$tmp/key" \
    domain=far.test mdn=1 | cut -c1-3)" 250
ok 'is written down' told 0 'read vouched - -'
letter a@far.test
for forged in "msgid=$msgid" "msgid=$msgid key=$tmp/key domain=evil.test" \
    "msgid=$msgid from=eve@evil.test key=$tmp/key domain=far.test" \
    "envid=00112233445566778899aabbccddeeff msgid=$msgid"; do
	# shellcheck disable=SC2086
	say me@node.test $forged >"$tmp/said"
done
is 'another address of ours is not its return path' \
    "$(say me+x@node.test envid="$(envid)" | cut -c1-3)" 250
unproved='returned unproved 5.1.1 mx.far.test'
ok 'forged ones are shown as what they are' told 0 \
    "$unproved $unproved $unproved $unproved $unproved"
ok 'in words' eval 'mn queue show $id | grep -q "NOT PROVED: reported by mx.far.test; nobody vouches"'
is 'and do nothing' "$(counted) $(found tag:bounced) $(mn queue show -j "$id" |
    field '["rcpt"][0]["fate"]')" '2 1 sent'
for n in 1 2 3 4 5 6; do say me@node.test "msgid=$msgid" pad=$n"00"; done >"$tmp/said"
ok 'not more than eight are kept' wait_for '[ "$(reports 0 | wc -l)" = 8 ]' 20
is 'signed by the domain of the recipient' "$(say me@node.test \
    "msgid=$msgid" key="$tmp/key" domain=far.test | cut -c1-3)" 250
ok 'it is believed' wait_for 'reports 0 | grep -q "returned vouched"' 20
is 'the eight are still eight' "$(reports 0 | grep -c unproved)" 8
ok 'and counts' eval '[ "$(counted)" = 3 ] && wait_for "[ \$(found tag:bounced) = 2 ]"'

# A relay that signs what it carries, for whomever.
letter a@one.test
is 'another customer of the relay' "$(say me@node.test "msgid=$msgid" \
    rcpt=a@one.test key="$tmp/key" domain=plain.test author=evil.test | cut -c1-3)" 250
ok 'is not believed' told 0 'returned unproved 5.1.1 mx.far.test'
is 'what it wrote itself' "$(say me@node.test "msgid=$msgid" rcpt=a@one.test \
    key="$tmp/key" domain=plain.test | cut -c1-3)" 250
ok 'is' wait_for 'reports 0 | grep -q "returned vouched"' 20
letter a@two.test
is 'of a relay that was told the id' "$(say me@node.test "msgid=$msgid" \
    rcpt=a@two.test key="$tmp/key" domain=told.test | cut -c1-3)" 250
ok 'without it it is no report' told 0 'returned unproved 5.1.1 mx.far.test'
ok 'which queue show says' eval 'mn queue show $id | grep -q "the relay was told the envelope.s id"'
letter a@three.test
ok 'OpenSMTPD, which forgets it, is not told it' fails grep -rq ENVID "$open"
is 'what it writes' "$(say me@node.test "msgid=$msgid" rcpt=a@three.test \
    key="$tmp/key" domain=open.test | cut -c1-3)" 250
ok 'is believed all the same' told 0 'returned vouched 5.1.1 mx.far.test'

letter a@far.test
is 'as qmail writes' "$(say me@node.test note=1 "msgid=$msgid" | cut -c1-3)" 250
ok 'is read, too' told 0 'returned unproved 5.1.1 -'
is 'one that names no letter' "$(say me@node.test | cut -c1-3)" 250
ok 'may be of the last one' wait_for 'reports 0 | grep -q "returned guessed 5.1.1"' 20
is 'a letter we never sent' "$(say me@node.test msgid=never@node.test \
    rcpt=x@else.test | cut -c1-3)" 250
ok 'is backscatter, and a rule may put it away' wait_for \
    '[ "$(found "tag:backscatter and folder:Junk")" = 1 ]' 20
ok 'why says so' eval 'mn why me@node.test | grep -q "backscatter: no letter of ours is <never@node.test>"'

# ---- what the filter takes for junk ----
letter a@far.test
is 'one whose author is not proved' "$(say me@node.test domain=strict.test \
    msgid="$msgid" | cut -c1-3)" 250
ok 'is shown' told 0 'returned unproved 5.1.1 mx.far.test'
ok 'and stays in Junk' wait_for '[ "$(found "from:strict.test and folder:Junk")" = 1 ]' 20
is 'one that is believed' "$(say me@node.test domain=strict.test \
    envid="$(envid)" by=mx2.far.test | cut -c1-3)" 250
ok 'comes to INBOX' wait_for '[ "$(found "from:strict.test and folder:INBOX")" = 1 ]' 20
is 'the other does not' "$(found 'from:strict.test and folder:Junk')" 1

# ---- locked, large, killed, made anew ----
letter 'a@far.test, b@far.test'
ok 'the vault is locked' mn vault lock
is 'a large report comes' "$(say me@node.test envid="$(envid)" \
    rcpt=b@far.test more=150 pad=3000000 | cut -c1-3)" 250
ok 'and is written down' told 1 'returned envelope 5.1.1 mx.far.test'
is 'for whom it is' "$(reports 0)" ''
is 'one with more recipients than are read' "$(say me@node.test \
    envid="$(envid)" rcpt=a@far.test more=500 | cut -c1-3)" 250
ok 'does no harm' eval 'settled && node_alive && mn status | grep -vq crashed'
ok 'unlock' unlock
# Killed between filing a report and writing down what it says.
letter "$(seq -s, -f 'r%g@far.test' 20)"
env=$(envid)
: >"$tmp/taken"
for round in 1 2; do
	for i in $(seq $((round * 10 - 9)) $((round * 10))); do
		say me@node.test envid="$env" rcpt="r$i@far.test" 2>/dev/null |
		    grep -q ^250 && echo "r$i@far.test" >>"$tmp/taken"
	done &
	sender=$!
	wait_for "[ \$(wc -l <\"$tmp/taken\") -ge $((round * 4)) ]" 20
	node_kill "$(cat "$node/serve.pid")"; rm -f "$node/serve.pid"
	wait $sender
	node_start || exit 1
	port=$(node_port smtp)
done
ok 'some were taken' [ "$(wc -l <"$tmp/taken")" -ge 8 ]
ok 'settled' settled
sort "$tmp/taken" >"$tmp/want"
sql node.db "SELECT r.addr FROM queue_returned q JOIN queue_rcpt r
    ON r.letter = q.letter AND r.n = q.n JOIN queue_letter l
    ON l.id = q.letter WHERE l.envid = '$env'" | sort >"$tmp/have"
ok 'each that was taken is written down' eval '[ -z "$(comm -23 "$tmp/want" "$tmp/have")" ]'
is 'once' "$(uniq -d "$tmp/have")" ''
tagged() { sql store.db "SELECT count(*) FROM msg WHERE tags LIKE '%bounced%'"; }
bounced=$(tagged) all=$(sql node.db 'SELECT count(*) FROM queue_returned')
ok 'stop' node_stop
rm -rf "$MAILNODE_HOME/store.db"* "$HOME/Mail/.notmuch"
ok 'all of it made anew' eval 'node_start && mn fsck --rebuild >/dev/null'
ok 'the tags stay' wait_for '[ "$(tagged)" = "$bounced" ] && [ "$(found tag:bounced)" = "$bounced" ]' 20
is 'and the ledger' "$(sql node.db 'SELECT count(*) FROM queue_returned')" "$all"
is 'and the thread' "$(sql store.db "SELECT count(DISTINCT thread) FROM msg WHERE irt = '$msgid' OR msgid = '$msgid'")" 1

done_testing
