#!/bin/sh
# Whom a password and a letter are given to, and whom not.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_cert good localhost 30 && hop_cert wrong elsewhere.test 30 || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$tmp/old.key" -out "$tmp/old.pem" -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -not_before 20200101000000Z \
    -not_after 20200201000000Z 2>/dev/null ||
    faketime '2020-01-01' openssl req -x509 -newkey ec \
    -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tmp/old.key" \
    -out "$tmp/old.pem" -days 5 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null || rm -f "$tmp/old.pem"
pin() { openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin \
    -outform DER | sha256sum | cut -d' ' -f1; }

# hop NAME ARGS...: one server for each case; its port in $tmp/port.NAME
hop_named() { name=$1; shift; hop_start "$@" || exit 1
	echo "$hop" >"$tmp/dir.$name"; cp "$hop/port" "$tmp/port.$name"; }
all=PLAIN,LOGIN,SCRAM-SHA-256
hop_named good --tls starttls "$tmp/good.pem" "$tmp/good.key" --auth "$all" u 'p w'
hop_named implicit --tls tls "$tmp/good.pem" "$tmp/good.key" --auth "$all" u 'p w'
hop_named wrong --tls starttls "$tmp/wrong.pem" "$tmp/wrong.key" --auth "$all" u 'p w'
hop_named plain --auth "$all" u 'p w'
hop_named onlyplain --tls starttls "$tmp/good.pem" "$tmp/good.key" --auth PLAIN u 'p w'
hop_named onlylogin --tls tls "$tmp/good.pem" "$tmp/good.key" --auth LOGIN u 'p w'
hop_named scram --tls tls "$tmp/good.pem" "$tmp/good.key" --auth SCRAM-SHA-256 u 'p w'
hop_named liar --tls tls "$tmp/good.pem" "$tmp/good.key" --auth SCRAM-SHA-256 u 'p w'
hop_rules 'scram lie'
hop_named skips --tls tls "$tmp/good.pem" "$tmp/good.key" --auth SCRAM-SHA-256 u 'p w'
hop_rules 'scram skip'
hop_named weak --tls tls "$tmp/good.pem" "$tmp/good.key" --auth SCRAM-SHA-256 u 'p w'
hop_rules 'scram weak'
hop_named busy --tls tls "$tmp/good.pem" "$tmp/good.key" --auth PLAIN u 'p w'
hop_rules 'auth 454 4.7.0 Temporary authentication failure'
hop_named none --tls tls "$tmp/good.pem" "$tmp/good.key" --auth XOAUTH2 u 'p w'
[ -e "$tmp/old.pem" ] &&
    hop_named old --tls starttls "$tmp/old.pem" "$tmp/old.key" --auth "$all" u 'p w'

# A line of relays[]: NAME HOP TLS ENTRY TRUST
line() { port=$(cat "$tmp/port.$2"); printf '{ "%s", "localhost:%s", %s, %s, "*", "*@%s.test", %s },\n' \
    "$1" "$port" "$3" "$4" "$1" "$5"; }
login='"relay/hop"' ca="\"$tmp/good.pem\""
relays=$(
	line good good CONF_STARTTLS "$login" "$ca"
	line pin wrong CONF_STARTTLS "$login" "\"sha256:$(pin "$tmp/wrong.pem")\""
	line implicit implicit CONF_TLS "$login" "$ca"
	line onlyplain onlyplain CONF_STARTTLS "$login" "$ca"
	line onlylogin onlylogin CONF_TLS "$login" "$ca"
	line scram scram CONF_TLS "$login" "$ca"
	line wrongname wrong CONF_STARTTLS "$login" "\"$tmp/wrong.pem\""
	line untrusted good CONF_STARTTLS "$login" NULL
	line badpin good CONF_STARTTLS "$login" "\"sha256:$(pin "$tmp/wrong.pem")\""
	line notls plain CONF_STARTTLS "$login" "$ca"
	line plain plain CONF_PLAIN "$login" NULL
	line liar liar CONF_TLS "$login" "$ca"
	line skips skips CONF_TLS "$login" "$ca"
	line weak weak CONF_TLS "$login" "$ca"
	line busy busy CONF_TLS "$login" "$ca"
	line none none CONF_TLS "$login" "$ca"
	line noentry good CONF_STARTTLS '"relay/absent"' "$ca"
	line badca good CONF_STARTTLS "$login" '"/nonexistent.pem"'
	[ -e "$tmp/port.old" ] &&
	    line expired old CONF_STARTTLS "$login" "\"$tmp/old.pem\""
)
node_use a
node_config relays "{ $relays }" || exit 1
node_build && node_init || exit 1
node_start && unlock || exit 1
{ printf '%s\n' "$pass"; printf 'p w\n'; } >"$tmp/secret"
ok 'the login is set' sh -c '"$0" vault set relay/hop u --passphrase-stdin <"$1"' \
    "$mailnode" "$tmp/secret"

send() { printf 'Subject: test\n\ntext\n' | mn send -v -i "$@"; }
reply() { mn queue show -j "$1" | "$python" -c '
import json, sys
r = json.load(sys.stdin)["rcpt"][0]; print(r["fate"], r["reply"])'; }
tried() { wait_for "mn queue show $1 | grep -q attempts" 20; }

goes()	# NAME MECH
{
	id=$(send "a@$1.test")
	tried "$id"
	case $(reply "$id") in sent*) ;; *) reply "$id"; return 1 ;; esac
	d=$(cat "$tmp/dir.${3-$1}")
	grep -q "C AUTH $2" "$d/log"
}
stays()	# NAME REASON [HOP]
{
	id=$(send "a@$1.test")
	tried "$id"
	got=$(reply "$id")
	mn queue drop "$id"
	case $got in waiting*$2*) ;; *) echo "$got"; return 1 ;; esac
}
ok 'STARTTLS by a CA file, SCRAM first' goes good SCRAM-SHA-256
ok 'implicit TLS' goes implicit SCRAM-SHA-256
ok 'PLAIN if there is nothing better' goes onlyplain PLAIN
ok 'LOGIN if there is nothing else' goes onlylogin LOGIN
ok 'SCRAM alone' goes scram SCRAM-SHA-256
ok 'a pin needs no name' goes pin SCRAM-SHA-256 wrong
ok 'a wrong name' stays wrongname TLS
ok 'a CA that nobody trusts' stays untrusted TLS
ok 'a wrong pin' stays badpin TLS
[ -e "$tmp/port.old" ] && ok 'an expired certificate' stays expired TLS
ok 'no STARTTLS offered' stays notls STARTTLS
ok 'no password over a plain connection' stays plain 'no password'
ok 'a server that does not know the password' stays liar 'does not know'
ok 'a server that skips its proof' stays skips 'did not prove'
ok 'one that lets the password be guessed' stays weak 'challenge is none'
ok 'one that cannot check it now' stays busy 454
ok 'which is told' wait_for 'mn status | grep "relay busy: AUTH: 454" >"$tmp/alarm"'
ok 'and asks for no other password' fails grep -q 'vault set' "$tmp/alarm"
ok 'no mechanism that we know' stays none 'no mechanism'
ok 'an entry that is not in the vault' stays noentry 'AUTH'
ok 'and the alarm says what to do' wait_for 'mn status | grep -q \
    "relay noentry: AUTH: no such entry (mailnode vault set relay/"'
ok 'a CA file that is none' stays badca 'trust'
for name in wrong plain liar; do
	ok "the password never went to $name" fails grep -q "$(printf '\0u\0p w' |
	    base64)" "$(cat "$tmp/dir.$name")/log"
done
ok 'nor was it tried on what is plain' fails grep -q 'C AUTH' \
    "$(cat "$tmp/dir.plain")/log"
ok 'nor written anywhere' fails grep -rq 'p w' "$node/log" "$MAILNODE_HOME"

ok 'the attempt tells of TLS' sh -c \
    '"$0" queue -a | cut -d" " -f1 | while read i; do "$0" queue show $i; done | grep -q "tls TLSv1.3 .* verified"' "$mailnode"

# Locked: it waits, says why, and no attempt is used up.
ok 'lock' mn vault lock
id=$(send a@good.test)
ok 'the letter waits' wait_for "mn queue show $id | grep -q 'why.*vault is locked'"
ok 'no attempt is counted' fails sh -c '"$0" queue show "$1" | grep -q attempts' \
    "$mailnode" "$id"
ok 'status says so' sh -c '"$0" status | grep -q "vault is locked"' "$mailnode"
ok 'unlock' unlock
ok 'it leaves by itself' wait_for "case \$(reply $id) in sent*) ;; *) false ;; esac" 40
ok 'tried at once, not at the next look' sh -c '"$0" why "$1" | grep -q " retry "' \
    "$mailnode" "$id"
ok 'and the alarm is over' fails sh -c '"$0" status | grep -q "letters wait: the vault"' "$mailnode"
node_stop
done_testing
