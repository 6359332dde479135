#!/bin/sh
# Mail as it comes: a code that was put off is seen at once, read, and let in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
node_config greylist_s 600 || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start'
port=$(node_port smtp)

# from ADDRESS SENDER ID SUBJECT
from()
{
	swaks --server 127.0.0.1 --port "$port" --local-interface "$1" \
	    --helo bank.example --from "$2" --to me@node.test \
	    --header "From: =?utf-8?q?B=C3=A4nk?= <$2>" \
	    --header "Message-Id: <$3@bank.example>" --header "Subject: $4" \
	    --body 'Your code is 4711.' >"$tmp/swaks" 2>&1
}

tui_start
ok 'the client' sees 'INBOX'
keys x i
ok 'nothing yet' sees 'nothing came in this hour'
from 127.0.5.1 code@bank.example one 'Your code'
ok 'a code is put off, and stands there at once' sees \
    'deferred  Bänk <code@bank.example>: Your code  .451 4.7.1 not now'
swaks --silent 3 --server 127.0.0.1 --port "$port" --from x@y.test \
    --to nobody@node.test >/dev/null 2>&1
ok 'so does a refusal' sees 'refused +x@y.test to nobody@node.test'
# Its file comes behind what is told of it.
wait_for 'mn rejects -j | grep -q "\"copy\":true.*<one@bank"'
keys j Enter
ok 'it is read' sees '^Your code is 4711'
ok 'with its fields' sees '^From: +Bänk <code@bank.example>'
keys y
ok 'and let in' sees 'let in: its next try within an hour'
from 127.0.5.9 code@bank.example one 'Your code'
keys q
ok 'the next try is taken, and stands there' sees \
    'accepted  code@bank.example to me@node.test'
keys q
ok 'and in the list' sees 'Bänk +Your code'
from 127.0.6.1 other@shop.example two 'Another'
keys x r
ok 'Rejects lists what was not' sees 'deferred  Bänk <other@shop.example>: Another'
ok 'and not what was' eval '! screen | grep -q "Your code"'
keys y
ok 'a row is let in' sees 'let in: its next try'
from 127.0.6.2 other@shop.example two 'Another'
ok 'is taken for that' wait_for 'mn why other@shop.example | grep -q "rung=let-in"'
ok 'its row goes with it' gone 'deferred.*Another'
keys q x i
sees 'refused +x@y' >/dev/null
ok 'the daemon is killed and back' eval 'node_stop KILL; node_start'
swaks --silent 3 --server 127.0.0.1 --port "$(node_port smtp)" \
    --from z@y.test --to nobody@node.test >/dev/null 2>&1
ok 'what came before we were told again' sees 'refused +z@y.test'
keys q Q
tui_stop
ok 'stops' node_stop
done_testing
