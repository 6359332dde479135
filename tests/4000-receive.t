#!/bin/sh
# Mail comes in: swaks, openssl, smtp-source and Postfix as the Internet.
. "$(dirname "$0")/lib.sh"
. tests/postfix.sh

node_use node
node_config sessions_per_address 100 || exit 1
node_build && node_init && node_start || exit 1
port=$(node_port smtp)

inbox() { find "$node/Mail/INBOX/new" "$node/Mail/INBOX/cur" -type f; }
find_mail() { inbox | xargs -r grep -l "$1"; }
arrives() { wait_for "[ -n \"\$(find_mail '$1')\" ]"; }
send() { swaks -n --server 127.0.0.1 --port "$port" --from a@peer.test \
    --to me@node.test --ehlo mx.peer.test "$@"; }

# ---- swaks ----
ok 'swaks delivers' send --header 'Subject: plain-1'
ok 'it is filed' arrives plain-1
f=$(find_mail plain-1)
ok 'its return path is written' grep -qx 'Return-Path: <a@peer.test>.' "$f"
is 'and the hop' "$(tr -d '\r' <"$f" | sed -n '2,3p')" \
    'Received: from mx.peer.test ([127.0.0.1])
	by mail.node.test with ESMTP'
ok 'and the verdict' grep -q '^Authentication-Results: mail.node.test;' "$f"
is 'lines end in CRLF' "$(grep -c -v "$(printf '\r')\$" "$f")" 0
ok 'over TLS' send -tls --header 'Subject: tls-1'
ok 'it is filed, too' arrives tls-1
ok 'the hop says so' grep -q 'with ESMTPS' "$(find_mail tls-1)"
ok 'and how' grep -q '(TLSv1.3 TLS_' "$(find_mail tls-1)"
ok 'over TLS 1.2' send -tls --tls-protocol tlsv1_2 --header 'Subject: tls-2'
ok 'TLS 1.1 is refused' fails send -tls --tls-protocol tlsv1_1
ok 'nobody is refused' fails send --to you@node.test
ok 'pipelined' send --pipeline --header 'Subject: pipe-1'
ok 'it is filed as well' arrives pipe-1
ok 'pipelined, one of two there' send --pipeline --header 'Subject: pipe-2' \
    --to you@node.test,me@node.test
ok 'it is filed for that one' arrives pipe-2
ok 'TLS from the first octet is not spoken here' fails send --tls-on-connect \
    --timeout 5s
is 'XCLIENT is unknown' "$(send --xclient-addr 192.0.2.9 --xclient-optional \
    --header 'Subject: xclient-1' | grep -c 'XCLIENT')" 0
ok 'and what wants it goes away' fails send --xclient-addr 192.0.2.9
send --tls --quit-after EHLO >"$tmp/ehlo" 2>&1
ok 'PIPELINING is offered' grep -q '250.PIPELINING' "$tmp/ehlo"
is 'AUTH is not, over TLS neither' "$(grep -c '250.AUTH' "$tmp/ehlo")" 0
send --proxy-version 1 --proxy-family TCP4 --proxy-source 192.0.2.9 \
    --proxy-source-port 25 --proxy-dest 192.0.2.1 --proxy-dest-port 25 \
    --header 'Subject: proxy-1' >"$tmp/proxy" 2>&1
ok 'a PROXY line is not believed' fails grep -q 192.0.2.9 \
    "$node/log"
ok 'a forged verdict is cut out' send --header 'Subject: forged-1' \
    --add-header 'Authentication-Results: mail.node.test; dkim=pass (forged)'
ok 'that one is filed' arrives forged-1
ok 'without it' fails grep -q 'dkim=pass' "$(find_mail forged-1)"

# ---- openssl ----
s_client() { openssl s_client -starttls smtp -connect "127.0.0.1:$port" \
    -brief "$@" </dev/null 2>&1; }
ok 'openssl shakes hands' s_client
ok 'there are no tickets' fails sh -c "printf 'QUIT\r\n' |
    openssl s_client -starttls smtp -connect 127.0.0.1:$port -quiet -msg 2>&1 |
    grep -q NewSessionTicket"
ok 'no static RSA' fails s_client -tls1_2 -cipher AES128-GCM-SHA256

# ---- smtp-source ----
before=$(inbox | wc -l)
ok 'smtp-source, one a connection' smtp-source -s 18 -m 500 -l 4096 \
    -f a@peer.test -t me@node.test -S burst "127.0.0.1:$port"
ok 'smtp-source, many on a connection' smtp-source -d -s 10 -m 500 -l 20000 \
    -f a@peer.test -t me@node.test -S burst "127.0.0.1:$port"
ok 'all thousand are there' wait_for \
    '[ "$(inbox | wc -l)" = $((before + 1000)) ]' 30
is 'with a UID each' "$(inbox | sed 's/.*I=[0-9]*\.//; s/:.*//' | sort -u |
    wc -l)" $((before + 1000))

# ---- Postfix sends: STARTTLS, pipelining, BDAT, large, 8 bits, DSN ----
postfix_config
postfix_set "relayhost = [127.0.0.1]:$port" 'smtp_tls_security_level = encrypt' \
    'smtp_tls_loglevel = 1' 'myorigin = peer.test'
postfix_start || exit 1
post() { swaks -n --server 127.0.0.1 --port "$postfix_port" \
    --from b@peer.test --to me@node.test "$@"; }
postfix_set 'mynetworks = 127.0.0.0/8' \
    'smtpd_relay_restrictions = permit_mynetworks, reject'
postfix -c "$postfix" reload >>"$postfix/start.log" 2>&1
head -c 3000000 /dev/urandom | base64 >"$tmp/large"
ok 'Postfix takes one to send' post --header 'Subject: postfix-1'
ok 'it arrives' arrives postfix-1
ok 'over TLS' grep -q 'with ESMTPS' "$(find_mail postfix-1)"
ok 'Postfix: a large one' post --header 'Subject: postfix-2' \
    --body "@$tmp/large"
ok 'that arrives' wait_for '[ -n "$(find_mail postfix-2)" ]' 20
is 'whole' "$(tr -d '\r' <"$(find_mail postfix-2)" | sed '1,/^$/d' |
    head -c "$(stat -c %s "$tmp/large")" | cmp - "$tmp/large" && echo same)" same
ok 'Postfix: UTF-8 in the envelope' "$python" - "$postfix_port" <<'END'
import smtplib, sys
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=60)
s.ehlo("x.test")
s.mail("jürgen@peer.test", ["SMTPUTF8", "BODY=8BITMIME"])
assert s.rcpt("me+größe@node.test")[0] == 250
assert s.data("Subject: postfix-3 größe\r\n\r\n.\r\n..\r\nü\r\n".encode())[0] == 250
END
ok 'it arrives as well' arrives postfix-3
ok 'as UTF8SMTPS' grep -q 'with UTF8SMTPS' "$(find_mail postfix-3)"
is 'dots and all' "$(tr -d '\r' <"$(find_mail postfix-3)" | sed '1,/^$/d')" \
    '.
..
ü'
ok 'Postfix: to nobody' post --to you@node.test --header 'Subject: postfix-4'
ok 'it hears why' wait_for 'grep -q "550 5.1.1 .*\[.*\.1\]" "$postfix/log"'
postfix_stop

# ---- what happens around a session ----
ok 'a locked vault receives over TLS' mn vault lock
ok 'it does' send -tls --header 'Subject: locked-1'
ok 'and files it' arrives locked-1

# A keeper that is killed: sessions get the new one; nothing is lost.  (By an
# address of its own: what keeper has called ours lately is not asked for.)

"$python" - "$port" "$(cat "$node/serve.pid")" >"$tmp/killed" <<'END' &
import socket, subprocess, sys, time
port, session = sys.argv[1:]
s = socket.create_connection(("127.0.0.1", int(port)), 60)
f = s.makefile("rwb")
def ask(text):
    f.write(text.encode()); f.flush()
    while True:
        line = f.readline().decode()
        if line[3:4] != "-":
            return line
f.readline()
ask("EHLO x\r\n")
subprocess.run(["pkill", "-KILL", "-s", session, "-x", "mn-keeper"])
deadline = time.monotonic() + 20
while True:
    ask("MAIL FROM:<a@peer.test>\r\n")
    got = ask("RCPT TO:<me+killed@node.test>\r\n")
    print(got, end="")
    if got.startswith("250"):
        break
    assert got.startswith("451 4.3.0") and time.monotonic() < deadline
    ask("RSET\r\n")
    time.sleep(0.05)
assert ask("DATA\r\n").startswith("354")
assert ask("Subject: killed-1\r\n\r\n.\r\n").startswith("250")
END
ok 'a session outlives its keeper' wait $!
ok 'its message is filed' arrives killed-1

# Shutdown says so to who is there, in and outside of a message.
"$python" - "$port" "$(cat "$node/serve.pid")" >"$tmp/stopped" 2>&1 <<'END' &
import os, signal, socket, sys
port, pid = map(int, sys.argv[1:])
def talk(text, last):
    s = socket.create_connection(("127.0.0.1", port), 60)
    f = s.makefile("rwb")
    f.write(text); f.flush()
    while not f.readline().startswith(last):
        pass
    return f
idle = talk(b"EHLO x\r\n", b"250 ")
busy = talk(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<me@node.test>\r\nDATA\r\n"
            b"Subject: cut\r\n", b"354")
os.kill(pid, signal.SIGTERM)
for f in idle, busy:
    assert f.readline().startswith(b"421 4.3.2 ")
    assert f.readline() == b""
END
talk=$!
ok 'sessions hear 421 at a shutdown' wait "$talk"
wait_for '! node_alive' 20
is 'and nothing of theirs is kept' "$(find_mail '^Subject: cut')" ''
done_testing
