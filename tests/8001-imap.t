#!/bin/sh
# IMAP: every command, what clients stumble over, and bad input, against the
# daemon as it ships.
. "$(dirname "$0")/lib.sh"

node_use node
node_config listeners '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL },
    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }' \
    message_max 1048576 || exit 1
node_build && node_init && node_start || exit 1
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >/dev/null || exit 1
printf '%s\n' "$pass" | mn device add phone --qr none --passphrase-stdin \
    >"$node/phone" || exit 1
sed -n 's/^password: *//p' "$node/phone" >"$node/secret"
for d in 'peek --read' 'narrow --folder Archive' 'mailer --send'; do
    # shellcheck disable=SC2086
    printf '%s\n' "$pass" | mn device add $d --qr none --passphrase-stdin |
        sed -n 's/^password: *//p' >"$node/${d%% *}" || exit 1
done

"$python" tests/tools/imap.py "$node" "$@"
