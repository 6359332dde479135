#!/bin/sh
# Long messages in the client: the start at once, the rest behind it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
ok 'a node is made' eval 'node_config && node_build && node_init'

# 3.4 MB of lines, some quoted, and a file behind them.
# shellcheck disable=SC2046
mail INBOX 1700000001 'From: Ada <ada@example.net>' 'To: me@node.test' \
    'Subject: very long' 'Date: Mon, 16 Nov 2026 10:00:00 +0000' \
    'Message-ID: <long@example.net>' 'MIME-Version: 1.0' \
    'Content-Type: multipart/mixed; boundary=b' -- '--b' \
    'Content-Type: text/plain; charset=utf-8' 'Content-Transfer-Encoding: 8bit' \
    '' "$(awk 'BEGIN {
	print "the very first line\r"
	for (i = 0; i < 50000; i++) {
		q = i % 100 < 3 ? "> " : ""
		printf "%sline %d of a l\303\266ng text, \346\227\245\346\234\254 and https://example.org/%d/x\r\n", q, i, i
	}
	print "needle at the end\r"
	print "the very last line\r" }')" \
    '--b' 'Content-Type: application/octet-stream' \
    'Content-Disposition: attachment; filename="behind.bin"' \
    'Content-Transfer-Encoding: base64' '' 'aGVsbG8K' '--b--'
# One line, and characters of three octets alone.
mail INBOX 1700000002 'From: Ben <ben@example.net>' 'To: me@node.test' \
    'Subject: one line' 'Date: Mon, 16 Nov 2026 09:00:00 +0000' \
    'Message-ID: <line@example.net>' 'MIME-Version: 1.0' \
    'Content-Type: text/plain; charset=utf-8' 'Content-Transfer-Encoding: 8bit' \
    -- "$(awk 'BEGIN { printf "begin "; for (i = 0; i < 100000; i++) printf "\346\227\245"; printf " finis" }')"

tui_start
ok 'listed'		sees 'very long'
keys Home
keys Enter
ok 'the start'		sees 'the very first line'
ok 'and what stands behind it all' sees 'behind.bin'
keys G
ok 'the end'		sees 'the very last line'
ok 'is known as such'	sees 'INBOX .* end'
keys Home
ok 'the start again'	sees 'the very first line'
keys q
ok 'left'		sees '1/2'
keys Enter G
ok 'End at once waits for the end' sees 'the very last line'
keys q
ok 'left again'		sees '1/2'
keys Enter /; typed 'needle'; keys Enter
ok 'found behind the start' sees 'needle at the end'
keys Home N
ok 'found backwards'	sees 'needle at the end'
keys Home T
ok 'quotes are hidden'	sees '3 quoted lines'
keys G
ok 'to the end'		sees 'the very last line'
keys T
ok 'which stays in sight' sees 'line 499[0-9][0-9] of'
keys Home Space Space
ok 'paging'		sees 'line [34][0-9] of a löng text, 日本'
tmux -L "$term" resize-window -x 60 -y 20
ok 'narrower, at the same place' sees 'line [34][0-9] of a löng text'
keys G
ok 'and to the end of that' sees 'the very last line'
tmux -L "$term" resize-window -x 80 -y 24
keys q
ok 'back in the list'	sees 'one line'
keys j Enter
ok 'a line without end' sees '^日日日日日'
keys G
ok 'has one'		sees 'finis'
keys q k
ok 'closed'		sees '1/2'
keys Enter q Enter q Enter j j q
ok 'opened and closed in haste' sees '1/2'

# ---- links that the terminal opens
ok 'a terminal not known for it is told of no links' eval '! grep -aqF "]8;;" "$node/tui.raw"'
tui_stop
tui_start VTE_VERSION=7200
ok 'one that is known'	sees 'very long'
keys Home Enter
ok 'shows the text'	sees 'line 9 of'
ok 'and has its links'	wait_for 'grep -aqF "]8;;https://example.org/9/x$(printf "\033\134")https://example.org/9/x" "$node/tui.raw"'
tui_stop

done_testing
