#!/bin/sh
# Some IMAP clients, the terminal, deliveries and another mail program change
# the same mailboxes at random; keeper and sessions are killed every few
# seconds.  STRESS_S: for how long, STRESS_SEED: which random numbers,
# STRESS_CLIENTS: how many.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node sessions_per_address 200 || exit 1
smtp=$(node_port smtp)
seed=${STRESS_SEED-$$}
echo "# STRESS_SEED=$seed"
stress()
{
	"$python" tests/tools/stress.py "$node" "$mailnode" \
	    "$(cat "$node/serve.pid")" "$smtp" "$imap" "$user" "$pw" \
	    "${STRESS_S-20}" "$seed" "${STRESS_CLIENTS-3}" >"$tmp/stress" 2>&1
	rc=$?
	cat "$tmp/stress"
	return $rc
}
ok 'all agree in the end, and nothing was lost' stress
tail -2 "$tmp/stress"
ok 'the node is alive' node_alive
ok 'no check finds anything' mn fsck
node_stop
ok 'nor one that looks at all' mn fsck --rebuild
done_testing
