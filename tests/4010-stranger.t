#!/bin/sh
# Bad input on port 25, against the daemon as it ships.
. "$(dirname "$0")/lib.sh"

node_use node
node_config || exit 1
node_build && node_init && node_start || exit 1
port=$(node_port smtp)

inbox() { find "$node/Mail/INBOX/new" "$node/Mail/INBOX/cur" -type f; }
with() { inbox | xargs -r grep -l "^Subject: $1" | wc -l; }

want=0
stores()	# how many messages a case stores
{
	case $1 in
	long_text_lines) echo 3 ;;
	always_accepted) echo 6 ;;
	nul_and_8_bits|many_recipients|memory|injection|loops|chunks) echo 1 ;;
	slow_ones|thousand) echo 1 ;;
	*) echo 0 ;;
	esac
}

stranger() { "$python" tests/tools/stranger.py "$port" "$1"; }
for c in $("$python" tests/tools/stranger.py list); do
	case $c in
	pipelined_nonsense) continue ;;
	guessing)	# Each error of these two costs them a second.
		stranger pipelined_nonsense >"$tmp/nonsense" 2>&1 &
		nonsense=$!
		ok "$c" stranger "$c"
		ok 'pipelined_nonsense' wait "$nonsense" ;;
	*)	ok "$c" stranger "$c" ;;
	esac
	want=$((want + $(stores "$c")))
	# Sessions of one case are over before the next begins.
	smtp_over
done

wait_for '[ "$(with STORED)" -ge "$want" ]' 20
is 'what was acknowledged stands in the inbox' "$(with STORED)" "$want"
is 'and nothing else' "$(with LOST)" 0
becomes 'no chunk is left behind' \
    'find "$node/Mail/.mailnode/spool" -type f 2>/dev/null | wc -l' 0
ok 'nothing waits' wait_for 'mn status -j | grep -q "\"spooled\":0,"'
is 'no process crashed' "$(grep -c 'event=crash' "$node/log")" 0
ok 'no line of the log is forged' \
    fails grep -qv '^level=[a-z]* role=[a-z]* pid=[0-9]* event=' "$node/log"
ok 'it stops' node_stop
is 'the spool is empty' "$(sqlite3 "$MAILNODE_HOME/spool.db" \
    'SELECT count(*) FROM spool')" 0
done_testing
