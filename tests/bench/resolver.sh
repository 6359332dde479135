#!/bin/sh
# Cached answers of the resolver's process, asked one after the other over a
# channel as a session does it: how many a second, and how many for a second of
# CPU time of both ends.
. "$(dirname "$0")/node.sh"

{
	echo 'a.test TXT "v=spf1 ip4:192.0.2.0/24 -all"'
	for i in $(seq 0 999); do
		echo "n$i.test A 192.0.2.1"
	done
} >"$tmp/zone"
dns_start || exit 1
bench_node resolvers "{ { \"$dns\", 0 } }" || exit 1
seq 0 999 | sed 's/.*/A n&.test/' >"$tmp/names"
"$python" tests/bench/resolver.py "$mailnode" "$tmp"
