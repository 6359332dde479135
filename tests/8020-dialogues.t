#!/bin/sh
# What phones send, in their order and octet by octet: tests/dialogues.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node sessions_per_address 100 || exit 1
"$python" tests/tools/replay.py "$imap" "$user" "$pw" tests/dialogues/*.txt
