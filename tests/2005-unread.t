#!/bin/sh
# Filed mail that the disk does not give back is not taken for gone.
. "$(dirname "$0")/lib.sh"

node_use n
node_config && node_build && node_init || exit 1
"$python" tests/tools/unread.py "$node"
