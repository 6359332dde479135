#!/bin/sh
# What IMAP was told OK holds after kill -9 of everything a moment later.
. "$(dirname "$0")/lib.sh"

node_use node
node_config listeners '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL },
    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }' || exit 1
node_build && node_init && node_start || exit 1
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >/dev/null || exit 1
printf '%s\n' "$pass" | mn device add phone --qr none --passphrase-stdin \
    >"$node/phone" || exit 1
sed -n 's/^password: *//p' "$node/phone" >"$node/secret"
node_stop
"$python" tests/tools/imap_crash.py "$node"
