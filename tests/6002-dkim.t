#!/bin/sh
# sign and verify beside python3-dkim and OpenDKIM, on messages with edges.
. "$(dirname "$0")/lib.sh"

peer() { "$python" tests/tools/dkim_peer.py "$@"; }
results() { sed -n 's/^[^:]*dkim=\([a-z]*\).*/\1/p' | xargs; }

: >"$tmp/zone"
"$python" tests/tools/dnsd.py "$tmp/zone" "$tmp/dns.port" &
at_exit $!
wait_for '[ -s "$tmp/dns.port" ]'
dns=127.0.0.1:$(cat "$tmp/dns.port")

node_use n
node_config resolvers "{ { \"$dns\", 0 } }" sign_ed25519 1
ok 'builds' node_build
ok 'init' node_init
sed -n 's/^\([^ ;]*_domainkey[^ ]*\)[ 	]*IN TXT[ 	]*( \(.*\) )$/\1 TXT \2/p' \
    "$node/init.out" >"$tmp/zone"
is 'two keys to publish' "$(grep -c . "$tmp/zone")" 2

mkdir "$tmp/m" "$tmp/signed"
peer messages "$tmp/m"
mn sign "$tmp/m/one-line" >/dev/null 2>"$node/err"
is 'sign without a daemon fails' $? 1
ok 'and says so' grep -q 'vault: the daemon does not run' "$node/err"
ok 'serves' node_start
mn sign "$tmp/m/one-line" >/dev/null 2>"$node/err"
is 'sign with a locked vault fails' $? 1
ok 'and says so' grep -q '^mailnode: vault: ' "$node/err"
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >"$node/out"

for f in "$tmp"/m/*; do
	m=${f##*/}
	ok "$m: signed" sh -c '"$0" sign "$1" >"$2"' "$mailnode" "$f" \
	    "$tmp/signed/$m"
	is "$m: ours" "$(mn verify "$tmp/signed/$m" | results)" 'pass pass'
	sed 's/\r$//' "$f" >"$tmp/lf"
	mn sign "$tmp/lf" >"$tmp/lf.signed"
	is "$m: with LF" "$(mn verify <"$tmp/lf.signed" | results)" \
	    'pass pass'
done
ok 'LF stays LF' fails grep -q "$(printf '\r')" "$tmp/lf.signed"
is 'python3-dkim verifies all' "$(peer verify "$tmp/zone" "$tmp"/signed/*)" \
    "$(cd "$tmp/m" && ls | sed 's/$/ pass pass/')"

(
	cat "$tmp/signed/one-line"
	printf 'More.\r\n'
) >"$tmp/more"
is 'more body: fails' "$(mn verify "$tmp/more" | results)" 'fail fail'
is 'so says python3-dkim' "$(peer verify "$tmp/zone" "$tmp/more" 2>/dev/null)" \
    'more fail fail'

printf 'To: x\r\n\r\nx\r\n' >"$tmp/nofrom"
mn sign "$tmp/nofrom" >/dev/null 2>"$node/err"
is 'no From: not signed' "$? $(cat "$node/err")" \
    '1 mailnode: sign: the message needs exactly one From'
ok 'stops' node_stop

# What the others sign.
openssl genrsa -traditional -out "$tmp/key" 2048 2>/dev/null
echo "s1._domainkey.node.test TXT \"v=DKIM1; k=rsa; \" $(
    openssl rsa -in "$tmp/key" -pubout 2>/dev/null | sed '/---/d' |
    tr -d '\n' | sed 's/^/p=/;s/.\{200\}/& /g' |
    tr ' ' '\n' | sed 's/.*/"&"/' | xargs -d '\n')" >>"$tmp/zone"
mkdir "$tmp/theirs"
ok 'python3-dkim signs all' peer sign "$tmp/key" "$tmp/theirs" "$tmp"/m/*
for f in "$tmp"/theirs/*; do
	is "verifies ${f##*/}" "$(mn verify "$f" | results)" pass
done
sed 's/\r$//' "$tmp/m/one-line" | opendkim-testmsg -d node.test -s s1 \
    -k "$tmp/key" >"$tmp/sha1"
ok 'rsa-sha1 as OpenDKIM signs' grep -q 'a=rsa-sha1' "$tmp/sha1"
is 'is refused (RFC 8301)' "$(mn verify "$tmp/sha1" | results)" permerror
cp "$tmp/theirs/one-line.relaxed-l" "$tmp/l"
printf 'More.\r\n' >>"$tmp/l"
ok 'l= and more: named' sh -c \
    '"$0" verify "$1" | grep -q "l= leaves part of the body unsigned"' \
    "$mailnode" "$tmp/l"
ok 'l= and more: partial' sh -c \
    '"$0" verify -j "$1" | grep -q "\"partial\":true"' "$mailnode" "$tmp/l"

# OpenDKIM asks the system's resolver: in a network of its own, ours.  It
# takes no message without Date, or with two To.
ours()
{
	unshare -mn sh -eu -s "$tmp" <<'END'
	tmp=$1
	ip link set lo up
	echo nameserver 127.0.0.1 >"$tmp/resolv.conf"
	mount --bind "$tmp/resolv.conf" "$(readlink -f /etc/resolv.conf)"
	PORT=53 /usr/bin/python3 tests/tools/dnsd.py "$tmp/zone" "$tmp/port53" &
	trap 'kill $!' EXIT
	n=0
	until [ -s "$tmp/port53" ] || [ $n -gt 200 ]; do
		n=$((n + 1)); sleep 0.05
	done
	for f in "$tmp"/signed/*; do
		sed 's/\r$//' "$f" | opendkim-testmsg >/dev/null 2>&1 &&
		    echo "${f##*/}"
	done
	opendkim-testmsg <"$tmp/more" >/dev/null 2>&1 && echo more
	:
END
}
if [ "$(id -u)" = 0 ] && unshare -mn true 2>/dev/null &&
    command -v ip >/dev/null; then
	is 'OpenDKIM verifies what we sign' "$(ours | xargs)" \
	    "$(cd "$tmp/m" && ls | grep -v '^two-\|^odd-\|^empty-f' | xargs)"
fi

# verify's own answers.
is 'unsigned' "$(mn verify "$tmp/m/one-line" | xargs)" \
    'Authentication-Results: mail.node.test; dkim=none; dmarc=none reason=no policy header.from=node.test'
is 'from stdin' "$(mn verify -j <"$tmp/m/one-line" | head -1)" \
    '{"method":"dkim","result":"none","reason":""}'
is 'mbox From_ line' "$( (echo 'From me Thu Jan  1 00:00:00 1970'
    cat "$tmp/signed/one-line") | mn verify | results)" 'pass pass'
echo '* ! servfail' >>"$tmp/zone"
is 'DNS fails' "$(mn verify "$tmp/signed/one-line" | results)" \
    'temperror temperror'
mn verify "$tmp/none" >/dev/null 2>"$node/err"
is 'no such file' "$? $(cat "$node/err")" \
    "1 mailnode: $tmp/none: No such file or directory"
for args in -x '-t x' '-t -1' 'a b'; do
	# shellcheck disable=SC2086
	mn verify $args >/dev/null 2>&1 </dev/null
	is "usage: verify $args" $? 2
done
is 'verify -h' "$(mn verify -h | cut -c1-22)" 'usage: mailnode verify'

printf '%s\n' me@example.org 'a b@c' '"q\"x"@[192.0.2.1]' '' \
    >"$tmp/addresses"
is 'probe address' "$(mn probe address "$tmp/addresses" | cut -d' ' -f1 |
    xargs)" 'valid invalid valid invalid'
ok 'probe address -j' sh -c '"$0" probe address -j "$1" |
    sed -n 1p | grep -q "\"domain\":\"example.org\""' "$mailnode" \
    "$tmp/addresses"

# As the relay does by default: RSA alone.
node_config resolvers "{ { \"$dns\", 0 } }" && node_build && node_start
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >"$node/out"
is 'by default RSA alone signs' \
    "$(mn sign "$tmp/m/one-line" | grep -o 'a=[a-z0-9-]*' | xargs)" 'a=rsa-sha256'
done_testing
