#!/bin/sh
# Time and ways: the undo window, the delay notice, expiry, direct delivery
# by MX, the door of other users, a queue whose database is lost.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start --tls starttls
cat >"$tmp/zone" <<END
$(for i in 1 2 3 4 5 6 7 8 9 10; do echo "mx.test MX 30 last$i.mx.test."; done)
mx.test MX 10 two.mx.test.
mx.test MX 5 one.mx.test.
one.mx.test A 127.0.0.9
two.mx.test A 127.0.0.1
plain.test A 127.0.0.1
null.test MX 0 .
loop.test MX 0 mail.node.test.
noaddr.test MX 0 nowhere.test.
trouble.test ! servfail
strict.test MX 0 two.mx.test.
END
"$python" tests/tools/dnsd.py "$tmp/zone" "$tmp/dnsport" &
at_exit $!
wait_for '[ -s "$tmp/dnsport" ]' || exit 1
door=$tmp/door
node_use a
node_config relays "{ { \"mx\", \"mx:$hop_port\", CONF_STARTTLS, NULL, \"*\",
    \"*\", NULL } }" resolvers "{ { \"127.0.0.1:$(cat "$tmp/dnsport")\", 0 } }" \
    tls_required '{ "strict.test" }' local_socket "\"$door\"" undo_s 5 \
    local_uids '{ 0, 65534 }' || exit 1
node_build && node_init && node_start && unlock || exit 1

submit() { printf 'Subject: test\n\ntext\n' | mn send -v -i "$@"; }
# The owner's hand ends the undo window, which only the first tests wait for.
send() { sent=$(submit "$@") && mn queue retry "$sent" && echo "$sent"; }
field() { mn queue show -j "$1" | "$python" -c '
import json, sys
l = json.load(sys.stdin); l.update(l["rcpt"][0]); print(l[sys.argv[1]])' "$2"; }
is_fate() { wait_for "[ \"\$(field $1 fate)\" = $2 ]" 20; }
inbox() { cat "$node"/Mail/INBOX/*/* 2>/dev/null; }
story() { field "$1" reply; }

# The undo window.
id2=$(submit me2@mx.test)
due=$(field "$id2" due)
ok 'a login is set' sh -c 'printf "%s\nword\n" "$1" | "$0" vault set relay/x u \
    --passphrase-stdin' "$mailnode" "$pass"
is 'which ends no undo window' "$(field "$id2" due)" "$due"
id=$(printf 'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\n\ntext\n' |
    mn send -v -i undo@mx.test)
is 'its subject is decoded' "$(field "$id" subject)" 'Grüße'
is 'nothing is tried at once' "$(field "$id" fate)" waiting
ok 'dropped within the window' mn queue drop "$id"
c1=$(printf 'Subject: =?UTF-8?Q?a=C2=9B2Jb?=\n\ntext\n' |
    mn send -v -i undo@mx.test)
ok 'what it holds is nothing to the terminal' sh -c \
    '"$0" queue show "$1" | grep -q "a?2Jb"' "$mailnode" "$c1"
mn queue drop "$c1"
is 'dropped' "$(field "$id" fate)" dropped
ok 'which the list calls recalled' eval 'mn queue -a | grep -q "^$id  recalled "'
ok 'another one leaves after it' is_fate "$id2" sent
becomes 'the dropped one has no copy in Sent' \
    'cat "$node"/Mail/Sent/*/* | grep -c ^Message-ID' 1
ok 'the first server did not answer, the second did' sh -c \
    '"$0" queue show "$1" | grep -q "two.mx.test"' "$mailnode" "$id2"
ok 'over TLS if offered, whoever it is' sh -c \
    '"$0" queue show "$1" | grep -q "tls TLSv1.3 .*unverified"' "$mailnode" "$id2"

# A server whose TLS is broken: first TLS again, later in clear, and it shows;
# never where TLS is required.
hop_rules 'tls tls-close'
id=$(send broken@mx.test)
ids=$(send broken@strict.test)
ok 'broken TLS: not at once in clear' wait_for \
    'story "$id" | grep -q TLS && [ "$(field "$id" fate)" = waiting ]'
ok 'required and broken: waits' wait_for 'story "$ids" | grep -q TLS'
got=$(hop_count)
fresh=$(send fresh@mx.test)
ok 'nor a fresh one' wait_for 'story "$fresh" | grep -q TLS'
mn queue retry "$ids"
mn queue retry "$id"
ok 'at the second attempt in clear' is_fate "$id" sent
is 'one letter' "$(hop_count)" $((got + 1))
ok 'the queue says so' sh -c \
    '"$0" queue show "$1" | grep -q "tls none after TLS: "' "$mailnode" "$id"
ok 'and its story' sh -c '"$0" why "$1" | grep -q "sent .*tls=none after TLS"' \
    "$mailnode" "$id"
ok 'required: tried again, in vain' wait_for '[ "$(field "$ids" attempts)" = 2 ]'
is 'it waits' "$(field "$ids" fate)" waiting
is 'the fresh one too' "$(field "$fresh" fate)" waiting
mn queue drop "$ids"; mn queue drop "$fresh"
hop_rules

for d in plain null loop noaddr nosuch trouble strict; do
	eval "id_$d=\$(send x@$d.test)"
done
ok 'no MX: the address of the domain' is_fate "$id_plain" sent
ok 'null MX' is_fate "$id_null" failed
ok 'says so' sh -c 'case "$0" in *5.1.10*) ;; *) false; esac' "$(story "$id_null")"
ok 'ourselves: a loop' is_fate "$id_loop" failed
ok 'says so' sh -c 'case "$0" in *5.4.6*) ;; *) false; esac' "$(story "$id_loop")"
ok 'servers without address' is_fate "$id_noaddr" failed
ok 'no such domain' is_fate "$id_nosuch" failed
ok 'DNS trouble' wait_for '[ "$(field "$id_trouble" attempts)" -ge 1 ]' 40
is 'waits' "$(field "$id_trouble" fate)" waiting
ok 'TLS is required' wait_for '[ "$(field "$id_strict" attempts)" -ge 1 ]'
is 'and not verified: it waits' "$(field "$id_strict" fate)" waiting
ok 'says so' sh -c 'case "$0" in TLS*) ;; *) false; esac' "$(story "$id_strict")"
mn queue drop "$id_trouble"
mn queue drop "$id_strict"

# Time goes by.
hop_rules 'mail 451 4.3.0 not today'
id=$(send late@plain.test)
ok 'deferred' wait_for '[ "$(field "$id" attempts)" -ge 1 ]'
ok 'no notice yet' fails sh -c 'cat "$0"/Mail/INBOX/*/* | grep -q ^Action:.delayed' "$node"
age() { node_stop && sqlite3 "$MAILNODE_HOME/node.db" "UPDATE queue_letter
    SET created = created - $1; UPDATE queue_rcpt SET due = due - $1" &&
    node_start && unlock; }
ok 'four hours later' age 15000
ok 'a notice of the delay' wait_for 'inbox | grep -q "^Action: delayed"' 20
n=$(field "$id" attempts)
mn queue retry "$id"
ok 'once more' wait_for "[ \"\$(field $id attempts)\" -gt $n ]"
is 'only one notice' "$(inbox | grep -c '^Action: delayed')" 1
is 'it waits' "$(field "$id" fate)" waiting
ok 'five days later' age 432000
ok 'it expires' is_fate "$id" expired
ok 'with a notice' wait_for 'inbox | tr -d "\r" | grep -A1 "^Final-Recipient: rfc822; late@" | grep -q "^Action: failed"'
hop_rules

# The door of other users of this machine.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 711 "$tmp" "$node" "$node/build"
	cat >"$tmp/mail" <<-END
	From: liar@elsewhere.test
	Sender: other@elsewhere.test
	To: you@plain.test
	Subject: from nobody

	text
	END
	mkdir "$tmp/nobody" && chown 65534 "$tmp/nobody"
	before=$(hop_count)
	# shellcheck disable=SC2016
	as_nobody() { env -u MAILNODE_HOME HOME="$tmp/nobody" setpriv \
	    --reuid 65534 --regid 65534 --clear-groups "$@"; }
	ok 'another user submits' sh -c 'env -u MAILNODE_HOME HOME="$1" setpriv \
	    --reuid 65534 --regid 65534 --clear-groups "$2" -t -i <"$3"' - \
	    "$tmp/nobody" "$node/build/sendmail" "$tmp/mail"
	ok 'it leaves' hop_has $((before + 1))
	n=$((before + 1))
	is 'his name is in the sender' "$(hop_env $n mail | cut -d' ' -f2)" \
	    'FROM:<me+nobody@node.test>'
	is 'and in From' "$(tr -d '\r' <"$hop/msg.$n" | grep ^From:)" \
	    'From: nobody <me+nobody@node.test>'
	ok 'what he said is gone' fails grep -q elsewhere "$hop/msg.$n"
	# Cron writes to the user's name, or to root.
	ok 'mail to a user of this machine' sh -c 'printf "To: root\n\n%s\n" \
	    "$2" | env -u MAILNODE_HOME HOME="$0" setpriv --reuid 65534 \
	    --regid 65534 --clear-groups "$1" -i root nobody nouserhere' \
	    "$tmp/nobody" "$node/build/sendmail" 'out of cron'
	ok 'is the owner'"'"'s' wait_for 'inbox | grep -q "^out of cron"'
	ok 'as what it is' wait_for 'mn why me+root@node.test | grep -q " filed "'
	ok 'but not to who is none' wait_for \
	    'inbox | grep -q "rfc822; nouserhere@node.test"'
	said=$(env -u MAILNODE_HOME HOME="$tmp/nobody" setpriv --reuid 65533 \
	    --regid 65533 --clear-groups "$node/build/sendmail" -i root \
	    <"$tmp/mail" 2>&1); rc=$?
	is 'who is not in the list hears so' "$rc $said" "77 mailnode: sendmail: $door: this user is not in local_uids[] of config.h"
	ok 'he sees no queue' fails as_nobody "$mailnode" queue
	is 'by mailq neither, which says why' \
	    "$(as_nobody "$node/build/sendmail" -bp 2>&1)" \
	    "mailnode: sendmail: queue: it is for the owner of the node alone"
	said=$(printf 'MAIL FROM:<x@elsewhere.test>\nRCPT TO:<root>\nRCPT TO:<root@localhost>\nDATA\nFrom: x@elsewhere.test\nSubject: talk\n\nout of php\n.\nQUIT\n' |
	    as_nobody "$node/build/sendmail" -bs | tr -d '\r' | cut -c1-9 | xargs)
	is 'he hands in by a dialogue, too' "$said" \
	    '220 mail. 250 2.1.0 501 5.5.4 250 2.1.5 354 end w 250 2.0.0 221 2.0.0'
	ok 'which is filed' wait_for 'inbox | grep -q "^out of php"'
	# One link to keeper each, and more of them by one connection.
	cat >"$tmp/crowd" <<-'END'
	import array, socket, struct, sys
	def door():
	    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	    s.connect(sys.argv[1])
	    return s
	def link(s):
	    try:
	        s.send(struct.pack("=HHII", 0x0a04, 0, 1, 0))
	        data, anc, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(4))
	    except OSError:
	        return None
	    if not data or not anc:
	        return None
	    return socket.socket(fileno=array.array("i", anc[0][2])[0])
	def alive(s, seconds):
	    s.settimeout(seconds)
	    try:
	        return s.recv(1) != b""
	    except (TimeoutError, BlockingIOError):
	        return True
	    except OSError:
	        return False
	one = door()
	links = [link(one) for i in range(40)]
	print("links", sum(not alive(l, 20) for l in links[32:]),
	    alive(links[31], 0))
	doors = [door() for i in range(80)]
	print("doors", sum(link(d) is not None for d in doors))
	END
	is 'he has so many connections, and so many ways to keeper' \
	    "$(as_nobody "$python" - "$door" <"$tmp/crowd")" 'links 8 True
doors 31'
	ok 'and when they end others' wait_for 'sh -c "env -u MAILNODE_HOME \
	    HOME=$tmp/nobody setpriv --reuid 65534 --regid 65534 \
	    --clear-groups $node/build/sendmail -t -i <$tmp/mail"'
	ok 'and no copy in Sent was made' fails sh -c \
	    'cat "$0"/Mail/Sent/*/* | grep -q "from nobody"' "$node"
fi

# node.db is lost: what was queued comes back, held.
hop_rules 'mail 451 4.3.0 not today'
id=$(send lost@plain.test)
ok 'queued' wait_for '[ "$(field "$id" attempts)" -ge 1 ]'
node_stop
rm -f "$MAILNODE_HOME"/node.db*
hop_rules
before=$(hop_count)
ok 'starts without it' node_start
unlock
is 'held' "$(field "$id" state)" held
is 'not sent' "$(hop_count)" "$before"
ok 'release' mn queue release "$id"
ok 'sent' is_fate "$id" sent
node_stop
done_testing
