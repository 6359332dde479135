#!/bin/sh
# Messages and names made to hurt whoever authenticates them: each is
# answered, soon, in little memory, and never with a pass.
. "$(dirname "$0")/lib.sh"

: >"$tmp/zone"
"$python" tests/tools/dnsd.py "$tmp/zone" "$tmp/dns.port" "$tmp/dns.log" &
at_exit $!
wait_for '[ -s "$tmp/dns.port" ]'
dns=127.0.0.1:$(cat "$tmp/dns.port")
node_use n
node_config resolvers "{ { \"$dns\", 0 } }"
ok 'builds' node_build

"$python" - "$tmp" <<'END'
import base64, os, sys
tmp = sys.argv[1]
def put(name, text):
    with open(os.path.join(tmp, name), 'wb') as f:
        f.write(text if isinstance(text, bytes) else text.encode())
head = ('From: a@evil.test\r\nTo: me@node.test\r\nSubject: x\r\n'
        'Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n')
bh = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
def sig(n=0, h='from:to', b='AAAA', d='evil.test', more=''):
    return ('DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; '
            's=s%d; h=%s; bh=%s; b=%s%s\r\n' % (d, n, h, bh, b, more))
put('signatures', ''.join(sig(n + 100) for n in range(1000)) + head + '\r\n')
put('lengths', ''.join(sig(n + 100, more='; l=%d' % (n * 1000))
                       for n in range(1000)) + head + '\r\n' +
    'word  of text \r\n' * 300000)
put('names', sig(h='from:' + ':'.join('x%d' % n for n in range(10000))) +
    head + '\r\n')
put('same-names', sig(h='from' + ':to' * 10000) + 'To: x\r\n' * 2000 + head +
    '\r\n')
put('base64', sig(b='A=A*%$' * 100) + head + '\r\n')
put('base64-long', sig(b='A' * 60000) + head + '\r\n')
put('big-key', sig(7) + head + '\r\n')
put('big-txt', sig(8) + head + '\r\n')
put('loop', sig(9) + head + '\r\n')
put('liars', sig(10) + sig(11) + head + '\r\n')
put('many', sig(12) + head + '\r\n')
put('long-name', sig(d='.'.join(['a' * 60] * 4)) + head + '\r\n')
put('from', 'From: ' + ',\r\n '.join('U%d <u%d@d%d.test>' % (n, n, n)
    for n in range(5000)) + '\r\n' + head[19:] + '\r\n')
put('froms', 'From: a@b.test\r\n' * 2000 + '\r\n')
put('parens', 'From: ' + '(' * 200000 + '\r\n\r\n')
put('quotes', 'From: ' + '"\\' * 100000 + '\r\n\r\n')
word = b'x'
for _ in range(30):
    word = b'=?utf-8?b?' + base64.b64encode(word) + b'?='
    if len(word) > 200000:
        break
put('words', b'From: ' + word + b' <a@evil.test>\r\n\r\n')
put('arc', ''.join('ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=evil.test; s=s; '
    'b=AAAA\r\nARC-Message-Signature: i=%d; a=rsa-sha256; d=evil.test; s=s; '
    'h=from; bh=%s; b=AAAA\r\nARC-Authentication-Results: i=%d; x; none\r\n' %
    (n, n, bh, n) for n in range(50, 0, -1)) + head + '\r\n')
put('arc-many', 'ARC-Seal: i=1; b=AAAA\r\n' * 2000 + head + '\r\n')
put('results', ('Authentication-Results: mail.node.test; ' + 'x=y;' * 2000 +
    '\r\n') * 20 + head + '\r\n')
put('nothing', '')
put('noise', os.urandom(100000))
put('zeros', b'\0' * 100000)
put('header-only', head)
os.system('openssl genrsa 512 2>/dev/null | openssl rsa -pubout '
          '-outform DER -out %s/k512 2>/dev/null' % tmp)
# A modulus of 16,384 bits: odd, and nobody's.
def der(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else b'\x82' + n.to_bytes(2, 'big')
    return bytes([tag]) + size + body
rsa = der(0x30, der(2, b'\0\xff' + os.urandom(2046) + b'\x01') +
          der(2, b'\x01\0\x01'))
big = base64.b64encode(rsa).decode()
def txt(text):
    return ' '.join('"%s"' % text[i:i + 250]
                    for i in range(0, len(text), 250))
zone = ['s7._domainkey.evil.test TXT ' + txt('v=DKIM1; p=' + big),
    's8._domainkey.evil.test TXT ' + txt('v=DKIM1; n=' + 'x' * 60000 + '; p=A'),
    's9._domainkey.evil.test CNAME l1.evil.test.',
    'l1.evil.test CNAME l2.evil.test.', 'l2.evil.test CNAME l1.evil.test.',
    's10._domainkey.evil.test ! other', 's11._domainkey.evil.test ! garbage',
    's12._domainkey.evil.test TXT "v=DKIM1; p=AAAA"',
    's12._domainkey.evil.test ! big',
    'loop.test TXT "v=spf1 include:loop.test -all"',
    'a.loop.test TXT "v=spf1 include:b.loop.test -all"',
    'b.loop.test TXT "v=spf1 redirect=a.loop.test"',
    'flood.test TXT "v=spf1 ' + ' '.join('a:n%d.flood.test' % n
                                          for n in range(9)) + ' -all"',
    'big.test TXT ' + txt('v=spf1 ' + 'ip4:192.0.2.1 ' * 4000 + '-all'),
    'mx.test TXT "v=spf1 mx -all"'] + ['mx.test MX %d m%d.mx.test.' % (n, n)
                                       for n in range(100)] + [
    'exp.test TXT "v=spf1 -all exp=e.exp.test"',
    'e.exp.test TXT ' + txt('%{s}' * 6000)]
put('zone.new', '\n'.join(zone) + '\n')
END
mv "$tmp/zone.new" "$tmp/zone"

# Each within 5 seconds (30 with a sanitizer) and 64 MiB of heap; but a
# server that does not answer is given its time.
seconds=5
[ -z "${SAN-}" ] || seconds=30
got=
check()		# NAME: $got is the whole field, unfolded
{
	(
		[ -n "${SAN-}" ] || ulimit -d 65536
		[ "$1" != liars ] || seconds=$((seconds + 10))
		timeout $seconds "$mailnode" verify -r "$dns" -t 1700000000 \
		    -i 127.0.0.1 -h h.test -f a@evil.test "$tmp/$1"
	) >"$tmp/result" 2>"$tmp/err" || return 1
	got=$(tr -d '\r' <"$tmp/result" | perl -0pe 's/\n[ \t]+/ /g')
}
for m in signatures lengths names same-names base64 base64-long big-key \
    big-txt loop liars many long-name from froms parens quotes words \
    arc arc-many results nothing noise zeros header-only; do
	want=
	ok "$m: answered" check "$m"
	ok "$m: one field, no pass" sh -c 'test "$(printf "%s\n" "$0" |
	    wc -l)" = 1 && ! printf "%s" "$0" | grep -q "=pass"' "$got"
	case $m in
	signatures) is 'sixteen are looked at' "$(printf '%s' "$got" |
	    grep -o 'dkim=permerror' | wc -l) $(printf '%s' "$got" |
	    grep -o 'dkim=policy' | wc -l)" '16 8' ;;
	names) want='too many names in h=' ;;
	same-names) want='too many names in h=' ;;
	base64) want='b= is no signature' ;;
	base64-long) want='b= is no signature' ;;
	big-key) want='key is too long' ;;
	big-txt) want='p= is no base64' ;;
	loop) want='dkim=temperror' ;;
	liars) is 'both are not believed' "$(printf '%s' "$got" |
	    grep -o 'dkim=temperror' | wc -l)" 2 ;;
	long-name) want='name of the key too long' ;;
	from) want='too many author domains' ;;
	froms) want='dmarc=permerror' ;;
	arc-many) want='arc=fail' ;;
	*) want= ;;
	esac
	[ -z "$want" ] || ok "$m: says so" sh -c 'case $0 in *"$1"*) ;;
	    *) exit 1; esac' "$got" "$want"
done

spf() { timeout $seconds "$mailnode" probe spf -r "$dns" -i 127.0.0.1 \
    -f "a@$1"; }
is 'include loop' "$(spf loop.test)" 'permerror loop.test (too many lookups)'
is 'include and redirect loop' "$(spf a.loop.test)" \
    'permerror a.loop.test (too many lookups)'
: >"$tmp/dns.log"
is 'a flood of NXDOMAIN' "$(spf flood.test)" \
    'permerror flood.test (too many void lookups)'
is 'is three questions' "$(grep -c 'n[0-9]*.flood.test' "$tmp/dns.log")" 3
is 'a record of 64 KiB' "$(spf big.test)" \
    'permerror big.test (too many mechanisms)'
: >"$tmp/dns.log"
is 'a hundred exchanges' "$(spf mx.test)" \
    'permerror mx.test (too many MX records)'
is 'are ten questions' "$(grep -c 'm[0-9]*.mx.test' "$tmp/dns.log")" 10
is 'an explanation that grows' "$(spf exp.test | cut -c1-20)" \
    'fail exp.test (-all)'
is 'a name of many labels' "$(timeout $seconds "$mailnode" probe dmarc \
    -r "$dns" -f "a@$(printf 'a.%.0s' $(seq 120))test" | cut -c1-4)" none
for what in address bounce mime; do
	for m in nothing noise zeros parens words from; do
		ok "probe $what: $m" timeout $seconds "$mailnode" probe \
		    $what "$tmp/$m"
	done
done
done_testing
