#!/bin/sh
# Code injected into each real role, after its sandbox call, tries to get out.
. "$(dirname "$0")/lib.sh"
[ -z "${SAN-}" ] || skip_all 'a sanitizer wants a wider sandbox'

node_use node
node_config sessions_per_address 200 listeners \
    '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL },
    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL } }' || exit 1
node_build || exit 1
node_init || mkdir -p "$MAILNODE_HOME/run" # no vault is no wall
mkdir -p "$node/Mail/INBOX/cur" "$node/Mail/INBOX/tmp"
"$python" tests/tools/attack.py "$node"
