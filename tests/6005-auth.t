#!/bin/sh
# SPF, DMARC, ARC and iprev of a session, beside python3-spf and python3-dkim.
. "$(dirname "$0")/lib.sh"

peer() { "$python" tests/tools/dkim_peer.py "$@"; }

: >"$tmp/zone"
"$python" tests/tools/dnsd.py "$tmp/zone" "$tmp/dns.port" &
at_exit $!
wait_for '[ -s "$tmp/dns.port" ]'
dns=127.0.0.1:$(cat "$tmp/dns.port")

openssl genrsa -traditional -out "$tmp/key" 1024 2>/dev/null
p="TXT \"v=DKIM1; p=$(openssl rsa -in "$tmp/key" -pubout 2>/dev/null |
    sed '/---/d' | tr -d '\n')\""
cat >"$tmp/zone" <<END
s1._domainkey.node.test $p
s1._domainkey.a.node.test $p
s1._domainkey.b.node.test $p
s1._domainkey.c.node.test $p
s1._domainkey.down.node.test ! servfail
s1._domainkey.list.test $p
1.0.0.127.in-addr.arpa PTR mx.good.test.
mx.good.test A 127.0.0.1
_dmarc.node.test TXT "v=DMARC1; p=reject"
_dmarc.good.test TXT "v=DMARC1; p=reject"
good.test TXT "v=spf1 ip4:127.0.0.1 -all"
list.test TXT "v=spf1 ip4:127.0.0.1 -all"
other.test TXT "v=spf1 -all"
_dmarc.quar.test TXT "v=DMARC1; p=quarantine"
_dmarc.watch.test TXT "v=DMARC1; p=none"
_dmarc.down.test ! servfail
END

# ---- ARC ----
mkdir "$tmp/arc"
ok 'chains' peer arc "$tmp/key" "$tmp/arc"
node_use n
node_config resolvers "{ { \"$dns\", 0 } }" \
    forwarders '{ "list.test", "192.0.2.0/24" }' \
    arc_trusted '{ "c.node.test", "b.node.test" }'
ok 'builds' node_build
arc() { mn verify "$1" | tr -d '\n' | sed -n 's/.*[^dm]arc=\([a-z]*\).*/\1/p'; }
for f in "$tmp"/arc/*; do
	name=${f##*/}
	case $name in
	# RFC 8617 section 5.1.1: instances order them, not their places.
	one | three | list | turned) want=pass ;;
	unsealed) want= ;;
	down) want=temperror ;;
	*) want=fail ;;
	esac
	is "arc: $name" "$(arc "$f")" "$want"
	# It takes a chain that was declared broken, and one with gaps, too.
	case $name in
	one | three | list | body | subject | aar | oldest)
		is "python3-dkim: $name" "$(peer arc-verify "$tmp/zone" \
		    "$f")" "$name $want" ;;
	esac
done
ok 'a trusted seal excuses' sh -c '"$0" verify "$1" | tr -d "\n\t" |
    grep -q "but it passed at c.node.test"' "$mailnode" "$tmp/arc/three"
ok 'one that is not, does not' fails sh -c '"$0" verify "$1" |
    tr -d "\n\t" | grep -q "passed at"' "$mailnode" "$tmp/arc/one"
printf 'ten.test TXT "v=spf1 %s redirect=eleven.test"\neleven.test TXT "v=spf1 -all"\nh.test A 192.0.2.9\n' \
    "$(for i in 1 2 3 4 5 6 7 8 9; do printf 'a:h.test '; done)" >>"$tmp/zone"
mn verify -j -i 127.0.0.1 -h h.test -f x@ten.test "$tmp/arc/one" >"$tmp/steps"
is 'the tenth lookup is told' "$(grep -o '"step":"spf-[a-z]*".*"lookups":10' \
    "$tmp/steps" | head -1)" \
    '"step":"spf-redirect","domain":"ten.test","to":"eleven.test","lookups":10'
ok 'the record that was read' grep -q \
    '"step":"spf-record","domain":"eleven.test","record":"v=spf1 -all"' \
    "$tmp/steps"
printf 'From : a@node.test\r\n\r\nx\r\n' >"$tmp/obsolete"
ok 'From with a blank is no line of an mbox' sh -c \
    '"$0" verify "$1" | grep -q "dmarc=fail"' "$mailnode" "$tmp/obsolete"
# Thousands of macros that would each ask for the client's name.
p=$(printf '%%{p}%.0s' $(seq 60))
printf '%s\n' "flood.test TXT \"v=spf1\" $(for i in 1 2 3 4 5 6 7 8 9; do
    printf '" a:" "%s" "%s" ".f.test" ' "$p" "$p"; done) \" ?all\"" \
    '*.f.test A 192.0.2.1' '*.test.f.test A 192.0.2.1' >>"$tmp/zone"
mn verify -i 127.0.0.1 -h mx.good.test -f x@flood.test "$tmp/arc/unsealed" \
    >"$tmp/flood"
ok 'they use up no question of DMARC' grep -q 'dmarc=fail' "$tmp/flood"
ok 'the octets that were hashed' grep -q \
    '"step":"body","canonicalization":"relaxed",.*"bytes":"This is one line.\\u000d\\u000a"' \
    "$tmp/steps"
ok 'every step is told' sh -c '"$0" verify -j "$1" |
    grep "\"step\":\"arc-seal\"" | grep -q "c.node.test.*arc-seal:i=1"' \
    "$mailnode" "$tmp/arc/three"

# ---- a session ----
ok 'init' node_init
ok 'serves' node_start
port=$(node_port smtp)
# letter FROM MAILFROM [FILE]: the answer to it; $answer
letter()
{
	n=$((n + 1))
	answer=$("$python" - "$port" "$1" "$2" "$n" "${3-}" <<'END'
import smtplib, sys
port, author, sender, n, path = sys.argv[1:]
text = (open(path, 'rb').read() if path else
        ('From: %s\r\nTo: me@node.test\r\nSubject: n%s\r\n\r\nHi.\r\n' %
         (author, n)).encode())
text = ('X-Test: n%s\r\n' % n).encode() + text
s = smtplib.SMTP('127.0.0.1', int(port), local_hostname='mx.good.test')
try:
    s.sendmail(sender, ['me@node.test'], text)
    print('250')
except smtplib.SMTPDataError as e:
    print(e.smtp_code, e.smtp_error.decode())
END
	)
}
# The header of that letter in FOLDER, unfolded; $ours
found()
{
	wait_for 'got=$(grep -rl "^X-Test: n'$n'.$" "$node/Mail/'"$1"'/cur" \
	    "$node/Mail/'"$1"'/new" 2>/dev/null) && [ -n "$got" ]' || return 1
	ours=$(sed '/^X-Test/q' "$got" | tr -d '\r' |
	    perl -0pe 's/\n[ \t]+/ /g' | grep '^Authentication-Results:')
}
has() { ok "$1" sh -c 'case $0 in *"$1"*) ;; *) exit 1; esac' "$ours" "$2"; }
n=0

letter 'a@good.test' 'a@good.test'
is 'aligned SPF' "$answer" 250
ok 'it arrives' found INBOX
has 'spf' 'spf=pass reason="ip4:127.0.0.1" smtp.mailfrom=a@good.test'
has 'dmarc' 'dmarc=pass header.from=good.test policy.dmarc=reject'
has 'iprev' 'iprev=pass policy.iprev=127.0.0.1'
has 'helo' 'spf=none reason="no record" smtp.helo=mx.good.test'
is 'one of ours' "$(grep -c '^Authentication-Results' "$got")" 1
ok 'why tells' sh -c '"$0" why a@good.test |
    grep -q "verdict=dkim=none spf=pass(good.test) dmarc=pass(good.test) iprev=pass(mx.good.test)"' \
    "$mailnode"

letter 'Good <a@good.test>' 'b@other.test'
case $answer in '550 5.7.26 '*) answer='550 5.7.26' ;; esac
is 'p=reject' "$answer" '550 5.7.26'
ok 'why tells' wait_for 'mn why me@node.test | grep -q \
    "refuse .*550 5.7.26 .*policy of good.test is reject"'
letter 'x@none.test, a@good.test' 'b@other.test'
is 'p=reject, second author' "${answer%% *}" 550
letter 'a@good.test>' 'b@other.test'
is 'p=reject, of what only looks like an address' "${answer%% *}" 550
letter 'a@good.test' ''
is 'p=reject, null sender of an aligned HELO' "${answer%% *}" 550

letter 'a@quar.test' 'b@other.test'
is 'p=quarantine' "$answer" 250
ok 'it is junk' found Junk
has 'dmarc' 'dmarc=fail reason="nothing aligned has passed" header.from=quar.test policy.dmarc=quarantine'
letter 'a@watch.test' 'b@other.test'
ok 'p=none: arrives' found INBOX
letter 'a@down.test' 'b@down.test'
is 'DNS in trouble: taken' "$answer" 250
ok 'it arrives' found INBOX
has 'temperror' 'dmarc=temperror'

# A sender whose servers keep us waiting does not hide the author's policy.
echo 'slow.test ! timeout' >>"$tmp/zone"
letter 'a@good.test' 'b@slow.test'
is 'a slow sender is refused all the same' "${answer%% *}" 550

# A key that cannot be had might have made it pass: not refused.
printf 'DKIM-Signature: v=1; a=rsa-sha256; d=down.node.test; s=s1; h=from;\r\n bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=AAAA\r\nFrom: a@node.test\r\n\r\n' >"$tmp/nokey"
letter 'a@node.test' 'b@other.test' "$tmp/nokey"
is 'a key that cannot be had' "$answer" 250
ok 'it arrives' found INBOX
has 'key: temperror' 'dmarc=temperror'

letter 'a@good.test' 'bounces@list.test'
is 'through a list we know' "$answer" 250
ok 'it arrives' found INBOX
has 'it is marked' 'policy of good.test is reject, but it came through list.test'
letter 'a@node.test' 'b@other.test' "$tmp/arc/three"
is 'sealed by whom we believe' "$answer" 250
ok 'it arrives' found INBOX
has 'it is marked' 'but it passed at c.node.test'
letter 'a@node.test' 'b@other.test' "$tmp/arc/one"
is 'sealed by anybody' "${answer%% *}" 550

printf 'From: a@good.test\r\nFrom: b@none.test\r\n\r\nx\r\n' >"$tmp/two"
letter '' 'a@good.test' "$tmp/two"
ok 'two From: junk' found Junk
has 'two From: permerror' 'dmarc=permerror'

{
	printf 'a:\r\n%.0s' $(seq 2048)
	printf 'From: a@good.test\r\n\r\nx\r\n'
} >"$tmp/far"
letter '' 'c@other.test' "$tmp/far"
ok 'an author behind 2,048 fields: junk' found Junk
has 'an author behind 2,048 fields: permerror' 'dmarc=permerror'

letter 'a@x.down.test, b@good.test' 'c@other.test'
is 'a second author in DNS trouble' "${answer%% *}" 550
letter 'a@x.down.test, b@none.test' 'c@other.test'
ok 'two authors, one not known: junk' found Junk

# What a forwarder brings is judged by who wrote it.
known() { sqlite3 -cmd '.timeout 9000' "$MAILNODE_HOME/node.db" \
    "INSERT INTO history VALUES(2, '$1', 50, 0, 1)"; }
known list.test
letter 'a@none.test' 'bounces@list.test'
is 'through the list' "$answer" 250
ok 'history does not speak for it' sh -c '! "$0" why bounces@list.test |
    grep -q "rung=signer"' "$mailnode"
known mx.test
echo 'mx.test TXT "v=spf1 ip4:127.0.0.1 -all"' >>"$tmp/zone"
letter 'a@none.test' 'bounces@mx.test'
ok 'for others it does' sh -c '"$0" why bounces@mx.test |
    grep -q "rung=signer(mx.test)"' "$mailnode"

# ---- probes ----
is 'probe spf' "$(mn probe spf -r "$dns" -i 127.0.0.1 -f a@good.test)" \
    'pass good.test (ip4:127.0.0.1)'
is 'probe dmarc' "$(mn probe dmarc -r "$dns" -f 'A <a@m.good.test>' \
    -d good.test -s other.test)" \
    'pass m.good.test policy=reject record=good.test organization=good.test dkim=good.test'
is 'probe dmarc -j' "$(mn probe dmarc -j -r "$dns" -f a@good.test -d x.test |
    cut -d, -f1)" '{"result":"fail"'
ok 'probe dmarc of junk' mn probe dmarc -r "$dns" -f "$(printf '\377<@"')"
mn probe dmarc -r "$dns" -d x.test >/dev/null 2>&1
is 'probe dmarc without an author' $? 2
ok 'stops' node_stop
done_testing
