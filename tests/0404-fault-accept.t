#!/bin/sh
# Accepting on a disk that is full, broken or read-only for a while.
. "$(dirname "$0")/lib.sh"

node_use node
node_config && node_build && node_init || exit 1
"$python" tests/tools/fault_run.py accept "$node"
