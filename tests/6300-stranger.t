#!/bin/sh
# Who is not known: lists in the DNS, the greylist, and what happens to both
# and to everybody while the DNS resolves nothing.
. "$(dirname "$0")/lib.sh"

zone()
{
	cat <<END
friend.test TXT "v=spf1 ip4:127.0.7.0/24 -all"
big.test TXT "v=spf1 ip4:127.0.8.0/24 ip4:127.0.9.0/24 -all"
2.0.0.127.bl.test A 127.0.0.2
9.6.0.127.bl.test A 127.0.0.4
9.7.0.127.bl.test A 127.0.0.4
8.6.0.127.bl.test A 127.255.255.254
test.dbl.test A 127.0.1.2
junk.test.dbl.test A 127.0.1.2
*.dead.test A 127.0.0.2
END
}

zone >"$tmp/zone"
: >"$tmp/asked"
"$python" tests/tools/dnsd.py "$tmp/zone" "$tmp/dns.port" "$tmp/asked" &
at_exit $!
wait_for '[ -s "$tmp/dns.port" ]' || exit 1
node_use n
node_config resolvers "{ { \"127.0.0.1:$(cat "$tmp/dns.port")\", 0 } }" \
    greylist_s 2 dnsbls '{
	{ "bl.test", CONF_BY_ADDRESS, "127.0.0.2-11", CONF_LIST_REFUSE },
	{ "dbl.test", CONF_BY_DOMAIN, NULL, CONF_LIST_JUNK },
	{ "dead.test", CONF_BY_ADDRESS, NULL, CONF_LIST_REFUSE } }'
node_build && node_init || exit 1

# The owner wrote to ada, once.
node_start && node_stop || exit 1
"$python" - "$MAILNODE_HOME/node.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("INSERT INTO history VALUES(4, 'ada@friend.test', 1, 0, 1)")
db.commit()
END
node_start || exit 1
port=$(node_port smtp)

# from ADDRESS SENDER [SUBJECT]: what the node answered to the message
from()
{
	swaks --server 127.0.0.1 --port "$port" --local-interface "$1" \
	    --helo client.test --from "$2" --to me@node.test \
	    --header "From: <$2>" --header "Message-Id: <${3:-x}.$1@c.test>" \
	    --header "Subject: ${3:-x}" --body 'hello' 2>&1 |
	    awk '/^<-  354/ { d = 1; next }
	    d && /^<(-|\*\*)/ { sub(/^<[-*]+ +/, ""); print; exit }'
}
code() { from "$@" | cut -d' ' -f1,2; }

# ---- the greylist
said=$(from 127.0.5.1 a@x.test)
is 'who is not known comes again' "$(echo "$said" | cut -c1-9)" '451 4.7.1'
ok 'why knows of it by who sent it' wait_for 'mn why a@x.test | grep -q "451 4.7.1"'
swaks --server 127.0.0.1 --port "$port" --local-interface 127.0.5.1 \
    --helo client.test --from bounce@y.test --to me@node.test \
    --header 'From: Shop <Shop@y.test>' >/dev/null 2>&1
ok 'and by its author' wait_for 'mn why shop@y.test | grep -q "451 4.7.1"'
ok 'and hears when' eval 'echo "$said" | grep -q "come again in [12] s"'
is 'other local parts of the domain are the same sender' \
    "$(sleep 2; code 127.0.5.2 b@x.test)" '250 2.0.0'
is 'never twice, for nobody of that network' "$(code 127.0.5.1 c@y.test)" \
    '250 2.0.0'
is 'a domain with SPF waits' "$(code 127.0.8.1 a@big.test)" '451 4.7.1'
sleep 2
is 'and may come again from elsewhere' "$(code 127.0.9.1 a@big.test)" \
    '250 2.0.0'
is 'a correspondent is not asked to' "$(code 127.0.7.1 ada@friend.test)" \
    '250 2.0.0'
is 'who only says so is' "$(code 127.0.4.1 ada@friend.test)" '451 4.7.1'
node_stop && node_start && port=$(node_port smtp)
is 'it is remembered over a start' "$(code 127.0.5.1 d@z.test)" '250 2.0.0'

# ---- lists
said=$(from 127.0.6.9 a@x.test)
is 'a listed address is refused' "$(echo "$said" | cut -c1-9)" '550 5.7.1'
trace=$(echo "$said" | sed 's/.*\[\(.*\)\].*/\1/')
ok 'by the list, as why tells' wait_for 'mn why "$trace" |
    grep -q "rung=dnsbl(bl.test).* dnsbl=bl.test(127.0.6.9:127.0.0.4)"'
ok 'and that one list is out of order' eval 'mn why "$trace" |
    grep -q "dnsbl=dead.test(lists everything)"'
ok 'which status says, too' eval \
    'mn status | grep -q "DNS list dead.test: lists everything"'
is 'an error code lists nobody' "$(code 127.0.6.8 a@x.test)" '451 4.7.1'
is 'a correspondent is asked about nowhere' \
    "$(code 127.0.7.9 ada@friend.test two)" '250 2.0.0'
is 'mail of a listed domain' "$(code 127.0.5.1 a@junk.test junk)" '250 2.0.0'
ok 'goes to Junk' wait_for 'mn search -n 5 folder:Junk | grep -q junk.test'
ok 'links are looked up as well' eval 'swaks --server 127.0.0.1 --silent 3 \
    --port "$port" --local-interface 127.0.5.1 --from l@x.test \
    --to me@node.test --header "Subject: linked" \
    --body "see http://junk.test/x"; wait_for \
    "mn search -n 5 folder:Junk | grep -q linked"'
# What a session heard stays with it: the resolver is not asked again, nor
# ahead, by a sender or by <>, as the second of two shows.
cat >"$tmp/pair.py" <<'END'
import os, signal, smtplib, sys, time
port, pid = int(sys.argv[1]), int(sys.argv[2])
s = smtplib.SMTP('127.0.0.1', port, local_hostname='client.test',
                 source_address=('127.0.6.9', 0))
for sender in ('a@pair.test', '', 'a@pair.test', ''):
    began = time.monotonic()
    try:
        s.sendmail(sender, ['me@node.test'],
                   'From: a@pair.test\r\n\r\nx\r\n')
    except smtplib.SMTPDataError as e:
        print(e.smtp_code, time.monotonic() - began < 3)
    if sender == '' and pid:
        os.kill(pid, signal.SIGSTOP)
        pid = 0
END
pid=$(pgrep -s "$(cat "$node/serve.pid")" -x mn-resolver)
is 'what a session heard is not asked again' "$("$python" "$tmp/pair.py" \
    "$port" "$pid"; kill -CONT "$pid")" '550 True
550 True
550 True
550 True'
: >"$tmp/asked"
swaks --silent 3 --server 127.0.0.1 --port "$port" --local-interface \
    127.0.5.1 --from early@new.test --to nobody@node.test >/dev/null 2>&1
is 'who tries addresses costs no question' "$(grep -c . "$tmp/asked")" 0

# ---- nothing is resolved
{ zone; echo '* ! servfail'; } >"$tmp/zone.new"
mv "$tmp/zone.new" "$tmp/zone"
n=0
until mn status | grep -q 'DNS resolver' || [ $n -ge 30 ]; do
	n=$((n + 1)); from 127.0.5.1 "a@dead$n.test" >/dev/null
done
ok 'the breaker opens within a few messages' [ $n -lt 30 ]
is 'who is not known is deferred' "$(code 127.0.5.1 a@later.test)" \
    '451 4.4.3'
is 'also one who passed the greylist' "$(code 127.0.9.1 a@big.test)" \
    '451 4.4.3'
is 'a correspondent comes in from where they were before' \
    "$(code 127.0.7.3 ada@friend.test three)" '250 2.0.0'
is 'but not from elsewhere' "$(code 127.0.4.1 ada@friend.test four)" \
    '451 4.4.3'
is 'nor who was never here' "$(code 127.0.3.1 a@dark.test)" '451 4.4.3'
ok 'why tells' wait_for 'mn why ada@friend.test |
    grep -q "rung=resolver(the DNS is unavailable)"'
: >"$tmp/asked"
from 127.0.4.1 a@later.test >/dev/null
is 'and no list is asked meanwhile' "$(grep -c 'bl.test' "$tmp/asked")" 0
zone >"$tmp/zone.new"; mv "$tmp/zone.new" "$tmp/zone"
ok 'it closes by itself' wait_for '! mn status | grep -q "DNS resolver"' 40
is 'who was deferred comes in' "$(code 127.0.5.1 a@later.test)" '250 2.0.0'
is 'also who was not known: that was the wait' \
    "$(sleep 2; code 127.0.3.1 a@dark.test)" '250 2.0.0'
node_stop
done_testing
