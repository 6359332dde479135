#!/bin/sh
# While the DNS is unavailable the queue pauses: letters wait, no try is
# counted, status says so, and afterwards they go out by themselves.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start --tls starttls
zone() { echo 'mx.test MX 5 one.mx.test.'; echo 'one.mx.test A 127.0.0.1'; }
{ zone; echo '* ! servfail'; } >"$tmp/zone"
dns_start || exit 1
node_use a
node_config relays "{ { \"mx\", \"mx:$hop_port\", CONF_STARTTLS, NULL, \"*\",
    \"*\", NULL } }" resolvers "{ { \"$dns\", 0 } }" || exit 1
node_build && node_init && node_start && unlock || exit 1
port=$(node_port smtp)
field() { mn queue show -j "$1" | "$python" -c '
import json, sys
l = json.load(sys.stdin); l.update(l["rcpt"][0]); print(l[sys.argv[1]])' "$2"; }

# Strangers' names fail until the breaker opens.
n=0
until mn status | grep -q 'DNS resolver' || [ $n -ge 30 ]; do
	n=$((n + 1)); swaks --silent 3 --server 127.0.0.1 --port "$port" \
	    --from "a@x$n.test" --to me@node.test >/dev/null 2>&1
done
ok 'status says that there is no DNS' eval 'mn status | grep -q "DNS resolver"'
id=$(printf 'Subject: test\n\ntext\n' | mn send -v -i u@mx.test)
ok 'a letter waits for it' wait_for \
    'field "$id" reply | grep -q "4.4.3"' 20
is 'nothing was tried' "$(field "$id" fate) $(field "$id" attempts)" 'waiting 0'
zone >"$tmp/zone.new"; mv "$tmp/zone.new" "$tmp/zone"
ok 'the DNS is back' wait_for '! mn status | grep -q "DNS resolver"' 40
mn queue retry "$id"
ok 'it goes out' wait_for '[ "$(field "$id" fate)" = sent ]' 20
is 'by one try' "$(field "$id" attempts)" 1
node_stop
done_testing
