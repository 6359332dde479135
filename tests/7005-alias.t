#!/bin/sh
# An alias with one key: made, noted, copied, undone; and answers from it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
node_config realname '"My Name"' || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start'

tui_start EDITOR=true
ok 'an empty list' sees 'INBOX'
keys x a
ok 'asks for whom' sees '^New alias for: *$'
typed 'Big Shop'; keys Enter
ok 'made from a word' sees '^bigshop\.[a-z2-9]{4}@node.test is yours now, given to Big Shop; copied'
alias=$(screen | sed -n 's/^\(bigshop[^ ]*\) is yours.*/\1/p')
ok 'with its note' eval 'mn alias list | grep "^$alias .*active.*# Big Shop$"'
ok 'the clipboard has it' eval 'grep -qF "$(printf %s "$alias" | base64)" "$node/tui.raw"'
keys u
ok 'taken back' wait_for '[ -z "$(mn alias list)" ]'
keys U
ok 'and again' wait_for 'mn alias list | grep "^$alias .*# Big Shop$"'

# What comes to it is accepted, and answered from it though no field has it.
ok 'mail for it is accepted' swaks --server "127.0.0.1:$(node_port smtp)" \
    --helo shop.example --from news@shop.example --to "$alias" \
    --h-From 'Shop <news@shop.example>' --h-To 'customers:;' \
    --h-Subject 'To all of you' --body 'Buy.'
ok 'it is there' sees 'Shop .*To all of you'
# The proposal takes keeper's word: what is typed before goes elsewhere.
asked() { keys x a; sees '^New alias: '; }
keys x a
ok 'a proposal for its sender' sees '^New alias: shop\.[a-z2-9]{4}@node.test'
keys C-u; typed 'mine@node.test'; keys Enter
ok 'one of my own making' sees '^mine@node.test is yours now, given to .?Shop.? <news@shop'
ok 'with the sender as its note' eval 'mn alias list | grep "^mine@node.test .*news@shop.example"'
asked; keys C-u; typed 'mine@node.test'; keys Enter
ok 'not twice' sees 'mine@node.test: exists|mine@node.test: .*already'
asked; keys C-u; typed 'me@node.test'; keys Enter
ok 'not the main address' sees 'me@node.test: '
asked; keys C-u Enter
ok 'nothing typed, nothing made' eval '[ "$(mn alias list | wc -l)" = 2 ]'

keys r
ok 'the answer comes from the alias' sees "^From +My Name <$alias>"
keys t; keys C-u; typed 'eve@far.example'; keys Enter
ok 'to somebody else' sees '^To +eve@far.example'
keys A
ok 'an alias for that one' sees '^New alias: far\.[a-z2-9]{4}@node.test'
keys Enter
ok 'speaks in the letter' sees '^From +My Name <far\.[a-z2-9]{4}@node.test>'
keys q d
tui_stop
ok 'stops' node_stop
done_testing
