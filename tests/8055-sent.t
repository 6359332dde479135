#!/bin/sh
# A client that hands in a letter and brings its copy at once, as webmail
# does, finds ours, though it may be on its way there still.  The copy has what
# we take out, and perhaps no end of its last line, which SMTP adds.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node || exit 1
"$python" - "$imap" "$smtps" "$user" "$pw" "$mailnode" "$(pgrep \
    -s "$(cat "$node/serve.pid")" -x mn-sender)" >"$tmp/twice" 2>"$tmp/err" <<'END'
import imaplib, json, os, signal, smtplib, ssl, subprocess, sys, threading, time
imap, smtps, user, pw, mailnode, sender = sys.argv[1:]
ctx = ssl._create_unverified_context()
m = imaplib.IMAP4_SSL("127.0.0.1", int(imap), ssl_context=ctx)
m.login(user, pw)
s = smtplib.SMTP_SSL("127.0.0.1", int(smtps), context=ctx)
s.login(user, pw)
for n in range(15):
    msg = ("From: me@node.test\r\nTo: ada@friend.test\r\nSubject: %d\r\n"
           "Message-ID: <s%d@web>\r\nX-Sender: me@node.test\r\n\r\n%s" %
           (n, n, ("hello\r\n", "hello", "")[n % 3])).encode()
    s.sendmail(user, ["ada@friend.test"], msg)
    assert m.append("Sent", "(\\Seen)", None, msg)[0] == "OK"
# And before the sender has even begun with it.
os.kill(int(sender), signal.SIGSTOP)
msg = msg.replace(b"<s14@web>", b"<s15@web>")
s.sendmail(user, ["ada@friend.test"], msg)
t = threading.Thread(target=m.append, args=("Sent", "(\\Seen)", None, msg))
t.start()
t.join(1)
os.kill(int(sender), signal.SIGCONT)
t.join()
# None is tried before its copy stands there.
end = time.monotonic() + 30
while time.monotonic() < end:
    tried = [json.loads(x)["why"] != "" for x in subprocess.run(
        [mailnode, "queue", "list", "-j"], capture_output=True,
        check=True).stdout.splitlines()]
    if len(tried) == 16 and all(tried):
        break
print(m.select("Sent")[1][0].decode())
END
is 'each stands in Sent once' "$(cat "$tmp/twice" "$tmp/err")" 16
done_testing
