#!/bin/sh
# The client beside a daemon: long lists, mail that comes in by SMTP, roles
# that die, a daemon that stops and starts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
node_config || exit 1
sed -i 's/CONF_KEYS_OURS	/CONF_KEYS_MUTT	/' "$node/config.h"
ok 'a node runs' eval 'node_build && node_init && node_start'

# 420 letters, oldest first; every tenth of a friend.
i=0
while [ $i -lt 420 ]; do
	n=$(printf %03d $i)
	case $i in *0) who=friend ;; *) who=other ;; esac
	printf 'From: %s <%s%s@example.net>\r\nTo: me@node.test\r\nSubject: letter %s\r\nDate: Tue, 10 Nov 2026 %02d:%02d:00 +0000\r\nMessage-ID: <n%s@example.net>\r\n\r\nNumber %s.\r\n' \
	    $who $who $n $n $((i / 60)) $((i % 60)) $n $n \
	    >"$node/Mail/INBOX/cur/16000$n.M1P1.test:2,S"
	i=$((i + 1))
done
ok 'all are listed'	wait_for 'mn search -n 500 folder:INBOX 2>/dev/null | wc -l | grep -q "^420"' 60

role() { pgrep -s "$(cat "$node/serve.pid")" -x "mn-$1"; }

# Where there are no windows a browser is one of the terminal.
tui_start BROWSER="$node/browser" EDITOR=true DISPLAY= WAYLAND_DISPLAY=
ok 'opens at the newest'	sees 'letter 419'
ok 'with a part of them on hand' sees '1/[0-9]+\+'
keys G
ok 'the end of a long list'	sees 'letter 000'
ok 'counts from there, without what is before' sees ' end$'
ok 'going back fetches more'	wait_for 'keys PageUp; screen | grep -qE "letter [234][0-9][0-9]"'
keys Home
ok 'and the newest again'	sees 'letter 419'
ok 'down through all pages'	wait_for 'keys PageDown; screen | grep -qE "letter 000"'
keys G
ok 'the end is the end'		sees '420/420'
keys O
ok 'the order turned round'	sees 'letter 000'
ok 'is named'			sees 'reversed'
keys O o f
ok 'by sender'			sees 'by from'
ok 'friends come first'		sees '^INBOX.* friend .*letter 410'
keys G
ok 'others last'		sees 'other .*letter 001'
keys o z
ok 'by size'			sees 'by size'
mail INBOX 1700000000 'From: big <big@example.net>' 'To: me@node.test' \
    'Subject: the large one' 'Date: Tue, 10 Nov 2026 00:00:00 +0000' \
    'Message-ID: <large@example.net>' -- "$(yes 'more text' | head -100)"
ok 'what comes in goes to its place' eval 'keys Home && sees "^INBOX.*the large one"'
ok 'which is the first'		eval 'keys Home && sees " 1/4.*"'
keys d
ok 'deleted'			gone 'the large one'
keys o !
ok 'flagged ones'		sees 'by flagged'
keys o d
ok 'by date'			sees 'letter 419'
ok 'which needs no word'	gone ' by '
keys l; typed 'letter'; keys Enter; keys o s
ok 'what is found has one order' sees 'sorted by date'
keys Escape
ok 'narrowed no more'		gone '\[letter'
keys Home T; typed 'from:friend'; keys Enter
ok 'marks what matches'		sees '42 marked'
keys +; typed 'mine'; keys Enter
ok 'tags all of them'		sees '42: .mine'
ok 'all of them'		wait_for '[ "$(mn search -n 500 tag:mine | wc -l)" = 42 ]' 20
keys u
ok 'undone, all of them'	wait_for '[ "$(mn search -n 500 tag:mine | wc -l)" = 0 ]' 20
keys Escape
ok 'marks are forgotten'	gone 'marked'
keys T; typed '*'; keys Enter
ok '* is all there is'		sees '420 marked'
keys Escape; gone 'marked' >/dev/null

# ---- typed while the list is not there: 64 keys wait, for a second
readers=$(role reader)
# shellcheck disable=SC2086
kill -STOP $readers
keys c; typed Archive; keys Enter
typed ":$(printf '%063d' 0)Z"
ok 'of 65 keys typed ahead the last is lost' sees '^:0{63}$'
# shellcheck disable=SC2086
kill -CONT $readers
keys C-c
ok 'and they do nothing else'	sees 'Archive  0 messages'
keys c; typed INBOX; keys Enter
ok 'back'			sees 'letter 419'

# ---- found by an index that has not learnt it all
indexer=$(role indexer)
kill -STOP "$indexer"
n=1000
while [ "$n" -lt 1150 ]; do
	printf 'From: slow <slow@x.test>\nSubject: late %d\nMessage-ID: <s%d@x.test>\nDate: Mon, 9 Nov 2026 09:00:00 +0000\n\ntext\n' \
	    "$n" "$n" >"$node/Mail/INBOX/cur/16000$n.M1P1.test:2,S"
	n=$((n + 1))
done
todo() { sqlite3 -readonly "$node/home/store.db" 'SELECT count(*) FROM index_todo'; }
wait_for '[ "$(todo)" -ge 150 ]' 20
keys l; typed 'subject:late'; keys Enter
ok 'is said'			sees 'the index is behind'
kill -CONT "$indexer"
ok 'until it has'		eval 'gone "index is behind" && sees "late 1000"'
keys Escape
ok 'as before'			sees 'letter 419'
rm "$node"/Mail/INBOX/cur/16000????.*

# ---- keys of mutt stand in front
keys j N
ok 'N toggles read, as in mutt'	sees '1 unread'
keys u

# ---- mail by SMTP
port=$(node_port smtp)
send() { swaks --silent 3 --server "127.0.0.1:$port" --from a@example.net \
    --to me@node.test --header "Subject: $1" --header "Message-Id: <$2@example.net>" \
    --body "$3"; }
keys Home j j
send 'by wire' wire 'Over SMTP.' || diag 'swaks failed'
ok 'what the port took is in the list' sees 'by wire'
ok 'the cursor stayed on its letter' sees '4/[0-9]'
keys Home Enter
ok 'and is read'		sees '^Over SMTP\.'
keys x l
ok 'with its story'		sees '<wire@example.net>'
ok 'how it was accepted'	sees 'accept'
keys q q

# ---- alternatives, links
mail INBOX 1700000009 'From: Alt <alt@example.net>' 'To: me@node.test' \
    'Subject: two ways' 'Date: Mon, 16 Nov 2026 13:00:00 +0000' \
    'Message-ID: <alt@example.net>' 'MIME-Version: 1.0' \
    'Content-Type: multipart/alternative; boundary=b' -- '--b' \
    'Content-Type: text/plain' '' 'the plain way https://example.org/p' \
    'and mailto:ada@example.org?subject=Hello%20you&body=text' '--b' \
    'Content-Type: text/html' '' '<p>the <i>marked up</i> way</p>' '--b--'
sees 'two ways' >/dev/null
keys /; typed 'two ways'; keys Enter Enter
ok 'plain text is preferred'	sees 'the plain way'
printf '#!/bin/sh\necho "$1" >>%s\n' "$node/opened" >"$node/browser"
chmod +x "$node/browser"
keys o
ok 'links get numbers'		sees 'https://example.org/p\[1\]'
keys 1 Enter
ok 'a link is opened'		wait_for 'grep -qxF https://example.org/p "$node/opened"'
printf '#!/bin/sh\necho "browsing $1"; read -r line\n' >"$node/browser"
keys o; sees 'p\[1\]' >/dev/null; keys 1 Enter
ok 'by a program that has the screen' sees '^browsing https://example.org/p'
keys Enter
ok 'until it ends'		sees '^. help'
keys o; sees 'text\[2\]' >/dev/null; keys 2 Enter
ok 'an address is written to'	eval 'sees "^To +ada@example.org" && sees "^Subject +Hello you" && sees "^text"'
keys q d
keys H
ok 'HTML on demand'		sees 'the marked up way'
keys '|'; typed "cat >$node/piped"; keys Enter
ok 'piped'			wait_for 'grep -q "two ways" "$node/piped"'
keys Enter q

# ---- roles that die
kill -9 $(role parser) 2>/dev/null
keys Home Enter
ok 'without a parser there is a new one' eval 'sees "Over SMTP" 3 || { keys q Enter; sees "Over SMTP"; }'
keys q
kill -9 $(role reader)
send 'after the reader' reader x
ok 'without a reader, too'	sees 'after the reader' 20
kill -9 $(role keeper)
sleep 0.1
wait_for 'send "after the keeper" keeper x 2>/dev/null' 20
ok 'and after a keeper that died' sees 'after the keeper' 20

# ---- the daemon goes and comes
ok 'the daemon stops'		node_stop
keys Home Enter
ok 'mail is read without it'	eval 'sees "^x$" 5 || { keys q Enter; sees "^x$"; }'
keys q
ok 'as the status says'		sees 'no daemon' 20
ok 'the daemon takes over'	node_start
port=$(node_port smtp)
send 'after the daemon' daemon x
ok 'and the client follows'	eval 'wait_for "keys C-l; screen | grep -q \"after the daemon\"" 20'
ok 'knowing the daemon'		gone 'no daemon'

# ---- another build of it, under a client that runs
conf_set "$node/config.h" recipients_max 99
ok 'an upgrade'	eval 'node_stop; node_build; node_start'
ok 'is told' eval 'wait_for "keys C-l; screen | grep -q \"upgraded: leave, and start again\"" 20'
tui_stop
tui_start
ok 'and over with a new client' eval 'sees "after the daemon" && gone upgraded'
tui_stop
ok 'stops' node_stop
done_testing
