#!/bin/sh
# A malformed message ends no process that is more trusted than its sender.
. "$(dirname "$0")/lib.sh"

node_use node
node_config && node_build || exit 1
node_init || mkdir -p "$MAILNODE_HOME/run"
"$python" tests/tools/channels.py "$node"
