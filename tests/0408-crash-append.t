#!/bin/sh
# What a device appends: kill -9 and power loss at places all over the way.
. "$(dirname "$0")/lib.sh"
. tests/phone.sh

phone_node && node_stop || exit 1
printf '%s\n' "$pw" >"$node/secret"
"$python" tests/tools/crash_run.py append "$node"
