#!/bin/sh
# What became of each letter, in the rows of Sent; drafts with fields of
# their own, also those of another program.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
. tests/hop.sh
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

hop_start --tls starttls
# It takes a connection, and says nothing.
"$python" -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
time.sleep(600)' "$tmp/mute" &
at_exit $!
wait_for '[ -s "$tmp/mute" ]'
node_use a
node_config undo_s 0 realname '"My Name"' relays "{ { \"hop\",
    \"127.0.0.1:$hop_port\", CONF_STARTTLS, NULL, \"*\", \"*@far.test\",
    \"$hop_pin\" }, { \"mute\", \"127.0.0.1:$(cat "$tmp/mute")\",
    CONF_STARTTLS, NULL, \"*\", \"*\", \"$hop_pin\" } }" || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start && unlock'
printf '#!/bin/sh\nexec sh "%s/ed" "$1"\n' "$node" >"$node/editor"
chmod +x "$node/editor"
echo : >"$node/ed"
msg() { tr -d '\r' <"$hop/msg.$1" | sed '1,/^$/!d'; }

# As mutt postpones it.
mail Drafts 1700000001 'Date: Mon, 16 Nov 2026 10:00:00 +0000' \
    'From: My Name <me@node.test>' 'To: ada@far.test' 'Bcc: ben@far.test' \
    'Subject: half done' 'Message-ID: <draft@node.test>' \
    'Reply-To: =?utf-8?Q?J=C3=BCrgen?= <jw@node.test>' 'X-Mine: =?utf-8?Q?sch=C3=B6n?= and more' \
    'X-Mutt-Fcc: =Sent' 'In-Reply-To: <asked@far.test>' \
    'References: <first@far.test>' ' <asked@far.test>' \
    'User-Agent: Mutt/2.2' 'Attach: /etc/hostname' 'MIME-Version: 1.0' \
    'Content-Type: text/plain; charset=utf-8' 'Content-Disposition: inline' \
    'Status: RO' -- 'The first half.'

tui_start EDITOR="$node/editor"
ok 'opens'		sees 'INBOX'
keys c; typed Drafts; keys Enter
ok 'the draft of another program' sees 'half done'
ok 'by whom it is to'	sees 'To ada@far.test'
keys Enter
ok 'is taken up'	sees '^To +ada@far.test'
ok 'no field of it names a file of ours' gone 'Attach: /etc'
keys P
ok 'postponed again'	sees 'kept in Drafts'
draft() { file=$(file_of 'half done' Drafts) && tr -d '\r' <"$file" | sed '1,/^$/!d'; }
ok 'one draft is left'	wait_for '[ "$(file_of "half done" Drafts | wc -l)" = 1 ] && draft | grep -q "^X-Mine"'
ok 'it answers what it answered' eval 'draft | grep -q "^In-Reply-To: <asked@far.test>" &&
    draft | tr -d "\n" | grep -q "References: <first@far.test> <asked@far.test>"'
ok 'answers go where it said' eval 'draft | grep -q "^Reply-To: .*<jw@node.test>"'
ok 'but not what the other program made' eval '! draft | grep -qiE "mutt|^status|^attach"'
sees 'half done' >/dev/null
cat >"$node/ed" <<'E'
sed -i 's/^Subject:.*/&\nX-Typed: by hand/' "$1"
sed -i 's/^Subject:.*/&\nX-Typed: by hand/' "$1"
E
keys Enter
ok 'taken up once more'	sees '^To +ada@far.test'
keys e
sees 'X-Typed|^To' >/dev/null
keys P
ok 'with a field typed in the editor' wait_for 'draft | grep -q "^X-Typed: by hand"'
sees 'half done' >/dev/null
keys Enter
ok 'and again'		sees '^To +ada@far.test'
# Again and again, without a look at the list in between.
for i in 1 2 3 4 5 6; do
	keys P; sees 'kept in Drafts' >/dev/null; keys Enter
	sees '^To +ada@far.test' >/dev/null || break
done
ok 'the draft before it is never meant' eval '[ $i = 6 ] && screen | grep -q "^To"'
keys y
ok 'sent'		hop_has 1 20
ok 'with all of them'	eval 'msg 1 | grep -q "^X-Typed: by hand" &&
    msg 1 | grep -q "^X-Mine: =?utf-8?B?" &&
    msg 1 | grep -q "^In-Reply-To: <asked@far.test>" &&
    msg 1 | grep -q "^Reply-To: =?utf-8?.*<jw@node.test>"'
ok 'and no Bcc'		eval '! msg 1 | grep -qi "^bcc"'
keys c; typed Sent; keys Enter
ok 'sent to all, in its row' sees '✓ .*half done'

# ---- fates, as they change
submit() { printf 'From: me@node.test\nTo: %s\nSubject: %s\n\nx\n' "$1" "$2" |
    mn send -t; }
hop_rules 'rcpt:no@far.test 550 5.1.1 nobody' 'rcpt:late@far.test 450 4.2.0 later'
submit 'no@far.test' 'is refused'
ok 'failed'		sees '✗ .*is refused' 20
submit 'late@far.test' 'is put off'
ok 'deferred'		sees '% .*is put off' 20
submit 'yes@far.test, no@far.test' 'refused by one'
ok 'failed for one'	sees '✗ .*refused by one' 20
hop_rules 'dot x1 keep-close'
submit 'once@far.test' 'gone who knows'
ok 'not known'		sees '[?] .*gone who knows' 20
hop_rules
for id in $(mn queue list -j | sed -n 's/.*"id":"\([^"]*\)".*/\1/p'); do
	mn queue retry "$id"
done
ok 'and then sent, before our eyes' sees '✓ .*is put off' 20
# Waiting: the owner holds the line; then dropped.
mn vault lock >/dev/null
submit 'ada@far.test' 'has to wait'
ok 'waiting'		sees '~ .*has to wait' 20
# What is being looked at just then cannot be dropped.
drop() { mn queue drop "$(mn queue list -j | grep "$1" | sed -n 's/.*"id":"\([^"]*\)".*/\1/p' | head -1)"; }
ok 'dropped'		wait_for 'drop "has to wait"'
ok 'and so marked'	sees '- .*has to wait' 20
# Said where it is written, not found out in the queue.
cat >"$node/ed" <<'E'
printf 'To: ada@far.test\nSubject: locked up\n\nhello\n' >"$1"
E
keys m
ok 'a letter, with the vault locked' sees '^Subject +locked up'
ok 'without From it is from the usual one' sees '^From +"?My Name"? <me@node.test>'
keys y
ok 'says that it waits' sees 'queued: the vault is locked, it waits for mailnode vault unlock'
keys x h
ok 'as the health of the node does' eval 'sees "^Vault: +locked: outgoing mail waits" && sees "^Index: +[0-9]+ behind"'
keys q
wait_for 'drop "locked up"' || diag 'it is sent'
unlock
# Partly: of two routes one has been taken, the other does not answer.
submit 'yes@far.test, late@slow.test' 'gone to one'
ok 'partly'		sees '/ .*gone to one' 20
tui_stop
tui_start NO_COLOR=1 LC_ALL=C
sees INBOX >/dev/null
keys c; typed Sent; keys Enter
ok 'told apart in ASCII, too' eval 'sees "/ .*gone to one" && sees "- .*has to wait" && sees "[+] .*is put off" && sees "x .*is refused"'
tui_stop
ok 'stops' node_stop
done_testing
