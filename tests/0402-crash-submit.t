#!/bin/sh
# Submitting: kill -9 and power loss at places all over the way.
. "$(dirname "$0")/lib.sh"

node_use node
node_config && node_build && node_init || exit 1
"$python" tests/tools/crash_run.py submit "$node"
