#!/bin/sh
# What a receiving session writes about a message, and what it cuts.
. "$(dirname "$0")/lib.sh"

peer() { "$python" tests/tools/dkim_peer.py "$@"; }

: >"$tmp/zone"
"$python" tests/tools/dnsd.py "$tmp/zone" "$tmp/dns.port" &
at_exit $!
wait_for '[ -s "$tmp/dns.port" ]'
dns=127.0.0.1:$(cat "$tmp/dns.port")

node_use n
node_config resolvers "{ { \"$dns\", 0 } }"
ok 'builds' node_build
ok 'init' node_init
ok 'serves' node_start
port=$(node_port smtp)

openssl genrsa -traditional -out "$tmp/key" 2048 2>/dev/null
echo "s1._domainkey.node.test TXT \"v=DKIM1; k=rsa; \" $(
    openssl rsa -in "$tmp/key" -pubout 2>/dev/null | sed '/---/d' |
    tr -d '\n' | sed 's/^/p=/;s/.\{200\}/& /g' |
    tr ' ' '\n' | sed 's/.*/"&"/' | xargs -d '\n')" >"$tmp/zone"
mkdir "$tmp/m" "$tmp/s"
peer messages "$tmp/m"
peer sign "$tmp/key" "$tmp/s" "$tmp/m/blanks" "$tmp/m/long-line" \
    "$tmp/m/many-lines" "$tmp/m/dots" "$tmp/m/empty-body"

# deliver FILE: by SMTP; the delivered file is then $got.
deliver()
{
	n=$((n + 1))
	(
		printf 'X-Test: n%d\r\n' $n
		cat "$1"
	) >"$tmp/letter"
	"$python" - "$port" "$tmp/letter" <<'END' || return 1
import smtplib, sys
s = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))
s.sendmail('you@example.org', ['me@node.test'], open(sys.argv[2], 'rb').read())
s.quit()
END
	wait_for 'got=$(grep -rl "^X-Test: n'$n'.$" "$node/Mail/INBOX/cur" \
	    "$node/Mail/INBOX/new" 2>/dev/null) && [ -n "$got" ]'
}
n=0
# Its header, unfolded, up to the first field that came with the message.
ours()
{
	sed '/^X-Test/q' "$got" | tr -d '\r' |
	    perl -0pe 's/\n[ \t]+/ /g' | grep '^Authentication-Results:'
}

for m in blanks.relaxed-relaxed blanks.simple-simple many-lines.relaxed-simple \
    dots.simple-relaxed dots.relaxed-relaxed empty-body.simple-simple; do
	ok "$m: delivered" deliver "$tmp/s/$m"
	is "$m: passes" "$(ours | grep -c 'mail.node.test; dkim=pass header.d=node.test')" 1
done
sed 's/word  *of/sword of/' "$tmp/s/blanks.relaxed-relaxed" |
    sed 's/  a/  A/' >"$tmp/changed"
ok 'changed: delivered' deliver "$tmp/changed"
is 'changed: fails' "$(ours | grep -c 'dkim=fail reason="body hash')" 1
ok 'unsigned: delivered' deliver "$tmp/m/one-line"
is 'unsigned: none' "$(ours | grep -c 'mail.node.test; dkim=none')" 1

# Forged ones of ours go, in every spelling; foreign ones stay.
(
	printf 'Authentication-Results: mail.node.test; dkim=pass header.d=f1\r\n'
	printf 'AUTHENTICATION-results : (c)\r\n "mail.node.test" 1; dkim=f2\r\n'
	printf 'Authentication-Results: x.mail.node.test; dkim=f3\r\n'
	printf 'Authentication-Results: mx.example.org; dkim=pass header.d=k1\r\n'
	cat "$tmp/m/one-line"
) >"$tmp/forged"
ok 'forged: delivered' deliver "$tmp/forged"
is 'forged: one of ours' "$(grep -ci '^Authentication-Results *:' "$got")" 2
ok 'forged: cut' fails grep -q 'header.d=f1\|dkim=f2\|dkim=f3' "$got"
ok 'foreign: stays' grep -q 'header.d=k1' "$got"

echo '* ! servfail' >>"$tmp/zone"
sed 's/s=s1/s=s2/' "$tmp/s/blanks.relaxed-relaxed" >"$tmp/other"
ok 'DNS fails: accepted' deliver "$tmp/other"
is 'DNS fails: temperror' "$(ours | grep -c 'dkim=temperror')" 1
ok 'stops' node_stop
done_testing
