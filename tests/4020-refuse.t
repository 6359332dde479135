#!/bin/sh
# What is refused says why, to the peer and to the owner.
. "$(dirname "$0")/lib.sh"

node_use node
node_config recipients_max 3 sessions_per_address 4 message_max 100000 \
    || exit 1
node_build && node_init && node_start || exit 1
port=$(node_port smtp)

# say LINES: a dialogue; what the server says.
say()
{
	printf '%s\n' "$1" | "$python" -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
s.sendall(sys.stdin.read().replace("\n", "\r\n").encode())
s.shutdown(socket.SHUT_WR)
out = b""
while part := s.recv(65536):
    out += part
sys.stdout.write(out.decode().replace("\r\n", "\n"))' "$port"
}

to='EHLO mx.peer.test
MAIL FROM:<a@peer.test>
RCPT TO'
id_of() { sed -n "s/^$1.*\[\([0-9a-z.]*\)\]\$/\1/p" "$tmp/said" | head -1; }

say "$to:<you@node.test>" >"$tmp/said"
id=$(id_of '550 5.1.1')
ok 'a refusal has an id' [ -n "$id" ]
ok 'why knows it' wait_for \
    'mn why "$id" | grep -q "550 5.1.1 no such address here"'
mn why "$id" >"$tmp/why"
ok 'who it was' grep -q 'from \[127.0.0.1\]:[0-9]* helo=mx.peer.test' "$tmp/why"
ok 'and from whom' grep -q 'sender=<a@peer.test>' "$tmp/why"
ok 'in its brackets, too' sh -c '"$0" why "[$1]" | grep -q " 550 5.1.1 "' \
    "$mailnode" "$id"
ok 'by address, too' wait_for 'mn why you@node.test | grep -q "$id"'
ok 'of him who sent it, as well' wait_for 'mn why A@peer.test | grep -q "$id"'
say "$to:<you@node.test>
RCPT TO:<he@node.test>" >"$tmp/said"
id=$(id_of '550 5.1.1')
wait_for 'mn why "$id" | grep -q he@'
is 'once of a message' "$(mn why "$id" | grep -c ' from  ')" 1

say "$to:<me@node.test>
DATA
Subject: why-1

.
QUIT" >"$tmp/said"
id=$(sed -n 's/^250 2.0.0 accepted as: //p' "$tmp/said")
ok 'an acceptance has an id' [ -n "$id" ]
ok 'why tells of the acceptance' wait_for 'mn why "$id" | grep -q accept'
ok 'of the folder' wait_for 'mn why "$id" | grep -q folder=INBOX'
ok 'by the sender' wait_for 'mn why a@peer.test | grep -q "$id"'
ok 'and by the recipient' wait_for 'mn why me@node.test | grep -q "$id"'
found() { mn search -j subject:why-1 | sed -n "s/.*\"$1\":\"*\([^\",]*\).*/\1/p"; }
ok 'it is found' wait_for '[ -n "$(found id)" ]'
n=$(found id)
ok 'and by its number' sh -c '"$0" why "$1" | grep -q "$2"' "$mailnode" "$n" "$id"
msgid=$(found message_id)
ok 'and by its Message-ID' sh -c '"$0" why "$1" | grep -q "$2"' "$mailnode" \
    "$msgid" "$id"

# Who sends for others has an envelope of his own.
say "EHLO mx.peer.test
MAIL FROM:<bounce-1@lists.test>
RCPT TO:<me@node.test>
DATA
From: Shop <Alice@shop.test>
Subject: why-2

.
QUIT" >"$tmp/said"
id=$(sed -n 's/^250 2.0.0 accepted as: //p' "$tmp/said")
ok 'by the author of what came' wait_for \
    '[ -n "$id" ] && mn why alice@shop.test | grep -q "$id"'

# ---- aliases ----
ok 'an alias is added' mn alias add shop
say "$to:<shop@node.test>" >"$tmp/said"
ok 'it is taken' grep -q '^250 2.1.5' "$tmp/said"
ok 'it is burned' mn alias burn shop
say "$to:<shop@node.test>" >"$tmp/said"
ok 'it is gone' grep -q '^550 5.1.1' "$tmp/said"
ok 'one with an end is added' mn alias add -e 30d -n 'a fair' fair
ok 'which is shown' eval 'mn alias list | grep "fair@.*active.* until 20..-..-.. # a fair$"'
say "$to:<fair@node.test>" >"$tmp/said"
ok 'until then it is taken' grep -q '^250 2.1.5' "$tmp/said"
ok 'an end that is over is refused' eval 'fails mn alias add -e 2020-01-31 x 2>"$tmp/err" && grep -q "a day to come" "$tmp/err"'
ok 'and what is no day' fails mn alias add -e soon x
ok 'and a name of any length' fails mn alias add "$(printf %0400d 1)"
sqlite3 -cmd '.timeout 9000' "$MAILNODE_HOME/node.db" "UPDATE alias SET expires = 1000000000 WHERE address = 'fair@node.test'"
say "$to:<fair@node.test>" >"$tmp/said"
ok 'behind it it is gone' grep -q '^550 5.1.1' "$tmp/said"
ok 'and listed so' eval 'mn alias list | grep "fair@.*expired used 0 refused 1"'
ok 'in JSON, too' eval 'mn alias list -j | grep "fair@.*\"expires\":1000000000"'

# ---- configured limits ----
say "$to:<me+1@node.test>
RCPT TO:<me+2@node.test>
RCPT TO:<me+3@node.test>
RCPT TO:<me+4@node.test>" >"$tmp/said"
is 'three recipients are taken' "$(grep -c '^250 2.1.5' "$tmp/said")" 3
ok 'the fourth comes later' grep -q '^452 4.5.3' "$tmp/said"
ok 'EHLO says so' grep -q '^250-LIMITS RCPTMAX=3$' "$tmp/said"
ok 'and the size' grep -q '^250-SIZE 100000$' "$tmp/said"
say "EHLO x
MAIL FROM:<a@peer.test> SIZE=100000
RSET
MAIL FROM:<a@peer.test> SIZE=100001" >"$tmp/said"
is 'SIZE at the limit and past it' \
    "$(sed -n '/2.1.0/,$p' "$tmp/said" | cut -c1-9 | tr '\n' ' ')" \
    '250 2.1.0 250 2.0.0 552 5.3.4 '
smtp_over
ok 'five at once are too many' "$python" - "$port" <<'END'
import socket, sys
talks = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
         for _ in range(5)]
got = [t.makefile("r").readline() for t in talks]
assert [g[:3] for g in got] == ["220"] * 4 + ["421"], got
print(got[4].rsplit("[", 1)[1].rstrip("]\r\n"))
END
id=$(cat "$tmp/out")
ok 'why knows the id of that answer' \
    wait_for 'mn why "$id" | grep -q "refuse .*too many connections"' 5
ok 'and the address' sh -c '"$1" why 127.0.0.1 | grep -q "$2"' sh \
    "$mailnode" "$id"
smtp_over
ok 'many more at once' "$python" - "$port" <<'END'
import socket, sys
talks = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
         for _ in range(34)]
got = [t.makefile("r").readline()[:3] for t in talks]
assert got == ["220"] * 4 + ["421"] * 30, got
END
# Ten of an address in a minute, and a minute may end meanwhile.
ok 'of which a few are told' wait_for \
    'n=$(mn why 127.0.0.1 | grep -c "too many"); [ $n -ge 9 ] && [ $n -le 20 ]'
ok 'that is in the log' grep -q 'event=refuse trace=.*too many' "$node/log"
ok 'it stops' node_stop

# ---- no space: the reserve is more than there is ----
node_use full
node_config reserve_mib 2000000000 || exit 1
node_build && node_init && node_start || exit 1
port=$(node_port smtp)
say "$to:<me@node.test>
RCPT TO:<you@node.test>
RSET
MAIL FROM:<a@peer.test> SIZE=70000" >"$tmp/said"
is 'below the reserve nothing is taken' \
    "$(grep -o '^[45][0-9. ]*' "$tmp/said" | tr '\n' ' ')" \
    '452 4.3.1  550 5.1.1  452 4.3.1  '
ok 'status says so' wait_for 'mn status | grep -q "free space is below"'
ok 'it stops as well' node_stop
done_testing
