#!/bin/sh
# show: by row, Message-ID and trace; text, JSON, raw; nothing raw on a tty.
. tests/lib.sh

node_use a
node_config && node_build && node_init || { echo "1..0 # SKIP"; exit 0; }
node_start
cat >"$tmp/letter" <<'E'
From: Ann <ann@x.test>
To: me@node.test
Subject: =?utf-8?q?caf=C3=A9?=
Message-ID: <show1@x.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<p>na=EFve <a href="https://x.test/">here</a></p>=1B[31m
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="../a b.pdf"
Content-Transfer-Encoding: base64

aGVsbG8=
--b--
E
"$python" - "$(node_port smtp)" "$tmp/letter" >"$tmp/reply" <<'E'
import smtplib, sys
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
s.ehlo("x.test")
s.mail("ann@x.test")
s.rcpt("me@node.test")
print(s.data(open(sys.argv[2]).read().replace("\n", "\r\n"))[1].decode())
E
trace=$(grep -o '[a-z0-9]*\.[0-9][0-9]*' "$tmp/reply" | tail -1)
ok 'accepted, with a trace' test -n "$trace"
ok 'listed' wait_for 'mn show show1@x.test >/dev/null 2>&1' 20
ok 'found' wait_for '[ "$(mn search -j id:show1@x.test | wc -l)" = 1 ]' 20
id=$(mn search -j id:show1@x.test | sed 's/.*"id":\([0-9]*\).*/\1/')
is 'by row id' "$(mn show "$id" | sed -n '/^$/,$p')" '
naïve here <https://x.test/>

[31m
[2  application/pdf  a b.pdf  8]'
is 'by Message-ID' "$(mn show '<show1@x.test>')" "$(mn show "$id")"
is 'by trace' "$(mn show "$trace")" "$(mn show "$id")"
is 'subject decoded' "$(mn show "$id" | grep ^Subject)" 'Subject: café'
is 'the usual fields only' "$(mn show "$id" | grep -c ^Received)" 0
is 'or all' "$(mn show -H "$id" | grep -c ^Received)" 1
is 'no control character' "$(mn show -H "$id" | tr -d '\n\t' |
    tr -dc '\000-\037\177' | wc -c)" 0
mn show -r "$id" | tr -d '\r' >"$tmp/raw"
ok 'raw: octets of the file' sh -c \
    "tail -n \$(wc -l <'$tmp/letter') '$tmp/raw' | cmp - '$tmp/letter'"
ok 'JSON' "$python" - "$id" "$mailnode" <<'E'
import json, subprocess, sys
m = json.loads(subprocess.run([sys.argv[2], "show", "-j", sys.argv[1]],
    capture_output=True, check=True).stdout)
assert m["message_id"] == "show1@x.test", m
assert ["Subject", "café"] in m["headers"]
assert m["parts"][2]["filename"] == "a b.pdf", m["parts"]
assert m["parts"][2]["attachment"] and m["parts"][2]["type"] == "application/pdf"
assert "naïve" in m["text"]
s = json.loads(subprocess.run([sys.argv[2], "search", "-j", "*"],
    capture_output=True, check=True).stdout)
assert s["folder"] == "INBOX" and s["attachment"] and s["flags"] == ["unread"]
E
for key in 999999 nobody@x.test t000000.1; do
	mn show "$key" 2>"$tmp/err"; rc=$?
	is "nothing by $key" "$rc $(cat "$tmp/err")" \
	    "1 mailnode: $key: no such thing"
done
is 'probe mime' "$(mn probe mime "$tmp/letter" | cut -d' ' -f1-4,6-)" \
'- multipart/mixed - 289 -
1 text/html iso-8859-1 52 -
2 application/pdf - 5 ../a b.pdf'
printf 'From: MAILER-DAEMON@x.test\nSubject: failure notice\n\n%s\n' \
    'Given up.

<a@x.test>:
No mailbox here. (#5.1.1)' >"$tmp/notice"
is 'probe bounce: a notice for people' "$(mn probe bounce "$tmp/notice")" \
    'failed 5.1.1 a@x.test (No mailbox here. (#5.1.1))'
printf 'Content-Type: message/delivery-status\n\n%s\n' 'Reporting-MTA: dns; x

Final-Recipient: rfc822; b@x.test
Action: failure
Status: 5.2.2' >"$tmp/notice"
is 'probe bounce: a status' "$(mn probe bounce "$tmp/notice")" \
    'failed 5.2.2 b@x.test'
done_testing
