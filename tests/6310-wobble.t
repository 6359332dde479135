#!/bin/sh
# The DNS wobbles under load, with the greylist on: timeouts, losses,
# SERVFAIL, slowness and garbage in turns.  Afterwards nothing waits, all
# that was sent came in once, and no correspondent was refused or kept
# waiting.  WOBBLE_S=600 makes it ten minutes instead of seconds.
. "$(dirname "$0")/lib.sh"

seconds=${WOBBLE_S:-8}
known=8 strangers=12
grey=$((seconds > 60 ? 10 : 2))
i=0
while [ $i -lt $known ]; do
	i=$((i + 1))
	echo "friend$i.test TXT \"v=spf1 ip4:127.0.$i.0/24 -all\""
	echo "friend$i.test TTL 2"
done >"$tmp/zone"
dns_start || exit 1
node_use n
node_config resolvers "{ { \"$dns\", 0 } }" greylist_s "$grey" || exit 1
node_build && node_init && node_start && node_stop || exit 1
"$python" - "$MAILNODE_HOME/node.db" $known <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for i in range(1, int(sys.argv[2]) + 1):
    db.execute("INSERT INTO history VALUES(4, 'ada@friend%d.test', 1, 0, 1)" % i)
db.commit()
END
node_start || exit 1
port=$(node_port smtp)
i=0
while [ $i -lt $known ]; do
	i=$((i + 1))
	swaks --silent 3 --server 127.0.0.1 --port "$port" --local-interface \
	    "127.0.$i.1" --from "ada@friend$i.test" --to me@node.test \
	    --header "From: <ada@friend$i.test>" \
	    --header "Message-Id: <first.$i@c.test>" || exit 1
done
"$python" tests/tools/wobble.py "$port" "$tmp/zone" "$seconds" "$grey" \
    $known $strangers >"$tmp/result"
cat "$tmp/result" | sed 's/^/# /'
value() { awk -v w="$1" -v f="$2" '$1 == w { print $f }' "$tmp/result"; }
sent=$(($(value sent 2) + $(value sent 4)))
ok 'there was load' [ "$sent" -gt $(($seconds * 4)) ]
ok 'and trouble' [ $(($(value deferred 2) + $(value deferred 4))) -gt 0 ]
is 'nobody was refused' "$(value refused 2)" 0
is 'no correspondent was put off' "$(value deferred 2)" 0
is 'nothing is left behind' "$(value left 2)" 0
in_store() { "$python" -c 'import sqlite3, sys
print(sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True).execute(
    "SELECT count(*) FROM msg").fetchone()[0])' "$MAILNODE_HOME/store.db"; }
wait_for '[ "$(in_store)" = $((sent + known)) ]' 20
is 'all came in, once' "$(in_store)" $((sent + known))
ok 'the spool is empty' wait_for 'mn status | grep -q "^spool *0 waiting"'
ok 'the DNS is well again' wait_for '! mn status | grep -q "DNS resolver"' 40
node_stop
done_testing
