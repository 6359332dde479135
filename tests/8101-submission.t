#!/bin/sh
# Submission on 465 and 587, by programs that are not ours.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh
. tests/device.sh
device_node || exit 1
user=me@node.test
tls=$(sub_port tls) starttls=$(sub_port starttls)

letter()
{
	printf '%s\n' 'From: Me <me@node.test>' 'To: you@far.test' \
	    'Bcc: blind@far.test' 'X-Mailer: Secret 1.0' \
	    'User-Agent: Secret' 'X-Originating-IP: [10.1.2.3]' \
	    'Received: from phone by cafe.test; Mon, 1 Jan 2024 00:00:00 +0000' \
	    "Message-ID: <${1-$$}@node.test>" "Subject: ${1-one}" '' text
}
# The answer of swaks's last command; ARGS...
sw()
{
	swaks --server 127.0.0.1 --helo client.test --hide-informational \
	    --auth-user "$user" --auth-password "$pw" --from "$user" \
	    --to you@far.test --suppress-data "$@" >"$node/swaks" 2>&1
}
said() { grep -q "^<.. *$1" "$node/swaks"; }
py()	# MODE MECH [FROM [TO...]]
{
	mode=$1 mech=$2; shift 2
	from=${1-$user}
	[ $# -eq 0 ] || shift
	case $mode in tls) p=$tls ;; *) p=$starttls ;; esac
	"$python" tests/tools/submit.py "$p" "$mode" "$mech" "$user" \
	    "${secret-$pw}" "$from" "${@:-you@far.test}"
}

ok 'a device' device_add phone
ok '465, PLAIN: swaks' sw --port "$tls" --tlsc --auth PLAIN
ok 'offered after TLS' said '250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN'
for e in 'SIZE 52428800' 8BITMIME SMTPUTF8 PIPELINING ENHANCEDSTATUSCODES; do
	ok "EHLO has $e" said "250-$e"
done
ok 'no STARTTLS inside TLS' fails said 250-STARTTLS
ok 'arrives' hop_has 1
ok '587, LOGIN: swaks' sw --port "$starttls" --tls --auth LOGIN
ok 'arrives' hop_has 2
ok '587 offers no login before TLS' eval 'sw --port "$starttls" --quit EHLO; ! said 250-AUTH'
ok '… and STARTTLS' said 250-STARTTLS
n=2
for mech in PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS; do
	for mode in tls starttls; do
		ok "$mech, $mode: GNU SASL" eval 'letter "$mech$mode" | py $mode $mech'
		n=$((n + 1))
	done
done
ok 'SCRAM-SHA-256-PLUS by the end point' eval 'letter ep | py tls end-point'
n=$((n + 1))
ok 'all of them arrive' hop_has "$n"
ok 'bound to another connection: refused' eval \
    '! TWIST=1 py tls SCRAM-SHA-256-PLUS >"$node/o"'
ok '… with 535' grep -q '^535 5.7.8 .*another connection' "$node/o"

cat >"$node/msmtprc" <<M
account default
host 127.0.0.1
port $tls
tls on
tls_starttls off
tls_certcheck off
auth on
user $user
password $pw
from $user
M
chmod 600 "$node/msmtprc"
ok 'msmtp, by the best it knows' eval 'letter msmtp | msmtp -C "$node/msmtprc" you@far.test'
ok 'curl' eval 'letter curl >"$node/l"; curl -sS -k --url "smtps://127.0.0.1:$tls" \
    --user "$user:$pw" --mail-from "$user" --mail-rcpt you@far.test --crlf -T "$node/l"'
ok 'smtplib' "$python" - "$starttls" "$user" "$pw" <<'P'
import smtplib, ssl, sys
s = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = 0
s.starttls(context=c)
s.login(sys.argv[2], sys.argv[3])
m = 'From: me@node.test\r\nTo: a@far.test\r\nSubject: smtplib\r\n\r\nhi\r\n'
assert s.sendmail(sys.argv[2], ['a@far.test', 'b@far.test'], m) == {}
s.quit()
P
ok 's_client' eval 'printf "EHLO a\nQUIT\n" | openssl s_client -quiet -crlf -starttls smtp \
    -ign_eof -connect "127.0.0.1:$starttls" 2>/dev/null | grep -q "^250-AUTH SCRAM"'
n=$((n + 3))
ok 'all of them arrive' hop_has "$n"

# ---- what leaves, and what does not ----
f=$(grep -l 'Subject: msmtp' "$hop"/msg.* | head -1)
ok 'a letter left' [ -n "$f" ]
for h in Bcc X-Mailer User-Agent X-Originating-IP Received; do
	ok "without $h" fails grep -qi "^$h:" "$f"
done
ok 'nor the address of the client' fails grep -q '127\.0\.0\.1\|10\.1\.2\.3' "$f"
ok 'with its Message-ID' grep -q '^Message-ID: <msmtp@node.test>' "$f"
id=$(mn queue list -aj | "$python" -c '
import json, sys
for l in sys.stdin:
    r = json.loads(l)
    if r["subject"] == "msmtp": print(r["id"])')
ok 'its story names the device' eval 'mn why "$id" | grep -q "submit.*device=phone"'
ok 'and its fate' wait_for 'mn why "$id" | grep -q "sent .*you@far.test"'
ok 'a copy in Sent' wait_for 'grep -rql "Subject: msmtp" "$node/Mail/Sent"'
is '… one' "$(grep -rl 'Subject: msmtp' "$node/Mail/Sent" | wc -l)" 1

# ---- once ----
ok 'again, the same' eval 'letter again | py tls PLAIN >"$node/o"'
first=$(sed 's/.*: //' "$node/o")
ok 'is the same letter' eval 'letter again | py starttls SCRAM-SHA-256 | grep -q "before as: $first"'
bare() { letter alarm | grep -v '^Message-ID'; }
ok 'one without a Message-ID' eval 'bare | py tls PLAIN | grep -q "queued as"'
ok '… and one more like it: another' eval 'bare | py tls PLAIN | grep -q "queued as"'
ok 'in another order, too' eval 'letter two | py tls PLAIN "$user" a@far.test b@far.test >/dev/null &&
    letter two | py tls PLAIN "$user" b@far.test a@far.test | grep -q "before as"'
ok 'to somebody else: another' eval 'letter two | py tls PLAIN "$user" c@far.test | grep -q "queued as"'
ok 'another text, same Message-ID: another' eval '{ letter again; echo more; } |
    py tls PLAIN | grep -q "queued as"'
old=$pw
ok 'a second device' device_add tablet --qr none
ok 'the same from there: another' eval 'letter again | py tls PLAIN | grep -q "queued as"'
pw=$old
ok 'what was dropped may come again' eval 'device_add slow --qr none --undo 600 &&
    letter drop | py tls PLAIN >"$node/o" &&
    mn queue drop "$(sed "s/.*: //" "$node/o")" &&
    letter drop | py tls PLAIN | grep -q "queued as"'
ok 'the undo window of the device' eval 'mn queue list | grep -q active'
pw=$old

# ---- refusals ----
refused()	# NAME REPLY COMMAND...
{
	name=$1 reply=$2; shift 2
	"$@" >"$node/o" 2>&1
	is "$name: refused" "$?" 1
	ok "$name: $reply" grep -q "^$reply" "$node/o"
}
p_from() { printf 'From: %s\nTo: a@far.test\n\nx\n' "$1" | py tls PLAIN; }
p_env() { letter x | py tls PLAIN "$1" "${2-you@far.test}"; }
refused 'a sender of others' '553 5.7.1 the sender' p_env you@far.test
refused 'the null sender' '553 5.7.1' p_env ''
refused 'an author of others' '550 5.7.1 From is none of your addresses: you@far.test' p_from you@far.test
p_field() { printf 'From: me@node.test\n%s\nTo: a@far.test\n\nx\n' "$1" | py tls PLAIN; }
for f in Sender Resent-From Resent-Sender; do
	refused "$f of others" '550 5.7.1 Sender or Resent-From is none of your addresses: you@far.test' \
	    p_field "$f: me@node.test, You <you@far.test>"
done
refused 'a Sender that is none' '550 5.6.0 Sender' p_field 'Sender: a b c'
refused 'two authors' '550 5.6.0 From' p_from 'me@node.test, you@far.test'
refused 'no such address here' '550 5.1.1' p_env "$user" nobody@node.test
refused 'an address literal' '550 5.1.2' p_env "$user" 'a@[127.0.0.1]'
pw=wrong
refused 'a wrong secret' '535 5.7.8 .*the name or the secret is wrong' py tls PLAIN
refused 'by SCRAM' '535 5.7.8' py tls SCRAM-SHA-256
pw=$old
user=you@node.test
refused 'a wrong name' '535 5.7.8' py tls PLAIN
user=me@node.test
ok 'they are told of' wait_for 'mn why nobody@node.test | grep -q " denied *nobody@node.test 550 5.1.1"'
refused_in() { mn status -j | grep -o '"type":"store".*' |
    sed -n 's/.*"refused":\([0-9]*\).*/\1/p'; }
is 'as no mail from outside' "$(refused_in)" 0
ok 'a subaddress is ours' eval 'letter sub | py tls PLAIN me+tag@node.test'
user=me+phone@node.test
ok 'the device by its name' eval 'letter named | py tls PLAIN me@node.test'
user=me@node.test
raw() { "$python" tests/tools/say.py "$tls" tls "$@" >"$node/raw"; }
clear() { "$python" tests/tools/say.py "$starttls" clear "$@" >"$node/raw"; }
clear 'EHLO a' 'AUTH PLAIN AG1lAHg=' 'MAIL FROM:<me@node.test>' 'QUIT'
ok 'a login in clear: 538' grep -q '^538 5.7.11 say STARTTLS' "$node/raw"
ok 'mail in clear: 530' grep -q '^530 5.7.0 say STARTTLS' "$node/raw"
raw 'EHLO a' 'MAIL FROM:<me@node.test>' 'AUTH CRAM-MD5' \
    'AUTH PLAIN !!' 'AUTH PLAIN =' 'AUTH LOGIN' '*' 'QUIT'
ok 'mail before the login: 530' grep -q '^530 5.7.0 log in first' "$node/raw"
ok 'no such mechanism: 504' grep -q '^504 5.5.4' "$node/raw"
ok 'not base64: 501' grep -q '^501 5.5.4 AUTH mechanism' "$node/raw"
ok 'no message of it: 501' grep -q '^501 5.5.2' "$node/raw"
ok 'given up: 501' grep -q '^501 5.7.0 the login was given up' "$node/raw"
plain=$(printf '\0%s\0%s' "$user" "$pw" | base64 -w0)
raw "AUTH PLAIN $plain" 'EHLO a' "AUTH PLAIN $plain" "AUTH PLAIN $plain" QUIT
ok 'before EHLO: 503' grep -q '^503 5.5.1 say EHLO' "$node/raw"
ok 'then: 235' grep -q '^235 2.7.0 welcome: phone' "$node/raw"
ok 'twice: 503' grep -q '^503 5.5.1 you are logged in' "$node/raw"
raw 'EHLO a' 'AUTH PLAIN AG1lAHg=' 'AUTH PLAIN AG1lAHg=' 'AUTH PLAIN AG1lAHg=' \
    "AUTH PLAIN $plain" 'NOOP'
is 'three tries' "$(grep -c '^535' "$node/raw")" 3
"$python" tests/tools/say.py "$(node_port smtp)" clear 'EHLO a' \
    'AUTH PLAIN AG1lAHg=' QUIT >"$node/raw"
ok 'port 25 offers no login' fails grep -q '^250-AUTH' "$node/raw"
ok '… and has none' grep -q '^503 5.5.1 there is no login' "$node/raw"

# ---- scopes ----
ok 'one that only reads' device_add reader --read --qr none
refused 'may not send' '550 5.7.1 this device may not send' py tls PLAIN
ok 'one that only sends' device_add sender --send --qr none
ok 'may send' eval 'letter send | py tls PLAIN'
ok 'one from elsewhere' device_add cafe --from 192.0.2.0/24 --qr none
refused 'not from here' '535 5.7.8 .*from there' py tls PLAIN

# ---- locked ----
pw=$old
ok 'lock' mn vault lock
refused 'a locked vault' '454 4.7.0 .*unlocks the vault' py tls PLAIN
refused 'by SCRAM' '454 4.7.0' py tls SCRAM-SHA-256-PLUS
unlock
ok 'unlocked' eval 'letter unlocked | py tls PLAIN'

# ---- keeper and vault start again ----
pkill -KILL -s "$(cat "$node/serve.pid")" -x mn-vault
wait_for '[ "$(grep -c "role=vault.*event=vault boot=1" "$node/log")" -ge 2 ]'
wait_for 'unlock' || diag unlock
ok 'after the vault was killed' eval 'letter vault2 | py tls PLAIN'
pkill -KILL -s "$(cat "$node/serve.pid")" -x mn-keeper
ok 'after keeper was killed' wait_for 'letter keeper2 | py tls PLAIN' 5
done_testing
