#!/bin/sh
# Who guesses recipients, talks nonsense or floods is kept out for a while,
# with the evidence; his neighbours, the owner and this machine are not.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node own_networks '{ "127.50.0.0/16 2001:db8::/32" }' \
    sessions_per_address 10 || exit 1
port=$(node_port smtp)
brute() { "$python" tests/tools/brute.py "$port" "$@"; }
bans() { mn ban list -j | "$python" -c '
import json, sys
for l in sys.stdin:
    b = json.loads(l)
    print(b["network"], b["doors"], *(b[k] for k in ("failures", "recipients",
          "errors", "connections", "addresses", "times")))'; }
line() { mn ban list | grep "^$1 "; }

# ---- a dictionary, by swaks ----
guess()
{
	swaks --silent 2 --server 127.0.0.1 --port "$port" \
	    --local-interface "$1" --from ada@x.test --to "$2" >"$tmp/swaks" 2>&1
}
for w in adam,bob,carl,dora emil,fred,gina,hugo ida,jan,karl,lea \
    max,nina,otto,paul rosa,sam,tina; do
	guess 127.7.7.1 "$(echo "$w" | sed 's/,/@node.test,/g')@node.test"
done
ok 'nineteen guesses: refused one by one' grep -q '550 5.1.1' "$tmp/swaks"
is 'and no ban' "$(bans)" ''
guess 127.7.7.1 uwe@elsewhere.test
is 'the twentieth, to elsewhere, is a ban' "$(bans)" '127.7.7.1 mail 0 20 0 0 0 1'
ok 'with its evidence' eval 'line 127.7.7.1 | grep -q \
    "mail   since 20..-..-.. ..:.. until 20..-..-.. ..:..  20 refused recipients: uwe@elsewhere.test, tina@node.test, sam@node"'
ok 'swaks hears 421' eval 'guess 127.7.7.1 me@node.test; grep -q "421 4.7.0 .*closed to you for a while" "$tmp/swaks"'
ok 'why tells of the ban' wait_for 'mn why 127.7.7.1 | grep -q \
    " ban  *127.7.7.1 doors=mail seconds=300 20 refused recipients: uwe@elsewhere.test"'
ok 'of who was refused since' wait_for 'mn why 127.7.7.1 | grep -q "refuse .*is closed to 127.7.7.1 for a while"'
"$python" - "$port" <<'END'
import socket, sys
for i in range(300):
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 30, ('127.7.7.1', 0))
    s.recv(100); s.close()
END
ok 'a flood of his is few lines' wait_for 'guess 127.7.7.1 me@node.test
    [ "$(sed -n "s/.*event=refuse more=\([0-9]*\)$/\1/p" "$node/log" | awk "{ n += \$1 } END { print n + 0 }")" -ge 1 ]'
ok 'and of its end' eval 'mn why 127.7.7.1 | tail -1 | grep -q " banned .*seconds-left=[23]"'
ok 'in JSON, too' eval 'mn why -j 127.7.7.1 | tail -1 | grep -q "\"kind\":\"banned\""'
is 'a neighbour is served' "$(brute 127.7.7.2 mail)" sent
ok 'a login is tried from there as before' eval '"$python" -c "
import socket, ssl
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
s = c.wrap_socket(socket.create_connection((\"127.0.0.1\", $imap), 10, (\"127.7.7.1\", 0)))
print(s.recv(500).decode())" | grep -q "OK.*IMAP mailnode"'

# ---- a network ----
for i in 2 3; do brute "127.7.7.$i" rcpt 20 >"$tmp/o"; done
is 'three of a network' "$(bans | wc -l)" 3
is 'leave the fourth its door' "$(brute 127.7.7.9 mail)" sent
brute 127.7.7.4 rcpt 20 >"$tmp/o"
is "four close it to all" "$(bans | grep /)" "127.7.7.0/24 mail 0 80 0 0 4 1"
ok 'with the addresses' eval 'line 127.7.7.0/24 | grep -q "80 refused recipients from 4 addresses: 127.7.7.4, 127.7.7.3"'
ok 'a neighbour hears it' eval 'brute 127.7.7.9 mail | grep -q "^421 4.7.0"'
ok 'and why tells him' wait_for 'mn why 127.7.7.9 | grep -q "is closed to 127.7.7.0/24 for a while"'
is 'the next network is served' "$(brute 127.7.8.1 mail)" sent

# ---- the end ----
ok 'stop' node_stop
ok 'the file has them' grep -q '^ban 127.7.7.0/24 1 ' "$MAILNODE_HOME/bans"
ok 'start' node_start
port=$(node_port smtp)
ok 'they outlive that' eval 'brute 127.7.7.9 mail | grep -q ^421'
ok 'stop' node_stop
soon=$(($(date +%s) + 2))
sed -i "s/^\(ban [^ ]* [0-9]* [0-9]*\) [0-9]*/\1 $soon/" "$MAILNODE_HOME/bans"
ok 'start' node_start
port=$(node_port smtp)
ok 'and end by themselves' wait_for '[ "$(brute 127.7.7.9 mail)" = sent ]'
is 'for the first, too' "$(brute 127.7.7.1 mail)" sent
is 'none is listed' "$(mn ban list)" ''
brute 127.7.7.1 rcpt 20 >"$tmp/o"
is 'the second time is twice as long' "$(mn ban list -j | "$python" -c '
import json, sys, time
b = json.loads(sys.stdin.readline())
print(b["times"], 500 < b["until"] - time.time() <= 600)')" '2 True'
ok 'the owner opens it' mn ban rm 127.7.7.1
is 'at once' "$(brute 127.7.7.1 mail)" sent
ok 'and why knows' wait_for 'mn why 127.7.7.1 | grep -q "lifted by the owner"'

# ---- errors, connections ----
ok 'nonsense is answered' eval 'brute 127.9.1.1 error 29 | grep -q "^500 5.5.1"'
is 'for long' "$(bans)" ''
brute 127.9.1.1 error 1 >"$tmp/o"
is 'not for ever' "$(bans)" '127.9.1.1 mail 0 0 30 0 0 1'
ok 'with its evidence' eval 'line 127.9.1.1 | grep -q "30 protocol errors: 500 5.5.1 unknown command"'
brute 127.9.4.1 silent 29 >"$tmp/o"
is 'who says nothing may come' "$(brute 127.9.4.1 mail)" sent
brute 127.9.4.1 silent 1 >"$tmp/o"
ok 'not for ever' wait_for 'bans | grep -q "127.9.4.1 mail 0 0 30 0 0 1"'
ok 'with its evidence' eval 'line 127.9.4.1 | grep -q "30 protocol errors: said nothing"'
brute 127.9.5.1 tls 30 >"$tmp/o"
ok 'handshakes that fail count, too' wait_for 'bans | grep -q "127.9.5.1 mail 0 0 30 0 0 1"'
ok 'with their evidence' eval 'line 127.9.5.1 | grep -q "30 protocol errors: TLS handshake: http request"'
brute 127.50.1.2 silent 40 >"$tmp/o"
ok 'too many at once are refused' eval 'brute 127.9.2.1 hold 20 | grep -q "421 4.7.0 .*too many connections from you"'
smtp_over
brute 127.9.2.1 hold 105 >"$tmp/o"
ok 'who goes on is out' wait_for \
    '[ "$(bans | grep 127.9.2)" = "127.9.2.1 mail 0 0 10 100 0 1" ]'
ok 'with its evidence' eval 'line 127.9.2.1 | grep -q "100 refused connections: too many at once"'
# The session that is open when a ban begins.
ok 'who is inside goes, too' eval '"$python" -c "
import socket, subprocess
s = socket.create_connection((\"127.0.0.1\", $port), 10, (\"127.9.3.1\", 0))
f = s.makefile(\"rb\"); f.readline()
subprocess.run([\"$python\", \"tests/tools/brute.py\", \"$port\", \"127.9.3.1\", \"rcpt\", \"20\"])
print(f.readline().decode())" | grep -q "^421 4.3.2"'

# ---- the owner ----
ok 'his networks may guess for ever' eval 'brute 127.50.1.1 rcpt 60 | grep -q "^550"'
ok 'and hold what they like' eval 'brute 127.50.1.1 hold 30 | grep -q ^220'
ok 'this machine as well' eval 'brute 127.0.0.1 rcpt 60 | grep -q "^550"'
login_from() { "$python" - "$1" <<P
import imaplib, socket, ssl, sys
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
class I(imaplib.IMAP4_SSL):
    def _create_socket(self, timeout):
        return c.wrap_socket(socket.create_connection(("127.0.0.1", $imap), 10, (sys.argv[1], 0)))
print(I("127.0.0.1", $imap).login("$user", "$pw")[0])
P
}
imap=$(node_port imap)
unlock
is 'a device logs in' "$(login_from 127.60.1.1)" OK
ok 'and guesses from there are forgiven' eval 'brute 127.60.1.1 rcpt 60 | grep -q "^550"'
is 'nobody of them is banned' "$(bans | grep -c '^127\.\(50\|60\|0\)\.')" 0
is 'though his own word stands' "$(mn ban add 127.60.1.0/24 1h; brute 127.60.1.1 mail | cut -c 1-3)" 421
mn ban rm 127.60.1.0/24

ok 'the node is alive' node_alive
done_testing
