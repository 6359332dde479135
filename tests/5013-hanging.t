#!/bin/sh
# Next hops that take a connection and then say nothing, for minutes: what is
# for others goes out meanwhile, and no try of those is counted before time.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start
{
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "mute$i.test MX 5 mx.mute.test."
	done
	echo 'mx.mute.test A 127.0.0.3'
	echo 'good.test MX 5 mx.good.test.'
	echo 'mx.good.test A 127.0.0.1'
} >"$tmp/zone"
dns_start || exit 1
cat >"$tmp/mute.py" <<'END'
import socket, sys, select
s = socket.create_server(('127.0.0.3', int(sys.argv[1])), backlog=64)
open(sys.argv[2], 'w').write('x')
held = []
while True:
    # Until there is a third file: then it hangs up.
    if select.select([s], [], [], 0.2)[0]:
        held.append(s.accept()[0])
        open(sys.argv[2], 'a').write('x')
    try:
        open(sys.argv[3])
        s.close()
        break
    except OSError:
        pass
END
"$python" "$tmp/mute.py" "$hop_port" "$tmp/came" "$tmp/enough" & at_exit $!
wait_for '[ -s "$tmp/came" ]' || exit 1
came() { wait_for "[ \$(wc -c <'$tmp/came') -gt $1 ]" "${2:-20}"; }

node_use a
node_config relays "{ { \"mx\", \"mx:$hop_port\", CONF_PLAIN, NULL, \"*\",
    \"*\", NULL } }" resolvers "{ { \"$dns\", 0 } }" || exit 1
node_build && node_init && node_start && unlock || exit 1
send() { printf 'Subject: test\n\ntext\n' | mn send -v -i "$@"; }
field() { mn queue show -j "$1" | "$python" -c '
import json, sys
l = json.load(sys.stdin); l.update(l["rcpt"][0]); print(l[sys.argv[1]])' "$2"; }

# Many letters of one destination.
for i in $(seq 90); do last=$(send "u$i@mute1.test"); done
ok 'two connections' came 2
good=$(send u@good.test)
ok 'a letter behind them goes out' wait_for '[ "$(field "$good" fate)" = sent ]' 60
is 'those wait' "$(field "$last" fate) $(field "$last" attempts)" 'waiting 0'

# As many destinations as processes, twice.
for i in 2 3 4 5 6 7 8 9; do send "u@mute$i.test"; done >"$tmp/ids"
ok 'a connection to each' came 10 60
good=$(send u@good.test)
ok 'another goes out' wait_for '[ "$(field "$good" fate)" = sent ]' 60
id=$(tail -1 "$tmp/ids")
is 'the last of them waits' "$(field "$id" fate) $(field "$id" attempts)" 'waiting 0'

>"$tmp/enough"
ok 'when they hang up, each has had its try' wait_for \
    '[ "$(field "$id" attempts)" = 1 ]' 20
ok 'who was put off follows' wait_for '[ "$(field "$last" attempts)" = 1 ]' 60
ok 'stops' node_stop
done_testing
