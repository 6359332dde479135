#!/bin/sh
# Rejects: what was refused or put off is kept for a while, and can be let
# in; it is no mailbox, fills no disk and goes when it is taken.
. "$(dirname "$0")/lib.sh"

cat >"$tmp/zone" <<'END'
2.0.0.127.bl.test A 127.0.0.2
9.6.0.127.bl.test A 127.0.0.4
8.6.0.127.bl.test A 127.0.0.4
strict.test TXT "v=spf1 ip4:127.0.7.1 -all"
_dmarc.strict.test TXT "v=DMARC1; p=reject"
END
dns_start || exit 1
node_use n
node_config resolvers "{ { \"$dns\", 0 } }" greylist_s 2 dnsbls '{
	{ "bl.test", CONF_BY_ADDRESS, NULL, CONF_LIST_REFUSE } }' listeners '{
	{ "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
	{ "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }'
node_build && node_init && node_start || exit 1
port=$(node_port smtp)

# from ADDRESS SENDER ID [SUBJECT [BODY]]: the code
from()
{
	swaks --server 127.0.0.1 --port "$port" --local-interface "$1" \
	    --helo client.test --from "$2" --to me@node.test \
	    --header "From: Who <$2>" --header "Message-Id: <$3@c.test>" \
	    --header "Subject: ${4:-x}" --body "${5:-hello}" 2>&1 |
	    awk '/^<-  354/ { d = 1; next }
	    d && /^<(-|\*\*)/ { sub(/^<[-*]+ +/, ""); print $1; exit }'
}
files() { find "$node/Mail/Rejects" -type f | wc -l; }
rows() { mn rejects -j | wc -l; }
row() { mn rejects -j | grep "\"message\":\"<$1@c" | sed 's/.*"id":\([0-9]*\).*/\1/'; }

is 'a listed sender is refused' "$(from 127.0.6.9 a@x.test one 'Code =?utf-8?q?4711?=')" 550
ok 'and a copy is kept' wait_for '[ "$(files)" = 1 ]'
ok 'which the list shows' wait_for 'mn rejects |
    grep -q "refused  1×  Who <a@x.test>: Code 4711"'
is 'and opens' "$(mn rejects show "$(row one)" | grep -c '^hello\|^Received:')" 2
ok 'with its reason' eval 'mn rejects -j | grep -q "rung=dnsbl(bl.test)"'
is 'tried again it is one copy still' "$(from 127.0.6.9 a@x.test one) $(rows)" \
    '550 1'
ok 'that knows so' wait_for 'mn rejects | grep -q "2×"'
is 'DMARC refuses' "$(from 127.0.8.1 b@strict.test two)" 550
is 'the greylist puts off' "$(from 127.0.5.1 c@y.test three)" 451
ok 'all are kept' wait_for '[ "$(rows) $(files)" = "3 3" ]'
sleep 2
is 'the retry is taken' "$(from 127.0.5.1 c@y.test three)" 250
ok 'and its copy is gone' wait_for '[ "$(rows) $(files)" = "2 2" ]'

# ---- let in
ok 'one is let in' mn rejects allow "$(row one)"
is 'not from another network' "$(from 127.0.8.9 a@x.test four)" 451
is 'from there' "$(from 127.0.6.8 a@x.test five)" 250
ok 'why tells' wait_for 'mn why a@x.test | grep -q "rung=let-in"'
is 'but once' "$(from 127.0.6.8 a@x.test six)" 550
ok 'DMARC bows, too' mn rejects allow "$(row two)"
is 'to the same message' "$(from 127.0.99.1 b@strict.test two)" 250
ok 'whose copy goes' wait_for '[ -z "$(row two)" ]'
ok 'an address is let in once' mn allow --once A@X.test
is 'from where it was refused' "$(from 127.0.6.9 a@x.test seven)" 250
is 'and no more' "$(from 127.0.6.9 a@x.test eight)" 550
mn allow --once strict.test >"$tmp/said" 2>&1
is 'a domain is no address' "$?" 1
mn rejects show 999 >"$tmp/said" 2>&1
is 'none of that number' "$? $(cat "$tmp/said")" \
    '1 mailnode: 999: no such copy in Rejects'

# ---- a large one comes by a file
head -c 300000 /dev/zero | tr '\0' 'x' | fold -w 70 >"$tmp/large"
is 'large mail is refused' "$(from 127.0.6.9 a@x.test large x "@$tmp/large")" 550
wait_for '[ -n "$(row large)" ]'
id=$(row large)
ok 'and kept whole' wait_for '[ "$(mn rejects show "$id" | wc -c)" -gt 300000 ]'

# ---- no mailbox
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >/dev/null
pw=$(printf '%s\n' "$pass" | mn device add phone --passphrase-stdin |
    sed -n 's/^password: *//p')
imap() { curl -sk -u "me@node.test:$pw" \
    "imaps://127.0.0.1:$(node_port imap)/$1" ${2:+-X "$2"} 2>&1; }
is 'a phone does not see it' "$(imap '' | grep -c 'Junk') $(imap '' |
    grep -c Rejects)" '1 0'
imap '' 'SELECT Rejects' >/dev/null
is 'nor may it select it' $? 21
imap '' 'CREATE Rejects' >/dev/null
is 'or make one' $? 21
ok 'the index knows nothing of it' eval '[ -z "$(mn search folder:Rejects)" ]'
ok 'nor does the client list it' eval '! mn export -q "$tmp/out" Rejects'
is 'nobody can import into it' "$(mn import -q -F Rejects "$tmp/large" \
    >/dev/null 2>&1; echo $?)" 2

# ---- bounded
n=0
while [ $n -lt 14 ]; do
	n=$((n + 1)); from 127.0.6.8 "f$n@flood.test" "flood$n" >/dev/null
done
ok 'a flood of one network is told of' wait_for \
    '[ "$(mn rejects -j | grep -c "<flood")" = 14 ]'
ok 'but gets few copies' eval '[ "$(mn rejects -j |
    grep -c "\"copy\":true.*<flood")" -le 10 ]'
node_stop
touch -d '15 days ago' "$node/Mail/Rejects/new/orphan"
"$python" - "$MAILNODE_HOME/events.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE reject SET at = at - 15 * 86400")
db.commit()
END
node_start
ok 'after two weeks all is gone' wait_for '[ "$(rows)" = 0 ] &&
    [ ! -e "$node/Mail/Rejects/new/orphan" ] && [ "$(files)" = 0 ]' 20
node_stop
done_testing
