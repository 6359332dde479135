#!/bin/sh
# A thread that no page holds: read, opened and moved as a whole.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
command -v tmux >/dev/null || skip_all 'no tmux'
trap 'tui_stop; cleanup' EXIT

node_use a
ok 'a node is made' eval 'node_config && node_build && node_init'

# 620 letters, each to so many that 128 KiB hold no 100 of them.
"$python" - "$node/Mail/INBOX" <<'END'
import sys, time
to = ', '.join('Person Number %d <person%d@example.net>' % (i, i)
               for i in range(40))
for i in range(620):
    with open('%s/cur/17%08d.M1P1.test:2,S' % (sys.argv[1], i), 'w') as f:
        f.write('From: Ada <ada@example.net>\nTo: %s\nSubject: long talk\n'
                'Message-ID: <t%d@example.net>\n%sDate: %s\n\nLetter %d.\n' %
                (to, i, 'In-Reply-To: <t0@example.net>\n' if i else '',
                 time.strftime('%a, %d %b %Y %H:%M:%S +0000',
                               time.gmtime(1700000000 + i * 60)), i))
END
mkdir -p "$node/Mail/Lists/usb/new" "$node/Mail/Lists/usb/cur" \
    "$node/Mail/Lists/usb/tmp" "$node/Mail/Archive/old/new" \
    "$node/Mail/Archive/old/cur" "$node/Mail/Archive/old/tmp"
tui_start
ok 'all are one thread'	sees 'INBOX  620 messages' 30
ok 'which is listed'	sees 'Ada +620'
ok 'a mailbox within another' sees '^  old '
ok 'and within none'	sees '^Lists/usb '
keys Enter
ok 'the newest is read'	sees '^Letter 619\.'
ok 'as the last of all'	sees 'message 620 of 620'
keys K
ok 'and the one before it' sees '^Letter 618\.'
keys q z o
ok 'opened, it has them all' sees 'INBOX .* 1/620'
keys G
ok 'the last of them'	sees 'Letter 619'
keys z c
ok 'closed'		sees 'INBOX .* 1/1'
keys d
ok 'all of it goes'	sees '620 to Trash'
ok 'at once'		sees 'INBOX  0 messages'
keys u
ok 'and comes back'	sees 'INBOX  620 messages'
tui_stop
done_testing
