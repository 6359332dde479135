#!/bin/sh
# One daemon a node; what it starts, starts again and stops.
. tests/lib.sh
# A SIGSEGV must end a role as such.
[ -z "${SAN-}" ] || ASAN_OPTIONS=$ASAN_OPTIONS:handle_segv=0

# field NAME: of the first line of status
field() { mn status -j | sed -n "1s/.*\"$1\":\([^,}]*\).*/\1/p"; }
role_pid() { pgrep -x -P "$(field pid)" "mn-$1" | head -1; }
count() { mn status -j | grep -c "$1"; }

node_use a
node_config && node_build
node_init || { echo "1..0 # SKIP no init"; exit 0; }
node_start

ok "status answers" mn status -j
is "not a local node" "$(field local)" false
ok "ready" wait_for '[ "$(field ready)" = true ]'

# A newer one is installed over it: what runs is told from it.
is "it runs this program" "$(field same_program)" true
conf_set "$node/config.h" realname '"Another"'
cp "$mailnode" "$tmp/old" && rm "$mailnode" && node_build
is "installed anew: another one runs" "$(field same_program)" false
ok "and is named" sh -c '"$0" status | grep -q "^program  ANOTHER ONE RUNS"' \
    "$mailnode"
mv "$tmp/old" "$mailnode"

out=$(mn serve 2>&1); rc=$?
is "a second daemon is refused" "$rc" 1
ok "and says why" test "${out#*a daemon runs here already}" != "$out"

old=$(role_pid resolver)
kill -KILL "$old"
ok "a role that dies is started again" \
    wait_for '[ -n "$(role_pid resolver)" ] && [ "$(role_pid resolver)" != "$old" ]'

old=$(role_pid vault)
kill -SEGV "$old"
ok "a crash is an alarm" \
    wait_for 'mn status -j | grep -q "vault ended by SIGSEGV"'
ok "and is counted" sh -c 'mn() { "$0" "$@"; }; mn status -j |
    grep -q "\"role\":\"vault\".*\"crashes\":1"' "$mailnode"

is "doors are named" "$(mn status | sed -n 's/^doors //p')" \
    "   smtp 127.0.0.1:$(node_port smtp)"
is "and as JSON" "$(mn status -j | grep '"door"')" \
    "{\"type\":\"door\",\"service\":\"smtp\",\"tls\":\"starttls\",\"address\":\"127.0.0.1\",\"port\":$(node_port smtp)}"
for args in -V --version; do
	is "mailnode $args is that of CHANGES" "$(mn $args)" \
	    "mailnode $(sed -n 's/^\([0-9][0-9.]*\).*/\1/p' CHANGES | head -1)"
done

# It leads a session of its own (node_start).
sid=$(field pid)
ok "roles run" test "$(pgrep -c -s "$sid")" -gt 2
ok "it stops" node_stop
ok "no process is left" fails pgrep -s "$sid"
node_start
kill -STOP "$(pgrep -s "$(field pid)" -f 'role indexer')"
ok "an indexer that is busy does not hold it up" node_stop
node_start
sid=$(field pid)
: >"$node/log"
# Of an INT the shell has told it not to know.
pkill -HUP -s "$sid"
ok "a hangup, which all get, stops it" wait_for '! pgrep -s "$sid"'
is "by rank: none dies of it" "$(grep -c 'signal=' "$node/log")" 0
ok "and says so" grep -q 'event=stop status=0' "$node/log"
rm -f "$node/serve.pid"
mn status >/dev/null 2>&1; rc=$?
is "status without a daemon fails" "$rc" 1
mn search '*' >/dev/null 2>&1	# what it started stays for a moment
out=$(mn status 2>&1); rc=$?
is "nor is that a daemon" "$rc" 1
ok "which is said" test "${out#*NO DAEMON*}" != "$out" -o "${out#*no daemon}" != "$out"
done_testing
