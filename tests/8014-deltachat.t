#!/bin/sh
# Delta Chat's core, two devices of one account: deltachat-rpc-server from PATH,
# or DELTACHAT=1 to have npm fetch it.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

if [ -n "${DELTACHAT-}" ]; then
	(cd "$tmp" && npm install --no-audit --no-fund \
	    @deltachat/stdio-rpc-server >npm.log 2>&1) ||
	    { cat "$tmp/npm.log" >&2; skip_all 'npm has no deltachat'; }
	for d in "$tmp"/node_modules/@deltachat/stdio-rpc-server-*; do
		PATH=$d:$PATH
	done
fi
command -v deltachat-rpc-server >/dev/null || skip_all 'no Delta Chat'

phone_node hostname '"localhost"' || exit 1
mkdir "$tmp/delta"
timeout 300 "$python" tests/tools/delta.py "$tmp/delta" "$imap" "$smtps" \
    "$user" "$pw"
