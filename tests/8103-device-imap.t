#!/bin/sh
# Devices over IMAP: the owner's list of them, what each may see and do, and
# the end of one in the middle of IDLE.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh
. tests/device.sh
device_node listeners '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }' || exit 1
cat >"$node/imap.py" <<'P'
import imaplib, os, ssl, sys
imaplib.Commands['ID'] = ('NONAUTH', 'AUTH', 'SELECTED')
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = 0
m = imaplib.IMAP4_SSL('127.0.0.1', int(sys.argv[1]), ssl_context=c)
m._simple_command('ID', '("name" "Test Phone" "version" "7")')
m.login('me@node.test', sys.argv[2])
def ok(r, want='OK'):
    assert r[0] == want, r
    return r[1]
def no(r): return ok(r, 'NO')
def barred(r): assert no(r)[0].startswith(b'[NOPERM]'), r
exec(sys.stdin.read())
P
imap() { "$python" "$node/imap.py" "$(node_port imap)" "$pw"; }
mail() { "$python" -c "
import smtplib
s = smtplib.SMTP('127.0.0.1', $(node_port smtp))
s.sendmail('a@far.test', ['me@node.test'], 'Subject: x\r\n\r\nx\r\n')"; }
waits() { [ "$(pgrep -c -s "$(cat "$node/serve.pid")" -x "mn-$1")" = 1 ]; }
line() { mn device list | grep "^$1 "; }

ok 'a phone' device_add phone --qr none
phone=$pw
ok 'mail' mail
ok 'is there' wait_for '[ "$(mn search subject:x | wc -l)" = 1 ]'
ok 'it looks' imap <<'P'
ok(m.select('INBOX')); ok(m.fetch('1:*', '(FLAGS)')); ok(m.logout(), 'BYE')
P
ok 'a session and a reader wait for the next' wait_for 'waits imap && waits reader'
ok 'the list says as what, and where' wait_for \
    'line phone | grep -q "127.0.0.1  Test Phone 7  INBOX, 0 unsynced"'
ok 'more mail' mail
ok 'is what it has not seen' wait_for 'line phone | grep -q "INBOX, 1 unsynced"'
ok 'it looks again' imap <<'P'
ok(m.select('INBOX')); ok(m.logout(), 'BYE')
P
ok 'and has' wait_for 'line phone | grep -q "INBOX, 0 unsynced"'

ok 'one that only reads' device_add reader --read --qr none
ok 'reads, and changes nothing' imap <<'P'
m.is_readonly = True
ok(m.select('INBOX', readonly=True)); ok(m.fetch('1', '(BODY.PEEK[])'))
barred(m.append('INBOX', None, None, b'Subject: a\r\n\r\nx\r\n')); barred(m.create('New'))
no(m.uid('STORE', '1', '+FLAGS', '(\\Deleted)'))
P
ok 'one for here' device_add here --from 127.0.0.0/8 --qr none
for n in 1 2 3; do
	ok "logs in from here: $n" imap <<'P'
ok(m.select('INBOX')); ok(m.logout(), 'BYE')
P
done
ok 'one for elsewhere' device_add away --from 192.0.2.0/24 --qr none
ok 'does not' fails imap </dev/null
ok 'one with a folder' device_add archive --folder Archive --qr none
ok 'sees that one, and changes it' imap <<'P'
assert [l.split()[-1] for l in ok(m.list())] == [b'"Archive"']
no(m.select('INBOX')); no(m.status('INBOX', '(MESSAGES)'))
ok(m.append('Archive', None, None, b'Subject: a\r\n\r\nx\r\n'))
no(m.append('INBOX', None, None, b'Subject: a\r\n\r\nx\r\n')); no(m.create('Archive/New'))
ok(m.select('Archive')); ok(m.store('1', '+FLAGS', '(\\Seen)')); no(m.copy('1', 'INBOX'))
assert ok(m.search(None, 'SUBJECT', 'a')) == [b'1']
P
ok 'one that only sends' device_add sender --send --qr none
ok 'does not get in' eval '! imap </dev/null 2>"$node/o" && grep -q "may not read mail" "$node/o"'

pw=$phone
held()
{
	imap >"$node/held" 2>&1 <<'P'
import time
ok(m.select('INBOX')); m.send(b'a IDLE\r\n'); m.readline(); print('in', flush=True)
m.sock.settimeout(60)
try:
    while line := m.readline(): print(line)
except (OSError, ssl.SSLError): pass
print('out', time.time(), flush=True)
P
}
held &
at_exit $!
ok 'in IDLE' wait_for 'grep -q ^in "$node/held"'
kill -KILL "$(pgrep -s "$(cat "$node/serve.pid")" -x mn-keeper)"
ok 'with keeper its session ends' wait_for 'grep -q ^out "$node/held"'
ok 'which says for how long' grep -q 'BYE \[UNAVAILABLE\]' "$node/held"
ok 'it comes again' wait_for 'imap </dev/null' 20
held &
at_exit $!
ok 'in IDLE again' wait_for 'grep -q ^in "$node/held"'
ok 'listed' wait_for 'line phone | grep -q "1 session now"'
ok 'revoke' device_revoke phone
now=$(date +%s.%N)
ok 'the session ends' wait_for 'grep -q ^out "$node/held"'
ok 'soon' "$python" -c "
t = float(open('$node/held').read().split()[-1])
raise SystemExit(t - $now > 4)"
ok 'which is said' grep -q 'BYE the server ends this session' "$node/held"
ok 'and no other begins' eval '! imap </dev/null 2>/dev/null'
done_testing
