#!/bin/sh
# MULTIAPPEND is whole or not at all: refused half-way, cut, on a disk that
# fails, and whenever kill -9 comes.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node || exit 1
echo "$pw" >"$node/secret"
node_stop
"$python" tests/tools/imap_many.py "$node" "${TIMES:-5}"
