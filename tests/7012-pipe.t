#!/bin/sh
# Messages for programs: one, and marked ones as an mbox that git am takes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
command -v git >/dev/null || skip_all 'no git'
trap 'tui_stop; cleanup' EXIT

node_use a
ok 'a node is made' eval 'node_config && node_build && node_init'

# A series of eleven on a list, that came in the wrong order in one second.
G="git -C $tmp/repo -c user.name=Dev -c user.email=dev@far.test"
git init -q "$tmp/repo"
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
	echo "line $i" >>"$tmp/repo/f"
	$G add f
	$G commit -qm "step $i" -m "From here on: $i"
	[ "$i" != 0 ] || $G tag first
done
$G format-patch -q -o "$tmp/p" -v2 --subject-prefix='dev] [PATCH' first
for i in 03 11 01 10 02 05 04 09 08 07 06; do
	sed -e 1d -e 's/^Date:.*/Date: Mon, 16 Nov 2026 10:00:00 +0000/' \
	    -e "2i Message-ID: <p$i@far.test>" \
	    -e '2i In-Reply-To: <cover@far.test>' "$tmp/p/v2-00$i"-* \
	    >"$node/Mail/INBOX/cur/17000000$i.M1P1.test:2,"
done
mail INBOX 1700000050 'From: Ben <ben@far.test>' 'To: me@node.test' \
    'Subject: Re: [dev] [PATCH v2 07/11] step 7' \
    'Date: Mon, 16 Nov 2026 09:59:00 +0000' 'Message-ID: <re@far.test>' \
    'In-Reply-To: <p07@far.test>' 'MIME-Version: 1.0' \
    'Content-Type: text/plain; charset=utf-8' \
    'Content-Transfer-Encoding: base64' -- 'RnJvbSBoZXJlOiBzY2jDtm4K'
$G reset -q --hard first

tui_start
ok 'they are there'	sees 'INBOX  12 messages' 20
keys t '|'
ok 'marked ones are meant' sees 'Pipe to:'
typed "cat >$tmp/mbox"; keys Enter; sees 'Press Enter' >/dev/null; keys Enter
is 'all of them are in it' "$(grep -c '^From mailnode ' "$tmp/mbox")" 12
is 'the answer last' "$(grep '^From: ' "$tmp/mbox" | tail -1)" 'From: Ben <ben@far.test>'
ok 'what looks like the start of one does not' eval \
    'grep -q "^>From here on: 3" "$tmp/mbox" && ! grep -q "^From here" "$tmp/mbox"'
ok 'lines end as here'	eval '! grep -q "$(printf "\r")" "$tmp/mbox"'
sees '1 marked' >/dev/null
keys Escape; gone 'marked' >/dev/null
keys z o; sees ' 1/12' >/dev/null
keys /; typed 'Ben'; keys Enter '|'; typed "cat >$tmp/one"; keys Enter
sees 'Press Enter' >/dev/null; keys Enter
ok 'one is as its file is' wait_for 'cmp -s "$tmp/one" "$(file_of "<re@far.test>" INBOX)"'
sees 'Ben' >/dev/null
keys p C-u; typed "cat >$tmp/print"; keys Enter; sees 'Press Enter' >/dev/null; keys Enter
ok 'printed, it is text' wait_for 'grep -q "^From here: schön" "$tmp/print"'
ok 'with few fields'	eval 'grep -q "^Subject: Re: .dev" "$tmp/print" && ! grep -q "^Message-ID" "$tmp/print"'
sees 'Ben' >/dev/null
keys d; sees 'to Trash' >/dev/null
keys z c t '|'; typed "$G am"; keys Enter; sees 'Press Enter' >/dev/null; keys Enter
ok 'git takes the series, in its order' wait_for \
    '[ "$($G log --format=%s | head -1)" = "step 11" ]'
tui_stop

# ---- C-c is for the program that has the screen
tui_stop
tui_start SHELL=/bin/sh
sees 'INBOX' >/dev/null
keys '!'; typed 'echo now; sleep 600'; keys Enter
sees '^now' >/dev/null
keys C-c
ok 'C-c ends it'	sees 'Press Enter'
keys C-c Enter
ok 'and not the client'	sees '^. help'
done_testing
