#!/bin/sh
# The npm client imapflow, where node has it: NODE_PATH, or IMAPFLOW=1 to
# have npm fetch it.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

command -v node >/dev/null || skip_all 'no node'
if [ -n "${IMAPFLOW-}" ]; then
	(cd "$tmp" && npm install --no-audit --no-fund imapflow >npm.log 2>&1) ||
	    { cat "$tmp/npm.log" >&2; skip_all 'npm has no imapflow'; }
	NODE_PATH=$tmp/node_modules
	export NODE_PATH
fi
node -e 'require("imapflow")' 2>/dev/null || skip_all 'no imapflow'

phone_node || exit 1
timeout 300 node tests/tools/imapflow.js 127.0.0.1 "$imap" "$user" "$pw"
