#!/bin/sh
# Writing in the client: reply, forward, drafts, the queue, and the answer as
# the next hop has it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
. tests/hop.sh
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

hop_start --tls starttls
node_use a
node_config undo_s 4 realname '"My Name"' relays "{ { \"hop\",
    \"127.0.0.1:$hop_port\", CONF_STARTTLS, NULL, \"*\", \"*\",
    \"$hop_pin\" } }" || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start && unlock'

# The editor is whatever $node/ed says.
editor() { cat >"$node/ed"; }
msg() { tr -d '\r' <"$hop/msg.$1" | sed '1,/^$/!d'; }
body() { tr -d '\r' <"$hop/msg.$1" | sed '1,/^$/d'; }

mail INBOX 1700000001 'From: Ada L. <ada@example.net>' \
    'To: me+list@node.test, Ben <ben@example.net>' \
    'Cc: "Carl, C" <carl@example.net>' \
    'Subject: =?utf-8?Q?AW=3A_Gr=C3=BC=C3=9Fe?=' \
    'Date: Mon, 16 Nov 2026 10:00:00 +0000' \
    'Message-ID: <one@example.net>' 'References: <zero@example.net>' \
    'MIME-Version: 1.0' 'Content-Type: multipart/mixed; boundary=b' -- \
    '--b' 'Content-Type: text/plain; charset=utf-8' '' 'What do you say?' \
    '> older' '-- ' 'Ada' '--b' 'Content-Type: text/plain' \
    'Content-Disposition: attachment; filename=plan.txt' '' 'the plan' '--b--'

tui_start EDITOR="sh $node/ed"
ok 'the letter is there'	sees 'Ada L\.'

# ---- reply
editor <<'E'
printf 'My answer with umlauts: äöü\n' >>"$1"
E
keys r
ok 'the reply, before it is sent' sees '^To +Ada L. <ada@example.net>|^To +"Ada L."'
ok 'subject without its AW'	sees '^Subject +Re: Grüße'
ok 'from the address it came to' sees '^From +My Name <me\+list@node.test>'
ok 'quoted, without signature'	sees '^> What do you say\?'
ok 'signature is not quoted'	gone '^> Ada'
ok 'the journal has it'		eval 'grep -q "^My answer" "$MAILNODE_HOME"/compose/*.eml'
keys y
ok 'sent, to be recalled'	sees 'sent: leaves in 4 seconds'
keys u
ok 'recalled'			sees 'recalled: it was not sent'
ok 'and in hand again'		sees 'My answer with umlauts'
keys S; keys C-u; typed 'Grüße zurück'; keys Enter
ok 'subject edited'		sees '^Subject +Grüße zurück'
keys y
ok 'sent again'			sees 'sent: leaves'
keys x q
ok 'stands in the queue'	sees 'active .*ada@example.net  Grüße zurück'
ok 'arrives'			hop_has 1
ok 'once'			eval '[ "$(hop_count)" = 1 ]'
ok 'the queue says so by itself' sees 'done +.*ada@example.net'
keys u
ok 'too late to recall it'	sees 'too late to recall it: it has left'
# Both of the same second: either may stand first.
ok 'with the fate of the recipient' eval 'keys Home Enter;
    sees "ada@example.net +sent" 1 || { keys q j Enter; sees "ada@example.net +sent"; }'
keys q q
is 'to the sender alone'	"$(hop_rcpts 1)" '<ada@example.net>'
ok 'encoded subject'		eval 'msg 1 | grep -q "^Subject: =?utf-8?B?"'
ok 'threaded'			eval 'msg 1 | grep -q "^In-Reply-To: <one@example.net>"'
ok 'with references'		eval 'msg 1 | tr -d "\n" | grep -q "References: <zero@example.net> <one@example.net>"'
ok 'quoted-printable'		eval 'body 1 | grep -q "^My answer with umlauts: =C3=A4=C3=B6=C3=BC$"'
ok 'the copy stands in Sent'	wait_for '[ -n "$(file_of "In-Reply-To: <one@" Sent)" ]'
ok 'the letter is marked answered' wait_for 'file_of "<zero@example.net>" INBOX | grep -q ":2,.*R"'
keys Home x d
ok 'no delivery of what came in' sees 'has not sent it'
keys q

# ---- reply to all
editor <<'E'
echo all >>"$1"
E
keys g
ok 'all: to the sender'		sees '^To +.*ada@example.net'
ok 'the others in Cc, not me'	sees '^Cc +Ben <ben@example.net>, "Carl, C" <carl@example.net>$'
keys q d
ok 'thrown away on demand'	sees 'thrown away'
ok 'with its file'		wait_for '! ls "$MAILNODE_HOME"/compose/*.eml 2>/dev/null'

# ---- list
keys L
ok 'no list, no reply to it'	sees 'no list'

# ---- forward
editor <<'E'
sed -i 's/^To:.*/To: dora@far.test/' "$1"
E
keys f
ok 'forward brings attachments'	sees '^ +Attach: .*plan.txt'
keys y
ok 'arrives, too'		hop_has 2 20
ok 'with the file'		eval 'body 2 | grep -q "filename=\"plan.txt\"" && body 2 | grep -q "^$(printf "the plan" | base64)"'
ok 'named so'			eval 'msg 2 | tr -d "\n" | grep -q "Subject: =?utf-8?B?"'

# ---- new letter: refusals
editor <<'E'
sed -i 's/^To:.*/To: nobody/; s/^Subject:.*/Subject: new/' "$1"
echo 'see the attached file' >>"$1"
E
keys m
ok 'new letter'			sees '^Subject +new'
keys y
ok 'what is no address is refused' sees 'no address: nobody'
keys t; keys C-u; keys Enter y
ok 'so is nobody at all'	sees 'no recipient'
keys t; typed 'eve@far.test'; keys Enter y
ok 'a forgotten attachment'	sees 'speaks of an attachment and has none'
keys n a; typed "$node/none"; keys Enter
ok 'a file that is not there'	sees 'none: No such file'
printf 'x' >"$node/Grüße.pdf"
keys a; typed "$node/Gr"; keys Tab; keys Enter
ok 'a file is completed'	sees 'Attach: Grüße.pdf  1[0-9 KBo.]*  .*/'
keys f; keys C-u; typed 'stranger@far.test'; keys Enter y
ok 'a sender that is not ours'	sees 'not sent: the sender is no address of this node'
keys f; keys C-u; typed 'me@node.test'; keys Enter

# ---- drafts
keys P
ok 'postponed'			sees 'kept in Drafts'
ok 'as a draft'			wait_for 'file_of eve@far.test Drafts | grep -q ":2,DS$"'
keys R
ok 'R goes to the drafts'	sees 'd  ?@? .*new'
keys Enter
ok 'taken up with all of it'	sees 'Attach: .*Grüße.pdf  1'
ok 'the recipient'		sees '^To +eve@far.test'
keys y
ok 'sent from there'		hop_has 3 20
ok 'RFC 2231 name'		eval 'body 3 | grep -q "filename\*=utf-8.*Gr%C3%BC%C3%9Fe.pdf"'
ok 'the draft is gone'		wait_for '[ -z "$(file_of eve@far.test Drafts)" ]'
keys c; typed INBOX; keys Enter

# ---- an editor that fails
editor <<'E'
echo 'almost lost' >>"$1"; kill -9 $$
E
keys m
ok 'a crashed editor is told'	sees 'ended by signal 9'
ok 'nothing is lost'		sees 'almost lost'
editor <<'E'
: >"$1"
E
keys e
ok 'nor by an empty file'	sees 'as it was before'
ok 'it stands there still'	sees 'almost lost'
tmux -L "$term" send-keys q p
ok 'nothing to postpone without a recipient is lost' sees 'kept in Drafts'
editor <<'E'
echo 'cut off' >>"$1"
E
keys m
sees 'cut off' >/dev/null
tui_stop
ok 'the client dies, the letter stays' eval 'grep -q "^cut off" "$MAILNODE_HOME"/compose/*.eml'
tui_start EDITOR="sh $node/ed"
ok 'the next one tells'		sees '1 unfinished letter: R takes it up'
keys R
ok 'and takes it up'		sees 'cut off'
keys q d

# ---- completion, holding, bouncing
editor <<'E'
sed -i 's/^Subject:.*/Subject: to be held/' "$1"
E
keys m
sees 'to be held' >/dev/null
keys t; typed 'l.'; keys Tab Enter
ok 'people are completed'	sees '^To +"?Ada L\."? <ada@example.net>$'
keys y
ok 'sent'			sees 'sent: leaves'
keys x q
sees 'active .*to be held' >/dev/null
keys h
ok 'held'			sees 'held .*to be held'
keys '$'
ok 'held ones are not tried'	sees '0 letters tried now'
keys h
ok 'once is enough'		sees 'it is held already'
keys r
ok 'released'			hop_has 4 20
sees 'done .*to be held' >/dev/null
for key in h r t d; do
	keys $key
	ok "nothing is left for $key" sees 'it is done: no recipient waits'
	keys Escape; gone 'it is done' >/dev/null
done
keys q
keys b; typed 'wrong@far.test'; keys Enter
ok 'a bounce can be recalled'	sees 'bounced to wrong@far.test: leaves in 4 seconds'
keys u
ok 'and is'			sees 'recalled: it was not sent'
keys b; typed 'gert@far.test'; keys Enter
sees 'bounced to gert' >/dev/null
keys x q
ok 'it stands in the queue by its subject' sees 'gert@far.test  AW: Grüße'
keys q
ok 'bounced'			hop_has 5 20
ok 'unchanged but for its Resent fields' eval 'msg 5 | grep -q "^Resent-To: gert@far.test" && body 5 | grep -q "What do you say"'
tui_stop
ok 'stops' node_stop
done_testing
