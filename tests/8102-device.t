#!/bin/sh
# mailnode device: credentials, codes, lists, the end of a device; and what
# failed logins lead to.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh
. tests/device.sh
device_node realname '"Ada \"A\" Lovelace"' || exit 1
user=me@node.test
tls=$(sub_port tls)
login() { "$python" tests/tools/submit.py "$tls" tls PLAIN "$user" "$1" "$user" </dev/null; }

# ---- add ----
ok 'add' device_add phone --profile "$node/p.mobileconfig"
phone=$pw
ok 'a password of seven groups' eval 'printf %s "$pw" | grep -Eqx "([a-z0-9]{4}-){6}[a-z0-9]{4}"'
ok 'says that it is shown once' grep -q 'shown once' "$node/err"
ok 'says that there is no IMAP door' grep -q 'no CONF_IMAP' "$node/err"
ok 'the vault has it not' fails grep -aq "$pw" "$MAILNODE_HOME/vault"
ok 'nor has the log' fails grep -q "$pw" "$node/log"
ok 'vault list names it' eval 'mn vault list | grep -q "^device/phone  *device"'
ok 'it logs in' login "$pw"
ok 'in capitals and without dashes, too' eval 'login "$(printf %s "$pw" | tr -d - | tr a-z A-Z)"'

# A sanitizer keeps what was freed.
if [ "$(id -u)" = 0 ] && [ -z "${SAN-}" ]; then
	v=$(pgrep -s "$(cat "$node/serve.pid")" -x mn-vault)
	is 'after a login the vault remembers no password' \
	    "$("$python" tests/tools/memscan.py "$v" "$pw")" 0
fi

# Codes as a camera sees them: half blocks drawn as squares.
cat >"$node/draw.py" <<'P'
import sys
codes, cur = {}, None
for line in open(sys.argv[1], encoding='utf-8'):
    line = line.rstrip('\n')
    if line.endswith(':') and not line.startswith(('device', 'address')):
        cur = codes.setdefault(line.split()[0].lower().strip(':,'), [])
    elif cur is not None and any(c in line for c in '█▀▄'):
        cur.append(line)
light = {' ': (0, 0), '▀': (1, 0), '▄': (0, 1), '█': (1, 1)}
for name, rows in codes.items():
    px = []
    for r in rows:
        px.append([light[c][0] for c in r]); px.append([light[c][1] for c in r])
    w = max(map(len, px))
    z = 4
    with open('%s/%s.pgm' % (sys.argv[2], name), 'wb') as f:
        f.write(b'P5 %d %d 255\n' % (w * z, len(px) * z))
        for r in px:
            line = b''.join(bytes([255 * v]) * z for v in r + [1] * (w - len(r)))
            f.write(line * z)
P
"$python" "$node/draw.py" "$node/phone.txt" "$node"
ok 'three codes' [ -s "$node/thunderbird.pgm" -a -s "$node/delta.pgm" -a -s "$node/any.pgm" ]
scan() { zbarimg -q --raw "$node/$1.pgm"; }
ok 'Thunderbird reads JSON' eval 'scan thunderbird >"$node/tb" && "$python" - "$node/tb" "$pw" "$tls" <<P
import json, sys
d = json.load(open(sys.argv[1]))
pw, port = sys.argv[2], int(sys.argv[3])
assert d[0] == 1 and d[1] == [1, 1], d
assert d[2] == [0, "mail.node.test", 993, 3, 1, "me@node.test", "me@node.test", pw], d[2]
assert d[3] == [[[0, "mail.node.test", port, 3, 1, "me@node.test", pw],
    ["me@node.test", "Ada \"A\" Lovelace"]]], d[3]
P'
is 'Delta Chat reads a URI' "$(scan delta)" \
    "dclogin://me@node.test?p=$pw&v=1&ih=mail.node.test&ip=993&is=ssl&sh=mail.node.test&sp=$tls&ss=ssl&ic=1"
ok 'and the text is text' eval 'scan any | grep -q "^password:  $pw"'
ok 'the profile is a property list with the password' "$python" - "$node/p.mobileconfig" "$pw" "$tls" <<'P'
import plistlib, sys
d = plistlib.load(open(sys.argv[1], 'rb'))
a = d['PayloadContent'][0]
assert d['PayloadType'] == 'Configuration'
assert a['PayloadType'] == 'com.apple.mail.managed'
assert a['IncomingPassword'] == sys.argv[2]
assert a['OutgoingPasswordSameAsIncomingPassword'] is True
assert a['EmailAddress'] == 'me@node.test'
assert a['EmailAccountName'] == 'Ada "A" Lovelace'
assert a['OutgoingMailServerPortNumber'] == int(sys.argv[3])
assert len({d['PayloadUUID'], a['PayloadUUID']}) == 2
P
is 'for the owner alone' "$(stat -c %a "$node/p.mobileconfig")" 600
refused()	# NAME TEXT ARGS...
{
	name=$1 text=$2; shift 2
	printf '%s\n' "${phrase-$pass}" | mn device "$@" --passphrase-stdin \
	    >"$node/o" 2>&1
	[ $? -ne 0 ]; is "$name: refused" "$?" 0
	ok "$name: says why" grep -q "$text" "$node/o"
}
refused 'a taken name' 'the name is taken' add phone
refused 'no name' 'lower case' add 'My Phone'
refused 'a day that is over' 'not a day to come' add x --expires 2020-01-01
refused 'no day' 'not a day to come' add x --expires soon
refused 'no network' 'not a network' add x --from 300.1.1.1
refused 'no code' 'one of thunderbird' add x --qr apple
refused 'no folder' 'not a folder' add x --folder .x
refused 'a revoked stranger' 'no such device' revoke nobody
refused 'usage' '^usage' add
phrase=wrong
refused 'a wrong passphrase' 'wrong passphrase' add x
refused 'to revoke, too' 'wrong passphrase' revoke phone
unset phrase
ok 'nothing was added' [ "$(mn device list | wc -l)" = 1 ]
ok 'an existing profile is not overwritten' fails device_add y --profile "$node/p.mobileconfig"
ok 'a folder, networks, a day' device_add work --folder Archive \
    --from 127.0.0.0/8,2001:db8::/32 --expires 30d --undo 60 --qr text
ok 'a mailbox that there is not yet' device_add later --folder Archvie --qr none
is 'is said' "$(grep mailbox "$node/err")" \
    'mailnode: Archvie: there is no such mailbox yet'
printf '%s\n' "$pass" | mn device revoke later --passphrase-stdin
is 'list' "$(mn device list | sed -n 's/^work  *//p' | sed 's/20[0-9-]*$/DAY/')" \
    'read,change      never              only Archive  from 127.0.0.0/8 2001:db8::/32  until DAY'
ok 'list -j' eval 'mn device list -j | "$python" -c "
import json, sys
d = {r[\"name\"]: r for r in map(json.loads, sys.stdin)}
assert d[\"work\"][\"only_folder\"] == \"Archive\" and d[\"work\"][\"undo\"] == 60
assert d[\"work\"][\"scope\"] == \"read,change\" and d[\"work\"][\"seen\"] == 0
p = d[\"phone\"]
assert p[\"seen\"] > 1e9 and p[\"service\"] == \"submission\"
assert p[\"address\"] == \"127.0.0.1\" and p[\"client\"] == \"client.test\"
assert p[\"sessions\"] == 0 and p[\"unsynced\"] == 0"'

# ---- autoconfig ----
ok 'autoconfig' eval 'mn device autoconfig "$node/www" 2>/dev/null >"$node/o"'
is 'four files' "$(wc -l <"$node/o")" 4
ok 'config-v1.1.xml on both paths' cmp "$node/www/mail/config-v1.1.xml" \
    "$node/www/.well-known/autoconfig/mail/config-v1.1.xml"
ok 'they are what clients read' "$python" - "$node/www" "$tls" <<'P'
import plistlib, sys
import xml.etree.ElementTree as ET
top, port = sys.argv[1], sys.argv[2]
p = ET.parse(top + '/mail/config-v1.1.xml').getroot().find('emailProvider')
assert p.get('id') == 'node.test' and p.find('domain').text == 'node.test'
o = p.find('outgoingServer')
assert [o.find(x).text for x in ('hostname', 'port', 'socketType', 'username',
    'authentication')] == ['mail.node.test', port, 'SSL', 'me@node.test',
    'password-cleartext']
n = '{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}'
r = ET.parse(top + '/autodiscover/autodiscover.xml').getroot()
assert [e.text for e in r.iter(n + 'Type')] == ['IMAP', 'SMTP']
assert [e.text for e in r.iter(n + 'Port')] == ['993', port]
d = plistlib.load(open(top + '/mail.mobileconfig', 'rb'))
assert 'IncomingPassword' not in d['PayloadContent'][0]
P
ok 'again' eval 'mn device autoconfig "$node/www" >/dev/null 2>&1'
ok 'into nothing: fails' eval '! mn device autoconfig /proc/none >/dev/null 2>&1'

# ---- where phones look, in the zone ----
node_use z
node_config listeners '{ { "127.0.0.1", "465", CONF_SUBMISSION, CONF_TLS, NULL },
    { "::1", "465", CONF_SUBMISSION, CONF_TLS, NULL },
    { "127.0.0.1", "587", CONF_SUBMISSION, CONF_STARTTLS, NULL },
    { "127.0.0.1", "993", CONF_IMAP, CONF_TLS, NULL } }'
ok 'a node of usual ports' eval 'node_build && node_init'
is 'SRV records, one a door' "$(grep SRV "$node/init.out" | tr '\t' ' ')" \
    '_submissions._tcp.node.test. IN SRV 0 1 465 mail.node.test.
_submission._tcp.node.test. IN SRV 0 1 587 mail.node.test.
_imaps._tcp.node.test. IN SRV 0 1 993 mail.node.test.'
node_use n

# ---- revoke: a session that is under way ends ----
ok 'one more' device_add lost --qr none
lost=$pw
cat >"$node/hold.py" <<'P'
import smtplib, ssl, sys, time
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = 0
s = smtplib.SMTP_SSL('127.0.0.1', int(sys.argv[1]), context=c)
s.login('me@node.test', sys.argv[2])
print('in', flush=True)
s.sock.settimeout(30)
try:
    said = s.sock.recv(1000)
except (OSError, ssl.SSLError):
    said = b''
print('out', time.time(), said.decode().strip(), flush=True)
P
"$python" "$node/hold.py" "$tls" "$lost" >"$node/held" 2>&1 &
at_exit $!
wait_for 'grep -q ^in "$node/held"'
ok 'its session is listed' wait_for 'mn device list | grep -q "^lost.*1 session now"'
ok 'revoke' device_revoke lost
now=$(date +%s.%N)
ok 'the session ends' wait_for 'grep -q ^out "$node/held"'
ok 'soon' "$python" -c "
import sys
t = float(open('$node/held').read().split()[2])
sys.exit(t - $now > 4)"
ok 'and was told why not' grep -q '421 4.3.2' "$node/held"
ok 'it logs in no more' eval '! login "$lost" >"$node/o"'
ok 'the other one does' login "$phone"
ok 'it is off the list' eval '! mn device list | grep -q ^lost'

# ---- expiry ----
ok 'the vault knows the day' device_add short --expires 1d --qr none
short=$pw
ok 'before it: in' login "$short"

# ---- bans: nobody known is locked out, others are ----
there() { "$python" tests/tools/guess.py "$tls" "${1-6}" "${2-127.9.9.9}"; }
there 12 127.0.0.1 >"$node/o"
ok 'ten failures where the owner is: still answered' grep -q '^535' "$node/o"
is 'no ban' "$(mn ban list)" ''
ok 'the owner comes in' login "$phone"
# The same from an address that no device has come from.
ok 'six failures from elsewhere' eval 'there 6 | grep -q ^535'
ok 'are a ban' wait_for 'mn ban list | grep -q "^127.9.9.9 "'
ok 'with its evidence' eval 'mn ban list | grep -q "6 failed logins: root (wrong name or secret)"'
ok 'ban list -j' eval 'mn ban list -j | "$python" -c "
import json, sys, time
b = json.loads(sys.stdin.readline())
assert b[\"network\"] == \"127.9.9.9\" and b[\"failures\"] == 6 and b[\"times\"] == 1
assert 200 < b[\"until\"] - time.time() <= 300 and not b[\"manual\"]"'
is 'which closes the door' "$(there 1)" closed
ok 'with a word on 587' eval '"$python" -c "
import socket
s = socket.create_connection((\"127.0.0.1\", $(sub_port starttls)), 10, (\"127.9.9.9\", 0))
print(s.recv(500).decode())" | grep -q "^421 4.7.0 .*closed to you for a while"'
ok 'not that of port 25' eval '"$python" -c "
import socket
s = socket.create_connection((\"127.0.0.1\", $(node_port smtp)), 10, (\"127.9.9.9\", 0))
print(s.recv(500).decode())" | grep -q ^220'
ok 'nor to the owner' login "$phone"
ok 'stop' node_stop
ok 'start' node_start
ok 'bans outlive that' eval 'mn ban list | grep -q "^127.9.9.9 "'
unlock
ok 'ban rm' mn ban rm 127.9.9.9
tls=$(sub_port tls)
ok 'opens it again' eval 'there 1 | grep -q ^535'
there 9 127.0.0.1 >"$node/o"
ok 'who is known outlives it, too' grep -q '^535' "$node/o"
ok 'ban add' mn ban add 127.9.0.0/16 10m
is 'by hand' "$(mn ban list | sed 's/since.*until.*:[0-9]*/UNTIL/')" \
    '127.9.0.0/16             all    UNTIL  by the owner'
is 'keeps out' "$(there 1)" closed
for a in '' 'add' 'add 1.2.3.4 5m x' 'rm' 'list x' 'add -j 1.2.3.4'; do
	[ -n "$a" ] || continue
	# shellcheck disable=SC2086
	mn ban $a >/dev/null 2>&1
	is "usage: ban $a" "$?" 2
done
ok 'no network: refused' eval '! mn ban add 1.2.3 2>"$node/o" && grep -q "not a network" "$node/o"'
ok 'no time: refused' eval '! mn ban add 1.2.3.4 soon 2>"$node/o" && grep -q "not a time" "$node/o"'
ok 'no such ban: refused' eval '! mn ban rm 1.2.3.4 2>"$node/o" && grep -q "no such ban" "$node/o"'
mn ban rm 127.9.0.0/16

# ---- 200 that never log in: the owner still comes in, and mail, too ----
"$python" - "$tls" <<'P' >"$node/flood" 2>&1 &
import socket, sys, time
held = []
for i in range(250):
    try:
        s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10,
                                     ('127.8.%d.1' % (i % 50), 0))
        held.append(s)
    except OSError:
        pass
print('held', flush=True)
time.sleep(60)
P
at_exit $!
wait_for 'grep -q ^held "$node/flood"' 30
n=$(pgrep -c -s "$(cat "$node/serve.pid")" -x mn-submission)
ok "200 that never log in: $n have a process" [ "$n" -le 100 ]
ok 'the owner comes in' login "$phone"
ok 'mail comes in' eval '"$python" -c "
import smtplib
s = smtplib.SMTP(\"127.0.0.1\", $(node_port smtp)); s.sendmail(\"a@far.test\", [\"me@node.test\"], \"Subject: x\r\n\r\nx\r\n\")"'
done_testing
