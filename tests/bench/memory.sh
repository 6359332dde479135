#!/bin/sh
# Idle memory of the whole daemon and of each idle TLS connection.
. "$(dirname "$0")/node.sh"

bench_node && node_start || exit 1
"$python" tests/bench/memory.py "$(node_port smtp)" "$(cat "$node/serve.pid")"
rc=$?
node_stop
exit $rc
