#!/bin/sh
# The vault under kill -9 and power loss at every write, sync and rename.
. "$(dirname "$0")/lib.sh"

node_use n
node_config || exit 1
conf_set "$node/config.h" maildir '"~/Mail"'
node_build || exit 1
make -s tools || exit 1
exec_in=$tmp/root/top
mkdir -p "$tmp/root"
"$python" tests/tools/crash_vault.py "$exec_in" "$mailnode" "$pass"
