#!/bin/sh
# History of senders from the owner's own acts: answers, archiving, moves into
# Junk and out of it, from the terminal and from a phone.
. tests/lib.sh
. tests/hop.sh
. tests/tui.sh

trap 'tui_stop; cleanup' EXIT
dns_start
for d in friend shop club; do
	printf '%s.test TXT "v=spf1 ip4:127.0.0.1 -all"\n' $d
done >"$tmp/zone"
hop_start --tls starttls
node_use a
node_config resolvers "{ { \"$dns\", 0 } }" \
    listeners '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL },
    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }' \
    relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_STARTTLS,
    NULL, \"*\", \"*\", \"$hop_pin\" } }" &&
    node_build && node_init && node_start || { echo "1..0 # SKIP"; exit 0; }
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >/dev/null
printf '%s\n' "$pass" | mn device add phone --qr none --passphrase-stdin \
    >"$tmp/phone"
secret=$(sed -n 's/^password: *//p' "$tmp/phone")
port=$(node_port smtp)
imap()		# imap COMMANDS: Python with i, logged in, INBOX open
{
	"$python" -c "import imaplib, ssl, sys
c = ssl.create_default_context(); c.check_hostname = False
c.verify_mode = ssl.CERT_NONE
i = imaplib.IMAP4_SSL('127.0.0.1', $(node_port imap), ssl_context=c)
i.login('me@node.test', '$secret')
def uid(subject, box):
    i.select(box)
    return i.uid('SEARCH', 'SUBJECT', '\"%s\"' % subject)[1][0].split()[-1]
$1"
}
junk='claim your lottery prize now, cheap pills, click here'
# mail SUBJECT AUTHOR [ENVELOPE [TEXT]]
mail()
{
	swaks --server 127.0.0.1 --port "$port" --helo mx.test \
	    --from "${3:-$2}" --to me@node.test --h-From "$2" \
	    --h-Subject "$1" --h-Message-Id "<$1@mail.test>" \
	    --body "${4:-$junk}" --silent 2 >"$tmp/swaks" 2>&1
}
# The file, and its row, by which it is found.
row_of() { sqlite3 -readonly "$MAILNODE_HOME/store.db" "SELECT 1 FROM msg m
    JOIN mailbox b ON b.id = m.mbox WHERE b.name = '$1' AND subject = '$2'"; }
lies() { wait_for '[ -n "$(grep -rl "Subject: '"$2"'" "$node/Mail/'"$1"'"/cur \
    "$node/Mail/'"$1"'"/new 2>/dev/null)" ] &&
    [ -n "$(row_of '"$1 $2"' 2>/dev/null)" ]'; }
verdict() { mn why "<$1@mail.test>" >"$tmp/why"; mn why "$(sed -n '1s/^[^ ]* [^ ]* \([^ ]*\).*/\1/p' "$tmp/why")"; }
rung() { verdict "$1" | grep -o 'rung=[^ ]*' | tail -1; }
counts() { sqlite3 "$MAILNODE_HOME/node.db" "SELECT kind || ' ' || name ||
    ' ' || good || ' ' || junk FROM history WHERE name = '$1' AND kind < 5" 2>/dev/null; }

# ---- what the words say of each ----
mkdir "$tmp/g" "$tmp/j"
for i in $(seq 60); do
	printf 'From: a%s@b.test\nSubject: photos %s\nMessage-ID: <g%s@x>\n\nthe sailing photos of sunday %s, see you at the club\n' $i $i $i $i >"$tmp/g/$i"
	printf 'From: c%s@d.test\nSubject: prize %s\nMessage-ID: <j%s@x>\n\nclaim your lottery prize %s now, cheap pills, money back, click here\n' $i $i $i $i >"$tmp/j/$i"
done
mn train -q spam "$tmp/j" && mn train -q ham "$tmp/g"
late=0
until [ $late -ge 80 ] || mn why who@nobody.test 2>/dev/null | grep -q bayes=; do
	late=$((late + 1))
	mail "early-$late" who@nobody.test || break
done
ok 'its words are junk' lies Junk "early-$late"

# ---- an answer ----
mail hello ada@friend.test ada@friend.test 'see you at the club on sunday'
ok 'a letter from a friend' lies INBOX hello
is 'nobody yet' "$(rung hello | cut -d'(' -f1)" rung=bayes
printf 'To: Ada@Friend.test\nSubject: Re: hello\nIn-Reply-To: <hello@mail.test>\n\nyes\n' |
    mn send -t
ok 'is answered' hop_has 1
ok 'she is known' wait_for '[ "$(counts ada@friend.test | sort | tr "\n" ,)" = "0 ada@friend.test 1 0,4 ada@friend.test 2 0," ]'
mail prize-1 ada@friend.test
ok 'what she writes arrives' lies INBOX prize-1
is 'because of that' "$(rung prize-1)" 'rung=correspondent(ada@friend.test)'
mail prize-2 ada@friend.test x@nobody.test
ok 'forged, it is junk' lies Junk prize-2
is 'by its words' "$(rung prize-2 | cut -d'(' -f1)" rung=bayes

# ---- a phone says junk ----
mail offer-1 sales@shop.test sales@shop.test 'the sailing photos of sunday, see you at the club'
ok 'an offer' lies INBOX offer-1
ok 'the phone moves it' imap "i.uid('MOVE', uid('offer-1', 'INBOX'), 'Junk')"
ok 'that counts' wait_for '[ "$(counts sales@shop.test)" = "0 sales@shop.test 0 1" ]'
mail offer-2 sales@shop.test sales@shop.test 'the sailing photos of sunday, see you at the club'
ok 'the next is junk' lies Junk offer-2
is 'because of that' "$(rung offer-2)" 'rung=sender(sales@shop.test)'
ok 'the way back' imap "i.uid('MOVE', uid('offer-1', 'Junk'), 'INBOX')"
ok 'takes it back' wait_for '[ -z "$(counts sales@shop.test)" ]'

# ---- archiving ----
mail news-1 news@club.test news@club.test 'the sailing photos of sunday, see you at the club'
ok 'news' lies INBOX news-1
ok 'archived' imap "i.uid('MOVE', uid('news-1', 'INBOX'), 'Archive')"
ok 'that counts' wait_for '[ "$(counts news@club.test)" = "0 news@club.test 1 0" ]'
is 'for the domain and who vouched' "$(counts club.test | tr '\n' ,)" \
    '1 club.test 1 0,2 club.test 1 0,'
mail news-2 news@club.test
ok 'then words do not matter' lies INBOX news-2
is 'because of that' "$(rung news-2)" 'rung=sender(news@club.test)'
mail news-3 news@club.test x@nobody.test
ok 'unless it is forged' lies Junk news-3
ok 'undone' imap "i.uid('MOVE', uid('news-1', 'Archive'), 'INBOX')"
ok 'it is taken back' wait_for '[ -z "$(counts news@club.test)" ]'
ok 'to Trash' imap "i.uid('MOVE', uid('news-1', 'INBOX'), 'Trash')"
ok 'and from there to the archive' imap \
    "i.uid('MOVE', uid('news-1', 'Trash'), 'Archive')"
ok 'another, to be sure' imap "i.uid('MOVE', uid('news-2', 'INBOX'), 'Archive')"
ok 'is one' wait_for '[ "$(counts news@club.test)" = "0 news@club.test 1 0" ]'

# ---- what the phone sent by another server, and keeps here ----
ok 'a copy in Sent' imap "i.append('Sent', '', None, b'From: me@node.test\\r\\n'
    b'To: Eve Other <Eve@other.test>\\r\\nSubject: x\\r\\n\\r\\nx\\r\\n')"
ok 'makes a correspondent' wait_for '[ "$(counts eve@other.test)" = "4 eve@other.test 1 0" ]'
ok 'not of what others wrote' imap "i.append('Sent', '', None,
    b'From: you@far.test\\r\\nTo: eva@other.test\\r\\n\\r\\nx\\r\\n')"
is 'that says nothing' "$(counts eva@other.test)" ''

# ---- the terminal ----
mail offer-9 deals@shop.test deals@shop.test 'the sailing photos of sunday, see you at the club'
ok 'an offer' lies INBOX offer-9
tui_start
ok 'in the client' sees 'offer-9'
keys S
ok 'S calls it junk' wait_for '[ "$(counts deals@shop.test)" = "0 deals@shop.test 0 1" ]'
keys u
ok 'u takes that back' wait_for '[ -z "$(counts deals@shop.test)" ]'
tui_stop

# ---- what is not the owner's act ----
ok 'an alias with a copy in the archive' mn alias add -f INBOX -d Archive copies
swaks --server 127.0.0.1 --port "$port" --helo mx.test --from list@club.test \
    --to copies@node.test --h-From list@club.test --h-Subject copy-1 \
    --body 'the sailing photos of sunday, see you at the club' --silent 2
ok 'comes' lies INBOX copy-1
ok 'and is copied' lies Archive copy-1
ok 'a move that counts' imap "i.uid('MOVE', uid('hello', 'INBOX'), 'Junk')"
ok 'did' wait_for '[ "$(counts ada@friend.test | head -1)" = "0 ada@friend.test 0 1" ]'
is 'the copy did not' "$(counts list@club.test)" ''
ok 'no crash' sh -c "! grep -q crash '$node/log'"
node_stop
done_testing
