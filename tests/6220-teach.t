#!/bin/sh
# What the owner moves into Junk and out of it is learnt, from a phone too.
. tests/lib.sh

node_use a
node_config listeners '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL },
    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }' &&
    node_build && node_init && node_start || { echo "1..0 # SKIP"; exit 0; }
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >/dev/null
printf '%s\n' "$pass" | mn device add phone --qr none --passphrase-stdin \
    >"$tmp/phone"
user=me@node.test
secret=$(sed -n 's/^password: *//p' "$tmp/phone")
imap()		# imap COMMANDS: Python with i, logged in, INBOX open
{
	"$python" -c "import imaplib, ssl, sys
c = ssl.create_default_context(); c.check_hostname = False
c.verify_mode = ssl.CERT_NONE
i = imaplib.IMAP4_SSL('127.0.0.1', $(node_port imap), ssl_context=c)
i.login('$user', '$secret')
i.select('INBOX')
$1"
}
known() { mn score -j "$tmp/any" | sed 's/.*"good":\([0-9]*\),"bad":\([0-9]*\).*/\1 \2/'; }
echo 'Subject: any' >"$tmp/any"
mkdir "$tmp/in"
for n in 1 2 3 4; do
	printf 'From: a@b.test\nSubject: letter %s\nMessage-ID: <%s@x>\n\nbody %s\n' \
	    $n $n $n >"$tmp/in/$n.eml"
done
mn import -q -F INBOX "$tmp/in" >/dev/null
is 'nothing is known' "$(known)" '0 0'
ok 'a move into Junk' imap "i.uid('MOVE', '1', 'Junk')"
ok 'is learnt as junk' wait_for '[ "$(known)" = "0 1" ]'
ok 'a copy into Junk, as of a phone without MOVE' imap "i.uid('COPY', '2', 'Junk')"
ok 'is learnt as well' wait_for '[ "$(known)" = "0 2" ]'
ok 'the way back' imap "i.select('Junk'); i.uid('MOVE', '1', 'INBOX')"
ok 'takes it back' wait_for '[ "$(known)" = "0 1" ]'
later() { sqlite3 -cmd '.timeout 9000' "$MAILNODE_HOME/node.db" \
    'UPDATE judged SET at = at - 3600000000' || diag 'node.db is busy'; }
# What the filter put there, or the owner long ago.
later
ok 'out of Junk much later' imap "i.select('Junk'); i.uid('MOVE', '2', 'INBOX')"
ok 'is another word' wait_for '[ "$(known)" = "1 0" ]'
ok 'from Junk to Trash' imap "i.uid('MOVE', '3', 'Junk'); i.select('Junk');
i.uid('MOVE', '3', 'Trash')"
ok 'is junk still' wait_for '[ "$(known)" = "1 1" ]'
ok 'from Trash to Junk' imap "i.uid('MOVE', '4', 'Trash'); i.select('Trash');
i.uid('MOVE', '2', 'Junk')"
ok 'another, to be sure' imap "i.uid('MOVE', '5', 'Junk')"
ok 'says nothing' wait_for '[ "$(known)" = "1 2" ]'

# ---- keywords, as Apple's and Thunderbird's programs set them
for n in 5 6 7 8; do
	printf 'From: a@b.test\nSubject: letter %s\nMessage-ID: <%s@x>\n\nbody %s\n' \
	    $n $n $n >"$tmp/$n.eml"
	mn import -q -F INBOX "$tmp/$n.eml" >/dev/null
done
mark()		# mark COMMANDS: flag and move, by the number of a letter
{
	imap "
def uid(box, n):
    i.select(box)
    return i.uid('SEARCH', 'HEADER', 'Message-ID', '<%s@x>' % n)[1][0].decode()
def flag(n, what, words, box='INBOX'):
    r = i.uid('STORE', uid(box, n), what, words)
    assert r[0] == 'OK', r
def move(n, a, b):
    r = i.uid('MOVE', uid(a, n), b)
    assert r[0] == 'OK', r
$1"
}
ok 'marked as junk' mark "flag(5, '+FLAGS', '(\$Junk)')"
ok 'is junk' wait_for '[ "$(known)" = "1 3" ]'
ok 'unmarked' mark "flag(5, '-FLAGS', '(\$Junk)')"
ok 'is nothing again' wait_for '[ "$(known)" = "1 2" ]'
ok 'marked, and moved' mark "flag(6, '+FLAGS', '(Junk)')
flag(6, '-FLAGS', '(NonJunk)'); move(6, 'INBOX', 'Junk')"
ok 'is junk once' wait_for '[ "$(known)" = "1 3" ]'
ok 'taken back by mark and move' mark "flag(6, '+FLAGS', '(NonJunk)', 'Junk')
flag(6, '-FLAGS', '(Junk)', 'Junk'); move(6, 'Junk', 'INBOX')"
ok 'is nothing again' wait_for '[ "$(known)" = "1 2" ]'
ok 'what was not junk is marked as good, another as junk' mark \
    "flag(7, '+FLAGS', '(NonJunk \$NotJunk)'); flag(8, 'FLAGS', '(\$junk)')"
ok 'and says nothing' wait_for '[ "$(known)" = "1 3" ]'
later
ok 'marked as good much later' mark "flag(8, 'FLAGS', '(\$NotJunk)')"
ok 'is good' wait_for '[ "$(known)" = "2 2" ]'
ok 'in Trash' mark "move(7, 'INBOX', 'Trash'); flag(7, '+FLAGS', '(Junk)', 'Trash')
flag(5, '+FLAGS', '(Junk)')"
ok 'it says nothing' wait_for '[ "$(known)" = "2 3" ]'
ok 'no crash' sh -c "! grep -q crash '$node/log'"
node_stop
done_testing
