#!/bin/sh
. tests/lib.sh
node_use a
node_config sessions_max 500 sessions_per_address 500 && node_build && node_init && node_start || exit 1
port=$(node_port smtp)
cpu() { for p in $(pgrep -s $(cat $node/serve.pid)); do echo "$(cat /proc/$p/comm) $(awk '{print $14+$15}' /proc/$p/stat)"; done; }
uptime
n=$2
s=$(date +%s.%N)
[ -n "${PERF-}" ] && { perf record -q -g -o /tmp/perf.data -p $(pgrep -s $(cat $node/serve.pid) | paste -sd,) -- sleep 8 & sleep 0.5; }
smtp-source $3 -s $1 -m $n -l ${4:-4096} -f a@example.net -t me@node.test 127.0.0.1:$port
e=$(date +%s.%N)
echo "accepted $(echo "$n/($e-$s)" | bc)/s"
wait_for '[ $(ls $node/Mail/INBOX/new | wc -l) -ge $n ]' 60
e=$(date +%s.%N)
echo "filed $(echo "$n/($e-$s)" | bc)/s"
cpu
wait_for 'mn status -j | grep -q "unindexed\":0"' 60
cpu | grep indexer
if [ -n "${PERF-}" ]; then :; fi
