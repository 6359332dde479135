#!/bin/sh
# A letter goes out: submitted, durable, signed, over verified TLS.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start --tls starttls
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_STARTTLS,
    NULL, \"*\", \"*\", \"$hop_pin\" } }" || exit 1
node_build && node_init && node_start || exit 1
ok 'the vault opens' unlock

letter() { printf 'To: you@far.test\nSubject: hello\n\nfirst line\n.dot\n'; }
ok 'submitted' sh -c 'printf "To: you@far.test\nBcc: blind@far.test\nX-Mailer: x\nUser-Agent: y\nReceived: z\nSubject: hello\n\nfirst line\n..dot\n" |
    "$0" send -t -i' "$mailnode"
ok 'taken by the next hop' hop_has 1
is 'one letter' "$(hop_count)" 1
is 'sender' "$(hop_env 1 mail | cut -d' ' -f2)" 'FROM:<me@node.test>'
is 'recipients, the blind one too' "$(hop_rcpts 1)" \
    '<blind@far.test> <you@far.test>'
ok 'over TLS' grep -q '"tls": true' "$hop/env.1"
ok 'signed' grep -qi '^dkim-signature:' "$hop/msg.1"
ok 'a From of ours' grep -q '^From: <me@node.test>' "$hop/msg.1"
ok 'a Date' grep -q '^Date: ' "$hop/msg.1"
ok 'a Message-ID of our domain' grep -q '^Message-ID: <[0-9a-f]*@node.test>' \
    "$hop/msg.1"
ok 'no private field' fails grep -qiE '^(bcc|x-mailer|user-agent|received):' \
    "$hop/msg.1"
ok 'no name of this machine' fails grep -qwF "$(hostname)" "$hop/msg.1"
ok 'CRLF throughout' fails grep -qv "$(printf '\r')\$" "$hop/msg.1"
is 'the dots' "$(tail -1 "$hop/msg.1" | tr -d '\r')" '..dot'
ok 'the queue is empty' wait_for '[ -z "$(mn queue list)" ]'
id=$(mn queue -a list | cut -d' ' -f1)
ok 'its story is kept' sh -c '"$0" queue show "$1" | grep "  sent .*you@far.test"' \
    "$mailnode" "$id"
ok 'the file is gone' wait_for '[ ! -e "$MAILNODE_HOME/queue/$id" ]'
ok 'a copy in Sent, seen' wait_for 'ls "$node"/Mail/Sent/cur 2>/dev/null | grep -q :2,S'

# dkimpy reads the key from what init printed.
ok 'stops' node_stop
done_testing
