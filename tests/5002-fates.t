#!/bin/sh
# Every class of answer, at every step, and what becomes of the recipients.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_PLAIN,
    NULL, \"*\", \"*\", NULL } }" || exit 1
node_build && node_init && node_start && unlock || exit 1

# send RCPT...: the id of the letter
send() { printf 'Subject: test\n\ntext\n' | mn send -v -i "$@"; }
fate() { mn queue show -j "$1" | "$python" -c '
import json, sys
for r in json.load(sys.stdin)["rcpt"]:
    if r["addr"] == sys.argv[1]: print(r[sys.argv[2]])' "$2" "${3-fate}"; }
state() { mn queue show -j "$1" | "$python" -c '
import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "${2-state}"; }
tried() { wait_for "[ \"\$(fate $1 $2 attempts)\" -ge ${3-1} ]"; }
inbox() { cat "$node"/Mail/INBOX/*/* 2>/dev/null; }

hop_rules 'rcpt:no@far.test 550 5.1.1 nobody of that name' \
    'rcpt:later@far.test 450 4.2.1 mailbox is full'
id=$(send yes@far.test no@far.test later@far.test)
ok 'three recipients are tried' tried "$id" later@far.test
is 'one is sent' "$(fate "$id" yes@far.test)" sent
is 'one is refused' "$(fate "$id" no@far.test)" failed
is 'one waits' "$(fate "$id" later@far.test)" waiting
is 'with its reply' "$(fate "$id" later@far.test reply)" \
    '450 4.2.1 mailbox is full'
is 'the letter is active' "$(state "$id")" active
is 'and says why' "$(state "$id" why)" '450 4.2.1 mailbox is full'
due=$(fate "$id" later@far.test due)
now=$(date +%s)
ok 'the next try is in six to nine minutes' \
    test $((due - now)) -gt 340 -a $((due - now)) -lt 545
is 'the letter is due at that try' "$(state "$id" due)" "$due"
ok 'the list tells that one failed' sh -c '"$0" queue | grep -q "^$1 .* 1 FAILED"' \
    "$mailnode" "$id"
ok 'a notice lies in INBOX' wait_for 'inbox | grep -q "^Status: 5.1.1"'
inbox | tr -d '\r' >"$tmp/dsn"
ok 'it names the refused' grep -q '^Final-Recipient: rfc822; no@far.test' \
    "$tmp/dsn"
ok 'it does not name the others' fails grep -q 'Final-Recipient.*\(yes\|later\)@' \
    "$tmp/dsn"
ok 'it has the null sender' grep -q '^Return-Path: <>' "$tmp/dsn"
ok 'it has the reply' grep -q '^Diagnostic-Code: smtp; 550 5.1.1 nobody of' \
    "$tmp/dsn"
ok 'it has the header of the letter' grep -q '^Subject: test' "$tmp/dsn"
is 'the next hop never saw a notice' "$(hop_count)" 1

hop_rules
ok 'retry at once' mn queue retry "$id"
ok 'it leaves' wait_for '[ "$(fate "$id" later@far.test)" = sent ]'
is 'done' "$(state "$id")" done
is 'only the one that waited was sent again' "$(hop_rcpts 2)" \
    '<later@far.test>'
ok 'a change of what is done is refused' fails mn queue drop "$id"

# STEP REPLY FATE, each for a letter of its own
table='connect 421 4.3.2 come back|waiting
connect 554 5.3.2 no|waiting
ehlo 421 4.3.2 later|waiting
ehlo 550 5.0.0 go away|sent
mail 451 4.3.0 later|waiting
mail 550 5.7.1 not you|failed
mail 530 5.7.0 log in first|waiting
rcpt 421 4.3.2 shutting down|waiting
rcpt 552 5.5.3 too many|waiting
rcpt 552 too many|waiting
rcpt 552 5.2.2 mailbox is full|failed
rcpt 554 5.7.1 spam|failed
data 451 4.3.0 later|waiting
data 554 5.6.0 no|failed
data 250 what|waiting
dot 451 4.3.0 later|waiting
dot 554 5.6.0 spam|failed
dot 421 4.3.2 later|waiting
connect close|waiting
ehlo close|waiting
mail close|waiting
rcpt close|waiting
data close|waiting
dot close|unknown
dot nonsense|unknown
dot 354 go on|unknown
ehlo 250-half|250_mixed|waiting'
n=0
printf '%s\n' "$table" | while IFS= read -r line; do
	n=$((n + 1))
	hop_rules "${line%|*}"
	id=$(send "x$n@far.test")
	wait_for "[ \"\$(fate $id x$n@far.test attempts)\" -ge 1 ]"
	echo "${line%|*}: $(fate "$id" "x$n@far.test")"
	mn queue drop "$id" 2>/dev/null
done >"$tmp/got"
printf '%s\n' "$table" | sed 's/|\([a-z]*\)$/: \1/' >"$tmp/want"
ok 'every class of answer at every step' diff "$tmp/want" "$tmp/got"

# RFC 5321 section 4.5.3.1.10: the rest goes in a letter of its own.
hop_rules 'limit 2'
before=$(hop_count)
conns=$(wc -l <"$hop/conns")
id=$(send a@far.test b@far.test c@far.test d@far.test e@far.test)
ok 'too many for one transaction' wait_for '[ "$(state "$id")" = done ]'
is 'get it in three, over one connection' \
    "$(($(hop_count) - before)) $(($(wc -l <"$hop/conns") - conns))" '3 1'
is 'each once' "$(for i in 1 2 3; do hop_rcpts $((before + i)); done | xargs)" \
    '<a@far.test> <b@far.test> <c@far.test> <d@far.test> <e@far.test>'
is 'at the first attempt' "$(fate "$id" e@far.test attempts)" 1

# Some take so many letters on a connection and no more: the others go by the
# next, and nothing is held against them.
for how in 421 close; do
	hop_rules "letters 3 ${how#421}"
	before=$(hop_count)
	mn vault lock
	for i in 1 2 3 4 5 6 7 8; do send "n$i@far.test"; done >"$tmp/ids"
	unlock
	ok "three letters a connection, then $how" hop_has $((before + 8)) 20
	is 'all at the first attempt' "$(while read -r id; do
	    wait_for '[ "$(state "$id")" = done ]'
	    mn queue show "$id" | sed -n 's/.*attempts \([0-9]*\).*/\1/p'
	    done <"$tmp/ids" | xargs)" '1 1 1 1 1 1 1 1'
done
hop_rules 'letters 0'
id=$(send never@far.test)
ok 'who takes none at all' tried "$id" never@far.test
is 'is tried later' "$(fate "$id" never@far.test attempts)" 1
mn queue drop "$id"
hop_rules

hop_rules 'connect HTTP/1.1 400 Bad Request'
id=$(send odd@far.test)
ok 'what is no reply' tried "$id" odd@far.test
is 'is told' "$(fate "$id" odd@far.test reply)" \
    "greeting: the server's answer is no reply: HTTP/1.1 400 Bad Request"
mn queue drop "$id"

hop_rules 'dot x1 keep-close'
id=$(send once@far.test)
ok 'an answer that never came' tried "$id" once@far.test
is 'is unknown' "$(fate "$id" once@far.test)" unknown
ok 'and said in the log' grep -q "event=unknown id=$id" "$node/log"
ok 'and by show' sh -c '"$0" queue show "$1" | grep -q "may arrive twice"' \
    "$mailnode" "$id"
before=$(hop_count)
hop_rules
ok 'tried again' mn queue retry "$id"
ok 'and sent' wait_for '[ "$(fate "$id" once@far.test)" = sent ]'
is 'maybe twice' "$(fate "$id" once@far.test maybe_twice)" True
is 'both have one Message-ID' "$(grep -h '^Message-ID' "$hop/msg.$before" \
    "$hop/msg.$((before + 1))" | sort -u | wc -l)" 1

hop_rules 'body close'
{ printf 'Subject: big\n\n'; yes 'many lines like this one' | head -c 8000000; } |
    mn send -v -i big@far.test >"$tmp/id"
id=$(cat "$tmp/id")
ok 'cut in the middle of a large letter' tried "$id" big@far.test
is 'waits' "$(fate "$id" big@far.test)" waiting
hop_rules
ok 'again' mn queue retry "$id"
ok 'sent' wait_for '[ "$(fate "$id" big@far.test)" = sent ]'
is 'all of it' "$(grep -c 'many lines like this one' \
    "$hop/msg.$(hop_count)")" 320000

# Here.
id=$(send me@node.test you@node.test)
ok 'a local recipient' wait_for '[ "$(fate "$id" me@node.test)" = local ]'
is 'an address of ours that is none' "$(fate "$id" you@node.test)" failed
ok 'delivered into INBOX' wait_for 'inbox | grep -q "id $id"'

# The owner's hand.
hop_rules 'mail 450 4.0.0 later'
id=$(send a@far.test b@far.test)
ok 'deferred' tried "$id" b@far.test
ok 'status says why' eval 'mn status | grep -q "^queue .*: 450 4.0.0 later$"'
ok 'hold' mn queue hold "$id"
is 'held' "$(state "$id")" held
ok 'list names it' sh -c '"$0" queue | grep -q "$1  held"' "$mailnode" "$id"
ok 'retry of all' mn queue retry
is 'leaves it alone' "$(state "$id")" held
hop_rules
ok 'release' mn queue release "$id"
ok 'it leaves' wait_for '[ "$(state "$id")" = done ]'
ok 'release of what is not held is refused' fails mn queue release "$id"
ok 'an unknown id is refused' fails mn queue show 0123456789abcdef
ok 'an unknown route is refused' fails mn queue route "$id" nowhere

hop_rules 'pipelined close'
id=$(send one@far.test two@far.test)
ok 'a server that cannot do what it offers' tried "$id" one@far.test
is 'gets nothing' "$(fate "$id" one@far.test)" waiting
ok 'retry' mn queue retry "$id"
ok 'the next time it is asked one thing at a time' wait_for '[ "$(fate "$id" two@far.test)" = sent ]'
hop_rules

# In the hands of a relay process.
hop_rules 'mail hang'
id=$(send slow@far.test)
ok 'being sent' wait_for 'mn queue show "$id" |
    grep -q "slow@far.test  being sent since ....-..-.. "'
ok 'in status' eval 'mn status | grep -q "^queue .* 1 being sent"'
ok 'no hold now' eval 'fails mn queue hold "$id" 2>"$tmp/err" && grep -q "being sent" "$tmp/err"'
ok 'in the list' eval 'mn queue | grep -q "^$id  sending "'
hop_rules 'dot hang'
id=$(send out@far.test)
ok 'it is out' wait_for 'mn queue show "$id" | grep -q "answer is awaited"'
ok 'which is too late to drop it' fails mn queue drop "$id"
kill "$hop_pid"
ok 'now it is unknown' wait_for 'mn queue show "$id" | grep -q "may arrive twice"'
ok 'the daemon ends' node_stop
done_testing
