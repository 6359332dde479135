#!/bin/sh
# The client beside neomutt and aerc on the same mail; alone on a million
# rows; and how soon a delivery is seen.
. "$(dirname "$0")/node.sh"

bench_node || exit 1
for count in ${COUNTS:-10000}; do
	rm -rf "$node/Mail/INBOX" "$tmp/letters"
	"$python" tests/bench/letters.py "$tmp/letters" "$count" 4600000
	mn import "$tmp/letters" >"$tmp/import.log" 2>&1 ||
	    { cat "$tmp/import.log"; exit 1; }
	mkdir -p "$tmp/aerc/aerc"
	printf '[bench]\nsource = maildir://%s\ndefault = letters\nfrom = Me <me@node.test>\n' \
	    "$tmp" >"$tmp/aerc/aerc/accounts.conf"
	chmod 600 "$tmp/aerc/aerc/accounts.conf"
	printf 'set header_cache=%s folder=%s sort=reverse-date quit=yes\n' \
	    "$tmp/mutt.cache" "$tmp" >"$tmp/muttrc"
	"$python" tests/bench/client.py "${ROUNDS:-3}" "$count" \
	    "mailnode=$mailnode" \
	    "neomutt=neomutt -n -F $tmp/muttrc -f $tmp/letters" \
	    "aerc=env XDG_CONFIG_HOME=$tmp/aerc aerc"
done

# Deliveries, with the daemon; the letters are new to it.
bench_name=busy
bench_node || exit 1
node_start || exit 1
"$python" tests/bench/letters.py "$tmp/more" 10000
"$python" tests/bench/arrive.py "$(node_port smtp)" "$mailnode" "$mailnode" \
    "$tmp/more"
node_stop

# Rows alone: keeper makes the tables, SQL fills them.
bench_name=rows
bench_node || exit 1
mn search '*' >/dev/null 2>&1
"$python" tests/bench/rows.py "$node/home/store.db" "${ROWS:-1000000}" || exit 1
"$python" tests/bench/client.py "${ROUNDS:-3}" 0 "mailnode=$mailnode"
