#!/bin/sh
# What systemd hears of Type=notify, and what it does to us.
. "$(dirname "$0")/lib.sh"

# Keeps each datagram as a line.
cat >"$tmp/ear.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
open(sys.argv[2], 'w').close()
while True:
    with open(sys.argv[2], 'a') as f:
        f.write(s.recv(4096).decode().replace('\n', ' ') + '\n')
END
"$python" "$tmp/ear.py" "$tmp/notify" "$tmp/heard" &
at_exit $!
wait_for '[ -e "$tmp/heard" ]' || exit 1

node_use a
node_config && node_build && node_init || exit 1
said() { grep -c "$1" "$tmp/heard"; }
export NOTIFY_SOCKET="$tmp/notify"
ok 'starts' node_start
ok 'ready, said once the doors are open' wait_for '[ "$(said READY=1)" = 1 ]'
is 'not stopping' "$(said STOPPING=1)" 0
ok 'SIGTERM ends it well, as Restart=on-failure wants' node_stop
ok 'it said that it stops' wait_for '[ "$(said STOPPING=1)" = 1 ]'
is 'and was ready but once' "$(said READY=1)" 1

node_start
pid=$(cat "$node/serve.pid")
kill -KILL "$pid"
wait "$pid" 2>/dev/null
is 'killed: a failure, to be restarted' $? 137
ok 'nothing of it stays' wait_for '! pgrep -s "$pid" >/dev/null'
ok 'it starts again' node_start
ok 'and says so' wait_for '[ "$(said READY=1)" = 3 ]'
node_stop

NOTIFY_SOCKET=$tmp/nowhere
ok 'nobody hears: it runs all the same' node_start
ok 'and ends well' node_stop
done_testing
