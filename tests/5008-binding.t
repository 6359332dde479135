#!/bin/sh
# SCRAM-SHA-256-PLUS with the binding of TLS 1.3, against GNU SASL.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_cert hop localhost 30
# server NAME MECHS [LABEL]
server()
{
	mkdir "$tmp/$1"
	"$python" tests/tools/gsasld.py "$tmp/$1" "$tmp/hop.pem" \
	    "$tmp/hop.key" "$2" me 'p w' ${3+"$3"} 2>"$tmp/$1/err" &
	at_exit $!
	wait_for '[ -s "$tmp/'"$1"'/port" ]' || { cat "$tmp/$1/err"; exit 1; }
}
both=SCRAM-SHA-256,SCRAM-SHA-256-PLUS
server plus "$both"
server bare SCRAM-SHA-256
server strip SCRAM-SHA-256 EXPORTER-Channel-Binding
server middle "$both" EXPORTER-somebody-between
line() { printf '{ "%s", "localhost:%s", CONF_TLS, "relay/%s", "*", "*@%s.test", "%s" },\n' \
    "$1" "$(cat "$tmp/$1/port")" "${2-hop}" "$1" "$tmp/hop.pem"; }

node_use a
node_config relays "{ $(line plus) $(line bare) $(line middle) $(line strip) }" || exit 1
node_build && node_init && node_start && unlock || exit 1
login() { printf '%s\n%s\n' "$pass" "$1" |
    mn vault set relay/hop --passphrase-stdin me; }
send() { printf 'Subject: test\n\nto %s\n' "$1" | mn send -v -i "x@$1.test"; }
fate() { mn queue show -j "$1" | "$python" -c '
import json, sys
r = json.load(sys.stdin)["rcpt"][0]; print(r["fate"], r["reply"])'; }

ok 'a login' login 'p w'
for s in plus bare middle strip; do eval "$s=\$(send $s)"; done
ok 'with the binding' wait_for 'fate "$plus" | grep -q ^sent'
is 'GNU SASL checked it' "$(cat "$tmp/plus/log")" 'SCRAM-SHA-256-PLUS 0'
ok 'its letter' grep -q '^to plus$' "$tmp/plus/msg"
ok 'without, where it is not offered' wait_for 'fate "$bare" | grep -q ^sent'
is 'GNU SASL says so' "$(cat "$tmp/bare/log")" 'SCRAM-SHA-256 0'
ok 'somebody between us: no login' wait_for \
    'fate "$middle" | grep -q "^waiting .*AUTH"'
ok 'by the binding' grep -q '^SCRAM-SHA-256-PLUS [1-9]' "$tmp/middle/log"
ok 'and no letter' test ! -e "$tmp/middle/msg"
ok 'PLUS stripped from the offer: noticed' wait_for \
    'grep -q "^SCRAM-SHA-256 [1-9]" "$tmp/strip/log"'
ok 'and no letter either' test ! -e "$tmp/strip/msg"
node_stop
done_testing
