#!/bin/sh
# The resolver: records, classes, trust, TCP, two servers, the breaker.
. "$(dirname "$0")/lib.sh"

# serve NAME: a name server of zone $tmp/NAME.zone; its port in $port, what
# it was asked in $tmp/NAME.log.
serve()
{
	: >"$tmp/$1.log"
	"$python" tests/tools/dnsd.py "$tmp/$1.zone" "$tmp/$1.port" \
	    "$tmp/$1.log" &
	at_exit $!
	wait_for '[ -s "$tmp/'"$1"'.port" ]' || return 1
	port=$(cat "$tmp/$1.port")
}

zone()
{
	cat <<END
a.test A 192.0.2.1
a.test AAAA 2001:db8::1
a.test MX 10 MX.a.test.
alias.test CNAME a.test.
txt.test TXT "v=DKIM1; " "k=rsa"
_25._tcp.a.test TLSA 3 1 1 00ff
1.2.0.192.in-addr.arpa PTR host.a.test.
ad.test A 192.0.2.9
ad.test ! ad
servfail.test ! servfail
refused.test ! refused
large.test TXT "$(printf '%0250d' 1)" "$(printf '%0250d' 2)" "$(printf '%0250d' 3)"
huge.test TXT "x"
huge.test ! big
cut.test A 192.0.2.7
cut.test ! truncate
formerr.test A 192.0.2.8
formerr.test ! formerr
short.test A 192.0.2.6
short.test TTL 1
END
}

zone >"$tmp/one.zone"
serve one; one=$port
zone >"$tmp/two.zone"
serve two; two=$port

node_use n
node_config resolvers "{ { \"127.0.0.1:$one\", 0 },
	{ \"127.0.0.1:$two\", CONF_TRUST_AD } }"
node_build || exit 1

ask() { printf '%s\n' "$@" | mn probe dns; }
asked() { grep -c "$2" "$tmp/$1.log"; }

is 'A' "$(ask 'A a.test')" \
    'A a.test ok ttl=300 ad=false open=false | 192.0.2.1'
is 'AAAA' "$(ask 'AAAA a.test')" \
    'AAAA a.test ok ttl=300 ad=false open=false | 2001:db8::1'
is 'MX' "$(ask 'MX a.test')" \
    'MX a.test ok ttl=300 ad=false open=false | 10 mx.a.test'
is 'by an alias' "$(ask 'A alias.test')" \
    'A alias.test ok ttl=300 ad=false open=false | 192.0.2.1'
is 'strings of a TXT are joined' "$(ask 'TXT txt.test')" \
    'TXT txt.test ok ttl=300 ad=false open=false | v=DKIM1; k=rsa'
is 'TLSA' "$(ask 'TLSA _25._tcp.a.test')" \
    'TLSA _25._tcp.a.test ok ttl=300 ad=false open=false | 3 1 1 00ff'
is 'PTR' "$(ask 'PTR 1.2.0.192.in-addr.arpa')" \
    'PTR 1.2.0.192.in-addr.arpa ok ttl=300 ad=false open=false | host.a.test'
is 'no such name' "$(ask 'A none.test')" \
    'A none.test nxdomain ttl=60 ad=false open=false'
is 'no such type' "$(ask 'TXT a.test')" \
    'TXT a.test nodata ttl=60 ad=false open=false'
is 'no name at all' "$(ask 'A a..test')" \
    'A a..test nxdomain ttl=0 ad=false open=false'
is 'SERVFAIL of all' "$(ask 'A servfail.test')" \
    'A servfail.test tempfail ttl=0 ad=false open=false (SERVFAIL)'
is 'and all were asked' "$(asked one servfail) $(asked two servfail)" '1 1'
is 'REFUSED' "$(ask 'A refused.test')" \
    'A refused.test tempfail ttl=0 ad=false open=false (REFUSED)'

is 'AD of a server we do not trust' "$(ask 'A ad.test')" \
    'A ad.test ok ttl=300 ad=false open=false | 192.0.2.9'
is 'AD of one we do' \
    "$(echo 'A ad.test' | mn probe dns -r "127.0.0.1:$one")" \
    'A ad.test ok ttl=300 ad=true open=false | 192.0.2.9'

is '750 octets come by UDP' "$(ask 'TXT large.test' | wc -c)" 799
is 'without TCP' "$(asked one 'tcp large')" 0
is '30 KiB come by TCP, each record' \
    "$(ask 'TXT huge.test' | tr -cd '|' | wc -c)" 301
is 'truncated: TCP' "$(ask 'A cut.test')" \
    'A cut.test ok ttl=300 ad=false open=false | 192.0.2.7'
is 'a server that knows no EDNS' "$(ask 'A formerr.test')" \
    'A formerr.test ok ttl=300 ad=false open=false | 192.0.2.8'

: >"$tmp/one.log"
is 'asked twice, answered twice' \
    "$(ask 'A a.test' 'A A.TEST.' | grep -c ' ok ')" 2
is 'from the cache' "$(asked one 'udp a.test')" 1

# A process that lives through the servers' bad times.
mkfifo "$tmp/ask"
mn probe dns "$tmp/ask" >"$tmp/said" 2>"$tmp/err" &
at_exit $!
exec 7>"$tmp/ask"
say() { echo "$1" >&7; }
said() { grep -q "^$1" "$tmp/said"; }

echo '* ! timeout' >>"$tmp/one.zone"
say 'A a.test'
ok 'the first server is silent: the second answers' \
    wait_for 'said "A a.test ok"'
n=0
until [ $n -ge 9 ] || grep -q down "$tmp/err"; do
	n=$((n + 1)); say "A n$n.test"
	wait_for "said 'A n$n.test'" || break
done
say 'A alias.test'
wait_for 'said "A alias.test"'
: >"$tmp/one.log"
say 'AAAA a.test'
ok 'then it is left alone' wait_for 'said "AAAA a.test ok"'
is 'entirely' "$(asked one 'udp a.test')" 0

zone >"$tmp/one.zone"
ok 'a probe finds it back' wait_for 'grep -q "udp \. NS" "$tmp/one.log"' 20
n=0
until [ "$(asked one 'udp back')" != 0 ] || [ $n -ge 50 ]; do
	n=$((n + 1)); say "A back$n.test"
	wait_for "said 'A back$n.test'" || break
done
ok 'and it is the first again' [ "$(asked one 'udp back')" != 0 ]

echo '* ! timeout' >>"$tmp/one.zone"
echo '* ! timeout' >>"$tmp/two.zone"
say 'A gone1.test'
ok 'all silent: a failure' wait_for 'said "A gone1.test tempfail"' 30
n=1
until grep -q 'open=true' "$tmp/said" || [ $n -ge 9 ]; do
	n=$((n + 1)); say "A gone$n.test"
	wait_for "said 'A gone$n.test'" 30 || break
done
ok 'then the breaker opens' grep -q 'open=true' "$tmp/said"
: >"$tmp/one.log"
say 'A at-once.test'
ok 'and answers by itself' wait_for \
    'said "A at-once.test tempfail ttl=0 ad=false open=true"' 2
is 'asking nobody' "$(asked one 'at-once')" 0
say 'MX a.test'
wait_for 'said "MX a.test"'

zone >"$tmp/one.zone"
zone >"$tmp/two.zone"
n=0
until said 'A again[0-9]*.test nxdomain ttl=60 ad=false open=false'; do
	n=$((n + 1)); say "A again$n.test"
	wait_for "said 'A again$n.test'" && [ $n -lt 1000 ] || break
	sleep 0.1
done
ok 'it closes by itself' \
    said 'A again[0-9]*.test nxdomain ttl=60 ad=false open=false'
exec 7>&-

is 'probe: a line that is no question' "$(ask 'A')" 'TYPE NAME wanted'
mn probe dns -x </dev/null >/dev/null 2>&1
is 'probe: usage' $? 2
done_testing
