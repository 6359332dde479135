#!/bin/sh
# A black-box conformance check: it knows the RFCs and nothing of mailnode.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node sessions_per_address 200 || exit 1
"$python" tests/tools/imapcheck.py 127.0.0.1 "$imap" "$user" "$pw"
