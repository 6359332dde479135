#!/bin/sh
# The client on a terminal, without a daemon: lists, reading, changing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'

node_use a
ok 'a node is made' eval 'node_config && node_build && node_init'
at_exit_tui() { tui_stop; }
trap 'tui_stop; cleanup' EXIT

esc=$(printf '\033')
mail INBOX 1700000001 'From: Ada <ada@example.net>' 'To: me@node.test' \
    'Subject: First letter' 'Date: Mon, 16 Nov 2026 10:00:00 +0000' \
    'Message-ID: <one@example.net>' -- 'The text of the first.' \
    'See https://example.org/first.' '> quoted line' '> another one' 'End.'
mail INBOX 1700000002 'From: Ben <ben@example.net>' 'To: me@node.test' \
    'Subject: Re: First letter' 'Date: Mon, 16 Nov 2026 11:00:00 +0000' \
    'Message-ID: <two@example.net>' 'In-Reply-To: <one@example.net>' \
    -- 'The answer.'
mail INBOX 1700000003 "From: ${esc}]0;PWNED$(printf '\007') <evil@example.net>" \
    'To: me@node.test' "Subject: evil${esc}[2J${esc}[31m subject" \
    'Date: Mon, 16 Nov 2026 12:00:00 +0000' 'Message-ID: <evil@example.net>' \
    'Content-Type: text/plain; charset=utf-8' \
    -- "evil body ${esc}]52;c;UFdORUQ=$(printf '\007') $(printf '\302\233')31m end" \
    'wide 日本語 and 👍🏽 and e'"$(printf '\314\201')" \
    'right-to-left '"$(printf '\342\200\256')"'override'
mail INBOX 1700000004 'From: Web <web@example.net>' 'To: me@node.test' \
    'Subject: only html' 'Date: Mon, 16 Nov 2026 13:00:00 +0000' \
    'Message-ID: <html@example.net>' 'MIME-Version: 1.0' \
    'Content-Type: text/html; charset=utf-8' -- \
    '<html><body><p>Hello <b>bold</b> <a href="https://example.org/x">link</a>' \
    '<script>alert(1)</script><img src="http://127.0.0.1:9/track.png"></body></html>'
mail INBOX 1700000005 'From: Files <files@example.net>' 'To: me@node.test' \
    'Subject: with a file' 'Date: Mon, 16 Nov 2026 14:00:00 +0000' \
    'Message-ID: <file@example.net>' 'MIME-Version: 1.0' \
    'Content-Type: multipart/mixed; boundary=b' -- '--b' \
    'Content-Type: text/plain' '' 'Look at the file.' '--b' \
    'Content-Type: application/octet-stream' \
    'Content-Disposition: attachment; filename="../../data.bin"' \
    'Content-Transfer-Encoding: base64' '' "$(printf 'content of the file' | base64)" \
    '--b--'

tui_start
ok 'opens in front of the list'	sees 'with a file'
ok 'threads are one row'	sees 'Ada, Ben.* 2 .*First letter'
ok 'counts of the mailbox'	sees 'INBOX  5 messages, 5 unread'
ok 'counts in the sidebar'	sees '^INBOX +5'
ok 'saved queries are counted'	sees '^unread +5' 30

# ---- reading
# The cursor may stand on one that was found before the first.
keys Home Enter
ok 'attachments stand above the text' sees '^\[1\] data.bin  application/octet-stream'
ok 'the text is shown'		sees '^Look at the file\.'
ok 'reading makes it read'	eval 'keys q; sees "INBOX  5 messages, 4 unread"'
ok 'and the file says so'	wait_for 'file_of file@example.net INBOX | grep -q ":2,S$"'

keys v
ok 'parts are listed'		sees '2 +[0-9]+  +application/octet-stream  data.bin'
keys s; keys C-u; typed "$node/saved.bin"; keys Enter
ok 'a part is saved'		sees 'saved .*saved.bin'
is 'as it was sent'		"$(cat "$node/saved.bin")" 'content of the file'
keys s; keys C-u; typed "$node/saved.bin"; keys Enter
ok 'and never over a file'	sees 'saved.bin: File exists'
keys q

keys j Enter
ok 'HTML is text'		sees 'Hello bold .*link'
ok 'scripts are not'		gone 'alert'
keys q j Enter
ok 'an evil message is shown'	sees 'evil body'
ok 'wide and combining text'	sees 'wide 日本語 and 👍 and e'
keys q
ok 'nothing of it reaches the terminal' eval '! grep -qF -e "${esc}]0;PWNED" \
    -e "${esc}]52;c;UFdORUQ=" -e "${esc}[2J${esc}[31m subject" "$node/tui.raw" &&
    ! grep -q "$(printf "\302\233")" "$node/tui.raw" &&
    ! grep -q "$(printf "\342\200\256")" "$node/tui.raw"'

keys j Enter
ok 'a thread opens at its first unread' sees 'message 1 of 2'
ok 'with its text'		sees 'The text of the first'
keys T
ok 'quoted text is hidden'	sees '2 quoted lines'
keys T h
ok 'all headers'		sees '^Message-ID: <one@example.net>'
keys h J
ok 'the next message of the thread' sees 'message 2 of 2'
ok 'is shown'			sees 'The answer\.'
keys e
ok 'its source'			sees 'In-Reply-To: <one@example.net>'
keys q q

# ---- threads in the list
keys z o
ok 'a thread is opened'		sees 'Ben +The answer'
keys z c
ok 'and closed'			sees 'Ada, Ben.* 2 .*First letter'

# ---- changing and undoing
keys Home F
ok 'a flag'			sees '^[^ ].*│ {2}! ?@? +.*with a file'
ok 'is in the file name'	wait_for 'file_of file@example.net INBOX | grep -q ":2,FS$"'
keys u
ok 'and undone'			wait_for 'file_of file@example.net INBOX | grep -q ":2,S$"'
keys U
ok 'and redone'			wait_for 'file_of file@example.net INBOX | grep -q ":2,FS$"'
keys u
keys +; typed 'todo later'; keys Enter
ok 'tags are added'		sees 'later todo|todo later'
keys -; typed todo; keys Enter
ok 'and removed'		gone 'todo$'
keys u
ok 'and undone, one by one'	sees 'later todo|todo later'
keys u
ok 'all of them'		eval 'sees "undone: 1: .todo .later"; gone "(later|todo).*with|with a file .*later"'
keys d
ok 'deleted is gone from here'	gone 'with a file'
ok 'and lies in Trash'		wait_for '[ -n "$(file_of file@example.net Trash)" ]'
keys a
ok 'archived'			wait_for '[ -n "$(file_of html@example.net Archive)" ]'
keys u
ok 'the archived one is back'	sees 'only html'
keys u
ok 'then the deleted one'	sees 'with a file'
ok 'the files too'		wait_for '[ -n "$(file_of file@example.net INBOX)" ] && [ -z "$(file_of file@example.net Trash)" ]'
keys u
keys Home t t d
ok 'marked ones are taken together' sees '2 to Trash'
ok 'both'			wait_for '[ -n "$(file_of html@example.net Trash)" ] && [ -n "$(file_of file@example.net Trash)" ]'
keys u
ok 'and come back together'	sees 'with a file'
keys Home s; typed 'Archiv'; keys Tab; keys Enter
ok 'a folder is completed'	sees '1 to Archive'
keys u
ok 'undone'			sees 'with a file'
keys Home d
wait_for '[ -n "$(file_of file@example.net Trash)" ]'
mv "$(file_of file@example.net Trash)" "$node/Mail/Archive/cur/"
# What is searched may know of it before the rows do.
rows_in() { sqlite3 -readonly "$node/home/store.db" "SELECT count(*) FROM mail
    JOIN mailbox ON mailbox.id = mail.mbox WHERE mailbox.name = '$1'"; }
wait_for '[ "$(rows_in Archive)" = 1 ] && [ "$(rows_in Trash)" = 0 ]'
keys u
ok 'what another program took away is told' sees '1 to Trash: 1 of 1 no longer there'
keys U
mv "$(file_of file@example.net Archive)" "$node/Mail/INBOX/cur/"
ok 'and stands where it was put' sees 'with a file'
keys Home w
ok 'unread again'		sees 'N .*with a file'
keys u

# ---- narrowing
keys l; typed 'answ'
ok 'narrows while it is typed'	sees 'First letter' 30
ok 'to what matches'		gone 'with a file'
keys Enter
ok 'and stays'			sees 'INBOX \[answ\*\]'
keys Escape
ok 'Esc clears it'		sees 'with a file'
keys /; typed html; keys Enter
ok 'search among the rows'	sees '2/4'
keys c; typed 'subject:first'; keys Enter
ok 'any query'			sees 'Ada, Ben' 20
keys c; typed 'INB'; keys Tab Enter
ok 'and back'			sees 'with a file'
keys 2
ok 'saved queries by number'	sees ' flagged  '
keys K
ok 'the one above'		sees ' unread  '
keys c; typed INBOX; keys Enter
ok 'home again'			sees 'INBOX  5 messages'
keys c F l a g g e d BSpace BSpace BSpace BSpace BSpace BSpace BSpace \
    A r c h i v e Enter c I N B O X Enter / h t m l Enter Enter
ok 'what is typed ahead waits for its list' sees 'Hello bold .*link'
keys q k

# ---- new mail, help, command line, resize
mail INBOX 1700000006 'From: New <new@example.net>' 'To: me@node.test' \
    'Subject: just came' 'Date: Mon, 16 Nov 2026 15:00:00 +0000' \
    'Message-ID: <new@example.net>' -- 'fresh'
ok 'new mail appears by itself'	sees 'just came'
keys '?'
ok 'help from the key table'	sees 'j, Down +next +next row'
keys /; typed 'TO TRASH'; keys Enter
ok 'is searched'		sees 'd +delete +delete: move to Trash'
keys q :; typed 'fla'; keys Tab Enter
ok 'commands by name'		sees '1 flagged'
keys u
keys :; typed 'nonsense'; keys Enter
ok 'no such command'		sees 'nonsense: no such command'
keys x h
ok 'health'			sees 'Roles: .*keeper'
keys q
tmux -L "$term" resize-window -x 120 -y 40
ok 'resized'			eval 'sees "just came" && [ "$(screen | wc -l)" = 40 ]'
tmux -L "$term" resize-window -x 40 -y 10
ok 'small'			sees 'just came'
tmux -L "$term" resize-window -x 10 -y 3
ok 'too small'			sees 'too small'
tmux -L "$term" resize-window -x 80 -y 24
ok 'and back to 80x24'		sees 'just came'
keys q
ok 'q ends it'			tui_ended
tui_stop

# ---- other terminals
tui_start LC_ALL=C
ok 'C locale'			sees 'just came'
keys j j j Enter
ok 'shows a mark for what it cannot' sees 'wide \?\?\? and \?'
tui_stop
: >"$node/tui.raw"
tui_start LC_ALL=C
sees 'just came' >/dev/null
ok 'C locale is ASCII alone'	eval '! LC_ALL=C grep -q "[^ -~[:cntrl:]]" "$node/tui.raw"'
tui_stop
tmux_vt100() { tui_stop; tmux -L "$term" -f /dev/null new-session -d $tui_size \
    "TERM=vt100 $mailnode 2>$node/tui.err"; }
tmux_vt100
ok 'no colours: vt100'		sees 'just came'
tui_stop
ok 'a dumb terminal is refused'	eval 'TERM=dumb script -qec "$mailnode" /dev/null </dev/null |
    tr -d "\r\n" >"$tmp/dumb"; grep -q "terminal: this TERM cannot.*try: TERM=xterm" "$tmp/dumb"'
ok 'no terminal is refused'	eval '! "$mailnode" </dev/null >"$tmp/out" 2>&1 &&
    grep -q "needs a terminal" "$tmp/out"'
done_testing
