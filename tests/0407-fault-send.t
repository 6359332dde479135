#!/bin/sh
# Sending on a disk that is full, broken or read-only for a while.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start --tls starttls || exit 1
node_use node
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_STARTTLS,
    NULL, \"*\", \"*\", \"$hop_pin\" } }" && node_build && node_init || exit 1
"$python" tests/tools/fault_run.py send "$node" "$hop"
